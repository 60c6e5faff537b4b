"""The broadcast transaction table: a broadcast is relayed once, and again while a neighbouring router was not heard."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.clock import MILLISECOND, SECOND
from emulator.zigbee.node.hop import Hop

JITTER = 64 * MILLISECOND
PASSIVE_ACK_WAIT = 500 * MILLISECOND
MAX_REPEATS = 2
LIFE = 9 * SECOND


@dataclass(slots=True)
class Broadcast:
    """One broadcast under way.

    Attributes:
        missing: neighbouring routers not yet heard relaying it.
        frame: what to send again.
    """

    expires: int
    missing: set[int]
    frame: Hop
    repeats: int = MAX_REPEATS


class Broadcasts:
    """Broadcasts of the last nine seconds, by originator and sequence."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, int], Broadcast] = {}

    def get(self, source: int, sequence: int) -> Broadcast | None:
        """The entry, if this broadcast is known."""
        return self._entries.get((source, sequence))

    def add(self, source: int, sequence: int, missing: set[int], frame: Hop, now: int) -> Broadcast:
        """Note a new broadcast."""
        self._entries = {key: entry for key, entry in self._entries.items() if entry.expires > now}
        entry = self._entries[source, sequence] = Broadcast(now + LIFE, missing, frame)
        return entry

    def heard(self, source: int, sequence: int, relay: int) -> bool:
        """A neighbour was heard sending it; whether it was known already."""
        entry = self._entries.get((source, sequence))
        if entry is None:
            return False
        entry.missing.discard(relay)
        return True
