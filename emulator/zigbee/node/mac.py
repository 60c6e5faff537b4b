"""The MAC of a soft node: one frame at a time to the radio, retries, the indirect queue, polling.

CSMA/CA and acknowledgements are the radio's (`ports.phy`); what a frame means is decided above.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from random import Random
from typing import Protocol

from emulator.core.clock import MILLISECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm, AnyTimers, Timers
from emulator.ports.phy import Phy, RxFrame, TxResult
from emulator.zigbee.frames import mac
from emulator.zigbee.frames.mac import (
    BROADCAST_ADDRESS,
    BROADCAST_PAN,
    FCS_OCTETS,
    NO_SHORT_ADDRESS,
    FrameType,
    MacFrame,
)
from emulator.zigbee.frames.mac_commands import DataRequest, encode_command
from emulator.zigbee.node.headers import MAC_HEADER_OCTETS, mac_data, read_mac_data
from emulator.zigbee.node.indirect import Held, IndirectQueue
from emulator.zigbee.node.node_counters import NodeCounters

MAX_FRAME_RETRIES = 3
POLL_WAIT = 100 * MILLISECOND
"""How long a child keeps its receiver on for the frame that the parent announced."""
DUPLICATE_LIFE = 250 * MILLISECOND
"""A frame with the sequence number of the one before is its repetition only so soon after it."""

_ACKED = TxResult.ACKED
_DATA, _COMMAND = FrameType.DATA, FrameType.COMMAND
_DATA_REQUEST = encode_command(DataRequest())


class MacUser(Protocol):
    """The layer above."""

    def mac_data(self, source: int, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        """A data frame; `source` is the neighbour it came from."""

    def mac_received(self, frame: MacFrame, lqi: int, now: int) -> None:
        """A beacon, or a command that is not the MAC's own business."""

    def mac_sent(self, context: object, result: TxResult, now: int) -> None:
        """The frame given with `context` is done, after every retry."""

    def mac_expired(self, context: object, now: int) -> None:
        """Nobody fetched an indirect frame in time."""

    def mac_polled(self, child: int, now: int) -> None:
        """Somebody, by its short address or EUI-64, asks what is held for it."""

    def mac_payload(self, context: object, now: int) -> bytes | None:
        """The octets of a frame held by `hold_data`, made when it is sent so that its counters are fresh."""


class Outgoing:
    """A frame on its way to the radio; `held` where it came out of the indirect queue."""

    __slots__ = ("context", "destination", "held", "psdu", "retries")

    def __init__(
        self, psdu: bytes, destination: int | None, context: object, retries: int, held: Held | None = None
    ) -> None:
        self.psdu = psdu
        self.destination = destination
        self.context = context
        self.retries = retries
        self.held = held


