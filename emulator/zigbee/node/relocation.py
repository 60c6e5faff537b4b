"""Another place in the network: what a node changes once a parent took it, or took it back."""

from __future__ import annotations

from typing import Protocol

from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.network_keys import NetworkKeys
from emulator.zigbee.node.nwk import NwkLayer
from emulator.zigbee.node.rejoining import NewPlace


class RelocationUser(Protocol):
    """The network management of the node."""

    def back(self, now: int) -> None:
        """We have a parent again, or another one."""

    def swapped(self, place: NewPlace, now: int) -> None:
        """We have a place in the network of another trust centre."""


class Relocation:
    """What a rejoin comes to, and what it asks of the network around.

    Args:
        mac, nwk: address, neighbours and routes.
        memory, membership: the place so far.
        network_keys: for a key that came along.
        user: told of the new place.
    """

    def __init__(
        self, mac: MacLayer, nwk: NwkLayer, memory: NodeMemory, membership: Membership, network_keys: NetworkKeys,
        user: RelocationUser,
    ) -> None:  # fmt: skip
        self._mac = mac
        self._nwk = nwk
        self._memory = memory
        self._membership = membership
        self._network_keys = network_keys
        self._user = user

    def network_in_earshot(self, now: int) -> bool:
        """Whether a router was heard of late."""
        return bool(self._nwk.neighbours.routers(now))

    def moved(self, place: NewPlace, now: int) -> None:
        """A parent took us; in another network everything begins anew."""
        if place.network is not None:
            self._user.swapped(place, now)
            return
        membership, neighbours = self._membership, self._nwk.neighbours
        neighbours.remove(membership.parent)
        self._nwk.routes.remove_through(membership.parent)
        membership.short, membership.parent, membership.depth = place.short, place.parent, place.depth
        self._memory.learn(self._mac.eui64, place.short)
        self._mac.set_address(membership.pan_id, place.short)
        neighbours.add(place.parent, now, router=True, permanent=True)
        if place.network_key is not None:
            self._network_keys.replace(*place.network_key, now)
        self._user.back(now)
