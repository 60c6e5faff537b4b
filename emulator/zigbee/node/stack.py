"""NWK, APS, ZDO and key management of one node while it is in a network: all that goes with a power cut."""

from __future__ import annotations

from random import Random
from typing import Protocol

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
from emulator.zigbee.frames.aps import ApsFrame
from emulator.zigbee.frames.mac import MacFrame
from emulator.zigbee.frames.nwk_commands import EndDeviceTimeoutRequest, Leave, encode_command
from emulator.zigbee.frames.zdo import MgmtLeaveRsp
from emulator.zigbee.node.aps import ApsLayer
from emulator.zigbee.node.aps_sending import Outgoing
from emulator.zigbee.node.children import DEFAULT_TIMEOUT
from emulator.zigbee.node.command_sending import ApsCommandSender
from emulator.zigbee.node.commands import NwkCommands
from emulator.zigbee.node.departures import Departures
from emulator.zigbee.node.discovery import RouteFinder
from emulator.zigbee.node.family import Family
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.keys import KeyCommands, KeyUser
from emulator.zigbee.node.loopback import Loopback
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, Membership, NodeMemory
from emulator.zigbee.node.network_keys import NetworkKeys
from emulator.zigbee.node.news import News
from emulator.zigbee.node.nwk import Heard, NwkLayer
from emulator.zigbee.node.parting import Parting, PartingUser
from emulator.zigbee.node.permit_joining import PermitJoining
from emulator.zigbee.node.polling import Polling
from emulator.zigbee.node.rejoin_table import RejoinTrigger
from emulator.zigbee.node.rejoining import Rejoiner
from emulator.zigbee.node.relocation import Relocation, RelocationUser
from emulator.zigbee.node.trust_centre import TrustCentre
from emulator.zigbee.node.watching import NodeWatcher
from emulator.zigbee.node.zdo import Zdo, device_announce


class StackUser(RelocationUser, PartingUser, KeyUser, Protocol):
    """The network management of the node."""

    def removed(self, now: int) -> None:
        """We are put out."""


