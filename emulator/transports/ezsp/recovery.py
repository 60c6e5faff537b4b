"""The stick that a port works on: opened, found to be lost, brought back or given up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.events import Report
from emulator.transports.ezsp.callbacks import Callback
from emulator.transports.ezsp.jobs import Job, Jobs
from emulator.transports.ezsp.port_lock import PortLock
from emulator.transports.ezsp.settings import Recovery
from emulator.transports.ezsp.stick import Stick, StickLost, StickRefused
from emulator.transports.ezsp.tapped_ezsp import STICK_RESET

Opener = Callable[[Callable[[str], None]], Awaitable[tuple[Stick, PortLock | None]]]
"""Opens the stick of a port, told whom to call when it is lost; BadInput where it cannot be opened."""
_STICK_LOST: Final = "stick-lost"
_CLOSED: Final = "closed"
"""Why a job has failed."""


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
        off_duty: whether the stick has nothing in its RAM that anybody needs: that it has reset itself is no news then.
    """

    def __init__(
        self, opener: Opener, recovery: Recovery, user: WorkUser, report: Report, clock: Callable[[], int]
    ) -> None:
        self.failure: BadInput | None = None
        self.off_duty = False
        self._opener = opener
        self._recovery = recovery
        self._user = user
        self._report = report
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._jobs = Jobs(self._ready, self._do, self._tell_failed)
        self._stick: Stick | None = None
        self._lock: PortLock | None = None
        self._lost: str | None = None
        self._closed = False
        self._has_reset_itself = False
        """Off duty; it takes no command before it is reset in order."""
        self._seeks = False
        self._idle = False
        """Whether nothing was asked of the stick since that was looked at last."""
        self._watch: asyncio.TimerHandle | None = None

    @property
    def seeks(self) -> bool:
        """Whether the stick is lost, and not back or given up yet."""
        return self._seeks

    async def open(self) -> Stick:
        """Open the stick for the first time; BadInput where it cannot be."""
        return await self._open()

    def start(self) -> None:
        """Begin to do jobs."""
        self._jobs.start()
        self._look_after()

    def queue(self, job: Job) -> None:
        """Do it after all that was queued before."""
        if self._closed:
            self._loop.call_soon(self._tell_failed, job, _CLOSED)
        elif self.failure is not None:
            self._loop.call_soon(self._tell_failed, job, _STICK_LOST)
        else:
            self._jobs.queue(job)

    def cut_short(self) -> None:
        """End and forget whatever a stop ends."""
        self._jobs.cut_short()

    async def close(self) -> None:
        """End the task and give the port back; nothing is left running."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        await self._jobs.close(_CLOSED)
        await self._drop()

    # As StickUser

    def heard(self, callback: Callback) -> None:
        """From the stick."""
        self._user.heard(callback)

    def lost(self, reason: str) -> None:
        """From the stick, or whoever finds it silent."""
        if self._note_lost(reason):
            self._jobs.fail(_STICK_LOST)

    def _note_lost(self, reason: str) -> bool:
        """Whether that is news: it is not where it is known, or nobody minds."""
        if self._stick is None or self._lost is not None or self._closed:
            return False
        if self.off_duty and reason == STICK_RESET:
            self._has_reset_itself = True
            return False
        self._lost = reason
        self._seeks = True
        self._report("stick.lost", reason, {}, self._clock())
        with self._faults_noted():
            self._user.stick_lost(reason)
        return True

    def _tell_failed(self, job: Job, reason: str) -> None:
        with self._faults_noted():
            job.failed(reason)

    @contextmanager
    def _faults_noted(self) -> Iterator[None]:
        """Ours, or of the device that was told something: what comes next must not suffer."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001 - of any kind
            self._note_fault(fault)

    def _note_fault(self, fault: Exception) -> None:
        self._report("stick.fault", type(fault).__name__, {"error": str(fault)}, self._clock())
        self._loop.call_exception_handler({"message": "a job of the port failed", "exception": fault})

    # For its jobs

    async def _ready(self) -> bool:
        return self._lost is None or await self._recover()

    def _look_after(self) -> None:
        """A stick that nothing was asked of for a while is asked whether it is there: it may hang, and never say so."""
        if self._idle and self._stick is not None and self._lost is None:
            self.queue(Job(_still_there))
        self._idle = True
        self._watch = self._loop.call_later(self._recovery.silence / SECOND, self._look_after)

    async def _do(self, job: Job) -> None:
        stick = self._stick
        if stick is None:
            self._tell_failed(job, _STICK_LOST)
            return
        self._idle = False
        with self._faults_noted():
            await self._guarded(job, stick)

    async def _guarded(self, job: Job, stick: Stick) -> None:
        try:
            if self._has_reset_itself:
                self._has_reset_itself = False
                await stick.reset()
            await job.run(stick)
        except StickLost as error:
            self._lost_in(job, error.reason)
        except BadInput:
            self._lost_in(job, "recording-over")
        except StickRefused as error:
            self._report("stick.refused", str(error), {"command": error.command}, self._clock())
            job.failed("stick-refused")

    def _lost_in(self, job: Job, reason: str) -> None:
        """A job finds that the stick is lost; where that was known it has been ended, and is told so by `Jobs`."""
        if self._lost is None:
            self._note_lost(reason)
            job.failed(_STICK_LOST)

    async def _recover(self) -> bool:
        """Seek the stick; whether it is there again."""
        over = None if self._stick is None else self._stick.over
        await self._drop()
        if over is not None:
            self._give_up(over, 0)
            return False
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
            except Exception as fault:  # noqa: BLE001 - as `_faults_noted`
                self._note_fault(fault)
                error = BadInput(f"{type(fault).__name__}: {fault}")
            else:
                if self._lost is None:
                    self._seeks = False
                    self._report("stick.back", None, {"tries": number}, self._clock())
                    return True
            self._report("stick.not-back", str(error), {"try": number}, self._clock())
            await self._drop()
        tries = self._recovery.tries
        failure = BadInput(
            f"the stick was lost and did not come back in {tries} tries: {error.what}: plug it in again and restart",
            where=error.where, allowed=error.allowed,
        )  # fmt: skip
        self._give_up(failure, tries)
        return False

    def _give_up(self, failure: BadInput, tries: int) -> None:
        self.failure = failure
        self._seeks = False
        if self._watch is not None:
            self._watch.cancel()
        self._report("stick.given-up", failure.what, {"tries": tries}, self._clock())
        self._jobs.fail_all(_STICK_LOST)
        with self._faults_noted():
            self._user.gave_up(self.failure)

    async def _open(self) -> Stick:
        self._lost = None
        self._has_reset_itself = False
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


async def _still_there(stick: Stick) -> None:
    await stick.ask("nop")
