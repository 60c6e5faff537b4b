"""Whom a node hears directly: its parent, its children, the routers around it, and what a hop to each costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import NO_ADDRESS
from emulator.zigbee.node.node_counters import NodeCounters

LINK_STATUS_PERIOD = 15 * SECOND
STALE_AFTER = 4 * LINK_STATUS_PERIOD
"""A router that was silent for so long is no neighbour any more."""
MAX_FAILURES = 3
"""Frames in a row that a neighbour may leave unacknowledged before routes avoid it."""
_COSTS = ((200, 1), (150, 2), (100, 3), (60, 5))
_WORST_COST = 7


def cost_of(lqi: int) -> int:
    """Link cost 1 (best) to 7 for a link quality of 0 to 255; the scale is ours, the specification leaves it open."""
    return next((cost for floor, cost in _COSTS if lqi >= floor), _WORST_COST)


@dataclass(slots=True)
class Neighbour:
    """One device within earshot.

    Attributes:
        outgoing_cost: what it says its incoming cost from us is; 0 as long as it has not said.
        failures: frames in a row that it did not acknowledge.
    """

    short: int
    router: bool
    eui64: Eui64 | None = None
    lqi: int = 255
    outgoing_cost: int = 0
    heard_at: int = 0
    failures: int = 0
    permanent: bool = False

    @property
    def incoming_cost(self) -> int:
        """What a hop from it to us costs."""
        return cost_of(self.lqi)

    @property
    def cost(self) -> int:
        """What a hop costs, the worse direction counting."""
        return max(self.incoming_cost, self.outgoing_cost)


class Neighbours:
    """The neighbour table of one node; `counters` are told of rows that come and go."""

    def __init__(self, counters: NodeCounters | None = None) -> None:
        self._by_short: dict[int, Neighbour] = {}
        self._counters = counters or NodeCounters()

    def __iter__(self) -> Iterator[Neighbour]:
        return iter(self._by_short.values())

    def get(self, short: int) -> Neighbour | None:
        """The neighbour with this short address."""
        return self._by_short.get(short)

    def add(
        self, short: int, now: int, *, router: bool, eui64: Eui64 | None = None, permanent: bool = False
    ) -> Neighbour:
        """Note a neighbour; what is known of it already stays. Parent and children are `permanent`."""
        if short == NO_ADDRESS:
            raise ValueError("a neighbour needs a short address")
        known = self._by_short.get(short)
        if known is None:
            known = self._by_short[short] = Neighbour(short, router)
            self._counters.neighbours_added += 1
        known.router = router
        known.eui64 = eui64 or known.eui64
        known.heard_at = now
        known.failures = 0
        known.permanent = known.permanent or permanent
        return known

    def remove(self, short: int) -> None:
        """Forget a neighbour."""
        if self._by_short.pop(short, None) is not None:
            self._counters.neighbours_removed += 1

    def heard(self, short: int, eui64: Eui64 | None, lqi: int, now: int) -> None:
        """A good frame came from it, and says who it is unless it was unprotected."""
        neighbour = self._by_short.get(short)
        if neighbour is not None:
            neighbour.eui64 = eui64 or neighbour.eui64
            neighbour.lqi = lqi
            neighbour.heard_at = now
            neighbour.failures = 0

    def was_deaf(self, span: int) -> None:
        """Nothing could be heard for `span` µs: that says nothing about anybody."""
        for neighbour in self._by_short.values():
            neighbour.heard_at += span

    def usable(self, short: int, now: int) -> Neighbour | None:
        """The neighbour, if a frame may be sent to it directly."""
        neighbour = self._by_short.get(short)
        if neighbour is None or neighbour.failures >= MAX_FAILURES:
            return None
        if not neighbour.permanent and now - neighbour.heard_at > STALE_AFTER:
            return None
        return neighbour

    def routers(self, now: int) -> list[Neighbour]:
        """The routers heard of late, by short address (as link status lists them)."""
        return sorted(
            (known for known in self._by_short.values() if known.router and now - known.heard_at <= STALE_AFTER),
            key=lambda known: known.short,
        )
