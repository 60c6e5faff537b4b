"""The header in both formats: what is taken, what is refused and how it is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import LocalProtocolError
from emulator.ncp.ezsp.header import (
    MAX_FRAME_OCTETS,
    Control,
    Header,
    Refusal,
    ResponseFlag,
    control_of,
    decode_header,
    encode_header,
)
from emulator.ncp.ezsp.status import Status


def test_the_extended_format_has_five_octets_with_the_frame_id_last() -> None:
    assert decode_header(bytes.fromhex("2a 00 01 1601 ff")) == Header(0x2A, 0, 0x0116, False, 5)


def test_the_legacy_format_has_three() -> None:
    assert decode_header(bytes.fromhex("00 00 00 04")) == Header(0, 0, 0, True, 3)


def test_the_control_octet_asks_for_a_sleep_mode_and_a_network() -> None:
    assert control_of(0x42) == Control(sleep_mode=2, network=2)
    assert control_of(0x00) == Control()


@pytest.mark.parametrize(
    "octets, reason, status, sequence",
    [
        ("", "too-short", Status.ERROR_TRUNCATED, None),
        ("07", "too-short", Status.ERROR_TRUNCATED, 7),
        ("0700", "too-short", Status.ERROR_TRUNCATED, 7),
        ("07000105", "too-short", Status.ERROR_TRUNCATED, 7),
        ("0780010500", "wrong-direction", Status.ERROR_WRONG_DIRECTION, 7),
        ("0700810500", "unsupported-control", Status.ERROR_UNSUPPORTED_CONTROL, 7),
        ("0700410500", "unsupported-control", Status.ERROR_UNSUPPORTED_CONTROL, 7),
        ("0700050500", "unsupported-control", Status.ERROR_UNSUPPORTED_CONTROL, 7),
        ("07000105 00" + "00" * MAX_FRAME_OCTETS, "too-long", Status.ERROR_COMMAND_TOO_LONG, 7),
    ],
)
def test_what_is_no_header_is_refused_with_reason_and_status(
    octets: str, reason: str, status: Status, sequence: int | None
) -> None:
    with pytest.raises(Refusal) as caught:
        decode_header(bytes.fromhex(octets))
    assert (caught.value.reason, caught.value.status, caught.value.sequence) == (reason, status, sequence)


def test_the_longest_frame_is_taken() -> None:
    assert decode_header(bytes.fromhex("0700010500").ljust(MAX_FRAME_OCTETS, b"\0")).frame_id == 5


@pytest.mark.parametrize(
    "legacy, callback, flags, expected",
    [
        (False, False, ResponseFlag(0), "2a 80 01 1601"),
        (False, True, ResponseFlag(0), "2a 90 01 1601"),
        (False, False, ResponseFlag.OVERFLOW, "2a 81 01 1601"),
        (False, True, ResponseFlag.OVERFLOW | ResponseFlag.PENDING_CALLBACKS, "2a 95 01 1601"),
        (False, False, ResponseFlag.TRUNCATED, "2a 82 01 1601"),
    ],
)
def test_responses_and_callbacks_differ_in_the_control_octet(
    legacy: bool, callback: bool, flags: ResponseFlag, expected: str
) -> None:
    assert encode_header(0x2A, 0x0116, legacy=legacy, callback=callback, flags=flags) == bytes.fromhex(expected)


def test_a_legacy_response_has_three_octets() -> None:
    assert encode_header(0x2A, 0x58, legacy=True) == bytes.fromhex("2a 80 58")


@pytest.mark.parametrize(
    "sequence, frame_id, legacy", [(256, 0, False), (-1, 0, True), (0, 0x10000, False), (0, 0x100, True)]
)
def test_numbers_that_do_not_fit_a_header_are_our_own_fault(sequence: int, frame_id: int, legacy: bool) -> None:
    with pytest.raises(LocalProtocolError):
        encode_header(sequence, frame_id, legacy=legacy)


@given(octets=st.binary(max_size=MAX_FRAME_OCTETS + 20))
def test_any_octets_have_a_header_or_are_refused(octets: bytes) -> None:
    header = decoded(octets)
    if header is not None:
        assert header.sequence == octets[0]
        assert header.end <= len(octets)


def decoded(octets: bytes) -> Header | None:
    """The header, or None for a Refusal; any other exception fails the test."""
    try:
        return decode_header(octets)
    except Refusal:
        return None
