"""One device's ZigBee stack on the air of `mem:aps`: an `ApsPort` without frames.

A message on a plain path (one hop that loses nothing, both ends awake) is booked and put on the agenda once; everything
else is a `Transfer`.  Of what the port knows, membership and keys outlast `stop`; the rest belongs to one `generation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import (
    BROADCAST_RX_ON,
    COORDINATOR,
    NO_ADDRESS,
    NOT_JOINED,
    ApsIndication,
    ApsMessage,
    ApsUser,
    DeviceLeft,
    JoinSettings,
    NetworkDown,
    NetworkEvent,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.airtime import ACK_FRAME, OCTET, UNIT_BACKOFF, frame_airtime
from emulator.transports.memory.aps_broadcast import Broadcast
from emulator.transports.memory.aps_idle import Idle
from emulator.transports.memory.aps_join import Join
from emulator.transports.memory.aps_keys import NetworkKeys, next_trust_centre_key, opens, put_in_force
from emulator.transports.memory.aps_network import Membership, Network, Path
from emulator.transports.memory.aps_rejoin import Rejoin
from emulator.transports.memory.aps_rotation import KeyRotation
from emulator.transports.memory.aps_transfer import Transfer
from emulator.transports.memory.aps_zdo import answer_zdo
from emulator.zigbee.frames.zdo import RESPONSE, DeviceAnnce
from emulator.zigbee.node.descriptors import Description
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.node.rejoin_table import RejoinTrigger
from emulator.zigbee.node.zdo import leave_request, permit_joining_request
from emulator.zigbee.security.keys import KEY_OCTETS

if TYPE_CHECKING:
    from emulator.transports.memory.aps_air import ApsAir

FIRST_BROADCAST = 0xFFF8
ANNOUNCEMENT_OCTETS = 12
"""ASDU of a device announcement."""

_PLAIN = timing.DATA
_LINK_KEY = timing.DATA + timing.LINK_KEY_OCTETS
_FIXED = timing.exchange(timing.MAX_PSDU) - OCTET * timing.MAX_PSDU
_PLAIN_ACK = timing.DATA_EXCHANGE
_LINK_KEY_ACK = timing.LINK_KEY_EXCHANGE
_PLAIN_ACK_AIRTIME = frame_airtime(_PLAIN)
_LINK_KEY_ACK_AIRTIME = frame_airtime(_LINK_KEY)
_HEADER_AIRTIME = frame_airtime(0)
_MAX_PSDU = timing.MAX_PSDU
_SLOTS = timing.BACKOFF_SLOTS


class _Nobody:
    """The user before there is one."""

    def received(self, message: ApsIndication, now: int) -> None:
        """Nobody listens."""

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """Nobody asked."""

    def network(self, event: NetworkEvent, now: int) -> None:
        """Nobody cares."""


class ApsAirPort:
    """A stack on an `ApsAir`; made by `ApsAir.port`.

    Attributes:
        eui64: its own address.
        network: the network it is in and switched on for, or None.
        on_air: its radio is on: in a network, or joining one.
        generation: counts power cuts.
        user: whom to tell.
        link_keys: 16 octets by partner; allowed: the trust centre's pre-configured ones.
        key_kinds: where link keys come from, by partner; a pre-configured one has none.
        replaced_keys: the link key before, by partner; opens nothing.
        offered_keys: link keys that partners may use already, see `ApsPort.offer_link_key`.
        children: of a router or coordinator, by EUI-64: whether it sleeps.
        keys: the network keys it has; rejoin: its way back.
        idle: its polls and link status.
        frames, airtime: what it sent, acknowledgements included; airtime in µs.
        apart: airtime (µs) of what it sent that is in no exchange: broadcasts, link status, empty polls.
        exchanged: airtime (µs) of what it sent and of what was sent to it alone, acknowledgements included.
    """

    def __init__(self, air: ApsAir, eui64: Eui64, report: Report) -> None:
        self.air = air
        self.report = report
        self.rng = air.streams.stream(f"{eui64_text(eui64)}/aps")
        self.network: Network | None = None
        self.membership: Membership | None = None
        self.configuration: StackConfiguration | None = None
        self.sleepy = False
        self.on_air = False
        self.short = NO_ADDRESS
        self.parent = NO_ADDRESS
        self.permit_until = 0
        self.generation = 0
        self.link_keys: dict[Eui64, bytes] = {}
        self.key_kinds: dict[Eui64, LinkKeyKind] = {}
        self.replaced_keys: dict[Eui64, bytes] = {}
        self.offered_keys: dict[Eui64, bytes] = {}
        self.allowed: dict[Eui64, bytes] = {}
        self.children: dict[Eui64, bool] = {}
        self.idle = Idle(self)
        self.keys = NetworkKeys()
        self.rejoin = Rejoin(self)
        self.exchanged = 0
        self.apart = 0
        self.frames = 0
        self.airtime = 0
        self.eui64 = eui64
        self.user: ApsUser = _Nobody()
        self._join: Join | None = None
        self._rotation = KeyRotation(self)
        self._paths: dict[int, Path] = {}
        self._handle = 0
        self._draw = self.rng.random
        self._call_at = air.scheduler.call_at
        self._scheduler = air.scheduler
        self._topology = air.topology

    # Set-up

    def attach(self, user: ApsUser) -> None:
        self.user = user

    def configure(self, configuration: StackConfiguration) -> None:
        self.configuration = configuration
        self.sleepy = configuration.node_type is NodeType.SLEEPY

    def configured(self) -> StackConfiguration:
        """The configuration; LocalProtocolError where there is none."""
        if self.configuration is None:
            raise LocalProtocolError("a stack is configured before it goes on the air")
        return self.configuration

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self.allowed[device] = link_key

    def forbid(self, device: Eui64) -> None:
        self.allowed.pop(device, None)

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        if len(key) != KEY_OCTETS:
            raise LocalProtocolError(f"a link key of {len(key)} octets, {KEY_OCTETS} are needed")
        self.offered_keys.pop(device, None)
        before = self.link_keys.get(device)
        if before is not None and before != key:
            self.replaced_keys[device] = before
        self.link_keys[device] = key
        self.key_kinds[device] = LinkKeyKind.ESTABLISHED
        self.key_changed()
        self.report("trust.link-key", None, {"partner": eui64_text(device)}, now)

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:  # noqa: ARG002 - ApsPort
        self.offered_keys.pop(device, None)
        if key is None:
            return
        if len(key) != KEY_OCTETS:
            raise LocalProtocolError(f"a link key of {len(key)} octets, {KEY_OCTETS} are needed")
        self.offered_keys[device] = key

    def link_key_with(self, device: Eui64) -> bytes | None:
        return self.link_keys.get(device)

    def has_established_key(self, device: Eui64) -> bool:
        return device in self.link_keys and self.key_kinds.get(device) is LinkKeyKind.ESTABLISHED

    def short_of(self, device: Eui64) -> int | None:
        membership = self.membership
        return None if membership is None else membership.network.addresses.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        membership = self.membership
        member = None if membership is None else membership.network.members.get(short)
        return None if member is None else member.eui64

    # Network

    def form(self, settings: NetworkSettings, now: int) -> None:
        if self.configured().node_type is not NodeType.COORDINATOR:
            raise LocalProtocolError("a network is formed by a coordinator")
        self._forget(now)
        network = self.air.network(settings, self)
        self.keys = NetworkKeys(settings.network_key)
        self.enter(Membership(network, COORDINATOR, COORDINATOR), now)
        self._call_at(now, self._up, self.generation)

    def join(self, settings: JoinSettings, now: int) -> None:
        self.configured()
        self._forget(now)
        self.on_air = True
        self._join = Join(self, settings)
        self._join.start(now)

    def seek_trust_centre(self, now: int) -> None:
        self.rejoin.start(RejoinTrigger.TRUST_CENTRE_LOST, now)

    def resume(self, now: int) -> None:
        self.configured()
        self.stop(now)
        membership = self.membership
        if membership is None:
            self._call_at(now, self.tell, NetworkDown(NOT_JOINED), self.generation)
            return
        self._switch_on(membership, now)
        if membership.short == COORDINATOR:
            self._call_at(now, self._up, self.generation)
            self._rotation.resume(now)
        else:
            self.rejoin.parent_may_be_gone(now)
            self._call_at(self.announce(now), self._up, self.generation)

    def stop(self, now: int) -> None:
        self.settle(now)
        network = self.network
        self.generation += 1
        self.on_air = False
        self.network = None
        self.permit_until = 0
        self._join = None
        self._paths.clear()
        if network is not None:
            network.changed()
            network.router_went(self, now)

    def leave(self, now: int) -> None:
        membership, network = self.membership, self.network
        if network is not None and membership is not None:
            self.air.announce(network, self, timing.LEAVE, now)
            self._tell_trust_centre(network, "left", now)
        self._go_down("left", now)

    def remove(self, device: Eui64, now: int) -> None:
        short = self.short_of(device)
        if short is not None:
            request = leave_request(short, device, self.rng.randrange(256))
            request.acknowledge = True
            self.send_own(request, now)
        self.allowed.pop(device, None)
        self.link_keys.pop(device, None)
        self.key_kinds.pop(device, None)
        self.replaced_keys.pop(device, None)
        self.offered_keys.pop(device, None)
        if self.network is not None:
            self.network.changed()

    def permit_joining(self, until: int, now: int) -> None:
        self.permit_until = until
        if self.network is not None:
            request = permit_joining_request(until - now, self.rng.randrange(256))
            Broadcast(self, request, lambda port, _: port.permit(until)).start(now)

    def permit(self, until: int) -> None:
        """Let devices associate here until `until` (µs)."""
        self.permit_until = until

    def joined(self, membership: Membership, now: int) -> None:
        """The join came to its good end: tell everyone, the trust centre too."""
        self._join = None
        keys = membership.network.trust_centre.keys
        self.keys = NetworkKeys(keys.key, keys.sequence)
        self.enter(membership, now)
        self.announce(now)
        self._up(self.generation)

    def moved(self, membership: Membership, keys: NetworkKeys, now: int) -> None:
        """Another parent, and the network key in force."""
        self.membership = membership
        self.parent = membership.parent
        self.key_changed()
        put_in_force(self, keys.key, keys.sequence, now)
        self.announce(now)
        self._up(self.generation)

    def swapped(self, network: Network, parent: ApsAirPort, now: int) -> None:
        """The trust centre of another network gave us the network key: go on there, with the link key for it."""
        centre, link_key = network.trust_centre, next_trust_centre_key(self)
        assert link_key is not None
        self._forget(now)
        self.link_keys[centre.eui64] = link_key
        self.key_kinds[centre.eui64] = LinkKeyKind.SWAP_OUT
        self.keys = NetworkKeys(centre.keys.key, centre.keys.sequence)
        parent.children[self.eui64] = self.sleepy
        self.enter(Membership(network, network.address_for(self), parent.short), now)
        self.announce(now)
        self._up(self.generation)

    def rotate_network_key(self, key: bytes, now: int) -> None:
        self._rotation.begin(key, now)

    def join_failed(self, reason: str, now: int) -> None:
        """No network took us."""
        self.stop(now)
        self.tell(NetworkDown(reason), self.generation)

    def enter(self, membership: Membership, now: int) -> None:
        """Be a member from now on."""
        self.membership = membership
        membership.network.add(self, membership.short)
        self._switch_on(membership, now)

    def announce(self, now: int) -> int:
        """Broadcast a device announcement; when it is over, µs."""
        message = ApsMessage(BROADCAST_RX_ON, 0, 0, 0, DeviceAnnce.cluster, bytes(ANNOUNCEMENT_OCTETS))
        return Broadcast(self, message, lambda port, _: port.announced(self)).start(now)

    def announced(self, device: ApsAirPort) -> None:
        """`device` came, or came back."""
        network = self.network
        if network is not None and network.trust_centre is self:
            network.announced(device)

    def tell(self, event: NetworkEvent, generation: int) -> None:
        """Pass an event to the device, unless the power went meanwhile."""
        if generation == self.generation:
            self.user.network(event, self._scheduler.now)

    def key_changed(self) -> None:
        """A link key is new."""
        if self.network is not None:
            self.network.changed()

    def settle(self, now: int) -> None:
        """Book what was repeated since the last time."""
        if self.network is not None:
            self.idle.settle(self.network, now)

    def _switch_on(self, membership: Membership, now: int) -> None:
        self.network = membership.network
        self.short = membership.short
        self.parent = membership.parent
        self.on_air = True
        self.idle.start(now)
        membership.network.changed()
        self.air.share(self)

    def _up(self, generation: int) -> None:
        membership = self.membership
        if membership is None:
            return
        network = membership.network
        settings = network.settings
        event = NetworkUp(
            membership.short, settings.pan_id, settings.extended_pan_id, settings.channel, membership.parent,
            network.trust_centre.eui64,
        )  # fmt: skip
        self.tell(event, generation)

    def _go_down(self, reason: str, now: int) -> None:
        self._forget(now)
        self._call_at(now, self.tell, NetworkDown(reason), self.generation)

    def _forget(self, now: int) -> None:
        """Leave for good: nothing of the network is kept."""
        membership = self.membership
        self.stop(now)
        self.membership = None
        self.short = self.parent = NO_ADDRESS
        self.link_keys.clear()
        self.key_kinds.clear()
        self.replaced_keys.clear()
        self.offered_keys.clear()
        self.children.clear()
        if membership is not None:
            membership.network.remove(self)

    def _tell_trust_centre(self, network: Network, reason: str, now: int) -> None:
        centre = network.trust_centre
        if centre is not self and centre.network is network:
            self._call_at(now, centre.tell, DeviceLeft(self.eui64, reason), centre.generation)

    # Sending

    def send(self, message: ApsMessage, now: int) -> int:
        self._handle = handle = self._handle + 1
        network = self.network
        destination = message.destination
        if network is None or destination >= FIRST_BROADCAST:
            self._send_otherwise(message, handle, now)
            return handle
        path = self._paths.get(destination)
        if path is None or path.version != network.version or path.topology_version != self._topology.version:
            path = self._find(network, destination)
        psdu = len(message.payload)
        if message.link_key:
            psdu += _LINK_KEY
            plain = path is not None and path.plain and path.key_fits
        else:
            psdu += _PLAIN
            plain = path is not None and path.plain
        if not plain or psdu > _MAX_PSDU or path is None:
            self._transfer(message, handle, now)
            return handle
        draw = self._draw
        medium = network.medium
        end = max(now, medium.busy_until)
        end += _FIXED + OCTET * psdu + int(draw() * _SLOTS) * UNIT_BACKOFF
        if message.acknowledge:
            end += (_LINK_KEY_ACK if message.link_key else _PLAIN_ACK) + int(draw() * _SLOTS) * UNIT_BACKOFF
        medium.busy_until = end
        self._call_at(end, self._arrived, message, handle, path)
        return handle

    def send_own(self, message: ApsMessage, now: int) -> None:
        """Send a message of the stack itself; nobody hears of its outcome."""
        if self.network is not None:
            Transfer(self, message, 0).start(now)

    def path_to(self, destination: int) -> Path | None:
        """The way to a short address as things are, None where there is none."""
        network, path = self.network, self._paths.get(destination)
        if network is None:
            return None
        if path is None or path.version != network.version or path.topology_version != self._topology.version:
            path = self._find(network, destination)
        return path

    def _find(self, network: Network, destination: int) -> Path | None:
        path = network.path(self, destination)
        if path is not None:
            self._paths[destination] = path
        return path

    def has_key_for(self, destination: int) -> bool:
        """Whether there is a link key for whoever has this short address."""
        partner = self.eui64_of(destination)
        return partner is not None and partner in self.link_keys

    def finished(self, handle: int, outcome: Outcome, generation: int) -> None:
        """Tell the device what became of a message; handle 0 is the stack's own."""
        if handle and generation == self.generation:
            self.user.sent(handle, outcome, self._scheduler.now)

    def _send_otherwise(self, message: ApsMessage, handle: int, now: int) -> None:
        if self.network is None:
            self._call_at(now, self.finished, handle, Outcome.NOT_JOINED, self.generation)
        elif message.link_key:
            self._call_at(now, self.finished, handle, Outcome.NO_KEY, self.generation)
        elif len(message.payload) > timing.MAX_ASDU:
            self._call_at(now, self.finished, handle, Outcome.TOO_LONG, self.generation)
        else:
            end = Broadcast(self, message, lambda port, _: self.deliver(port, message, None)).start(now)
            self._call_at(end, self.finished, handle, Outcome.DELIVERED, self.generation)

    def _transfer(self, message: ApsMessage, handle: int, now: int) -> None:
        Transfer(self, message, handle).start(now)

    def _arrived(self, message: ApsMessage, handle: int, path: Path) -> None:
        """A message on a plain path is there, and its acknowledgement is back."""
        if path.generation != self.generation:
            return
        target = path.target
        if target.network is not path.network:
            Transfer(self, message, handle).lost(self._scheduler.now)
            return
        if (
            message.link_key
            and path.version != path.network.version
            and not opens(target, self, path.key, self._scheduler.now)
        ):
            Transfer(self, message, handle).unread(self._scheduler.now)
            return
        self._book(message, target)
        now = self._scheduler.now
        indication = ApsIndication(
            self.short, self.eui64, message.source_endpoint, message.destination_endpoint, message.profile,
            message.cluster, message.payload, message.link_key, False, path.rssi, path.lqi,
        )  # fmt: skip
        if message.destination_endpoint == 0:
            target.zdo(indication, now)
        else:
            target.user.received(indication, now)
        if path.generation == self.generation:
            self.user.sent(handle, Outcome.DELIVERED, now)

    def _book(self, message: ApsMessage, target: ApsAirPort) -> None:
        """Count the frames of a plain delivery: data one way, the APS acknowledgement back, a MAC one for each."""
        there = _HEADER_AIRTIME + OCTET * (len(message.payload) + (_LINK_KEY if message.link_key else _PLAIN))
        back, frames = ACK_FRAME, 1
        if message.acknowledge:
            there += ACK_FRAME
            back += _LINK_KEY_ACK_AIRTIME if message.link_key else _PLAIN_ACK_AIRTIME
            frames = 2
        self.exchanged += there + back
        target.exchanged += there + back
        self.airtime += there
        self.frames += frames
        target.airtime += back
        target.frames += frames

    # Receiving

    def deliver(self, target: ApsAirPort, message: ApsMessage, path: Path | None) -> None:
        """Hand one of our messages to `target`; a broadcast has no path."""
        rssi, lqi = self._strength(target) if path is None else (path.rssi, path.lqi)
        indication = ApsIndication(
            self.short, self.eui64, message.source_endpoint, message.destination_endpoint, message.profile,
            message.cluster, message.payload, message.link_key, path is None, rssi, lqi,
        )  # fmt: skip
        if message.destination_endpoint == 0:
            target.zdo(indication, self._scheduler.now)
        else:
            target.user.received(indication, self._scheduler.now)

    def _strength(self, target: ApsAirPort) -> tuple[int, int]:
        """How loud a broadcast is at `target`: from us, or else from the first router it hears."""
        hops = {hop.receiver.eui64: hop.link for hop in self.air.neighbours(target)}
        link = hops.get(self.eui64) or next(iter(hops.values()))
        return link.rssi, link.lqi

    def zdo(self, message: ApsIndication, now: int) -> None:
        """A message to endpoint 0: a request is answered here, anything else is the device's."""
        if message.cluster & RESPONSE:
            self.user.received(message, now)
        else:
            answer_zdo(self, message, now)

    def description(self) -> Description:
        """What descriptor and address requests are answered from."""
        return Description(self.eui64, self.configured(), lambda: self.short)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        if self.network is not None:
            self._tell_trust_centre(self.network, "removed", now)
        self._go_down("removed", now)
