"""Frames out of a stream: in pieces of any size, among anything, and with little kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.ncp.ash.frames import (
    LONGEST_DATA,
    RESERVED,
    AckFrame,
    Damage,
    DataFrame,
    Frame,
    RstFrame,
    encode,
    unstuff,
)
from emulator.ncp.ash.reader import AshReader, DamagedFrame
from tests.ncp.ash.test_frames import FRAMES

MOST_KEPT = 2 * (LONGEST_DATA + 4)
ACK = encode(AckFrame(1))
DATA = encode(DataFrame(1, False, 2, b"\x7e\x11\x13abc"))


def pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(octets) + 1) for cut in cuts})
    return [octets[start:end] for start, end in zip([0, *places], [*places, len(octets)], strict=True)]


@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(0, 5_000)))
def test_the_size_of_the_pieces_makes_no_difference(frames: list[Frame], cuts: list[int]) -> None:
    reader = AshReader()
    stream = b"".join(encode(frame) for frame in frames)
    assert [item for piece in pieces(stream, cuts) for item in reader.feed(piece)] == frames
    assert reader.held == 0


@given(st.lists(st.binary(max_size=700), max_size=10))
def test_any_octets_in_any_pieces_never_raise_and_little_is_kept(stream: list[bytes]) -> None:
    reader, whole = AshReader(), AshReader()
    found = []
    for piece in stream:
        found += reader.feed(piece)
        assert reader.held <= MOST_KEPT
    assert found == whole.feed(b"".join(stream))
    reader.feed(b"\x1a")
    assert reader.feed(ACK) == [AckFrame(1)]


@given(st.lists(st.sampled_from(sorted({*b"\x7e\x7d\x11\x13\x18\x1a\xff\x00\x81", *ACK})), max_size=80).map(bytes))
def test_streams_of_nothing_but_signals_end_where_a_frame_begins(noise: bytes) -> None:
    reader = AshReader()
    reader.feed(noise)
    assert reader.feed(b"\x1a" + DATA)[-1] == DataFrame(1, False, 2, b"\x7e\x11\x13abc")


@pytest.mark.parametrize("octets", [b"\x00", b"\x7d", b"\x7d\x5e", b"\x11", b"\xff", b"x"])
def test_garbage_without_end_is_not_kept(octets: bytes) -> None:
    reader = AshReader()
    for _ in range(100):
        assert reader.feed(octets * 1_000) == []
        assert reader.held <= MOST_KEPT
    reader.feed(b"\x7e")
    assert reader.feed(ACK) == [AckFrame(1)]


def test_a_cancel_byte_drops_what_came_so_far() -> None:
    reader = AshReader()
    assert reader.feed(DATA[:-2] + b"\x1a" + ACK) == [DamagedFrame(Damage.CANCELLED, DATA[0]), AckFrame(1)]


def test_a_cancel_byte_where_nothing_came_is_nothing() -> None:
    assert AshReader().feed(b"\x1a" * 32 + encode(RstFrame())) == [RstFrame()]


def test_a_substitute_byte_makes_everything_up_to_the_next_flag_invalid() -> None:
    reader = AshReader()
    spoilt = DATA[:3] + b"\x18" + DATA[3:]
    assert reader.feed(spoilt + ACK) == [DamagedFrame(Damage.LINE_ERROR, DATA[0]), AckFrame(1)]


def test_a_substitute_byte_in_front_leaves_no_control_byte() -> None:
    damaged = DamagedFrame(Damage.LINE_ERROR, None)
    assert AshReader().feed(b"\x18" + DATA) == [damaged]
    assert not damaged.looks_like_data


def test_a_cancel_byte_makes_up_for_a_substitute_byte() -> None:
    assert AshReader().feed(b"\x18\x1a" + ACK) == [AckFrame(1)]


@pytest.mark.parametrize("octet", [b"\x11", b"\x13"])
def test_xon_and_xoff_are_passed_over_wherever_they_stand(octet: bytes) -> None:
    stream = octet.join(bytes((each,)) for each in octet + DATA + octet)
    assert AshReader().feed(stream) == [DataFrame(1, False, 2, b"\x7e\x11\x13abc")]


def test_calls_to_wake_up_are_passed_over_between_frames() -> None:
    reader = AshReader()
    assert reader.feed(b"\xff\xff" + ACK + b"\xff") == [AckFrame(1)]
    assert reader.feed(b"\xff" * 2_000 + ACK) == [AckFrame(1)]


def test_flags_in_a_row_are_nothing() -> None:
    assert AshReader().feed(b"\x7e\x7e" + ACK + b"\x7e\x7d\x7e") == [AckFrame(1)]


def test_a_frame_that_is_too_long_is_one_damage_and_the_next_is_read() -> None:
    too_long = encode(DataFrame(3, False, 0, bytes(10)))
    reader = AshReader(longest_data=9)
    assert reader.feed(too_long + ACK) == [DamagedFrame(Damage.TOO_LONG, 0x30), AckFrame(1)]
    assert reader.feed(b"\x30" + bytes(5_000) + b"\x7e" + ACK) == [DamagedFrame(Damage.TOO_LONG, 0x30), AckFrame(1)]


@given(st.binary(min_size=9, max_size=9))
def test_the_longest_frame_fits_however_many_of_its_octets_are_escaped(payload: bytes) -> None:
    frame = DataFrame(3, False, 0, payload)
    octets = unstuff(encode(frame)[:-1])
    # An octet whose escaped form would be a reserved byte cannot be escaped.
    escaped = [bytes((octet,)) if octet ^ 0x20 in RESERVED else bytes((0x7D, octet ^ 0x20)) for octet in octets]
    assert AshReader(longest_data=9).feed(b"".join(escaped) + b"\x7e") == [frame]


def test_what_has_come_is_forgotten_on_demand() -> None:
    reader = AshReader()
    reader.feed(b"\x18" + DATA[:4])
    reader.clear()
    assert reader.feed(DATA) == [DataFrame(1, False, 2, b"\x7e\x11\x13abc")]
