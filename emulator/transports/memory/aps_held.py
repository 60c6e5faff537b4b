"""Frames that a parent holds for a sleepy child until the child asks for them (indirect transmission)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.transports.memory import aps_timing as timing
from emulator.zigbee.node.indirect import INDIRECT_PERSISTENCE

if TYPE_CHECKING:
    from emulator.transports.memory.aps_network import Network
    from emulator.transports.memory.aps_port import ApsAirPort

Then = Callable[[list[int], bool], None]
"""Takes the numbers of the frames that arrived, and whether others expired unfetched."""


class Held:
    """A few frames of one message at one parent.

    Args:
        network: theirs.
        parent: who holds them.
        child: who is to fetch them.
        frames: number and PSDU octets of each.
        then: told once, when all have arrived, or the rest has expired or gone with the parent's power.
    """

    def __init__(
        self, network: Network, parent: ApsAirPort, child: ApsAirPort, frames: dict[int, int], then: Then
    ) -> None:
        self._network = network
        self._parent = parent
        self._child = child
        self._frames = frames
        self._then = then
        self._arrived: list[int] = []
        self._expires = 0
        self._generation = parent.generation

    def wait(self, now: int) -> None:
        """Begin to hold them."""
        self._expires = now + INDIRECT_PERSISTENCE
        self._await_poll(now)

    def _await_poll(self, now: int) -> None:
        call_at = self._network.air.scheduler.call_at
        poll = self._child.idle.next_poll(now)
        if poll is None or poll > self._expires:
            call_at(self._expires, self._expire)
        else:
            call_at(poll, self._fetch)

    def _fetch(self) -> None:
        """The child asks: every frame is preceded by a data request, as the one before announces it."""
        network, child, parent = self._network, self._child, self._parent
        air = network.air
        end = now = air.scheduler.now
        up, down = air.hop(child, parent), air.hop(parent, child)
        if parent.generation != self._generation:
            self._then(self._arrived, False)
            return
        if up is None or down is None or child.network is not network:
            self._await_poll(now + 1)
            return
        child.idle.fetched(now)
        for number, psdu in list(self._frames.items()):
            asked = air.carry(network, (up,), timing.DATA_REQUEST, end)
            end = asked.end
            if not asked.arrived:
                break
            given = air.carry(network, (down,), psdu, end)
            end = given.end
            if given.arrived:
                self._arrived.append(number)
                del self._frames[number]
        if self._frames:
            self._await_poll(end + 1)
        else:
            air.scheduler.call_at(end, self._then, self._arrived, False)

    def _expire(self) -> None:
        self._child.rejoin.check_parent(self._network.air.scheduler.now)
        self._then(self._arrived, self._parent.generation == self._generation)
