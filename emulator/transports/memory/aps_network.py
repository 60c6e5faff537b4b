"""One network of `mem:aps`: its members, and the ways between them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.core.eui64 import Eui64, eui64_text
from emulator.ports.aps import COORDINATOR, DeviceJoined, JoinRefused, NetworkSettings
from emulator.zigbee.node.trust_centre import ANNOUNCE_WAIT
from emulator.zigbee.security.keys import UNKNOWN_DEVICE, unfit_for_join

if TYPE_CHECKING:
    from emulator.transports.memory.aps_air import ApsAir, Hop
    from emulator.transports.memory.aps_port import ApsAirPort


_UNREACHABLE = 15
_LAST_SHORT = 0xFFF7


class Medium:
    """One channel where it is heard: `busy_until` (µs) is when the next frame may begin."""

    __slots__ = ("busy_until",)

    def __init__(self) -> None:
        self.busy_until = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """What a device keeps of its network over a power cut; short addresses."""

    network: Network
    short: int
    parent: int


class Path:
    """The way from one member to another, good as long as nothing changes.

    Attributes:
        target: the last receiver.
        hops: one for each frame; none to oneself.
        plain: one hop over the air that loses nothing, both ends awake and with one network key: delivery is certain
            and takes one event.
        key: the link key that the sender has with the target, if any.
        key_fits: both ends have the same link key for each other.
        generation: of the sender, to tell its restarts apart.
        version: of the network; `topology_version` of the links.
    """

    __slots__ = (
        "generation",
        "hops",
        "key",
        "key_fits",
        "lqi",
        "network",
        "plain",
        "rssi",
        "target",
        "topology_version",
        "version",
    )

    def __init__(self, network: Network, sender: ApsAirPort, target: ApsAirPort, hops: list[Hop]) -> None:
        self.network = network
        self.target = target
        self.hops = hops
        awake = target.network is network and not target.sleepy and not sender.sleepy
        same = sender.keys.sequence == target.keys.sequence
        self.plain = (
            awake and same and len(hops) == 1 and not hops[0].loss and not hops[0].ack_loss and not hops[0].link.rate
        )
        key = self.key = sender.link_keys.get(target.eui64)
        self.key_fits = key is not None and target.link_keys.get(sender.eui64) == key
        self.generation = sender.generation
        self.version = network.version
        self.topology_version = network.air.topology.version
        self.rssi, self.lqi = (hops[-1].link.rssi, hops[-1].link.lqi) if hops else (0, 255)


class Network:
    """Who is in it, and how messages go.

    Attributes:
        members: by short address, switched off or not.
        addresses: short address by EUI-64, kept for those who left and may come back.
        version: counts everything but the links that can change a path.
    """

    def __init__(self, air: ApsAir, settings: NetworkSettings, trust_centre: ApsAirPort) -> None:
        self.air = air
        self.settings = settings
        self.channel = settings.channel
        self.trust_centre = trust_centre
        self.members: dict[int, ApsAirPort] = {}
        self.addresses: dict[Eui64, int] = {}
        self.medium = Medium()
        self.version = 0
        self._waiting: dict[Eui64, tuple[int, int]] = {}

    def changed(self) -> None:
        """A member came, went, or was switched on or off, or a key changed: no path is sure any more."""
        self.version += 1

    def share(self, other: Network) -> None:
        """From now on both networks, and all that share with the other one, have one channel."""
        gone, kept = other.medium, self.medium
        kept.busy_until = max(kept.busy_until, gone.busy_until)
        for network in self.air.networks:
            if network.medium is gone:
                network.medium = kept

    def add(self, port: ApsAirPort, short: int) -> None:
        """`port` is a member from now on."""
        self.members[short] = port
        self.addresses[port.eui64] = short
        self.changed()

    def remove(self, port: ApsAirPort) -> None:
        """`port` is none any more, and nobody's child."""
        short = self.addresses.get(port.eui64)
        if short is not None and self.members.get(short) is port:
            del self.members[short]
        for member in self.members.values():
            member.children.pop(port.eui64, None)
        self.changed()

    def router_went(self, router: ApsAirPort, now: int) -> None:
        """A member was switched off: those who sleep at it will notice."""
        for member in self.members.values():
            if member.network is self and member.parent == router.short and member is not router:
                member.rejoin.parent_may_be_gone(now)

    def address_for(self, port: ApsAirPort) -> int:
        """The address it had here, or a fresh one (stochastic assignment)."""
        known = self.addresses.get(port.eui64)
        if known is not None:
            return known
        taken = set(self.addresses.values())
        while True:
            short = port.rng.randrange(1, _LAST_SHORT + 1)
            if short not in taken:
                return short

    # The trust centre's part

    def admit(self, device: ApsAirPort, parent: int, now: int) -> bool:
        """A device came to `parent`: whether it is given the network key."""
        centre = self.trust_centre
        key = centre.allowed.get(device.eui64)
        reason = unfit_for_join(key)
        if key is None or reason is not None:
            self._refuse(device, reason or UNKNOWN_DEVICE, now)
            return False
        if centre.link_keys.get(device.eui64) != key:
            centre.link_keys.take(device.eui64, key)
            self.changed()
        waiting = self._waiting[device.eui64] = (parent, now)
        self.air.scheduler.call_at(now + ANNOUNCE_WAIT, self._unannounced, device, waiting, centre.generation)
        return True

    def announced(self, device: ApsAirPort) -> None:
        """The trust centre hears that a device is there, or back."""
        centre = self.trust_centre
        parent, _ = self._waiting.pop(device.eui64, (device.parent, 0))
        if device.eui64 in centre.link_keys:
            centre.tell(DeviceJoined(device.eui64, device.short, parent, device.sleepy), centre.generation)

    def _unannounced(self, device: ApsAirPort, waiting: tuple[int, int], generation: int) -> None:
        if self.trust_centre.generation == generation and self._waiting.get(device.eui64) == waiting:
            del self._waiting[device.eui64]
            self._refuse(device, "no-announcement", self.air.scheduler.now)

    def _refuse(self, device: ApsAirPort, reason: str, now: int) -> None:
        centre = self.trust_centre
        centre.report("join.refused", reason, {"device": eui64_text(device.eui64)}, now)
        centre.tell(JoinRefused(device.eui64, reason), centre.generation)

    # Ways

    def relay(self, sender: ApsAirPort, target: ApsAirPort, psdu: int, now: int) -> int | None:
        """Carry one frame between two members; when it is there, None if it was lost."""
        path = None if sender is target else self.path(sender, target.short)
        if path is None:
            return now if sender is target else None
        carried = self.air.carry(self, path.hops, psdu, now)
        return carried.end if carried.arrived else None

    def depth(self, port: ApsAirPort) -> int:
        """Hops to the coordinator; 15 where there is no way."""
        path = self.path(port, COORDINATOR)
        return _UNREACHABLE if path is None else len(path.hops)

    def routers(self, port: ApsAirPort) -> list[ApsAirPort]:
        """The coordinator and routers of this network that are switched on and within earshot of `port`."""
        return [hop.receiver for hop in self.air.neighbours(port) if self.relays(hop.receiver)]

    def relays(self, port: ApsAirPort) -> bool:
        """Whether `port` is a member that passes messages on now."""
        return port.network is self and not port.sleepy

    def path(self, sender: ApsAirPort, destination: int) -> Path | None:
        """The shortest way that exists; rather over routers that are switched on."""
        target = self.members.get(destination)
        if target is None:
            return None
        hops = self._route(sender, target, awake=True)
        if hops is None:
            hops = self._route(sender, target, awake=False)
        return None if hops is None else Path(self, sender, target, hops)

    def _route(self, sender: ApsAirPort, target: ApsAirPort, *, awake: bool) -> list[Hop] | None:
        """Sleepy devices talk to their parents alone."""
        if sender is target:
            return []
        first = self._parent_of(sender)
        last = self._parent_of(target)
        if first is None or last is None:
            return None
        hops = [] if first is sender else [self.air.hop(sender, first)]
        if first is not target:
            between = self._search(first, last, awake=awake)
            if between is None:
                return None
            hops += between
            if last is not target:
                hops.append(self.air.hop(last, target))
        return None if None in hops else [hop for hop in hops if hop is not None]

    def _parent_of(self, port: ApsAirPort) -> ApsAirPort | None:
        """Who speaks for `port` on the network: itself, or a sleepy device's parent."""
        return self.members.get(port.parent) if port.sleepy else port

    def _search(self, first: ApsAirPort, last: ApsAirPort, *, awake: bool) -> list[Hop] | None:
        """Breadth first from one router to another."""
        back: dict[Eui64, Hop] = {}
        queue = deque((first,))
        while queue and last.eui64 not in back and first is not last:
            for hop in self.air.neighbours(queue.popleft()):
                receiver = hop.receiver
                fit = receiver is last or (self.relays(receiver) if awake else self._could_relay(receiver))
                if fit and receiver is not first and receiver.eui64 not in back:
                    back[receiver.eui64] = hop
                    queue.append(receiver)
        return self._trace(back, first, last)

    def _could_relay(self, port: ApsAirPort) -> bool:
        return not port.sleepy and self.members.get(self.addresses.get(port.eui64, -1)) is port

    def _trace(self, back: dict[Eui64, Hop], first: ApsAirPort, last: ApsAirPort) -> list[Hop] | None:
        hops: list[Hop] = []
        here = last
        while here is not first:
            hop = back.get(here.eui64)
            if hop is None:
                return None
            hops.append(hop)
            here = hop.sender
        return hops[::-1]
