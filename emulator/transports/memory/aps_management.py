"""How a device of `mem:aps` comes into a network, goes on in it after a power cut, moves, and is out of it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import (
    BROADCAST_RX_ON,
    COORDINATOR,
    NOT_JOINED,
    ApsMessage,
    DeviceLeft,
    JoinSettings,
    NetworkDown,
    NetworkSettings,
    NetworkUp,
    NodeType,
)
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.aps_broadcast import Broadcast
from emulator.transports.memory.aps_join import Join
from emulator.transports.memory.aps_keys import NetworkKeys, next_trust_centre_key, put_in_force
from emulator.transports.memory.aps_network import Membership
from emulator.transports.memory.aps_rotation import KeyRotation
from emulator.zigbee.frames.zdo import DeviceAnnce

if TYPE_CHECKING:
    from emulator.transports.memory.aps_network import Network
    from emulator.transports.memory.aps_port import ApsAirPort

ANNOUNCEMENT_OCTETS = 12
"""ASDU of a device announcement."""


class NetworkManagement:
    """The network of one device: what it asks for, and what its join, its rejoin and the trust centre come to.

    Args:
        port: the device.

    Attributes:
        rotation: how it brings in another network key, where it is the trust centre.
    """

    def __init__(self, port: ApsAirPort) -> None:
        self.rotation = KeyRotation(port)
        self._port = port
        self._air = port.air
        self._call_at = port.air.scheduler.call_at

    # What the device asks for

    def form(self, settings: NetworkSettings, now: int) -> None:
        """Start a network; LocalProtocolError where it is no coordinator."""
        port = self._port
        if port.configured().node_type is not NodeType.COORDINATOR:
            raise LocalProtocolError("a network is formed by a coordinator")
        port.forget(now)
        network = self._air.network(settings, port)
        port.keys = NetworkKeys(settings.network_key)
        port.enter(Membership(network, COORDINATOR, COORDINATOR), now)
        self._call_at(now, self._up, port.generation)

    def join(self, settings: JoinSettings, now: int) -> None:
        """Look for a network; ends in `joined` or `join_failed`."""
        port = self._port
        port.configured()
        port.forget(now)
        port.on_air = True
        Join(port, settings, self).start(now)

    def resume(self, now: int) -> None:
        """Power is back: go on with the network that is remembered."""
        port = self._port
        port.configured()
        port.stop(now)
        membership = port.membership
        if membership is None:
            self._call_at(now, port.tell, NetworkDown(NOT_JOINED), port.generation)
            return
        port.switch_on(membership, now)
        if membership.short == COORDINATOR:
            self._call_at(now, self._up, port.generation)
            self.rotation.resume(now)
        else:
            port.rejoin.parent_may_be_gone(now)
            self._call_at(self._announce(now), self._up, port.generation)

    def leave(self, now: int) -> None:
        """Leave for good, and say so."""
        network = self._port.network
        if network is not None:
            self._air.announce(network, self._port, timing.LEAVE, now)
            self._tell_trust_centre(network, "left", now)
        self._go_down("left", now)

    # What becomes of it

    def joined(self, membership: Membership, now: int) -> None:
        """The join came to its good end: tell everyone, the trust centre too."""
        keys = membership.network.trust_centre.keys
        self._port.keys = NetworkKeys(keys.key, keys.sequence)
        self._port.enter(membership, now)
        self._settle_in(now)

    def join_failed(self, reason: str, now: int) -> None:
        """No network took us."""
        self._port.stop(now)
        self._port.tell(NetworkDown(reason), self._port.generation)

    def moved(self, membership: Membership, keys: NetworkKeys, now: int) -> None:
        """Another parent, and the network key in force."""
        port = self._port
        port.membership = membership
        port.parent = membership.parent
        port.key_changed()
        put_in_force(port, keys.key, keys.sequence, now)
        self._settle_in(now)

    def swapped(self, network: Network, parent: ApsAirPort, now: int) -> None:
        """The trust centre of another network gave us the network key: go on there, with the link key for it."""
        port, centre = self._port, network.trust_centre
        link_key = next_trust_centre_key(port)
        assert link_key is not None
        port.forget(now)
        port.link_keys.inherit(centre.eui64, link_key)
        port.keys = NetworkKeys(centre.keys.key, centre.keys.sequence)
        parent.children[port.eui64] = port.sleepy
        port.enter(Membership(network, network.address_for(port), parent.short), now)
        self._settle_in(now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        if self._port.network is not None:
            self._tell_trust_centre(self._port.network, "removed", now)
        self._go_down("removed", now)

    # Telling

    def _settle_in(self, now: int) -> None:
        """At a place in the network: tell everyone, and the device."""
        self._announce(now)
        self._up(self._port.generation)

    def _announce(self, now: int) -> int:
        """Broadcast a device announcement; when it is over, µs."""
        message = ApsMessage(BROADCAST_RX_ON, 0, 0, 0, DeviceAnnce.cluster, bytes(ANNOUNCEMENT_OCTETS))
        return Broadcast(self._port, message, self._announced_to).start(now)

    def _announced_to(self, member: ApsAirPort, now: int) -> None:  # noqa: ARG002 - a broadcast gives it
        network = member.network
        if network is not None and network.trust_centre is member:
            network.announced(self._port)

    def _up(self, generation: int) -> None:
        membership = self._port.membership
        if membership is None:
            return
        network, settings = membership.network, membership.network.settings
        event = NetworkUp(
            membership.short, settings.pan_id, settings.extended_pan_id, settings.channel, membership.parent,
            network.trust_centre.eui64,
        )  # fmt: skip
        self._port.tell(event, generation)

    def _go_down(self, reason: str, now: int) -> None:
        self._port.forget(now)
        self._call_at(now, self._port.tell, NetworkDown(reason), self._port.generation)

    def _tell_trust_centre(self, network: Network, reason: str, now: int) -> None:
        centre = network.trust_centre
        if centre is not self._port and centre.network is network:
            self._call_at(now, centre.tell, DeviceLeft(self._port.eui64, reason), centre.generation)
