"""`mem:aps`: another parent for a sleeping device, the network key again, and what that costs on the air."""

from __future__ import annotations

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.ports.aps import DeviceJoined, JoinRefused, NetworkKeyChanged, NetworkUp, NodeType, Outcome
from emulator.transports.memory.topology import Link
from emulator.zigbee.node.association import MAX_CHILDREN
from tests.transports.aps_world import HUB, Device, World, bridge_address, key_of, line, pair

NEW_KEY = bytes(range(50, 66))


def two_parents(poll: int = SECOND) -> tuple[World, Device, Device, Device]:
    """A hub, two routers near it, and a sleeping device that has joined through the first and hears the second too."""
    world = World()
    one, two, three = (bridge_address(number) for number in (1, 2, 3))
    for near, far in ((HUB, one), (HUB, two), (one, three)):
        world.topology.connect(near, far)
    first, second = world.bridge(1), world.bridge(2)
    device = world.bridge(3, NodeType.SLEEPY, poll)
    world.open(1, 2, 3)
    for each in (first, second, device):
        world.join(each)
        world.hub.port.permit_joining(world.engine.now + HOUR, world.engine.now)
        world.engine.run_for(SECOND)
    world.topology.connect(two, three)
    assert device.inside.parent == first.short
    return world, first, second, device


def reasons(device: Device, kind: str) -> list[str | None]:
    return [reason for _, reported, reason in device.reports if reported == kind]


def delivered(world: World, sender: Device, receiver: Device, span: int = 30 * SECOND) -> bool:
    handle = world.send(sender, receiver, acknowledge=True, link_key=True)
    world.engine.run_for(span)
    return any(each == handle and outcome is Outcome.DELIVERED for _, each, outcome in sender.outcomes)


def test_a_sleeping_device_whose_parent_is_switched_off_finds_another_one_after_a_few_polls() -> None:
    world, first, second, device = two_parents()
    short, begin = device.short, world.engine.now
    first.port.stop(begin)
    world.engine.run_for(20 * SECOND)
    assert device.inside.parent == second.short
    assert device.short == short
    at, up = device.events[-1]
    assert isinstance(up, NetworkUp)
    assert up.parent == second.short
    assert 3 * SECOND < at - begin < 6 * SECOND
    joined = [event for _, event in world.hub.events if isinstance(event, DeviceJoined)]
    assert joined[-1] == DeviceJoined(bridge_address(3), short, second.short, True)
    assert bridge_address(3) in second.inside.children
    assert delivered(world, world.hub, device)
    assert delivered(world, device, world.hub)


def test_a_parent_that_is_back_before_its_child_notices_is_kept() -> None:
    world, first, _, device = two_parents()
    first.port.stop(world.engine.now)
    world.engine.run_for(SECOND)
    first.port.resume(world.engine.now)
    world.engine.run_for(MINUTE)
    assert device.inside.parent == first.short
    assert reasons(device, "rejoin.started") == []
    assert delivered(world, world.hub, device)


@pytest.mark.parametrize("downwards", [True, False])
def test_a_parent_out_of_earshot_is_noticed_when_something_fails(downwards: bool) -> None:
    world, first, second, device = two_parents()
    world.topology.set(bridge_address(1), bridge_address(3), None)
    world.topology.set(bridge_address(3), bridge_address(1), None)
    sender, receiver = (world.hub, device) if downwards else (device, world.hub)
    delivered(world, sender, receiver, span=MINUTE)
    assert device.inside.parent == second.short
    assert bridge_address(3) not in first.inside.children
    assert delivered(world, world.hub, device)


def test_a_device_with_nobody_near_asks_ever_more_seldom_and_goes_on_where_it_was() -> None:
    world, bridge = pair(node_type=NodeType.SLEEPY)
    world.hub.port.stop(world.engine.now)
    world.engine.run_for(12 * HOUR)
    assert 30 < len(reasons(bridge, "rejoin.failed")) < 80
    world.hub.port.resume(world.engine.now)
    world.engine.run_for(HOUR)
    assert delivered(world, world.hub, bridge)
    assert reasons(bridge, "rejoin.done") == []


