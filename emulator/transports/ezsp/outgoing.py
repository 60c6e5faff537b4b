"""Messages of the device and of the host itself on their way out, and who is told what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import ApsMessage, Outcome
from emulator.transports.ezsp.callbacks import MessageSent
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.sending import Outbox
from emulator.transports.ezsp.stick import Stick

_OWN = 0
"""The handle of whatever nobody waits for."""


class Outgoing:
    """The messages that a port sends."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(host.settings, self._finished, self._pump, host.reporter, host.clock)
        self._handle = _OWN
        self._waiting: dict[int, Callable[[int, Outcome], object]] = {}
        """Whom to tell of each message: once, and nobody once all was forgotten."""

    def limit(self, *, longest: int | None = None, window: int | None = None) -> None:
        """Octets of payload that fit into one message; blocks of a longer one at a time."""
        self._outbox.longest = longest or self._outbox.longest
        self._outbox.window = window or self._outbox.window

    def send(self, message: ApsMessage, now: int, told: Callable[[int, Outcome], object] | None = None) -> int:
        """Send a message of the device; its handle.

        Args:
            message: not a block of a longer one.
            now: µs.
            told: whom to tell what became of it, in the place of the device; never from inside this call.

        Raises:
            LocalProtocolError: it is a block.
        """
        host = self._host
        self._handle = handle = self._handle + 1
        if host.tap is not None:
            host.tap.handed(handle, message, now)
        refusal = self._refusal(message)
        self._waiting[handle] = told or self._tell_device
        if refusal is not None:
            self._loop.call_soon(self._finished, handle, refusal)
        else:
            self._hand_over(handle, message)
        return handle

    def send_own(self, message: ApsMessage) -> None:
        """Send a message of the host; nobody is told what became of it."""
        self._hand_over(_OWN, message)

    def sent(self, word: MessageSent) -> None:
        """The stick says what became of something."""
        self._outbox.sent(word)

    def give_up(self, reason: str) -> None:
        """The stick is lost: what it had is not known to have come, and nothing goes out any more."""
        self._outbox.give_up(reason)

    def forget(self) -> None:
        """Off the network: nobody is told of anything that was sent before."""
        self._waiting.clear()
        self._outbox.clear()

    def _refusal(self, message: ApsMessage) -> Outcome | None:
        """Why the stick is not even asked."""
        host = self._host
        if not host.up:
            return Outcome.NOT_JOINED
        if message.link_key and host.memory.key_for(message.destination) is None:
            return Outcome.NO_KEY
        if message.fragment is not None:
            raise LocalProtocolError("this port splits and joins long messages itself")
        return None

    def _hand_over(self, handle: int, message: ApsMessage) -> None:
        async def hand_over(stick: Stick) -> None:
            self._outbox.add(handle, message)
            await self._outbox.pump(stick)

        def failed(_: str) -> None:
            self._finished(handle, Outcome.NOT_JOINED)

        self._host.work.queue(Job(hand_over, failed, cut_short=True))

    def _pump(self) -> None:
        self._host.work.queue(Job(self._outbox.pump, cut_short=True))

    def _finished(self, handle: int, outcome: Outcome) -> None:
        told = self._waiting.pop(handle, None)
        if told is not None:
            told(handle, outcome)

    def _tell_device(self, handle: int, outcome: Outcome) -> None:
        host = self._host
        if host.tap is not None:
            host.tap.settled(handle, outcome, host.clock())
        if host.user is not None:
            host.user.sent(handle, outcome, host.clock())
