"""The deadlines of every layer, and one number for all of them, so that asking when to wake a node costs nothing."""

from __future__ import annotations

from typing import Protocol, TypeVar

from emulator.core.timers import Timers

Key = TypeVar("Key")

NEVER = 1 << 62


class AnyTimers(Protocol):
    """Any set of timers, as far as asking for the next one goes."""

    def next_timeout(self) -> int | None:
        """When the earliest falls due, µs."""


class Alarm:
    """The moment (µs) at which a node wants to be called at the latest; earlier than needed after a cancellation."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = NEVER


class Deadlines(Timers[Key]):
    """The timers of one layer, which move the node's alarm forward."""

    __slots__ = ("_alarm",)

    def __init__(self, alarm: Alarm) -> None:
        super().__init__()
        self._alarm = alarm

    def set(self, key: Key, at: int) -> None:
        """Let `key` fall due at `at` (µs), whatever it was set to before."""
        Timers.set(self, key, at)
        alarm = self._alarm
        alarm.at = min(alarm.at, at)
