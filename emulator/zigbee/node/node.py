"""One soft node: the layers put together, as a `PhyUser` below and what an `ApsPort` offers above."""

from __future__ import annotations

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
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.joining import Candidate, Joiner
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, LinkKeyKind, Membership, NodeMemory
from emulator.zigbee.node.news import News, Sent
from emulator.zigbee.node.rejoining import NewPlace
from emulator.zigbee.node.stack import Stack
from emulator.zigbee.node.zdo import LONGEST_PERMIT, leave_request, permit_joining_request
from emulator.zigbee.security.keys import KEY_OCTETS

PARTING_WAIT = 500 * MILLISECOND
"""How long a node that leaves may take to say so."""
PERMIT_RENEWAL = (LONGEST_PERMIT - 54) * SECOND
"""Routers are told to permit joining for a limited time, so they are told again."""


class Node:
    """A ZigBee node over a radio; sans-IO.

    Args:
        phy: its radio, which must call `received` and `transmitted` of this object.
        eui64: its address.
        streams: randomness; the node takes streams named after its address.
        report: told of every drop, retry and refusal.
        memory: what it kept from before, if anything.

    Attributes:
        alarm: when `on_timeout` is to be called at the latest.
    """

    def __init__(
        self, phy: Phy, eui64: Eui64, streams: Streams, report: Report, memory: NodeMemory | None = None
    ) -> None:
        self.eui64 = eui64
        self.memory = memory or NodeMemory()
        self.alarm = Alarm()
        self._phy = phy
        self._rng = streams.stream(f"{eui64_text(eui64)}/node")
        self._report = report
        self._news = News(self.alarm)
        self._configuration: StackConfiguration | None = None
        self._mac: MacLayer | None = None
        self._stack: Stack | None = None
        self._joiner: Joiner | None = None
        self._timers: Timers[str] = Timers(self.alarm)
        self._parting: str | None = None
        self._permit_until = 0
        self._handle = 0
        self._actions = {"poll": self._poll, "permit": self._renew_permit, "parted": self.parted}

    # What the device above calls

    def attach(self, user: ApsUser) -> None:
        """Whom to tell."""
        self._news.user = user

    def configure(self, configuration: StackConfiguration) -> None:
        """Set descriptors, node type and the pre-configured key."""
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
            settings.channel, settings.pan_id, settings.extended_pan_id, COORDINATOR, COORDINATOR, self.eui64,
            settings.network_key, 0, 0,
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

    def allow(self, device: Eui64, link_key: bytes) -> None:
        """The key under which `device` is given the network key."""
        self.memory.allowed[device] = link_key

    def forbid(self, device: Eui64) -> None:
        """Give `device` the network key no more."""
        self.memory.allowed.pop(device, None)

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        """Use `key` with `device` from this moment on.

        Raises:
            LocalProtocolError: not 16 octets.
        """
        if len(key) != KEY_OCTETS:
            raise LocalProtocolError(f"a link key of {len(key)} octets, {KEY_OCTETS} are needed")
        self.memory.replace_link_key(device, key, LinkKeyKind.ESTABLISHED)
        self._report("trust.link-key", None, {"partner": eui64_text(device)}, now)

    def offer_link_key(self, device: Eui64, key: bytes | None, _now: int) -> None:
        """Understand `key` from `device` as well; None: no more.

        Raises:
            LocalProtocolError: not 16 octets.
        """
        if key is not None and len(key) != KEY_OCTETS:
            raise LocalProtocolError(f"a link key of {len(key)} octets, {KEY_OCTETS} are needed")
        self.memory.offer_link_key(device, key)

    def link_key_with(self, device: Eui64) -> bytes | None:
        """The link key in force with a device."""
        known = self.memory.link_keys.get(device)
        return None if known is None else known.key

    def has_established_key(self, device: Eui64) -> bool:
        """Whether the link key in force with a device was made for the two."""
        known = self.memory.link_keys.get(device)
        return known is not None and known.kind is LinkKeyKind.ESTABLISHED

    def seek_trust_centre(self, now: int) -> None:
        """Look for the trust centre after ours; nothing where this node is off, or is joining."""
        if self._stack is not None and self._joiner is None:
            self._stack.seek_trust_centre(now)

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
        if len(key) != KEY_OCTETS:
            raise LocalProtocolError(f"a network key of {len(key)} octets, {KEY_OCTETS} are needed")
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

    def short_of(self, device: Eui64) -> int | None:
        """The short address of a device, where known."""
        return self.memory.addresses.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        """The EUI-64 behind a short address, where known."""
        return self.memory.eui64_of(short)

    def _send_to_self(self, handle: int, message: ApsMessage, now: int) -> None:
        """What a node sends to itself does not go on the air."""
        indication = ApsIndication(
            message.destination, self.eui64, message.source_endpoint, message.destination_endpoint, message.profile,
            message.cluster, message.payload, message.link_key, False, 0, 255,
        )  # fmt: skip
        self._news.later(indication, now)
        self._news.later(Sent(handle, Outcome.DELIVERED), now)

    # Time

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; being early does no harm."""
        return None if self.alarm.at == NEVER else self.alarm.at

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        alarm = self.alarm
        alarm.at = NEVER
        for message in self._news.take(now):
            if self._stack is not None:
                self._stack.aps_received(message, now)
        for action in self._timers.due(now):
            self._actions[action](now)
        if self._joiner is not None:
            self._joiner.on_timeout(now)
        if self._mac is not None:
            self._mac.on_timeout(now)
        if self._stack is not None:
            self._stack.on_timeout(now)
        for timers in self._all_timers():
            at = timers.next_timeout()
            if at is not None and at < alarm.at:
                alarm.at = at

    def _all_timers(self) -> list[AnyTimers]:
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
        awake = self._configured().node_type is not NodeType.SLEEPY
        self._reset(now)
        self._mac = MacLayer(self._phy, self.eui64, self, self._rng, self._report, self.alarm, receiver_on=awake)
        self._mac.start(now)
        return self._mac

    def _start_stack(self, mac: MacLayer, membership: Membership, now: int) -> Stack:
        mac.tune(membership.channel, now)
        mac.set_address(membership.pan_id, membership.short)
        self.memory.learn(self.eui64, membership.short)
        self._stack = Stack(mac, self.memory, membership, self._configured(), self, self._rng, self._report, self.alarm)
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
            beacon.depth + 1,
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
            *network_key, place.depth,
        )  # fmt: skip
        self.memory.move(membership, link_key, network.counter)
        self._go_up(membership, now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        self._part("removed", now)

    # What the radio says

    def received(self, frame: RxFrame, now: int) -> None:
        """A frame from the radio."""
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

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message."""
        self._news.sent(handle, outcome, now)

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """Tell the device something about the network."""
        self._news.network(event, now)
