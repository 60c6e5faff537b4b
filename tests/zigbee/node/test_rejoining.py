"""The way back: a parent that is gone, a power cut of either side, a network key that was missed."""

from __future__ import annotations

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.table import rows
from emulator.ports.aps import DeviceJoined, JoinRefused, NetworkUp, NodeType, Outcome
from emulator.zigbee.frames.nwk_commands import Leave, RejoinRequest, encode_command
from emulator.zigbee.node.association import MAX_CHILDREN
from emulator.zigbee.node.children import DEFAULT_TIMEOUT, timeout_of
from emulator.zigbee.node.memory import Child, LinkKeyKind
from emulator.zigbee.node.rejoin_table import ENDINGS, REJOIN, RejoinState, RejoinTrigger
from emulator.zigbee.node.rejoining import MOST_POLL_FAILURES
from emulator.zigbee.node.rests import LONGEST_REST
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY
from tests.zigbee.node.han import HUB, Device, Han, address, key_of, pair
from tests.zigbee.node.test_joining import fill
from tests.zigbee.node.test_nwk import commands

ROUTER, SLEEPY = NodeType.ROUTER, NodeType.SLEEPY


def two_parents(node_type: NodeType = SLEEPY, seed: int = 1, poll: int = SECOND) -> tuple[Han, Device, Device, Device]:
    """A hub, two routers near it, and a device that has joined through the first one and hears the second as well."""
    han = Han(seed)
    one, two, three = address(1), address(2), address(3)
    for near, far in ((HUB, one), (HUB, two), (one, three)):
        han.connect(near, far)
    first, second, device = han.bridge(1), han.bridge(2), han.bridge(3, node_type, poll)
    han.form(1, 2, 3)
    han.join(first, second, device)
    han.connect(two, three)
    assert parent_of(device) == first.short
    han.hub.port.permit_joining(han.now, han.now)
    han.run()
    return han, first, second, device


def parent_of(device: Device) -> int:
    assert device.memory.membership is not None
    return device.memory.membership.parent


def talks(han: Han, one: Device, other: Device, span: int = 15 * SECOND) -> bool:
    """Whether both reach each other, under the link key."""
    handles = [(one, one.send(other.short, acknowledge=True)), (other, other.send(one.short, acknowledge=True))]
    han.run(span)
    return all(device.outcome(handle) is Outcome.DELIVERED for device, handle in handles)


# --- on demand -----


@pytest.mark.parametrize("node_type", [ROUTER, SLEEPY])
def test_whoever_is_asked_to_comes_back_under_its_link_key_alone(node_type: NodeType) -> None:
    han, bridge = pair(node_type=node_type)
    bridge.port.rejoin_without_key(han.now)
    assert bridge.port.node.is_searching
    han.run(15 * SECOND)
    assert not bridge.port.node.is_searching
    assert bridge.reasons("rejoin.done") == ["without-network-key"]
    assert commands(han, RejoinRequest) == []  # none under the network key
    assert isinstance(bridge.events[-1], NetworkUp)
    assert talks(han, han.hub, bridge)


def test_where_nobody_answers_all_stays_as_it_is_and_it_is_not_tried_again() -> None:
    han, bridge = pair()
    before = bridge.memory.membership
    han.hub.port.stop(han.now)
    bridge.port.rejoin_without_key(han.now)
    han.run(5 * SECOND)
    assert bridge.reasons("rejoin.failed") == ["no-beacon"]
    han.hub.port.resume(han.now)
    han.run(HOUR)
    assert bridge.memory.membership == before
    assert bridge.reasons("rejoin.started").count("without-network-key") == 1


# --- the table -----


def test_every_state_but_the_first_has_an_end_in_time() -> None:
    timed = {RejoinState.ORPHANED: RejoinTrigger.TIMEOUT, RejoinState.RESTING: RejoinTrigger.HEARD_AGAIN}
    for state in RejoinState:
        if state is not RejoinState.SETTLED:
            assert timed.get(state, RejoinTrigger.NOBODY) in REJOIN[state]
    assert {state for state, trigger, _ in rows(REJOIN) if trigger is RejoinTrigger.NOBODY} == set(ENDINGS)


def test_nothing_that_can_be_forged_starts_an_attempt_before_a_rest_is_over() -> None:
    forgeable = {RejoinTrigger.PARENT_LOST, RejoinTrigger.NETWORK_LOST, RejoinTrigger.KEY_MISSED}
    for state in RejoinState:
        if state is not RejoinState.SETTLED:
            assert not forgeable & set(REJOIN[state])


# --- another parent -----


