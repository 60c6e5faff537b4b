"""A serial line that loses, flips, doubles and delays octets, each direction by itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from random import Random
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Report

LOST: Final = "lost"
FLIPPED: Final = "flipped"
DOUBLED: Final = "doubled"
_BITS: Final = 8
_NEVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class LineFaults:
    """What happens to octets on their way.

    Attributes:
        lose, flip, double: probability for each octet, 0 to 1: it is gone, one bit of it changes, it comes twice.
        delay: µs that everything takes longer.
        jitter: µs at most that a write takes longer still; it never overtakes the one before.
    """

    lose: float = 0.0
    flip: float = 0.0
    double: float = 0.0
    delay: int = 0
    jitter: int = 0

    def __post_init__(self) -> None:
        if not all(0 <= rate <= 1 for rate in (self.lose, self.flip, self.double)) or self.delay < 0 or self.jitter < 0:
            raise LocalProtocolError(f"no such faults: {self}")


class FaultyLine:
    """One direction of a line.

    Args:
        faults: what happens to octets.
        rng: what it is drawn from.
        report: told of every octet that was tampered with (`line.fault`).
    """

    def __init__(self, faults: LineFaults, rng: Random, report: Report) -> None:
        self._delay = faults.delay
        self._jitter = faults.jitter
        self._rng = rng
        self._report = report
        self._free_at = 0
        self._rates = {LOST: faults.lose, FLIPPED: faults.flip, DOUBLED: faults.double}
        self._next = {what: self._gap(rate) for what, rate in self._rates.items()}

    def write(self, octets: bytes, now: int) -> tuple[int, bytes]:
        """What comes out at the other end of what is written now, and when (µs); nothing may be left of it."""
        at = max(now + self._delay + (self._rng.randrange(self._jitter + 1) if self._jitter else 0), self._free_at)
        self._free_at = at
        left = octets
        for what in (DOUBLED, FLIPPED, LOST):  # The last first: each works on what the one before has left.
            left = self._tamper(what, left, now)
        return at, left

    def _tamper(self, what: str, octets: bytes, now: int) -> bytes:
        """Do one kind of harm, and note how far the next octet is that it befalls."""
        at = self._next[what]
        if at >= len(octets):
            self._next[what] = at - len(octets)
            return octets
        harmed = bytearray()
        begin = 0
        while at < len(octets):
            harmed += octets[begin:at] + self._harm(what, octets[at])
            self._report("line.fault", what, {"octet": octets[at]}, now)
            begin = at + 1
            at = begin + self._gap(self._rates[what])
        self._next[what] = at - len(octets)
        return bytes(harmed + octets[begin:])

    def _harm(self, what: str, octet: int) -> bytes:
        if what == LOST:
            return b""
        if what == DOUBLED:
            return bytes((octet, octet))
        return bytes((octet ^ (1 << self._rng.randrange(_BITS)),))

    def _gap(self, rate: float) -> int:
        """How many octets go untouched before the next one that does not: one draw for many octets."""
        if rate <= 0:
            return _NEVER
        if rate >= 1:
            return 0
        return int(log(1 - self._rng.random()) / log(1 - rate))
