"""Named deadlines inside a sans-IO object, so that it can answer `next_timeout()` with one number."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

Key = TypeVar("Key")

NEVER = 1 << 62

_STALE_ENTRIES = 64
"""Entries of deadlines set anew or cancelled that may lie about, besides as many as there are deadlines."""


class Alarm:
    """The moment (µs) at which an object wants to be called at the latest, whatever timers it is made of.

    Whoever drives the object compares this one number after each call, and asks for the next timeout only once the
    moment has come; after a cancellation it is earlier than needed, which does no harm.
    """

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = NEVER

    def by(self, at: int) -> None:
        """Be called at `at` (µs) at the latest."""
        self.at = min(self.at, at)

    def earlier(self, at: int | None) -> int | None:
        """The alarm or `at` (µs), whichever comes first; None where there is neither."""
        if at is None or self.at < at:
            return None if self.at == NEVER else self.at
        return at

    def find(self, *timers: AnyTimers) -> None:
        """Everything due is done: set the alarm to what falls due next of all these."""
        self.at = NEVER
        for each in timers:
            at = each.next_timeout()
            if at is not None:
                self.by(at)


class AnyTimers(Protocol):
    """Any set of timers, as far as asking for the next one goes."""

    def next_timeout(self) -> int | None:
        """When the earliest falls due, µs."""


class Timers(Generic[Key]):
    """A set of deadlines by key; setting a key again replaces it, cancelling an unknown one is nothing.

    Args:
        alarm: moved forward by every deadline that is set.
    """

    __slots__ = ("_deadlines", "_heap", "_serial", "alarm")

    def __init__(self, alarm: Alarm | None = None) -> None:
        self.alarm = alarm or Alarm()
        self._deadlines: dict[Key, tuple[int, int, Key]] = {}
        self._heap: list[tuple[int, int, Key]] = []
        self._serial = 0

    def set(self, key: Key, at: int) -> None:
        """Let `key` fall due at `at` (µs), whatever it was set to before."""
        self._serial = serial = self._serial + 1
        heap, deadlines = self._heap, self._deadlines
        deadlines[key] = entry = (at, serial, key)
        heappush(heap, entry)
        alarm = self.alarm
        if at < alarm.at:  # noqa: PLR1730 - min() costs more than all the rest of this
            alarm.at = at
        # A deadline that is set anew with every frame must not leave an entry for each behind.
        if len(heap) > _STALE_ENTRIES + 2 * len(deadlines):
            heap[:] = deadlines.values()
            heapify(heap)

    def cancel(self, key: Key) -> None:
        """Forget `key`."""
        self._deadlines.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._deadlines.clear()
        self._heap.clear()

    def __contains__(self, key: Key) -> bool:
        return key in self._deadlines

    def next_timeout(self) -> int | None:
        """When the earliest deadline falls due (µs), or None."""
        heap = self._heap
        while heap:
            entry = heap[0]
            if self._deadlines.get(entry[2]) is entry:
                return entry[0]
            heappop(heap)
        return None

    def due(self, now: int) -> list[Key]:
        """Take out every key that is due at `now`, earliest first."""
        ready: list[Key] = []
        at = self.next_timeout()
        while at is not None and at <= now:
            key = heappop(self._heap)[2]
            del self._deadlines[key]
            ready.append(key)
            at = self.next_timeout()
        return ready
