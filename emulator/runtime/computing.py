"""Heavy work of devices under virtual time: done inline, as an event of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from emulator.ports.schedule import Scheduler

Result = TypeVar("Result")


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


def _nothing() -> None:
    """There is no driver yet."""
