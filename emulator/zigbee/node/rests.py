"""How long a device rests between attempts to find its way back: ever longer, and never in step with others."""

from __future__ import annotations

from random import Random

from emulator.core.clock import HOUR, MINUTE, SECOND

FIRST_REST = 2 * SECOND
LONGEST_REST = 15 * MINUTE
FORGIVEN_AFTER = HOUR
"""After so long without an attempt the rests begin with the shortest again."""


class Rests:
    """The rests of one device; each attempt within an hour of the one before doubles them.

    Whatever makes a device look for its network can be forged or go on for ever, so it costs less and less.  The
    spans are ours, no source says them.

    Args:
        rng: for a part that is not the same everywhere.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._rest = FIRST_REST
        self._begun_at = -FORGIVEN_AFTER

    def begin(self, now: int) -> None:
        """An attempt begins."""
        forgiven = now - self._begun_at >= FORGIVEN_AFTER
        self._rest = FIRST_REST if forgiven else min(2 * self._rest, LONGEST_REST)
        self._begun_at = now

    def span(self) -> int:
        """How long to rest after it, µs: as long as the rests are now, and up to as much again."""
        return self._rest + self._rng.randrange(self._rest)
