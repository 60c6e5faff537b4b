"""Frame counters: ours are never used twice, not even over a restart; a peer's must rise."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.errors import LocalProtocolError

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
