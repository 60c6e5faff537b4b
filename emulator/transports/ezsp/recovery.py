"""The one task of a port: does its work in order, and brings the stick back when it is lost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.events import Report
from emulator.transports.ezsp.callbacks import Callback
from emulator.transports.ezsp.port_lock import PortLock
from emulator.transports.ezsp.settings import Recovery
from emulator.transports.ezsp.stick import Stick, StickLost, StickRefused

Opener = Callable[[Callable[[str], None]], Awaitable[tuple[Stick, PortLock | None]]]
"""Opens the stick of a port, told whom to call when it is lost; BadInput where it cannot be opened."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do with the stick.

    Attributes:
        run: does it.
        failed: told in machine-readable words why it could not be done.
        cut_short: a stop ends it.
    """

    run: Callable[[Stick], Awaitable[None]]
    failed: Callable[[str], None]
    cut_short: bool = False


class WorkUser(Protocol):
    """The port."""

    def heard(self, callback: Callback) -> None:
        """As `StickUser`."""

    def stick_lost(self, reason: str) -> None:
        """The stick is gone, and is being sought."""

    async def bring_back(self, stick: Stick) -> None:
        """The stick is there again, with nothing in its RAM."""

    def gave_up(self, error: BadInput) -> None:
        """It does not come back."""


class Work:
    """Jobs in order, on a stick that may go and come back.

    Args:
        opener: how the stick is opened again.
        recovery: how often, and after what pauses.
        user: the port.
        report: told of losses, tries and refusals.
        clock: µs.

    Attributes:
        failure: why the stick was given up, once it was.
    """

    def __init__(
        self, opener: Opener, recovery: Recovery, user: WorkUser, report: Report, clock: Callable[[], int]
    ) -> None:
        self.failure: BadInput | None = None
        self._opener = opener
        self._recovery = recovery
        self._user = user
        self._report = report
        self._clock = clock
        self._jobs: deque[Job] = deque()
        self._awake = asyncio.Event()
        self._stick: Stick | None = None
        self._lock: PortLock | None = None
        self._lost: str | None = None
        self._doing: asyncio.Task[None] | None = None
        self._job: Job | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> Stick:
        """Open the stick for the first time; BadInput where it cannot be."""
        return await self._open()

    def start(self) -> None:
        """Begin to do jobs."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def queue(self, job: Job) -> None:
        """Do it after all that was queued before."""
        if self.failure is not None:
            asyncio.get_running_loop().call_soon(job.failed, "stick-lost")
            return
        self._jobs.append(job)
        self._awake.set()

    def cut_short(self) -> None:
        """End and forget whatever a stop ends."""
        self._jobs = deque(job for job in self._jobs if not job.cut_short)
        if self._doing is not None and self._job is not None and self._job.cut_short:
            self._doing.cancel()

    async def close(self) -> None:
        """End the task and give the port back; nothing is left running."""
        for task in (self._task, self._doing):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait((task,))
        await self._drop()

    # As StickUser

    def heard(self, callback: Callback) -> None:
        """From the stick."""
        self._user.heard(callback)

    def lost(self, reason: str) -> None:
        """From the stick, or whoever finds it silent."""
        if self._stick is None or self._lost is not None:
            return
        self._lost = reason
        self._report("stick.lost", reason, {}, self._clock())
        self._user.stick_lost(reason)
        if self._doing is not None:
            self._doing.cancel()
        self._awake.set()

    # The task

    async def _run(self) -> None:
        while True:
            if self._lost is not None and not await self._recover():
                return
            if self._jobs:
                await self._do(self._jobs.popleft())
                continue
            self._awake.clear()
            await self._awake.wait()

    async def _do(self, job: Job) -> None:
        stick = self._stick
        if stick is None:
            job.failed("stick-lost")
            return
        self._job = job
        self._doing = asyncio.get_running_loop().create_task(self._guarded(job, stick))
        doing = self._doing
        await asyncio.wait((doing,))
        self._doing = self._job = None
        fault = None if doing.cancelled() else doing.exception()
        if fault is not None:
            # A fault of ours, or of the device that was told something: the next job must not suffer from it.
            self._report("stick.fault", type(fault).__name__, {"error": str(fault)}, self._clock())
            context = {"message": "a job of the port failed", "exception": fault}
            asyncio.get_running_loop().call_exception_handler(context)
        if self._lost is not None:
            job.failed("stick-lost")

    async def _guarded(self, job: Job, stick: Stick) -> None:
        try:
            await job.run(stick)
        except StickLost as error:
            self.lost(error.reason)
        except StickRefused as error:
            self._report("stick.refused", str(error), {"command": error.command}, self._clock())
            job.failed("stick-refused")

    async def _recover(self) -> bool:
        """Seek the stick; whether it is there again."""
        await self._drop()
        error = BadInput("the stick is lost")
        for number, delay in enumerate(self._recovery.delays(), start=1):
            await asyncio.sleep(delay / SECOND)
            try:
                stick = await self._open()
                await self._user.bring_back(stick)
            except BadInput as problem:
                error = problem
            except (StickLost, StickRefused, OSError) as problem:
                error = BadInput(str(problem) or type(problem).__name__)
            else:
                if self._lost is None:
                    self._report("stick.back", None, {"tries": number}, self._clock())
                    return True
            self._report("stick.not-back", str(error), {"try": number}, self._clock())
            await self._drop()
        self._give_up(error)
        return False

    def _give_up(self, error: BadInput) -> None:
        tries = self._recovery.tries
        self.failure = BadInput(
            f"the stick was lost and did not come back in {tries} tries: {error.what}: plug it in again and restart",
            where=error.where, allowed=error.allowed,
        )  # fmt: skip
        self._report("stick.given-up", error.what, {"tries": tries}, self._clock())
        jobs, self._jobs = self._jobs, deque()
        for job in jobs:
            job.failed("stick-lost")
        self._user.gave_up(self.failure)

    async def _open(self) -> Stick:
        self._lost = None
        self._stick, self._lock = await self._opener(self.lost)
        self._stick.user = self
        return self._stick

    async def _drop(self) -> None:
        stick, lock = self._stick, self._lock
        self._stick = self._lock = None
        if stick is not None:
            await stick.close()
        if lock is not None:
            lock.release()
