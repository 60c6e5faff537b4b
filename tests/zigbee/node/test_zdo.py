"""What the stack answers by itself to management and discovery requests."""

from __future__ import annotations

import pytest

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    BROADCAST_RX_ON,
    ApsMessage,
    DeviceLeft,
    JoinSettings,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.zigbee.frames.zdo import (
    ActiveEpReq,
    ActiveEpRsp,
    BindReq,
    BindRsp,
    IeeeAddrReq,
    IeeeAddrRsp,
    LogicalType,
    MatchDescReq,
    MatchDescRsp,
    MgmtLeaveReq,
    MgmtLeaveRsp,
    MgmtLqiReq,
    MgmtLqiRsp,
    MgmtNwkUpdateNotify,
    MgmtNwkUpdateReq,
    MgmtPermitJoiningReq,
    MgmtPermitJoiningRsp,
    NodeDescReq,
    NodeDescRsp,
    NwkAddrReq,
    NwkAddrRsp,
    PowerDescReq,
    PowerDescRsp,
    SimpleDescReq,
    SimpleDescRsp,
    UnbindReq,
    UnbindRsp,
    ZdoMessage,
    ZdoStatus,
    decode_zdo,
)
from emulator.zigbee.node.zdo import zdo_message
from tests.zigbee.node.han import ENDPOINT, HUB, Device, Han, address, line, pair

ELSEWHERE = 0x4321
SEQUENCE = 0x5A


def ask(han: Han, asker: Device, destination: int, request: ZdoMessage) -> list[ZdoMessage]:
    """Every answer that came within a few seconds."""
    before = len(asker.messages)
    asker.port.send(zdo_message(destination, SEQUENCE, request), han.now)
    han.run(3 * SECOND)
    answers = [message for message in asker.messages[before:] if message.profile == 0]
    decoded = [decode_zdo(message.cluster, message.payload) for message in answers]
    assert all(sequence == SEQUENCE for sequence, _ in decoded)
    return [message for _, message in decoded]


@pytest.fixture(scope="module")
def han_and_bridge() -> tuple[Han, Device]:
    return pair()


def test_it_tells_its_addresses(han_and_bridge: tuple[Han, Device]) -> None:
    han, bridge = han_and_bridge
    short, eui64 = bridge.short, address(1)
    assert ask(han, han.hub, short, NwkAddrReq(eui64)) == [NwkAddrRsp(ZdoStatus.SUCCESS, eui64, short)]
    assert ask(han, han.hub, short, NwkAddrReq(Eui64(5))) == []
    assert ask(han, han.hub, short, IeeeAddrReq(short)) == [IeeeAddrRsp(ZdoStatus.SUCCESS, eui64, short)]
    assert ask(han, han.hub, short, IeeeAddrReq(ELSEWHERE)) == [
        IeeeAddrRsp(ZdoStatus.DEVICE_NOT_FOUND, eui64, ELSEWHERE)
    ]
    assert ask(han, han.hub, BROADCAST_RX_ON, NwkAddrReq(eui64)) == [NwkAddrRsp(ZdoStatus.SUCCESS, eui64, short)]


def test_it_tells_its_descriptors(han_and_bridge: tuple[Han, Device]) -> None:
    han, bridge = han_and_bridge
    short = bridge.short
    (node,) = ask(han, han.hub, short, NodeDescReq(short))
    assert isinstance(node, NodeDescRsp)
    assert node.descriptor is not None
    assert node.descriptor.logical_type is LogicalType.ROUTER
    assert node.descriptor.manufacturer_code == 0x1234
    (hub,) = ask(han, bridge, 0, NodeDescReq(0))
    assert isinstance(hub, NodeDescRsp)
    assert hub.descriptor is not None
    assert hub.descriptor.logical_type is LogicalType.COORDINATOR
    assert hub.descriptor.server_mask & 1
    (power,) = ask(han, han.hub, short, PowerDescReq(short))
    assert isinstance(power, PowerDescRsp)
    assert power.status == ZdoStatus.SUCCESS
    assert ask(han, han.hub, short, ActiveEpReq(short)) == [ActiveEpRsp(ZdoStatus.SUCCESS, short, (1,))]
    assert ask(han, han.hub, short, SimpleDescReq(short, 1)) == [SimpleDescRsp(ZdoStatus.SUCCESS, short, ENDPOINT)]
    assert ask(han, han.hub, short, SimpleDescReq(short, 2)) == [SimpleDescRsp(ZdoStatus.NOT_ACTIVE, short)]


