"""A radio chip on the in-memory air: unslotted CSMA/CA, acknowledgements, the address filter.

Timing follows IEEE 802.15.4 (backoff exponents, turnaround, spacing, acknowledgement wait); after every exchange both
ends keep the inter-frame spacing, so an unpaced transfer takes what arithmetic says (`tools/bench airtime`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from emulator.core.errors import DecodeError, LocalProtocolError
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
from emulator.zigbee.frames.mac import FrameType, Peek, acknowledgement, fcs_is_good, peek

if TYPE_CHECKING:
    from emulator.core.eui64 import Eui64
    from emulator.transports.memory.medium import Medium, Transmission
    from emulator.transports.memory.topology import Link

MAX_PSDU = 127
_BROADCAST = 0xFFFF
_FIRST_NO_SHORT = 0xFFFE
_NO_FILTER = -1
_DATA_REQUEST = 0x04
_WANTS_ACK = 0x20
"""The acknowledgement request, in the first octet of the frame control field."""
_ALWAYS_OFF = 1 << 62

_BEACON, _COMMAND = FrameType.BEACON, FrameType.COMMAND
_ACKED = TxResult.ACKED


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
        eui64: names the radio in the topology; also its address, until `address` gives it another.
        rng: the stream that backoffs are drawn from.
        channel: where it begins.

    Attributes:
        draw_loss: a number from 0 to 1 for a frame that may be lost here.
        version, hearers, partners, heard, sniffed: the medium's notes on the neighbourhood.
    """

    def __init__(self, medium: Medium, eui64: Eui64, rng: Random, channel: int = 11) -> None:
        self.eui64 = eui64
        self.channel = channel
        self.counters = RadioCounters()
        self.version = -1
        self.hearers: list[tuple[Radio, Link]] = []
        self.partners: list[tuple[Radio, Link]] = []
        self.heard: dict[Radio, Link] = {}
        self.sniffed = (0, 255)
        self._medium = medium
        self._scheduler = medium.scheduler
        self._draw = rng.random
        self._user: PhyUser | None = None
        self._pan_id = _BROADCAST
        self._short = _NO_FILTER
        self._extended = eui64
        self._held: frozenset[int] = frozenset()
        self._listening_since = _ALWAYS_OFF
        self._psdu: bytes | None = None
        self._attempt = 0
        self._backoffs = 0
        self._exponent = MIN_BE
        self._free_at = 0
        self.draw_loss = medium.add(self)

    def attach(self, user: PhyUser) -> None:
        self._user = user

    def submit(self, psdu: bytes, now: int) -> None:
        if self._psdu is not None:
            raise LocalProtocolError("the radio is still sending the frame before")
        if len(psdu) > MAX_PSDU:
            raise LocalProtocolError(f"a frame of {len(psdu)} octets; {MAX_PSDU} is the most")
        self._psdu = psdu
        self._attempt += 1
        self._backoffs = 0
        self._exponent = MIN_BE
        partners = self._medium.partners(self)
        if not partners or not self._hand_over(partners, psdu, now):
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
        self._pan_id = pan_id
        self._short = short if short < _FIRST_NO_SHORT else _NO_FILTER
        self._extended = eui64

    def hold_for(self, addresses: frozenset[int]) -> None:
        self._held = addresses

    def energy(self, since: int, now: int) -> int:
        return self._medium.energy(self, since, now)

    def sniff(self, take: Callable[[RxFrame, int], None], now: int) -> None:
        """Hand over every frame on the channel with a good FCS, acknowledgements too, and be no address meanwhile."""
        self.address(_BROADCAST, _BROADCAST, self._extended)
        self.listen(True, now)
        self._medium.sniff(self, take)

    def stop_sniffing(self, now: int) -> None:
        """End that, with the receiver off; nothing where it has not begun."""
        if self._medium.stop_sniffing(self):
            self.listen(False, now)

    def emit(self, on: bool) -> None:
        """Begin or end a carrier on the channel: nothing is received meanwhile."""
        self._medium.emit(self, on)

    def abort(self) -> None:
        self._psdu = None
        self._attempt += 1

    def deaf_after(self, moment: int) -> bool:
        """Whether the receiver was off, or on another channel, at `moment` or since."""
        return self._listening_since > moment

    # Sending

    def _back_off(self, now: int) -> None:
        begin = max(self._free_at, now)
        delay = int(self._draw() * (1 << self._exponent)) * UNIT_BACKOFF
        self._scheduler.call_at(begin + delay + CCA, self._assess, self._attempt)

    def _assess(self, attempt: int) -> None:
        """The clear-channel assessment ends: send, back off again, or give up."""
        psdu = self._psdu
        if attempt != self._attempt or psdu is None:
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
            transmission = self._medium.begin(self, psdu, now + TURNAROUND, attempt)
            self._free_at = transmission.end
            self._scheduler.call_at(transmission.end, self._ended, transmission)

    def _ended(self, transmission: Transmission) -> None:
        """The last bit of an own frame is out: hand it to whoever got it."""
        if transmission.attempt != self._attempt:
            return
        acknowledged = transmission.channel == self.channel and self._reaches_anybody(transmission)
        if transmission.attempt != self._attempt:
            return
        psdu, end = transmission.psdu, transmission.end
        if not psdu[0] & _WANTS_ACK:
            self._free_at = end + spacing_after(len(psdu))
            self._done(_ACKED, False, end)
        elif not acknowledged:
            self._free_at = end + ACK_WAIT
            self._scheduler.call_at(end + ACK_WAIT, self._unacknowledged, transmission.attempt)

    def _reaches_anybody(self, transmission: Transmission) -> bool:
        """Let everyone within earshot have a frame; whether one of them acknowledges it."""
        psdu = transmission.psdu
        if not fcs_is_good(psdu):
            return False
        try:
            addressing = peek(psdu)
        except DecodeError:
            return False
        acknowledged = False
        for receiver, link in self._medium.receivers(self):
            if receiver.hears(transmission, link, addressing):
                acknowledged = True
        for receiver, link in self._medium.partners(self):
            if receiver.overhears(addressing):
                at = transmission.end + link.delay(len(psdu))
                self._scheduler.call_at(at, receiver.overheard, psdu, link)
        return acknowledged

    def acknowledged(self, transmission: Transmission, answer: Transmission, pending: bool) -> None:
        """The acknowledgement of an own frame has ended."""
        if transmission.attempt != self._attempt:
            return
        obstacle = self._medium.missed(answer, self)
        if obstacle is None:
            self._free_at = answer.end + spacing_after(len(transmission.psdu))
            self._done(_ACKED, pending, answer.end)
        else:
            self._medium.lost(answer, self, obstacle)
            self._free_at = transmission.end + ACK_WAIT
            self._scheduler.call_at(transmission.end + ACK_WAIT, self._unacknowledged, transmission.attempt)

    def _unacknowledged(self, attempt: int) -> None:
        if attempt == self._attempt:
            self.counters.unacknowledged += 1
            self._done(TxResult.NO_ACK, False, self._scheduler.now)

    def _done(self, result: TxResult, pending: bool, now: int) -> None:
        self._psdu = None
        self._attempt += 1
        if self._user is not None:
            self._user.transmitted(result, pending, now)

    # Receiving

    def hears(self, transmission: Transmission, link: Link, addressing: Peek) -> bool:
        """A frame ended within earshot: take it if it is for this radio; whether it is acknowledged."""
        kind, sequence, wants_ack, pan, destination, extended, source, _ = addressing
        mine = destination == (self._extended if extended else self._short) and pan in (self._pan_id, _BROADCAST)
        if not mine and not self.overhears(addressing):
            return False
        obstacle = self._medium.obstacle(transmission, self, link)
        if obstacle is not None:
            if mine or self._listening_since < _ALWAYS_OFF:
                self._medium.lost(transmission, self, obstacle)
            return False
        acknowledged = mine and wants_ack
        if acknowledged:
            pending = self._holds_for(kind, source, transmission.psdu)
            self._acknowledge(transmission, sequence, pending)
        if self._user is not None:
            self._user.received(RxFrame(transmission.psdu, link.rssi, link.lqi), transmission.end)
        return acknowledged

    def _holds_for(self, kind: FrameType, source: int | None, psdu: bytes) -> bool:
        """Whether a frame asks for what is held for its sender, and there is something."""
        return kind is _COMMAND and psdu[-3] == _DATA_REQUEST and source in self._held

    def overhears(self, addressing: Peek) -> bool:
        """Broadcasts, and beacons (which carry no destination)."""
        kind, _, _, pan, destination, extended, _, _ = addressing
        if destination is None:
            return kind is _BEACON
        broadcast = not extended and destination == _BROADCAST
        return broadcast and (pan in (self._pan_id, _BROADCAST) or self._pan_id == _BROADCAST)

    def _acknowledge(self, transmission: Transmission, sequence: int, pending: bool) -> None:
        # An acknowledgement belongs to no attempt: the chip sends it by itself, whatever its user does meanwhile.
        answer = self._medium.begin(self, acknowledgement(sequence, pending), transmission.end + TURNAROUND, 0)
        self._free_at = answer.end + spacing_after(len(transmission.psdu))
        self.counters.exchanged += transmission.end - transmission.start
        sender = transmission.sender
        sender.counters.exchanged += answer.end - answer.start
        self._scheduler.call_at(answer.end, sender.acknowledged, transmission, answer, pending)

    # Links of its own, beside the air

    def _hand_over(self, partners: list[tuple[Radio, Link]], psdu: bytes, now: int) -> bool:
        """Send a frame over a link of its own, if it is for whoever is at the other end; whether it is."""
        try:
            addressing = peek(psdu)
        except DecodeError:
            return False
        for receiver, link in partners:
            if receiver.is_addressed(addressing):
                self._scheduler.call_at(now + link.delay(len(psdu)), self._handed_over, receiver, link, self._attempt)
                return True
        return False

    def _handed_over(self, receiver: Radio, link: Link, attempt: int) -> None:
        """The frame is at the other end, or lost; the link says at once which."""
        psdu, now = self._psdu, self._scheduler.now
        if attempt != self._attempt or psdu is None:
            return
        addressing = peek(psdu)
        pending = receiver._holds_for(addressing.type, addressing.source, psdu)
        arrived = receiver.handed(psdu, link)
        if attempt == self._attempt:
            self._done(_ACKED if arrived else TxResult.NO_ACK, arrived and pending, now)

    def is_addressed(self, addressing: Peek) -> bool:
        """Whether a frame is for this radio and for no other."""
        own = self._extended if addressing.destination_extended else self._short
        return addressing.destination == own and addressing.destination_pan in (self._pan_id, _BROADCAST)

    def overheard(self, psdu: bytes, link: Link) -> None:
        """A broadcast comes over a link of its own: nobody waits to hear whether it is taken."""
        self.handed(psdu, link)

    def handed(self, psdu: bytes, link: Link) -> bool:
        """A frame comes over a link of its own; whether it is taken."""
        now = self._scheduler.now
        if self.deaf_after(now) or (link.loss and self.draw_loss() < link.loss):
            return False
        if self._user is not None:
            self._user.received(RxFrame(psdu, link.rssi, link.lqi), now)
        return True
