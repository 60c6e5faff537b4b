"""What a line has at its end, and how it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Enter = Callable[[Callable[[int], None]], None]
"""Calls a function with `now` (µs) as something that happens outside the agenda of the run."""

Write = Callable[[bytes], None]


class LineEnd(Protocol):
    """A stick, as a line sees it."""

    def connected(self, write: Write, now: int) -> None:
        """A host opened the line; octets for it go to `write`."""

    def received(self, octets: bytes, now: int) -> None:
        """Octets from the host."""

    def disconnected(self, now: int) -> None:
        """The host is gone."""


def nowhere(octets: bytes) -> None:
    """Nobody reads."""
