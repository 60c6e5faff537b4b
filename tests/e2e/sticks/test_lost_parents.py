"""A sleepy bridge whose parent dies: bellows, EZSP and a virtual stick, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.ports.aps import NetworkDown, NetworkUp, NodeType
from tests.transports.aps_port_conformance import BRIDGE, HUB, KEY, OTHER, Device, hub_of, pair_of, reaches
from tests.transports.ezsp.stick_world import StickWorld


@pytest.fixture(params=[13, 18])
def world(request: pytest.FixtureRequest) -> Iterator[StickWorld]:
    with StickWorld(request.param) as world:
        yield world


def behind_a_router(world: StickWorld) -> tuple[Device, Device, Device]:
    """A hub, a router, and a sleepy bridge that has joined through the router and hears the hub as well by now."""
    hub = hub_of(world)
    hub.port.allow(OTHER, KEY)
    router = Device(world, OTHER, NodeType.ROUTER, KEY)
    router.join()
    hub.call(hub.port.permit_joining, world.now + HOUR)
    world.run(5 * SECOND)
    bridge = Device(world, BRIDGE, NodeType.SLEEPY, KEY)
    topology = world._topology
    topology.connect(OTHER, BRIDGE)
    for one, other in ((HUB, BRIDGE), (BRIDGE, HUB)):
        topology.set(one, other, None)
    bridge.join()
    topology.connect(HUB, BRIDGE)
    return hub, router, bridge


def parents(device: Device) -> list[int]:
    return [event.parent for event in device.of(NetworkUp) if isinstance(event, NetworkUp)]


def test_the_host_is_told_and_goes_on_at_another_parent(world: StickWorld) -> None:
    hub, router, bridge = behind_a_router(world)
    assert parents(bridge) == [router.short]
    router.call(router.port.stop)
    world.run(MINUTE)
    assert "no-parent" in world.reasons("stick.parent-lost")
    assert parents(bridge)[-1] == hub.short
    assert bridge.of(NetworkDown) == []
    assert reaches(bridge, hub)
    assert reaches(hub, bridge)


def test_the_host_looks_again_until_the_only_parent_is_back(world: StickWorld) -> None:
    hub, bridge = pair_of(world, NodeType.SLEEPY)
    hub.call(hub.port.stop)
    world.run(2 * MINUTE)
    assert world.reasons("stick.parent-lost") == ["no-parent"]
    assert set(world.reasons("stick.no-way-back")) == {"no-beacon"}
    assert len(world.reasons("stick.no-way-back")) > 2
    hub.call(hub.port.resume)
    world.run(5 * MINUTE)
    assert bridge.of(NetworkDown) == []
    assert len(parents(bridge)) > 1
    assert reaches(bridge, hub)
    assert reaches(hub, bridge)


def test_a_parent_that_was_away_for_a_moment_is_no_lost_one(world: StickWorld) -> None:
    hub, bridge = pair_of(world, NodeType.SLEEPY)
    hub.call(hub.port.stop)
    world.run(2 * SECOND)
    hub.call(hub.port.resume)
    world.run(MINUTE)
    assert world.reasons("stick.parent-lost") == []
    assert reaches(hub, bridge)