def test_descriptors_of_another_device_are_not_found(han_and_bridge: tuple[Han, Device]) -> None:
    han, bridge = han_and_bridge
    for request in (
        NodeDescReq(ELSEWHERE), PowerDescReq(ELSEWHERE), ActiveEpReq(ELSEWHERE), SimpleDescReq(ELSEWHERE, 1),
    ):  # fmt: skip
        (answer,) = ask(han, han.hub, bridge.short, request)
        assert isinstance(answer, NodeDescRsp | PowerDescRsp | ActiveEpRsp | SimpleDescRsp)
        assert answer.status == ZdoStatus.DEVICE_NOT_FOUND


def test_it_says_which_endpoints_match(han_and_bridge: tuple[Han, Device]) -> None:
    han, bridge = han_and_bridge
    short = bridge.short
    found = [MatchDescRsp(ZdoStatus.SUCCESS, short, (1,))]
    assert ask(han, han.hub, short, MatchDescReq(short, 0x0109, (0x0000,), ())) == found
    assert ask(han, han.hub, short, MatchDescReq(short, 0x0109, (), (0x0019,))) == found
    assert ask(han, han.hub, BROADCAST_RX_ON, MatchDescReq(BROADCAST_RX_ON, 0x0109, (), (0x0019,))) == found
    assert ask(han, han.hub, short, MatchDescReq(short, 0x0109, (0x0500,), ())) == [
        MatchDescRsp(ZdoStatus.SUCCESS, short, ())
    ]
    assert ask(han, han.hub, BROADCAST_RX_ON, MatchDescReq(BROADCAST_RX_ON, 0x0104, (0x0000,), ())) == []
    assert ask(han, han.hub, short, MatchDescReq(ELSEWHERE, 0x0109, (0x0000,), ())) == [
        MatchDescRsp(ZdoStatus.DEVICE_NOT_FOUND, ELSEWHERE)
    ]


def test_it_tells_its_neighbours_two_at_a_time() -> None:
    han, bridges = line(3)
    han.run(40 * SECOND)
    middle = bridges[1]
    (table,) = ask(han, han.hub, middle.short, MgmtLqiReq(0))
    assert isinstance(table, MgmtLqiRsp)
    assert (table.status, table.total, table.start_index, len(table.neighbours)) == (ZdoStatus.SUCCESS, 2, 0, 2)
    records = table.neighbours
    assert {(record.eui64, record.short) for record in records} == {
        (address(1), bridges[0].short), (address(3), bridges[2].short),
    }  # fmt: skip
    relations = {record.short: record.relationship for record in records}
    assert relations == {bridges[0].short: 0, bridges[2].short: 1}
    (rest,) = ask(han, han.hub, middle.short, MgmtLqiReq(1))
    assert isinstance(rest, MgmtLqiRsp)
    assert (rest.start_index, len(rest.neighbours)) == (1, 1)
    (beyond,) = ask(han, han.hub, middle.short, MgmtLqiReq(200))
    assert isinstance(beyond, MgmtLqiRsp)
    assert beyond.neighbours == ()


def test_it_permits_joining_when_asked() -> None:
    han, bridge = pair()
    assert ask(han, han.hub, bridge.short, MgmtPermitJoiningReq(60)) == [MgmtPermitJoiningRsp(ZdoStatus.SUCCESS)]
    assert ask(han, han.hub, BROADCAST_RX_ON, MgmtPermitJoiningReq(0)) == []
    han.connect(address(1), address(2))
    late = han.bridge(2)
    late.port.join(_here(), han.now)
    han.run(20 * SECOND)
    assert late.down == "joining-not-permitted"


