"""Broadcasts on their way: those of this node, those of others relayed once, and either again where it is needed.

A router repeats a broadcast as long as a neighbouring router was not heard relaying it (passive acknowledgement).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import BROADCAST_ALL
from emulator.zigbee.node.broadcasts import JITTER, PASSIVE_ACK_WAIT, Broadcasts
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.node.neighbours import Neighbours


class Broadcasting:
    """Data broadcasts at one node.

    Args:
        mac: holds them for sleeping children.
        memory: names these.
        neighbours: who is to be heard relaying.
        transmit: sends one frame to everybody in earshot; takes it, BROADCAST_ALL and `now`.
        rng: for moments at which not everybody sends.
        alarm: of the node.
    """

    def __init__(
        self,
        mac: MacLayer,
        memory: NodeMemory,
        neighbours: Neighbours,
        transmit: Callable[[Hop, int, int], None],
        rng: Random,
        alarm: Alarm,
    ) -> None:
        self.timers: Timers[tuple[str, int, int]] = Timers(alarm)
        self._mac = mac
        self._memory = memory
        self._neighbours = neighbours
        self._transmit = transmit
        self._rng = rng
        self._known = Broadcasts()

    def begin(self, hop: Hop, now: int) -> None:
        """One of our own."""
        self._enter(hop, now)
        self._send(hop, now)

    def heard(self, source: int, sequence: int, relay: int) -> bool:
        """A neighbour was heard sending one; whether it was known already."""
        return self._known.heard(source, sequence, relay)

    def note(self, hop: Hop, now: int) -> None:
        """One that goes no further from here."""
        self._known.add(hop.source, hop.sequence, set(), hop, now)

    def relay(self, hop: Hop, previous_hop: int, now: int) -> None:
        """One that is to go on from here, in a moment."""
        self._enter(hop, now)
        self._known.heard(hop.source, hop.sequence, previous_hop)
        self._known.heard(hop.source, hop.sequence, hop.source)
        self.timers.set(("relay", hop.source, hop.sequence), now + self._rng.randrange(JITTER))

    def on_timeout(self, now: int) -> None:
        """Relay or repeat what is due."""
        for action, source, sequence in self.timers.due(now):
            entry = self._known.get(source, sequence)
            if entry is None:
                continue
            if action == "relay":
                self._send(entry.frame, now)
            elif entry.missing and entry.repeats:
                entry.repeats -= 1
                self.timers.set(("repeat", source, sequence), self._repeat_at(now))
                self._transmit(entry.frame, BROADCAST_ALL, now)

    def _enter(self, hop: Hop, now: int) -> None:
        missing = {neighbour.short for neighbour in self._neighbours.routers(now)}
        if hop.radius > 1:
            self._known.add(hop.source, hop.sequence, missing, hop, now)
            self.timers.set(("repeat", hop.source, hop.sequence), self._repeat_at(now))
        else:
            self.note(hop, now)

    def _repeat_at(self, now: int) -> int:
        """With jitter: relays that do not hear each other would otherwise collide each time as they did the first."""
        return now + PASSIVE_ACK_WAIT + self._rng.randrange(JITTER)

    def _send(self, hop: Hop, now: int) -> None:
        self._transmit(hop, BROADCAST_ALL, now)
        if hop.destination == BROADCAST_ALL:
            for child in self._memory.children.values():
                if child.sleepy and child.short != hop.source:
                    self._mac.hold_data(child.short, hop.copy(), now)
