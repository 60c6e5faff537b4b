"""One soft node: the layers put together, as a `PhyUser` below and what an `ApsPort` offers above."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.rng import Streams
from emulator.core.timers import NEVER, Alarm, AnyTimers, Timers
from emulator.ports.aps import (
    COORDINATOR,
    NOT_JOINED,
    ApsIndication,
    ApsMessage,
    ApsUser,
    JoinSettings,
    NetworkDown,
    NetworkEvent,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.ports.phy import Phy, RxFrame, TxResult
from emulator.zigbee.frames.aps_commands import TransportNetworkKey
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import DataRequest
from emulator.zigbee.node.facts import Facts, FrameCounters
from emulator.zigbee.node.fragments import MAX_WINDOW
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.joining import Candidate, Joiner
from emulator.zigbee.node.key_ring import KeyRing, check_key
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, Membership, NodeMemory
from emulator.zigbee.node.news import News, Sent
from emulator.zigbee.node.node_counters import NodeCounters
from emulator.zigbee.node.rejoining import NewPlace
from emulator.zigbee.node.scanning import ScanKind, Scanner, ScanSettings, ScanUser
from emulator.zigbee.node.stack import Stack
from emulator.zigbee.node.zdo import LONGEST_PERMIT, leave_request, permit_joining_request
from emulator.zigbee.security.counters import EXHAUSTED, OutgoingCounter

PARTING_WAIT = 500 * MILLISECOND
"""How long a node that leaves may take to say so."""
PERMIT_RENEWAL = (LONGEST_PERMIT - 54) * SECOND
"""Routers are told to permit joining for a limited time, so they are told again."""


class Node(KeyRing):
    """A ZigBee node over a radio; sans-IO.

    Args:
        phy: its radio, which must call `received` and `transmitted` of this object.
        eui64: its address.
        streams: randomness; the node takes streams named after its address.
        report: told of every drop, retry and refusal.
        memory: what it kept from before, if anything.

    Attributes:
        alarm: when `on_timeout` is to be called at the latest.
        children_changed: told of every child that came, and of every one that is none any more.
        counters: of what it has done since it was made.
    """

    def __init__(
        self, phy: Phy, eui64: Eui64, streams: Streams, report: Report, memory: NodeMemory | None = None
    ) -> None:
        self.counters = NodeCounters()
        super().__init__(memory or NodeMemory(), self.counters.counting(report))
        self.eui64 = eui64
        self.alarm = Alarm()
        self._phy = phy
        self._rng = streams.stream(f"{eui64_text(eui64)}/node")
        self._news = News(self.alarm)
        self._configuration: StackConfiguration | None = None
        self._mac: MacLayer | None = None
        self._stack: Stack | None = None
        self._joiner: Joiner | None = None
        self._scanner: Scanner | None = None
        self._timers: Timers[str] = Timers(self.alarm)
        self._parting: str | None = None
        self._permit_until = 0
        self._groups: dict[int, int] = {}
        self.children_changed: Callable[[Child, bool, int], None] | None = None
        self._handle = 0
        self._actions = {"poll": self._poll, "permit": self._renew_permit, "parted": self.parted}

    # What the device above calls

    def attach(self, user: ApsUser) -> None:
        """Whom to tell."""
        self._news.user = user

    def readdress(self, eui64: Eui64) -> None:
        """Go by another EUI-64 from now on.

        Raises:
            LocalProtocolError: it is on the air.
        """
        if self._mac is not None:
            raise LocalProtocolError("a node changes its EUI-64 while it is off")
        self.eui64 = eui64

    def configure(self, configuration: StackConfiguration) -> None:
        """Set descriptors, node type and the pre-configured key.

        A node that is on the air takes descriptors and what is asked of its ZDO at once, the rest the next time.

        Raises:
            LocalProtocolError: a window of fragments that an acknowledgement cannot name.
        """
        if not 1 <= configuration.fragment_window <= MAX_WINDOW:
            raise LocalProtocolError(f"a window of fragments has 1 to {MAX_WINDOW} blocks")
        self._configuration = configuration
        if self._stack is not None:
            self._stack.configure(configuration)

    def form(self, settings: NetworkSettings, now: int) -> None:
        """Start a network as its coordinator.

        Raises:
            LocalProtocolError: it is configured as something else, or not at all.
        """
        if self._configured().node_type is not NodeType.COORDINATOR:
            raise LocalProtocolError("a network is formed by a coordinator")
        self.memory.forget()
        self.memory.membership = membership = Membership(
            settings.channel, settings.pan_id, settings.extended_pan_id, COORDINATOR, COORDINATOR,
            self.eui64 if settings.trust_centre is None else settings.trust_centre, settings.network_key,
            settings.key_sequence, 0, update_id=settings.update_id,
        )  # fmt: skip
        self._go_up(membership, now)

    def join(self, settings: JoinSettings, now: int) -> None:
        """Look for a network and join it.

        Raises:
            LocalProtocolError: it is not configured.
        """
        configuration = self._configured()
        self.memory.forget()
        mac = self._start_mac(now)
        node_type, mains = configuration.node_type, configuration.mains_powered
        self._joiner = Joiner(mac, node_type, mains, self, self._rng, self._report, self.alarm)
        self._joiner.start(settings, now)

    def resume(self, now: int) -> None:
        """Power is back: go on with the network that memory holds."""
        self.memory.restart()
        if self.memory.membership is None:
            self._reset(now)
            self._news.later(NetworkDown(NOT_JOINED), now)
        else:
            self._go_up(self.memory.membership, now)

    def stop(self, now: int) -> None:
        """Power is gone, and all that was volatile."""
        self._reset(now)
        self._news.forget()

    def leave(self, now: int) -> None:
        """Leave the network for good, saying so to the neighbours first."""
        self._part("left", now)

    def permit_joining(self, until: int, now: int) -> None:
        """Let devices associate until `until`, here and at every router."""
        if self._stack is not None:
            self._permit_until = until
            self._renew_permit(now)

    def permit_joining_here(self, until: int) -> None:
        """Let devices associate until `until` with this node alone as their parent; nobody is told."""
        self._permit_until = until
        self._timers.cancel("permit")
        if self._stack is not None:
            self._stack.permit_joining(until)

    def set_groups(self, groups: Mapping[int, int]) -> None:
        """The groups that this node hears, each with an endpoint of its that is a member; lost with the power."""
        self._groups = dict(groups)
        if self._stack is not None:
            self._stack.aps.groups = self._groups

    def set_frame_counters(self, counters: FrameCounters) -> None:
        """Go on with the counters of a backup.

        Under link keys nothing is sent with a counter below, one that is higher already stays; under the network key
        it is exactly what is said, and up to whoever says it that none comes twice.

        Raises:
            LocalProtocolError: it is in a network, or on its way into one; or no counter of four octets is left.
        """
        if self._stack is not None or self._joiner is not None:
            raise LocalProtocolError("frame counters are set before a node forms or joins")
        if not (0 <= counters.nwk < EXHAUSTED and 0 <= counters.aps < EXHAUSTED):
            raise LocalProtocolError("a frame counter has four octets, and the last one is never used")
        self.memory.nwk_outgoing = OutgoingCounter(counters.nwk)
        self.memory.raise_link_counters(counters.aps)

    def seek_trust_centre(self, now: int) -> None:
        """Look for the trust centre after ours; nothing where this node is off, or is joining."""
        if self._stack is not None and self._joiner is None:
            self.stop_scan(now)
            self._stack.seek_trust_centre(now)

    def rejoin_without_key(self, now: int) -> None:
        """A trust centre rejoin in our network, under the link key; nothing where this node is off, or is joining."""
        if self._stack is not None and self._joiner is None:
            self.stop_scan(now)
            self._stack.rejoin_without_key(now)

    @property
    def is_searching(self) -> bool:
        """Whether it looks for its network, or for a place in it."""
        rejoiner = None if self._stack is None else self._stack.rejoiner
        return rejoiner is not None and rejoiner.is_searching

    def remove(self, device: Eui64, now: int) -> None:
        """Put a device out and forget its keys; nothing where this node is no trust centre on the air."""
        short, stack = self.memory.addresses.get(device), self._stack
        if stack is None or stack.trust_centre is None:
            return
        if short is not None:
            request = leave_request(short, device, self._rng.randrange(256))
            request.acknowledge = True
            stack.send_own(request, now)
        stack.trust_centre.put_out(device)

    def rotate_network_key(self, key: bytes, now: int) -> None:
        """Bring in another network key.

        Raises:
            LocalProtocolError: no trust centre on the air, not 16 octets, the key in force, or another is under way.
        """
        centre = None if self._stack is None else self._stack.trust_centre
        if centre is None:
            raise LocalProtocolError("a network key is brought in by a trust centre on the air")
        check_key("a network key", key)
        centre.rotation.begin(key, now)

    def send(self, message: ApsMessage, now: int) -> int:
        """Hand over one message; a handle that the user's `sent` will name.

        Raises:
            LocalProtocolError: a field that does not fit its place in the frame.
        """
        self._handle = handle = self._handle + 1
        stack = self._stack
        if stack is None or not stack.on or self._joiner is not None:
            self._news.later(Sent(handle, Outcome.NOT_JOINED), now)
        elif message.destination == stack.membership.short:
            self._send_to_self(handle, message, now)
        else:
            outcome = stack.aps.sender.send(handle, message, now)
            if outcome is not None:
                self._news.later(Sent(handle, outcome), now)
        return handle

    def counter_of(self, handle: int) -> int | None:
        """APS counter of the message sent last, or of one whose acknowledgement is awaited; None for any other.

        A message to the node itself has none, nor has one that could not be sent.
        """
        return None if self._stack is None else self._stack.aps.sender.counter_of(handle)

    def acknowledge_fragment(self, source: int, counter: int, block: int, bitfield: int, now: int) -> None:
        """Acknowledge blocks of a long message, where `StackConfiguration.host_fragments` leaves it to the device.

        Args:
            source: who sends the message.
            counter: its APS counter.
            block: the first block that `bitfield` speaks of.
            bitfield: bit i set where block `block` + i is there; bits of blocks that never came are not sent.
            now: µs.

        Raises:
            LocalProtocolError: not in a network, not left to the device, nothing of that message came of late, or a
                value does not fit its octet.
        """
        stack = self._stack
        if stack is None or not stack.on or self._joiner is not None:
            raise LocalProtocolError("a node in no network has nothing to acknowledge")
        stack.aps.acknowledge_fragment(source, counter, block, bitfield, now)

    # Scans

    def scan(self, kind: ScanKind, channels: Iterable[int], duration: int, user: ScanUser, now: int) -> None:
        """Look for networks, or measure channels; also in no network, and before it is configured.

        A node in a network is away from it meanwhile: what it is to send waits, fails, or is sent again afterwards.
        Whoever makes it form, join, resume, stop, leave or look for another trust centre ends the scan.

        Args:
            kind: what is wanted.
            channels: 11 to 26, in this order.
            duration: exponent n of the (2^n + 1) periods of 15.36 ms that each takes, 0 to 14.
            user: told what is found.
            now: µs.

        Raises:
            LocalProtocolError: another scan is under way, it joins, leaves or looks for its network, or the request
                makes no sense.
        """
        settings = ScanSettings(kind, tuple(channels), duration)
        stack = self._stack
        searching = stack is not None and stack.rejoiner is not None and stack.rejoiner.is_searching
        if self.scanning or self._joiner is not None or self._parting is not None or searching:
            raise LocalProtocolError("a node that scans, joins, leaves or looks for its network cannot scan")
        if stack is not None:
            stack.nwk.security.away = True
        mac = self._mac or self._new_mac(True, now)
        self._scanner = Scanner(mac, settings, user, self._come_home, self._report, self.alarm)
        self._scanner.start(now)

    def stop_scan(self, now: int) -> None:
        """End a scan before its time, without `scan_done`; nothing where there is none."""
        if self._scanner is not None:
            self._scanner.stop("asked-to", now)

    @property
    def scanning(self) -> bool:
        """Whether a scan is under way."""
        return self._scanner is not None

    def _come_home(self, absence: int, now: int) -> None:
        """A scan is over: back to the channel of the network, or off the air."""
        self._scanner = None
        mac, stack = self._mac, self._stack
        if mac is None or stack is None:
            self._reset(now)
            return
        membership = stack.membership
        stack.nwk.security.away = False
        stack.nwk.neighbours.was_deaf(absence)
        mac.tune(membership.channel, now)
        mac.set_address(membership.pan_id, membership.short)
        mac.receive_always(self._configured().node_type is not NodeType.SLEEPY, now)
        self.alarm.by(now)

    # What it knows

    @property
    def facts(self) -> Facts:
        """State, network, counters and tables as they are now."""
        node_type = None if self._configuration is None else self._configuration.node_type
        joining, leaving = self._joiner is not None, self._parting is not None
        return Facts(self.memory, self._stack, node_type, joining=joining, leaving=leaving)

    def _send_to_self(self, handle: int, message: ApsMessage, now: int) -> None:
        """What a node sends to itself does not go on the air."""
        self.to_self(message, now)
        self._news.later(Sent(handle, Outcome.DELIVERED), now)

    # Time

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; being early does no harm."""
        return None if self.alarm.at == NEVER else self.alarm.at

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        alarm = self.alarm
        alarm.at = NEVER
        to_self = self._news.take(now)
        if to_self:
            self._received_from_self(to_self, now)
        scanner = self._scanner
        # Those above the MAC wait until a scan is over.
        if scanner is None:
            for action in self._timers.due(now):
                self._actions[action](now)
            if self._joiner is not None:
                self._joiner.on_timeout(now)
        if self._mac is not None:
            self._mac.on_timeout(now)
        if scanner is not None:
            scanner.on_timeout(now)
        elif self._stack is not None:
            self._stack.on_timeout(now)
        for timers in self._all_timers():
            at = timers.next_timeout()
            if at is not None and at < alarm.at:
                alarm.at = at

    def _received_from_self(self, messages: Iterable[ApsIndication], now: int) -> None:
        for message in messages:
            if self._stack is not None:
                self._stack.aps_received(message, now)

    def _all_timers(self) -> list[AnyTimers]:
        if self._scanner is not None and self._mac is not None:
            return [self._news.timers, self._scanner.timers, *self._mac.timers()]
        found: list[AnyTimers] = [self._timers, self._news.timers]
        if self._joiner is not None:
            found.append(self._joiner.timers)
        for layer in (self._mac, self._stack):
            if layer is not None:
                found += layer.timers()
        return found

    def _poll(self, now: int) -> None:
        if self._mac is not None and self._stack is not None:
            if not self._stack.seeks_trust_centre():
                self._mac.poll(self._stack.membership.parent, now)
            self._timers.set("poll", now + self._configured().poll_interval)

    def _renew_permit(self, now: int) -> None:
        """Tell every router, and again before it forgets."""
        until, stack = self._permit_until, self._stack
        if stack is None:
            return
        stack.permit_joining(until)
        stack.send_own(permit_joining_request(until - now, self._rng.randrange(256)), now)
        if until > now + PERMIT_RENEWAL:
            self._timers.set("permit", now + PERMIT_RENEWAL)
        else:
            self._timers.cancel("permit")

    # Going up and down

    def _configured(self) -> StackConfiguration:
        if self._configuration is None:
            raise LocalProtocolError("a stack is configured before it goes on the air")
        return self._configuration

    def _start_mac(self, now: int) -> MacLayer:
        return self._new_mac(self._configured().node_type is not NodeType.SLEEPY, now)

    def _new_mac(self, awake: bool, now: int) -> MacLayer:
        self._reset(now)
        self._mac = MacLayer(
            self._phy, self.eui64, self, self._rng, self._report, self.alarm, receiver_on=awake, counters=self.counters
        )
        self._mac.start(now)
        return self._mac

    def _start_stack(self, mac: MacLayer, membership: Membership, now: int) -> Stack:
        mac.tune(membership.channel, now)
        mac.set_address(membership.pan_id, membership.short)
        self.memory.learn(self.eui64, membership.short)
        self._stack = Stack(mac, self.memory, membership, self._configured(), self, self._rng, self._report, self.alarm)
        self._stack.aps.groups = self._groups
        self._stack.start(now)
        return self._stack

    def _go_up(self, membership: Membership, now: int) -> None:
        stack = self._start_stack(self._start_mac(now), membership, now)
        self._news.later(self._up(stack, now), now)

    def _up(self, stack: Stack, now: int) -> NetworkUp:
        membership = stack.membership
        if membership.short != COORDINATOR:
            stack.announce(now)
        if self._configured().node_type is NodeType.SLEEPY:
            self._timers.set("poll", now + self._configured().poll_interval)
        return NetworkUp(
            membership.short, membership.pan_id, membership.extended_pan_id, membership.channel, membership.parent,
            membership.trust_centre,
        )  # fmt: skip

    def _part(self, reason: str, now: int) -> None:
        """Forget the network at once, and be gone when the neighbours have been told."""
        if self._parting is not None:
            return
        self.stop_scan(now)
        self.memory.forget()
        stack = self._stack
        if stack is None or self._joiner is not None:
            self._reset(now)
            self._news.later(NetworkDown(reason), now)
            return
        self._parting = reason
        self._timers.set("parted", now + PARTING_WAIT)
        stack.say_farewell(now)

    def parted(self, now: int) -> None:
        """The farewell is out, or takes too long."""
        reason, self._parting = self._parting, None
        self._reset(now)
        if reason is not None:
            self._news.network(NetworkDown(reason), now)

    def _reset(self, now: int) -> None:
        """Throw away everything volatile but the news."""
        if self._scanner is not None:
            self._scanner.stop("node-reset", now)
        if self._parting is not None:
            self._news.later(NetworkDown(self._parting), now)
            self._parting = None
        if self._stack is not None:
            self._stack.on = False
        if self._mac is not None:
            self._mac.stop(now)
        self._mac = self._stack = self._joiner = None
        self._timers.clear()

    # What the joiner says

    def associated(self, parent: Candidate, short: int, now: int) -> None:
        """A parent took us; the network key is still to come."""
        assert self._mac is not None
        beacon = parent.beacon
        membership = Membership(
            parent.channel, parent.pan_id, beacon.extended_pan_id, short, parent.short, Eui64(0), b"", 0,
            beacon.depth + 1, update_id=beacon.update_id,
        )  # fmt: skip
        self._start_stack(self._mac, membership, now)

    def dissociated(self) -> None:
        """That parent led to nothing."""
        if self._stack is not None:
            self._stack.on = False
        self._stack = None

    def join_failed(self, reason: str, now: int) -> None:
        """No network took us."""
        self._reset(now)
        self._news.later(NetworkDown(reason), now)

    def network_key(self, command: TransportNetworkKey, counter: int, now: int) -> None:
        """The network key came, protected under our link key."""
        stack, joiner, trust_centre = self._stack, self._joiner, command.source
        if stack is None or joiner is None:
            self._report("aps.dropped", "unexpected-key", {"from": eui64_text(trust_centre)}, now)
            return
        link_key = self._configured().link_key
        membership = stack.membership
        membership.network_key = command.key
        membership.key_sequence = command.key_sequence
        membership.trust_centre = trust_centre
        self.memory.membership = membership
        self.memory.learn(trust_centre, COORDINATOR)
        if link_key is not None:
            self.memory.take_link_key(trust_centre, link_key).incoming = counter
        if joiner.parent_eui64 is not None:
            self.memory.learn(joiner.parent_eui64, membership.parent)
        stack.key_changed()
        joiner.key_received(now)
        self._joiner = None
        self._news.network(self._up(stack, now), now)

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""
        if self._joiner is not None:
            self._joiner.key_unreadable(now)

    def back(self, now: int) -> None:
        """We have a parent again, or another one."""
        if self._stack is not None:
            self._news.network(self._up(self._stack, now), now)

    def swapped(self, place: NewPlace, now: int) -> None:
        """Another trust centre gave us a place in its network: go on there, and be back in the one before no more."""
        before = self.memory.membership
        network, network_key = place.network, place.network_key
        assert before is not None
        assert network is not None
        assert network_key is not None
        link_key = self.memory.link_keys[before.trust_centre].for_next_trust_centre
        membership = Membership(
            network.channel, network.pan_id, before.extended_pan_id, place.short, place.parent, network.trust_centre,
            *network_key, place.depth, update_id=network.update_id,
        )  # fmt: skip
        self.memory.move(membership, link_key, network.counter)
        self._go_up(membership, now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        self._part("removed", now)

    # What the radio says

    def received(self, frame: RxFrame, now: int) -> None:
        """A frame from the radio."""
        if self._scanner is not None and self._scanner.takes(frame, now):
            return
        if self._mac is not None:
            self._mac.received(frame, now)

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        """The radio is done with a frame."""
        if self._mac is not None:
            self._mac.transmitted(result, pending, now)

    # What the MAC says

    def mac_data(self, source: int, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        """A data frame from a neighbour."""
        if self._stack is not None:
            self._stack.nwk.received(payload, source, rssi, lqi, now)

    def mac_received(self, frame: MacFrame, lqi: int, now: int) -> None:
        """A beacon, or a command that is not the MAC's own business."""
        if frame.type is FrameType.BEACON:
            if self._joiner is not None:
                self._joiner.beacon(frame, lqi, now)
            elif self._stack is not None:
                self._stack.beacon(frame, lqi, now)
        elif self._joiner is not None:
            self._joiner.command(frame, now)
        elif self._stack is not None:
            self._stack.mac_command(frame, now)

    def mac_sent(self, context: object, result: TxResult, now: int) -> None:
        """A frame is done."""
        stack = self._stack
        if isinstance(context, Hop):
            if stack is not None:
                stack.nwk.mac_sent(context, result, now)
        elif isinstance(context, Child):
            if stack is not None and result is TxResult.ACKED:
                stack.child_associated(context, now)
        elif self._joiner is not None:
            self._joiner.request_done(context, result, now)
        elif context is DataRequest and stack is not None and stack.on and stack.rejoiner is not None:
            stack.rejoiner.polled(result, now)

    def mac_expired(self, context: object, now: int) -> None:
        """Nobody fetched an indirect frame."""
        if isinstance(context, Hop) and self._stack is not None:
            self._stack.nwk.expired(context, now)

    def mac_polled(self, child: int, now: int) -> None:
        """Somebody asks what is held for it."""
        if self._stack is not None and self._joiner is None:
            self._stack.polled(child, now)

    def mac_payload(self, context: object, now: int) -> bytes | None:
        """The octets of a held frame."""
        assert isinstance(context, Hop)
        assert self._stack is not None
        return self._stack.nwk.protect(context, now)

    # What the stack says

    def deliver(self, message: ApsIndication, now: int) -> None:
        """A message for one of the device's endpoints."""
        self._news.received(message, now)

    def to_self(self, message: ApsMessage, now: int) -> None:
        """A message for this very node: it comes as if it had been sent, as soon as the call under way is over."""
        indication = ApsIndication(
            message.destination, self.eui64, message.source_endpoint, message.destination_endpoint, message.profile,
            message.cluster, message.payload, message.link_key, False, 0, 255, fragment=message.fragment,
        )  # fmt: skip
        self._news.later(indication, now)

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message."""
        self._news.sent(handle, outcome, now)

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """A child came, or is none any more."""
        if self.children_changed is not None:
            self.children_changed(child, here, now)

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """Tell the device something about the network."""
        self._news.network(event, now)