@pytest.mark.parametrize("seed", range(4))
def test_a_sleeping_child_whose_parent_is_gone_finds_another_one(seed: int) -> None:
    han, first, second, device = two_parents(seed=seed)
    short = device.short
    first.port.stop(han.now)
    han.run(20 * SECOND)
    assert parent_of(device) == second.short
    assert device.short == short
    assert device.reasons("rejoin.started") == ["parent-lost"]
    assert device.reasons("rejoin.done") == ["parent-lost"]
    up = device.events[-1]
    assert isinstance(up, NetworkUp)
    assert (up.short, up.parent) == (short, second.short)
    assert han.hub.of(DeviceJoined)[-1] == DeviceJoined(address(3), short, second.short, True)
    assert talks(han, han.hub, device)


def test_a_rejoin_under_the_network_key_goes_under_it_and_needs_no_permission() -> None:
    han, first, _, device = two_parents()
    first.port.stop(han.now)
    han.run(20 * SECOND)
    asked = commands(han, RejoinRequest)
    assert [(frame.source, frame.source_eui64) for frame in asked] == [(device.short, address(3))]


def test_the_parent_before_forgets_a_child_that_speaks_through_another_one() -> None:
    han, first, second, device = two_parents()
    han.topology.set(address(1), address(3), None)
    han.topology.set(address(3), address(1), None)
    han.connect(address(1), address(2))
    assert device.short in first.memory.children
    han.run(20 * SECOND)
    assert parent_of(device) == second.short
    assert first.memory.children == {}
    assert first.reasons("child.forgotten") == ["moved"]
    assert device.short in second.memory.children
    assert talks(han, first, device)


def test_a_few_lost_polls_are_no_lost_parent() -> None:
    han, bridge = pair(node_type=SLEEPY)
    han.lose(1.0)
    han.run((MOST_POLL_FAILURES - 1) * SECOND)
    han.lose(0.0)
    han.run(MINUTE)
    assert bridge.reasons("rejoin.started") == []


def test_a_sleeping_child_goes_on_at_a_parent_that_was_off() -> None:
    han, bridge = pair(node_type=SLEEPY)
    han.hub.port.stop(han.now)
    han.run(20 * SECOND)
    assert set(bridge.reasons("rejoin.failed")) == {"no-beacon"}
    han.hub.port.resume(han.now)
    han.run(10 * SECOND)
    assert talks(han, han.hub, bridge)


def test_an_orphan_that_calls_while_its_parent_is_back_is_realigned() -> None:
    han, bridge = pair(node_type=SLEEPY)
    han.topology.set(HUB, address(1), None)
    while "parent-lost" not in bridge.reasons("rejoin.started"):
        han.run(1_000)
    han.connect(HUB, address(1))
    han.run(5 * SECOND)
    assert bridge.reasons("rejoin.done") == ["parent-lost"]
    assert commands(han, RejoinRequest) == []
    assert parent_of(bridge) == 0
    assert talks(han, han.hub, bridge)


def test_a_parent_that_has_forgotten_its_child_tells_it_to_come_back() -> None:
    han, bridge = pair(node_type=SLEEPY)
    short = bridge.short
    han.hub.memory.children.clear()
    han.run(10 * SECOND)
    assert bridge.reasons("rejoin.done") == ["asked-to"]
    assert short == bridge.short
    assert short in han.hub.memory.children
    assert talks(han, han.hub, bridge)


def test_a_router_that_hears_nobody_looks_for_the_network_and_goes_on_when_it_is_back() -> None:
    han, bridge = pair()
    han.hub.port.stop(han.now)
    han.run(10 * MINUTE)
    started = bridge.reasons("rejoin.started")
    assert started[0] == "network-lost"
    assert set(bridge.reasons("rejoin.failed")) == {"no-beacon"}
    han.hub.port.resume(han.now)
    han.run(MINUTE)
    assert talks(han, han.hub, bridge)
    han.run(2 * LONGEST_REST)
    before = len(bridge.reports)
    han.run(HOUR)
    assert [kind for _, kind, _ in bridge.reports[before:] if kind.startswith("rejoin")] == []


def test_a_parent_that_is_full_takes_nobody_else_back() -> None:
    han, first, second, device = two_parents()
    fill(second, MAX_CHILDREN)
    first.port.stop(han.now)
    han.run(8 * SECOND)
    assert set(device.reasons("rejoin.failed")) == {"pan-full"}
    second.memory.children.clear()
    han.run(30 * SECOND)
    assert parent_of(device) == second.short


