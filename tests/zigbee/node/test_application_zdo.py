"""ZDO requests that the device above wants to see or to answer itself, and those that a node asks of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.core.clock import SECOND
from emulator.ports.aps import (
    BROADCAST_RX_ON,
    ApplicationZdo,
    ApsIndication,
    ApsMessage,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.zigbee.frames.zdo import (
    RESPONSE,
    ActiveEpReq,
    ActiveEpRsp,
    BindReq,
    DeviceAnnce,
    IeeeAddrReq,
    MatchDescReq,
    MgmtLeaveReq,
    MgmtLqiReq,
    MgmtNwkUpdateReq,
    MgmtPermitJoiningReq,
    NodeDescReq,
    NodeDescRsp,
    NwkAddrReq,
    PowerDescReq,
    SimpleDescReq,
    SimpleDescRsp,
    UnbindReq,
    ZdoMessage,
    ZdoStatus,
    decode_zdo,
)
from emulator.zigbee.node.zdo import zdo_message
from tests.zigbee.node.han import ENDPOINT, HUB, Device, Han, address, pair

NONE, SUPPORTED, UNSUPPORTED = ApplicationZdo.NONE, ApplicationZdo.SUPPORTED, ApplicationZdo.UNSUPPORTED
ENDPOINTS, BINDINGS = ApplicationZdo.ENDPOINTS, ApplicationZdo.BINDINGS
EVERY = SUPPORTED | UNSUPPORTED | ENDPOINTS | BINDINGS
UNKNOWN, BINDING_TABLE = 0x0010, 0x0033
SEQUENCE = 9


def pair_with(wanted: ApplicationZdo) -> tuple[Han, Device]:
    """The hub wants to see some of its ZDO requests."""
    han, bridge = pair()
    configuration = StackConfiguration(NodeType.COORDINATOR, 0x1234, (ENDPOINT,), application_zdo=wanted)
    han.hub.port.configure(configuration)
    han.hub.messages.clear()
    return han, bridge


def ask(han: Han, asker: Device, request: ZdoMessage | int, destination: int = 0) -> None:
    """Send a request of the ZDO, or one that only its cluster is known of."""
    if isinstance(request, int):
        message = ApsMessage(destination, 0, 0, 0, request, bytes((SEQUENCE,)))
    else:
        message = zdo_message(destination, SEQUENCE, request)
    asker.port.send(message, han.now)
    han.run(2 * SECOND)


def shown(device: Device) -> list[tuple[int, bool]]:
    """Cluster, and whether the device is to answer, of the requests that it was shown."""
    return [
        (message.cluster, message.response_required) for message in device.messages if not message.cluster & RESPONSE
    ]


def answers(device: Device) -> list[ZdoMessage]:
    return [
        decode_zdo(message.cluster, message.payload)[1] for message in device.messages if message.cluster & RESPONSE
    ]


def kinds(bridge: Device) -> dict[ApplicationZdo, list[ZdoMessage | int]]:
    """Requests to the hub, by the flag that gives them to the device above."""
    record = (HUB, 1, 0x19, address(1), 1)
    return {
        SUPPORTED: [
            NwkAddrReq(HUB), IeeeAddrReq(0), NodeDescReq(0), PowerDescReq(0), MgmtLqiReq(0), MgmtLeaveReq(address(7)),
            MgmtPermitJoiningReq(60), MgmtNwkUpdateReq(1 << 11, 1, 1),
        ],
        ENDPOINTS: [ActiveEpReq(0), SimpleDescReq(0, 1), MatchDescReq(0, 0x0109, (0,), ())],
        BINDINGS: [BindReq(*record), UnbindReq(*record), BINDING_TABLE],
        UNSUPPORTED: [UNKNOWN],
    }  # fmt: skip


def cluster_of(request: ZdoMessage | int) -> int:
    return request if isinstance(request, int) else request.cluster


def test_by_itself_the_device_sees_no_request() -> None:
    han, bridge = pair_with(NONE)
    for requests in kinds(bridge).values():
        for request in requests:
            ask(han, bridge, request)
    assert shown(han.hub) == []


@pytest.mark.parametrize("kind", [SUPPORTED, UNSUPPORTED, ENDPOINTS, BINDINGS])
def test_what_the_device_answers_itself_the_stack_does_not(kind: ApplicationZdo) -> None:
    han, bridge = pair_with(EVERY)
    for request in kinds(bridge)[kind]:
        ask(han, bridge, request)
    required = kind is not SUPPORTED
    assert shown(han.hub) == [(cluster_of(request), required) for request in kinds(bridge)[kind]]
    assert bool(answers(bridge)) is not required
    assert "undecodable" not in han.hub.reasons("aps.dropped")


@pytest.mark.parametrize("kind", [SUPPORTED, UNSUPPORTED, ENDPOINTS, BINDINGS])
def test_each_flag_is_for_its_own_kind(kind: ApplicationZdo) -> None:
    han, bridge = pair_with(EVERY & ~kind & ~SUPPORTED)
    for request in kinds(bridge)[kind]:
        ask(han, bridge, request)
    assert shown(han.hub) == []
    known = [request for request in kinds(bridge)[kind] if not isinstance(request, int)]
    assert len(answers(bridge)) == len(known)


def test_what_is_shown_beside_the_answer_is_the_request_as_it_came() -> None:
    han, bridge = pair_with(SUPPORTED)
    ask(han, bridge, NodeDescReq(0))
    (message,) = han.hub.messages
    assert decode_zdo(message.cluster, message.payload) == (SEQUENCE, NodeDescReq(0))
    assert (message.source, message.destination_endpoint, message.profile) == (bridge.short, 0, 0)
    assert isinstance(answers(bridge)[0], NodeDescRsp)


def test_endpoint_requests_are_shown_beside_the_answer_where_only_that_is_asked_for() -> None:
    han, bridge = pair_with(SUPPORTED | UNSUPPORTED)
    ask(han, bridge, ActiveEpReq(0))
    ask(han, bridge, UNKNOWN)
    assert shown(han.hub) == [(ActiveEpReq.cluster, False), (UNKNOWN, True)]
    assert answers(bridge) == [ActiveEpRsp(ZdoStatus.SUCCESS, 0, (1,))]


def test_announcements_are_shown_and_taken_in_all_the_same() -> None:
    han, bridge = pair_with(SUPPORTED)
    bridge.port.stop(han.now)
    bridge.port.resume(han.now)
    han.run(2 * SECOND)
    assert (DeviceAnnce.cluster, False) in shown(han.hub)
    assert han.hub.port.short_of(address(1)) == bridge.short


def test_a_broadcast_is_shown_too() -> None:
    han, bridge = pair_with(ENDPOINTS)
    ask(han, bridge, MatchDescReq(BROADCAST_RX_ON, 0x0109, (0,), ()), BROADCAST_RX_ON)
    assert shown(han.hub) == [(MatchDescReq.cluster, True)]
    assert answers(bridge) == []


def test_a_request_cut_short_is_shown_and_then_dropped_with_the_reason() -> None:
    han, bridge = pair_with(SUPPORTED)
    ask(han, bridge, NodeDescReq.cluster)
    assert shown(han.hub) == [(NodeDescReq.cluster, False)]
    assert han.hub.reasons("aps.dropped") == ["undecodable"]


def test_a_device_that_goes_down_when_it_is_shown_a_request_answers_nothing() -> None:
    han, bridge = pair_with(SUPPORTED)

    def stop(_: ApsIndication, now: int) -> None:
        han.hub.port.stop(now)

    han.hub.on_message = stop
    ask(han, bridge, NodeDescReq(0))
    assert answers(bridge) == []


def test_the_device_can_answer_for_itself() -> None:
    han, bridge = pair_with(ENDPOINTS)

    def answer(message: ApsIndication, now: int) -> None:
        if message.response_required:
            sequence, _ = decode_zdo(message.cluster, message.payload)
            response = ActiveEpRsp(ZdoStatus.SUCCESS, 0, (5, 6))
            han.hub.port.send(zdo_message(message.source, sequence, response), now)

    han.hub.on_message = answer
    ask(han, bridge, ActiveEpReq(0))
    assert answers(bridge) == [ActiveEpRsp(ZdoStatus.SUCCESS, 0, (5, 6))]


# --- of itself -----


@pytest.mark.parametrize("wanted", [NONE, SUPPORTED, UNSUPPORTED, SUPPORTED | UNSUPPORTED])
def test_a_node_answers_what_it_asks_of_itself(wanted: ApplicationZdo) -> None:
    han, _ = pair_with(wanted)
    second = replace(ENDPOINT, endpoint=242, profile=0xA1E0)
    han.hub.port.configure(
        StackConfiguration(NodeType.COORDINATOR, 0x1234, (ENDPOINT, second), application_zdo=wanted)
    )  # fmt: skip
    before = len(han.frames)
    handles = []
    for request in (ActiveEpReq(0), SimpleDescReq(0, 1), SimpleDescReq(0, 242), SimpleDescReq(0, 3)):
        handles.append(han.hub.port.send(zdo_message(0, SEQUENCE, request), han.now))
        assert answers(han.hub) == [] or len(handles) > 1
        han.run(1_000)
    assert answers(han.hub) == [
        ActiveEpRsp(ZdoStatus.SUCCESS, 0, (1, 242)),
        SimpleDescRsp(ZdoStatus.SUCCESS, 0, ENDPOINT),
        SimpleDescRsp(ZdoStatus.SUCCESS, 0, second),
        SimpleDescRsp(ZdoStatus.NOT_ACTIVE, 0),
    ]
    assert all(han.hub.outcome(handle) is Outcome.DELIVERED for handle in handles)
    assert len(han.frames) == before
    assert len(shown(han.hub)) == (4 if SUPPORTED in wanted else 0)


def test_a_bridge_does_too_wherever_it_is() -> None:
    han, bridge = pair()
    ask(han, bridge, ActiveEpReq(bridge.short), bridge.short)
    (message,) = bridge.messages
    assert message.source == bridge.short
    assert answers(bridge) == [ActiveEpRsp(ZdoStatus.SUCCESS, bridge.short, (1,))]
