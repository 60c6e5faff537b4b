"""Jobs of a port: one after the other in one task, and what ends one of them ends no other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from emulator.transports.ezsp.stick import Stick


def _nobody(reason: str) -> None:
    """Waits for it."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do with the stick.

    Attributes:
        run: does it.
        failed: told in machine-readable words why it could not be done.
        cut_short: a stop ends it.
    """

    run: Callable[[Stick], Awaitable[None]]
    failed: Callable[[str], None] = _nobody
    cut_short: bool = False


class Jobs:
    """The task that does them; one for all, as a task for each message would cost more than the rest of it.

    Args:
        ready: waited for before each job; False ends the task.
        do: does a job, and raises nothing but CancelledError.
        tell_failed: tells a job why it could not be done, and raises nothing.
    """

    def __init__(
        self,
        ready: Callable[[], Awaitable[bool]],
        do: Callable[[Job], Awaitable[None]],
        tell_failed: Callable[[Job, str], None],
    ) -> None:
        self._ready = ready
        self._do = do
        self._tell_failed = tell_failed
        self._waiting: deque[Job] = deque()
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._job: Job | None = None
        self._interrupted = self._closed = False
        self._reason: str | None = None
        """Why the job that was interrupted has failed, if that is to be told."""

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def queue(self, job: Job) -> None:
        """Do it after all that was queued before."""
        self._waiting.append(job)
        self._awake.set()

    def cut_short(self) -> None:
        """End and forget whatever a stop ends."""
        self._waiting = deque(job for job in self._waiting if not job.cut_short)
        if self._job is not None and self._job.cut_short:
            self._interrupt()

    def fail(self, reason: str) -> None:
        """End the job that is being done, as it has failed; the others wait until all is ready again."""
        if self._job is not None:
            self._reason = reason
            self._interrupt()
        self._awake.set()

    def fail_all(self, reason: str) -> None:
        """None that waits is ever done."""
        waiting, self._waiting = self._waiting, deque()
        for job in waiting:
            self._tell_failed(job, reason)

    async def close(self, reason: str) -> None:
        """End the task, and whatever it is at; that and all that waits has failed."""
        self._closed = True
        job = self._job
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,))
        if job is not None:
            self._tell_failed(job, reason)
        self.fail_all(reason)

    async def _run(self) -> None:
        while not self._closed and await self._ready():
            if self._waiting:
                await self._do_next()
                continue
            self._awake.clear()
            await self._awake.wait()

    async def _do_next(self) -> None:
        self._job = job = self._waiting.popleft()
        try:
            await self._do(job)
        except asyncio.CancelledError:
            if not self._interrupted or self._closed:
                raise
        finally:
            self._job = None
        if self._interrupted:
            await self._interruption_over()
        if self._reason is not None:
            reason, self._reason = self._reason, None
            self._tell_failed(job, reason)

    def _interrupt(self) -> None:
        """End the job that is being done, and no more: the task goes on."""
        if not self._interrupted and self._task is not None:
            self._interrupted = True
            self._task.cancel()

    async def _interruption_over(self) -> None:
        """A job that was at its end already has left its interruption to whatever waits next: take it here."""
        assert self._task is not None
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        self._task.uncancel()
        self._interrupted = False
