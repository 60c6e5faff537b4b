"""The types of fields: octets and values, and what does not fit."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.ncp.ezsp.lists import Counted, Greedy, Repeated
from emulator.ncp.ezsp.record import Field, Record
from emulator.ncp.ezsp.status import Status, StatusType
from emulator.ncp.ezsp.wire import (
    Flag,
    FlagStatus,
    Integer,
    Misfit,
    Octets,
    PrefixedOctets,
    Short,
    StatusCode,
    SuccessFlag,
    Wire,
)
from tests.ncp.ezsp.drawing import value_of

SL = StatusCode(StatusType.SL, {Status.SUCCESS: 0, Status.ERR_FATAL: 1, Status.NOT_JOINED: 0x17}, 4)

CASES: list[tuple[Wire, Any, str]] = [
    (Integer(1), 255, "ff"),
    (Integer(1, signed=True), -2, "fe"),
    (Integer(2), 0x1234, "3412"),
    (Integer(4, signed=True), -1, "ffffffff"),
    (Integer(8), 0x00DB1234567890A4, "a490785634 12db00"),
    (Flag(), True, "01"),
    (Flag(), False, "00"),
    (Octets(3), b"\x01\x02\x03", "010203"),
    (PrefixedOctets(1), b"\xaa\xbb", "02aabb"),
    (PrefixedOctets(4), b"\xaa", "01000000aa"),
    (SL, 0x17, "17000000"),
    (SuccessFlag(), True, "01"),
    (FlagStatus(SL), True, "00000000"),
    (FlagStatus(SL), False, "01000000"),
    (Repeated(Integer(2), 2), (1, 2), "01000200"),
    (Counted(Integer(2)), (1, 2), "0201000200"),
    (Greedy(Integer(2)), (1, 2), "01000200"),
]

MISFITS: list[tuple[Wire, Any]] = [
    (Integer(1), 256),
    (Integer(1), -1),
    (Integer(1, signed=True), 128),
    (Integer(2), 1.5),
    (Integer(2), "1"),
    (Integer(2), None),
    (Integer(1), Status.SUCCESS),
    (Flag(), 1),
    (Flag(), "no"),
    (Octets(16), bytes(15)),
    (Octets(16), "0" * 16),
    (PrefixedOctets(1), bytes(256)),
    (PrefixedOctets(1), "text"),
    (SL, Status.NETWORK_UP),
    (SL, 1 << 32),
    (SuccessFlag(), 0),
    (FlagStatus(SL), Status.SUCCESS),
    (Repeated(Integer(2), 2), (1,)),
    (Repeated(Integer(2), 2), 12),
    (Counted(Integer(1)), tuple(range(256))),
    (Counted(Integer(1)), (1, 256)),
    (Greedy(Integer(1)), (-1,)),
]


@pytest.mark.parametrize("wire, value, octets", CASES)
def test_values_have_the_octets_of_the_reference_and_come_back(wire: Wire, value: Any, octets: str) -> None:
    expected = bytes.fromhex(octets)
    assert wire.write(value) == expected
    assert wire.read(b"\xee" + expected, 1) == (value, 1 + len(expected))


@pytest.mark.parametrize("wire, value", MISFITS)
def test_what_does_not_fit_is_our_own_fault(wire: Wire, value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        wire.write(value)


@pytest.mark.parametrize("wire, value, octets", [case for case in CASES if not isinstance(case[0], Greedy)])
def test_octets_that_end_too_early_are_the_peers_fault(wire: Wire, value: Any, octets: str) -> None:
    expected = bytes.fromhex(octets)
    for length in range(len(expected)):
        with pytest.raises(DecodeError):
            wire.read(expected[:length], 0)


@pytest.mark.parametrize("wire", [case[0] for case in CASES])
def test_zero_is_a_value_that_can_be_written(wire: Wire) -> None:
    assert wire.read(wire.write(wire.zero), 0)[0] == wire.zero


@given(
    case=st.sampled_from([case[0] for case in CASES]),
    source=st.randoms(use_true_random=False),
    before=st.binary(max_size=4),
)
def test_any_value_of_any_type_comes_back(case: Wire, source: random.Random, before: bytes) -> None:
    value = value_of(case, source)
    octets = case.write(value)
    assert case.read(before + octets, len(before)) == (value, len(before) + len(octets))


@given(case=st.sampled_from([case[0] for case in CASES]), octets=st.binary(max_size=40), at=st.integers(0, 50))
def test_any_octets_are_read_or_too_short(case: Wire, octets: bytes, at: int) -> None:
    try:
        _, end = case.read(octets, at)
    except Short:
        return
    assert at <= end <= max(at, len(octets))


def test_a_status_is_written_by_name_with_the_number_of_the_field() -> None:
    assert SL.write(Status.NOT_JOINED) == b"\x17\0\0\0"
    assert SuccessFlag().write(Status.SUCCESS) == b"\x01"
    assert SuccessFlag().write(Status.INVALID_CALL) == b"\x00"


def test_a_status_without_a_number_is_named_with_the_type() -> None:
    with pytest.raises(Misfit, match="NETWORK_UP has no number as sl_Status"):
        SL.write(Status.NETWORK_UP)


def test_any_octet_but_zero_is_true() -> None:
    assert Flag().read(b"\x02", 0) == (True, 1)
    assert SuccessFlag().read(b"\xff", 0) == (True, 1)
    assert FlagStatus(SL).read(b"\0\0\0\x01", 0) == (False, 4)


def test_a_length_beyond_the_octets_takes_no_memory_and_is_too_short() -> None:
    with pytest.raises(Short):
        PrefixedOctets(4).read(b"\xff\xff\xff\xff" + bytes(8), 0)


def test_a_greedy_list_leaves_over_what_is_no_whole_item() -> None:
    assert Greedy(Integer(2)).read(b"\x01\x00\x02", 0) == ((1,), 2)


def test_the_zero_of_a_greedy_list_may_have_items() -> None:
    assert Greedy(Integer(2), 3).zero == (0, 0, 0)


def test_what_does_not_fit_is_named_down_to_the_item() -> None:
    record = Record((Field("relayList", Counted(Integer(2))),))
    with pytest.raises(Misfit, match=r"^relayList\.1: 70000: "):
        record.write({"relayList": (1, 70000)})
