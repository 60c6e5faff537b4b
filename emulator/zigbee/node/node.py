"""One soft node: the layers put together, as a `PhyUser` below and what an `ApsPort` offers above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.rng import Streams
from emulator.core.timers import NEVER, Alarm
from emulator.ports.aps import ApsMessage, ApsUser, JoinSettings, NetworkSettings, Outcome, StackConfiguration
from emulator.ports.phy import Phy, RxFrame, TxResult
from emulator.zigbee.node.facts import Facts, FrameCounters
from emulator.zigbee.node.fragments import MAX_WINDOW
from emulator.zigbee.node.key_ring import KeyRing, check_key
from emulator.zigbee.node.layers import Layers
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.node.network_management import NetworkManagement
from emulator.zigbee.node.news import News, Sent
from emulator.zigbee.node.node_counters import NodeCounters
from emulator.zigbee.node.off_channel import OffChannel
from emulator.zigbee.node.rejoin_table import RejoinTrigger
from emulator.zigbee.node.scanning import ScanKind, ScanSettings, ScanUser
from emulator.zigbee.node.watching import NodeWatcher
from emulator.zigbee.node.zdo import leave_request
from emulator.zigbee.security.counters import EXHAUSTED, OutgoingCounter


class Node:
    """A ZigBee node over a radio; sans-IO.

    Args:
        phy: its radio, which must call `received` and `transmitted` of this object.
        eui64: its address.
        streams: randomness; the node takes streams named after its address.
        report: told of every drop, retry and refusal.
        memory: what it kept from before, if anything.

    Attributes:
        keys: the link keys and addresses that it keeps, and who may join.
        alarm: when `on_timeout` is to be called at the latest.
        counters: of what it has done since it was made.
    """

    def __init__(
        self, phy: Phy, eui64: Eui64, streams: Streams, report: Report, memory: NodeMemory | None = None
    ) -> None:
        self.counters = NodeCounters()
        self.alarm = alarm = Alarm()
        report = self.counters.counting(report)
        self._memory = memory = NodeMemory() if memory is None else memory
        self.keys = KeyRing(memory, report)
        self._rng = rng = streams.stream(f"{eui64_text(eui64)}/node")
        self._news = News(alarm)
        self._layers = Layers(phy, eui64, rng, report, alarm, self.counters)
        self._off_channel = OffChannel(self._layers, report, alarm)
        self._management = NetworkManagement(self._layers, self._off_channel, memory, self._news, rng, report, alarm)
        self._handle = 0

    @property
    def eui64(self) -> Eui64:
        """Its address."""
        return self._layers.eui64

    @property
    def memory(self) -> NodeMemory:
        """What it keeps over a power cut."""
        return self._memory

    # Set-up

    def attach(self, user: ApsUser) -> None:
        """Whom to tell."""
        self._news.user = user

    @property
    def watcher(self) -> NodeWatcher:
        """Who is told of what happens inside; set it before the node goes on the air."""
        return self._management.watcher

    @watcher.setter
    def watcher(self, watcher: NodeWatcher) -> None:
        self._management.watcher = watcher

    def readdress(self, eui64: Eui64) -> None:
        """Go by another EUI-64 from now on.

        Raises:
            LocalProtocolError: it is on the air.
        """
        if self._layers.mac is not None:
            raise LocalProtocolError("a node changes its EUI-64 while it is off")
        self._layers.eui64 = eui64

    def configure(self, configuration: StackConfiguration) -> None:
        """Set descriptors, node type and the pre-configured key.

        A node that is on the air takes descriptors and what is asked of its ZDO at once, the rest the next time.

        Raises:
            LocalProtocolError: a window of fragments that an acknowledgement cannot name.
        """
        if not 1 <= configuration.fragment_window <= MAX_WINDOW:
            raise LocalProtocolError(f"a window of fragments has 1 to {MAX_WINDOW} blocks")
        self._management.configuration = configuration
        if self._layers.stack is not None:
            self._layers.stack.configure(configuration)

    def set_groups(self, groups: Mapping[int, int]) -> None:
        """The groups that this node hears, each with an endpoint of its that is a member; lost with the power."""
        self._management.groups = dict(groups)
        if self._layers.stack is not None:
            self._layers.stack.aps.groups = self._management.groups

    def set_frame_counters(self, counters: FrameCounters) -> None:
        """Go on with the counters of a backup.

        Under link keys nothing is sent with a counter below, one that is higher already stays; under the network key
        it is exactly what is said, and up to whoever says it that none comes twice.

        Raises:
            LocalProtocolError: it is in a network, or on its way into one; or no counter of four octets is left.
        """
        if self._layers.stack is not None or self._layers.joiner is not None:
            raise LocalProtocolError("frame counters are set before a node forms or joins")
        if not (0 <= counters.nwk < EXHAUSTED and 0 <= counters.aps < EXHAUSTED):
            raise LocalProtocolError("a frame counter has four octets, and the last one is never used")
        self._memory.nwk_outgoing = OutgoingCounter(counters.nwk)
        self._memory.raise_link_counters(counters.aps)

    # The network

    def form(self, settings: NetworkSettings, now: int) -> None:
        """Start a network as its coordinator.

        Raises:
            LocalProtocolError: it is configured as something else, or not at all.
        """
        self._management.form(settings, now)

    def join(self, settings: JoinSettings, now: int) -> None:
        """Look for a network and join it.

        Raises:
            LocalProtocolError: it is not configured.
        """
        self._management.join(settings, now)

    def resume(self, now: int) -> None:
        """Power is back: go on with the network that memory holds."""
        self._management.resume(now)

    def stop(self, now: int) -> None:
        """Power is gone, and all that was volatile."""
        self._management.reset(now)
        self._news.forget()

    def leave(self, now: int) -> None:
        """Leave the network for good, saying so to the neighbours first."""
        self._management.leave("left", now)

    def permit_joining(self, until: int, now: int) -> None:
        """Let devices associate until `until`, here and at every router."""
        if self._layers.stack is not None:
            self._layers.stack.permit.everywhere(until, now)

    def permit_joining_here(self, until: int) -> None:
        """Let devices associate until `until` with this node alone as their parent; nobody is told."""
        if self._layers.stack is not None:
            self._layers.stack.permit.here(until)

    def seek_trust_centre(self, now: int) -> None:
        """Look for the trust centre after ours; nothing where this node is off, or is joining."""
        self._management.rejoin(RejoinTrigger.TRUST_CENTRE_LOST, now)

    def rejoin(self, now: int) -> None:
        """Look for a place in our network, under the network key; nothing where this node is off, or is joining."""
        self._management.rejoin(RejoinTrigger.ASKED_TO, now)

    def rejoin_without_key(self, now: int) -> None:
        """A trust centre rejoin in our network, under the link key; nothing where this node is off, or is joining."""
        self._management.rejoin(RejoinTrigger.WITHOUT_KEY, now)

    @property
    def is_searching(self) -> bool:
        """Whether it looks for its network, or for a place in it."""
        return self._layers.stack is not None and self._layers.stack.is_searching

    def remove(self, device: Eui64, now: int) -> None:
        """Put a device out and forget its keys; nothing where this node is no trust centre on the air."""
        short, stack = self._memory.addresses.get(device), self._layers.stack
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
        stack = self._layers.stack
        centre = None if stack is None else stack.trust_centre
        if centre is None:
            raise LocalProtocolError("a network key is brought in by a trust centre on the air")
        check_key("a network key", key)
        centre.rotation.begin(key, now)

    # Messages

    def send(self, message: ApsMessage, now: int) -> int:
        """Hand over one message; a handle that the user's `sent` will name.

        Raises:
            LocalProtocolError: a field that does not fit its place in the frame.
        """
        self._handle = handle = self._handle + 1
        stack = self._layers.member
        if stack is None:
            self._news.later(Sent(handle, Outcome.NOT_JOINED), now)
        elif message.destination == stack.membership.short:
            stack.loopback.send(message, now)
            self._news.later(Sent(handle, Outcome.DELIVERED), now)
        else:
            outcome = stack.aps.sender.send(handle, message, now)
            if outcome is not None:
                self._news.later(Sent(handle, outcome), now)
        return handle

    def counter_of(self, handle: int) -> int | None:
        """APS counter of the message sent last, or of one whose acknowledgement is awaited; None for any other.

        A message to the node itself has none, nor has one that could not be sent.
        """
        stack = self._layers.stack
        return None if stack is None else stack.aps.sender.counter_of(handle)

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
        stack = self._layers.member
        if stack is None:
            raise LocalProtocolError("a node in no network has nothing to acknowledge")
        stack.aps.acknowledge_fragment(source, counter, block, bitfield, now)

    # Scans

    def scan(self, kind: ScanKind, channels: Iterable[int], duration: int, user: ScanUser, now: int) -> None:
        """Look for networks, or measure channels; also in no network, and before it is configured.

        A node in a network is away from it meanwhile: what it is to send waits, fails, or is sent again afterwards.
        Whoever makes it form, join, resume, stop, leave or look for another place ends the scan.

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
        self._off_channel.scan(ScanSettings(kind, tuple(channels), duration), user, now)

    def stop_scan(self, now: int) -> None:
        """End a scan before its time, without `scan_done`; nothing where there is none."""
        self._off_channel.stop("asked-to", now)

    @property
    def scanning(self) -> bool:
        """Whether a scan is under way."""
        return self._off_channel.scanning

    # What it knows

    @property
    def facts(self) -> Facts:
        """State, network, counters and tables as they are now."""
        configuration = self._management.configuration
        return Facts(self._memory, self._layers, None if configuration is None else configuration.node_type)

    # Time

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; being early does no harm."""
        return None if self.alarm.at == NEVER else self.alarm.at

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        alarm, news, off_channel = self.alarm, self._news, self._off_channel
        alarm.at = NEVER
        for message in news.take(now):
            if self._layers.stack is not None:
                self._layers.stack.aps_received(message, now)
        off_channel.on_timeout(now)
        for timers in (news.timers, *off_channel.timers()):
            at = timers.next_timeout()
            if at is not None and at < alarm.at:
                alarm.at = at

    # What the radio says

    def received(self, frame: RxFrame, now: int) -> None:
        """A frame from the radio."""
        mac = self._layers.mac
        if mac is not None and not self._off_channel.takes(frame, now):
            mac.received(frame, now)

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        """The radio is done with a frame."""
        if self._layers.mac is not None:
            self._layers.mac.transmitted(result, pending, now)
