"""Named deadlines inside a sans-IO object, so that it can answer `next_timeout()` with one number."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key")


class Timers(Generic[Key]):
    """A set of deadlines by key; setting a key again replaces it, cancelling an unknown one is nothing."""

    __slots__ = ("_deadlines", "_heap", "_serial")

    def __init__(self) -> None:
        self._deadlines: dict[Key, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, Key]] = []
        self._serial = 0

    def set(self, key: Key, at: int) -> None:
        """Let `key` fall due at `at` (µs), whatever it was set to before."""
        self._serial += 1
        self._deadlines[key] = (at, self._serial)
        heappush(self._heap, (at, self._serial, key))

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
            at, serial, key = heap[0]
            if self._deadlines.get(key) == (at, serial):
                return at
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
