"""NWK, APS, ZDO and key management of one node while it is in a network: all that goes with a power cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Protocol

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    COORDINATOR,
    ApsIndication,
    ApsMessage,
    DeviceLeft,
    NetworkEvent,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, encode_header
from emulator.zigbee.frames.aps_commands import UpdateDevice, UpdateDeviceStatus, encode_command
from emulator.zigbee.frames.nwk import NwkFrame
from emulator.zigbee.frames.nwk_commands import (
    Leave,
    LinkStatus,
    NetworkStatus,
    RouteReply,
    RouteRequest,
    decode_command,
)
from emulator.zigbee.node.aps import ACK_WAIT, SLEEPY_ACK_WAIT, ApsLayer, Outgoing
from emulator.zigbee.node.association import Parent
from emulator.zigbee.node.discovery import RouteFinder
from emulator.zigbee.node.keys import KeyCommands
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, Membership, NodeMemory
from emulator.zigbee.node.nwk import Hop, NwkLayer
from emulator.zigbee.node.trust_centre import TrustCentre
from emulator.zigbee.node.zdo import Zdo, device_announce

Report = Callable[[str, str | None, dict[str, object], int], None]


class Deadlines(Protocol):
    """Any set of timers, as far as asking for the next one goes."""

    def next_timeout(self) -> int | None:
        """When the earliest falls due, µs."""


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


class Stack:
    """The volatile layers above the MAC."""

    def __init__(
        self,
        mac: MacLayer,
        memory: NodeMemory,
        membership: Membership,
        configuration: StackConfiguration,
        user: StackUser,
        rng: Random,
        report: Report,
    ) -> None:
        node_type = configuration.node_type
        self.membership = membership
        self.nwk = NwkLayer(mac, memory, membership, node_type, self, rng, report)
        self.aps = ApsLayer(self.nwk, mac.eui64, memory, self, rng, report, configuration.aps_ack_retries)
        self.zdo = Zdo(mac.eui64, memory, membership, configuration, self.nwk.neighbours, self)
        self.finder: RouteFinder | None = None
        self.parent: Parent | None = None
        if node_type is not NodeType.SLEEPY:
            self.finder = RouteFinder(self.nwk, memory, membership, self, rng, report)
            self.parent = Parent(mac, memory, membership, rng, report)
        self.trust_centre: TrustCentre | None = None
        if node_type is NodeType.COORDINATOR:
            self.trust_centre = TrustCentre(mac.eui64, memory, membership, self, report)
        self.keys = KeyCommands(mac.eui64, memory, configuration.link_key, self.trust_centre, self, report)
        self._memory = memory
        self._configuration = configuration
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
        self.nwk.use_key()

    def announce(self, now: int) -> None:
        """Tell everyone who and where we are."""
        if self.finder is not None:
            self.finder.start(now)
        self.send_own(device_announce(self._memory, self.membership, self._configuration), now)

    def permit_joining(self, until: int) -> None:
        """Let devices associate here."""
        if self.parent is not None:
            self.parent.permit_until = until

    def timers(self) -> Iterator[Deadlines]:
        """Everything that can fall due."""
        yield self.nwk.timers
        yield self.aps.timers
        if self.finder is not None:
            yield self.finder.timers
        if self.trust_centre is not None:
            yield self.trust_centre.timers

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.nwk.on_timeout(now)
        self.aps.on_timeout(now)
        if self.finder is not None:
            self.finder.on_timeout(now)
        if self.trust_centre is not None:
            self.trust_centre.on_timeout(now)

    # What NWK says

    def nwk_received(self, header: NwkFrame, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        """A data frame for us, or broadcast."""
        self.aps.received(header, payload, rssi, lqi, now)

    def nwk_sent(self, context: object, outcome: Outcome, now: int) -> None:
        """A frame of a message left, or failed at, the next hop."""
        if isinstance(context, Outgoing):
            self.aps.nwk_sent(context, outcome, now)

    def nwk_route_needed(self, destination: int, hop: Hop, now: int) -> None:
        """Find a route."""
        assert self.finder is not None
        self.finder.need(destination, hop, now)

    def nwk_link_failed(self, hop: Hop, now: int) -> None:
        """A frame that we forward could not be passed on."""
        if self.finder is not None:
            self.finder.link_failed(hop, now)

    def nwk_command(self, header: NwkFrame, payload: bytes, previous_hop: int, lqi: int, now: int) -> None:
        """A command for us, or broadcast."""
        try:
            command = decode_command(payload)
        except DecodeError as error:
            self._report("nwk.dropped", "undecodable", {"error": str(error)}, now)
            return
        finder = self.finder
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

    def _leave(self, command: Leave, header: NwkFrame, now: int) -> None:
        if command.request:
            if header.source in (COORDINATOR, self.membership.parent):
                self._user.removed(now)
            return
        self.nwk.neighbours.remove(header.source)
        self._memory.children.pop(header.source, None)
        eui64 = self._memory.eui64_of(header.source)
        if self.trust_centre is not None and eui64 is not None:
            self._user.network_event(DeviceLeft(eui64, "left"), now)

    # What APS says

    def aps_received(self, message: ApsIndication, now: int) -> None:
        """A whole message: the ZDO's own if it is a request to endpoint 0, the device's otherwise."""
        if message.destination_endpoint == 0 and self.zdo.received(message, now):
            return
        self._user.deliver(message, now)

    def aps_command(self, header: NwkFrame, frame: ApsFrame, octets: int, data: bytes, now: int) -> None:
        """An APS command."""
        self.keys.command(header, frame, octets, data, now)

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message; handle 0 is the stack's own."""
        if handle:
            self._user.aps_sent(handle, outcome, now)

    def aps_ack_wait(self, destination: int) -> int:
        """Longer where a sleeping child is at the other end, or we are one."""
        child = self._memory.children.get(destination)
        sleepy = self._configuration.node_type is NodeType.SLEEPY or (child is not None and child.sleepy)
        return SLEEPY_ACK_WAIT if sleepy else ACK_WAIT

    def send_own(self, message: ApsMessage, now: int) -> None:
        """Send a message of the ZDO, whose outcome nobody asks for."""
        self.aps.send(0, message, now)

    # What key management, trust centre, association and ZDO say

    def next_aps_counter(self) -> int:
        """A fresh APS counter."""
        return self.aps.next_counter()

    def send_aps_command(self, destination: int, frame: bytes, now: int, *, secure: bool) -> None:
        """An APS command frame, with or without protection under the network key."""
        self.nwk.send(destination, frame, None, now, secure=secure)

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """For the device that this node is."""
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
        self._memory.children[child.short] = child
        self.nwk.neighbours.add(child.short, now, router=not child.sleepy, eui64=child.eui64, permanent=True)
        if self.trust_centre is not None:
            self.trust_centre.device_came(child.eui64, child.short, COORDINATOR, child.sleepy, now)
            return
        update = UpdateDevice(child.eui64, child.short, UpdateDeviceStatus.UNSECURED_JOIN)
        header = encode_header(ApsFrame(ApsFrameType.COMMAND, self.aps.next_counter()))
        self.send_aps_command(COORDINATOR, header + encode_command(update), now, secure=True)

    def send_to_child(self, child: Eui64, frame: bytes, now: int) -> None:
        """Pass an APS frame to a child that has no network key yet."""
        short = self._short_of_child(child)
        if short is not None:
            self.send_aps_command(short, frame, now, secure=False)

    def child_refused(self, child: Eui64, now: int) -> None:
        """The trust centre does not want this child."""
        short = self._short_of_child(child)
        if short is not None:
            del self._memory.children[short]
            self.nwk.neighbours.remove(short)
            self._report("join.refused", "trust-centre-refused", {"device": f"{child:016x}"}, now)

    def device_announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """Somebody came, or came back: whatever was known of its counters is void."""
        self._memory.learn(device, short)
        self.aps.forget_duplicates(short)
        if self.trust_centre is not None:
            self.trust_centre.announced(device, short, sleepy, now)

    def _short_of_child(self, child: Eui64) -> int | None:
        return next((short for short, known in self._memory.children.items() if known.eui64 == child), None)
