"""Whatever a hub or meter sends a PPMID is sent to a bridge too: it says what it lacks, and stays well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import SECOND
from emulator.devices.bridge.model import Life
from emulator.devices.profile_loading import load_joiner
from emulator.zigbee.clusters.basic import BASIC_CLUSTER
from emulator.zigbee.clusters.catalogue import ALL_CLUSTERS
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import (
    AttributeStatus,
    AttributeValue,
    ConfigureReporting,
    DefaultResponse,
    DiscoverAttributes,
    DiscoverAttributesResponse,
    FoundationCommand,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
    WriteAttributes,
    WriteAttributesNoResponse,
    WriteAttributesResponse,
    decode_foundation,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_status import Status
from emulator.zigbee.frames.zcl_types import DataType, TypedValue
from tests.devices.fake_port import LoneBridge

PROFILES = ["bridge-1", "bridge-2", "bridge-3", "bridge-4", "ppmid"]

CLUSTERS = {
    **{cluster.identifier: cluster.name for cluster in ALL_CLUSTERS},
    0x0004: "Groups",
    0x0020: "Poll Control",
    0x0701: "Demand Response and Load Control",
    0x0706: "Energy Management",
    0x0707: "Calendar",
    0x0708: "Device Management",
    0x0709: "Events",
    0x070A: "MDU Pairing",
    0x070B: "Sub-GHz",
    0x0B04: "Electrical Measurement",
    0x0B05: "Diagnostics",
    0xFC00: "a manufacturer's own",
}
"""What is sent on a HAN, and more; names are general knowledge."""

every_cluster = pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda cluster: f"{cluster:04x}")
every_profile = pytest.mark.parametrize("profile", PROFILES)
NOWHERE = 0x7FF0
"""An attribute that no cluster has."""
COMMAND = 0x5A
"""A command that no cluster has."""


def shown(profile: str, cluster: int, *, to_client: bool) -> bool:
    """Whether the profile's endpoint has that side of a cluster."""
    endpoint = load_joiner(profile).endpoint
    return cluster in (endpoint.out_clusters if to_client else endpoint.in_clusters)


def asked(lone: LoneBridge, cluster: int, question: FoundationCommand, *, to_client: bool) -> FoundationCommand | None:
    """What it answers to a general command."""
    sent = len(lone.port.sent)
    command, payload = encode_foundation(question)
    lone.take(cluster, ZclFrame(False, to_client, 77, command, payload))
    answers = lone.port.zcl()[-(len(lone.port.sent) - sent) :] if len(lone.port.sent) > sent else []
    if not answers:
        return None
    (answer,) = answers
    assert (answer.sequence, answer.server_to_client) == (77, not to_client)
    return decode_foundation(answer.command, answer.payload)


def is_well(lone: LoneBridge) -> bool:
    """At work, and it answers."""
    read = asked(lone, BASIC_CLUSTER, ReadAttributes((0x0000,)), to_client=False)
    return lone.bridge.life is Life.RUNNING and isinstance(read, ReadAttributesResponse)


def directions() -> Iterator[bool]:
    yield from (False, True)


@every_profile
@every_cluster
def test_a_read_is_answered_for_each_attribute_or_the_cluster_refused(profile: str, cluster: int) -> None:
    lone = LoneBridge(profile).up()
    for to_client in directions():
        answer = asked(lone, cluster, ReadAttributes((NOWHERE,)), to_client=to_client)
        if shown(profile, cluster, to_client=to_client):
            assert answer == ReadAttributesResponse((AttributeStatus(NOWHERE, Status.UNSUPPORTED_ATTRIBUTE),))
        else:
            assert answer == DefaultResponse(ReadAttributes.command, Status.UNSUPPORTED_CLUSTER)
    assert is_well(lone)


