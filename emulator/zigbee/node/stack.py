"""NWK, APS, ZDO and key management of one node while it is in a network: all that goes with a power cut."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.eui64 import Eui64, eui64_text
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
from emulator.zigbee.frames.aps import ApsFrame
from emulator.zigbee.frames.aps_commands import TransportNetworkKey
from emulator.zigbee.frames.mac import MacFrame
from emulator.zigbee.frames.nwk_commands import EndDeviceTimeoutRequest, Leave, encode_command
from emulator.zigbee.frames.zdo import MgmtLeaveRsp
from emulator.zigbee.node.aps import ApsLayer
from emulator.zigbee.node.aps_sending import ACK_WAIT, SLEEPY_ACK_WAIT, Outgoing
from emulator.zigbee.node.children import DEFAULT_TIMEOUT
from emulator.zigbee.node.commands import NwkCommands
from emulator.zigbee.node.departures import Departures
from emulator.zigbee.node.discovery import RouteFinder
from emulator.zigbee.node.family import Family
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.keys import KeyCommands
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, Membership, NodeMemory
from emulator.zigbee.node.network_keys import NetworkKeys
from emulator.zigbee.node.nwk import Heard, NwkLayer
from emulator.zigbee.node.rejoin_table import RejoinTrigger
from emulator.zigbee.node.rejoining import NewPlace, Rejoiner
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

    def network_key(self, command: TransportNetworkKey, counter: int, now: int) -> None:
        """The network key came, and we are joining."""

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open, and we are joining."""

    def back(self, now: int) -> None:
        """We have a parent again, or another one."""

    def swapped(self, place: NewPlace, now: int) -> None:
        """We have a place in the network of another trust centre."""

    def removed(self, now: int) -> None:
        """We are put out."""

    def parted(self, now: int) -> None:
        """Our farewell is out."""

    def to_self(self, message: ApsMessage, now: int) -> None:
        """A message of the ZDO for this node."""

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """A child came, or (`here` false) is none any more."""


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
        self.aps = ApsLayer(self.nwk, mac.eui64, memory, self, rng, report, alarm, configuration)
        self.zdo = Zdo(mac.eui64, memory, membership, configuration, self.nwk.neighbours, self, report)
        self.trust_centre: TrustCentre | None = None
        self.rejoiner: Rejoiner | None = None
        if node_type is NodeType.COORDINATOR:
            self.trust_centre = TrustCentre(mac.eui64, memory, membership, self, report, alarm)
        else:
            self.rejoiner = Rejoiner(mac, self.nwk, memory, membership, configuration, self, rng, report, alarm)
        self.finder: RouteFinder | None = None
        self.family: Family | None = None
        if node_type is not NodeType.SLEEPY:
            self.finder = RouteFinder(self.nwk, memory, membership, self, rng, report, alarm)
            self.family = Family(mac, self.nwk, memory, membership, self.trust_centre, self, rng, report, alarm)
        self.network_keys = NetworkKeys(memory, membership, self.nwk.security, self, report)
        self.keys = KeyCommands(mac.eui64, memory, membership, configuration.link_key, self.trust_centre, self, report)
        departures = Departures(memory, membership, self, report)
        self._commands = NwkCommands(departures, self.finder, self.family, self.rejoiner, report)
        self._mac = mac
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
        if self.family is not None:
            self.family.children.start(now)
        if self.trust_centre is not None:
            self.trust_centre.rotation.resume(now)

    def configure(self, configuration: StackConfiguration) -> None:
        """Descriptors changed."""
        self._configuration = configuration
        self.zdo.configure(configuration)

    def key_changed(self) -> None:
        """The membership has other network keys."""
        self.nwk.security.use_key()

    def announce(self, now: int) -> None:
        """Tell everyone who and where we are."""
        if self.finder is not None:
            self.finder.start(now)
        self.send_own(device_announce(self._memory, self.membership, self._configuration), now)
        if self._sleepy:
            request = EndDeviceTimeoutRequest(DEFAULT_TIMEOUT)
            self.nwk.send_command(self.membership.parent, encode_command(request), now)

    def permit_joining(self, until: int) -> None:
        """Let devices associate here."""
        if self.family is not None:
            self.family.parent.permit_until = until

    def timers(self) -> tuple[AnyTimers, ...]:
        """Everything that can fall due."""
        rotation = None if self.trust_centre is None else self.trust_centre.rotation
        layers = (self.nwk, self.aps.sender, self.finder, self.rejoiner, self.trust_centre, rotation)
        family = () if self.family is None else self.family.timers()
        return tuple(layer.timers for layer in layers if layer is not None) + family

    def say_farewell(self, now: int) -> None:
        """Tell the neighbours that we leave for good, and hear nothing any more; ends in `parted`."""
        self.on = False
        self.nwk.send_command(BROADCAST_ALL, encode_command(Leave()), now, radius=1, context=_Farewell)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.nwk.on_timeout(now)
        self.aps.sender.on_timeout(now)
        if self.finder is not None:
            self.finder.on_timeout(now)
        if self.family is not None and self.on:
            self.family.on_timeout(now)
        if self.rejoiner is not None and self.on:
            self.rejoiner.on_timeout(now)
        if self.trust_centre is not None:
            self.trust_centre.on_timeout(now)
            self.trust_centre.rotation.on_timeout(now)

    # What the MAC says

    def beacon(self, frame: MacFrame, lqi: int, now: int) -> None:
        """Somebody answers our scan."""
        if self.rejoiner is not None and self.on:
            self.rejoiner.beacon(frame, lqi, now)

    def mac_command(self, frame: MacFrame, now: int) -> None:
        """A command of those who want to join, or the answer to an orphan."""
        if not self.on or self.seeks_trust_centre():
            return
        if self.family is not None:
            self.family.parent.command(frame, now)
        elif self.rejoiner is not None:
            self.rejoiner.command(frame, now)

    def polled(self, child: int, now: int) -> None:
        """Somebody asks what is held for it."""
        if self.family is not None and self.on:
            self.family.polled(child, now)

    def child_associated(self, child: Child, now: int) -> None:
        """A child has fetched its address."""
        if self.family is not None:
            self.family.associated(child, now)

    # What NWK says

    def nwk_received(self, header: NwkHeader, payload: bytes, previous_hop: int, rssi: int, lqi: int, now: int) -> None:
        """A data frame for us, or broadcast."""
        self.aps.received(header, payload, previous_hop, rssi, lqi, now)

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

    def nwk_command(self, header: NwkHeader, payload: bytes, heard: Heard, now: int) -> None:
        """A command for us, or broadcast."""
        if self.on:
            self._commands.received(header, payload, heard, now)

    def nwk_plain_command(self, header: NwkHeader, payload: bytes, previous_hop: int, now: int) -> None:
        """A command that was not protected."""
        if self.on:
            self._commands.received_plain(header, payload, previous_hop, now)

    def nwk_child_moved(self, child: int, now: int) -> None:
        """A sleeping child of ours speaks through somebody else."""
        if self.family is not None:
            self.family.moved(child, now)

    def newer_network_key(self, source: int, now: int) -> None:  # noqa: ARG002 - whoever it was
        """A frame names a network key that came after all of ours."""
        if self.rejoiner is not None and self.on and self.membership.network_key:
            self.rejoiner.start(RejoinTrigger.KEY_MISSED, now)

    def older_network_key(self, source: int, now: int) -> None:
        """A frame names a network key before ours."""
        if self.family is not None and self.on:
            self.family.children.under_older_key(source, now)

    def switch_network_key(self, now: int) -> None:
        """Put the next network key in force."""
        self.network_keys.switch(now)

    # Another trust centre

    def seek_trust_centre(self, now: int) -> None:
        """Look for the trust centre after ours."""
        if self.rejoiner is not None and self.on:
            self.rejoiner.start(RejoinTrigger.TRUST_CENTRE_LOST, now)

    def rejoin_without_key(self, now: int) -> None:
        """A trust centre rejoin in our network, whatever the network key that we have is worth."""
        if self.rejoiner is not None and self.on:
            self.rejoiner.start(RejoinTrigger.WITHOUT_KEY, now)

    def seeks_trust_centre(self) -> bool:
        """Whether we look for it, and are away from our network."""
        return self.rejoiner is not None and self.rejoiner.seeks_trust_centre

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """A child came, or is none any more."""
        if self.on:
            self._user.child_changed(child, now, here=here)

    # What departures say

    def told_to_rejoin(self, now: int) -> None:
        """We are to leave and come back."""
        if self.rejoiner is not None:
            farewell = Leave(rejoin=True)
            self.nwk.send_command(BROADCAST_ALL, encode_command(farewell), now, radius=1)
            self.rejoiner.start(RejoinTrigger.ASKED_TO, now)

    def neighbour_left(self, short: int, now: int, *, for_good: bool) -> None:
        """A neighbour goes."""
        self.nwk.neighbours.remove(short)
        self.nwk.routes.remove_through(short)
        if self.family is not None:
            self.family.left(short, now, for_good=for_good)

    # What the rejoiner and the route finder say

    def network_in_earshot(self, now: int) -> bool:
        """Whether a router was heard of late."""
        return bool(self.nwk.neighbours.routers(now))

    def nobody_heard(self, now: int) -> None:
        """No router was heard for long."""
        if self.rejoiner is not None and self.on:
            self.rejoiner.start(RejoinTrigger.NETWORK_LOST, now)

    def moved(self, place: NewPlace, now: int) -> None:
        """A parent took us, or took us back."""
        if place.network is not None:
            self._user.swapped(place, now)
            return
        membership = self.membership
        self.nwk.neighbours.remove(membership.parent)
        self.nwk.routes.remove_through(membership.parent)
        membership.short, membership.parent, membership.depth = place.short, place.parent, place.depth
        self._memory.learn(self._mac.eui64, place.short)
        self._mac.set_address(membership.pan_id, place.short)
        self.nwk.neighbours.add(place.parent, now, router=True, permanent=True)
        if place.network_key is not None:
            self.network_keys.replace(*place.network_key, now)
        self._user.back(now)

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
        if message.destination == self.membership.short:
            self._user.to_self(message, now)
            return
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

    def network_key(self, command: TransportNetworkKey, counter: int, now: int) -> None:
        """The network key came, to a device that joins or comes back."""
        if not self.membership.network_key:
            self._user.network_key(command, counter, now)
        elif self.rejoiner is None or not self.rejoiner.network_key(command, counter, now):
            self._report("aps.dropped", "unexpected-key", {"from": eui64_text(command.source)}, now)

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""
        if not self.membership.network_key:
            self._user.key_unreadable(now)
        elif self.rejoiner is not None:
            self.rejoiner.key_unreadable(now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        self._user.removed(now)

    def next_network_key(self, command: TransportNetworkKey, now: int) -> None:
        """A network key came that is to be in force some time later."""
        self.network_keys.given(command, now)

    def switch_key(self, sequence: int, now: int) -> None:
        """The trust centre says that a network key is in force from now on."""
        self.network_keys.told_to_switch(sequence, now)

    def send_to_child(self, child: Eui64, frame: bytes, now: int) -> None:
        """Pass an APS frame to a device near us that has no network key."""
        if self.family is not None:
            self.family.send_to_child(child, frame, now)

    def child_refused(self, child: Eui64, now: int) -> None:
        """The trust centre does not want this child."""
        if self.family is not None:
            self.family.refused(child, now)

    def zdo_request(self, message: ApsIndication, now: int) -> None:
        """The device above wants to see a request."""
        self._user.deliver(message, now)

    def device_announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """Somebody came, or came back: whatever was known of its counters is void."""
        self._memory.learn(device, short)
        self.aps.forget_duplicates(short)
        self.nwk.routes.remove(short)
        if self.family is not None:
            self.family.announced(device, short, now)
        if self.trust_centre is not None:
            self.trust_centre.announced(device, short, sleepy, now)
