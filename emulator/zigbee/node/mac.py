"""The MAC of a soft node: one frame at a time to the radio, retries, the indirect queue, polling.

CSMA/CA and acknowledgements are the radio's (`ports.phy`); what a frame means is decided above.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Protocol

from emulator.core.clock import MILLISECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.timers import Timers
from emulator.ports.phy import Phy, RxFrame, TxResult
from emulator.zigbee.frames import mac
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import DataRequest, encode_command

MAX_FRAME_RETRIES = 3
INDIRECT_PERSISTENCE = 7_680 * MILLISECOND
"""How long a frame waits for a sleeping child (macTransactionPersistenceTime as ZigBee sets it)."""
POLL_WAIT = 100 * MILLISECOND
"""How long a child keeps its receiver on for the frame that the parent announced."""

Report = Callable[[str, str | None, dict[str, object], int], None]


class MacUser(Protocol):
    """The layer above."""

    def mac_received(self, frame: MacFrame, rssi: int, lqi: int, now: int) -> None:
        """A frame that is not the MAC's own business."""

    def mac_sent(self, context: object, result: TxResult, now: int) -> None:
        """The frame given with `context` is done, after every retry."""

    def mac_expired(self, context: object, now: int) -> None:
        """Nobody fetched an indirect frame in time."""

    def mac_payload(self, context: object) -> bytes:
        """The octets of a frame held by `hold_data`, made when it is sent so that its counters are fresh."""


class Outgoing:
    """A frame on its way to the radio."""

    __slots__ = ("context", "expires", "frame", "psdu", "retries")

    def __init__(self, frame: MacFrame, context: object, expires: int | None = None) -> None:
        self.frame = frame
        self.context = context
        self.expires = expires
        self.psdu = b""
        self.retries = MAX_FRAME_RETRIES if frame.acknowledge else 0


