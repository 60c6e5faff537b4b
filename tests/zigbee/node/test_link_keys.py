"""Link keys that are replaced while the network runs, as key establishment does it; what comes under the one before."""

from __future__ import annotations

import pytest

from emulator.core.clock import SECOND
from emulator.ports.aps import NodeType, Outcome
from tests.zigbee.node.han import HUB, Device, address, pair

NEW_KEY = bytes(range(32, 48))


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_a_frame_under_the_key_before_is_dropped_and_said_to_be_one(node_type: NodeType) -> None:
    han, bridge = pair(node_type=node_type)
    han.hub.port.set_link_key(address(1), NEW_KEY, han.now)
    handle = bridge.send(0, b"old", acknowledge=True, link_key=True)
    han.run(60 * SECOND)
    assert set(han.hub.reasons("aps.dropped")) == {"replaced-link-key"}
    assert bridge.outcome(handle) is Outcome.NO_APS_ACK
    assert han.hub.messages == []


def test_a_forged_frame_is_not_taken_for_one_under_the_key_before() -> None:
    han, bridge = pair()
    han.hub.port.set_link_key(address(1), NEW_KEY, han.now)
    bridge.port.set_link_key(HUB, bytes(16), han.now)
    bridge.send(0, b"forged", link_key=True)
    han.run()
    assert han.hub.reasons("aps.dropped") == ["bad-mic"]


def test_counters_of_the_new_key_begin_anew_and_the_first_one_is_taken_whatever_it_is() -> None:
    han, bridge = pair()
    for _ in range(5):
        bridge.send(0, b"before", acknowledge=True, link_key=True)
        han.run()
    for device, partner in ((han.hub, address(1)), (bridge, HUB)):
        device.port.set_link_key(partner, NEW_KEY, han.now)
    assert bridge.memory.link_keys[HUB].outgoing.peek() == 0
    bridge.send(0, b"after", acknowledge=True, link_key=True)
    han.run()
    assert han.hub.payloads()[-1] == b"after"
    assert han.hub.memory.link_keys[address(1)].incoming == 0


def test_a_fragmented_message_goes_on_under_the_new_key() -> None:
    han, bridge = pair()
    payload = bytes(range(256)) * 4
    handle = bridge.send(0, payload, acknowledge=True, link_key=True)
    han.run(30_000)
    assert han.hub.messages == []
    replace(han.hub, bridge)
    han.run(20 * SECOND)
    assert han.hub.payloads() == [payload]
    assert bridge.outcome(handle) is Outcome.DELIVERED


def replace(hub: Device, bridge: Device) -> None:
    hub.port.set_link_key(bridge.port.eui64, NEW_KEY, hub.engine.now)
    bridge.port.set_link_key(HUB, NEW_KEY, hub.engine.now)


def test_a_key_that_is_taken_away_while_a_message_waits_ends_it() -> None:
    han, bridge = pair()
    handle = bridge.send(0, b"x", acknowledge=True, link_key=True)
    bridge.memory.forget_link_key(HUB)
    han.topology.set(HUB, address(1), None)
    han.run(5 * SECOND)
    assert bridge.outcome(handle) is Outcome.NO_KEY