@every_profile
@every_cluster
def test_a_write_changes_nothing_and_is_answered(profile: str, cluster: int) -> None:
    lone = LoneBridge(profile).up()
    values = (AttributeValue(NOWHERE, TypedValue(DataType.UINT8, 1)),)
    for to_client in directions():
        answer = asked(lone, cluster, WriteAttributes(values), to_client=to_client)
        if shown(profile, cluster, to_client=to_client):
            assert answer == WriteAttributesResponse((AttributeStatus(NOWHERE, Status.UNSUPPORTED_ATTRIBUTE),))
        else:
            assert answer == DefaultResponse(WriteAttributes.command, Status.UNSUPPORTED_CLUSTER)
        assert asked(lone, cluster, WriteAttributesNoResponse(values), to_client=to_client) is None
    assert is_well(lone)


@every_profile
@every_cluster
def test_attributes_can_be_discovered_where_there_is_a_cluster(profile: str, cluster: int) -> None:
    lone = LoneBridge(profile).up()
    for to_client in directions():
        answer = asked(lone, cluster, DiscoverAttributes(0, 255), to_client=to_client)
        wanted = DiscoverAttributesResponse if shown(profile, cluster, to_client=to_client) else DefaultResponse
        assert isinstance(answer, wanted)
    assert is_well(lone)


@every_profile
@every_cluster
def test_a_report_wants_no_answer_and_reporting_cannot_be_configured(profile: str, cluster: int) -> None:
    lone = LoneBridge(profile).up()
    values = (AttributeValue(0x0000, TypedValue(DataType.UINT48, 1)),)
    for to_client in directions():
        assert asked(lone, cluster, ReportAttributes(values), to_client=to_client) is None
        answer = asked(lone, cluster, ConfigureReporting(()), to_client=to_client)
        assert answer == DefaultResponse(ConfigureReporting.command, Status.UNSUP_GENERAL_COMMAND)
    assert is_well(lone)


@every_profile
@every_cluster
def test_a_command_that_it_does_not_know_is_refused(profile: str, cluster: int) -> None:
    lone = LoneBridge(profile).up()
    for to_client in directions():
        lone.take(cluster, ZclFrame(True, to_client, 78, COMMAND, b"\x01\x02\x03"))
        answer = lone.port.zcl(cluster)[-1]
        here = any(shown(profile, cluster, to_client=side) for side in directions())
        status = Status.UNSUP_CLUSTER_COMMAND if here else Status.UNSUPPORTED_CLUSTER
        assert decode_foundation(answer.command, answer.payload) == DefaultResponse(COMMAND, status)
        assert (answer.sequence, answer.server_to_client) == (78, not to_client)
    assert is_well(lone)


@every_profile
@every_cluster
def test_a_manufacturers_command_is_refused_as_such(profile: str, cluster: int) -> None:
    lone = LoneBridge(profile).up()
    lone.take(cluster, ZclFrame(True, True, 79, 0x00, manufacturer=0x1234))
    answer = lone.port.zcl(cluster)[-1]
    refusal = DefaultResponse(0x00, Status.UNSUP_MANUF_CLUSTER_COMMAND)
    assert decode_foundation(answer.command, answer.payload) == refusal
    assert is_well(lone)


@every_profile
@every_cluster
def test_a_broadcast_that_it_does_not_know_stays_unanswered(profile: str, cluster: int) -> None:
    lone = LoneBridge(profile).up()
    sent = len(lone.port.sent)
    lone.take(cluster, ZclFrame(True, True, 80, COMMAND), broadcast=True)
    assert len(lone.port.sent) == sent
    assert is_well(lone)


@given(
    cluster=st.sampled_from(sorted(CLUSTERS)),
    command=st.integers(0, 255),
    payload=st.binary(max_size=60),
    specific=st.booleans(),
    to_client=st.booleans(),
)
def test_no_command_of_any_cluster_makes_it_ill(
    cluster: int, command: int, payload: bytes, specific: bool, to_client: bool
) -> None:
    lone = LoneBridge("bridge-1").up()
    lone.take(cluster, ZclFrame(specific, to_client, 81, command, payload))
    lone.now += SECOND
    lone.bridge.on_timeout(lone.now)
    assert is_well(lone)
