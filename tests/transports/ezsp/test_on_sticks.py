"""What only a port on a stick has to show, over virtual sticks in virtual time; the rest is in `test_conformance`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.ncp.ezsp.status import Status
from emulator.ports.aps import DeviceJoined, DeviceLeft, NetworkDown, NetworkUp, NodeType, Outcome
from emulator.transports.ezsp.port import EzspPort
from tests.transports.aps_port_conformance import (
    BRIDGE,
    HUB,
    NEW_KEY,
    Device,
    hub_of,
    pair_of,
    reaches,
    replace_key,
)
from tests.transports.ezsp.stick_world import StickWorld

LONG = bytes(range(256)) * 5


@pytest.fixture(params=[13, 18])
def world(request: pytest.FixtureRequest) -> Iterator[StickWorld]:
    with StickWorld(request.param) as world:
        yield world


def port_of(device: Device) -> EzspPort:
    return cast("EzspPort", device.port)


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY], ids=["router", "sleepy"])
def test_long_messages_come_whole_in_both_directions(world: StickWorld, node_type: NodeType) -> None:
    hub, bridge = pair_of(world, node_type)
    for sender, receiver in ((hub, bridge), (bridge, hub)):
        for link_key in (False, True):
            sender.outcomes.clear()
            receiver.messages.clear()
            handle = sender.send(receiver.short, LONG, acknowledge=True, link_key=link_key)
            world.run(2 * MINUTE)
            assert (sender.outcomes, receiver.payloads()) == ([(handle, Outcome.DELIVERED)], [LONG])
            assert receiver.messages[0].link_key is link_key


def test_two_long_messages_at_once_do_not_mix(world: StickWorld) -> None:
    hub, bridge = pair_of(world)
    first, second = LONG, LONG[::-1]
    handles = [bridge.send(hub.short, payload, acknowledge=True) for payload in (first, second)]
    world.run(MINUTE)
    assert sorted(bridge.outcomes) == [(handle, Outcome.DELIVERED) for handle in handles]
    assert sorted(hub.payloads()) == sorted((first, second))


def test_a_probe_of_a_key_tells_whether_the_other_end_has_it(world: StickWorld) -> None:
    hub, bridge = pair_of(world)
    replace_key(bridge, hub)
    lonely = bridge.call(port_of(bridge).probe_link_key, HUB, 1)
    world.run(MINUTE)
    replace_key(hub, bridge)
    shared = bridge.call(port_of(bridge).probe_link_key, HUB, 1)
    world.run(MINUTE)
    assert bridge.outcomes == [(lonely, Outcome.NO_APS_ACK), (shared, Outcome.DELIVERED)]


def test_the_counters_of_the_stick_can_be_read(world: StickWorld) -> None:
    hub = hub_of(world)
    assert len(world.answer(port_of(hub).counters())) >= 40


def test_a_sleepy_device_is_polled_for_as_often_as_it_was_configured(world: StickWorld) -> None:
    hub, bridge = pair_of(world, NodeType.SLEEPY)
    interval = world.chips[BRIDGE].ram.poll_interval
    assert interval == port_of(bridge)._host.configured().poll_interval
    hub.send(bridge.short, acknowledge=True)
    world.run(interval + SECOND)
    assert hub.outcomes[0][1] is Outcome.DELIVERED


def test_a_stick_that_tells_of_a_lost_parent_is_sent_to_look_for_it_and_finds_it(world: StickWorld) -> None:
    hub, bridge = pair_of(world, NodeType.SLEEPY)
    world.chips[BRIDGE].callback("stackStatusHandler", {"status": Status.MOVE_FAILED}, world.now)
    world.run(5 * SECOND)
    assert world.reasons("stick.parent-lost") == ["no-parent"]
    assert len(bridge.of(NetworkUp)) == 2
    assert bridge.of(NetworkDown) == []
    assert reaches(hub, bridge)
    assert reaches(bridge, hub)


def test_a_device_whose_hub_was_away_for_long_is_back_when_it_is(world: StickWorld) -> None:
    hub, bridge = pair_of(world, NodeType.SLEEPY)
    hub.call(hub.port.stop)
    world.run(10 * MINUTE)
    hub.call(hub.port.resume)
    world.run(20 * MINUTE)
    assert bridge.of(NetworkDown) == []
    assert reaches(hub, bridge)
    assert reaches(bridge, hub)


def test_a_member_that_left_and_was_not_forgotten_joins_again_as_before(world: StickWorld) -> None:
    hub, bridge = pair_of(world)
    replace_key(hub, bridge)
    replace_key(bridge, hub)
    bridge.call(bridge.port.leave)
    world.run(5 * SECOND)
    assert hub.of(DeviceLeft) == [DeviceLeft(BRIDGE, "left")]
    bridge.join()
    assert len(hub.of(DeviceJoined)) == 2
    assert not bridge.port.has_established_key(HUB)
    assert reaches(bridge, hub)


def test_a_key_that_came_while_the_stick_was_off_the_air_is_in_it_once_it_is_on(world: StickWorld) -> None:
    hub, bridge = pair_of(world)
    bridge.call(bridge.port.stop)
    replace_key(bridge, hub)
    replace_key(hub, bridge)
    world.run(SECOND)
    bridge.call(bridge.port.resume)
    world.run(5 * SECOND)
    assert (bridge.port.link_key_with(HUB), hub.port.link_key_with(BRIDGE)) == (NEW_KEY, NEW_KEY)
    assert reaches(hub, bridge)
    assert reaches(bridge, hub)


def test_a_line_that_goes_and_comes_back_costs_no_more_than_what_was_on_its_way(world: StickWorld) -> None:
    hub, bridge = pair_of(world)
    world.lines[HUB].hang_up()
    world.run(10 * SECOND)
    assert [type(event) for event in hub.events[-2:]] == [NetworkDown, NetworkUp]
    assert reaches(bridge, hub)
    assert reaches(hub, bridge)
