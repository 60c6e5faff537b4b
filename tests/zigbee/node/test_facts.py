"""What a node says of itself: state, network, counters and tables; and what a network that is restored begins with."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import JoinSettings, NetworkSettings, NodeType
from emulator.zigbee.frames import mac, nwk
from emulator.zigbee.frames.nwk_commands import Leave, encode_command
from emulator.zigbee.node.facts import FrameCounters, LinkKeyFacts, NetworkFacts, NetworkState, RouteFacts
from emulator.zigbee.node.memory import LinkKeyKind, NodeMemory
from emulator.zigbee.node.stored import restored_memory, stored_memory
from emulator.zigbee.security.counters import EXHAUSTED
from emulator.zigbee.security.nwk import parse_auxiliary
from tests.zigbee.node.han import HUB, NETWORK, NETWORK_KEY, Device, Han, address, key_of, line, pair
from tests.zigbee.node.test_nwk import forged, give

RESTORED = NetworkSettings(20, 0x2222, Eui64(0x99), bytes(range(100, 116)), key_sequence=7, update_id=3)


def network_of(device: Device) -> NetworkFacts:
    network = device.port.node.facts.network()
    assert network is not None
    return network


def state_of(device: Device) -> NetworkState:
    return device.port.node.facts.state


# --- state -----


def test_a_node_goes_from_no_network_into_one_and_out_of_it() -> None:
    han = Han()
    han.connect(HUB, address(1))
    bridge = han.bridge(1)
    assert (state_of(bridge), bridge.port.node.facts.remembers_network) == (NetworkState.NO_NETWORK, False)
    han.form(1)
    bridge.port.join(JoinSettings(channels=(15,)), han.now)
    assert state_of(bridge) is NetworkState.JOINING
    while not bridge.up:
        assert state_of(bridge) is NetworkState.JOINING
        assert bridge.port.node.facts.network() is None
        han.run(50_000)
    assert state_of(bridge) is NetworkState.JOINED
    bridge.port.stop(han.now)
    assert (state_of(bridge), bridge.port.node.facts.remembers_network) == (NetworkState.NO_NETWORK, True)
    bridge.port.resume(han.now)
    assert state_of(bridge) is NetworkState.JOINED
    bridge.port.leave(han.now)
    assert state_of(bridge) is NetworkState.LEAVING
    assert bridge.port.node.facts.network() is None
    han.run()
    assert (state_of(bridge), bridge.port.node.facts.remembers_network) == (NetworkState.NO_NETWORK, False)


def test_a_device_whose_parent_is_gone_is_lost_until_it_has_one_again() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY)
    han.hub.port.stop(han.now)
    han.run(MINUTE)
    assert state_of(bridge) is NetworkState.LOST
    assert network_of(bridge).parent == 0
    han.hub.port.resume(han.now)
    han.run(10 * MINUTE)
    assert state_of(bridge) is NetworkState.JOINED


# --- the network -----


def test_both_ends_tell_the_network_as_they_see_it() -> None:
    han, bridges = line(2)
    common = (NETWORK.channel, NETWORK.pan_id, NETWORK.extended_pan_id)
    assert network_of(han.hub) == NetworkFacts(
        NodeType.COORDINATOR, *common, 0, 0, 0, 0, HUB, NETWORK_KEY, 0, None
    )  # fmt: skip
    parent, short = bridges[0].short, bridges[1].short
    assert network_of(bridges[1]) == NetworkFacts(
        NodeType.ROUTER, *common, short, parent, 2, 0, HUB, NETWORK_KEY, 0, None
    )  # fmt: skip


def test_a_key_that_is_being_brought_in_is_told_of() -> None:
    han, bridge = pair()
    han.hub.port.rotate_network_key(bytes(16), han.now)
    han.run(SECOND)
    told = network_of(bridge)
    assert (told.key_sequence, told.next_key_sequence) == (0, 1)
    han.run(5 * MINUTE)
    told = network_of(bridge)
    assert (told.network_key, told.key_sequence, told.next_key_sequence) == (bytes(16), 1, None)


def test_a_network_can_be_formed_as_it_was_before() -> None:
    han = Han()
    han.connect(HUB, address(1))
    bridge = han.bridge(1)
    han.hub.port.form(RESTORED, han.now)
    han.hub.port.allow(address(1), key_of(1))
    han.permit()
    bridge.port.join(JoinSettings(channels=(20,)), han.now)
    han.run(20 * SECOND)
    for device in (han.hub, bridge):
        told = network_of(device)
        assert (told.network_key, told.key_sequence, told.update_id) == (RESTORED.network_key, 7, 3)
        assert told.trust_centre == HUB
    bridge.send(0, b"x", acknowledge=True, link_key=True)
    han.run(5 * SECOND)
    assert han.hub.payloads() == [b"x"]


def test_a_coordinator_can_be_told_who_the_trust_centre_is_and_is_still_put_out_by_nobody() -> None:
    han = Han()
    elsewhere = Eui64(0x4711)
    han.hub.port.form(replace(NETWORK, trust_centre=elsewhere), han.now)
    han.run()
    request = encode_command(Leave(request=True))
    give(han.hub, forged(1, destination=0, sender=elsewhere, kind=nwk.NwkFrameType.COMMAND, payload=request))
    han.run()
    assert network_of(han.hub).trust_centre == elsewhere
    assert han.hub.reasons("nwk.dropped") == ["leave-not-permitted"]


# --- frame counters -----


def nwk_counters(han: Han, device: Device) -> list[int]:
    """Of everything a device sent under the network key."""
    found = []
    for _, psdu, *_ in han.frames:
        frame = mac.decode(psdu)
        if frame.type is mac.FrameType.DATA and frame.source == device.short:
            header, octets = nwk.decode_header(frame.payload)
            if header.security:
                found.append(parse_auxiliary(frame.payload, octets).counter)
    return found


def test_counters_that_are_set_are_those_of_the_next_frames() -> None:
    han = Han()
    han.connect(HUB, address(1))
    bridge = han.bridge(1)
    han.hub.port.node.set_frame_counters(FrameCounters(5_000, 70_000))
    assert han.hub.port.node.facts.frame_counters() == FrameCounters(5_000, 70_000)
    han.form(1)
    han.join(bridge)
    han.hub.send(bridge.short, b"x", acknowledge=True, link_key=True)
    han.run(5 * SECOND)
    counters = nwk_counters(han, han.hub)
    assert min(counters) == 5_000
    told = han.hub.port.node.facts.frame_counters()
    assert told.nwk == max(counters) + 1
    assert told.aps > 70_000
    assert bridge.memory.link_keys[HUB].incoming == told.aps - 1


def test_counters_are_told_as_they_rise_and_over_a_power_cut() -> None:
    han, bridge = pair()
    before = bridge.port.node.facts.frame_counters()
    bridge.send(0, b"x", acknowledge=True, link_key=True)
    han.run(5 * SECOND)
    after = bridge.port.node.facts.frame_counters()
    assert after.nwk > before.nwk
    assert after.aps == before.aps + 1
    bridge.port.stop(han.now)
    assert bridge.port.node.facts.frame_counters() == after


@pytest.mark.parametrize("counters", [FrameCounters(-1, 0), FrameCounters(EXHAUSTED, 0), FrameCounters(0, EXHAUSTED)])
def test_a_counter_is_four_octets(counters: FrameCounters) -> None:
    han = Han()
    with pytest.raises(LocalProtocolError, match="four octets"):
        han.hub.port.node.set_frame_counters(counters)
    assert han.hub.port.node.facts.frame_counters() == FrameCounters(0, 0)


def test_counters_are_not_set_in_a_network_or_on_the_way_into_one() -> None:
    han, bridge = pair()
    with pytest.raises(LocalProtocolError, match="before"):
        bridge.port.node.set_frame_counters(FrameCounters(0, 0))
    bridge.port.leave(han.now)
    han.run(2 * SECOND)
    bridge.port.join(JoinSettings(), han.now)
    with pytest.raises(LocalProtocolError, match="before"):
        bridge.port.node.set_frame_counters(FrameCounters(0, 0))


@given(st.lists(st.tuples(st.sampled_from(["use", "set", "restart", "forget"]), st.integers(0, 3_000)), max_size=30))
def test_setting_counters_never_makes_one_come_twice_under_a_link_key(path: list[tuple[str, int]]) -> None:
    memory, used = NodeMemory(), []
    for step, value in path:
        if step == "use":
            used += [memory.take_link_key(HUB, key_of(1)).outgoing.next() for _ in range(value % 5)]
        elif step == "set":
            memory.raise_link_counters(value)
        elif step == "restart":
            memory.restart()
        else:
            memory.forget_link_key(HUB)
    assert used == sorted(set(used))


# --- tables -----


def test_children_neighbours_and_routes_are_told_as_they_are() -> None:
    han, bridges = line(3, last=NodeType.SLEEPY)
    bridges[2].send(0, b"x", acknowledge=True)
    han.run(5 * SECOND)
    first, _, last = (bridge.short for bridge in bridges)
    facts = bridges[1].port.node.facts
    assert [(child.eui64, child.short, child.sleepy) for child in facts.children()] == [(address(3), last, True)]
    neighbours = {known.short: known for known in facts.neighbours()}
    assert list(neighbours) == sorted((first, last))
    assert (neighbours[first].eui64, neighbours[first].router, neighbours[last].router) == (address(1), True, False)
    assert facts.routes() == (RouteFacts(0, first, 4),)
    assert [child.short for child in han.hub.port.node.facts.children()] == [first]


def test_what_is_told_does_not_change_the_node() -> None:
    han, bridge = pair()
    han.run(MINUTE)
    (told,), (child,) = han.hub.port.node.facts.neighbours(), han.hub.port.node.facts.children()
    told.failures, told.lqi, child.sleepy = 3, 0, True
    (still,), (still_child,) = han.hub.port.node.facts.neighbours(), han.hub.port.node.facts.children()
    assert (still.failures, still.lqi, still_child.sleepy) == (0, 188, False)
    with pytest.raises(FrozenInstanceError):
        network_of(bridge).short = 5  # type: ignore[misc]


def test_a_node_in_no_network_has_no_tables_but_keeps_its_keys() -> None:
    han, bridge = pair()
    keys = bridge.port.node.facts.link_keys()
    bridge.port.stop(han.now)
    facts = bridge.port.node.facts
    assert (facts.network(), facts.children(), facts.neighbours(), facts.routes()) == (None, (), (), ())
    assert facts.link_keys() == keys


def test_link_keys_are_told_with_their_counters_and_where_they_come_from() -> None:
    han, bridge = pair()
    (given_one,) = bridge.port.node.facts.link_keys()
    assert (given_one.partner, given_one.key, given_one.kind) == (HUB, key_of(1), LinkKeyKind.GIVEN)
    bridge.port.set_link_key(HUB, key_of(7), han.now)
    assert bridge.port.node.facts.link_keys() == (LinkKeyFacts(HUB, key_of(7), 0, -1, LinkKeyKind.ESTABLISHED),)


# --- in a file -----


def test_update_identifier_and_floor_of_the_counters_outlive_the_program() -> None:
    han = Han()
    han.hub.port.node.set_frame_counters(FrameCounters(0, 12_345))
    han.hub.port.form(RESTORED, han.now)
    again = restored_memory(json.loads(json.dumps(stored_memory(han.hub.memory))))
    assert again.membership == han.hub.memory.membership
    assert again.aps_floor == 12_345
    assert again.take_link_key(HUB, key_of(1)).outgoing.peek() == 12_345


def test_a_floor_that_is_no_counter_is_refused() -> None:
    damaged = {**stored_memory(NodeMemory()), "aps_floor": -1}
    with pytest.raises(DecodeError, match="aps_floor"):
        restored_memory(damaged)
