"""The lower seam: a radio chip that sends and receives IEEE 802.15.4 frames on one channel.

The chip does what such chips do by themselves: CSMA/CA, waiting for the acknowledgement, acknowledging what is
addressed to it, filtering by address.  Frame retries belong to the MAC above (`zigbee/node`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from emulator.core.eui64 import Eui64

ENERGY_SPAN = 4_000
"""µs back that a radio can say how loud it was: less than the longest frame lasts, so that none is missed."""


class TxResult(Enum):
    """What became of one transmission attempt."""

    ACKED = "acked"
    """Acknowledged, or sent and no acknowledgement asked for."""
    NO_ACK = "no-ack"
    CHANNEL_ACCESS_FAILURE = "channel-access-failure"


@dataclass(frozen=True, slots=True)
class RxFrame:
    """A frame as received.

    Attributes:
        psdu: MAC header to FCS inclusive; at most 127 octets.
        rssi: dBm.
        lqi: 0 to 255.
    """

    psdu: bytes
    rssi: int
    lqi: int


class PhyUser(Protocol):
    """The MAC, as the radio sees it."""

    def received(self, frame: RxFrame, now: int) -> None:
        """A frame with a good FCS that passed the address filter."""

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        """The frame given to `submit` is done; `pending` is the frame-pending bit of its acknowledgement."""


class Phy(Protocol):
    """A radio."""

    def attach(self, user: PhyUser) -> None:
        """Whom to tell."""

    def submit(self, psdu: bytes, now: int) -> None:
        """Send one frame (FCS included) by CSMA/CA; one at a time.

        Raises:
            LocalProtocolError: the frame before it is not done yet, or it is over 127 octets.
        """

    def abort(self) -> None:
        """Power down: forget the frame that waits to be sent; its `transmitted` will not come."""

    def tune(self, channel: int, now: int) -> None:
        """Go to channel 11 to 26."""

    def listen(self, on: bool, now: int) -> None:
        """Receiver on when idle, or off (a sleeping device)."""

    def address(self, pan_id: int, short: int, eui64: Eui64) -> None:
        """What to accept and acknowledge: broadcast always, else these (0xFFFF where there is none yet)."""

    def energy(self, since: int, now: int) -> int:
        """The strongest signal of others on the channel since a moment at most `ENERGY_SPAN` ago, dBm.

        Where there is none it is the noise floor.
        """

    def hold_for(self, addresses: frozenset[int]) -> None:
        """Addresses (short, or EUI-64) whose data requests are acknowledged with the frame-pending bit set."""
