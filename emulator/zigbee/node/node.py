"""One soft node: the layers put together, as a `PhyUser` below and what an `ApsPort` offers above."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import Streams
from emulator.core.timers import Timers
from emulator.ports.aps import (
    COORDINATOR,
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
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import AssociationRequest
from emulator.zigbee.node.joining import Candidate, Joiner
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, LinkKey, Membership, NodeMemory
from emulator.zigbee.node.nwk import Hop
from emulator.zigbee.node.stack import Deadlines, Stack
from emulator.zigbee.node.zdo import leave_request, permit_joining_request

Report = Callable[[str, str | None, dict[str, object], int], None]


class Node:
    """A ZigBee node over a radio; sans-IO.

    Args:
        phy: its radio, which must call `received` and `transmitted` of this object.
        eui64: its address.
        streams: randomness; the node takes streams named after its address.
        report: told of every drop, retry and refusal.
        memory: what it kept from before, if anything.
    """

    def __init__(
        self, phy: Phy, eui64: Eui64, streams: Streams, report: Report, memory: NodeMemory | None = None
    ) -> None:
        self.eui64 = eui64
        self.memory = memory or NodeMemory()
        self._phy = phy
        self._rng = streams.stream(f"{eui64_text(eui64)}/node")
        self._report = report
        self._user: ApsUser | None = None
        self._configuration: StackConfiguration | None = None
        self._mac: MacLayer | None = None
        self._stack: Stack | None = None
        self._joiner: Joiner | None = None
        self._timers: Timers[tuple[str, int]] = Timers()
        self._early: dict[int, Outcome] = {}
        self._handle = 0

    # What the device above calls

    def attach(self, user: ApsUser) -> None:
        """Whom to tell."""
        self._user = user

    def configure(self, configuration: StackConfiguration) -> None:
        """Set descriptors, node type and the pre-configured key."""
        self._configuration = configuration
        if self._stack is not None:
            self._stack.configure(configuration)

    def form(self, settings: NetworkSettings, now: int) -> None:
        """Start a network as its coordinator."""
        self.memory.forget()
        self.memory.membership = Membership(
            settings.channel, settings.pan_id, settings.extended_pan_id, COORDINATOR, COORDINATOR, self.eui64,
            settings.network_key, 0, 0,
        )  # fmt: skip
        self._go_up(self.memory.membership, now)

    def join(self, settings: JoinSettings, now: int) -> None:
        """Look for a network and join it."""
        configuration = self._configured()
        self.memory.forget()
        mac = self._start_mac(now)
        rng, report = self._rng, self._report
        self._joiner = Joiner(mac, configuration.node_type, configuration.mains_powered, self, rng, report)
        self._joiner.start(settings, now)

    def resume(self, now: int) -> None:
        """Power is back: go on with the network that memory holds."""
        self.memory.restart()
        if self.memory.membership is None:
            self.network_event(NetworkDown("not-joined"), now)
        else:
            self._go_up(self.memory.membership, now)

    def stop(self, now: int) -> None:
        """Power is gone, and all that was volatile."""
        self._phy.abort()
        self._phy.listen(False, now)
        self._mac = None
        self._stack = None
        self._joiner = None
        self._timers.clear()
        self._early.clear()

    def leave(self, now: int) -> None:
        """Leave the network for good."""
        self.memory.forget()
        self.stop(now)
        self.network_event(NetworkDown("left"), now)

    def permit_joining(self, until: int, now: int) -> None:
        """Let devices associate until `until`, here and at every router."""
        if self._stack is not None:
            self._stack.permit_joining(until)
            self.send(permit_joining_request(until - now, self._rng.randrange(256)), now)

    def allow(self, device: Eui64, link_key: bytes) -> None:
        """The key under which `device` is given the network key."""
        self.memory.allowed[device] = link_key

    def remove(self, device: Eui64, now: int) -> None:
        """Put a device out and forget its keys."""
        short = self.memory.addresses.get(device)
        if short is not None and self._stack is not None:
            self.send(leave_request(short, device, self._rng.randrange(256)), now)
        self.memory.allowed.pop(device, None)
        self.memory.link_keys.pop(device, None)

    def send(self, message: ApsMessage, now: int) -> int:
        """Hand over one message; a handle that the user's `sent` will name."""
        self._handle = handle = self._handle + 1
        stack = self._stack
        outcome = Outcome.NOT_JOINED if stack is None else stack.aps.send(handle, message, now)
        if outcome is not None:
            self._early[handle] = outcome
            self._timers.set(("early", handle), now)
        return handle

    def short_of(self, device: Eui64) -> int | None:
        """The short address of a device, where known."""
        return self.memory.addresses.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        """The EUI-64 behind a short address, where known."""
        return self.memory.eui64_of(short)

    # Time

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        earliest: int | None = None
        for timers in self._all_timers():
            at = timers.next_timeout()
            if at is not None and (earliest is None or at < earliest):
                earliest = at
        return earliest

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for action, handle in self._timers.due(now):
            if action == "early":
                self.aps_sent(handle, self._early.pop(handle), now)
            elif self._mac is not None and self._stack is not None:
                self._poll(self._mac, self._stack, now)
        if self._joiner is not None:
            self._joiner.on_timeout(now)
        if self._mac is not None:
            self._mac.on_timeout(now)
        if self._stack is not None:
            self._stack.on_timeout(now)

    def _all_timers(self) -> Iterable[Deadlines]:
        yield self._timers
        if self._mac is not None:
            yield self._mac.timers
        if self._joiner is not None:
            yield self._joiner.timers
        if self._stack is not None:
            yield from self._stack.timers()

    def _poll(self, mac: MacLayer, stack: Stack, now: int) -> None:
        mac.poll(stack.membership.parent, now)
        self._timers.set(("poll", 0), now + self._configured().poll_interval)

    # Going up and down

    def _configured(self) -> StackConfiguration:
        assert self._configuration is not None, "configure the stack before it goes on the air"
        return self._configuration

    def _start_mac(self, now: int) -> MacLayer:
        self.stop(now)
        awake = self._configured().node_type is not NodeType.SLEEPY
        self._mac = MacLayer(self._phy, self.eui64, self, self._rng, self._report, receiver_on=awake)
        self._mac.start(now)
        return self._mac

    def _start_stack(self, mac: MacLayer, membership: Membership, now: int) -> Stack:
        mac.tune(membership.channel, now)
        mac.set_address(membership.pan_id, membership.short)
        self.memory.learn(self.eui64, membership.short)
        self._stack = Stack(mac, self.memory, membership, self._configured(), self, self._rng, self._report)
        self._stack.start(now)
        return self._stack

    def _go_up(self, membership: Membership, now: int) -> None:
        stack = self._start_stack(self._start_mac(now), membership, now)
        self._up(stack, now)

    def _up(self, stack: Stack, now: int) -> None:
        membership = stack.membership
        if membership.short != COORDINATOR:
            stack.announce(now)
        if self._configured().node_type is NodeType.SLEEPY:
            self._timers.set(("poll", 0), now + self._configured().poll_interval)
        up = NetworkUp(
            membership.short, membership.pan_id, membership.extended_pan_id, membership.channel, membership.parent,
            membership.trust_centre,
        )  # fmt: skip
        self.network_event(up, now)

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

    def dissociated(self, now: int) -> None:  # noqa: ARG002 - the signature the joiner calls
        """That parent led to nothing."""
        self._stack = None

    def join_failed(self, reason: str, now: int) -> None:
        """No network took us."""
        self.stop(now)
        self.network_event(NetworkDown(reason), now)

    def network_key(self, key: bytes, sequence: int, trust_centre: Eui64, now: int) -> None:
        """The network key came, protected under our link key."""
        stack, joiner = self._stack, self._joiner
        if stack is None or joiner is None:
            return
        link_key = self._configured().link_key
        membership = stack.membership
        membership.network_key = key
        membership.key_sequence = sequence
        membership.trust_centre = trust_centre
        self.memory.membership = membership
        self.memory.learn(trust_centre, COORDINATOR)
        if link_key is not None:
            self.memory.link_keys[trust_centre] = LinkKey.of(link_key)
        stack.key_changed()
        joiner.key_received(now)
        self._joiner = None
        self._up(stack, now)

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""
        if self._joiner is not None:
            self._joiner.key_unreadable(now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        self.memory.forget()
        self.stop(now)
        self.network_event(NetworkDown("removed"), now)

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

    def mac_received(self, frame: MacFrame, rssi: int, lqi: int, now: int) -> None:
        """A frame that is not the MAC's own business."""
        stack = self._stack
        if frame.type is FrameType.DATA:
            if stack is not None and frame.source is not None:
                stack.nwk.received(frame.payload, frame.source, rssi, lqi, now)
        elif frame.type is FrameType.BEACON:
            if self._joiner is not None:
                self._joiner.beacon(frame, lqi, now)
        elif self._joiner is not None:
            self._joiner.command(frame, now)
        elif stack is not None and stack.parent is not None:
            stack.parent.command(frame, now)

    def mac_sent(self, context: object, result: TxResult, now: int) -> None:
        """A frame is done."""
        if isinstance(context, Hop):
            if self._stack is not None:
                self._stack.nwk.mac_sent(context, result, now)
        elif isinstance(context, Child):
            if self._stack is not None and self._stack.parent is not None and result is TxResult.ACKED:
                self._stack.child_associated(context, now)
        elif self._joiner is not None and (context is AssociationRequest or result is not TxResult.ACKED):
            self._joiner.request_done(result, now)

    def mac_expired(self, context: object, now: int) -> None:
        """Nobody fetched an indirect frame."""
        if isinstance(context, Hop) and self._stack is not None:
            self._stack.nwk_sent(context.context, Outcome.EXPIRED, now)

    def mac_payload(self, context: object) -> bytes:
        """The octets of a held frame."""
        assert isinstance(context, Hop)
        assert self._stack is not None
        return self._stack.nwk.protect(context)

    # What the stack says

    def deliver(self, message: ApsIndication, now: int) -> None:
        """A message for one of the device's endpoints."""
        if self._user is not None:
            self._user.received(message, now)

    def aps_sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message."""
        if self._user is not None:
            self._user.sent(handle, outcome, now)

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """Tell the device something about the network."""
        if self._user is not None:
            self._user.network(event, now)