def _here() -> JoinSettings:
    return JoinSettings(channels=(15,))


@pytest.mark.parametrize(
    "request_, response",
    [
        (BindReq(address(1), 1, 0x19, HUB, 1), BindRsp(ZdoStatus.NOT_SUPPORTED)),
        (UnbindReq(address(1), 1, 0x19, HUB, 1), UnbindRsp(ZdoStatus.NOT_SUPPORTED)),
        (MgmtNwkUpdateReq(0x07FFF800, 3, scan_count=1), MgmtNwkUpdateNotify(ZdoStatus.NOT_SUPPORTED)),
    ],
    ids=["bind", "unbind", "nwk-update"],
)
def test_what_it_does_not_do_it_says_it_does_not(
    han_and_bridge: tuple[Han, Device], request_: ZdoMessage, response: ZdoMessage
) -> None:
    han, bridge = han_and_bridge
    assert ask(han, han.hub, bridge.short, request_) == [response]


@pytest.mark.parametrize("device", [Eui64(0), address(1)])
def test_the_trust_centre_can_make_it_leave(device: Eui64) -> None:
    han, bridge = pair()
    assert ask(han, han.hub, bridge.short, MgmtLeaveReq(device)) == [MgmtLeaveRsp(ZdoStatus.SUCCESS)]
    assert bridge.down == "removed"
    assert bridge.memory.membership is None
    assert han.hub.of(DeviceLeft) == [DeviceLeft(address(1), "left")]


def test_others_cannot_make_it_leave_and_nobody_can_make_another_leave_through_it() -> None:
    han, bridges = line(2)
    refused = [MgmtLeaveRsp(ZdoStatus.NOT_PERMITTED)]
    assert ask(han, bridges[1], bridges[0].short, MgmtLeaveReq(Eui64(0))) == refused
    assert ask(han, bridges[1], 0, MgmtLeaveReq(Eui64(0))) == refused
    assert ask(han, han.hub, bridges[0].short, MgmtLeaveReq(address(2))) == refused
    assert all(device.up for device in bridges)


@pytest.mark.parametrize("cluster, payload", [(0x0002, b""), (0x0002, bytes(9)), (0x7ABC, bytes(3)), (0x0013, b"\0")])
def test_a_malformed_request_is_dropped_with_the_reason(cluster: int, payload: bytes) -> None:
    han, bridge = pair()
    han.hub.port.send(ApsMessage(bridge.short, 0, 0, 0, cluster, payload), han.now)
    han.run()
    assert bridge.messages == []
    assert bridge.reasons("aps.dropped") == ["undecodable"]


def test_responses_are_left_to_the_device() -> None:
    han, bridge = pair()
    han.hub.port.send(ApsMessage(bridge.short, 0, 0, 0, 0x8005, b"anything"), han.now)
    han.run()
    assert bridge.payloads() == [b"anything"]


def test_a_description_may_change_while_on_the_air() -> None:
    han, bridge = pair()
    bridge.port.configure(StackConfiguration(NodeType.ROUTER, 0x4444, ()))
    (node,) = ask(han, han.hub, bridge.short, NodeDescReq(bridge.short))
    assert isinstance(node, NodeDescRsp)
    assert node.descriptor is not None
    assert node.descriptor.manufacturer_code == 0x4444


def test_an_answer_that_does_not_fit_a_frame_is_reported() -> None:
    han, bridge = pair()
    many = SimpleDescriptor(9, 0x0109, 0x0502, 0, tuple(range(40)), ())
    bridge.port.configure(StackConfiguration(NodeType.ROUTER, 0x4444, (many,)))
    assert ask(han, han.hub, bridge.short, SimpleDescReq(bridge.short, 9)) == []
    assert bridge.reasons("aps.dropped") == [Outcome.TOO_LONG.value]
