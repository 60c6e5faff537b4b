"""How quickly a run goes against the wall clock: with it, so many times as fast, or as fast as it can.

A `Pace` only says how far time may go now; `Pump.keep` lets it go there, a few milliseconds of work at a time.  After
a stall of the machine everything that fell due meanwhile is caught up with, in order, and nothing before its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from time import monotonic

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.runtime.engine import Engine

PAUSE_SECONDS = 0.01
"""Wall time between two looks at the clock, where time follows it."""

_STEP = SECOND
"""µs; how far time jumps at once while nobody waits: nobody could say just where to stop."""
_HIGHEST_FACTOR = 1_000_000


@dataclass(frozen=True, slots=True)
class Speed:
    """How quickly a run goes.

    Attributes:
        factor: virtual seconds in a second of the wall clock.
        jumps: whether time jumps from event to event instead while somebody waits for something.
    """

    factor: float = 1.0
    jumps: bool = False

    def __str__(self) -> str:
        if self.jumps:
            return "max"
        return "real" if self.factor == 1 else f"{self.factor:g}"


REAL = Speed()
MAX = Speed(jumps=True)


def parse_speed(text: str, where: str = "--speed") -> Speed:
    """Read `real`, `max` or a number; BadInput otherwise."""
    named = {"real": REAL, "max": MAX}.get(text)
    if named is not None:
        return named
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not (isfinite(factor) and 0 < factor <= _HIGHEST_FACTOR):
        allowed = f"real, max, or a number above 0, up to {_HIGHEST_FACTOR}"
        raise BadInput(f"{text[:40]!r} is no speed", where=where, allowed=allowed)
    return Speed(factor)


def never_busy() -> bool:
    """Nothing is in progress."""
    return False


class Pace:
    """How far the time of a run may go.

    Args:
        engine: the run's.
        speed: how quickly.
        busy: whether something is in progress in the run, for which time jumps as well where it may.
        clock: the wall clock, seconds.

    Attributes:
        jumping: whether the last bound that was given had nothing to do with the wall clock.
    """

    def __init__(
        self,
        engine: Engine,
        speed: Speed = REAL,
        busy: Callable[[], bool] = never_busy,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.speed = speed
        self.jumping = True
        self._engine = engine
        self._busy = busy
        self._clock = clock
        self._outside = 0
        self._virtual, self._wall = engine.now, clock()

    def bound(self, *, awaited: bool) -> int | None:
        """How far time may go now, µs of the run; None = as far as whoever waits lets it.

        Args:
            awaited: whether somebody waits for something in the run, and nobody's wait is over.
        """
        was_jumping = self.jumping
        self.jumping = self.speed.jumps and not self._outside and (awaited or self._busy())
        if self.jumping:
            return None if awaited else self._engine.now + _STEP
        if was_jumping:
            self._virtual, self._wall = self._engine.now, self._clock()
        return self._virtual + int((self._clock() - self._wall) * self.speed.factor * SECOND)

    @contextmanager
    def outside_answer(self) -> Iterator[None]:
        """While somebody outside the run owes it an answer, no timer falls due before its time, not even at `max`."""
        self._outside += 1
        self._engine.stop = True  # where this is called from inside a slice that jumps, it jumps no further
        try:
            yield
        finally:
            self._outside -= 1
