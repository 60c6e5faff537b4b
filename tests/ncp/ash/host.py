"""The host's end of an ASH link, small and of our own, and a line between the two ends that does as it is told."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count

from emulator.core.clock import MILLISECOND
from emulator.ncp.ash.effects import CallbackLost, Delivered, Down, Effect, ResetRequested, Up, WriteOctets
from emulator.ncp.ash.frames import (
    CANCEL,
    AckFrame,
    DataFrame,
    ErrorFrame,
    Frame,
    NakFrame,
    ResetCode,
    RstAckFrame,
    RstFrame,
    encode,
)
from emulator.ncp.ash.link import AshLink
from emulator.ncp.ash.reader import AshReader, DamagedFrame
from emulator.ncp.ash.settings import AshSettings

LATENCY = 1 * MILLISECOND
REPEAT = 500 * MILLISECOND
TRIES = 12


class Host:
    """Asks for a reset until it is told of one, then sends and takes EZSP frames; gives up after so many tries."""

    def __init__(self, window: int = 3) -> None:
        self.window = window
        self.reader = AshReader()
        self.delivered: list[bytes] = []
        self.codes: list[int] = []
        self.waiting: deque[bytes] = deque()
        self.sent: deque[bytes] = deque()
        self.next = self.expected = self.tries = 0
        self.connected = self.failed = self.rejecting = False
        self.deadline: int | None = None
        self.out = bytearray()

    def connect(self, now: int) -> None:
        self.connected = self.failed = self.rejecting = False
        self.next = self.expected = self.tries = 0
        self.waiting.clear()
        self.sent.clear()
        self.delivered.clear()
        self._ask(now)

    def _ask(self, now: int) -> None:
        self.out += bytes((CANCEL,)) * 2 + encode(RstFrame())
        self.deadline = now + REPEAT

    def send(self, payload: bytes, now: int) -> None:
        self.waiting.append(payload)
        self._send_new(now)

    def _send_new(self, now: int) -> None:
        while self.connected and self.waiting and len(self.sent) < self.window:
            self.sent.append(self.waiting.popleft())
            self.out += encode(DataFrame(self.next, False, self.expected, self.sent[-1]))
            self.next = (self.next + 1) % 8
        if self.connected and self.sent and self.deadline is None:
            self.deadline = now + REPEAT

    def _send_again(self, now: int) -> None:
        for ordinal, payload in enumerate(self.sent):
            number = (self.next - len(self.sent) + ordinal) % 8
            self.out += encode(DataFrame(number, True, self.expected, payload))
        self.deadline = now + REPEAT if self.sent else None

    def on_timeout(self, now: int) -> None:
        self.deadline = None
        self.tries += 1
        if self.tries >= TRIES:
            self._fail()
        elif self.connected:
            self._send_again(now)
        else:
            self._ask(now)

    def received(self, octets: bytes, now: int) -> None:
        for item in self.reader.feed(octets):
            if isinstance(item, RstAckFrame):
                self._reset(item)
            elif self.connected and isinstance(item, ErrorFrame):
                self._fail()
            elif self.connected and isinstance(item, DamagedFrame):
                self._reject(item.looks_like_data)
            elif self.connected and isinstance(item, DataFrame | AckFrame | NakFrame):
                self._take(item, now)
        self._send_new(now)

    def _reset(self, frame: RstAckFrame) -> None:
        self.codes.append(frame.code)
        if self.connected:
            self._fail()
        elif not self.failed:
            self.connected, self.deadline, self.tries = True, None, 0

    def _fail(self) -> None:
        self.failed, self.connected, self.deadline = True, False, None

    def _reject(self, wanted: bool) -> None:
        if wanted and not self.rejecting:
            self.rejecting = True
            self.out += encode(NakFrame(self.expected))

    def _take(self, frame: DataFrame | AckFrame | NakFrame, now: int) -> None:
        acknowledged = (frame.ack_number - (self.next - len(self.sent))) % 8
        if acknowledged > len(self.sent):
            self._reject(isinstance(frame, DataFrame))
            return
        for _ in range(acknowledged):
            self.sent.popleft()
            self.deadline, self.tries = None, 0
        if isinstance(frame, NakFrame):
            self._send_again(now)
        elif isinstance(frame, DataFrame):
            self._take_data(frame)

    def _take_data(self, frame: DataFrame) -> None:
        if frame.frame_number == self.expected:
            self.expected = (self.expected + 1) % 8
            self.rejecting = False
            self.delivered.append(frame.payload)
        elif not frame.retransmitted:
            self._reject(True)
            return
        self.out += encode(AckFrame(self.expected))


class Stick:
    """Our end, and what it told; resets at once when it is asked to."""

    def __init__(self, settings: AshSettings | None = None) -> None:
        self.reports: list[tuple[str, str | None]] = []
        self.fields: list[dict[str, object]] = []
        self.link = AshLink(settings, self._report)
        self.delivered: list[bytes] = []
        self.lost: list[bytes] = []
        self.resets = 0
        self.failed: int | None = None
        self.out = bytearray()
        self.answer: Callable[[bytes], bytes] | None = None

    def _report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.reports.append((kind, reason))
        self.fields.append(fields)

    def reasons(self, kind: str) -> list[str | None]:
        return [reason for name, reason in self.reports if name == kind]

    def do(self, effects: Iterable[Effect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, WriteOctets):
                self.out += effect.octets
            elif isinstance(effect, Delivered):
                self._deliver(effect.payload, now)
            elif isinstance(effect, CallbackLost):
                self.lost.append(effect.payload)
            elif isinstance(effect, ResetRequested):
                self.resets += 1
                self.delivered.clear()
                self.do(self.link.reset(ResetCode.SOFTWARE, now), now)
            elif isinstance(effect, Down):
                self.failed = effect.code
            else:
                assert isinstance(effect, Up)
                self.failed = None

    def _deliver(self, payload: bytes, now: int) -> None:
        self.delivered.append(payload)
        if self.answer is not None:
            self.do(self.link.send(self.answer(payload), now), now)

    def frames(self) -> list[Frame | DamagedFrame]:
        """What has been written since this was asked last."""
        found = AshReader().feed(bytes(self.out))
        self.out.clear()
        return found


Spoil = Callable[[bytes], bytes]
"""What a line makes of the octets that are written at one moment."""


def _clean(octets: bytes) -> bytes:
    return octets


class Line:
    """Both ends in virtual time.  Octets come in the order in which they went, if they come."""

    def __init__(self, host: Host, stick: Stick, up: Spoil = _clean, down: Spoil = _clean) -> None:
        self.host = host
        self.stick = stick
        self.spoil_up = up
        self.spoil_down = down
        self.now = 0
        self.latency = LATENCY
        self._clear_at = {True: 0, False: 0}
        self._serial = count()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []

    def at(self, when: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (when, next(self._serial), do))

    def flush(self) -> None:
        """Put on the line what the ends have written."""
        self._carry(self.host.out, self.spoil_up, upwards=True)
        self._carry(self.stick.out, self.spoil_down, upwards=False)

    def _carry(self, out: bytearray, spoil: Spoil, *, upwards: bool) -> None:
        octets = spoil(bytes(out)) if out else b""
        out.clear()
        if octets:
            # What was held up before holds up what comes after it.
            when = self._clear_at[upwards] = max(self._clear_at[upwards], self.now + self.latency)
            self.at(when, lambda: self._arrive(octets, upwards=upwards))

    def _arrive(self, octets: bytes, *, upwards: bool) -> None:
        if upwards:
            self.stick.do(self.stick.link.received(octets, self.now), self.now)
        else:
            self.host.received(octets, self.now)

    def _next(self) -> int | None:
        moments = [self.host.deadline, self.stick.link.next_timeout(), self._agenda[0][0] if self._agenda else None]
        return min((moment for moment in moments if moment is not None), default=None)

    def run(self, until: int = 1 << 50) -> None:
        """Until nothing more will happen, or that moment (µs)."""
        self.flush()
        while (moment := self._next()) is not None and moment <= until:
            self.now = max(self.now, moment)
            while self._agenda and self._agenda[0][0] <= self.now:
                heapq.heappop(self._agenda)[2]()
            if self.host.deadline is not None and self.host.deadline <= self.now:
                self.host.on_timeout(self.now)
            self.stick.do(self.stick.link.on_timeout(self.now), self.now)
            self.flush()
