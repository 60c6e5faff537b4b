"""Payloads: their exact octets, there and back, and DecodeError for anything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.gbcs.envelope import encode_length
from emulator.gbcs.use_cases import cs08, cs09
from emulator.gbcs.use_cases.catalogue import kinds
from emulator.gbcs.use_cases.payload import Payload

VERSIONS = st.integers(0, 0xFFFFFFFF)
CODES = st.integers(0, 0xFF)
DATES = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001 - st's
    lambda date: date.replace(microsecond=0, tzinfo=UTC)
)
ALERTS = st.builds(cs09.Alert, DATES, VERSIONS, CODES, st.integers(0, 0xFFFF))
KINDS = sorted({kind for _, kind in kinds()}, key=lambda kind: (kind.__module__, kind.__name__))

CS08_RESPONSE = "30 09 0404 0123ABCD 0201 00"
CS09_ALERT = "30 1F 0203 008F8B 180F 3230313530313031303030303030 5A 0404 1234ABCD 0201 00"


def test_cs08_command_is_null() -> None:
    assert cs08.Command().encode() == b"\x05\x00"
    assert cs08.Command.decode(b"\x05\x00") == cs08.Command()


def test_cs08_response_has_version_and_code() -> None:
    response = cs08.Response.of(0x0123ABCD)
    assert response == cs08.Response(0x0123ABCD, cs08.ResponseCode.SUCCESS)
    assert response.encode() == bytes.fromhex(CS08_RESPONSE)
    assert response.fields() == {"firmware_version": "0123ABCD", "response_code": 0}


def test_a_version_that_cannot_be_read_is_nought_with_code_one() -> None:
    assert cs08.Response.of(None).encode() == bytes.fromhex("3009 0404 00000000 0201 01")


def test_cs09_alert_has_code_time_version_and_result() -> None:
    alert = cs09.Alert(datetime(2015, 1, 1, tzinfo=UTC), 0x1234ABCD, cs09.Result.SUCCESS)
    assert alert.encode() == bytes.fromhex(CS09_ALERT)
    assert alert.fields() == {
        "alert_code": "8f8b",
        "activation_date_time": "2015-01-01T00:00:00Z",
        "firmware_version": "1234ABCD",
        "result": 0,
    }


def test_the_time_of_an_alert_is_utc_in_whole_seconds() -> None:
    summer = datetime(2026, 7, 1, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    payload = cs09.Alert(summer, 1, cs09.Result.FAILURE).encode()
    assert b"20260701110000Z" in payload
    assert cs09.Alert.decode(payload).activation_date_time == datetime(2026, 7, 1, 11, tzinfo=UTC)


@given(st.builds(cs08.Response, VERSIONS, CODES) | ALERTS)
def test_what_is_encoded_decodes_to_the_same(payload: cs08.Response | cs09.Alert) -> None:
    assert type(payload).decode(payload.encode()) == payload


@given(st.sampled_from(KINDS), st.binary(max_size=60))
def test_garbage_is_a_decode_error_or_a_payload(kind: type[Payload], octets: bytes) -> None:
    try:
        kind.decode(octets)
    except DecodeError:
        return


@given(ALERTS, st.data())
def test_a_damaged_payload_is_a_decode_error_or_a_payload(alert: cs09.Alert, data: st.DataObject) -> None:
    octets = bytearray(alert.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        cs09.Alert.decode(bytes(octets))
    except DecodeError:
        return


@pytest.mark.parametrize("length", ["81 09", "82 0009"], ids=str)
def test_longer_lengths_than_needed_are_read(length: str) -> None:
    octets = bytes.fromhex(CS08_RESPONSE.replace("30 09", f"30 {length}"))
    assert cs08.Response.decode(octets) == cs08.Response(0x0123ABCD, 0)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "30",
        "3009",
        "0500",
        "30 80 0404 0123ABCD 0201 00 0000",
        "30 84 FFFFFFFF 0404 0123ABCD 0201 00",
        "30 0A 0404 0123ABCD 0201 00",
        "30 08 0404 0123ABCD 0201 00",
        "30 09 0405 0123ABCD 0201 00",
        "30 08 0403 0123AB 0201 00",
        "30 06 0404 0123ABCD",
        "30 09 0404 0123ABCD 0201 FF",
        "30 0A 0404 0123ABCD 0202 0100",
        "30 0C 0404 0123ABCD 0201 00 0201 00",
        "30 09 0404 0123ABCD 0201 00 00",
    ],
    ids=str,
)
def test_a_wrong_cs08_response_is_a_decode_error(octets: str) -> None:
    with pytest.raises(DecodeError, match=r"^CS08 response"):
        cs08.Response.decode(bytes.fromhex(octets))


def test_deep_nesting_is_a_decode_error() -> None:
    octets = bytes.fromhex("0404 0123ABCD")
    for _ in range(2_000):
        octets = b"\x24" + encode_length(len(octets)) + octets
    octets += b"\x02\x01\x00"
    with pytest.raises(DecodeError, match=r"^CS08 response"):
        cs08.Response.decode(b"\x30" + encode_length(len(octets)) + octets)


@pytest.mark.parametrize(
    "time",
    ["20150101000000+", "20151301000000Z", "20150230000000Z", "00000101000000Z", "2015010100000ÿZ", "20150101000060Z"],
    ids=ascii,
)
def test_a_wrong_time_is_a_decode_error(time: str) -> None:
    octets = bytes.fromhex(CS09_ALERT).replace(b"20150101000000Z", time.encode("latin-1"))
    with pytest.raises(DecodeError, match=r"^CS09 alert"):
        cs09.Alert.decode(octets)