class MacLayer:
    """Volatile state of the MAC of one node.

    Args:
        phy: the radio.
        eui64: the node's address.
        user: the layer above.
        rng: the stream for the first sequence number.
        report: told of retries and drops.
        receiver_on: False for a sleepy device, whose receiver is on only around its own frames and polls.
    """

    def __init__(
        self, phy: Phy, eui64: Eui64, user: MacUser, rng: Random, report: Report, *, receiver_on: bool = True
    ) -> None:
        self.eui64 = eui64
        self.pan_id = 0xFFFF
        self.short = 0xFFFF
        self.timers: Timers[object] = Timers()
        self.retries = 0
        self._phy = phy
        self._user = user
        self._report = report
        self._sequence = rng.randrange(256)
        self._queue: deque[Outgoing] = deque()
        self._current: Outgoing | None = None
        self._held: dict[int, deque[Outgoing]] = {}
        self._last_heard: dict[int, int] = {}
        self._receiver_on = receiver_on
        self._awake_for_poll = False

    def start(self, now: int) -> None:
        """Switch the receiver on, or leave it off for a sleepy device."""
        self._phy.listen(self._receiver_on, now)

    def receive_always(self, on: bool, now: int) -> None:
        """Keep the receiver on (while scanning and joining), or go back to sleeping."""
        self._receiver_on = on
        self._phy.listen(on or self._busy(), now)

    def set_address(self, pan_id: int, short: int) -> None:
        """What the radio accepts from now on."""
        self.pan_id = pan_id
        self.short = short
        self._phy.address(pan_id, short, self.eui64)

    def tune(self, channel: int, now: int) -> None:
        """Go to another channel."""
        self._phy.tune(channel, now)

    def next_sequence(self) -> int:
        """A fresh MAC sequence number."""
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def send_data(self, destination: int, payload: bytes, context: object, now: int) -> None:
        """One NWK frame to a neighbour, or to all of them (0xFFFF)."""
        frame = MacFrame(
            FrameType.DATA, self.next_sequence(), self.pan_id, destination, self.pan_id, self.short, payload,
            acknowledge=destination != 0xFFFF,
        )  # fmt: skip
        self.send(frame, context, now)

    def send(self, frame: MacFrame, context: object, now: int) -> None:
        """Put a frame in the queue to the radio."""
        self._queue.append(Outgoing(frame, context))
        if self._current is None:
            self._next(now)

    def hold(self, frame: MacFrame, context: object, now: int) -> None:
        """Keep a frame until its addressee (a sleeping or joining child) asks for it."""
        assert frame.destination is not None
        expires = now + INDIRECT_PERSISTENCE
        self._held.setdefault(frame.destination, deque()).append(Outgoing(frame, context, expires))
        self.timers.set(("indirect", frame.destination), expires)
        self._phy.hold_for(frozenset(self._held))

    def hold_data(self, destination: int, context: object, now: int) -> None:
        """Keep one NWK frame for a sleeping child; `mac_payload` makes its octets when the child asks."""
        frame = MacFrame(
            FrameType.DATA, 0, self.pan_id, destination, self.pan_id, self.short, acknowledge=True
        )  # fmt: skip
        self.hold(frame, context, now)

    def poll(self, parent: int, now: int) -> None:
        """Ask the parent for what it holds."""
        joined = self.short < 0xFFFE
        frame = MacFrame(
            FrameType.COMMAND, self.next_sequence(), self.pan_id, parent, self.pan_id,
            self.short if joined else self.eui64, encode_command(DataRequest()),
            acknowledge=True, source_extended=not joined,
        )  # fmt: skip
        self.send(frame, DataRequest, now)

    def received(self, frame: RxFrame, now: int) -> None:
        """From the radio."""
        try:
            decoded = mac.decode(frame.psdu)
        except DecodeError as error:
            self._report("mac.dropped", "undecodable", {"error": str(error)}, now)
            return
        source = decoded.source
        if source is not None:
            if self._last_heard.get(source) == decoded.sequence and decoded.acknowledge:
                self._report("mac.dropped", "duplicate", {"sequence": decoded.sequence}, now)
                return
            self._last_heard[source] = decoded.sequence
        if self._awake_for_poll and decoded.type is FrameType.DATA:
            self._end_poll(now)
        if decoded.type is FrameType.COMMAND and decoded.payload == _DATA_REQUEST and source is not None:
            self._release(source, now)
        else:
            self._user.mac_received(decoded, frame.rssi, frame.lqi, now)

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        """From the radio: one attempt is over."""
        outgoing = self._current
        if outgoing is None:
            return
        if result is not TxResult.ACKED and outgoing.retries > 0:
            outgoing.retries -= 1
            self.retries += 1
            self._report("mac.retry", result.value, {"to": outgoing.frame.destination}, now)
            self._phy.submit(outgoing.psdu, now)
            return
        self._current = None
        if result is TxResult.ACKED and outgoing.context is DataRequest and pending:
            self._awake_for_poll = True
            self.timers.set("poll", now + POLL_WAIT)
        self._finished(outgoing, result, now)
        if self._current is None:
            self._next(now)

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        for key in self.timers.due(now):
            if key == "poll":
                self._end_poll(now)
            elif isinstance(key, tuple):
                self._expire(key[1], now)

    def _finished(self, outgoing: Outgoing, result: TxResult, now: int) -> None:
        if result is not TxResult.ACKED:
            self._report("mac.dropped", result.value, {"to": outgoing.frame.destination}, now)
            if outgoing.expires is not None and outgoing.expires > now:
                self._put_back(outgoing)
                return
        self._user.mac_sent(outgoing.context, result, now)

    def _next(self, now: int) -> None:
        if self._queue:
            outgoing = self._current = self._queue.popleft()
            outgoing.psdu = mac.encode(outgoing.frame)
            if not self._receiver_on:
                self._phy.listen(True, now)
            self._phy.submit(outgoing.psdu, now)
        elif not self._receiver_on and not self._awake_for_poll:
            self._phy.listen(False, now)

    def _busy(self) -> bool:
        return self._current is not None or self._awake_for_poll

    def _end_poll(self, now: int) -> None:
        self._awake_for_poll = False
        self.timers.cancel("poll")
        if self._current is None:
            self._next(now)

    def _release(self, child: int, now: int) -> None:
        """A child polls: send it the oldest frame held for it."""
        held = self._held.get(child)
        if not held:
            return
        outgoing = held.popleft()
        if not held:
            self._let_go(child)
        outgoing.retries = MAX_FRAME_RETRIES
        frame = outgoing.frame
        outgoing.frame = replace(
            frame,
            sequence=self.next_sequence(),
            pending=bool(held),
            payload=frame.payload if frame.type is FrameType.COMMAND else self._user.mac_payload(outgoing.context),
        )
        self._queue.appendleft(outgoing)
        if self._current is None:
            self._next(now)

    def _put_back(self, outgoing: Outgoing) -> None:
        """A child did not acknowledge what it had asked for: it may ask again until the frame expires."""
        address, expires = outgoing.frame.destination, outgoing.expires
        assert address is not None
        assert expires is not None
        held = self._held.setdefault(address, deque())
        held.appendleft(outgoing)
        self.timers.set(("indirect", address), expires)
        self._phy.hold_for(frozenset(self._held))

    def _let_go(self, child: int) -> None:
        del self._held[child]
        self.timers.cancel(("indirect", child))
        self._phy.hold_for(frozenset(self._held))

    def _expire(self, child: int, now: int) -> None:
        held = self._held.get(child)
        expired: list[Outgoing] = []
        while held and (held[0].expires or 0) <= now:
            expired.append(held.popleft())
        if held:
            self.timers.set(("indirect", child), held[0].expires or now)
        elif child in self._held:
            self._let_go(child)
        for outgoing in expired:
            self._report("mac.dropped", "transaction-expired", {"to": child}, now)
            self._user.mac_expired(outgoing.context, now)


_DATA_REQUEST = encode_command(DataRequest())
