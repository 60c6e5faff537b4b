"""What an unpaced one-hop download takes on the air, from the constants of IEEE 802.15.4 and the sizes of the frames.

The arithmetic is written out on its own so that it can disagree with the model, and agrees with a table that was
computed independently: each frame waits the mean of its first random backoff and a clear-channel assessment, is
acknowledged by the MAC, and keeps the long inter-frame spacing; nothing overlaps, and nothing collides.
"""

from __future__ import annotations

from dataclasses import dataclass

_OCTET = 32
"""µs at 250 kbit/s."""
_SYMBOL = 16
_PHY_HEADER = 6
_BACKOFF = 3.5 * 20 * _SYMBOL
"""0 to 7 unit backoff periods (macMinBE 3), on average."""
_ASSESSMENT = 8 * _SYMBOL
_TURNAROUND = 12 * _SYMBOL
_ACKNOWLEDGEMENT = (_PHY_HEADER + 5) * _OCTET
_SPACING = 40 * _SYMBOL
_ROUND = _BACKOFF + _ASSESSMENT + _TURNAROUND + _TURNAROUND + _ACKNOWLEDGEMENT + _SPACING

_HEADERS = 11 + 8 + 18 + 8
"""MAC with FCS, NWK, NWK security, APS; an APS acknowledgement is as long."""
_LINK_KEY = 9
_REQUEST = 3 + 14
"""ZCL header and Image Block Request."""
_RESPONSE = 3 + 14
"""ZCL header and Image Block Response without its data."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to fetch an image.

    Attributes:
        block: octets of data in a block.
        acks: APS acknowledgements asked for, both ways.
        link_key: OTA messages and their acknowledgements under the APS link key.
        published: seconds for 768,000 octets as that table has them; None where it has no such row.
    """

    block: int
    acks: bool = False
    link_key: bool = False
    published: int | None = None

    @property
    def name(self) -> str:
        """In words."""
        extras = [word for word, on in (("link key", self.link_key), ("APS acks", self.acks)) if on]
        return f"{self.block} octets{''.join(f' + {extra}' for extra in extras)}"

    def block_time(self) -> float:
        """µs from one request to the next."""
        headers = _HEADERS + (_LINK_KEY if self.link_key else 0)
        time = _frame(headers + _REQUEST) + _frame(headers + _RESPONSE + self.block)
        return time + (2 * _frame(headers) if self.acks else 0)

    def seconds(self, image: int) -> float:
        """What an image of so many octets takes."""
        return -(-image // self.block) * self.block_time() / 1e6


def _frame(psdu: int) -> float:
    return _ROUND + (_PHY_HEADER + psdu) * _OCTET


ROWS = (
    Row(64, published=140),
    Row(64, acks=True, published=242),
    Row(50, published=172),
    Row(50, acks=True, published=303),
    # The table gives 40 octets only with both IEEE addresses in the NWK header, which the model does not send.
    Row(40),
    Row(40, acks=True),
    Row(56, acks=True, link_key=True, published=289),
    Row(50, acks=True, link_key=True),
)
