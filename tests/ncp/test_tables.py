"""The commands of every version: the names that are relied on, and their octets as bellows sees them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from bellows import types  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import LocalProtocolError
from emulator.ncp.ezsp.command import Command
from emulator.ncp.ezsp.record import Record, SuccessRecord
from emulator.ncp.ezsp.status import Status, StatusType
from emulator.ncp.tables import COUNTERS, STATUS_NUMBERS, VERSIONS, commands, identifiers
from tests.ncp.ezsp.contract import STRUCTURES, Promise, promises
from tests.ncp.ezsp.drawing import both_ways, record_of
from tests.ncp.ezsp.judge import deserialized, our_leaves, schema

every_version = pytest.mark.parametrize("version", VERSIONS)

TRIES = 3
"""How often the values of every command are drawn."""

AS_FLAG = {"getExtendedTimeout"}
"""What bellows reads as a number of another meaning."""


# --- what is relied on -----------------------------------------------------------------------------------------------


@every_version
def test_every_command_that_is_relied_on_has_its_id_and_its_fields(version: int) -> None:
    table = commands(version)
    for promise in promises():
        if version not in promise.versions:
            assert promise.name not in table, f"EZSP {version}: {promise.name}"
            continue
        command = table.named(promise.name)
        assert command is table.by_id[promise.frame_id], promise.name
        assert command.frame_id == promise.frame_id, promise.name
        assert command.request.names | command.absent.keys() == promise.request, f"request of {promise.name}"
        assert command.response.names | command.foreign == promise.response, f"response of {promise.name}"


@every_version
def test_the_structures_that_are_relied_on_have_their_fields(version: int) -> None:
    for path, names in STRUCTURES.items():
        command, field = path.split(".")
        (structure,) = structures_of(commands(version).named(command), field)
        assert [member.name for member in structure.fields] == names.split(), path


def structures_of(command: Command, name: str) -> list[Record]:
    fields = [field for _, record in both_ways(command) for field in record.fields if field.name == name]
    return [field.wire for field in fields if isinstance(field.wire, Record)]


@every_version
def test_frame_ids_and_names_are_unique_and_find_the_same_command(version: int) -> None:
    table = commands(version)
    assert len(table) == len(table.by_id) == len(table.by_name)
    assert all(table.by_id[command.frame_id] is table.by_name[command.name] for command in table)


@every_version
def test_no_field_has_a_name_of_another_style_or_none(version: int) -> None:
    named = [
        f"{command.name}.{field.name}"
        for command in commands(version)
        for _, record in both_ways(command)
        for field in record.fields
        if "_" in field.name or not field.name
    ]
    assert named == []


@every_version
def test_no_command_has_two_fields_of_one_name(version: int) -> None:
    twice = [
        f"{way} of {command.name}"
        for command in commands(version)
        for way, record in both_ways(command)
        if len(record.names) != len(record.fields)
    ]
    assert twice == []


def test_callbacks_and_what_only_answers_are_no_requests() -> None:
    table = commands(13)
    assert table.named("incomingMessageHandler").is_callback
    assert table.named("calculateSmacsHandler283k1").is_callback
    assert not table.named("sendUnicast").is_callback
    assert table.named("sendUnicast").is_request
    assert not any(table.named(name).is_request for name in ("invalidCommand", "noCallbacks", "stackStatusHandler"))


def test_a_version_that_no_stick_speaks_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="EZSP 15 is none of 13, 14, 16, 17, 18, 19"):
        commands(15)


def test_a_command_that_the_version_lacks_is_refused_by_name() -> None:
    with pytest.raises(LocalProtocolError, match="EZSP 14 has no getFirstBeacon"):
        commands(14).named("getFirstBeacon")


def test_tables_are_compiled_once() -> None:
    assert commands(16) is commands(16)


# --- octets ----------------------------------------------------------------------------------------------------------


def agree_with_bellows(version: int, command: Command, way: str, record: Record, values: dict[str, Any]) -> None:
    """Our octets are bellows' octets, our values its values, and what is read again is what was written."""
    where = f"EZSP {version}: {way} of {command.name}"
    octets = record.write(values)
    assert record.read(octets, 0) == (values, len(octets)), where
    if (version, command.name, way) == (13, "startScan", "response"):
        # Widened on purpose: bellows takes the first octet of the four.
        assert deserialized(schema(13, "startScan", way), octets)[:2] == ([octets[0]], octets[1:])
        return
    read, rest, again = deserialized(schema(version, command.name, way), octets)
    assert (rest, again) == (b"", octets), where
    if command.name not in AS_FLAG:
        assert read == list(our_leaves(as_sent(record, values))), where


def as_sent(record: Record, values: dict[str, Any]) -> dict[str, Any]:
    """In the order of the fields; a status without success may stand alone."""
    if isinstance(record, SuccessRecord) and values["status"] != 0:
        return {"status": values["status"]}
    return {field.name: values[field.name] for field in record.fields}


@every_version
def test_every_command_has_the_octets_that_bellows_gives_it(version: int, seed: int) -> None:
    source = random.Random(seed)
    for command in commands(version):
        for way, record in both_ways(command):
            for _ in range(TRIES):
                agree_with_bellows(version, command, way, record, record_of(record, source))


@given(version=st.sampled_from(VERSIONS), pick=st.integers(0, 1 << 16), source=st.randoms(use_true_random=False))
def test_any_command_with_any_values_has_the_octets_that_bellows_gives_it(
    version: int, pick: int, source: random.Random
) -> None:
    table = sorted(commands(version), key=lambda command: command.frame_id)
    command = table[pick % len(table)]
    for way, record in both_ways(command):
        agree_with_bellows(version, command, way, record, record_of(record, source))


