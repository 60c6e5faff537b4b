"""`mem:aps`: sleepy devices, broadcasts, power cuts, and whatever happens."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import HOUR, MILLISECOND, SECOND
from emulator.ports.aps import (
    BROADCAST_ALL,
    BROADCAST_RX_ON,
    ApsMessage,
    DeviceJoined,
    DeviceLeft,
    JoinSettings,
    NetworkDown,
    NetworkUp,
    NodeType,
    Outcome,
)
from emulator.transports.memory.topology import Link
from tests.transports.aps_world import HUB, Device, World, bridge_address, key_of, line, pair

# Sleepy devices


def test_a_message_to_a_sleepy_device_waits_for_its_poll() -> None:
    world, bridge = pair(node_type=NodeType.SLEEPY, poll=2 * SECOND)
    up = bridge.events[0][0]
    world.send(world.hub, bridge, acknowledge=True)
    world.engine.run_for(10 * SECOND)
    ((when, _),) = bridge.messages
    assert 0 < (when - up) % (2 * SECOND) < 50 * MILLISECOND
    assert world.hub.last_outcome is Outcome.DELIVERED


def test_a_sleepy_device_fetches_its_acknowledgement_too() -> None:
    world, bridge = pair(node_type=NodeType.SLEEPY, poll=2 * SECOND)
    begin = world.engine.now
    world.send(bridge, world.hub, acknowledge=True)
    world.engine.run_for(10 * SECOND)
    assert world.hub.messages[0][0] - begin < 20 * MILLISECOND
    assert bridge.outcomes[0][0] > world.hub.messages[0][0] + 100 * MILLISECOND
    assert bridge.last_outcome is Outcome.DELIVERED


def test_several_messages_are_fetched_with_one_poll() -> None:
    world, bridge = pair(node_type=NodeType.SLEEPY, poll=5 * SECOND)
    for number in range(3):
        world.send(world.hub, bridge, bytes([number]))
    world.engine.run_for(10 * SECOND)
    assert bridge.payloads() == [b"\0", b"\1", b"\2"]
    assert bridge.messages[2][0] - bridge.messages[0][0] < 50 * MILLISECOND


def test_a_message_that_is_not_fetched_in_time_expires() -> None:
    world, bridge = pair(node_type=NodeType.SLEEPY, poll=HOUR)
    begin = world.engine.now
    world.send(world.hub, bridge)
    world.engine.run_for(60 * SECOND)
    ((when, _, outcome),) = world.hub.outcomes
    assert (outcome, bridge.messages) == (Outcome.EXPIRED, [])
    assert 7_680 * MILLISECOND <= when - begin < 7_700 * MILLISECOND


def test_loss_does_not_double_what_a_sleepy_device_gets() -> None:
    world, bridge = pair(loss=0.3, node_type=NodeType.SLEEPY)
    for number in range(100):
        world.send(world.hub, bridge, bytes([number]), acknowledge=True)
        world.engine.run_for(60 * SECOND)
    assert bridge.payloads() == [bytes([number]) for number in range(100)]


# Broadcasts


def test_a_broadcast_reaches_every_member_once() -> None:
    world, bridges = line(3)
    world.hub.port.send(ApsMessage(BROADCAST_RX_ON, 1, 1, 0x0109, 0x19, b"all"), world.engine.now)
    world.engine.run_for(5 * SECOND)
    assert [bridge.payloads() for bridge in bridges] == [[b"all"]] * 3
    assert all(message.broadcast for bridge in bridges for _, message in bridge.messages)
    assert world.hub.messages == []
    assert world.hub.last_outcome is Outcome.DELIVERED


def test_only_a_broadcast_to_all_reaches_a_sleeping_device() -> None:
    world, bridge = pair(node_type=NodeType.SLEEPY)
    for destination in (BROADCAST_RX_ON, BROADCAST_ALL):
        world.hub.port.send(ApsMessage(destination, 1, 1, 0x0109, 0x19, destination.to_bytes(2)), world.engine.now)
        world.engine.run_for(5 * SECOND)
    assert bridge.payloads() == [b"\xff\xff"]


# Power


def test_what_is_on_its_way_to_a_device_that_stops_fails() -> None:
    world, bridge = pair()
    world.send(world.hub, bridge)
    world.send(world.hub, bridge, acknowledge=True)
    bridge.port.stop(world.engine.now)
    begin = world.engine.now
    world.engine.run_slice()
    (early, _, first), (late, _, second) = world.hub.outcomes
    assert (first, second) == (Outcome.NEXT_HOP_FAILED, Outcome.NEXT_HOP_FAILED)
    assert early - begin < 20 * MILLISECOND
    assert 4 * 1_600 * MILLISECOND <= late - begin < 7 * SECOND
    assert bridge.messages == []


def test_a_stopped_device_is_told_nothing() -> None:
    world, bridge = pair()
    world.send(bridge, world.hub, acknowledge=True)
    bridge.port.stop(world.engine.now)
    before = len(bridge.events)
    world.engine.run_slice()
    assert (bridge.outcomes, len(bridge.events)) == ([], before)


def test_a_restart_keeps_address_and_keys() -> None:
    world, bridge = pair()
    short = bridge.short
    bridge.port.stop(world.engine.now)
    world.engine.run_for(30 * SECOND)
    bridge.port.resume(world.engine.now)
    world.engine.run_for(SECOND)
    up = bridge.events[-1][1]
    assert isinstance(up, NetworkUp)
    assert up.short == short
    assert isinstance(world.hub.events[-1][1], DeviceJoined)
    world.send(world.hub, bridge, acknowledge=True, link_key=True)
    world.engine.run_for(SECOND)
    assert world.hub.last_outcome is Outcome.DELIVERED


def test_the_hub_too_may_restart() -> None:
    world, bridge = pair()
    world.hub.port.stop(world.engine.now)
    world.send(bridge, world.hub, acknowledge=True)
    world.engine.run_for(3 * SECOND)
    world.hub.port.resume(world.engine.now)
    world.engine.run_for(10 * SECOND)
    assert isinstance(world.hub.events[-1][1], NetworkUp)
    assert bridge.last_outcome is Outcome.DELIVERED
    assert world.hub.payloads() == [b"x"]


def test_resuming_without_a_network_says_so() -> None:
    world = World()
    bridge = world.bridge(1)
    bridge.port.resume(0)
    world.engine.run_for(1)
    assert bridge.events == [(0, NetworkDown("not-joined"))]


def test_a_device_that_leaves_is_gone_for_good() -> None:
    world, bridge = pair()
    bridge.port.leave(world.engine.now)
    world.engine.run_for(SECOND)
    assert bridge.events[-1][1] == NetworkDown("left")
    assert world.hub.events[-1][1] == DeviceLeft(bridge_address(1), "left")
    bridge.port.resume(world.engine.now)
    world.engine.run_for(SECOND)
    assert bridge.events[-1][1] == NetworkDown("not-joined")


def test_a_device_that_is_removed_is_gone_and_comes_back_only_with_a_key() -> None:
    world, bridge = pair()
    world.hub.port.remove(bridge_address(1), world.engine.now)
    world.engine.run_for(SECOND)
    assert bridge.events[-1][1] == NetworkDown("removed")
    assert world.hub.events[-1][1] == DeviceLeft(bridge_address(1), "removed")
    bridge.port.join(JoinSettings(), world.engine.now)
    world.engine.run_for(60 * SECOND)
    assert bridge.events[-1][1] == NetworkDown("no-key")


# Whatever happens


def disturb(world: World, bridges: list[Device], rng: random.Random) -> None:
    """Switch somebody off or on, or change a link."""
    device = rng.choice([world.hub, *bridges])
    if rng.random() < 0.5:
        device.port.stop(world.engine.now)
        device.outcomes.append((world.engine.now, 0, Outcome.NOT_JOINED))
        world.engine.run_for(rng.randrange(3 * SECOND))
        device.port.resume(world.engine.now)
    else:
        link = Link(loss=rng.choice((0.0, 0.1, 0.5, 1.0)))
        world.topology.connect(bridge_address(1), rng.choice((HUB, bridge_address(2), bridge_address(3))), link)


@given(st.integers(0, 2**32))
def test_every_message_has_one_outcome_and_arrives_at_most_once(number: int) -> None:
    rng = random.Random(number)
    world, bridges = line(2)
    sleepy = world.bridge(3, NodeType.SLEEPY)
    world.topology.connect(bridge_address(1), bridge_address(3))
    world.hub.port.allow(bridge_address(3), key_of(3))
    world.join(sleepy)
    devices = [world.hub, *bridges, sleepy]
    for device in devices:
        device.outcomes.clear()
    sent: dict[int, list[int]] = {index: [] for index in range(4)}
    for payload in range(30):
        index, octets = rng.randrange(4), rng.choice((4, 60, 300))
        receiver = rng.choice(devices)
        acknowledge = octets > 100 or rng.random() < 0.5
        handle = world.send(devices[index], receiver, payload.to_bytes(octets), acknowledge=acknowledge)
        sent[index].append(handle)
        world.engine.run_for(rng.randrange(200 * MILLISECOND))
        if rng.random() < 0.2:
            disturb(world, [*bridges, sleepy], rng)
    world.engine.run_slice()
    for index, device in enumerate(devices):
        handles = [handle for _, handle, _ in device.outcomes if handle]
        assert len(handles) == len(set(handles))
        restarted = any(not handle for _, handle, _ in device.outcomes)
        assert set(handles) <= set(sent[index]) if restarted else set(handles) == set(sent[index])
        payloads = [bytes(payload) for payload in device.payloads()]
        assert len(payloads) == len(set(payloads))


# Determinism and idleness


def history(seed: int) -> list[object]:
    world, bridge = pair(loss=0.1, seed=seed)
    for number in range(50):
        world.send(world.hub, bridge, bytes([number]), acknowledge=True)
        world.send(bridge, world.hub, bytes([number]))
    world.engine.run_slice()
    return [world.hub.outcomes, bridge.outcomes, bridge.messages, world.hub.reports, world.airtime, world.engine.now]


def test_the_same_seed_gives_the_same_run_and_another_seed_another_one() -> None:
    assert history(3) == history(3)
    assert history(3) != history(4)


def test_an_idle_network_makes_no_events_but_books_its_airtime() -> None:
    world, bridges = line(2)
    sleepy = world.bridge(3, NodeType.SLEEPY)
    world.topology.connect(HUB, bridge_address(3))
    world.hub.port.allow(bridge_address(3), key_of(3))
    world.join(sleepy)
    world.engine.run_for(60 * SECOND)
    world.air.settle(world.engine.now)
    world.forget_airtime()
    before = world.engine.events
    world.engine.run_for(24 * HOUR)
    world.air.settle(world.engine.now)
    assert world.engine.events == before
    assert world.airtime[bridge_address(3)] == (86_400 * (6 + 12) * 32, 86_400)
    assert world.airtime[bridges[0].port.eui64] == (5_760 * (6 + 45) * 32, 5_760)
    assert world.airtime[HUB][1] == 5_760 + 86_400
