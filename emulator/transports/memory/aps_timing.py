"""What messages cost on the air of `mem:aps`: the sizes of the frames that would carry them, and their durations (µs).

Sizes and formula follow from the standards' constants: MAC 11 octets, NWK 8 and 18 of security, APS 8
and 9 under a link key, PHY header 6.  The random backoff is not in the constants; it is drawn for every frame.
"""

from __future__ import annotations

from random import Random

from emulator.transports.memory.airtime import (
    ACK_FRAME,
    ACK_WAIT,
    CCA,
    MIN_BE,
    TURNAROUND,
    UNIT_BACKOFF,
    frame_airtime,
    spacing_after,
)

MAX_PSDU = 127
MAC_OCTETS = 11
NWK_OCTETS = 8
NWK_SECURITY_OCTETS = 18
APS_OCTETS = 8
LINK_KEY_OCTETS = 9

NWK_FRAME = MAC_OCTETS + NWK_OCTETS + NWK_SECURITY_OCTETS
"""PSDU of a frame under the network key, without its NWK payload."""
DATA = NWK_FRAME + APS_OCTETS
"""PSDU of an APS data frame without its ASDU; also of an APS acknowledgement."""
MAX_ASDU = MAX_PSDU - DATA
FRAGMENT_OCTETS = 2
"""Extended header of a fragment: control and block number."""
FRAGMENT_ACK_OCTETS = 3
"""Extended header of its acknowledgement: the same, and the bitfield."""

BEACON_REQUEST = 10
BEACON = 28
ASSOCIATION_REQUEST = 21
ASSOCIATION_RESPONSE = 27
DATA_REQUEST = 12
EXTENDED_DATA_REQUEST = 18
UPDATE_DEVICE = NWK_FRAME + 2 + 12
TRANSPORTED_KEY = 2 + 13 + 35 + 4
"""An APS command: header, auxiliary header with the source named, network key transport, integrity code."""
TRANSPORT_KEY = MAC_OCTETS + NWK_OCTETS + TRANSPORTED_KEY
TUNNEL = NWK_FRAME + 2 + 9 + TRANSPORTED_KEY
LEAVE = NWK_FRAME + 2
REJOIN_REQUEST = MAC_OCTETS + NWK_OCTETS + 8 + 2
"""Names the EUI-64 of the device; without protection, as its answer."""
REJOIN_RESPONSE = MAC_OCTETS + NWK_OCTETS + 4
NETWORK_KEY_UPDATE = NWK_FRAME + TRANSPORTED_KEY
SWITCH_KEY = NWK_FRAME + 2 + 2
LINK_STATUS = NWK_FRAME + 2
LINK_STATUS_ENTRY = 3

BACKOFF_SLOTS = 1 << MIN_BE
ACCESS = CCA + TURNAROUND
"""From the end of the backoff to the first bit."""

_ACKNOWLEDGEMENT = TURNAROUND + ACK_FRAME


def backoff(rng: Random) -> int:
    """The first random backoff of unslotted CSMA/CA; 1120 µs on average."""
    return int(rng.random() * BACKOFF_SLOTS) * UNIT_BACKOFF


def exchange(psdu: int) -> int:
    """A frame of `psdu` octets and its MAC acknowledgement, clear-channel assessment and spacing included."""
    return ACCESS + frame_airtime(psdu) + _ACKNOWLEDGEMENT + spacing_after(psdu)


def announcement(psdu: int) -> int:
    """The same without an acknowledgement, as for broadcasts."""
    return ACCESS + frame_airtime(psdu) + spacing_after(psdu)


def unanswered(psdu: int) -> int:
    """The same where the acknowledgement is awaited and does not come."""
    return ACCESS + frame_airtime(psdu) + ACK_WAIT


DATA_EXCHANGE = exchange(DATA)
"""An APS acknowledgement under the network key; an ASDU adds `airtime.OCTET` for each octet."""
LINK_KEY_EXCHANGE = exchange(DATA + LINK_KEY_OCTETS)
