"""Where heavy work is done: inline under virtual time, in a thread under the wall clock, never in a device itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Computer(Protocol):
    """Does work that takes long, such as the arithmetic of key establishment."""

    def compute(self, work: Callable[[], Result], done: Callable[[Result, int], None]) -> None:
        """Do `work`, and call `done` with its result and `now` (µs) later, never before this returns."""
