"""One stick under check: its port, its bare commands between the port's jobs, and all that it said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any, Final, TypeVar

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    ApsIndication,
    NetworkDown,
    NetworkEvent,
    NetworkUp,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.transports.ezsp import network
from emulator.transports.ezsp.callbacks import Callback, StackStatus
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.memory import HostMemory
from emulator.transports.ezsp.port import EzspPort
from emulator.transports.ezsp.recovery import Opener
from emulator.transports.ezsp.settings import EzspSettings, Recovery
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick, StickLost
from emulator.transports.ezsp.structures import status_name

Result = TypeVar("Result")

ENDPOINT: Final = SimpleDescriptor(1, 0x0109, 0x0502, 0, (0x0000,), (0x0019,))
MANUFACTURER: Final = 0x1049
POLL_INTERVAL: Final = SECOND // 2
SETTINGS: Final = EzspSettings(outcome_within=20 * SECOND, key_switch_after=5 * SECOND, recovery=Recovery(tries=4))
WITHIN: Final = 10 * SECOND
"""So long (µs) whatever is to follow by itself is waited for."""
_OUT_WITHIN: Final = 5 * SECOND
_SLACK: Final = 10 * SECOND


class WatchedPort(EzspPort):
    """A port that shows what the stick says."""

    watch: Callable[[Callback], None]

    def heard(self, callback: Callback) -> None:
        """From the stick."""
        self.watch(callback)
        super().heard(callback)

    async def rejoin(self, stick: Stick, *, have_key: bool) -> NetworkUp | network.Failed:
        """Look for our network again, which the port itself does only when it has lost its parent."""
        return await self._rejoining.rejoin(stick, have_key=have_key)


class Seat:
    """A stick; `opened` makes one.

    Attributes:
        name: in findings.
        heard, events, messages, outcomes, reports: since `clear`.
    """

    def __init__(self, name: str, opener: Opener, rng: Random, clock: Callable[[], int]) -> None:
        self.name = name
        self.clock = clock
        self.heard: list[Callback] = []
        self.events: list[NetworkEvent] = []
        self.messages: list[ApsIndication] = []
        self.outcomes: dict[int, Outcome] = {}
        self.reports: list[tuple[str, str | None]] = []
        self._news = asyncio.Event()
        self.port = WatchedPort(opener, SETTINGS, HostMemory(), rng, self._reported, clock, self._failed)
        self.port.watch = self._watched
        self.port.attach(self)

    @property
    def eui64(self) -> Eui64:
        return self.port.eui64

    def clear(self) -> None:
        """Forget what was heard."""
        for each in (self.heard, self.events, self.messages, self.outcomes, self.reports):
            each.clear()

    def configure(self, node_type: NodeType, link_key: bytes | None = None, window: int = 3) -> None:
        """Say what it is to be."""
        self.port.configure(
            StackConfiguration(
                node_type, MANUFACTURER, (ENDPOINT,), poll_interval=POLL_INTERVAL, link_key=link_key,
                fragment_window=window,
            )
        )  # fmt: skip

    # Commands

    async def run(self, what: Callable[[Stick], Awaitable[Result]]) -> Result:
        """Do something with the bare stick, after all that the port has queued; StickRefused, StickLost.

        It ends when nobody waits for it any more.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def failed(reason: str) -> None:
            if not done.done():
                done.set_exception(StickLost(reason))

        async def job(stick: Stick) -> None:
            if not done.done():
                await _hand_on(asyncio.ensure_future(what(stick)), done)

        # A job that a stop cuts short would be dropped without a word where it has not begun.
        self.port.work.queue(Job(job, failed))
        return await done

    async def ask(self, command: str, **fields: object) -> dict[str, Any]:
        """As `Stick.ask`."""
        return await self.run(lambda stick: stick.ask(command, **fields))

    async def must(self, command: str, **fields: object) -> dict[str, Any]:
        """As `Stick.must`."""
        return await self.run(lambda stick: stick.must(command, **fields))

    async def status_of(self, command: str, **fields: object) -> int:
        """As `Stick.status_of`."""
        return await self.run(lambda stick: stick.status_of(command, **fields))

    async def settled(self) -> None:
        """Until the port has done what was asked of it before."""
        await self.run(_nothing)

    async def empty(self) -> str | None:
        """Off the air and out of every network, without keys; why not, where it will not."""
        self.port.stop(self.clock())
        # What is tried next is tried on the bare stick: one that resets itself meanwhile is lost.
        self.port.work.off_duty = False
        self.port.memory.forget_network()
        self.port.memory.allowed.clear()
        return await self.run(_emptied)

    # What it says

    async def until(self, find: Callable[[], Result | None], within: int = WITHIN) -> Result | None:
        """What `find` answers once that is something; None after `within` µs."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within / SECOND):
                while (found := find()) is None:
                    self._news.clear()
                    await self._news.wait()
                return found
        return None

    async def network_result(self) -> NetworkUp | NetworkDown:
        """How what was begun ends: the first that is told since `clear`."""
        found: NetworkUp | NetworkDown | None = await self.until(self._result, SETTINGS.network_within + _SLACK)
        return found or NetworkDown("no-answer")

    def _result(self) -> NetworkUp | NetworkDown | None:
        return next((event for event in self.events if isinstance(event, NetworkUp | NetworkDown)), None)

    def statuses(self) -> str:
        """What the stack said of the network, by name."""
        said = [status_name(each.status) for each in self.heard if isinstance(each, StackStatus)]
        return ", ".join(said) or "no stack status"

    # As ApsUser

    def received(self, message: ApsIndication, now: int) -> None:  # noqa: ARG002 - ApsUser
        self.messages.append(message)
        self._news.set()

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:  # noqa: ARG002 - ApsUser
        self.outcomes[handle] = outcome
        self._news.set()

    def network(self, event: NetworkEvent, now: int) -> None:  # noqa: ARG002 - ApsUser
        self.events.append(event)
        self._news.set()

    def _watched(self, callback: Callback) -> None:
        self.heard.append(callback)
        self._news.set()

    def _reported(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:  # noqa: ARG002 - Report
        self.reports.append((kind, reason))
        self._news.set()

    def _failed(self, error: BadInput) -> None:
        """The stick is given up: every point says so from now on."""


async def _hand_on(task: asyncio.Future[Result], done: asyncio.Future[Result]) -> None:
    """Let a future have what becomes of a task; the task is ended where nobody waits for the future."""
    done.add_done_callback(lambda _: task.cancel())
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        task.cancel()
        raise
    error = StickLost("cut-short") if task.cancelled() else task.exception()
    if not done.done():
        if error is None:
            done.set_result(task.result())
        else:
            done.set_exception(error)
    if isinstance(error, StickLost) and not task.cancelled():
        raise error


async def _nothing(stick: Stick) -> None:
    """The turn of the queue is all that is wanted."""


async def _emptied(stick: Stick) -> str | None:
    """Whatever it was in: going on, leaving, and looking whether that was all."""
    await stick.status_of("mfglibEnd")
    await stick.reset()
    await stick.write_configuration({})
    with stick.statuses() as statuses:
        if await stick.status_of("networkInit", networkInitBitmask=0) == Status.OK:
            await _first(statuses)
        if await stick.status_of("leaveNetwork") == Status.OK:
            await _first(statuses, Status.NETWORK_DOWN)
    await stick.status_of("clearKeyTable")
    await stick.status_of("clearTransientLinkKeys")
    await stick.reset()
    await stick.write_configuration({})
    status = await stick.status_of("networkInit", networkInitBitmask=0)
    if status != Status.OK:
        return None
    await stick.reset()
    return "networkInit goes on with a network after leaveNetwork"


async def _first(statuses: asyncio.Queue[int], wanted: int | None = None) -> None:
    """Until a status comes, or that one, or nothing for a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_OUT_WITHIN / SECOND):
            while await statuses.get() != wanted and wanted is not None:
                pass
