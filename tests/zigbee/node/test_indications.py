"""What comes with a message: counters, hops and who passed it on; and the counter of one that is sent."""

from __future__ import annotations

import pytest

from emulator.core.clock import SECOND
from emulator.ports.aps import BROADCAST_RX_ON, NO_ADDRESS, ApsMessage, Outcome
from emulator.zigbee.frames.nwk import MAX_RADIUS
from tests.zigbee.node.han import address, line, pair


def test_a_message_tells_its_counter_the_last_hop_and_the_hops_it_had_left() -> None:
    han, bridges = line(3)
    handle = bridges[2].port.send(ApsMessage(0, 1, 1, 0x0109, 0x19, b"x", acknowledge=True, radius=9), han.now)
    counter = bridges[2].port.node.counter_of(handle)
    han.run(5 * SECOND)
    (message,) = han.hub.messages
    assert (message.source, message.source_eui64) == (bridges[2].short, address(3))
    assert (message.counter, message.last_hop, message.radius) == (counter, bridges[0].short, 7)
    assert (message.rssi, message.lqi, message.fragment) == (-50, 188, None)
    assert not message.response_required


def test_a_broadcast_tells_the_hops_it_had_left_at_each_relay() -> None:
    han, bridges = line(3)
    han.hub.port.send(ApsMessage(BROADCAST_RX_ON, 1, 1, 0x0109, 0x19, b"x", radius=5), han.now)
    han.run(5 * SECOND)
    assert [bridge.messages[0].radius for bridge in bridges] == [5, 4, 3]
    assert [bridge.messages[0].last_hop for bridge in bridges] == [0, bridges[0].short, bridges[1].short]
    assert all(bridge.messages[0].broadcast for bridge in bridges)


def test_a_message_with_no_radius_said_goes_as_far_as_the_stack_lets_it() -> None:
    han, bridge = pair()
    bridge.send(0)
    han.run()
    assert han.hub.messages[0].radius == MAX_RADIUS


def test_a_long_message_has_the_counter_of_its_blocks() -> None:
    han, bridge = pair()
    counter = bridge.port.node.counter_of(bridge.send(0, bytes(300), acknowledge=True))
    han.run(5 * SECOND)
    assert [message.counter for message in han.hub.messages] == [counter]


def test_the_counter_of_a_message_is_told_while_it_is_the_last_or_waits() -> None:
    han, bridge = pair()
    node = bridge.port.node
    unsure, sure = bridge.send(0), bridge.send(0, acknowledge=True)
    last = bridge.send(0)
    counters = [node.counter_of(handle) for handle in (unsure, sure, last)]
    assert counters[0] is None
    assert counters[1] is not None
    assert counters[2] == (counters[1] + 1) & 0xFF
    han.run(5 * SECOND)
    assert [node.counter_of(handle) for handle in (unsure, sure, last)] == [None, None, counters[2]]
    assert sorted(message.counter for message in han.hub.messages)[-2:] == sorted((counters[1], counters[2]))


def test_a_message_that_could_not_be_sent_has_no_counter() -> None:
    han, bridge = pair()
    bridge.memory.forget_link_key(bridge.memory.eui64_of(0) or address(0))
    assert bridge.port.node.counter_of(bridge.send(0, link_key=True)) is None
    bridge.port.stop(han.now)
    assert bridge.port.node.counter_of(bridge.send(0)) is None


@pytest.mark.parametrize("link_key", [False, True])
def test_a_message_to_itself_comes_without_counter_and_hops(link_key: bool) -> None:
    han, bridge = pair()
    before = len(han.frames)
    handle = bridge.send(bridge.short, b"me", link_key=link_key)
    assert bridge.messages == []
    han.run(10_000)
    (message,) = bridge.messages
    assert (message.source, message.source_eui64, message.payload) == (bridge.short, address(1), b"me")
    assert (message.counter, message.radius, message.last_hop) == (0, 0, NO_ADDRESS)
    assert bridge.outcome(handle) is Outcome.DELIVERED
    assert bridge.port.node.counter_of(handle) is None
    assert len(han.frames) == before
