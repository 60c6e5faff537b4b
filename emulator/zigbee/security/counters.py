"""Frame counters: ours are never used twice, not even over a restart; a peer's must rise."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64

BLOCK = 1024
"""How many counters are reserved at once, so that non-volatile memory is written once for so many frames."""
EXHAUSTED = 0xFFFFFFFF
"""The counter that may be neither sent nor accepted."""

REPLAYED = "frame-counter-replayed"
OUT_OF_COUNTERS = "frame-counter-exhausted"


class OutgoingCounter:
    """Counts our frames under one key.

    Args:
        start: the first counter; after a restart, what `reserved` was when it was last kept.
        keep: called with `reserved` each time it rises, before a counter of the new block is given out.
    """

    __slots__ = ("_keep", "_next", "reserved")

    def __init__(self, start: int = 0, keep: Callable[[int], None] | None = None) -> None:
        self._next = start
        self._keep = keep
        self.reserved = start
        """To be kept in non-volatile memory: no counter from here on has been used."""

    def next(self) -> int:
        """The counter for one frame.

        Raises:
            LocalProtocolError: all 2^32 - 1 are used; the key must be changed.
        """
        counter = self._next
        if counter >= self.reserved:
            self._reserve(counter)
        self._next = counter + 1
        return counter

    def peek(self) -> int:
        """The counter that `next` would give."""
        return self._next

    def _reserve(self, counter: int) -> None:
        if counter >= EXHAUSTED:
            raise LocalProtocolError(OUT_OF_COUNTERS)
        self.reserved = min(counter + BLOCK, EXHAUSTED)
        if self._keep is not None:
            self._keep(self.reserved)


class IncomingCounters:
    """The last counter seen from each source under each key.

    Ask `refusal` before the integrity check, which is dearer, and call `accept` after it: a forged frame must not move
    the counter.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[tuple[Eui64, int], int] = {}

    def refusal(self, source: Eui64, key: int, counter: int) -> str | None:
        """Why the frame must be dropped, machine-readable, or None; `key` tells the source's keys apart."""
        if counter == EXHAUSTED:
            return OUT_OF_COUNTERS
        return REPLAYED if counter <= self._last.get((source, key), -1) else None

    def accept(self, source: Eui64, key: int, counter: int) -> None:
        """The frame was genuine: nothing up to `counter` is taken from now on."""
        self._last[source, key] = counter

    def forget(self, source: Eui64, key: int | None = None) -> None:
        """Drop what is known of a source, under one key or all: it has a new key, or is gone."""
        for entry in [entry for entry in self._last if entry[0] == source and key in (None, entry[1])]:
            del self._last[entry]

    def snapshot(self) -> dict[tuple[Eui64, int], int]:
        """A copy for non-volatile memory."""
        return dict(self._last)

    def restore(self, snapshot: dict[tuple[Eui64, int], int]) -> None:
        """Go on from a copy."""
        self._last = dict(snapshot)
