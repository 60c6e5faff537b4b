"""Route discovery (AODV, symmetric links) and the routes it found."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from emulator.core.clock import MILLISECOND, SECOND

DISCOVERY_TIME = 1_500 * MILLISECOND
"""How long an originator waits for a route reply before it asks again."""
DISCOVERY_RETRIES = 2
_RECORD_LIFE = 10 * SECOND


@dataclass(slots=True)
class Route:
    """Where to send what is meant for one destination."""

    next_hop: int
    cost: int


@dataclass(slots=True)
class Discovery:
    """A route that is being looked for, and what waits for it."""

    retries: int = DISCOVERY_RETRIES
    waiting: deque[object] = field(default_factory=deque)


@dataclass(slots=True)
class _Seen:
    """The best copy of a route request so far."""

    previous_hop: int
    cost: int
    expires: int
    reply_cost: int | None = None


class Routes:
    """Routing table, route discovery table, and the frames that wait for a route."""

    def __init__(self) -> None:
        self.discoveries: dict[int, Discovery] = {}
        self._routes: dict[int, Route] = {}
        self._seen: dict[tuple[int, int], _Seen] = {}
        self._identifier = 0

    def __iter__(self) -> Iterator[tuple[int, Route]]:
        """Every route with its destination, lowest first."""
        return iter(sorted(self._routes.items(), key=lambda row: row[0]))

    def next_identifier(self) -> int:
        """A fresh route request identifier."""
        self._identifier = (self._identifier + 1) & 0xFF
        return self._identifier

    def get(self, destination: int) -> Route | None:
        """The route to a destination, if known."""
        return self._routes.get(destination)

    def set(self, destination: int, next_hop: int, cost: int) -> None:
        """Take a route; what was known before is older, so it does not matter that it may have been cheaper."""
        self._routes[destination] = Route(next_hop, cost)

    def remove(self, destination: int) -> None:
        """Forget a route."""
        self._routes.pop(destination, None)

    def remove_through(self, next_hop: int) -> None:
        """Forget every route through a neighbour that does not answer."""
        for destination in [known for known, route in self._routes.items() if route.next_hop == next_hop]:
            del self._routes[destination]

    def better(self, originator: int, identifier: int, previous_hop: int, cost: int, now: int) -> bool:
        """Note a copy of a route request; whether it is the first or better than those before."""
        self._seen = {key: seen for key, seen in self._seen.items() if seen.expires > now}
        seen = self._seen.get((originator, identifier))
        if seen is not None and seen.cost <= cost:
            return False
        self._seen[originator, identifier] = _Seen(previous_hop, cost, now + _RECORD_LIFE)
        return True

    def better_reply(self, originator: int, identifier: int, cost: int) -> bool:
        """Note a route reply; whether it is the first to that request or better than those before."""
        seen = self._seen.get((originator, identifier))
        if seen is None or (seen.reply_cost is not None and seen.reply_cost <= cost):
            return False
        seen.reply_cost = cost
        return True

    def previous_hop(self, originator: int, identifier: int) -> int | None:
        """The neighbour through which the best copy of a route request came."""
        seen = self._seen.get((originator, identifier))
        return None if seen is None else seen.previous_hop
