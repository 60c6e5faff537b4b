"""Durations of IEEE 802.15.4 in the 2.4 GHz band, O-QPSK at 250 kbit/s, all in µs."""

from __future__ import annotations

SYMBOL = 16
OCTET = 32
PHY_HEADER_OCTETS = 6
"""Preamble 4, start of frame 1, length 1."""
TURNAROUND = 12 * SYMBOL
CCA = 8 * SYMBOL
UNIT_BACKOFF = 20 * SYMBOL
ACK_PSDU_OCTETS = 5
ACK_FRAME = (PHY_HEADER_OCTETS + ACK_PSDU_OCTETS) * OCTET
ACK_WAIT = 54 * SYMBOL
"""macAckWaitDuration, from the end of the frame."""
SHORT_SPACING = 12 * SYMBOL
LONG_SPACING = 40 * SYMBOL
SHORT_FRAME_OCTETS = 18
"""aMaxSIFSFrameSize: a PSDU up to this needs only the short spacing after it."""
MIN_BE = 3
MAX_BE = 5
MAX_BACKOFFS = 4
MAX_FRAME_RETRIES = 3


def frame_airtime(psdu_octets: int) -> int:
    """From the first preamble bit to the last bit of the FCS."""
    return (PHY_HEADER_OCTETS + psdu_octets) * OCTET


def spacing_after(psdu_octets: int) -> int:
    """Inter-frame spacing that the sender keeps after a frame and its acknowledgement."""
    return SHORT_SPACING if psdu_octets <= SHORT_FRAME_OCTETS else LONG_SPACING
