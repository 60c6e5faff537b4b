"""Leaving: for good, or to come back; of one's own will, or told to; and by whom."""

from __future__ import annotations

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.ports.aps import DeviceLeft, NetworkDown, NodeType
from emulator.zigbee.frames.nwk_commands import Leave, encode_command
from emulator.zigbee.frames.zdo import MgmtLeaveReq, MgmtLeaveRsp, ZdoStatus, decode_zdo
from emulator.zigbee.node.zdo import zdo_message
from tests.zigbee.node.han import HUB, address, line, pair
from tests.zigbee.node.test_nwk import commands
from tests.zigbee.node.test_rejoining import talks, two_parents

BOTH = pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])


@BOTH
@pytest.mark.parametrize("hops", [1, 2])
def test_a_device_that_is_told_to_leave_and_rejoin_is_back_as_it_was(hops: int, node_type: NodeType) -> None:
    han, bridges = line(hops, last=node_type)
    last = bridges[-1]
    short, events = last.short, len(han.hub.events)
    han.hub.port.send(zdo_message(short, 5, MgmtLeaveReq(address(hops), rejoin=True)), han.now)
    han.run(20 * SECOND)
    assert last.reasons("rejoin.done") == ["asked-to"]
    assert last.short == short
    assert not last.of(NetworkDown)
    assert not [event for event in han.hub.events[events:] if isinstance(event, DeviceLeft)]
    assert talks(han, han.hub, last)


def test_a_request_from_a_stranger_is_refused_and_named() -> None:
    han, bridges = line(2)
    handle = bridges[0].port.send(zdo_message(bridges[1].short, 5, MgmtLeaveReq(address(2))), han.now)
    han.run(5 * SECOND)
    assert bridges[1].reasons("aps.dropped") == ["leave-not-permitted"]
    assert bridges[1].up
    assert decode_zdo(bridges[0].messages[-1].cluster, bridges[0].messages[-1].payload) == (
        5, MgmtLeaveRsp(ZdoStatus.NOT_PERMITTED),
    )  # fmt: skip
    assert bridges[0].outcome(handle) is not None


def test_a_leave_command_of_a_router_that_is_not_our_parent_is_refused_and_named() -> None:
    han, _, second, device = two_parents(NodeType.ROUTER)
    stack = second.port.node._layers.stack
    assert stack is not None
    stack.nwk.send_to_neighbour(device.short, encode_command(Leave(request=True)), han.now)
    han.run(SECOND)
    assert "leave-not-permitted" in device.reasons("nwk.dropped")
    assert device.up


def test_a_parent_may_send_its_child_away() -> None:
    han, first, _, device = two_parents(NodeType.SLEEPY)
    stack = first.port.node._layers.stack
    assert stack is not None
    stack.nwk.hold_command(device.short, encode_command(Leave(request=True)), han.now)
    han.run(5 * SECOND)
    assert device.down == "removed"
    assert first.memory.children == {}
    assert han.hub.of(DeviceLeft) == [DeviceLeft(address(3), "left")]


@BOTH
def test_a_device_that_left_for_good_does_not_come_back_by_itself(node_type: NodeType) -> None:
    han, bridge = pair(node_type=node_type)
    bridge.port.leave(han.now)
    han.run(5 * MINUTE)
    assert bridge.down == "left"
    assert bridge.reasons("rejoin.started") == []
    assert len(commands(han, Leave)) == 1
    assert han.hub.memory.children == {}
    assert HUB not in bridge.memory.link_keys
