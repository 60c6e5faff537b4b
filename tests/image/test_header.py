"""The header: every field comes back, and whatever cannot be a header is refused with its reason."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.image.errors import ImageError
from emulator.image.header import MAGIC, OtaHeader, header_string


def unsigned(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


@st.composite
def headers(draw: st.DrawFn) -> OtaHeader:
    lowest, highest = draw(st.one_of(st.just((None, None)), st.tuples(unsigned(16), unsigned(16))))
    return OtaHeader(
        manufacturer_code=draw(unsigned(16)),
        image_type=draw(unsigned(16)),
        file_version=draw(unsigned(32)),
        total_image_size=draw(unsigned(32)),
        header_string=draw(st.binary(min_size=32, max_size=32)),
        stack_version=draw(unsigned(16)),
        header_version=draw(unsigned(16)),
        security_credential_version=draw(st.none() | unsigned(8)),
        upgrade_file_destination=draw(st.none() | unsigned(64)),
        minimum_hardware_version=lowest,
        maximum_hardware_version=highest,
        reserved_bits=draw(unsigned(16)) & 0xFFF8,
        extra=draw(st.binary(max_size=40)),
    )


@given(headers(), st.binary(max_size=20))
def test_every_header_comes_back_as_it_went_whatever_follows_it(header: OtaHeader, body: bytes) -> None:
    octets = header.encode()
    assert len(octets) == header.header_length
    assert OtaHeader.decode(octets + body) == header


@given(st.binary(max_size=120) | st.binary(max_size=120).map(MAGIC.__add__))
def test_any_octets_are_a_header_or_an_image_error_and_a_header_encodes_to_them(octets: bytes) -> None:
    refusal = None
    try:
        assert octets.startswith(OtaHeader.decode(octets).encode())
    except ImageError as error:
        refusal = error
    assert refusal is None or refusal.reason in {"empty", "not-an-ota-file", "truncated", "header-length"}


@given(headers(), st.data())
def test_a_header_cut_short_anywhere_is_refused(header: OtaHeader, data: st.DataObject) -> None:
    octets = header.encode()
    kept = data.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(ImageError) as caught:
        OtaHeader.decode(octets[:kept])
    assert caught.value.reason == ("empty" if kept == 0 else "truncated")


def test_the_form_of_great_britain_is_sixty_octets_with_field_control_4(gb_header: OtaHeader) -> None:
    octets = replace(gb_header, total_image_size=295).encode()
    assert octets == struct.pack(
        "<IHHHHHIH32sIHH",
        0x0BEEF11E,
        0x0100,
        60,
        0x0004,
        0x1B01,
        0x00B1,
        0x00020000,
        0x0002,
        b"a test image",
        295,
        0x0100,
        0x01FF,
    )


def test_every_optional_field_has_its_place() -> None:
    header = OtaHeader(
        manufacturer_code=1,
        image_type=2,
        file_version=3,
        security_credential_version=0x02,
        upgrade_file_destination=0x0011223344556677,
        minimum_hardware_version=0x0102,
        maximum_hardware_version=0x0304,
    )
    assert header.field_control == 0b111
    assert header.header_length == 69
    assert header.encode()[56:].hex() == "02" + "7766554433221100" + "0201" + "0403"


@pytest.mark.parametrize("field_control, least", [(0, 56), (1, 57), (2, 64), (4, 60), (7, 69)])
def test_a_header_length_that_lies_is_refused(gb_header: OtaHeader, field_control: int, least: int) -> None:
    octets = bytearray(gb_header.encode().ljust(200, b"\0"))
    octets[8:10] = field_control.to_bytes(2, "little")
    for length in (0, 1, least - 1):
        octets[6:8] = length.to_bytes(2, "little")
        with pytest.raises(ImageError, match="header length") as caught:
            OtaHeader.decode(bytes(octets))
        assert caught.value.reason == "header-length"
    octets[6:8] = least.to_bytes(2, "little")
    assert OtaHeader.decode(bytes(octets)).header_length == least


def test_a_longer_header_of_an_unknown_version_is_kept_as_it_came(gb_header: OtaHeader) -> None:
    octets = bytearray(gb_header.encode() + b"later fields")
    octets[4:10] = struct.pack("<HHH", 0x0200, len(octets), 0x8004)
    header = OtaHeader.decode(bytes(octets))
    assert (header.header_version, header.reserved_bits, header.extra) == (0x0200, 0x8000, b"later fields")
    assert header.encode() == octets


@pytest.mark.parametrize("begins", [b"PK\x03\x04", MAGIC[::-1], b"\x1e\xf1\xee", b"\x00", MAGIC[:2] + b"\0\0"])
def test_a_wrong_magic_is_refused_and_both_are_named(begins: bytes) -> None:
    octets = begins + bytes(100)
    with pytest.raises(
        ImageError, match=r"no OTA file: it begins with [0-9a-f]{8}, an OTA file with 1ef1ee0b"
    ) as caught:
        OtaHeader.decode(octets)
    assert caught.value.reason == "not-an-ota-file"


@pytest.mark.parametrize(
    "field, value",
    [
        ("manufacturer_code", 0x10000),
        ("image_type", -1),
        ("file_version", 2**32),
        ("total_image_size", 2**32),
        ("stack_version", 0x10000),
        ("header_version", 0x10000),
        ("header_string", b"short"),
        ("security_credential_version", 256),
        ("upgrade_file_destination", 2**64),
        ("minimum_hardware_version", 0x10000),
        ("maximum_hardware_version", None),
        ("reserved_bits", 0x0001),
        ("extra", bytes(65_536)),
    ],
)
def test_a_field_that_does_not_fit_is_bad_input(gb_header: OtaHeader, field: str, value: int | bytes | None) -> None:
    with pytest.raises(BadInput):
        replace(gb_header, **{field: value})  # type: ignore[arg-type]  # that is the point


def test_the_header_string_takes_32_octets_and_no_more() -> None:
    assert header_string("x" * 32) == b"x" * 32
    assert header_string("x") == b"x" + bytes(31)
    with pytest.raises(BadInput, match="at most 32 octets"):
        header_string("x" * 31 + "é")


@pytest.mark.parametrize(
    "octets, text",
    [
        (b"plain text", "plain text"),
        (b"GFI image ", "GFI image "),
        (b"bell \x07 and \xff", r"bell \x07 and \xff"),
        (b"line\nline\x1b[31m", r"line\x0aline\x1b[31m"),
        (b"a\0b", r"a\x00b"),
    ],
)
def test_the_header_text_is_safe_to_print(gb_header: OtaHeader, octets: bytes, text: str) -> None:
    assert replace(gb_header, header_string=octets.ljust(32, b"\0")).header_text == text


@pytest.mark.parametrize("version, taken", [(0x00FF, False), (0x0100, True), (0x01FF, True), (0x0200, False)])
def test_the_hardware_range_includes_both_ends(gb_header: OtaHeader, version: int, taken: bool) -> None:
    assert gb_header.takes_hardware(version) is taken


def test_without_a_hardware_range_every_version_is_taken(gb_header: OtaHeader) -> None:
    header = replace(gb_header, minimum_hardware_version=None, maximum_hardware_version=None)
    assert header.takes_hardware(0xFFFF)
