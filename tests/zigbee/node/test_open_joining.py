"""Joining that the device above has opened to anybody, or to the well-known key: never by itself, and never unsaid."""

from __future__ import annotations

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import DeviceJoined, JoinRefused, JoinSettings, NodeType, Outcome
from emulator.zigbee.frames.nwk_commands import RejoinRequest
from emulator.zigbee.node.descriptors import capability_of
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY
from tests.zigbee.node.han import HUB, Device, Han, address, key_of, pair
from tests.zigbee.node.test_network_attacks import heard, keys_sent, plain

ANY_KEY = bytes(range(50, 66))


def try_to_join(han: Han, device: Device) -> None:
    han.permit()
    device.port.join(JoinSettings(channels=(15,)), han.now)
    han.run(MINUTE)


def newcomer(
    han: Han, key: bytes, number: int = 2, parent: Eui64 = HUB, node_type: NodeType = NodeType.ROUTER
) -> Device:
    han.connect(parent, address(number))
    return han.device(address(number), node_type, key)


def said(han: Han) -> list[str | None]:
    return han.hub.reasons("join.allowed")


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
@pytest.mark.parametrize("parent", [HUB, address(1)], ids=["at-the-hub", "behind-a-relay"])
@pytest.mark.parametrize(
    "key, reason", [(WELL_KNOWN_LINK_KEY, "well-known-key"), (ANY_KEY, "wildcard-key")], ids=["well-known", "own"]
)
def test_anybody_joins_under_the_key_that_was_opened_and_it_is_said(
    key: bytes, reason: str, parent: Eui64, node_type: NodeType
) -> None:
    han, _ = pair()
    han.hub.port.node.keys.allow_any(key, han.now)
    joiner = newcomer(han, key, parent=parent, node_type=node_type)
    try_to_join(han, joiner)
    assert joiner.up
    assert said(han) == [reason]
    assert address(2) in {event.eui64 for event in han.hub.of(DeviceJoined) if isinstance(event, DeviceJoined)}
    handle = joiner.send(0, acknowledge=True, link_key=True)
    han.run(15 * SECOND)
    assert joiner.outcome(handle) is Outcome.DELIVERED
    assert address(2) not in han.hub.memory.allowed


def test_opening_and_closing_are_reported() -> None:
    han = Han()
    keys = han.hub.port.node.keys
    keys.allow_any(WELL_KNOWN_LINK_KEY, 0)
    keys.allow_any(ANY_KEY, 0)
    keys.allow_any(None, 0)
    keys.accept_well_known_key(True, 0)
    assert [(kind, reason) for _, kind, reason in han.hub.reports] == [
        ("trust.wildcard-key", "well-known-key"), ("trust.wildcard-key", None), ("trust.wildcard-key", None),
        ("trust.well-known-key", None),
    ]  # fmt: skip


def test_by_itself_nobody_is_let_in() -> None:
    assert NodeMemory().wildcard_key is None
    assert not NodeMemory().well_known_accepted
    han, _ = pair()
    joiner = newcomer(han, WELL_KNOWN_LINK_KEY)
    try_to_join(han, joiner)
    assert not joiner.up
    assert set(han.hub.of(JoinRefused)) == {JoinRefused(address(2), "unknown-device")}


@pytest.mark.parametrize("how", ["closed", "restarted"])
def test_once_it_is_closed_again_or_the_hub_restarted_nobody_is_let_in(how: str) -> None:
    han, _ = pair()
    port = han.hub.port
    port.node.keys.allow_any(WELL_KNOWN_LINK_KEY, han.now)
    port.node.keys.accept_well_known_key(True, han.now)
    if how == "closed":
        port.node.keys.allow_any(None, han.now)
    else:
        port.stop(han.now)
        port.resume(han.now)
        han.run()
        port.allow(address(2), WELL_KNOWN_LINK_KEY)
    joiner = newcomer(han, WELL_KNOWN_LINK_KEY)
    before = len(han.frames)
    try_to_join(han, joiner)
    assert not joiner.up
    assert keys_sent(han, before) == 0
    assert said(han) == []


def test_a_device_with_a_key_of_its_own_is_not_let_in_under_that_of_anybody() -> None:
    han, _ = pair()
    han.hub.port.node.keys.allow_any(WELL_KNOWN_LINK_KEY, han.now)
    han.hub.port.allow(address(2), key_of(2))
    impostor = newcomer(han, WELL_KNOWN_LINK_KEY)
    try_to_join(han, impostor)
    assert impostor.down == "key-refused"
    assert said(han) == []
    genuine = newcomer(han, key_of(3), 3)
    han.hub.port.allow(address(3), key_of(3))
    try_to_join(han, genuine)
    assert genuine.up
    assert said(han) == []


@pytest.mark.parametrize("accepted", [False, True])
def test_one_device_under_the_well_known_key_needs_the_policy(accepted: bool) -> None:
    han, _ = pair()
    if accepted:
        han.hub.port.node.keys.accept_well_known_key(True, han.now)
    han.hub.port.allow(address(2), WELL_KNOWN_LINK_KEY)
    joiner = newcomer(han, WELL_KNOWN_LINK_KEY)
    try_to_join(han, joiner)
    assert joiner.up is accepted
    assert said(han) == (["well-known-key"] if accepted else [])
    other = newcomer(han, WELL_KNOWN_LINK_KEY, 3)
    try_to_join(han, other)
    assert not other.up


def test_another_wildcard_key_does_not_open_the_door_to_the_well_known_one() -> None:
    han, _ = pair()
    han.hub.port.node.keys.allow_any(ANY_KEY, han.now)
    han.hub.port.allow(address(2), WELL_KNOWN_LINK_KEY)
    joiner = newcomer(han, WELL_KNOWN_LINK_KEY)
    try_to_join(han, joiner)
    assert not joiner.up
    assert set(han.hub.of(JoinRefused)) == {JoinRefused(address(2), "well-known-key")}


def test_who_came_in_under_the_well_known_key_is_not_given_the_network_key_once_more_by_a_rejoin() -> None:
    han, _ = pair()
    han.hub.port.node.keys.allow_any(WELL_KNOWN_LINK_KEY, han.now)
    joiner = newcomer(han, WELL_KNOWN_LINK_KEY)
    try_to_join(han, joiner)
    before = len(han.frames)
    assert joiner.port.node._management.configuration is not None
    request = RejoinRequest(capability_of(joiner.port.node._management.configuration))
    heard(han.hub, plain(request, joiner.short, 0, address(2)))
    han.run(10 * SECOND)
    assert keys_sent(han, before) == 0
    assert han.hub.of(JoinRefused) == [JoinRefused(address(2), "well-known-key")]


def test_devices_that_share_a_key_share_its_counter_so_that_no_nonce_comes_twice() -> None:
    memory = NodeMemory()
    used = []
    for number in (1, 2, 1, 3):
        used += [memory.take_link_key(address(number), ANY_KEY).outgoing.next() for _ in range(5)]
    memory.restart()
    for number in (3, 1, 2):
        used.append(memory.link_keys[address(number)].outgoing.next())
    memory.forget_link_key(address(1))
    used.append(memory.take_link_key(address(1), ANY_KEY).outgoing.next())
    assert used == sorted(set(used))


@pytest.mark.parametrize("key", [b"", bytes(15), bytes(17)])
def test_a_key_has_sixteen_octets(key: bytes) -> None:
    han = Han()
    with pytest.raises(LocalProtocolError, match="16 are needed"):
        han.hub.port.node.keys.allow_any(key, 0)
    assert han.hub.memory.wildcard_key is None