class MacLayer:
    """Volatile state of the MAC of one node.

    Args:
        phy: the radio.
        eui64: the node's address.
        user: the layer above.
        rng: the stream for the first sequence number.
        report: told of retries and drops.
        alarm: of the node.
        receiver_on: False for a sleepy device, whose receiver is on only around its own frames and polls.
        counters: what is to be counted in; those of the node, and so of its other layers.
    """

    def __init__(
        self,
        phy: Phy,
        eui64: Eui64,
        user: MacUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
        *,
        receiver_on: bool = True,
        counters: NodeCounters | None = None,
    ) -> None:
        self.counters = counters or NodeCounters()
        self.eui64 = eui64
        self.pan_id = BROADCAST_PAN
        self.short = BROADCAST_ADDRESS
        self._phy = phy
        self._user = user
        self._report = report
        self._sequence = rng.randrange(256)
        self._queue: deque[Outgoing] = deque()
        self._current: Outgoing | None = None
        self._indirect = IndirectQueue(phy, alarm, self._expired)
        self._poll_end: Timers[str] = Timers(alarm)
        self._last_heard: dict[int, tuple[int, int]] = {}
        self._on = False
        self._receiver_on = receiver_on
        self._polling = False
        self._awake_for_poll = False

    # Power

    def start(self, now: int) -> None:
        """Switch the receiver on, or leave it off for a sleepy device."""
        self._on = True
        self._phy.hold_for(frozenset())
        self._phy.listen(self._receiver_on, now)

    def stop(self, now: int) -> None:
        """Forget everything and be silent for ever: a node that comes back has a new MAC."""
        self._on = False
        self._queue.clear()
        self._current = None
        self._indirect.clear()
        self._poll_end.clear()
        self._phy.abort()
        self._phy.listen(False, now)

    def receive_always(self, on: bool, now: int) -> None:
        """Keep the receiver on (while scanning and joining), or go back to sleeping."""
        self._receiver_on = on
        self._phy.listen(on or self._current is not None or self._awake_for_poll, now)

    def set_address(self, pan_id: int, short: int) -> None:
        """What the radio accepts from now on."""
        self.pan_id = pan_id
        self.short = short
        self._phy.address(pan_id, short, self.eui64)

    def tune(self, channel: int, now: int) -> None:
        """Go to another channel."""
        self._phy.tune(channel, now)

    def energy(self, since: int, now: int) -> int:
        """The strongest signal on the channel since a moment not long ago, dBm; see `Phy.energy`."""
        return self._phy.energy(since, now)

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent, waits to be sent, or is to come after a poll."""
        return self._current is None and not self._queue and not self._awake_for_poll

    @property
    def awaits_data(self) -> bool:
        """Whether the parent has said that it holds something, and nothing of it has come so far."""
        return self._awake_for_poll

    def timers(self) -> tuple[AnyTimers, ...]:
        """Everything that can fall due."""
        return self._indirect.timers, self._poll_end

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        self._indirect.on_timeout(now)
        if self._poll_end.due(now):
            self._end_poll(now)

    # Sending

    def next_sequence(self) -> int:
        """A fresh MAC sequence number."""
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def send_data(self, destination: int, payload: bytes, context: object, now: int) -> None:
        """A data frame to a neighbour, or to everybody (0xFFFF)."""
        self._sequence = sequence = (self._sequence + 1) & 0xFF
        acknowledge = destination != BROADCAST_ADDRESS
        psdu = mac_data(sequence, self.pan_id, destination, self.short, payload, acknowledge=acknowledge)
        self._enqueue(Outgoing(psdu, destination, context, MAX_FRAME_RETRIES if acknowledge else 0), now)

    def send(self, frame: MacFrame, context: object, now: int) -> None:
        """Any other frame."""
        retries = MAX_FRAME_RETRIES if frame.acknowledge else 0
        self._enqueue(Outgoing(mac.encode(frame), frame.destination, context, retries), now)

    def hold(self, frame: MacFrame, context: object, now: int) -> None:
        """Keep a frame until its addressee (a sleeping or joining child) asks for it."""
        assert frame.destination is not None
        if self._on:
            self._indirect.add(frame.destination, frame, context, now)

    def hold_data(self, destination: int, context: object, now: int) -> None:
        """Keep one NWK frame for a sleeping child; `mac_payload` makes its octets when the child asks."""
        frame = MacFrame(
            FrameType.DATA, 0, self.pan_id, destination, self.pan_id, self.short, acknowledge=True
        )  # fmt: skip
        self.hold(frame, context, now)

    def poll(self, parent: int, now: int) -> None:
        """Ask the parent for what it holds, unless that is being done."""
        if self._polling or not self._on:
            return
        self._polling = True
        joined = self.short < NO_SHORT_ADDRESS
        frame = MacFrame(
            FrameType.COMMAND, self.next_sequence(), self.pan_id, parent, self.pan_id,
            self.short if joined else self.eui64, _DATA_REQUEST,
            acknowledge=True, source_extended=not joined,
        )  # fmt: skip
        self.send(frame, DataRequest, now)

    def _enqueue(self, outgoing: Outgoing, now: int) -> None:
        if not self._on:
            return
        self._queue.append(outgoing)
        if self._current is None:
            self._next(now)

    def _next(self, now: int) -> None:
        """Give the radio the next frame, or let it sleep."""
        if self._queue:
            outgoing = self._current = self._queue.popleft()
            if not self._receiver_on:
                self._phy.listen(True, now)
            self._phy.submit(outgoing.psdu, now)
        elif not self._receiver_on and not self._awake_for_poll:
            self._phy.listen(False, now)

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        """From the radio: one attempt is over."""
        outgoing = self._current
        if outgoing is None:
            return
        if result is not _ACKED and outgoing.retries > 0:
            outgoing.retries -= 1
            self._report("mac.retry", result.value, {"to": outgoing.destination}, now)
            self._phy.submit(outgoing.psdu, now)
            return
        self._current = None
        if outgoing.context is DataRequest:
            self._polling = False
            if result is _ACKED and pending:
                self._awake_for_poll = True
                self._poll_end.set("poll", now + POLL_WAIT)
        self._finished(outgoing, result, now)
        if self._current is None and self._on:
            self._next(now)

    def _finished(self, outgoing: Outgoing, result: TxResult, now: int) -> None:
        if result is not _ACKED:
            self._report("mac.dropped", result.value, {"to": outgoing.destination}, now)
            held = outgoing.held
            if held is not None and held.expires > now:
                self._indirect.put_back(held)
                return
        elif outgoing.destination == BROADCAST_ADDRESS:
            self.counters.mac_tx_broadcasts += 1
        else:
            self.counters.mac_tx_unicasts += 1
        self._user.mac_sent(outgoing.context, result, now)

    # Receiving

    def received(self, frame: RxFrame, now: int) -> None:
        """From the radio."""
        psdu = frame.psdu
        plain = read_mac_data(psdu)
        if plain is None:
            self._received_other(frame, now)
            return
        destination, source, sequence, acknowledge = plain
        self._count(destination)
        if self._is_repetition(source, sequence, acknowledge, now):
            return
        if self._awake_for_poll and destination != BROADCAST_ADDRESS:
            self._end_poll(now)
        self._user.mac_data(source, psdu[MAC_HEADER_OCTETS:-FCS_OCTETS], frame.rssi, frame.lqi, now)

    def _received_other(self, frame: RxFrame, now: int) -> None:
        try:
            decoded = mac.decode(frame.psdu)
        except DecodeError as error:
            self._report("mac.dropped", "undecodable", {"error": str(error)}, now)
            return
        source = decoded.source
        self._count(decoded.destination)
        if source is not None:
            if self._is_repetition(source, decoded.sequence, decoded.acknowledge, now):
                return
            if self._awake_for_poll and decoded.destination != BROADCAST_ADDRESS:
                if decoded.pending and not self._receiver_on:
                    self.poll(source, now)
                self._end_poll(now)
        if decoded.type is _COMMAND and decoded.payload == _DATA_REQUEST:
            if source is not None:
                self._release(source, now)
        elif decoded.type is not _DATA:
            self._user.mac_received(decoded, frame.lqi, now)
        elif source is not None:
            self._user.mac_data(source, decoded.payload, frame.rssi, frame.lqi, now)

    def _count(self, destination: int | None) -> None:
        """A frame came; beacons name nobody."""
        if destination is None or destination == BROADCAST_ADDRESS:
            self.counters.mac_rx_broadcasts += 1
        else:
            self.counters.mac_rx_unicasts += 1

    def _is_repetition(self, source: int, sequence: int, acknowledge: bool, now: int) -> bool:
        """Whether this is the frame before once more, because our acknowledgement was lost; notes it."""
        last = self._last_heard.get(source)
        if acknowledge and last is not None and last[0] == sequence and now - last[1] < DUPLICATE_LIFE:
            self._report("mac.dropped", "duplicate", {"sequence": sequence}, now)
            return True
        self._last_heard[source] = (sequence, now)
        return False

    def _end_poll(self, now: int) -> None:
        self._awake_for_poll = False
        self._poll_end.cancel("poll")
        if self._current is None:
            self._next(now)

    def _release(self, child: int, now: int) -> None:
        """A child polls: send it the oldest frame held for it."""
        self._user.mac_polled(child, now)
        taken = self._indirect.take(child)
        if taken is None:
            return
        held, more = taken
        frame = held.frame
        payload = frame.payload if frame.type is _COMMAND else self._user.mac_payload(held.context, now)
        if payload is None:
            return
        frame = replace(frame, sequence=self.next_sequence(), pending=more, payload=payload)
        self._queue.appendleft(Outgoing(mac.encode(frame), child, held.context, MAX_FRAME_RETRIES, held))
        if self._current is None:
            self._next(now)

    def _expired(self, held: Held, now: int) -> None:
        self._report("mac.dropped", "transaction-expired", {"to": held.child}, now)
        self._user.mac_expired(held.context, now)
