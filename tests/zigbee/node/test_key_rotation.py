"""Another network key: given out, put in force, and given to those who missed it."""

from __future__ import annotations

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import NetworkKeyChanged, NodeType
from emulator.zigbee.frames.aps_commands import TransportNetworkKey
from emulator.zigbee.node.key_rotation import GIVING_OUT, SWITCHING
from emulator.zigbee.node.nwk_security import is_newer
from emulator.zigbee.security.counters import OutgoingCounter
from tests.zigbee.node.han import HUB, NETWORK_KEY, Device, Han, address, line, mesh, pair
from tests.zigbee.node.test_rejoining import talks, two_parents

NEW_KEY = bytes(range(100, 116))
ROTATION = GIVING_OUT + SWITCHING + SECOND


def key_of(device: Device) -> tuple[bytes, int]:
    membership = device.memory.membership
    assert membership is not None
    return membership.network_key, membership.key_sequence


def rotate(han: Han, key: bytes = NEW_KEY) -> None:
    han.hub.port.rotate_network_key(key, han.now)
    han.run(ROTATION)


@pytest.mark.parametrize("last", [NodeType.ROUTER, NodeType.SLEEPY])
@pytest.mark.parametrize("hops", [1, 2, 3])
def test_every_device_has_the_new_key_and_is_told_so_once(hops: int, last: NodeType) -> None:
    han, bridges = line(hops, last=last)
    rotate(han)
    for device in (han.hub, *bridges):
        assert key_of(device) == (NEW_KEY, 1)
        assert device.of(NetworkKeyChanged) == [NetworkKeyChanged(NEW_KEY)]
        assert device.reasons("rejoin.started") == []
    assert talks(han, han.hub, bridges[-1])


def test_the_key_before_is_in_force_until_the_word_to_switch() -> None:
    han, bridge = pair()
    han.hub.port.rotate_network_key(NEW_KEY, han.now)
    han.run(GIVING_OUT - SECOND)
    assert (key_of(han.hub), key_of(bridge)) == ((NETWORK_KEY, 0), (NETWORK_KEY, 0))
    assert talks(han, han.hub, bridge, span=100_000)


def test_messages_under_way_while_the_key_changes_all_arrive_once() -> None:
    han, bridges = line(2)
    sent = 0
    han.hub.port.rotate_network_key(NEW_KEY, han.now)
    while sent < 70:
        bridges[1].send(0, sent.to_bytes(2, "big"), acknowledge=True)
        sent += 1
        han.run(ROTATION // 70)
    han.run(10 * SECOND)
    assert "unknown-key" not in han.hub.reasons("nwk.dropped")
    assert sorted(han.hub.payloads()) == [number.to_bytes(2, "big") for number in range(sent)]


def test_frames_under_the_key_before_are_dropped_and_say_so() -> None:
    han, bridge = pair()
    rotate(han)
    membership = bridge.memory.membership
    assert membership is not None
    stack = bridge.port.node._layers.stack
    assert stack is not None
    membership.network_key, membership.key_sequence = NETWORK_KEY, 0
    stack.nwk.security.use_key()
    before = len(han.hub.reasons("nwk.dropped"))
    bridge.send(0, b"old")
    han.run(100_000)
    assert han.hub.reasons("nwk.dropped")[before:] == ["old-network-key"]
    assert han.hub.messages == []


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_device_that_was_off_meanwhile_is_given_the_key_in_force_when_it_is_back(
    node_type: NodeType, times: int
) -> None:
    han, _, _, device = two_parents(node_type)
    device.port.stop(han.now)
    for number in range(times):
        rotate(han, bytes((number,)) * 16)
    device.port.resume(han.now)
    han.run(2 * MINUTE)
    assert key_of(device) == key_of(han.hub) == (bytes((times - 1,)) * 16, times)
    assert device.of(NetworkKeyChanged) == [NetworkKeyChanged(bytes((times - 1,)) * 16)]
    assert device.reasons("rejoin.done")[:1] == ["key-missed"]
    assert talks(han, han.hub, device)


def test_a_sleeping_device_that_missed_it_unawares_is_told_when_it_says_something() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY, poll=6 * SECOND)
    han.topology.set(HUB, address(1), None)
    rotate(han)
    han.run(5 * SECOND)
    han.connect(HUB, address(1))
    assert key_of(bridge) == (NETWORK_KEY, 0)
    han.run(30 * SECOND)
    assert bridge.reasons("rejoin.started") == []
    bridge.send(0, b"under the old one")
    han.run(30 * SECOND)
    assert key_of(bridge) == (NEW_KEY, 1)
    assert bridge.reasons("rejoin.done") == ["key-missed"]
    assert talks(han, bridge, han.hub, span=MINUTE)


