"""Broadcasts of `mem:aps`: every router repeats them once, and again where a neighbouring router did not get them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from emulator.core.eui64 import Eui64
from emulator.ports.aps import BROADCAST_ALL, ApsMessage
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.aps_held import Held
from emulator.transports.memory.aps_keys import reads
from emulator.zigbee.node.broadcasts import MAX_REPEATS

if TYPE_CHECKING:
    from emulator.transports.memory.aps_network import Network
    from emulator.transports.memory.aps_port import ApsAirPort

Receive = Callable[["ApsAirPort", int], None]
"""What a broadcast does to each member that gets it; takes it and `now`."""


class Broadcast:
    """One broadcast.

    Args:
        port: who sends it.
        message: for its size, destination and radius.
        receive: called for every member that got it.
        psdu: its octets, where it is no data frame.
    """

    def __init__(self, port: ApsAirPort, message: ApsMessage, receive: Receive, psdu: int | None = None) -> None:
        self._port = port
        self._psdu = timing.DATA + len(message.payload) if psdu is None else psdu
        self._to_sleepy = message.destination == BROADCAST_ALL
        self._radius = message.radius
        self._receive = receive
        self._reached: dict[Eui64, ApsAirPort] = {}

    def start(self, now: int) -> int:
        """Send it; when the last repetition is over, µs."""
        port, network = self._port, self._port.network
        if network is None:
            return now
        end, root = self._to_root(network, now)
        if root is None:
            return end
        self._reached[root.eui64] = root
        relays = [(root, 1)]
        for relay, depth in relays:
            end = self._relay(network, relay, relays, depth, now)
        reached = [member for member in self._reached.values() if member is not port]
        network.air.scheduler.call_at(end, self._arrive, network, reached)
        if self._to_sleepy:
            self._hold(network, end)
        return end

    def _to_root(self, network: Network, now: int) -> tuple[int, ApsAirPort | None]:
        """A sleepy device has its parent broadcast for it."""
        port = self._port
        if not port.sleepy:
            return now, port
        parent = network.members.get(port.parent)
        hop = network.air.hop(port, parent)
        if parent is None or hop is None:
            return now, None
        carried = network.air.carry(network, (hop,), self._psdu, now)
        return carried.end, parent if carried.arrived else None

    def _relay(
        self, network: Network, relay: ApsAirPort, relays: list[tuple[ApsAirPort, int]], depth: int, now: int
    ) -> int:
        """One router's transmissions; who is reached for the first time relays in its turn."""
        air, reached = network.air, self._reached
        hops = [hop for hop in air.neighbours(relay) if network.relays(hop.receiver)]
        end = now
        for _ in range(1 + MAX_REPEATS):
            end = air.announce(network, relay, self._psdu, now)
            for hop in hops:
                known = hop.receiver.eui64 in reached
                if not known and not (hop.loss and relay.rng.random() < hop.loss):
                    reached[hop.receiver.eui64] = hop.receiver
                    if not self._radius or depth < self._radius:
                        relays.append((hop.receiver, depth + 1))
            if all(hop.receiver.eui64 in reached for hop in hops):
                break
        return end

    def _arrive(self, network: Network, reached: list[ApsAirPort]) -> None:
        now = network.air.scheduler.now
        for member in reached:
            if member.network is network and reads(member, self._port, now):
                self._receive(member, now)

    def _hold(self, network: Network, now: int) -> None:
        for member in list(network.members.values()):
            parent = network.members.get(member.parent)
            if member.sleepy and member is not self._port and parent is not None and parent.eui64 in self._reached:
                Held(network, parent, member, {0: self._psdu}, partial(self._fetched, network, member)).wait(now)

    def _fetched(self, network: Network, member: ApsAirPort, arrived: list[int], expired: bool) -> None:  # noqa: ARG002 - one that expired is lost
        if arrived:
            self._arrive(network, [member])
