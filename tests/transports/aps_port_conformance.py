"""What every `ApsPort` must do, whatever carries it: checks to be run over each implementation.

An implementation brings a `World` and parametrizes one test over `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    BROADCAST_RX_ON,
    ApsIndication,
    ApsMessage,
    ApsPort,
    DeviceJoined,
    DeviceLeft,
    JoinRefused,
    JoinSettings,
    NetworkDown,
    NetworkEvent,
    NetworkKeyChanged,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.zigbee.frames.zdo import ActiveEpReq, ActiveEpRsp, ZdoStatus, decode_zdo, encode_zdo
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY

HUB = Eui64(0x00DB_0000_0000_0001)
BRIDGE = Eui64(0x00DB_0000_0000_1001)
OTHER = Eui64(0x00DB_0000_0000_1002)
NEXT_HUB = Eui64(0x00DB_0000_0000_0002)
HUBS = (HUB, NEXT_HUB)
NETWORK = NetworkSettings(15, 0x1A62, Eui64(0xABCD), bytes(range(16)))
ENDPOINT = SimpleDescriptor(1, 0x0109, 0x0502, 0, (0x0000,), (0x0019,))
KEY = bytes(range(16, 32))
NEW_KEY = bytes(range(32, 48))
LATER_KEY = bytes(range(48, 64))
JOIN_TIME = 30 * SECOND
FAILED = {Outcome.NO_APS_ACK, Outcome.NO_ROUTE, Outcome.NEXT_HOP_FAILED, Outcome.EXPIRED}


class World(Protocol):
    """Where ports of one kind meet: those of a hub and any other device hear each other, nobody else does."""

    @property
    def now(self) -> int:
        """µs."""

    @property
    def wrong_key(self) -> str:
        """What a joiner with another key than its trust centre has for it is told."""

    def port(self, eui64: Eui64) -> ApsPort:
        """A new stack."""

    def run(self, span: int) -> None:
        """Let `span` µs pass."""


class Device:
    """A user of a port; being told anything from inside a call of its own is a failure."""

    def __init__(self, world: World, eui64: Eui64, node_type: NodeType | None, key: bytes | None = None) -> None:
        self.world = world
        self.port = world.port(eui64)
        self.messages: list[ApsIndication] = []
        self.outcomes: list[tuple[int, Outcome]] = []
        self.events: list[NetworkEvent] = []
        self.calling = False
        self.port.attach(self)
        if node_type is not None:
            self.port.configure(StackConfiguration(node_type, 0x1234, (ENDPOINT,), link_key=key))

    def received(self, message: ApsIndication, now: int) -> None:
        assert not self.calling
        assert now == self.world.now
        self.messages.append(message)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        assert not self.calling
        assert now == self.world.now
        self.outcomes.append((handle, outcome))

    def network(self, event: NetworkEvent, now: int) -> None:
        assert not self.calling
        assert now == self.world.now
        self.events.append(event)

    def call(self, function: Callable[..., object], *arguments: object) -> object:
        """Call a method of the port, now."""
        self.calling = True
        try:
            return function(*arguments, self.world.now)
        finally:
            self.calling = False

    def send(self, destination: int, payload: bytes = b"x", **options: Any) -> int:
        handle = self.call(self.port.send, ApsMessage(destination, 1, 1, 0x0109, 0x19, payload, **options))
        assert isinstance(handle, int)
        return handle

    def join(self) -> None:
        self.call(self.port.join, JoinSettings(channels=(15,)))
        self.world.run(JOIN_TIME)

    def of(self, kind: type[NetworkEvent]) -> list[NetworkEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    @property
    def short(self) -> int:
        up = self.of(NetworkUp)[-1]
        assert isinstance(up, NetworkUp)
        return up.short


def hub_of(world: World, *, key: bytes | None = KEY) -> Device:
    """A hub whose network is formed and open; `key` is what it has for `BRIDGE`."""
    hub = Device(world, HUB, NodeType.COORDINATOR)
    hub.call(hub.port.form, NETWORK)
    if key is not None:
        hub.port.allow(BRIDGE, key)
    hub.call(hub.port.permit_joining, world.now + HOUR)
    world.run(SECOND)
    return hub


def pair_of(world: World, node_type: NodeType = NodeType.ROUTER) -> tuple[Device, Device]:
    """A hub, and a bridge that has joined."""
    hub, bridge = hub_of(world), Device(world, BRIDGE, node_type, KEY)
    bridge.join()
    assert bridge.of(NetworkUp), bridge.events
    return hub, bridge


# --- forming and joining -----


def a_coordinator_forms_its_network(world: World) -> None:
    hub = hub_of(world)
    assert hub.events == [NetworkUp(0, NETWORK.pan_id, NETWORK.extended_pan_id, NETWORK.channel, 0, HUB)]
    assert hub.outcomes == []


def nobody_else_forms_one(world: World) -> None:
    bridge = Device(world, BRIDGE, NodeType.ROUTER, KEY)
    with pytest.raises(LocalProtocolError):
        bridge.call(bridge.port.form, NETWORK)


def a_stack_is_configured_first(world: World) -> None:
    bridge = Device(world, BRIDGE, None)
    with pytest.raises(LocalProtocolError):
        bridge.call(bridge.port.join, JoinSettings())


def a_bridge_joins_and_both_ends_know_each_other(world: World) -> None:
    hub, bridge = pair_of(world)
    (up,) = bridge.events
    assert up == NetworkUp(bridge.short, NETWORK.pan_id, NETWORK.extended_pan_id, NETWORK.channel, 0, HUB)
    assert 0 < bridge.short < 0xFFF8
    assert hub.of(DeviceJoined) == [DeviceJoined(BRIDGE, bridge.short, 0, False)]
    assert (hub.port.short_of(BRIDGE), hub.port.eui64_of(bridge.short)) == (bridge.short, BRIDGE)
    assert (bridge.port.short_of(HUB), bridge.port.eui64_of(0)) == (0, HUB)
    assert hub.port.short_of(OTHER) is None


def a_sleepy_device_joins_as_one(world: World) -> None:
    hub, bridge = pair_of(world, NodeType.SLEEPY)
    assert hub.of(DeviceJoined) == [DeviceJoined(BRIDGE, bridge.short, 0, True)]


def a_wrong_key_is_refused(world: World) -> None:
    hub, bridge = hub_of(world, key=bytes(16)), Device(world, BRIDGE, NodeType.ROUTER, KEY)
    bridge.join()
    assert bridge.events == [NetworkDown(world.wrong_key)]
    assert hub.of(DeviceJoined) == []


def an_unknown_device_is_refused(world: World) -> None:
    hub, bridge = hub_of(world, key=None), Device(world, BRIDGE, NodeType.ROUTER, KEY)
    bridge.join()
    assert bridge.events == [NetworkDown("no-key")]
    assert JoinRefused(BRIDGE, "unknown-device") in hub.events


def without_permission_nobody_joins(world: World) -> None:
    hub, bridge = hub_of(world), Device(world, BRIDGE, NodeType.ROUTER, KEY)
    hub.call(hub.port.permit_joining, world.now)
    bridge.join()
    assert bridge.events == [NetworkDown("joining-not-permitted")]


def with_nobody_there_the_reason_is_no_beacon(world: World) -> None:
    bridge = Device(world, BRIDGE, NodeType.ROUTER, KEY)
    bridge.join()
    assert bridge.events == [NetworkDown("no-beacon")]


# --- messages -----


def messages_go_both_ways_and_each_outcome_comes_once(world: World) -> None:
    hub, bridge = pair_of(world)
    for acknowledge in (False, True):
        for link_key in (False, True):
            for sender, receiver in ((hub, bridge), (bridge, hub)):
                sender.outcomes.clear()
                receiver.messages.clear()
                handle = sender.send(receiver.short, b"payload", acknowledge=acknowledge, link_key=link_key)
                world.run(5 * SECOND)
                assert sender.outcomes == [(handle, Outcome.DELIVERED)]
                (message,) = receiver.messages
                assert (message.source, message.source_eui64) == (sender.short, sender.port.eui64)
                assert (message.profile, message.cluster, message.payload) == (0x0109, 0x19, b"payload")
                assert (message.link_key, message.broadcast) == (link_key, False)


def handles_are_positive_and_never_the_same(world: World) -> None:
    hub, bridge = pair_of(world)
    handles = [bridge.send(hub.short, bytes((number,))) for number in range(20)]
    world.run(5 * SECOND)
    assert min(handles) > 0
    assert len(set(handles)) == 20
    assert sorted(handle for handle, _ in bridge.outcomes) == sorted(handles)
    assert sorted(hub.payloads()) == [bytes((number,)) for number in range(20)]


def long_messages_come_whole_if_they_are_acknowledged_and_else_not_at_all(world: World) -> None:
    hub, bridge = pair_of(world)
    payload = bytes(range(256)) * 5
    whole = bridge.send(hub.short, payload, acknowledge=True, link_key=True)
    refused = bridge.send(hub.short, payload)
    world.run(20 * SECOND)
    assert dict(bridge.outcomes) == {whole: Outcome.DELIVERED, refused: Outcome.TOO_LONG}
    assert hub.payloads() == [payload]


def without_a_key_nothing_is_sent_under_it(world: World) -> None:
    hub, bridge = pair_of(world)
    hub.call(hub.port.remove, BRIDGE)
    handle = hub.send(bridge.short, link_key=True)
    world.run(5 * SECOND)
    assert hub.outcomes == [(handle, Outcome.NO_KEY)]


def a_broadcast_comes_once_and_so_does_its_outcome(world: World) -> None:
    hub, bridge = pair_of(world)
    for acknowledge in (False, True):
        handle = hub.send(BROADCAST_RX_ON, b"all", acknowledge=acknowledge)
        world.run(5 * SECOND)
        assert hub.outcomes == [(handle, Outcome.DELIVERED)]
        assert [(message.payload, message.broadcast) for message in bridge.messages] == [(b"all", True)]
        hub.outcomes.clear()
        bridge.messages.clear()


def a_message_to_nobody_fails_in_bounded_time(world: World) -> None:
    hub, bridge = pair_of(world)
    bridge.call(bridge.port.stop)
    handles = [
        hub.send(short, acknowledge=acknowledge) for short in (bridge.short, 0x4321) for acknowledge in (False, True)
    ]
    world.run(MINUTE)
    assert sorted(handle for handle, _ in hub.outcomes) == handles
    assert {outcome for _, outcome in hub.outcomes} <= FAILED


def a_sleeping_device_gets_its_messages(world: World) -> None:
    hub, bridge = pair_of(world, NodeType.SLEEPY)
    handles = [hub.send(bridge.short, bytes((number,)), acknowledge=True) for number in range(3)]
    world.run(20 * SECOND)
    assert hub.outcomes == [(handle, Outcome.DELIVERED) for handle in handles]
    assert bridge.payloads() == [b"\0", b"\1", b"\2"]


def off_the_network_nothing_is_sent(world: World) -> None:
    bridge = Device(world, BRIDGE, NodeType.ROUTER, KEY)
    handle = bridge.send(0)
    world.run(SECOND)
    assert bridge.outcomes == [(handle, Outcome.NOT_JOINED)]


def the_stack_answers_the_zdo_by_itself(world: World) -> None:
    hub, bridge = pair_of(world)
    cluster, payload = encode_zdo(7, ActiveEpReq(bridge.short))
    hub.call(hub.port.send, ApsMessage(bridge.short, 0, 0, 0, cluster, payload))
    world.run(5 * SECOND)
    assert bridge.messages == []
    (answer,) = hub.messages
    assert (answer.profile, answer.destination_endpoint) == (0, 0)
    assert decode_zdo(answer.cluster, answer.payload) == (7, ActiveEpRsp(ZdoStatus.SUCCESS, bridge.short, (1,)))


# --- link keys -----


def a_link_key_replaced_at_both_ends_is_in_force_at_once(world: World) -> None:
    hub, bridge = pair_of(world)
    replace_key(hub, bridge)
    replace_key(bridge, hub)
    assert (hub.port.link_key_with(BRIDGE), bridge.port.link_key_with(HUB)) == (NEW_KEY, NEW_KEY)
    for sender, receiver in ((hub, bridge), (bridge, hub)):
        handle = sender.send(receiver.short, b"new", acknowledge=True, link_key=True)
        world.run(SECOND)
        assert sender.outcomes == [(handle, Outcome.DELIVERED)]
        assert receiver.payloads() == [b"new"]
        assert receiver.messages[0].link_key


def under_the_link_key_before_nothing_is_taken_and_the_retry_goes_under_the_new_one(world: World) -> None:
    hub, bridge = pair_of(world)
    replace_key(hub, bridge)
    handle = bridge.send(hub.short, b"late", acknowledge=True, link_key=True)
    world.run(SECOND)
    assert (hub.messages, bridge.outcomes) == ([], [])
    replace_key(bridge, hub)
    world.run(5 * SECOND)
    assert (hub.payloads(), bridge.outcomes) == ([b"late"], [(handle, Outcome.DELIVERED)])


def a_message_under_way_when_the_key_is_replaced_comes_under_the_new_one(world: World) -> None:
    hub, bridge = pair_of(world)
    handle = bridge.send(hub.short, b"under way", acknowledge=True, link_key=True)
    replace_key(hub, bridge)
    replace_key(bridge, hub)
    world.run(SECOND)
    assert hub.messages == []
    world.run(5 * SECOND)
    assert (hub.payloads(), bridge.outcomes) == ([b"under way"], [(handle, Outcome.DELIVERED)])


def a_key_that_was_offered_is_in_force_from_the_partners_first_message_under_it(world: World) -> None:
    hub, bridge = pair_of(world)
    hub.call(hub.port.offer_link_key, BRIDGE, NEW_KEY)
    bridge.send(hub.short, b"old", acknowledge=True, link_key=True)
    world.run(SECOND)
    assert hub.port.link_key_with(BRIDGE) == KEY
    replace_key(bridge, hub)
    bridge.send(hub.short, b"new", acknowledge=True, link_key=True)
    world.run(SECOND)
    assert hub.port.link_key_with(BRIDGE) == NEW_KEY
    assert hub.payloads() == [b"old", b"new"]


def a_key_that_is_offered_no_more_opens_nothing(world: World) -> None:
    hub, bridge = pair_of(world)
    hub.call(hub.port.offer_link_key, BRIDGE, NEW_KEY)
    hub.call(hub.port.offer_link_key, BRIDGE, None)
    replace_key(bridge, hub)
    bridge.send(hub.short, b"new", acknowledge=True, link_key=True)
    world.run(SECOND)
    assert (hub.port.link_key_with(BRIDGE), hub.messages) == (KEY, [])


def a_replaced_link_key_outlasts_a_restart_of_either_end(world: World) -> None:
    hub, bridge = pair_of(world)
    replace_key(hub, bridge)
    replace_key(bridge, hub)
    for device in (bridge, hub):
        device.call(device.port.stop)
        device.call(device.port.resume)
    world.run(5 * SECOND)
    handle = hub.send(bridge.short, b"kept", acknowledge=True, link_key=True)
    world.run(5 * SECOND)
    assert (bridge.payloads(), hub.outcomes) == ([b"kept"], [(handle, Outcome.DELIVERED)])
    assert (hub.port.link_key_with(BRIDGE), bridge.port.link_key_with(HUB)) == (NEW_KEY, NEW_KEY)


def what_is_no_key_is_refused(world: World) -> None:
    hub, bridge = pair_of(world)
    with pytest.raises(LocalProtocolError):
        hub.call(hub.port.set_link_key, BRIDGE, bytes(15))
    assert hub.port.link_key_with(BRIDGE) == KEY
    assert hub.port.link_key_with(OTHER) is None
    assert bridge.port.link_key_with(HUB) == KEY


def replace_key(device: Device, partner: Device) -> None:
    device.call(device.port.set_link_key, partner.port.eui64, NEW_KEY)


# --- the network key -----


def a_new_network_key_reaches_every_device_and_each_is_told_once(world: World) -> None:
    hub = hub_of(world)
    hub.port.allow(OTHER, KEY)
    bridges = [Device(world, BRIDGE, NodeType.ROUTER, KEY), Device(world, OTHER, NodeType.SLEEPY, KEY)]
    for bridge in bridges:
        bridge.join()
    rotate(hub)
    for device in (hub, *bridges):
        assert device.of(NetworkKeyChanged) == [NetworkKeyChanged(NEW_KEY)]
    for bridge in bridges:
        assert reaches(hub, bridge)
        assert reaches(bridge, hub)


def a_router_that_was_off_when_the_network_key_changed_is_given_it_when_it_is_back(world: World) -> None:
    off_meanwhile(world, NodeType.ROUTER)


def a_sleeping_device_that_was_off_when_the_network_key_changed_is_given_it_when_it_is_back(world: World) -> None:
    off_meanwhile(world, NodeType.SLEEPY)


def off_meanwhile(world: World, node_type: NodeType) -> None:
    hub, bridge = pair_of(world, node_type)
    short = bridge.short
    bridge.call(bridge.port.stop)
    rotate(hub)
    rotate(hub, LATER_KEY)
    bridge.call(bridge.port.resume)
    world.run(2 * MINUTE)
    assert bridge.of(NetworkKeyChanged) == [NetworkKeyChanged(LATER_KEY)]
    assert bridge.short == short
    assert reaches(hub, bridge)
    assert reaches(bridge, hub)


def the_network_key_comes_under_the_link_key_in_force(world: World) -> None:
    hub, bridge = pair_of(world)
    replace_key(hub, bridge)
    replace_key(bridge, hub)
    bridge.call(bridge.port.stop)
    rotate(hub, LATER_KEY)
    bridge.call(bridge.port.resume)
    world.run(2 * MINUTE)
    assert bridge.of(NetworkKeyChanged) == [NetworkKeyChanged(LATER_KEY)]
    assert bridge.port.link_key_with(HUB) == NEW_KEY


def who_has_no_link_key_any_more_is_not_given_the_network_key(world: World) -> None:
    hub, bridge = pair_of(world)
    bridge.call(bridge.port.stop)
    hub.call(hub.port.remove, BRIDGE)
    world.run(MINUTE)
    rotate(hub)
    bridge.call(bridge.port.resume)
    world.run(5 * MINUTE)
    assert JoinRefused(BRIDGE, "no-link-key") in hub.events
    assert bridge.of(NetworkKeyChanged) == []
    assert not reaches(bridge, hub)


def under_the_well_known_key_the_network_key_is_not_given_again(world: World) -> None:
    hub, bridge = pair_of(world)
    hub.call(hub.port.set_link_key, BRIDGE, WELL_KNOWN_LINK_KEY)
    bridge.call(bridge.port.stop)
    rotate(hub)
    bridge.call(bridge.port.resume)
    world.run(5 * MINUTE)
    assert JoinRefused(BRIDGE, "well-known-key") in hub.events
    assert bridge.of(NetworkKeyChanged) == []
    bridge.call(bridge.port.stop)
    bridge.call(bridge.port.set_link_key, HUB, WELL_KNOWN_LINK_KEY)
    hub.events.clear()
    bridge.call(bridge.port.resume)
    world.run(5 * MINUTE)
    assert hub.of(JoinRefused) == []
    assert bridge.of(NetworkKeyChanged) == []


def a_rotation_goes_on_where_the_trust_centre_was_switched_off(world: World) -> None:
    hub, bridge = pair_of(world)
    hub.call(hub.port.rotate_network_key, NEW_KEY)
    world.run(SECOND)
    hub.call(hub.port.stop)
    hub.call(hub.port.resume)
    world.run(MINUTE)
    assert [device.of(NetworkKeyChanged) for device in (hub, bridge)] == [[NetworkKeyChanged(NEW_KEY)]] * 2
    assert reaches(hub, bridge)


def only_a_trust_centre_brings_in_a_network_key(world: World) -> None:
    hub, bridge = pair_of(world)
    for device, key in ((bridge, NEW_KEY), (hub, bytes(15)), (hub, NETWORK.network_key)):
        with pytest.raises(LocalProtocolError):
            device.call(device.port.rotate_network_key, key)
    hub.call(hub.port.rotate_network_key, NEW_KEY)
    with pytest.raises(LocalProtocolError):
        hub.call(hub.port.rotate_network_key, LATER_KEY)


def rotate(hub: Device, key: bytes = NEW_KEY) -> None:
    hub.call(hub.port.rotate_network_key, key)
    hub.world.run(MINUTE)


def reaches(sender: Device, receiver: Device) -> bool:
    handle = sender.send(receiver.short, b"there", acknowledge=True, link_key=True)
    sender.world.run(MINUTE)
    return dict(sender.outcomes)[handle] is Outcome.DELIVERED


# --- power -----


def after_a_restart_the_network_is_the_same(world: World) -> None:
    hub, bridge = pair_of(world)
    for device in (bridge, hub):
        first = device.events[0]
        device.events.clear()
        device.call(device.port.stop)
        world.run(SECOND)
        device.call(device.port.resume)
        world.run(5 * SECOND)
        assert device.of(NetworkUp) == [first]
    handles = (hub.send(bridge.short, link_key=True, acknowledge=True), bridge.send(0, link_key=True, acknowledge=True))
    world.run(10 * SECOND)
    assert (hub.outcomes, bridge.outcomes) == (
        [(handles[0], Outcome.DELIVERED)], [(handles[1], Outcome.DELIVERED)],
    )  # fmt: skip


def a_stack_without_a_network_cannot_go_on_with_one(world: World) -> None:
    bridge = Device(world, BRIDGE, NodeType.ROUTER, KEY)
    bridge.call(bridge.port.resume)
    world.run(SECOND)
    assert bridge.events == [NetworkDown("not-joined")]


def without_power_nothing_is_told(world: World) -> None:
    hub, bridge = pair_of(world)
    short = bridge.short
    bridge.events.clear()
    bridge.send(0, acknowledge=True)
    hub.send(short)
    bridge.call(bridge.port.stop)
    hub.send(short)
    world.run(MINUTE)
    assert (bridge.events, bridge.messages, bridge.outcomes) == ([], [], [])


def a_join_that_is_cut_short_leads_to_nothing(world: World) -> None:
    hub_of(world)
    bridge = Device(world, BRIDGE, NodeType.ROUTER, KEY)
    bridge.call(bridge.port.join, JoinSettings(channels=(15,)))
    world.run(300_000)
    bridge.call(bridge.port.stop)
    world.run(MINUTE)
    assert bridge.events == []
    bridge.join()
    assert len(bridge.of(NetworkUp)) == 1


def a_device_that_leaves_is_gone(world: World) -> None:
    hub, bridge = pair_of(world)
    bridge.events.clear()
    bridge.call(bridge.port.leave)
    world.run(5 * SECOND)
    assert bridge.events == [NetworkDown("left")]
    assert hub.of(DeviceLeft) == [DeviceLeft(BRIDGE, "left")]
    bridge.call(bridge.port.resume)
    world.run(SECOND)
    assert bridge.events[1:] == [NetworkDown("not-joined")]


def a_device_that_is_removed_is_gone_until_it_is_allowed_again(world: World) -> None:
    hub, bridge = pair_of(world)
    bridge.events.clear()
    hub.call(hub.port.remove, BRIDGE)
    world.run(5 * SECOND)
    assert bridge.events == [NetworkDown("removed")]
    assert hub.of(DeviceLeft) == [DeviceLeft(BRIDGE, "removed")]
    bridge.join()
    assert bridge.events[1:] == [NetworkDown("no-key")]
    hub.port.allow(BRIDGE, KEY)
    bridge.join()
    assert len(bridge.of(NetworkUp)) == 1


CHECKS: tuple[Callable[[World], None], ...] = (
    a_coordinator_forms_its_network,
    nobody_else_forms_one,
    a_stack_is_configured_first,
    a_bridge_joins_and_both_ends_know_each_other,
    a_sleepy_device_joins_as_one,
    a_wrong_key_is_refused,
    an_unknown_device_is_refused,
    without_permission_nobody_joins,
    with_nobody_there_the_reason_is_no_beacon,
    messages_go_both_ways_and_each_outcome_comes_once,
    handles_are_positive_and_never_the_same,
    long_messages_come_whole_if_they_are_acknowledged_and_else_not_at_all,
    without_a_key_nothing_is_sent_under_it,
    a_broadcast_comes_once_and_so_does_its_outcome,
    a_message_to_nobody_fails_in_bounded_time,
    a_sleeping_device_gets_its_messages,
    off_the_network_nothing_is_sent,
    the_stack_answers_the_zdo_by_itself,
    a_link_key_replaced_at_both_ends_is_in_force_at_once,
    a_key_that_was_offered_is_in_force_from_the_partners_first_message_under_it,
    a_key_that_is_offered_no_more_opens_nothing,
    under_the_link_key_before_nothing_is_taken_and_the_retry_goes_under_the_new_one,
    a_message_under_way_when_the_key_is_replaced_comes_under_the_new_one,
    a_replaced_link_key_outlasts_a_restart_of_either_end,
    what_is_no_key_is_refused,
    a_new_network_key_reaches_every_device_and_each_is_told_once,
    a_router_that_was_off_when_the_network_key_changed_is_given_it_when_it_is_back,
    a_sleeping_device_that_was_off_when_the_network_key_changed_is_given_it_when_it_is_back,
    the_network_key_comes_under_the_link_key_in_force,
    who_has_no_link_key_any_more_is_not_given_the_network_key,
    under_the_well_known_key_the_network_key_is_not_given_again,
    a_rotation_goes_on_where_the_trust_centre_was_switched_off,
    only_a_trust_centre_brings_in_a_network_key,
    after_a_restart_the_network_is_the_same,
    a_stack_without_a_network_cannot_go_on_with_one,
    without_power_nothing_is_told,
    a_join_that_is_cut_short_leads_to_nothing,
    a_device_that_leaves_is_gone,
    a_device_that_is_removed_is_gone_until_it_is_allowed_again,
)
