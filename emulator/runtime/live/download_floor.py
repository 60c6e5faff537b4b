"""How long a block of an image takes at least: on the air by the arithmetic of `mem:aps`, and on a stick's serial line.

The serial line is counted as far as it holds a block up: the request must have come in whole before it can be answered,
and the answer must be in the stick before it can be sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emulator.core.clock import MILLISECOND, SECOND
from emulator.transports.memory import aps_timing
from emulator.transports.memory.airtime import UNIT_BACKOFF

RECEIVED_OCTETS: Final = 28
"""ASH and EZSP around a message that came: incomingMessageHandler of EZSP 13."""
SENT_OCTETS: Final = 25
"""ASH and EZSP around a message to be sent: sendUnicast of EZSP 13."""
BITS_ON_THE_LINE: Final = 10
"""Of an octet: start, eight, stop."""
_MEAN_BACKOFF: Final = (aps_timing.BACKOFF_SLOTS - 1) * UNIT_BACKOFF // 2


@dataclass(frozen=True, slots=True)
class BlockExchange:
    """A request and its answer, as they are sent over one hop.

    Attributes:
        received, sent: octets of the ASDU that comes from the other end, and of ours.
        acknowledge: both are acknowledged at the APS layer.
        link_key: both are under an APS link key.
        baud: bits/s of the stick's serial line; None for one without, as over TCP.
        period: µs from one request to the next that a client keeps at least.
    """

    received: int
    sent: int
    acknowledge: bool
    link_key: bool
    baud: int | None = None
    period: int = 0

    @property
    def air(self) -> int:
        """µs on the air, with the mean of every random backoff."""
        key = aps_timing.LINK_KEY_OCTETS if self.link_key else 0
        frames = [aps_timing.DATA + key + octets for octets in (self.received, self.sent)]
        if self.acknowledge:
            frames += [aps_timing.DATA + key] * 2
        return sum(aps_timing.exchange(psdu) + _MEAN_BACKOFF for psdu in frames)

    @property
    def serial(self) -> int:
        """µs on the serial line."""
        if self.baud is None:
            return 0
        octets = RECEIVED_OCTETS + self.received + SENT_OCTETS + self.sent
        return octets * BITS_ON_THE_LINE * SECOND // self.baud

    @property
    def floor(self) -> int:
        """µs that one block takes at least."""
        return max(self.air + self.serial, self.period)

    def fields(self, blocks: int) -> dict[str, object]:
        """What so many blocks come to, seconds, for an event."""
        return {
            "blocks": blocks,
            "air_s": _seconds(self.air * blocks),
            "serial_s": _seconds(self.serial * blocks),
            "pacing_s": _seconds((self.floor - self.air - self.serial) * blocks),
            "floor_s": _seconds(self.floor * blocks),
        }


def _seconds(span: int) -> float:
    return round(span / MILLISECOND) / 1_000
