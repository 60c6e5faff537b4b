"""NWK, APS, ZDO and key management of one node while it is in a network: all that goes with a power cut."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm, AnyTimers
from emulator.ports.aps import (
    BROADCAST_ALL,
    COORDINATOR,
    ApsIndication,
    ApsMessage,
    NetworkEvent,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, encode_header
from emulator.zigbee.frames.aps_commands import UpdateDevice, UpdateDeviceStatus, encode_command
from emulator.zigbee.frames.nwk_commands import (
    Leave,
    LinkStatus,
    NetworkStatus,
    RouteReply,
    RouteRequest,
    decode_command,
)
from emulator.zigbee.frames.nwk_commands import encode_command as encode_nwk_command
from emulator.zigbee.frames.zdo import MgmtLeaveRsp
from emulator.zigbee.node.aps import ApsLayer
from emulator.zigbee.node.aps_sending import ACK_WAIT, SLEEPY_ACK_WAIT, Outgoing
from emulator.zigbee.node.association import Parent
from emulator.zigbee.node.discovery import RouteFinder
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.keys import KeyCommands
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, Membership, NodeMemory
from emulator.zigbee.node.nwk import NwkLayer
from emulator.zigbee.node.trust_centre import TrustCentre
from emulator.zigbee.node.zdo import Zdo, device_announce


class StackUser(Protocol):
    """The node."""

    def deliver(self, message: ApsIndication, now: int) -> None:
        """A message for one of the device's endpoints."""

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message."""

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """Something about the network."""

    def network_key(self, key: bytes, sequence: int, trust_centre: Eui64, now: int) -> None:
        """The network key came."""

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""

    def removed(self, now: int) -> None:
        """We are put out."""

    def parted(self, now: int) -> None:
        """Our farewell is out."""


class _Farewell:
    """Context of the command by which a node says that it leaves."""


class Stack:
    """The volatile layers above the MAC.

    Attributes:
        membership: the network; without a key as long as we join.
        on: False once the node is down or leaving: then nothing passes to the device above.
    """

    def __init__(
        self,
        mac: MacLayer,
        memory: NodeMemory,
        membership: Membership,
        configuration: StackConfiguration,
        user: StackUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        node_type = configuration.node_type
        self.membership = membership
        self.on = True
        self.nwk = NwkLayer(mac, memory, membership, node_type, self, rng, report, alarm)
        self.aps = ApsLayer(self.nwk, mac.eui64, memory, self, rng, report, alarm, configuration.aps_ack_retries)
        self.zdo = Zdo(mac.eui64, memory, membership, configuration, self.nwk.neighbours, self, report)
        self.finder: RouteFinder | None = None
        self.parent: Parent | None = None
        if node_type is not NodeType.SLEEPY:
            self.finder = RouteFinder(self.nwk, memory, membership, self, rng, report, alarm)
            self.parent = Parent(mac, memory, membership, rng, report, alarm)
        self.trust_centre: TrustCentre | None = None
        if node_type is NodeType.COORDINATOR:
            self.trust_centre = TrustCentre(mac.eui64, memory, membership, self, report, alarm)
        self.keys = KeyCommands(mac.eui64, memory, configuration.link_key, self.trust_centre, self, report)
        self._memory = memory
        self._configuration = configuration
        self._sleepy = node_type is NodeType.SLEEPY
        self._own_handle = 0
        self._user = user
        self._report = report

    def start(self, now: int) -> None:
        """Go to work: parent and children are neighbours from the start."""
        membership = self.membership
        if membership.short != COORDINATOR:
            self.nwk.neighbours.add(membership.parent, now, router=True, permanent=True)
        for child in self._memory.children.values():
            self.nwk.neighbours.add(child.short, now, router=not child.sleepy, eui64=child.eui64, permanent=True)
        if self.finder is not None and membership.network_key:
            self.finder.start(now)

    def configure(self, configuration: StackConfiguration) -> None:
        """Descriptors changed."""
        self._configuration = configuration
        self.zdo.configure(configuration)

    def key_changed(self) -> None:
        """The membership has a network key now."""
        self.nwk.security.use_key()

    def announce(self, now: int) -> None:
        """Tell everyone who and where we are."""
        if self.finder is not None:
            self.finder.start(now)
        self.send_own(device_announce(self._memory, self.membership, self._configuration), now)

    def permit_joining(self, until: int) -> None:
        """Let devices associate here."""
        if self.parent is not None:
            self.parent.permit_until = until

    def timers(self) -> tuple[AnyTimers, ...]:
        """Everything that can fall due."""
        layers = (self.nwk, self.aps.sender, self.finder, self.parent, self.trust_centre)
        return tuple(layer.timers for layer in layers if layer is not None)

    def say_farewell(self, now: int) -> None:
        """Tell the neighbours that we leave, and hear nothing any more; ends in `parted`."""
        self.on = False
        self.nwk.send_command(BROADCAST_ALL, encode_nwk_command(Leave()), now, radius=1, context=_Farewell)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.nwk.on_timeout(now)
        self.aps.sender.on_timeout(now)
        if self.finder is not None:
            self.finder.on_timeout(now)
        if self.parent is not None and self.on:
            self.parent.on_timeout(now)
        if self.trust_centre is not None:
            self.trust_centre.on_timeout(now)

    # What NWK says

    def nwk_received(self, header: NwkHeader, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        """A data frame for us, or broadcast."""
        self.aps.received(header, payload, rssi, lqi, now)

    def nwk_sent(self, context: object, outcome: Outcome, now: int) -> None:
        """A frame of a message left, or failed at, the next hop."""
        if isinstance(context, Outgoing):
            self.aps.sender.nwk_sent(context, outcome, now)
        elif context is _Farewell:
            self._user.parted(now)

    def nwk_route_needed(self, destination: int, hop: Hop, now: int) -> None:
        """Find a route."""
        assert self.finder is not None
        self.finder.need(destination, hop, now)

    def nwk_link_failed(self, hop: Hop, now: int) -> None:
        """A frame that we forward could not be passed on."""
        if self.finder is not None:
            self.finder.link_failed(hop, now)

    def nwk_command(self, header: NwkHeader, payload: bytes, previous_hop: int, lqi: int, now: int) -> None:
        """A command for us, or broadcast."""
        try:
            command = decode_command(payload)
        except DecodeError as error:
            self._report("nwk.dropped", "undecodable", {"error": str(error)}, now)
            return
        finder = self.finder
        if not self.on:
            return
        if isinstance(command, Leave):
            self._leave(command, header, now)
        elif finder is None:
            return
        elif isinstance(command, LinkStatus):
            finder.link_status(header, command, lqi, now)
        elif isinstance(command, RouteRequest):
            finder.request(header, command, previous_hop, lqi, now)
        elif isinstance(command, RouteReply):
            finder.reply(command, previous_hop, lqi, now)
        elif isinstance(command, NetworkStatus):
            finder.status(command)

    def _leave(self, command: Leave, header: NwkHeader, now: int) -> None:
        if command.request:
            if header.source in (COORDINATOR, self.membership.parent):
                self._user.removed(now)
            return
        self.nwk.neighbours.remove(header.source)
        self.nwk.routes.remove_through(header.source)
        child = self._memory.children.pop(header.source, None)
        eui64 = self._memory.eui64_of(header.source) if child is None else child.eui64
        if eui64 is not None and self.trust_centre is not None:
            self.trust_centre.left(eui64, now)
        elif child is not None:
            self._update_device(child, UpdateDeviceStatus.DEVICE_LEFT, now)

    # What APS says

    def aps_received(self, message: ApsIndication, now: int) -> None:
        """A whole message: the ZDO's own if it is a request to endpoint 0, the device's otherwise."""
        if not self.on:
            return
        if message.destination_endpoint == 0:
            if self.zdo.received(message, now):
                return
            if message.cluster == MgmtLeaveRsp.cluster and self.trust_centre is not None:
                self.trust_centre.agreed_to_leave(message.source, message.payload, now)
        self._user.deliver(message, now)

    def aps_command(self, header: NwkHeader, frame: ApsFrame, octets: int, data: bytes, now: int) -> None:
        """An APS command."""
        if self.on:
            self.keys.command(header, frame, octets, data, now)

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message; those of the stack itself have negative handles."""
        if handle > 0 and self.on:
            self._user.aps_sent(handle, outcome, now)

    def aps_ack_wait(self, destination: int) -> int:
        """Longer where a sleeping child is at the other end, or we are one."""
        child = self._memory.children.get(destination)
        return SLEEPY_ACK_WAIT if self._sleepy or (child is not None and child.sleepy) else ACK_WAIT

    def send_own(self, message: ApsMessage, now: int) -> None:
        """Send a message of the ZDO, whose outcome nobody asks for."""
        self._own_handle -= 1
        outcome = self.aps.sender.send(self._own_handle, message, now)
        if outcome is not None:
            self._report("aps.dropped", outcome.value, {"cluster": message.cluster}, now)

    # What key management, trust centre, association and ZDO say

    def next_aps_counter(self) -> int:
        """A fresh APS counter."""
        return self.aps.sender.next_counter()

    def send_aps_command(self, destination: int, frame: bytes, now: int, *, secure: bool) -> None:
        """An APS command frame, with or without protection under the network key."""
        self.nwk.send(destination, frame, None, now, secure=secure)

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """For the device that this node is."""
        if self.on:
            self._user.network_event(event, now)

    def network_key(self, key: bytes, sequence: int, trust_centre: Eui64, now: int) -> None:
        """The network key came."""
        self._user.network_key(key, sequence, trust_centre, now)

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""
        self._user.key_unreadable(now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        self._user.removed(now)

    def child_associated(self, child: Child, now: int) -> None:
        """A child has fetched its address: tell the trust centre."""
        for stale in self._memory.adopt(child):
            self.nwk.neighbours.remove(stale)
        self.nwk.neighbours.add(child.short, now, router=not child.sleepy, eui64=child.eui64, permanent=True)
        if self.trust_centre is not None:
            self.trust_centre.device_came(child.eui64, child.short, COORDINATOR, child.sleepy, now)
            return
        self._update_device(child, UpdateDeviceStatus.UNSECURED_JOIN, now)

    def _update_device(self, child: Child, status: UpdateDeviceStatus, now: int) -> None:
        """Tell the trust centre about a child."""
        update = UpdateDevice(child.eui64, child.short, status)
        header = encode_header(ApsFrame(ApsFrameType.COMMAND, self.aps.sender.next_counter()))
        self.send_aps_command(COORDINATOR, header + encode_command(update), now, secure=True)

    def send_to_child(self, child: Eui64, frame: bytes, now: int) -> None:
        """Pass an APS frame to a child that has no network key yet."""
        short = self._short_of_child(child)
        if short is not None:
            self.send_aps_command(short, frame, now, secure=False)

    def child_refused(self, child: Eui64, now: int) -> None:
        """The trust centre does not want this child: let it go, and tell it so in case it has the key already."""
        short = self._short_of_child(child)
        if short is None:
            return
        if self.trust_centre is None:
            self._report("join.refused", "trust-centre-refused", {"device": f"{child:016x}"}, now)
        self.nwk.send_command(short, encode_nwk_command(Leave(request=True)), now)
        del self._memory.children[short]
        self.nwk.neighbours.remove(short)

    def device_announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """Somebody came, or came back: whatever was known of its counters is void."""
        self._memory.learn(device, short)
        self.aps.forget_duplicates(short)
        if self.trust_centre is not None:
            self.trust_centre.announced(device, short, sleepy, now)

    def _short_of_child(self, child: Eui64) -> int | None:
        return next((short for short, known in self._memory.children.items() if known.eui64 == child), None)