class Stack:
    """The volatile layers above the MAC, and what passes between them.

    Args:
        mac: to send with.
        memory, membership: what is kept of the network.
        configuration: what the node is.
        user: told of what changes our place in a network.
        news: told whatever the device above is to know.
        watcher: told of children, of searches, and of who lets devices join here.
        rng, report, alarm: of the node.

    Attributes:
        membership: the network; without a key as long as we join.
        sleepy: whether the node is a sleeping device.
        nwk, aps: the layers.
        rejoiner: a device's way back, None for the coordinator; trust_centre: the coordinator's.
        permit: how long joining is permitted; parting: the farewell; loopback: messages to itself.
        on: False once the node is down or leaving: then nothing passes to the device above.
    """

    def __init__(
        self,
        mac: MacLayer,
        memory: NodeMemory,
        membership: Membership,
        configuration: StackConfiguration,
        user: StackUser,
        news: News,
        watcher: NodeWatcher,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        node_type = configuration.node_type
        self.membership = membership
        self.sleepy = node_type is NodeType.SLEEPY
        self.on = True
        self.nwk = NwkLayer(mac, memory, membership, node_type, self, rng, report, alarm)
        self.aps = ApsLayer(self.nwk, mac.eui64, memory, self, rng, report, alarm, configuration)
        self._zdo = Zdo(mac.eui64, memory, membership, configuration, self.nwk.neighbours, self, report)
        self._network_keys = NetworkKeys(memory, membership, self.nwk.security, self, report)
        commands = ApsCommandSender(self.nwk, self.aps.sender)
        self.trust_centre: TrustCentre | None = None
        self.rejoiner: Rejoiner | None = None
        self._polling: Polling | None = None
        if node_type is NodeType.COORDINATOR:
            self.trust_centre = TrustCentre(
                mac.eui64, memory, membership, commands, self._network_keys, self, report, alarm
            )  # fmt: skip
        else:
            relocation = Relocation(mac, self.nwk, memory, membership, self._network_keys, user)
            self.rejoiner = Rejoiner(
                mac, self.nwk, memory, membership, configuration, relocation, watcher, rng, report, alarm
            )  # fmt: skip
            if self.sleepy:
                self._polling = Polling(mac, membership, self.rejoiner, configuration.poll_interval, alarm)
        self._finder: RouteFinder | None = None
        self._family: Family | None = None
        if not self.sleepy:
            self._finder = RouteFinder(self.nwk, memory, membership, self, rng, report, alarm)
            self._family = Family(
                mac, self.nwk, memory, membership, self.trust_centre, commands, self, rng, report, alarm
            )  # fmt: skip
        self._keys = KeyCommands(
            mac.eui64, memory, membership, configuration.link_key, self._network_keys, self.rejoiner, self._family,
            self.trust_centre, user, report,
        )  # fmt: skip
        self.permit = PermitJoining(self, rng, alarm)
        self.parting = Parting(self.nwk, user, alarm)
        self.loopback = Loopback(mac.eui64, news)
        departures = Departures(memory, membership, self, report)
        self._commands = NwkCommands(departures, self._finder, self._family, self.rejoiner, report)
        self._memory = memory
        self._configuration = configuration
        self._own_handle = 0
        self._user = user
        self._news = news
        self._watcher = watcher
        self._report = report

    def start(self, now: int) -> None:
        """Go to work: parent and children are neighbours from the start."""
        membership = self.membership
        if membership.short != COORDINATOR:
            self.nwk.neighbours.add(membership.parent, now, router=True, permanent=True)
        for child in self._memory.children.values():
            self.nwk.neighbours.add(child.short, now, router=not child.sleepy, eui64=child.eui64, permanent=True)
        if self._finder is not None and membership.network_key:
            self._finder.start(now)
        if self._family is not None:
            self._family.children.start(now)
        if self.trust_centre is not None:
            self.trust_centre.rotation.resume(now)

    def configure(self, configuration: StackConfiguration) -> None:
        """Descriptors changed."""
        self._configuration = configuration
        self._zdo.configure(configuration)
        if self._polling is not None:
            self._polling.interval = configuration.poll_interval

    def up(self, now: int) -> None:
        """We have a place in the network: tell everyone who and where we are, and begin to poll."""
        if self.membership.short != COORDINATOR:
            self._announce(now)
        if self._polling is not None:
            self._polling.start(now)

    def _announce(self, now: int) -> None:
        if self._finder is not None:
            self._finder.start(now)
        self.send_own(device_announce(self._memory, self.membership, self._configuration), now)
        if self.sleepy:
            request = EndDeviceTimeoutRequest(DEFAULT_TIMEOUT)
            self.nwk.send_command(self.membership.parent, encode_command(request), now)

    def permit_joining(self, until: int) -> None:
        """Let devices associate here."""
        if self._family is not None:
            self._family.parent.permit_until = until

    def timers(self) -> tuple[AnyTimers, ...]:
        """Everything that can fall due."""
        rotation = None if self.trust_centre is None else self.trust_centre.rotation
        layers = (
            self._polling, self.permit, self.parting, self.nwk.broadcasting, self.aps.sender, self._finder,
            self.rejoiner, self.trust_centre, rotation,
        )  # fmt: skip
        family = () if self._family is None else self._family.timers()
        return tuple(layer.timers for layer in layers if layer is not None) + family

    def leave(self, reason: str, now: int) -> None:
        """Leave for good, and hear nothing any more; ends in `parted`."""
        self.on = False
        self.parting.begin(reason, now)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self._polling is not None:
            self._polling.on_timeout(now)
        self.permit.on_timeout(now)
        if self.parting.timed_out(now):
            return
        self.nwk.on_timeout(now)
        self.aps.sender.on_timeout(now)
        if self._finder is not None:
            self._finder.on_timeout(now)
        if self._family is not None and self.on:
            self._family.on_timeout(now)
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
        if not self.on or (self.rejoiner is not None and self.rejoiner.seeks_trust_centre):
            return
        if self._family is not None:
            self._family.parent.command(frame, now)
        elif self.rejoiner is not None:
            self.rejoiner.command(frame, now)

    def polled(self, child: int, now: int) -> None:
        """Somebody asks what is held for it."""
        if self._family is not None and self.on:
            self._family.polled(child, now)

    def child_associated(self, child: Child, now: int) -> None:
        """A child has fetched its address."""
        if self._family is not None:
            self._family.associated(child, now)

    # What NWK says

    def nwk_received(self, header: NwkHeader, payload: bytes, previous_hop: int, rssi: int, lqi: int, now: int) -> None:
        """A data frame for us, or broadcast."""
        self.aps.received(header, payload, previous_hop, rssi, lqi, now)

    def nwk_sent(self, context: object, outcome: Outcome, now: int) -> None:
        """A frame of a message left, or failed at, the next hop."""
        if isinstance(context, Outgoing):
            self.aps.sender.nwk_sent(context, outcome, now)
        elif context is self.parting:
            self.parting.said(now)

    def nwk_route_needed(self, destination: int, hop: Hop, now: int) -> None:
        """Find a route."""
        assert self._finder is not None
        self._finder.need(destination, hop, now)

    def nwk_link_failed(self, hop: Hop, now: int) -> None:
        """A frame that we forward could not be passed on."""
        if self._finder is not None:
            self._finder.link_failed(hop, now)

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
        if self._family is not None:
            self._family.moved(child, now)

    def newer_network_key(self, source: int, now: int) -> None:  # noqa: ARG002 - whoever it was
        """A frame names a network key that came after all of ours."""
        if self.membership.network_key:
            self.rejoin(RejoinTrigger.KEY_MISSED, now)

    def older_network_key(self, source: int, now: int) -> None:
        """A frame names a network key before ours."""
        if self._family is not None and self.on:
            self._family.children.under_older_key(source, now)

    def switch_network_key(self, now: int) -> None:
        """Put the next network key in force."""
        self._network_keys.switch(now)

    # Our place in the network

    def rejoin(self, cause: RejoinTrigger, now: int) -> None:
        """Look for our way back, or for another trust centre."""
        if self.rejoiner is not None and self.on:
            self.rejoiner.start(cause, now)

    @property
    def is_searching(self) -> bool:
        """Whether we look for a place."""
        return self.rejoiner is not None and self.rejoiner.is_searching

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """A child came, or is none any more."""
        if self.on:
            self._watcher.child_changed(child, now, here=here)

    # What departures and the ZDO say

    def told_to_permit_joining(self, until: int, now: int) -> None:
        """Somebody opens or closes this node."""
        if self._family is not None:
            self.permit_joining(until)
            self._watcher.joining_permitted(until, now)

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
        if self._family is not None:
            self._family.left(short, now, for_good=for_good)

    def nobody_heard(self, now: int) -> None:
        """No router was heard for long."""
        self.rejoin(RejoinTrigger.NETWORK_LOST, now)

    # What APS says

    def aps_received(self, message: ApsIndication, now: int) -> None:
        """A whole message: the ZDO's own if it is a request to endpoint 0, the device's otherwise."""
        if not self.on:
            return
        if message.destination_endpoint == 0:
            if self._zdo.received(message, now):
                return
            if message.cluster == MgmtLeaveRsp.cluster and self.trust_centre is not None:
                self.trust_centre.agreed_to_leave(message.source, message.payload, now)
        self._news.received(message, now)

    def aps_command(self, header: NwkHeader, frame: ApsFrame, octets: int, data: bytes, now: int) -> None:
        """An APS command."""
        if self.on:
            self._keys.command(header, frame, octets, data, now)

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message; those of the stack itself have negative handles."""
        if handle > 0 and self.on:
            self._news.sent(handle, outcome, now)

    def send_own(self, message: ApsMessage, now: int) -> None:
        """Send a message of the ZDO, whose outcome nobody asks for."""
        if message.destination == self.membership.short:
            self.loopback.send(message, now)
            return
        self._own_handle -= 1
        outcome = self.aps.sender.send(self._own_handle, message, now)
        if outcome is not None:
            self._report("aps.dropped", outcome.value, {"cluster": message.cluster}, now)

    # What trust centre, network keys and ZDO say

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """For the device that this node is."""
        if self.on:
            self._news.network(event, now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        self._user.removed(now)

    def send_to_child(self, child: Eui64, frame: bytes, now: int) -> None:
        """Pass an APS frame to a device near us that has no network key."""
        if self._family is not None:
            self._family.send_to_child(child, frame, now)

    def child_refused(self, child: Eui64, now: int) -> None:
        """The trust centre does not want this child."""
        if self._family is not None:
            self._family.refused(child, now)

    def zdo_request(self, message: ApsIndication, now: int) -> None:
        """The device above wants to see a request."""
        self._news.received(message, now)

    def device_announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """Somebody came, or came back: whatever was known of its counters is void."""
        self._memory.learn(device, short)
        self.aps.forget_duplicates(short)
        self.nwk.routes.remove(short)
        if self._family is not None:
            self._family.announced(device, short, now)
        if self.trust_centre is not None:
            self.trust_centre.announced(device, short, sleepy, now)
