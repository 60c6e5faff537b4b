"""A point to try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from emulator.core.clock import MINUTE
from emulator.transports.ezsp.assumptions import ASSUMPTIONS, Assumption
from emulator.transports.ezsp.check.stage import Order, Scene, Stage

_BY_NAME: Final = {each.name: each for each in ASSUMPTIONS}
_TWO: Final = 2
_STICKS: Final = {Scene.EMPTY: 1, Scene.FORMED: 1}


@dataclass(frozen=True, slots=True)
class Point:
    """One assumption and how it is tried.

    Attributes:
        name: of the assumption.
        scene: how things must stand.
        run: tries it; what was seen, or Otherwise, or NotTried.
        more_sticks: it takes so many beyond those of the scene.
        exchanged: every stick takes the part of the hub once; else the first one only, as both ends are tried anyway.
        spoils: the scene is not what it was afterwards.
        within: µs, the scene not counted.
    """

    name: str
    scene: Scene
    run: Callable[[Stage], Awaitable[str]]
    more_sticks: int = 0
    exchanged: bool = True
    spoils: bool = False
    within: int = 2 * MINUTE

    @property
    def assumption(self) -> Assumption:
        """What is taken for granted."""
        return _BY_NAME[self.name]

    @property
    def sticks(self) -> int:
        """So many it takes."""
        return _STICKS.get(self.scene, _TWO) + self.more_sticks

    def orders(self, sticks: int) -> list[Order]:
        """Who plays what, one go after the other, with so many sticks there; none where they are too few."""
        if sticks < self.sticks:
            return []
        order = tuple(range(sticks))
        if not self.exchanged or sticks == 1:
            return [order]
        return [order, (1, 0, *order[2:])]