@every_version
def test_the_zero_response_of_every_command_is_one_that_bellows_can_read(version: int) -> None:
    for command in commands(version):
        octets = command.encode_response({})
        read, _, _ = deserialized(schema(version, command.name, "response"), octets)
        assert command.name in AS_FLAG or not any(map(any_set, read)), command.name


def any_set(leaf: Any) -> bool:
    return any(leaf) if isinstance(leaf, bytes) else leaf != 0


@every_version
def test_counters_are_as_many_as_hosts_read(version: int) -> None:
    assert len(commands(version).named("readCounters").encode_response({})) == 2 * COUNTERS
    assert len(commands(version).named("readAndClearCounters").encode_response({})) == 2 * COUNTERS
    assert len(types.EmberCounterType) <= COUNTERS


# --- statuses --------------------------------------------------------------------------------------------------------


def test_a_status_means_the_same_to_a_host_of_any_version() -> None:
    differing = [
        (status, kind)
        for kind in (StatusType.EMBER, StatusType.EZSP)
        for status, number in STATUS_NUMBERS[kind].items()
        if (kind, number) in SL_STATUS_OF and not means(status, SL_STATUS_OF[kind, number])
    ]
    assert differing == []


def means(status: Status, sl: int) -> bool:
    return sl == STATUS_NUMBERS[StatusType.SL].get(status) or sl in EQUAL.get(status, set())


def sl_status_of() -> dict[tuple[StatusType, int], int]:
    """How bellows takes older statuses, read from what it offers for that."""
    kinds = {types.EmberStatus: StatusType.EMBER, types.EzspStatus: StatusType.EZSP}
    return {(kinds[kind], int(old)): int(new) for (kind, old), new in types.named.SL_STATUS_MAP.items()}


SL_STATUS_OF = sl_status_of()

EQUAL = {
    # A stick of 14 and later has one status for all errors of configuration; bellows takes those of 13 for others.
    Status.ERROR_OUT_OF_MEMORY: {0x19, 0x1A},
    Status.ERROR_INVALID_ID: {0x21},
    Status.ERROR_INVALID_VALUE: {0x21},
    Status.ERROR_INVALID_CALL: {0x02, 0x21},
    # As EzspStatus these have a name that means more.
    Status.NO_BUFFERS: {0x1A},
    Status.INVALID_CALL: {0x21},
    Status.INDEX_OUT_OF_RANGE: {0x21},
}


@pytest.mark.parametrize(
    "status, ember, ezsp, sl",
    [
        (Status.SUCCESS, 0x00, 0x00, 0x0000),
        (Status.NETWORK_UP, 0x90, None, 0x0015),
        (Status.NETWORK_DOWN, 0x91, None, 0x0016),
        (Status.NOT_JOINED, 0x93, None, 0x0017),
        (Status.INVALID_CALL, 0x70, 0x38, 0x0002),
        (Status.BAD_ARGUMENT, 0x02, 0x36, 0x0021),
        (Status.ERROR_INVALID_ID, 0x02, 0x37, 0x0C1E),
        (Status.ERROR_INVALID_CALL, 0x70, 0x38, 0x0C1E),
        (Status.DELIVERY_FAILED, 0x66, None, 0x0C02),
        (Status.MAX_MESSAGE_LIMIT_REACHED, 0x72, None, 0x0C03),
        (Status.NO_BEACONS, 0xAB, None, 0x0018),
        (Status.ERROR_VERSION_NOT_SET, None, 0x30, None),
        (Status.ERROR_INVALID_FRAME_ID, None, 0x31, None),
    ],
)
def test_statuses_have_the_numbers_of_the_reference(
    status: Status, ember: int | None, ezsp: int | None, sl: int | None
) -> None:
    assert [STATUS_NUMBERS[kind].get(status) for kind in StatusType] == [ember, ezsp, sl]


def test_every_status_can_be_said_by_a_stick_of_every_version() -> None:
    framing = {
        Status.ERROR_VERSION_NOT_SET,
        Status.ERROR_INVALID_FRAME_ID,
        Status.ERROR_WRONG_DIRECTION,
        Status.ERROR_TRUNCATED,
        Status.ERROR_COMMAND_TOO_LONG,
        Status.ERROR_UNSUPPORTED_CONTROL,
    }
    for status in Status:
        if status in framing:
            assert status in STATUS_NUMBERS[StatusType.EZSP]
        else:
            assert status in STATUS_NUMBERS[StatusType.EMBER]
            assert status in STATUS_NUMBERS[StatusType.SL]


# --- identifiers -----------------------------------------------------------------------------------------------------


def test_identifiers_are_those_of_the_reference() -> None:
    assert identifiers("EzspConfigId")["CONFIG_STACK_PROFILE"] == 0x0C
    assert identifiers("EzspValueId")["VALUE_VERSION_INFO"] == 0x11
    assert identifiers("EmberNodeType")["ROUTER"] == 2
    assert identifiers("EmberApsOption")["APS_OPTION_RETRY"] == 0x0040
    assert identifiers("EzspPolicyId")["TRUST_CENTER_POLICY"] == 0


@pytest.mark.parametrize("kind", ["EzspNonsense", "uint8_t", "deserialize_dict"])
def test_what_is_no_enumeration_has_no_identifiers(kind: str) -> None:
    with pytest.raises(LocalProtocolError, match=f"{kind} is no enumeration"):
        identifiers(kind)


def test_the_contract_lists_each_command_once() -> None:
    seen: dict[str, Promise] = {}
    for promise in promises():
        assert promise.name not in seen
        seen[promise.name] = promise
    assert len(seen) > 120
