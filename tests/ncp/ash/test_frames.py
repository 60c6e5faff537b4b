"""Frames as octets: the examples of UG101 3, every field both ways, and each kind of damage by its name."""

from __future__ import annotations

from binascii import crc_hqx
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.ncp.ash.frames import (
    LONGEST_DATA,
    RESERVED,
    UG101_LONGEST_DATA,
    AckFrame,
    Damage,
    DataFrame,
    ErrorFrame,
    Frame,
    FrameError,
    NakFrame,
    ResetCode,
    RstAckFrame,
    RstFrame,
    decode,
    encode,
    looks_like_data,
    randomise,
    stuff,
    unstuff,
)

NUMBERS = st.integers(0, 7)
OCTETS = st.integers(0, 255)
PAYLOADS = st.binary(min_size=3, max_size=LONGEST_DATA)
FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(DataFrame, NUMBERS, st.booleans(), NUMBERS, PAYLOADS),
    st.builds(AckFrame, NUMBERS, st.booleans()),
    st.builds(NakFrame, NUMBERS, st.booleans()),
    st.just(RstFrame()),
    st.builds(RstAckFrame, OCTETS, OCTETS),
    st.builds(ErrorFrame, OCTETS, OCTETS),
)

# Two more of them, C2 01 52 FA BD and 53 42 A1 A8 56 28 04 82 96 23, have a CRC that is not that of their octets.
PUBLISHED = [
    (RstFrame(), "C0 38 BC 7E"),
    (RstAckFrame(ResetCode.POWER_ON), "C1 02 02 9B 7B 7E"),
    (DataFrame(2, False, 5, bytes.fromhex("00000002")), "25 42 21 A8 56 A6 09 7E"),
    (AckFrame(1), "81 60 59 7E"),
    (AckFrame(6, not_ready=True), "8E 91 B6 7E"),
    (NakFrame(6), "A6 34 DC 7E"),
    (NakFrame(5, not_ready=True), "AD 85 B7 7E"),
]


def with_crc(octets: bytes) -> bytes:
    return octets + crc_hqx(octets, 0xFFFF).to_bytes(2, "big")


@pytest.mark.parametrize("frame, octets", PUBLISHED)
def test_the_examples_of_the_specification_come_out_octet_for_octet(frame: Frame, octets: str) -> None:
    assert encode(frame).hex(" ").upper() == octets
    assert decode(bytes.fromhex(octets)[:-1]) == frame


def test_an_error_and_a_version_response_come_out_as_on_the_line() -> None:
    assert encode(ErrorFrame(ResetCode.ACK_TIMEOUTS)).hex() == "c20251a8bd7e"
    assert encode(DataFrame(5, False, 3, bytes.fromhex("00800002021130"))).hex() == "5342a1a856280482032a7e"


@given(FRAMES)
def test_every_frame_comes_back_as_it_was(frame: Frame) -> None:
    octets = encode(frame)
    assert octets[-1] == 0x7E
    assert not set(octets[:-1]) & (set(RESERVED) - {0x7D})
    assert decode(unstuff(octets[:-1])) == frame


@given(st.binary())
def test_escaping_is_undone(octets: bytes) -> None:
    assert unstuff(stuff(octets)) == octets


@given(st.binary())
def test_any_octet_may_be_escaped(octets: bytes) -> None:
    every = b"".join(bytes((0x7D, octet ^ 0x20)) for octet in octets)
    assume(0x5D not in octets)  # its escaped form is another Escape Byte, which takes no effect
    assert unstuff(every) == octets


@pytest.mark.parametrize(
    "octets, meant", [("7D 7D 5E", "7E"), ("41 7D", "41"), ("7D", ""), ("7D 5D 5E", "7D 5E"), ("7D 61 7D 7D", "41")]
)
def test_an_escape_before_another_one_or_at_the_end_has_no_effect(octets: str, meant: str) -> None:
    assert unstuff(bytes.fromhex(octets)) == bytes.fromhex(meant)