def test_an_address_that_somebody_else_has_there_is_exchanged_for_another_one() -> None:
    han, first, second, device = two_parents()
    taken = device.short
    second.memory.learn(address(9), taken)
    first.port.stop(han.now)
    han.run(20 * SECOND)
    assert parent_of(device) == second.short
    assert device.short != taken
    assert han.hub.port.short_of(address(3)) == device.short
    assert talks(han, han.hub, device)


# --- silence -----


def test_a_child_that_is_silent_for_longer_than_its_time_out_is_forgotten_and_comes_back() -> None:
    han, bridge = pair(node_type=SLEEPY)
    short = bridge.short
    bridge.port.stop(han.now)
    default = timeout_of(DEFAULT_TIMEOUT)
    assert default is not None
    han.run(default - MINUTE)
    assert short in han.hub.memory.children
    han.run(2 * MINUTE)
    assert han.hub.memory.children == {}
    assert han.hub.reasons("child.forgotten") == ["silent"]
    bridge.port.resume(han.now)
    han.run(10 * SECOND)
    assert short in han.hub.memory.children
    assert talks(han, han.hub, bridge)


def test_a_child_that_polls_is_never_forgotten() -> None:
    han, bridge = pair(node_type=SLEEPY, poll=MINUTE)
    han.run(10 * HOUR)
    assert han.hub.reasons("child.forgotten") == []
    assert bridge.short in han.hub.memory.children


@pytest.mark.parametrize("value, span", [(0, 10 * SECOND), (1, 2 * MINUTE), (14, 16384 * MINUTE), (15, None)])
def test_time_outs_are_those_of_the_command(value: int, span: int | None) -> None:
    assert timeout_of(value) == span


# --- power -----


@pytest.mark.parametrize("node_type", [ROUTER, SLEEPY])
def test_a_device_whose_power_was_cut_goes_on_with_the_key_it_has(node_type: NodeType) -> None:
    han, bridge = pair(node_type=node_type)
    before = bridge.memory.nwk_outgoing.peek()
    bridge.port.stop(han.now)
    han.run(MINUTE)
    bridge.port.resume(han.now)
    han.run(5 * SECOND)
    assert bridge.up
    assert bridge.memory.nwk_outgoing.peek() > before
    assert talks(han, han.hub, bridge)


def test_a_sleeping_device_whose_parent_went_while_it_was_off_finds_another_one() -> None:
    han, first, second, device = two_parents()
    device.port.stop(han.now)
    first.port.stop(han.now)
    han.run(MINUTE)
    device.port.resume(han.now)
    han.run(20 * SECOND)
    assert parent_of(device) == second.short
    assert talks(han, han.hub, device)


# --- without the network key -----


def forget_key(device: Device, key: bytes = bytes(16)) -> None:
    """As if the network had gone on to another key since: what the device has opens nothing."""
    membership = device.memory.membership
    assert membership is not None
    membership.network_key, membership.key_sequence = key, 200


@pytest.mark.parametrize("node_type", [ROUTER, SLEEPY])
@pytest.mark.parametrize("hops", [1, 2])
def test_a_device_with_a_key_of_before_is_given_the_one_in_force_under_its_link_key(
    node_type: NodeType, hops: int
) -> None:
    han, device, parent = behind(hops, node_type)
    short = device.short
    device.port.stop(han.now)
    forget_key(device)
    device.port.resume(han.now)
    han.run(2 * MINUTE)
    assert device.memory.membership is not None
    assert han.hub.memory.membership is not None
    assert device.memory.membership.network_key == han.hub.memory.membership.network_key
    assert device.reasons("rejoin.done")[-1:] == ["key-missed"]
    assert device.short == short
    assert short in parent.memory.children
    assert talks(han, han.hub, device)


def behind(hops: int, node_type: NodeType) -> tuple[Han, Device, Device]:
    """A device at the hub, or at a router near it."""
    if hops == 1:
        han, device = pair(node_type=node_type)
        return han, device, han.hub
    han, first, _, device = two_parents(node_type)
    han.topology.set(address(2), address(3), None)
    han.topology.set(address(3), address(2), None)
    return han, device, first


def test_a_sleeping_device_without_the_network_key_finds_another_parent_and_is_no_stranger_there() -> None:
    han, first, second, device = two_parents()
    device.port.stop(han.now)
    first.port.stop(han.now)
    forget_key(device)
    device.port.resume(han.now)
    han.run(5 * MINUTE)
    assert parent_of(device) == second.short
    assert device.short in second.memory.children
    assert second.reasons("child.unknown") == []
    assert talks(han, han.hub, device)


