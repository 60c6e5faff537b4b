"""A node's memory as a file keeps it: whole, or refused with the part that is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from emulator.core.errors import DecodeError
from emulator.ports.aps import NodeType, Outcome
from emulator.zigbee.node.memory import LinkKeyKind, NodeMemory
from emulator.zigbee.node.stored import restored_memory, stored_memory
from tests.zigbee.node.han import HUB, address, key_of, pair


def through_a_file(memory: NodeMemory) -> NodeMemory:
    return restored_memory(json.loads(json.dumps(stored_memory(memory))))


def put_back(memory: NodeMemory, kept: NodeMemory) -> None:
    """Have a memory hold what another one does."""
    for part in fields(NodeMemory):
        setattr(memory, part.name, getattr(kept, part.name))


def stored() -> dict[str, Any]:
    """That of a hub with a sleeping child."""
    han, _ = pair(node_type=NodeType.SLEEPY)
    memory: dict[str, Any] = json.loads(json.dumps(stored_memory(han.hub.memory)))
    return memory


def test_an_empty_memory_comes_back_empty() -> None:
    assert stored_memory(through_a_file(NodeMemory())) == stored_memory(NodeMemory())


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_both_ends_go_on_with_what_their_files_hold(node_type: NodeType) -> None:
    han, bridge = pair(node_type=node_type)
    bridge.port.set_link_key(HUB, key_of(7), han.now)
    han.hub.port.set_link_key(address(1), key_of(7), han.now)
    for device in (han.hub, bridge):
        device.port.stop(han.now)
        put_back(device.memory, through_a_file(device.memory))
        device.port.resume(han.now)
    han.run(5_000_000)
    handles = [
        (han.hub, han.hub.send(bridge.short, acknowledge=True, link_key=True)),
        (bridge, bridge.send(0, acknowledge=True, link_key=True)),
    ]
    han.run(15_000_000)
    assert [device.outcome(handle) for device, handle in handles] == [Outcome.DELIVERED] * 2
    assert bridge.memory.link_keys[HUB].kind is LinkKeyKind.ESTABLISHED


def test_a_counter_is_never_used_twice() -> None:
    _, bridge = pair()
    highest = bridge.memory.nwk_outgoing.peek()
    again = through_a_file(bridge.memory)
    assert again.nwk_outgoing.peek() >= highest
    assert again.link_keys[HUB].outgoing.peek() >= bridge.memory.link_keys[HUB].outgoing.peek()


DAMAGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda memory: memory.pop("children"), "children"),
    (lambda memory: memory["membership"].update(channel=27), "membership"),
    (lambda memory: memory["membership"].update(network_key="00"), "membership"),
    (lambda memory: memory.update(nwk_outgoing=-1), "nwk_outgoing"),
    (lambda memory: memory.update(nwk_outgoing=True), "nwk_outgoing"),
    (lambda memory: memory["nwk_incoming"].update(x=1), "nwk_incoming"),
    (lambda memory: memory["link_keys"].update({"00db000000001001": 5}), "link_keys"),
    (lambda memory: memory["children"][0].update(sleepy=1), "children"),
    (lambda memory: memory["addresses"].update({"00db000000001001": 65_536}), "addresses"),
    (lambda memory: memory["allowed"].update({"00db000000001001": "zz"}), "allowed"),
    (lambda memory: memory.update(aps_counter="1"), "aps_counter"),
]


@pytest.mark.parametrize("damage, part", DAMAGES, ids=[f"{number}-{part}" for number, (_, part) in enumerate(DAMAGES)])
def test_damage_is_refused_and_the_part_named(damage: Callable[[dict[str, Any]], object], part: str) -> None:
    memory = stored()
    damage(memory)
    with pytest.raises(DecodeError, match=part):
        restored_memory(memory)


@pytest.mark.parametrize("nonsense", [None, 5, [], "x", {}])
def test_what_is_no_memory_is_refused(nonsense: object) -> None:
    with pytest.raises(DecodeError):
        restored_memory(nonsense)
