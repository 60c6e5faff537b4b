"""How a node comes to be in a network, goes on in it after a power cut, moves to the next one, and is out of it again.

What the device above asks for, what the joiner and the stack say of it, and what changes for either.
"""

from __future__ import annotations

from random import Random

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm
from emulator.ports.aps import (
    COORDINATOR,
    NOT_JOINED,
    JoinSettings,
    NetworkDown,
    NetworkSettings,
    NetworkUp,
    NodeType,
    StackConfiguration,
)
from emulator.zigbee.frames.aps_commands import TransportNetworkKey
from emulator.zigbee.node.joining import Candidate, Joiner
from emulator.zigbee.node.layers import Layers
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.news import News
from emulator.zigbee.node.off_channel import OffChannel
from emulator.zigbee.node.rejoin_table import RejoinTrigger
from emulator.zigbee.node.rejoining import NewPlace
from emulator.zigbee.node.stack import Stack
from emulator.zigbee.node.watching import NodeWatcher, Unwatched


class NetworkManagement:
    """The network of one node; the `JoinUser` of its joiner and the `StackUser` of its stack.

    Args:
        layers: what is made for a network, and goes with it.
        off_channel: scans, which end when anything else begins.
        memory: what is kept of the network.
        news: told when the node is in a network, and when it is not.
        rng, report, alarm: of the node.

    Attributes:
        configuration: what the node is; None until the device says.
        groups: those that it hears, each with an endpoint that is a member.
        watcher: told of what happens inside, from the next network on.
    """

    def __init__(
        self, layers: Layers, off_channel: OffChannel, memory: NodeMemory, news: News, rng: Random, report: Report,
        alarm: Alarm,
    ) -> None:  # fmt: skip
        self.configuration: StackConfiguration | None = None
        self.groups: dict[int, int] = {}
        self.watcher: NodeWatcher = Unwatched()
        self._layers = layers
        self._off_channel = off_channel
        self._memory = memory
        self._news = news
        self._rng = rng
        self._report = report
        self._alarm = alarm

    # What the device above asks for

    def form(self, settings: NetworkSettings, now: int) -> None:
        """Start a network as its coordinator.

        Raises:
            LocalProtocolError: it is configured as something else, or not at all.
        """
        if self._configured().node_type is not NodeType.COORDINATOR:
            raise LocalProtocolError("a network is formed by a coordinator")
        self._memory.forget()
        self._memory.membership = membership = Membership(
            settings.channel, settings.pan_id, settings.extended_pan_id, COORDINATOR, COORDINATOR,
            self._layers.eui64 if settings.trust_centre is None else settings.trust_centre, settings.network_key,
            settings.key_sequence, 0, update_id=settings.update_id,
        )  # fmt: skip
        self._go_up(membership, now)

    def join(self, settings: JoinSettings, now: int) -> None:
        """Look for a network and join it.

        Raises:
            LocalProtocolError: it is not configured.
        """
        configuration = self._configured()
        self._memory.forget()
        mac = self._start_mac(now)
        node_type, mains = configuration.node_type, configuration.mains_powered
        joiner = Joiner(mac, node_type, mains, self, self._rng, self._report, self._alarm)
        self._layers.join_with(joiner)
        joiner.start(settings, now)

    def resume(self, now: int) -> None:
        """Go on with the network that memory holds.

        Raises:
            LocalProtocolError: there is one, and the node is not configured.
        """
        self._memory.restart()
        if self._memory.membership is None:
            self.reset(now)
            self._news.later(NetworkDown(NOT_JOINED), now)
        else:
            self._go_up(self._memory.membership, now)

    def leave(self, reason: str, now: int) -> None:
        """Forget the network at once, and be gone when the neighbours have been told."""
        stack = self._layers.stack
        if stack is not None and stack.parting.reason is not None:
            return
        self._off_channel.stop("asked-to", now)
        self._memory.forget()
        if stack is None or self._layers.joiner is not None:
            self.reset(now)
            self._news.later(NetworkDown(reason), now)
        else:
            stack.leave(reason, now)

    def rejoin(self, cause: RejoinTrigger, now: int) -> None:
        """Look for another place, or the next trust centre; nothing where the node is in no network."""
        stack = self._layers.stack
        if stack is not None and self._layers.joiner is None:
            self._off_channel.stop("asked-to", now)
            stack.rejoin(cause, now)

    def reset(self, now: int) -> None:
        """Throw away everything volatile but the news."""
        self._off_channel.stop("node-reset", now)
        stack = self._layers.stack
        if stack is not None and stack.parting.reason is not None:
            self._news.later(NetworkDown(stack.parting.reason), now)
        self._layers.stop(now)

    # Going up

    def _configured(self) -> StackConfiguration:
        if self.configuration is None:
            raise LocalProtocolError("a stack is configured before it goes on the air")
        return self.configuration

    def _start_mac(self, now: int) -> MacLayer:
        awake = self._configured().node_type is not NodeType.SLEEPY
        self.reset(now)
        return self._layers.start_mac(now, awake=awake)

    def _start_stack(self, mac: MacLayer, membership: Membership, now: int) -> Stack:
        mac.tune(membership.channel, now)
        mac.set_address(membership.pan_id, membership.short)
        self._memory.learn(mac.eui64, membership.short)
        stack = Stack(
            mac, self._memory, membership, self._configured(), self, self._news, self.watcher, self._rng,
            self._report, self._alarm,
        )  # fmt: skip
        self._layers.put_on(stack)
        stack.aps.groups = self.groups
        stack.start(now)
        return stack

    def _go_up(self, membership: Membership, now: int) -> None:
        stack = self._start_stack(self._start_mac(now), membership, now)
        self._news.later(_up(stack, now), now)

    # What the joiner says

    def associated(self, parent: Candidate, short: int, now: int) -> None:
        """A parent took us; the network key is still to come."""
        mac, beacon = self._layers.mac, parent.beacon
        assert mac is not None
        membership = Membership(
            parent.channel, parent.pan_id, beacon.extended_pan_id, short, parent.short, Eui64(0), b"", 0,
            beacon.depth + 1, update_id=beacon.update_id,
        )  # fmt: skip
        self._start_stack(mac, membership, now)

    def dissociated(self) -> None:
        """That parent led to nothing."""
        self._layers.take_off()

    def join_failed(self, reason: str, now: int) -> None:
        """No network took us."""
        self.reset(now)
        self._news.later(NetworkDown(reason), now)

    # What the stack says

    def network_key(self, command: TransportNetworkKey, counter: int, now: int) -> None:
        """The network key came, protected under our link key."""
        stack, joiner, trust_centre = self._layers.stack, self._layers.joiner, command.source
        if stack is None or joiner is None:
            self._report("aps.dropped", "unexpected-key", {"from": eui64_text(trust_centre)}, now)
            return
        memory, membership, link_key = self._memory, stack.membership, self._configured().link_key
        membership.network_key, membership.key_sequence = command.key, command.key_sequence
        membership.trust_centre = trust_centre
        memory.membership = membership
        memory.learn(trust_centre, COORDINATOR)
        if link_key is not None:
            memory.take_link_key(trust_centre, link_key).incoming = counter
        if joiner.parent_eui64 is not None:
            memory.learn(joiner.parent_eui64, membership.parent)
        stack.nwk.security.use_key()
        joiner.key_received(now)
        self._layers.join_with(None)
        self._news.network(_up(stack, now), now)

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""
        if self._layers.joiner is not None:
            self._layers.joiner.key_unreadable(now)

    def back(self, now: int) -> None:
        """We have a parent again, or another one."""
        if self._layers.stack is not None:
            self._news.network(_up(self._layers.stack, now), now)

    def swapped(self, place: NewPlace, now: int) -> None:
        """Another trust centre gave us a place in its network: go on there, and be back in the one before no more."""
        before = self._memory.membership
        network, network_key = place.network, place.network_key
        assert before is not None
        assert network is not None
        assert network_key is not None
        link_key = self._memory.link_keys[before.trust_centre].for_next_trust_centre
        membership = Membership(
            network.channel, network.pan_id, before.extended_pan_id, place.short, place.parent, network.trust_centre,
            *network_key, place.depth, update_id=network.update_id,
        )  # fmt: skip
        self._memory.move(membership, link_key, network.counter)
        self._go_up(membership, now)

    def removed(self, now: int) -> None:
        """The trust centre put us out."""
        self.leave("removed", now)

    def parted(self, reason: str, now: int) -> None:
        """The farewell is out, or takes too long."""
        self.reset(now)
        self._news.network(NetworkDown(reason), now)


def _up(stack: Stack, now: int) -> NetworkUp:
    """Begin to live in the network; what the device is told of it."""
    stack.up(now)
    membership = stack.membership
    return NetworkUp(
        membership.short, membership.pan_id, membership.extended_pan_id, membership.channel, membership.parent,
        membership.trust_centre,
    )  # fmt: skip