@given(st.binary(max_size=LONGEST_DATA))
def test_randomising_twice_is_nothing(data: bytes) -> None:
    assert randomise(randomise(data)) == data


def test_the_pseudo_random_sequence_begins_as_published_and_repeats_after_255() -> None:
    assert randomise(bytes(9)).hex(" ") == "42 21 a8 54 2a 15 b2 59 94"
    assert len(set(randomise(bytes(LONGEST_DATA)))) == LONGEST_DATA


@given(st.binary(max_size=LONGEST_DATA + 40))
def test_any_octets_are_a_frame_or_a_named_damage(octets: bytes) -> None:
    for each in (octets, with_crc(octets)):
        with suppress(FrameError):
            frame = decode(each)
            assert decode(unstuff(encode(frame)[:-1])) == frame


@given(FRAMES, st.data())
def test_one_flipped_bit_never_goes_unnoticed(frame: Frame, data: st.DataObject) -> None:
    octets = bytearray(unstuff(encode(frame)[:-1]))
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FrameError) as caught:
        decode(bytes(octets))
    assert caught.value.damage is Damage.BAD_CRC


@pytest.mark.parametrize(
    "octets, damage",
    [
        (b"", Damage.TOO_SHORT),
        (b"\x81\x60", Damage.TOO_SHORT),
        (b"\x81\x60\x58", Damage.BAD_CRC),
        (with_crc(b"\x25\x00\x00"), Damage.BAD_LENGTH),
        (with_crc(b"\x25" + bytes(LONGEST_DATA + 1)), Damage.TOO_LONG),
        (with_crc(b"\x81\x00"), Damage.BAD_LENGTH),
        (with_crc(b"\xa1\x00"), Damage.BAD_LENGTH),
        (with_crc(b"\xc0\x00"), Damage.BAD_LENGTH),
        (with_crc(b"\xc1\x02"), Damage.BAD_LENGTH),
        (with_crc(b"\xc2\x02\x51\x00"), Damage.BAD_LENGTH),
        (with_crc(b"\xc3"), Damage.BAD_CONTROL),
        (with_crc(b"\xfe\x02\x02"), Damage.BAD_CONTROL),
    ],
)
def test_each_kind_of_damage_has_its_name(octets: bytes, damage: Damage) -> None:
    with pytest.raises(FrameError) as caught:
        decode(octets)
    assert isinstance(caught.value, DecodeError)
    assert caught.value.damage is damage


def test_the_longest_data_field_is_as_long_as_is_said() -> None:
    octets = unstuff(encode(DataFrame(0, False, 0, bytes(UG101_LONGEST_DATA + 1)))[:-1])
    assert decode(octets) == decode(octets, UG101_LONGEST_DATA + 1)
    with pytest.raises(FrameError) as caught:
        decode(octets, UG101_LONGEST_DATA)
    assert caught.value.damage is Damage.TOO_LONG


@pytest.mark.parametrize("control", [0x91, 0xB1])
def test_the_reserved_bit_of_ack_and_nak_may_be_either(control: int) -> None:
    assert decode(with_crc(bytes((control,)))) == decode(with_crc(bytes((control & 0xEF,))))


@pytest.mark.parametrize(
    "frame",
    [
        DataFrame(8, False, 0, b"abc"),
        DataFrame(0, False, -1, b"abc"),
        DataFrame(0, False, 0, b"ab"),
        DataFrame(0, False, 0, bytes(LONGEST_DATA + 1)),
        AckFrame(8),
        NakFrame(-1),
        RstAckFrame(256),
        ErrorFrame(0, version=-1),
    ],
)
def test_a_field_that_does_not_fit_is_our_own_fault(frame: Frame) -> None:
    with pytest.raises(LocalProtocolError):
        encode(frame)


def test_data_is_told_by_the_first_bit_of_the_control_byte() -> None:
    assert [looks_like_data(control) for control in (0x00, 0x7F, 0x80, 0xA0, 0xC0, 0xFF)] == [True, True, *[False] * 4]
