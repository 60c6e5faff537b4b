"""Memory that outlives the power: explicit writes, counted, each of which the power may be cut at.

Cuts before, inside and after a write are three different things: a model with atomic writes has missed real faults
(mcuboot's simulator, and the bricks that followed).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from emulator.core.errors import EmulatorError

ERASED = b"\xff"


class Cut(Enum):
    """Where in a write the power goes."""

    BEFORE = "before"
    TORN = "torn"
    """The first half of the octets is written."""
    AFTER = "after"


class PowerCut(EmulatorError):
    """The power went: whatever ran on the device is gone, only its flash is left."""


FlashFault = Callable[[int], Cut | None]
"""Asked at every write, which it is given by number (the first is 1), whether the power goes."""


def cut_at(number: int, cut: Cut) -> FlashFault:
    """The power goes once, at that write."""
    return lambda write: cut if write == number else None


class Flash:
    """Named regions of octets.

    Attributes:
        writes: writes and erasures so far.
        fault: cuts the power; None never does.
    """

    __slots__ = ("_regions", "fault", "writes")

    def __init__(self, fault: FlashFault | None = None) -> None:
        self._regions: dict[str, bytearray] = {}
        self.fault = fault
        self.writes = 0

    def region(self, name: str) -> bytearray:
        """A region as it stands, to be read or handed to `write`; one that was never erased has no octets."""
        return self._regions.setdefault(name, bytearray())

    def write(self, region: bytearray, offset: int, octets: bytes) -> None:
        """Write `octets` at `offset`; the caller has seen to it that they fit.

        Raises:
            PowerCut: as `fault` wanted it.
        """
        self.writes += 1
        end = offset + len(octets)
        if self.fault is None or (cut := self.fault(self.writes)) is None:
            region[offset:end] = octets
            return
        kept = {Cut.BEFORE: 0, Cut.TORN: len(octets) // 2, Cut.AFTER: len(octets)}[cut]
        region[offset : offset + kept] = octets[:kept]
        raise PowerCut(f"{cut.value} write {self.writes}")

    def erase(self, name: str, size: int) -> None:
        """Give a region `size` octets, all erased; counts as one write, and its memory is taken only now.

        Raises:
            PowerCut: as `fault` wanted it.
        """
        region = self.region(name)
        del region[size:]
        region.extend(ERASED * (size - len(region)))
        self.write(region, 0, ERASED * size)
