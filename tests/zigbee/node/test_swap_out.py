"""A trust centre is replaced: devices find the next one by the network's name and the hash of their link key."""

from __future__ import annotations

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.core.table import rows
from emulator.ports.aps import DeviceJoined, NetworkSettings, NetworkUp, NodeType, Outcome
from emulator.zigbee.node.memory import LinkKey, LinkKeyKind
from emulator.zigbee.node.rejoin_table import REJOIN, RejoinAction
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY, swap_out_key
from tests.zigbee.node.han import HUB, NETWORK, Device, Han, address, key_of, line, pair

NEXT_HUB = Eui64(0x00DB_0000_0000_0002)
NEXT_KEY = bytes(range(100, 116))
NEXT_NETWORK = NetworkSettings(20, 0x2B73, NETWORK.extended_pan_id, NEXT_KEY)
ESTABLISHED = key_of(77)
LIMIT = 20 * SECOND
"""Longer than a scan of every channel, and the way through a parent or two that lead nowhere."""


def establish(han: Han, *devices: Device) -> None:
    """Give each device a link key of its own with the hub, as key establishment would."""
    for device in devices:
        han.hub.port.set_link_key(device.port.eui64, ESTABLISHED, han.now)
        device.port.set_link_key(HUB, ESTABLISHED, han.now)


def next_hub(
    han: Han, *numbers: int, settings: NetworkSettings = NEXT_NETWORK, key: bytes | None = None, eui64: Eui64 = NEXT_HUB
) -> Device:
    """Another hub in the place of the first one, which knows these bridges by the hash of their link key."""
    for (sender, receiver), link in list(han.topology.links().items()):
        if sender == HUB:
            han.topology.connect(eui64, receiver, link)
    hub = han.device(eui64, NodeType.COORDINATOR)
    hub.port.form(settings, han.now)
    for number in numbers:
        hub.port.set_link_key(address(number), key or swap_out_key(ESTABLISHED), han.now)
    return hub


def seek(han: Han, *devices: Device) -> None:
    """Have each look for the next trust centre, one after the other."""
    for device in devices:
        device.port.seek_trust_centre(han.now)
        han.run(LIMIT)


def swapped(
    node_type: NodeType = NodeType.ROUTER, settings: NetworkSettings = NEXT_NETWORK
) -> tuple[Han, Device, Device]:
    """A bridge that has lost its hub and found the next one."""
    han, bridge = pair(node_type=node_type)
    establish(han, bridge)
    han.hub.port.stop(han.now)
    hub = next_hub(han, 1, settings=settings)
    seek(han, bridge)
    return han, hub, bridge


def talks(han: Han, one: Device, other: Device) -> bool:
    """Whether both reach each other under the link key."""
    handles = [
        (one, one.send(other.short, acknowledge=True, link_key=True)),
        (other, other.send(one.short, acknowledge=True, link_key=True)),
    ]
    han.run(15 * SECOND)
    return all(device.outcome(handle) is Outcome.DELIVERED for device, handle in handles)


# --- the way there ---------------------------------------------------------------------------------------------------


def test_only_a_seeking_device_scans_more_than_its_own_channel() -> None:
    leads_on = {(row.action, row.next_state) for _, _, row in rows(REJOIN) if row.action is RejoinAction.SCAN_ON}
    assert len(leads_on) == 1


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_a_device_finds_the_next_trust_centre_on_another_channel(node_type: NodeType) -> None:
    han, hub, bridge = swapped(node_type)
    up = bridge.events[-1]
    assert isinstance(up, NetworkUp)
    assert (up.trust_centre, up.channel, up.pan_id) == (NEXT_HUB, 20, 0x2B73)
    assert up.extended_pan_id == NETWORK.extended_pan_id
    assert bridge.reasons("rejoin.done") == ["trust-centre-lost"]
    joined = hub.of(DeviceJoined)
    assert [one.eui64 for one in joined if isinstance(one, DeviceJoined)] == [address(1)]
    assert talks(han, hub, bridge)


def test_the_same_channel_and_pan_id_as_before_are_no_hindrance() -> None:
    again = NetworkSettings(NETWORK.channel, NETWORK.pan_id, NETWORK.extended_pan_id, NEXT_KEY)
    han, hub, bridge = swapped(settings=again)
    assert bridge.port.short_of(NEXT_HUB) == 0
    assert talks(han, hub, bridge)


def test_it_asks_without_the_network_key_and_is_given_one_under_the_hash_of_its_link_key() -> None:
    _, _, bridge = swapped()
    assert bridge.port.link_key_with(NEXT_HUB) == swap_out_key(ESTABLISHED)
    assert not bridge.port.has_established_key(NEXT_HUB)
    assert bridge.port.link_key_with(HUB) is None


def test_a_device_two_hops_away_follows_once_its_parent_has_moved() -> None:
    han, bridges = line(2)
    establish(han, *bridges)
    han.hub.port.stop(han.now)
    hub = next_hub(han, 1, 2)
    seek(han, bridges[1])
    assert bridges[1].port.short_of(NEXT_HUB) is None
    assert bridges[1].reasons("rejoin.failed")
    han.run(MINUTE)
    seek(han, *bridges)
    assert [one.port.short_of(NEXT_HUB) for one in bridges] == [0, 0]
    assert talks(han, hub, bridges[1])