def test_who_has_the_key_but_missed_the_word_switches_with_the_first_frame_under_it() -> None:
    han, bridge = pair()
    han.hub.port.rotate_network_key(NEW_KEY, han.now)
    han.run(SECOND)
    han.topology.set(HUB, address(1), None)
    han.run(GIVING_OUT + SWITCHING)
    assert key_of(bridge) == (NETWORK_KEY, 0)
    han.connect(HUB, address(1))
    han.run(30 * SECOND)
    assert key_of(bridge) == (NEW_KEY, 1)
    assert bridge.reasons("rejoin.started") == []
    assert talks(han, han.hub, bridge)


def test_a_trust_centre_whose_power_is_cut_goes_on_with_the_rotation() -> None:
    han, bridge = pair()
    han.hub.port.rotate_network_key(NEW_KEY, han.now)
    han.run(SECOND)
    han.hub.port.stop(han.now)
    han.run(10 * SECOND)
    han.hub.port.resume(han.now)
    han.run(ROTATION)
    assert key_of(han.hub) == key_of(bridge) == (NEW_KEY, 1)


def test_the_new_key_and_its_sequence_outlast_a_restart() -> None:
    han, bridge = pair()
    rotate(han)
    for device in (han.hub, bridge):
        device.port.stop(han.now)
        device.port.resume(han.now)
    han.run(5 * SECOND)
    assert key_of(han.hub) == key_of(bridge) == (NEW_KEY, 1)
    assert talks(han, han.hub, bridge)


def test_a_key_that_came_before_the_one_in_force_is_not_taken() -> None:
    han, bridge = pair()
    rotate(han)
    stack = han.hub.port.node._layers.stack
    assert stack is not None
    assert stack.trust_centre is not None
    stack.trust_centre.send_key(TransportNetworkKey(bytes(16), 0, address(1), HUB), bridge.short, han.now)
    han.run()
    assert bridge.reasons("aps.dropped") == ["old-network-key"]
    assert bridge.memory.membership is not None
    assert bridge.memory.membership.next_key == b""


def test_devices_that_begin_to_count_anew_under_the_new_key_are_understood() -> None:
    han, bridges = mesh([(HUB, address(1)), (HUB, address(2))], (1, 2))
    for _ in range(20):
        for bridge in bridges.values():
            bridge.send(0, b"before", acknowledge=True)
        han.run()
    han.hub.port.rotate_network_key(NEW_KEY, han.now)
    han.run(GIVING_OUT - 1_000)
    for bridge in bridges.values():
        bridge.memory.nwk_outgoing = OutgoingCounter()
    han.run(ROTATION)
    assert all(talks(han, han.hub, bridge) for bridge in bridges.values())
    assert "frame-counter-replayed" not in han.hub.reasons("nwk.dropped")


def test_no_counter_goes_back_when_the_key_changes() -> None:
    han, bridge = pair()
    before = (han.hub.memory.nwk_outgoing.peek(), bridge.memory.nwk_outgoing.peek())
    rotate(han)
    assert han.hub.memory.nwk_outgoing.peek() > before[0]
    assert bridge.memory.nwk_outgoing.peek() > before[1]


def test_a_device_that_joins_later_gets_the_key_in_force() -> None:
    han, _ = pair()
    rotate(han)
    han.connect(HUB, address(2))
    late = han.bridge(2)
    han.hub.port.allow(address(2), bytes([2]) * 16)
    han.join(late)
    assert key_of(late) == (NEW_KEY, 1)


@pytest.mark.parametrize("loss", [0.1, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_under_loss_everybody_has_the_key_in_the_end(loss: float, seed: int) -> None:
    han, first, second, device = two_parents(seed=seed)
    han.lose(loss)
    rotate(han)
    han.run(10 * MINUTE)
    assert {key_of(each) for each in (han.hub, first, second, device)} == {(NEW_KEY, 1)}


def test_only_a_trust_centre_on_the_air_brings_in_a_key_and_one_at_a_time() -> None:
    han, bridge = pair()
    for device, key in ((bridge, NEW_KEY), (han.hub, bytes(15)), (han.hub, NETWORK_KEY)):
        with pytest.raises(LocalProtocolError):
            device.port.rotate_network_key(key, han.now)
    han.hub.port.rotate_network_key(NEW_KEY, han.now)
    with pytest.raises(LocalProtocolError):
        han.hub.port.rotate_network_key(bytes(16), han.now)
    han.hub.port.stop(han.now)
    with pytest.raises(LocalProtocolError):
        han.hub.port.rotate_network_key(NEW_KEY, han.now)


@pytest.mark.parametrize(
    "sequence, than, newer", [(1, 0, True), (0, 0, False), (0, 1, False), (0, 255, True), (255, 0, False),
                                    (127, 0, True), (128, 0, False)],
)  # fmt: skip
def test_sequence_numbers_of_keys_are_compared_around_the_corner(sequence: int, than: int, newer: bool) -> None:
    assert is_newer(sequence, than) is newer
