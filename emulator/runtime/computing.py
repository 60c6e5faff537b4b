"""Heavy work of devices: inline, as an event of its own, under virtual time; in a thread where time does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from emulator.ports.schedule import Scheduler
from emulator.runtime.wall_clock import WallClock

Result = TypeVar("Result")


class DrivenComputer(Protocol):
    """A `Computer` of a device that has a driver.

    Attributes:
        armed: called after each result was handed back, since a device's timer may have changed; set once there is one.
    """

    armed: Callable[[], None]

    def compute(self, work: Callable[[], Result], done: Callable[[Result, int], None]) -> None:
        """As `Computer`."""


class InlineComputer:
    """A `Computer` that takes no virtual time.

    Args:
        scheduler: the engine.

    Attributes:
        armed: called after each result was handed back, since a device's timer may have changed; set once there is one.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.armed: Callable[[], None] = _nothing
        self._scheduler = scheduler

    def compute(self, work: Callable[[], Result], done: Callable[[Result, int], None]) -> None:
        self._scheduler.call_at(self._scheduler.now, self._carry_out, work, done)

    def _carry_out(self, work: Callable[[], Result], done: Callable[[Result, int], None]) -> None:
        done(work(), self._scheduler.now)
        self.armed()


class ThreadComputer:
    """A `Computer` by the wall clock: others go on while it computes; needs a running asyncio loop.

    Args:
        clock: of the run; a result that comes once that is closed is dropped.

    Attributes:
        armed: as above.
    """

    def __init__(self, clock: WallClock) -> None:
        self.armed: Callable[[], None] = _nothing
        self._clock = clock

    def compute(self, work: Callable[[], Result], done: Callable[[Result, int], None]) -> None:
        result = asyncio.get_running_loop().run_in_executor(None, work)
        result.add_done_callback(lambda future: self._hand_back(future, done))

    def _hand_back(self, future: asyncio.Future[Result], done: Callable[[Result, int], None]) -> None:
        if self._clock.is_closed or future.cancelled():
            return
        result = future.result()
        self._clock.enter(lambda now: done(result, now))
        self.armed()


def _nothing() -> None:
    """There is no driver yet."""
