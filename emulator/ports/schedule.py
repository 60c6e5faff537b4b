"""The agenda that discrete-event models run on: virtual time or the wall clock, they cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Scheduler(Protocol):
    """Calls functions at moments; those of the same moment in the order they were asked for."""

    @property
    def now(self) -> int:
        """µs since the run began."""

    def call_at(self, when: int, function: Callable[..., None], *arguments: object) -> None:
        """Call `function(*arguments)` at `when` (µs, never before now).  It cannot be taken back."""