def test_nothing_is_said_under_the_network_key_while_a_device_is_away() -> None:
    han, bridge = pair()
    establish(han, bridge)
    han.hub.port.stop(han.now)
    before = len(han.frames)
    bridge.port.seek_trust_centre(han.now)
    han.run(500_000)
    bridge.send(0)
    han.run(1_500_000)
    away = {frame[4] for frame in han.frames[before:]}
    assert len(away) > 3
    assert "away" in bridge.reasons("nwk.dropped")
    assert all(len(frame[1]) < 15 for frame in han.frames[before:])  # beacon requests, nothing else
    han.run(LIMIT)
    assert bridge.reasons("rejoin.failed") == ["no-beacon"]


# --- what stays as it was --------------------------------------------------------------------------------------------


def test_a_device_that_finds_nobody_is_where_it_was_and_still_works() -> None:
    han, bridge = pair()
    establish(han, bridge)
    before = bridge.memory.membership
    seek(han, bridge)
    assert bridge.memory.membership is before
    assert talks(han, han.hub, bridge)


@pytest.mark.parametrize("moment", [*range(0, 4_000_000, 250_000)])
def test_a_power_cut_at_any_moment_leaves_the_old_network_or_the_new_one(moment: int) -> None:
    han, bridge = pair()
    establish(han, bridge)
    han.hub.port.stop(han.now)
    hub = next_hub(han, 1)
    bridge.port.seek_trust_centre(han.now)
    han.run(moment)
    bridge.port.stop(han.now)
    membership = bridge.memory.membership
    assert membership is not None
    assert membership.trust_centre in {HUB, NEXT_HUB}
    assert bridge.port.link_key_with(membership.trust_centre) is not None
    bridge.port.resume(han.now)
    han.run(SECOND)
    seek(han, bridge)
    assert talks(han, hub, bridge)


def test_a_second_swap_out_before_a_key_was_established_goes_on_with_the_hash_that_there_is() -> None:
    han, hub, bridge = swapped()
    hub.port.stop(han.now)
    third = Eui64(0x00DB_0000_0000_0003)
    hub_3 = next_hub(han, 1, settings=NetworkSettings(25, 0x3C84, NETWORK.extended_pan_id, key_of(3)), eui64=third)
    han.run(MINUTE)
    seek(han, bridge)
    assert bridge.port.link_key_with(third) == swap_out_key(ESTABLISHED)
    assert talks(han, hub_3, bridge)


def test_a_second_swap_out_after_that_needs_the_hash_of_the_new_key() -> None:
    han, hub, bridge = swapped()
    newer = key_of(88)
    hub.port.set_link_key(address(1), newer, han.now)
    bridge.port.set_link_key(NEXT_HUB, newer, han.now)
    assert bridge.port.has_established_key(NEXT_HUB)
    assert bridge.memory.link_keys[NEXT_HUB].for_next_trust_centre == swap_out_key(newer)


# --- attacks ---------------------------------------------------------------------------------------------------------


def test_a_hub_of_the_right_name_that_does_not_know_the_key_gets_nobody() -> None:
    han, bridge = pair()
    establish(han, bridge)
    han.hub.port.stop(han.now)
    next_hub(han, 1, key=key_of(5))
    seek(han, bridge)
    assert bridge.port.short_of(NEXT_HUB) is None
    assert bridge.reasons("rejoin.failed") == ["key-refused"]


def test_the_link_key_itself_does_not_open_the_door_its_hash_does() -> None:
    han, bridge = pair()
    establish(han, bridge)
    han.hub.port.stop(han.now)
    next_hub(han, 1, key=ESTABLISHED)
    seek(han, bridge)
    assert bridge.port.short_of(NEXT_HUB) is None


def test_a_hub_of_another_name_is_not_even_asked() -> None:
    han, bridge = pair()
    establish(han, bridge)
    han.hub.port.stop(han.now)
    hub = next_hub(han, 1, settings=NetworkSettings(20, 0x2B73, Eui64(0xBEEF), NEXT_KEY))
    seek(han, bridge)
    assert bridge.reasons("rejoin.failed") == ["no-beacon"]
    assert {kind for _, kind, _ in hub.reports} == {"trust.link-key"}
    assert [type(event) for event in hub.events] == [NetworkUp]


def test_a_device_without_a_link_key_or_with_the_well_known_one_does_not_seek() -> None:
    han, bridge = pair()
    bridge.port.set_link_key(HUB, WELL_KNOWN_LINK_KEY, han.now)
    han.hub.port.stop(han.now)
    next_hub(han, 1, key=swap_out_key(WELL_KNOWN_LINK_KEY))
    seek(han, bridge)
    bridge.memory.forget_link_key(HUB)
    seek(han, bridge)
    assert bridge.reasons("rejoin.failed") == ["well-known-key", "no-link-key"]
    assert bridge.reasons("rejoin.started") == []


def test_a_network_key_of_another_trust_centre_is_refused_by_a_device_that_seeks_none() -> None:
    han, bridge = pair()
    establish(han, bridge)
    han.hub.port.stop(han.now)
    next_hub(han, 1)
    han.run(5 * MINUTE)
    assert bridge.port.short_of(NEXT_HUB) is None
    membership = bridge.memory.membership
    assert membership is not None
    assert membership.trust_centre == HUB


@pytest.mark.parametrize(
    "kind, hashed", [(LinkKeyKind.GIVEN, True), (LinkKeyKind.ESTABLISHED, True), (LinkKeyKind.SWAP_OUT, False)]
)
def test_which_key_opens_the_next_door_follows_from_where_it_comes(kind: LinkKeyKind, hashed: bool) -> None:
    key = LinkKey.of(ESTABLISHED)
    key.kind = kind
    assert key.for_next_trust_centre == (swap_out_key(ESTABLISHED) if hashed else ESTABLISHED)
