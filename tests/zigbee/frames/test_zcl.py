from __future__ import annotations

import pytest

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader
from emulator.zigbee.frames import zcl
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import (
    AttributeStatus,
    AttributeValue,
    ConfigureReporting,
    ConfigureReportingResponse,
    DefaultResponse,
    DiscoverAttributesResponse,
    FoundationCommand,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
    Status,
    WriteAttributesResponse,
    decode_foundation,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_reporting import ReportingConfiguration, ReportingExpectation
from emulator.zigbee.frames.zcl_types import (
    MAX_DEPTH,
    Collection,
    DataType,
    TypedValue,
    Value,
    decode_typed,
    decode_value,
    encode_value,
)


def test_frames_of_the_ota_cluster_begin_as_other_stacks_write_them() -> None:
    notify = ZclFrame(True, True, 0x01, 0x00, bytes.fromhex("0064"), disable_default_response=True)
    assert zcl.encode(notify).hex() == "1901000064"
    assert zcl.encode(ZclFrame(True, False, 0x05, 0x03)).hex() == "010503"


def test_the_default_response_after_key_establishment_is_these_octets() -> None:
    command, payload = encode_foundation(DefaultResponse(0x02, Status.SUCCESS))
    assert zcl.encode(ZclFrame(False, False, 7, command, payload, disable_default_response=True)).hex() == "10070b0200"


def test_a_manufacturer_code_stands_before_the_sequence_number() -> None:
    frame = ZclFrame(False, False, 7, 0, b"\x01", manufacturer=0x105B)
    assert zcl.encode(frame).hex() == "045b10070001"
    with pytest.raises(DecodeError):
        zcl.decode(bytes.fromhex("045b1007"))


@pytest.mark.parametrize("octets", ["", "0107", "020700", "030700"])
def test_what_is_no_zcl_frame_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        zcl.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "message, octets",
    [
        (ReadAttributes((0x0004, 0x0005)), "04000500"),
        (
            ReadAttributesResponse(
                (
                    AttributeStatus(0x0005, Status.SUCCESS, TypedValue(DataType.CHARACTER_STRING, "B1")),
                    AttributeStatus(0x0099, Status.UNSUPPORTED_ATTRIBUTE),
                )
            ),
            "05000042024231" + "990086",
        ),
        (WriteAttributesResponse(), "00"),
        (WriteAttributesResponse((AttributeStatus(0x0000, Status.READ_ONLY),)), "880000"),
        (ConfigureReportingResponse(), "00"),
        (ReportAttributes((AttributeValue(0x0000, TypedValue(DataType.UTC, 1)),)), "0000e201000000"),
        (
            ConfigureReporting(
                (
                    ReportingConfiguration(0x0000, DataType.UINT16, 1, 300, 5),
                    ReportingConfiguration(0x0001, DataType.BITMAP8, 1, 300),
                    ReportingExpectation(0x0002, 600),
                )
            ),
            "0000002101002c010500" + "000100180100" + "2c01" + "0102005802",
        ),
        (DiscoverAttributesResponse(True, ((0x0000, DataType.ENUM16),)), "01000031"),
    ],
)
def test_foundation_commands_are_these_octets(message: FoundationCommand, octets: str) -> None:
    command, payload = encode_foundation(message)
    assert payload.hex() == octets
    assert decode_foundation(command, payload) == message


@pytest.mark.parametrize(
    "command, octets",
    [(0x00, "00"), (0x04, ""), (0x07, ""), (0x0B, "00"), (0x06, "020000"), (0x01, "0000004205"), (0x7F, "")],
)
def test_what_is_no_foundation_command_is_refused(command: int, octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_foundation(command, bytes.fromhex(octets))


@pytest.mark.parametrize(
    "kind, value, octets",
    [
        (DataType.BOOL, True, "01"),
        (DataType.BOOL, None, "ff"),
        (DataType.UINT24, 0x010203, "030201"),
        (DataType.INT16, -2, "feff"),
        (DataType.ENUM16, 2, "0200"),
        (DataType.EUI64, 0x00DB1234567890A4, "a49078563412db00"),
        (DataType.OCTET_STRING, b"\x01\x02", "020102"),
        (DataType.OCTET_STRING, None, "ff"),
        (DataType.LONG_CHARACTER_STRING, "é", "0200c3a9"),
        (DataType.SINGLE_FLOAT, 1.5, "0000c03f"),
        (DataType.ARRAY, Collection(DataType.UINT8, (1, 2)), "20020001" + "02"),
        (DataType.STRUCTURE, (TypedValue(DataType.UINT8, 7),), "01002007"),
    ],
)
def test_values_are_these_octets(kind: DataType, value: Value, octets: str) -> None:
    assert encode_value(kind, value).hex() == octets
    assert decode_value(Reader(bytes.fromhex(octets)), kind) == value


@pytest.mark.parametrize(
    "kind, value",
    [
        (DataType.UINT8, 256),
        (DataType.UINT8, -1),
        (DataType.UINT8, True),
        (DataType.UINT8, None),
        (DataType.BOOL, 1),
        (DataType.INT8, 128),
        (DataType.UINT8, 1.5),
        (DataType.CHARACTER_STRING, "x" * 255),
        (DataType.CHARACTER_STRING, b"octets"),
        (DataType.OCTET_STRING, "text"),
        (DataType.SECURITY_KEY, bytes(15)),
        (DataType.ARRAY, Collection(DataType.NO_DATA, (None,))),
        (DataType.STRUCTURE, Collection(DataType.UINT8, ())),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_our_own_fault(kind: DataType, value: Value) -> None:
    with pytest.raises(LocalProtocolError):
        encode_value(kind, value)


@pytest.mark.parametrize(
    "kind, octets",
    [
        (DataType.BOOL, "02"),
        (DataType.CHARACTER_STRING, "02ff41"),
        (DataType.CHARACTER_STRING, "0541"),
        (DataType.LONG_OCTET_STRING, "feff00"),
        (DataType.ARRAY, "000100"),
        (DataType.ARRAY, "20feff01"),
        (DataType.STRUCTURE, "feff2001"),
    ],
)
def test_a_value_that_cannot_be_or_lies_about_its_length_is_refused(kind: DataType, octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_value(Reader(bytes.fromhex(octets)), kind)


def test_values_nested_too_deep_are_refused_before_they_exhaust_anything() -> None:
    deep = bytes.fromhex("4c0100") * 200 + bytes.fromhex("2001")
    with pytest.raises(DecodeError, match="nested"):
        decode_typed(Reader(deep))
    fits = bytes.fromhex("4c0100") * MAX_DEPTH + bytes.fromhex("2001")
    assert decode_typed(Reader(fits)).type is DataType.STRUCTURE


def test_the_statuses_of_an_update_have_their_published_numbers() -> None:
    published = {
        "SUCCESS": 0x00,
        "NOT_AUTHORIZED": 0x7E,
        "MALFORMED_COMMAND": 0x80,
        "UNSUP_CLUSTER_COMMAND": 0x81,
        "INVALID_FIELD": 0x85,
        "INVALID_VALUE": 0x87,
        "INSUFFICIENT_SPACE": 0x89,
        "DUPLICATE_EXISTS": 0x8A,
        "TIMEOUT": 0x94,
        "ABORT": 0x95,
        "INVALID_IMAGE": 0x96,
        "WAIT_FOR_DATA": 0x97,
        "NO_IMAGE_AVAILABLE": 0x98,
        "REQUIRE_MORE_IMAGE": 0x99,
    }
    assert {name: Status[name].value for name in published} == published