def test_a_sleeping_device_that_waits_for_a_key_in_vain_is_told_nothing_else_meanwhile() -> None:
    han, first, second, device = two_parents()
    han.hub.memory.forget_link_key(address(3))
    device.port.stop(han.now)
    first.port.stop(han.now)
    forget_key(device)
    device.port.resume(han.now)
    han.run(MINUTE)
    assert "no-key" in device.reasons("rejoin.failed")
    assert second.reasons("child.unknown") == []


def test_after_key_establishment_the_network_key_comes_under_the_new_link_key() -> None:
    han, bridge = pair()
    for device, partner in ((han.hub, address(1)), (bridge, HUB)):
        device.port.set_link_key(partner, bytes(range(16)), han.now)
    bridge.port.stop(han.now)
    forget_key(bridge)
    bridge.port.resume(han.now)
    han.run(2 * MINUTE)
    assert bridge.reasons("rejoin.done") == ["key-missed"]
    assert bridge.port.link_key_with(HUB) == bytes(range(16))
    assert talks(han, han.hub, bridge)


@pytest.mark.parametrize("key", [None, WELL_KNOWN_LINK_KEY])
def test_a_device_does_not_ask_for_the_network_key_under_none_or_the_well_known_key(key: bytes | None) -> None:
    han, bridge = pair()
    bridge.port.stop(han.now)
    forget_key(bridge)
    bridge.memory.forget_link_key(HUB)
    if key is not None:
        bridge.port.set_link_key(HUB, key, han.now)
    bridge.port.resume(han.now)
    before = len(han.frames)
    han.run(2 * MINUTE)
    assert set(bridge.reasons("rejoin.failed")) == {"no-link-key" if key is None else "well-known-key"}
    assert unsecured(han, before) == []


def unsecured(han: Han, since: int) -> list[bytes]:
    """Rejoin requests without protection."""
    request = bytes((RejoinRequest.identifier,))
    return [psdu for _, psdu, *_ in han.frames[since:] if psdu[9:11] == b"\x09\x10" and psdu[-4:-3] == request]


@pytest.mark.parametrize(
    "key, reason", [(None, "no-link-key"), (WELL_KNOWN_LINK_KEY, "well-known-key")], ids=["none", "well-known"]
)
def test_the_trust_centre_gives_the_network_key_under_no_or_the_well_known_key_to_nobody(
    key: bytes | None, reason: str
) -> None:
    han, bridge = pair()
    bridge.port.stop(han.now)
    forget_key(bridge)
    han.hub.memory.forget_link_key(address(1))
    if key is not None:
        han.hub.port.set_link_key(address(1), key, han.now)
    bridge.port.resume(han.now)
    han.run(2 * MINUTE)
    assert JoinRefused(address(1), reason) in han.hub.events
    assert set(han.hub.reasons("rejoin.refused")) == {reason}
    assert set(bridge.reasons("rejoin.failed")) == {"no-key"}
    assert bridge.memory.membership is not None
    assert bridge.memory.membership.key_sequence == 200


def test_a_link_key_that_does_not_fit_is_named_and_changes_nothing() -> None:
    han, bridge = pair()
    bridge.port.stop(han.now)
    forget_key(bridge)
    bridge.memory.replace_link_key(HUB, key_of(9), LinkKeyKind.ESTABLISHED)
    bridge.port.resume(han.now)
    han.run(2 * MINUTE)
    assert set(bridge.reasons("rejoin.failed")) == {"key-refused"}
    assert set(han.hub.reasons("rejoin.refused")) == {"no-announcement"}
    assert bridge.short in han.hub.memory.children


def test_a_device_told_to_rejoin_does_and_stays_known() -> None:
    han, bridge = pair()
    stack = han.hub.port.node._layers.stack
    assert stack is not None
    stack.nwk.send_command(bridge.short, encode_command(Leave(rejoin=True, request=True)), han.now)
    han.run(10 * SECOND)
    assert bridge.reasons("rejoin.done") == ["asked-to"]
    assert talks(han, han.hub, bridge)
    assert han.hub.port.short_of(address(1)) == bridge.short


@pytest.mark.parametrize("loss", [0.1, 0.3])
@pytest.mark.parametrize("seed", range(5))
def test_under_loss_a_sleeping_child_still_finds_its_way(loss: float, seed: int) -> None:
    han, first, second, device = two_parents(seed=seed)
    first.port.stop(han.now)
    han.lose(loss)
    han.run(5 * MINUTE)
    assert parent_of(device) == second.short


def test_a_child_that_never_was_one_is_nothing_to_the_time_out() -> None:
    han, bridge = pair()
    han.hub.memory.children[0x4444] = Child(address(8), 0x4444, sleepy=False)
    han.run(10 * HOUR)
    assert 0x4444 in han.hub.memory.children
    assert bridge.up
