"""What every `ApsPort` must do when its trust centre is replaced: checks like those of `aps_port_conformance`."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.eui64 import Eui64
from emulator.ports.aps import DeviceJoined, NetworkSettings, NetworkUp, NodeType
from emulator.zigbee.security.keys import swap_out_key
from tests.transports.aps_port_conformance import (
    BRIDGE,
    HUB,
    JOIN_TIME,
    NEW_KEY,
    NEXT_HUB,
    Device,
    World,
    pair_of,
    reaches,
    replace_key,
)

NEXT_NETWORK = NetworkSettings(21, 0x2B73, Eui64(0xABCD), bytes(range(64, 80)))


def a_device_finds_the_next_trust_centre_by_the_hash_of_its_link_key(world: World) -> None:
    swapped_out(world, NodeType.ROUTER)


def a_sleeping_device_finds_the_next_trust_centre_too(world: World) -> None:
    swapped_out(world, NodeType.SLEEPY)


def swapped_out(world: World, node_type: NodeType) -> None:
    hub, bridge = established_pair(world, node_type)
    hub.call(hub.port.stop)
    following = next_hub(world, swap_out_key(NEW_KEY))
    seek(world, bridge)
    up = bridge.of(NetworkUp)[-1]
    assert isinstance(up, NetworkUp)
    assert (up.trust_centre, up.channel) == (NEXT_HUB, NEXT_NETWORK.channel)
    assert following.of(DeviceJoined) == [DeviceJoined(BRIDGE, up.short, 0, node_type is NodeType.SLEEPY)]
    assert bridge.port.link_key_with(NEXT_HUB) == swap_out_key(NEW_KEY)
    assert not bridge.port.has_established_key(NEXT_HUB)
    assert reaches(following, bridge)
    assert reaches(bridge, following)


def a_link_key_of_its_own_outlasts_a_restart_and_is_told_from_one_that_was_given(world: World) -> None:
    hub, bridge = pair_of(world)
    assert not bridge.port.has_established_key(HUB)
    replace_key(hub, bridge)
    replace_key(bridge, hub)
    assert bridge.port.has_established_key(HUB)
    bridge.call(bridge.port.stop)
    bridge.call(bridge.port.resume)
    assert bridge.port.has_established_key(HUB)


def a_next_trust_centre_with_another_key_or_none_gets_nobody(world: World) -> None:
    hub, bridge = established_pair(world)
    hub.call(hub.port.stop)
    next_hub(world, NEW_KEY)
    seek(world, bridge)
    assert bridge.port.short_of(NEXT_HUB) is None
    assert bridge.port.link_key_with(HUB) == NEW_KEY


def who_seeks_in_vain_goes_on_as_before(world: World) -> None:
    hub, bridge = established_pair(world)
    seek(world, bridge)
    assert len(bridge.of(NetworkUp)) == 1
    assert reaches(hub, bridge)
    assert reaches(bridge, hub)


def established_pair(world: World, node_type: NodeType = NodeType.ROUTER) -> tuple[Device, Device]:
    hub, bridge = pair_of(world, node_type)
    replace_key(hub, bridge)
    replace_key(bridge, hub)
    return hub, bridge


def next_hub(world: World, key: bytes) -> Device:
    """The hub after the one that is gone, which has `key` for the bridge."""
    hub = Device(world, NEXT_HUB, NodeType.COORDINATOR)
    hub.call(hub.port.form, NEXT_NETWORK)
    hub.port.set_link_key(BRIDGE, key, world.now)
    return hub


def seek(world: World, device: Device) -> None:
    device.call(device.port.seek_trust_centre)
    world.run(JOIN_TIME)


CHECKS: tuple[Callable[[World], None], ...] = (
    a_device_finds_the_next_trust_centre_by_the_hash_of_its_link_key,
    a_sleeping_device_finds_the_next_trust_centre_too,
    a_link_key_of_its_own_outlasts_a_restart_and_is_told_from_one_that_was_given,
    a_next_trust_centre_with_another_key_or_none_gets_nobody,
    who_seeks_in_vain_goes_on_as_before,
)