def test_a_full_router_takes_nobody_back_and_one_with_room_does() -> None:
    world, first, second, device = two_parents()
    for number in range(MAX_CHILDREN):
        second.inside.children[bridge_address(100 + number)] = False
    first.port.stop(world.engine.now)
    world.engine.run_for(20 * SECOND)
    assert set(reasons(device, "rejoin.failed")) == {"no-beacon"}
    second.inside.children.clear()
    world.engine.run_for(MINUTE)
    assert device.inside.parent == second.short


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_a_new_network_key_reaches_everybody_on_the_way(hops: int) -> None:
    world, bridges = line(hops)
    world.hub.port.rotate_network_key(NEW_KEY, world.engine.now)
    world.engine.run_for(MINUTE)
    for device in (world.hub, *bridges):
        assert [event for _, event in device.events if isinstance(event, NetworkKeyChanged)] == [
            NetworkKeyChanged(NEW_KEY)
        ]
        assert reasons(device, "rejoin.started") == []
    assert delivered(world, world.hub, bridges[-1])


def test_a_router_behind_another_one_that_missed_the_key_is_given_it() -> None:
    world, bridges = line(2)
    bridges[1].port.stop(world.engine.now)
    world.hub.port.rotate_network_key(NEW_KEY, world.engine.now)
    world.engine.run_for(MINUTE)
    bridges[1].port.resume(world.engine.now)
    world.engine.run_for(MINUTE)
    assert "old-network-key" in reasons(world.hub, "nwk.dropped")
    assert reasons(bridges[1], "rejoin.done") == ["key-missed"]
    assert delivered(world, world.hub, bridges[1])


def test_a_wrong_link_key_is_named_and_tried_again() -> None:
    world, bridge = pair()
    bridge.port.stop(world.engine.now)
    bridge.port.set_link_key(HUB, key_of(9), world.engine.now)
    world.hub.port.rotate_network_key(NEW_KEY, world.engine.now)
    world.engine.run_for(MINUTE)
    bridge.port.resume(world.engine.now)
    world.engine.run_for(MINUTE)
    assert set(reasons(bridge, "rejoin.failed")) == {"key-refused"}
    bridge.port.set_link_key(HUB, key_of(1), world.engine.now)
    world.engine.run_for(5 * MINUTE)
    assert reasons(bridge, "rejoin.done") == ["key-missed"]


def test_a_device_that_was_put_out_while_it_was_off_is_refused() -> None:
    world, bridge = pair()
    bridge.port.stop(world.engine.now)
    world.hub.port.remove(bridge_address(1), world.engine.now)
    world.hub.port.rotate_network_key(NEW_KEY, world.engine.now)
    world.engine.run_for(MINUTE)
    bridge.port.resume(world.engine.now)
    world.engine.run_for(MINUTE)
    assert JoinRefused(bridge_address(1), "no-link-key") in [event for _, event in world.hub.events]


@pytest.mark.parametrize("loss", [0.1, 0.3])
def test_under_loss_everybody_has_the_key_in_the_end(loss: float) -> None:
    world, first, second, device = two_parents()
    one, two, three = (bridge_address(number) for number in (1, 2, 3))
    for near, far in ((HUB, one), (HUB, two), (one, three), (two, three)):
        world.topology.connect(near, far, Link(loss=loss))
    world.hub.port.rotate_network_key(NEW_KEY, world.engine.now)
    world.engine.run_for(MINUTE)
    for each in (first, second, device):
        delivered(world, world.hub, each, span=MINUTE)
    world.engine.run_for(10 * MINUTE)
    assert {each.inside.keys.key for each in (world.hub, first, second, device)} == {NEW_KEY}
