"""What devices say to the hub: how an exchange passes, how it is lost, and the mirror of the gas meter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import SECOND
from emulator.devices.traffic import ANSWER_WAIT, LOOK_AGAIN
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.ports.aps import Outcome
from emulator.zigbee.clusters.energy import METERING_CLUSTER, PRICE_CLUSTER, MeteringAttribute
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import (
    AttributeStatus,
    AttributeValue,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_status import Status
from emulator.zigbee.frames.zcl_types import DataType, TypedValue
from tests.devices.fake_port import DEVICE, LoneHub
from tests.devices.light.lone_light import LoneLight

GPF = 2


def speaking(kind: str, command: int) -> LoneLight:
    """One that has found the clusters, and has just sent a message with this general command."""
    lone = LoneLight(kind).up()
    lone.answer_searches(GPF)
    sent = len(lone.port.sent)
    lone.pass_time(lambda: len(lone.port.sent) > sent)
    while lone.port.zcl()[-1].command != command:
        sent = len(lone.port.sent)
        lone.pass_time(lambda sent=sent: len(lone.port.sent) > sent)  # type: ignore[misc]  # the default
    return lone


def answer(lone: LoneLight, *, cluster: int, sequence: int, **changes: object) -> None:
    records = (AttributeStatus(0, Status.UNSUPPORTED_ATTRIBUTE),)
    command, payload = encode_foundation(ReadAttributesResponse(records))
    lone.take(cluster, ZclFrame(False, True, sequence, command, payload), **changes)


def ends(lone: LoneLight) -> list[tuple[str, str | None]]:
    return [(kind, reason) for kind, reason, _ in lone.reports if kind in {"traffic.passed", "traffic.lost"}]


# --- exchanges -------------------------------------------------------------------------------------------------------


def test_it_asks_the_hub_where_each_cluster_is() -> None:
    lone = LoneLight("ihd").up()
    assert lone.searched() == [METERING_CLUSTER, PRICE_CLUSTER]


def test_a_report_passes_with_its_acknowledgement_and_carries_the_readings() -> None:
    lone = speaking("esme", ReportAttributes.command)
    message = lone.port.sent[-1]
    assert (message.destination_endpoint, message.cluster, message.acknowledge) == (GPF, METERING_CLUSTER, True)
    assert message.link_key
    lone.now += 8_000
    lone.confirm()
    assert ends(lone) == [("traffic.passed", None)]
    assert lone.reports[-1][2] == {"what": "report", "cluster": "0702", "us": 8_000}


def test_a_read_passes_with_its_answer_and_not_before() -> None:
    lone = speaking("cad", ReadAttributes.command)
    lone.confirm()
    assert ends(lone) == []
    answer(lone, cluster=lone.port.sent[-1].cluster, sequence=lone.port.zcl()[-1].sequence)
    assert ends(lone) == [("traffic.passed", None)]


def test_an_answer_quicker_than_the_acknowledgement_counts_once() -> None:
    lone = speaking("cad", ReadAttributes.command)
    answer(lone, cluster=lone.port.sent[-1].cluster, sequence=lone.port.zcl()[-1].sequence)
    lone.confirm(Outcome.NO_APS_ACK)
    assert ends(lone) == [("traffic.passed", None)]


@pytest.mark.parametrize("kind,command", [("esme", ReportAttributes.command), ("cad", ReadAttributes.command)])
@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.DELIVERED])
def test_whatever_becomes_of_a_message_is_the_reason(kind: str, command: int, outcome: Outcome) -> None:
    lone = speaking(kind, command)
    lone.confirm(outcome)
    assert ends(lone) == [("traffic.lost", outcome.value)]


def test_without_an_answer_a_read_is_lost_in_time() -> None:
    lone = speaking("hcalcs", ReadAttributes.command)
    began = lone.now
    lone.confirm()
    lone.pass_time(lambda: bool(ends(lone)))
    assert (ends(lone), lone.now) == ([("traffic.lost", "no-answer")], began + ANSWER_WAIT)


@pytest.mark.parametrize(
    "wrong",
    [{"cluster": 0x0705}, {"sequence": 200}, {"source": 0x4321}],
    ids=["cluster", "sequence", "sender"],
)
def test_what_answers_another_question_is_no_answer(wrong: dict[str, int]) -> None:
    lone = speaking("cad", ReadAttributes.command)
    right = {"cluster": lone.port.sent[-1].cluster, "sequence": lone.port.zcl()[-1].sequence}
    answer(lone, **{**right, **wrong})
    assert ends(lone) == []


@given(octets=st.binary(max_size=40))
def test_no_octets_disturb_a_wait(octets: bytes) -> None:
    lone = speaking("cad", ReadAttributes.command)
    right = {"cluster": lone.port.sent[-1].cluster, "sequence": lone.port.zcl()[-1].sequence}
    lone.take(METERING_CLUSTER, octets, source=0x4321)
    answer(lone, **right)
    assert ends(lone) == [("traffic.passed", None)]


def test_a_cluster_that_the_hub_lacks_is_looked_for_again() -> None:
    lone = LoneLight("hcalcs").up()
    lone.answer_searches(None)
    assert lone.reports.reasons("traffic.discovery") == ["not-served"]
    began, searches = lone.now, len(lone.searched())
    lone.pass_time(lambda: len(lone.searched()) > searches)
    assert lone.now <= began + LOOK_AGAIN
    assert ends(lone) == []


def test_off_the_network_nothing_is_said_or_waited_for() -> None:
    lone = speaking("cad", ReadAttributes.command)
    lone.device.power_off(lone.now)
    lone.pass_span(3_600 * SECOND)
    assert ends(lone) == []


@pytest.mark.parametrize("kind,every", [("esme", 30), ("gsme", 1_800)])
def test_it_speaks_as_often_as_its_profile_says(kind: str, every: int) -> None:
    lone = LoneLight(kind).up()
    lone.answer_searches(GPF)
    lone.pass_span(10 * every * SECOND)
    reports = [frame for frame in lone.port.zcl(METERING_CLUSTER) if frame.command == ReportAttributes.command]
    assert len(reports) == 10


# --- the GPF ---------------------------------------------------------------------------------------------------------


def reported(hub: LoneHub, value: int, **changes: object) -> None:
    summation = TypedValue(DataType.UINT48, value)
    records = (AttributeValue(MeteringAttribute.CURRENT_SUMMATION_DELIVERED, summation),)
    command, payload = encode_foundation(ReportAttributes(records))
    hub.take(METERING_CLUSTER, ZclFrame(False, True, 1, command, payload), destination_endpoint=GPF, **changes)


def hub_with(device_type: HanDeviceType) -> LoneHub:
    hub = LoneHub()
    hub.hub.chf.log.remove(DEVICE, 0)
    hub.hub.register(DEVICE, device_type, bytes(16), 60, 0)
    return hub


def mirrored(hub: LoneHub) -> bytes:
    """What the hub answers to whoever asks for the reading."""
    command, payload = encode_foundation(ReadAttributes((MeteringAttribute.CURRENT_SUMMATION_DELIVERED,)))
    hub.take(METERING_CLUSTER, ZclFrame(False, False, 5, command, payload), destination_endpoint=GPF)
    answered = hub.port.zcl(METERING_CLUSTER)[-1]
    assert answered.command == ReadAttributesResponse.command
    return answered.payload


def test_the_gas_meters_last_report_is_served_for_it() -> None:
    hub = hub_with(HanDeviceType.GSME)
    before = mirrored(hub)
    reported(hub, 1_000)
    reported(hub, 1_234)
    assert hub.hub.gpf is not None
    assert hub.hub.gpf.mirror == {MeteringAttribute.CURRENT_SUMMATION_DELIVERED: 1_234}
    assert before == bytes((0, 0, Status.UNSUPPORTED_ATTRIBUTE))
    assert mirrored(hub).endswith((1_234).to_bytes(6, "little"))


@pytest.mark.parametrize(
    "device_type,changes",
    [
        (HanDeviceType.ESME, {}),
        (HanDeviceType.IHD, {}),
        (HanDeviceType.GSME, {"link_key": False}),
        (HanDeviceType.GSME, {"source_eui64": None}),
    ],
    ids=["electricity", "display", "without link key", "unknown"],
)
def test_nobody_else_writes_into_the_mirror(device_type: HanDeviceType, changes: dict[str, object]) -> None:
    hub = hub_with(device_type)
    reported(hub, 1_234, **changes)
    assert hub.hub.gpf is not None
    assert hub.hub.gpf.mirror == {}


@given(octets=st.binary(max_size=40))
def test_no_octets_break_the_gpf(octets: bytes) -> None:
    hub = hub_with(HanDeviceType.GSME)
    hub.take(METERING_CLUSTER, octets, destination_endpoint=GPF)
    reported(hub, 7)
    assert hub.hub.gpf is not None
    assert hub.hub.gpf.mirror[MeteringAttribute.CURRENT_SUMMATION_DELIVERED] == 7


def test_the_hub_shows_the_gpf_as_an_endpoint_of_its_own() -> None:
    configuration = LoneHub().port.configuration
    assert configuration is not None
    assert [shown.endpoint for shown in configuration.endpoints] == [1, GPF]
