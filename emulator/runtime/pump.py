"""Drives the engine from asyncio: whoever awaits something lets virtual time run until it has happened.

Where a `Pace` is kept, time goes on whether anybody waits or not, and no faster than the pace lets it.

Conditions are looked at once the event of the engine in which something was reported is over, and the engine stops
right there: so what a coroutine does next happens at the same virtual moment in every run, whatever the wall clock did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from emulator.core.errors import EmulatorError, LocalProtocolError
from emulator.runtime.engine import Engine, SliceEnd
from emulator.runtime.pace import PAUSE_SECONDS, Pace
from emulator.runtime.recorder import Recorder

SLICE_MILLISECONDS = 20
_TURNS = 16
"""Turns of the asyncio loop that woken coroutines get before time goes on."""


class NothingLeft(EmulatorError):
    """Something is awaited that can never happen: no event is left on the agenda."""


@dataclass(slots=True, eq=False)
class _Waiter:
    condition: Callable[[], bool]
    future: asyncio.Future[bool]


class Pump:
    """Runs the engine while anybody waits, or as a pace lets it.

    Attributes:
        after_slice: called whenever the engine has run for a while, e.g. to show progress.
    """

    def __init__(self, engine: Engine, recorder: Recorder) -> None:
        self.after_slice: Callable[[], None] | None = None
        self._engine = engine
        self._waiters: list[_Waiter] = []
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._closed = False
        self._look_due = False
        self._pace: Pace | None = None
        recorder.noticed = self._notice

    def start(self) -> None:
        """Begin; needs a running asyncio loop."""
        if self._task is not None:
            raise LocalProtocolError("a simulation is used once only")
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop; whoever still waits is cancelled."""
        self._closed = True
        for waiter in self._waiters:
            waiter.future.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def keep(self, pace: Pace) -> None:
        """Let time go on at this pace until the caller is cancelled; a fault of a model is raised here too.

        Raises:
            LocalProtocolError: the run has not begun, or is over.
        """
        task = self._running_task()
        self._pace = pace
        self._work.set()
        try:
            await asyncio.shield(task)
        finally:
            self._pace = None

    async def until(self, condition: Callable[[], bool], limit: int | None = None) -> bool:
        """Let time run until `condition` holds, or it is `limit` (µs); whether it holds.

        Raises:
            LocalProtocolError: the run has not begun, or is over.
            NothingLeft: without a limit, where nothing is left that could happen.
        """
        self._running_task()
        if condition():
            return True
        waiter = _Waiter(condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        if limit is not None:
            self._engine.call_at(max(limit, self._engine.now), self._expire, waiter)
        self._work.set()
        try:
            return await waiter.future
        finally:
            self._waiters.remove(waiter)

    def _running_task(self) -> asyncio.Task[None]:
        if self._failure is not None:
            raise self._failure
        if self._task is None or self._closed:
            raise LocalProtocolError("time runs inside `async with` alone")
        return self._task

    def _notice(self) -> None:
        """Something was reported: look at the conditions when the engine's event is over, and all has settled."""
        if self._waiters and not self._look_due:
            self._look_due = True
            self._engine.call_at(self._engine.now, self._look)

    def _look(self) -> None:
        self._look_due = False
        for waiter in self._waiters:
            if not waiter.future.done() and waiter.condition():
                waiter.future.set_result(True)
                self._engine.stop = True

    def _expire(self, waiter: _Waiter) -> None:
        if not waiter.future.done():
            waiter.future.set_result(waiter.condition())
            self._engine.stop = True

    async def _run(self) -> None:
        try:
            while True:
                await self._work.wait()
                end = self._slice()
                if self.after_slice is not None:
                    self.after_slice()
                await self._give_way(end)
                if not self._waiters and self._pace is None:
                    self._work.clear()
        except Exception as error:
            # A fault in a model must reach whoever waits, not vanish with this task.
            self._failure = error
            self._tell(error)
            raise

    async def _give_way(self, end: SliceEnd | None) -> None:
        """Let others have their turn, and the wall clock catch up where the run is ahead of it."""
        turns = 1 if self._pending() else _TURNS
        for _ in range(turns):
            await asyncio.sleep(0)
        if end is SliceEnd.REACHED and self._pace is not None and not self._pace.jumping:
            await asyncio.sleep(PAUSE_SECONDS)

    def _pending(self) -> bool:
        """Whether somebody waits, and everybody who does waits in vain so far."""
        return bool(self._waiters) and not self._answered()

    def _answered(self) -> bool:
        """Whether somebody's wait is over who has not had a turn since."""
        return any(waiter.future.done() for waiter in self._waiters)

    def _slice(self) -> SliceEnd | None:
        """Run the engine for a while, as far as it may go; None where it may not."""
        if self._answered() or not (self._waiters or self._pace):
            return None
        until = None if self._pace is None else self._pace.bound(awaited=bool(self._waiters))
        end = self._engine.run_slice(until=until, wall_milliseconds=SLICE_MILLISECONDS)
        if end is SliceEnd.EMPTY:
            self._tell(NothingLeft("nothing is left on the agenda, and somebody waits"))
        return end

    def _tell(self, error: Exception) -> None:
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_exception(error)
