"""What a device's endpoint answers: attributes as a client sees them, refusals, and garbage."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import HOUR, zigbee_utc
from emulator.core.standards import Standards
from emulator.devices.hub.setup import server_policy
from emulator.ports.aps import DeviceJoined, NodeType
from emulator.zigbee.clusters.basic import BASIC_CLUSTER, BasicAttribute, PowerSource
from emulator.zigbee.clusters.identify import IDENTIFY, IDENTIFY_TIME
from emulator.zigbee.clusters.keep_alive import KEEP_ALIVE
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT, SUITE_2
from emulator.zigbee.clusters.ota import OTA_CLUSTER, ImageUpgradeStatus, OtaAttribute
from emulator.zigbee.clusters.time import TIME, TimeAttribute
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame, decode
from emulator.zigbee.frames.zcl_foundation import (
    AttributeValue,
    DefaultResponse,
    DiscoverAttributes,
    DiscoverAttributesResponse,
    FoundationCommand,
    ReadAttributes,
    ReadAttributesResponse,
    WriteAttributes,
    WriteAttributesNoResponse,
    WriteAttributesResponse,
    WriteAttributesUndivided,
    decode_foundation,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_status import Status
from emulator.zigbee.frames.zcl_types import DataType, TypedValue
from tests.devices.fake_port import DEVICE, SHORT, LoneBridge, LoneHub, from_device
from tests.devices.world import OLD, World, image

Lone = LoneBridge | LoneHub
REVISION = 0xFFFD


def answer(lone: Lone) -> FoundationCommand:
    frame = decode(lone.port.sent[-1].payload)
    assert not frame.cluster_specific
    return decode_foundation(frame.command, frame.payload)


def ask(lone: Lone, cluster: int, command: FoundationCommand, *, to_client: bool = False) -> FoundationCommand:
    """Send a general command; what comes back, in the right direction and with the same sequence number."""
    identifier, payload = encode_foundation(command)
    lone.take(cluster, ZclFrame(False, to_client, 99, identifier, payload))
    frame = decode(lone.port.sent[-1].payload)
    assert (frame.sequence, frame.server_to_client) == (99, not to_client)
    assert lone.port.sent[-1].cluster == cluster
    return answer(lone)


def read(lone: Lone, cluster: int, attributes: Sequence[int], *, to_client: bool = False) -> list[object]:
    """The values, or the status of those that are not there."""
    response = ask(lone, cluster, ReadAttributes(tuple(attributes)), to_client=to_client)
    assert isinstance(response, ReadAttributesResponse)
    return [Status(record.status) if record.value is None else record.value.value for record in response.records]


def status(lone: Lone) -> tuple[int, int]:
    response = answer(lone)
    assert isinstance(response, DefaultResponse)
    return response.to_command, response.status


# --- attributes ---


def test_a_bridge_says_what_it_is() -> None:
    lone = LoneBridge("bridge-4").up()
    wanted = (BasicAttribute.MANUFACTURER_NAME, BasicAttribute.MODEL_IDENTIFIER, BasicAttribute.POWER_SOURCE, REVISION)
    assert read(lone, BASIC_CLUSTER, wanted) == ["Alt HAN emulator", "AHB-4", PowerSource.BATTERY, 1]
    assert read(lone, IDENTIFY.identifier, (IDENTIFY_TIME,)) == [0]
    assert read(lone, KEY_ESTABLISHMENT.identifier, (0,)) == [SUITE_2]
    assert read(lone, KEY_ESTABLISHMENT.identifier, (0,), to_client=True) == [SUITE_2]


def test_a_hub_says_what_it_is_and_what_time_it_is() -> None:
    lone = LoneHub()
    assert read(lone, BASIC_CLUSTER, (BasicAttribute.PHYSICAL_ENVIRONMENT, BasicAttribute.POWER_SOURCE)) == [1, 1]
    assert read(lone, TIME.identifier, (TimeAttribute.TIME, TimeAttribute.TIME_STATUS)) == [zigbee_utc(0), 0b1001]
    assert read(lone, KEEP_ALIVE.identifier, (0, 1)) == [10, 300]
    assert read(lone, TUNNELLING_CLUSTER, (0,)) == [0xFFFF]
    assert read(lone, KEY_ESTABLISHMENT.identifier, (0,)) == [SUITE_2]
    assert read(lone, OTA_CLUSTER, (REVISION,)) == [1]


def test_the_ota_clients_attributes_show_how_far_it_is() -> None:
    world = World("bridge-1")
    world.offer(image(2000))
    assert world.until(lambda: world.bridge.counters.blocks == 10)
    attributes = world.bridge.client.attributes()  # type: ignore[union-attr]  # it is on the network
    assert attributes[OtaAttribute.FILE_OFFSET] == 500
    assert attributes[OtaAttribute.CURRENT_FILE_VERSION] == OLD
    assert attributes[OtaAttribute.IMAGE_UPGRADE_STATUS] == ImageUpgradeStatus.DOWNLOAD_IN_PROGRESS
    lone = LoneBridge().up()
    wanted = (OtaAttribute.CURRENT_FILE_VERSION, OtaAttribute.MANUFACTURER_ID, OtaAttribute.IMAGE_TYPE_ID)
    assert read(lone, OTA_CLUSTER, wanted, to_client=True) == [OLD, 0x1B01, 0x00B1]
    assert read(lone, OTA_CLUSTER, list(OtaAttribute), to_client=True)


def test_every_attribute_served_can_be_read_and_is_discovered() -> None:
    for lone in (LoneBridge().up(), LoneHub()):
        endpoint = (lone.bridge if isinstance(lone, LoneBridge) else lone.hub)._endpoint
        for side, to_client in ((endpoint.server, False), (endpoint.client, True)):
            for cluster in range(0x0900):
                if cluster not in side:
                    continue
                found = ask(lone, cluster, DiscoverAttributes(0, 255), to_client=to_client)
                assert isinstance(found, DiscoverAttributesResponse)
                assert found.complete
                identifiers = [identifier for identifier, _ in found.attributes]
                values = read(lone, cluster, identifiers, to_client=to_client)
                assert not any(isinstance(value, Status) for value in values)


def test_discovery_stops_where_it_is_told_to() -> None:
    lone = LoneBridge().up()
    found = ask(lone, BASIC_CLUSTER, DiscoverAttributes(1, 2))
    assert isinstance(found, DiscoverAttributesResponse)
    assert (found.complete, [identifier for identifier, _ in found.attributes]) == (False, [3, 4])


def test_an_attribute_that_is_not_there_is_said_so_beside_those_that_are() -> None:
    lone = LoneBridge().up()
    assert read(lone, BASIC_CLUSTER, (0x0999, BasicAttribute.ZCL_VERSION)) == [Status.UNSUPPORTED_ATTRIBUTE, 3]


@pytest.mark.parametrize("kind", [WriteAttributes, WriteAttributesUndivided])
def test_nothing_can_be_written(kind: type[WriteAttributes]) -> None:
    lone = LoneBridge().up()
    records = tuple(AttributeValue(attribute, TypedValue(DataType.UINT8, 9)) for attribute in (0, 0x0999))
    response = ask(lone, BASIC_CLUSTER, kind(records))
    assert isinstance(response, WriteAttributesResponse)
    assert [record.status for record in response.failures] == [Status.READ_ONLY, Status.UNSUPPORTED_ATTRIBUTE]
    assert read(lone, BASIC_CLUSTER, (0,)) == [3]


# --- what is refused ---


def test_a_hub_says_which_tunnelling_command_it_does_not_know() -> None:
    lone = LoneHub()
    lone.take(TUNNELLING_CLUSTER, ZclFrame(True, False, 9, 0x55))
    answer = decode(lone.port.sent[-1].payload)
    assert decode_foundation(answer.command, answer.payload) == DefaultResponse(0x55, Status.UNSUP_CLUSTER_COMMAND)


@pytest.mark.parametrize(
    "cluster, frame, expected, reason",
    [
        (0x0700, ZclFrame(True, True, 9, 5), Status.UNSUPPORTED_CLUSTER, "unsupported-cluster"),
        (0x0700, ZclFrame(False, False, 9, 0, b"\0\0"), Status.UNSUPPORTED_CLUSTER, "unsupported-cluster"),
        (BASIC_CLUSTER, ZclFrame(True, False, 9, 0), Status.UNSUP_CLUSTER_COMMAND, "unsupported-command"),
        (TUNNELLING_CLUSTER, ZclFrame(True, True, 9, 0x55), Status.UNSUP_CLUSTER_COMMAND, "unsupported-command"),
        (BASIC_CLUSTER, ZclFrame(False, False, 9, 0x15), Status.UNSUP_GENERAL_COMMAND, "unsupported-command"),
        (BASIC_CLUSTER, ZclFrame(False, False, 9, 0xEE), Status.UNSUP_GENERAL_COMMAND, "unsupported-command"),
        (BASIC_CLUSTER, ZclFrame(False, False, 9, 0x06), Status.UNSUP_GENERAL_COMMAND, "unsupported-command"),
        (
            BASIC_CLUSTER,
            ZclFrame(False, False, 9, 0, b"\0\0", 0x1B01),
            Status.UNSUP_MANUF_GENERAL_COMMAND,
            "manufacturer-specific",
        ),
        (
            OTA_CLUSTER,
            ZclFrame(True, True, 9, 0, b"\0\0", 0x1B01),
            Status.UNSUP_MANUF_CLUSTER_COMMAND,
            "manufacturer-specific",
        ),
    ],
)
def test_what_is_not_supported_is_answered_with_the_status_for_it(
    cluster: int, frame: ZclFrame, expected: Status, reason: str
) -> None:
    lone = LoneBridge().up()
    lone.take(cluster, frame)
    assert status(lone) == (frame.command, expected)
    sent = decode(lone.port.sent[-1].payload)
    assert (sent.sequence, sent.server_to_client) == (9, not frame.server_to_client)
    assert sent.manufacturer == frame.manufacturer
    assert lone.reports.reasons("zcl.refused") == [reason]


@pytest.mark.parametrize(
    "cluster, frame",
    [
        (BASIC_CLUSTER, ZclFrame(False, False, 9, 0, b"\0")),
        (BASIC_CLUSTER, ZclFrame(False, False, 9, 2, b"\0\0\xff")),
        (TUNNELLING_CLUSTER, ZclFrame(True, True, 9, 1, b"\0")),
    ],
)
def test_what_cannot_be_read_is_malformed(cluster: int, frame: ZclFrame) -> None:
    lone = LoneBridge().up()
    lone.take(cluster, frame)
    assert status(lone) == (frame.command, Status.MALFORMED_COMMAND)
    assert lone.reports.reasons("zcl.dropped") == ["undecodable"]


@pytest.mark.parametrize(
    "frame",
    [
        ZclFrame(False, True, 9, 0x0B, b"\0"),
        ZclFrame(False, True, 9, 0x0B, b"\x00\x86"),
        ZclFrame(False, True, 9, 0x01, b"\0"),
        ZclFrame(False, False, 9, WriteAttributesNoResponse.command, b"\0\0\x20\x01"),
        ZclFrame(False, True, 9, 0x0A, b"\0"),
        ZclFrame(False, True, 9, 0x0B, b"\0\0", 0x1B01),
    ],
)
def test_answers_are_never_answered(frame: ZclFrame) -> None:
    lone = LoneBridge().up()
    sent = len(lone.port.sent)
    lone.take(BASIC_CLUSTER, frame)
    assert len(lone.port.sent) == sent


def test_a_broadcast_is_never_refused_aloud() -> None:
    lone = LoneBridge().up()
    sent = len(lone.port.sent)
    lone.take(0x0700, ZclFrame(True, True, 9, 5), broadcast=True)
    assert len(lone.port.sent) == sent


@pytest.mark.parametrize(
    "changes, reason",
    [({"profile": 0x0104}, "wrong-profile"), ({"destination_endpoint": 3}, "wrong-endpoint")],
)
def test_what_is_for_another_profile_or_endpoint_is_dropped_with_its_reason(
    changes: dict[str, object], reason: str
) -> None:
    for lone in (LoneBridge().up(), LoneHub()):
        sent = len(lone.port.sent)
        lone.take(BASIC_CLUSTER, ZclFrame(False, False, 9, 0, b"\0\0"), **changes)
        assert lone.reports.reasons("zcl.dropped") == [reason]
        assert len(lone.port.sent) == sent


def test_an_answer_is_protected_as_the_question_was() -> None:
    lone = LoneBridge().up()
    for protected in (True, False):
        lone.take(BASIC_CLUSTER, ZclFrame(False, False, 9, 0, b"\0\0"), link_key=protected)
        assert lone.port.sent[-1].link_key is protected


def test_an_unprotected_default_response_does_not_end_a_download() -> None:
    command, payload = encode_foundation(DefaultResponse(3, Status.ABORT))
    lone = LoneBridge().up()
    lone.take(OTA_CLUSTER, ZclFrame(False, True, 9, command, payload), link_key=False)
    assert lone.reports.reasons("ota.dropped") == ["unprotected"]
    hub = LoneHub()
    hub.take(OTA_CLUSTER, ZclFrame(False, False, 9, command, payload), link_key=False)
    hub.take(OTA_CLUSTER, ZclFrame(True, False, 9, 1, bytes(9)), link_key=False)
    assert hub.reports.reasons("ota.server.dropped") == ["unprotected", "unprotected"]


# --- garbage ---

CLUSTERS = st.sampled_from([0x0000, 0x0003, 0x000A, OTA_CLUSTER, 0x0025, TUNNELLING_CLUSTER, 0x0800, 0x0700])
ZCL = st.builds(
    lambda control, sequence, command, rest: bytes((control, sequence, command)) + rest,
    st.integers(0, 31),
    st.integers(0, 255),
    st.integers(0, 24),
    st.binary(max_size=40),
)


@given(CLUSTERS, st.binary(max_size=60) | ZCL, st.booleans(), st.booleans())
def test_garbage_never_raises(cluster: int, payload: bytes, protected: bool, broadcast: bool) -> None:
    bridge, hub = _ready()
    bridge.take(cluster, payload, link_key=protected, broadcast=broadcast)
    hub.take(cluster, payload, link_key=protected, broadcast=broadcast)
    assert bridge.bridge.version == OLD


@given(st.integers(0x8000, 0x8040), st.binary(max_size=40))
def test_garbage_of_the_zdo_never_raises(cluster: int, payload: bytes) -> None:
    for lone in _ready():
        lone.take(cluster, payload, destination_endpoint=0, profile=0)


def _ready() -> tuple[LoneBridge, LoneHub]:
    bridge, hub = LoneBridge().up(), LoneHub()
    bridge.bridge.joiner.service_found(0, OTA_CLUSTER, 1, bridge.now)
    bridge.bridge.joiner.service_found(0, TUNNELLING_CLUSTER, 1, bridge.now)
    hub.hub.network(DeviceJoined(DEVICE, SHORT, 0, sleepy=False), 0)
    hub.hub.deliver_image(image(500), [DEVICE], 0)
    hub.hub.deliver_gbcs(DEVICE, b"command", 0)
    return bridge, hub


# --- set-up ---


@pytest.mark.parametrize(
    "acknowledged, secured, octets",
    [(True, True, 255), (True, False, 255), (False, True, 56), (False, False, 65)],
)
def test_without_acknowledgements_a_block_is_no_longer_than_a_frame(
    acknowledged: bool, secured: bool, octets: int
) -> None:
    policy = server_policy(Standards({"ota_aps_acks": acknowledged, "ota_aps_security": secured}))
    assert policy.block_octets == octets


def test_a_stack_is_told_what_its_device_is() -> None:
    lone = LoneBridge("bridge-4")
    configuration = lone.port.configuration
    assert configuration is not None
    assert (configuration.node_type, configuration.mains_powered) == (NodeType.ROUTER, False)
    hub = LoneHub().port.configuration
    assert hub is not None
    assert hub.node_type is NodeType.COORDINATOR


def test_the_hub_tells_the_time_as_it_passes() -> None:
    lone = LoneHub()
    identifier, payload = encode_foundation(ReadAttributes((TimeAttribute.TIME,)))
    lone.hub.received(from_device(TIME.identifier, ZclFrame(False, False, 1, identifier, payload)), HOUR)
    response = answer(lone)
    assert isinstance(response, ReadAttributesResponse)
    value = response.records[0].value
    assert value is not None
    assert value.value == zigbee_utc(HOUR)
