"""A radio chip on the in-memory air: unslotted CSMA/CA, acknowledgements, the address filter.

Timing follows IEEE 802.15.4 (backoff exponents, turnaround, spacing, acknowledgement wait); after every exchange both ends
keep the inter-frame spacing, which makes an unpaced transfer take what `reference/reliability_and_limits.md` C.4 computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from emulator.core.errors import LocalProtocolError
from emulator.ports.phy import PhyUser, RxFrame, TxResult
from emulator.transports.memory.airtime import (
    ACK_WAIT,
    CCA,
    MAX_BACKOFFS,
    MAX_BE,
    MIN_BE,
    TURNAROUND,
    UNIT_BACKOFF,
    spacing_after,
)
from emulator.zigbee.frames.mac import FrameType, acknowledgement, peek

if TYPE_CHECKING:
    from emulator.core.eui64 import Eui64
    from emulator.transports.memory.medium import Medium, Transmission
    from emulator.transports.memory.topology import Link

MAX_PSDU = 127
_NO_SHORT = 0xFFFF
_BROADCAST = 0xFFFF
_DATA_REQUEST = 0x04
_WANTS_ACK = 0x20
"""The acknowledgement request, in the first octet of the frame control field."""
_ALWAYS_OFF = 1 << 62


@dataclass(slots=True)
class RadioCounters:
    """What a radio did so far.

    Attributes:
        frames: sent, acknowledgements included.
        airtime: of those, µs.
        exchanged: airtime of what it sent and of what was sent to it and acknowledged, µs.
        busy: assessments that found the channel busy.
        unacknowledged: attempts without acknowledgement.
    """

    frames: int = 0
    airtime: int = 0
    exchanged: int = 0
    busy: int = 0
    unacknowledged: int = 0


class Radio:
    """One radio on a `Medium`; a `Phy`.

    Args:
        medium: the air.
        eui64: names the radio in the topology.
        rng: the stream that backoffs are drawn from.
        channel: where it begins.
    """

    def __init__(self, medium: Medium, eui64: Eui64, rng: Random, channel: int = 11) -> None:
        self.eui64 = eui64
        self.channel = channel
        self.counters = RadioCounters()
        self.version = -1
        self.hearers: list[tuple[Radio, Link]] = []
        self.heard: dict[Radio, Link] = {}
        self.sniffed = (0, 255)
        self._medium = medium
        self._scheduler = medium.scheduler
        self._draw = rng.random
        self._user: PhyUser | None = None
        self._pan_id = _BROADCAST
        self._short = _NO_SHORT
        self._held: frozenset[int] = frozenset()
        self._listening_since = _ALWAYS_OFF
        self._psdu: bytes | None = None
        self._backoffs = 0
        self._exponent = MIN_BE
        self._free_at = 0
        medium.add(self)

    def attach(self, user: PhyUser) -> None:
        self._user = user

    def submit(self, psdu: bytes, now: int) -> None:
        if self._psdu is not None:
            raise LocalProtocolError("the radio is still sending the frame before")
        if len(psdu) > MAX_PSDU:
            raise LocalProtocolError(f"a frame of {len(psdu)} octets; {MAX_PSDU} is the most")
        self._psdu = psdu
        self._backoffs = 0
        self._exponent = MIN_BE
        self._back_off(now)

    def tune(self, channel: int, now: int) -> None:
        if channel != self.channel:
            self.channel = channel
            self._medium.changed()
            if self._listening_since < _ALWAYS_OFF:
                self._listening_since = now

    def listen(self, on: bool, now: int) -> None:
        if not on:
            self._listening_since = _ALWAYS_OFF
        elif self._listening_since == _ALWAYS_OFF:
            self._listening_since = now

    def address(self, pan_id: int, short: int, eui64: Eui64) -> None:
        if eui64 != self.eui64:
            raise LocalProtocolError("a radio keeps the EUI-64 it has on the air")
        self._pan_id = pan_id
        self._short = short

    def hold_for(self, addresses: frozenset[int]) -> None:
        self._held = addresses

    def abort(self) -> None:
        self._psdu = None

    def count(self, airtime: int) -> None:
        """Book one frame of `airtime` µs."""
        self.counters.frames += 1
        self.counters.airtime += airtime
        self.counters.exchanged += airtime

    def deaf_after(self, moment: int) -> bool:
        """Whether the receiver was off, or on another channel, at `moment` or since."""
        return self._listening_since > moment

    def _back_off(self, now: int) -> None:
        begin = max(self._free_at, now)
        delay = int(self._draw() * (1 << self._exponent)) * UNIT_BACKOFF
        self._scheduler.call_at(begin + delay + CCA, self._assess, self._psdu)

    def _assess(self, psdu: bytes) -> None:
        """The clear-channel assessment ends: send, back off again, or give up."""
        if psdu is not self._psdu:
            return
        now = self._scheduler.now
        if now - CCA < self._free_at:
            # The radio itself was busy (acknowledging, or keeping its spacing): that says nothing about the channel.
            self._back_off(now)
        elif self._medium.busy(self, now):
            self.counters.busy += 1
            self._backoffs += 1
            if self._backoffs > MAX_BACKOFFS:
                self._done(TxResult.CHANNEL_ACCESS_FAILURE, False, now)
                return
            self._exponent = min(self._exponent + 1, MAX_BE)
            self._back_off(now)
        else:
            transmission = self._medium.begin(self, psdu, now + TURNAROUND)
            self._free_at = transmission.end
            self._scheduler.call_at(transmission.end, self._ended, transmission)

    def _ended(self, transmission: Transmission) -> None:
        """The last bit of an own frame is out: hand it to whoever got it."""
        psdu, end = transmission.psdu, transmission.end
        acknowledged = False
        for receiver, link in self._medium.receivers(transmission):
            acknowledged |= receiver._hears(transmission, link)
        if psdu is not self._psdu:
            return
        if not psdu[0] & _WANTS_ACK:
            self._free_at = end + spacing_after(len(psdu))
            self._done(TxResult.ACKED, False, end)
        elif not acknowledged:
            self._free_at = end + ACK_WAIT
            self._scheduler.call_at(end + ACK_WAIT, self._unacknowledged, psdu)

    def _hears(self, transmission: Transmission, link: Link) -> bool:
        """A frame ended here: whether it got an acknowledgement."""
        psdu = transmission.psdu
        kind, sequence, wants_ack, pan, destination, extended, source, _ = peek(psdu)
        mine = destination == (self.eui64 if extended else self._short) and destination is not None
        mine = mine and (pan in (self._pan_id, _BROADCAST) or extended)
        if not mine and not self._overhears(kind, pan, destination):
            return False
        obstacle = self._medium.obstacle(transmission, self, link)
        if obstacle is not None:
            if self._listening_since < _ALWAYS_OFF:
                self._medium.lost(transmission, self, obstacle)
            return False
        acknowledged = mine and wants_ack
        if acknowledged:
            pending = kind == FrameType.COMMAND and psdu[-3] == _DATA_REQUEST and source in self._held
            self._acknowledge(transmission, sequence, pending)
        if self._user is not None:
            self._user.received(RxFrame(psdu, link.rssi, link.lqi), transmission.end)
        return acknowledged

    def _overhears(self, kind: int, pan: int | None, destination: int | None) -> bool:
        """Broadcasts, and beacons (which carry no destination)."""
        if destination is None:
            return kind == FrameType.BEACON
        return destination == _BROADCAST and (pan in (self._pan_id, _BROADCAST) or self._pan_id == _BROADCAST)

    def _acknowledge(self, transmission: Transmission, sequence: int, pending: bool) -> None:
        answer = self._medium.begin(self, acknowledgement(sequence, pending), transmission.end + TURNAROUND)
        self._free_at = answer.end + spacing_after(len(transmission.psdu))
        self.counters.exchanged += transmission.end - transmission.start
        transmission.sender.counters.exchanged += answer.end - answer.start
        self._scheduler.call_at(answer.end, transmission.sender._acknowledged, transmission, answer, pending)

    def _acknowledged(self, transmission: Transmission, answer: Transmission, pending: bool) -> None:
        """The acknowledgement of an own frame has ended."""
        if transmission.psdu is not self._psdu:
            return
        if self._medium.reaches(answer, self):
            self._free_at = answer.end + spacing_after(len(transmission.psdu))
            self._done(TxResult.ACKED, pending, answer.end)
        else:
            self._free_at = transmission.end + ACK_WAIT
            self._scheduler.call_at(transmission.end + ACK_WAIT, self._unacknowledged, transmission.psdu)

    def _unacknowledged(self, psdu: bytes) -> None:
        if psdu is self._psdu:
            self.counters.unacknowledged += 1
            self._done(TxResult.NO_ACK, False, self._scheduler.now)

    def _done(self, result: TxResult, pending: bool, now: int) -> None:
        self._psdu = None
        if self._user is not None:
            self._user.transmitted(result, pending, now)
