"""Messages on their way: handed to the stick a few at a time, each until the stick says what became of it.

Retries over the air are the stick's own.  Here a stick without room is asked again a little later, a message that does
not fit is cut into blocks, and one whose outcome never comes fails after a while.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from emulator.core.clock import SECOND
from emulator.core.events import Report
from emulator.ports.aps import BROADCAST_ROUTERS, ApsMessage, Outcome
from emulator.transports.ezsp.callbacks import (
    APS_FRAGMENT,
    APS_LINK_KEY,
    APS_RETRY,
    APS_ROUTE_DISCOVERY,
    ApsHeader,
    MessageSent,
)
from emulator.transports.ezsp.fragments import blocks_of
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.status import OVERLOADED, Status, outcome_of, status_text
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.structures import aps_frame, sl_status

_TAGS: Final = 255
_OVERHEAD: Final = 9
_BLOCK_OVERHEAD: Final = 17
_BLOCK_NUMBER: Final = 2


@dataclass(slots=True)
class _Sending:
    """One message, and of a long one its blocks: `base` is the first of the window, `left` those not yet told of."""

    handle: int
    message: ApsMessage
    tries: int = 0
    blocks: tuple[bytes, ...] = ()
    base: int = 0
    left: int = 0
    counter: int = 0
    over: bool = False


@dataclass(slots=True)
class _Flight:
    """A message or block that the stick has."""

    sending: _Sending
    timer: asyncio.TimerHandle


class Outbox:
    """The messages of one port.

    Args:
        settings: how many at a time, how long, how often.
        finished: told what became of a message, by its handle (0 is our own); never from inside `add`.
        wake: told that `pump` has something to do.
        report: told of what is tried again or fails for a reason that its outcome does not say.
        clock: µs.

    Attributes:
        longest: octets of payload that fit without fragments; 82 until the stick has said.
        window: blocks of a long message at a time.
    """

    def __init__(
        self,
        settings: EzspSettings,
        finished: Callable[[int, Outcome], None],
        wake: Callable[[], None],
        report: Report,
        clock: Callable[[], int],
    ) -> None:
        self.longest = 82
        self.window = 3
        self._settings = settings
        self._finished = finished
        self._wake = wake
        self._report = report
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[_Sending, int]] = deque()
        self._flights: dict[int, _Flight] = {}
        self._tag = 0
        self._pause: asyncio.TimerHandle | None = None

    def add(self, handle: int, message: ApsMessage) -> None:
        """Take a message; `pump` sends it."""
        sending = _Sending(handle, message)
        if self._too_long(message):
            size = self._block_size(message)
            blocks = blocks_of(message.payload, size) if _can_be_cut(message) else None
            if blocks is None:
                self._end(sending, Outcome.TOO_LONG)
                return
            self._cut(sending, blocks)
            return
        self._waiting.append((sending, 0))

    async def pump(self, stick: Stick) -> None:
        """Hand over whatever there is room for; StickLost as `Stick.ask`, the message then waits still."""
        while self._waiting and self._pause is None and len(self._flights) < self._settings.in_flight:
            sending, number = self._waiting[0]
            status = Status.OK if sending.over else await self._submit(stick, sending, number)
            if not self._waiting or self._waiting[0] != (sending, number):
                continue  # all was given up meanwhile
            if status in OVERLOADED and sending.tries < self._settings.busy_tries:
                self._later(sending)
                return
            self._waiting.popleft()
            if status != Status.OK:
                self._refused(sending, status)

    def sent(self, word: MessageSent) -> None:
        """The stick tells what became of something."""
        flight = self._flights.pop(word.tag, None)
        if flight is None:
            return
        flight.timer.cancel()
        if word.status != Status.OK:
            fields: dict[str, object] = {"status": status_text(word.status), "handle": flight.sending.handle}
            self._report("stick.not-delivered", status_text(word.status), fields, self._clock())
        self._told(flight.sending, outcome_of(word.status, flight.sending.message.acknowledge))

    def give_up(self, reason: str) -> None:
        """The stick is lost: what it had is not known to have come, and nothing goes out any more."""
        flights, waiting = list(self._flights.values()), list(self._waiting)
        self.clear()
        for sending in [flight.sending for flight in flights]:
            self._report("stick.outcome-lost", reason, {"handle": sending.handle}, self._clock())
            self._end(sending, Outcome.NO_APS_ACK if sending.message.acknowledge else Outcome.NEXT_HOP_FAILED)
        for sending, _ in waiting:
            self._end(sending, Outcome.NOT_JOINED)

    def clear(self) -> None:
        """Forget everything and tell nobody."""
        for flight in self._flights.values():
            flight.timer.cancel()
        self._flights.clear()
        self._waiting.clear()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    # Handing over

    async def _submit(self, stick: Stick, sending: _Sending, number: int) -> int:
        """One message or block; the stick's status."""
        message, tag = sending.message, self._free_tag()
        payload = sending.blocks[number] if sending.blocks else message.payload
        # The stick may tell of the message before it answers, so its tag is known first.
        flight = self._take_off(sending, tag)
        if message.destination >= BROADCAST_ROUTERS:
            answer = await stick.ask(
                "sendBroadcast", destination=message.destination, apsFrame=aps_frame(_header(sending, number)),
                radius=message.radius, messageTag=tag, messageContents=payload,
            )  # fmt: skip
            status, counter = sl_status(answer["status"]), 0
        else:
            status, counter = await stick.unicast(message.destination, _header(sending, number), tag, payload)
        if status != Status.OK and self._flights.get(tag) is flight:
            del self._flights[tag]
            flight.timer.cancel()
        if sending.blocks and number == 0:
            sending.counter = counter
        return status

    def _take_off(self, sending: _Sending, tag: int) -> _Flight:
        timer = self._loop.call_later(self._settings.outcome_within / SECOND, self._overdue, tag)
        flight = self._flights[tag] = _Flight(sending, timer)
        return flight

    def _overdue(self, tag: int) -> None:
        flight = self._flights.pop(tag)
        self._report("stick.outcome-lost", "overdue", {"handle": flight.sending.handle}, self._clock())
        acknowledge = flight.sending.message.acknowledge
        self._told(flight.sending, Outcome.NO_APS_ACK if acknowledge else Outcome.NEXT_HOP_FAILED)

    def _later(self, sending: _Sending) -> None:
        pause = self._settings.busy_pause << sending.tries
        sending.tries += 1
        self._report("stick.busy", "no-room", {"handle": sending.handle, "pause": pause}, self._clock())
        self._pause = self._loop.call_later(pause / SECOND, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        self._wake()

    def _refused(self, sending: _Sending, status: int) -> None:
        if status == Status.MESSAGE_TOO_LONG and not sending.blocks and _can_be_cut(sending.message):
            blocks = blocks_of(sending.message.payload, self._block_size(sending.message))
            if blocks is not None and len(blocks) > 1:
                self._cut(sending, blocks)
                return
        self._report("stick.refused", status_text(status), {"handle": sending.handle}, self._clock())
        self._end(sending, outcome_of(status, acknowledged=False))

    def _free_tag(self) -> int:
        while True:
            self._tag = self._tag % _TAGS + 1
            if self._tag not in self._flights:
                return self._tag

    # Long messages

    def _too_long(self, message: ApsMessage) -> bool:
        return len(message.payload) > self.longest - (_OVERHEAD if message.link_key else 0)

    def _block_size(self, message: ApsMessage) -> int:
        return self.longest - _BLOCK_NUMBER - (_BLOCK_OVERHEAD if message.link_key else 0)

    def _cut(self, sending: _Sending, blocks: tuple[bytes, ...]) -> None:
        sending.blocks = blocks
        self._next_window(sending)

    def _next_window(self, sending: _Sending) -> None:
        end = min(sending.base + self.window, len(sending.blocks))
        sending.left = end - sending.base
        self._waiting.extend((sending, number) for number in range(sending.base, end))

    def _told(self, sending: _Sending, outcome: Outcome) -> None:
        """One message or block is done."""
        if sending.over:
            pass  # another block of it failed before
        elif not sending.blocks or outcome is not Outcome.DELIVERED:
            self._end(sending, outcome)
        else:
            self._block_done(sending)
        if self._waiting:
            self._wake()

    def _block_done(self, sending: _Sending) -> None:
        sending.left -= 1
        if sending.left:
            return
        sending.base = min(sending.base + self.window, len(sending.blocks))
        if sending.base == len(sending.blocks):
            self._end(sending, Outcome.DELIVERED)
        else:
            self._next_window(sending)

    def _end(self, sending: _Sending, outcome: Outcome) -> None:
        """Tell once, and never from inside a call of the device."""
        if not sending.over:
            sending.over = True
            self._finished(sending.handle, outcome)


def _can_be_cut(message: ApsMessage) -> bool:
    return message.acknowledge and message.destination < BROADCAST_ROUTERS


def _header(sending: _Sending, number: int) -> ApsHeader:
    message = sending.message
    broadcast = message.destination >= BROADCAST_ROUTERS
    options = 0 if broadcast else APS_ROUTE_DISCOVERY
    if message.acknowledge and not broadcast:
        options |= APS_RETRY
    if message.link_key:
        options |= APS_LINK_KEY
    group = 0
    if sending.blocks:
        options |= APS_FRAGMENT
        group = len(sending.blocks) << 8 | number
    return ApsHeader(
        message.profile, message.cluster, message.source_endpoint, message.destination_endpoint, options, group,
        sending.counter,
    )  # fmt: skip
