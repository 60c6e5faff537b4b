"""Sub-elements: read to the last octet, or refused; and told apart from an undivided image."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.image.elements import Element, encode_elements, find_elements, parse_elements
from emulator.image.errors import ImageError

elements = st.lists(st.builds(Element, st.integers(0, 0xFFFF), st.binary(max_size=20)), max_size=6).map(tuple)


@given(elements)
def test_elements_come_back_as_they_went(parts: tuple[Element, ...]) -> None:
    assert parse_elements(encode_elements(parts)) == parts


@given(st.binary(max_size=60))
def test_any_body_is_elements_or_an_image_error(body: bytes) -> None:
    refusal = None
    try:
        assert encode_elements(parse_elements(body)) == body
    except ImageError as error:
        refusal = error
    assert refusal is None or refusal.reason == "element-length"


@pytest.mark.parametrize("declared", [5, 0xFFFFFFFF])
def test_an_element_longer_than_the_file_is_refused(declared: int) -> None:
    body = b"\x00\x00" + declared.to_bytes(4, "little") + b"four"
    with pytest.raises(ImageError, match=f"declares {declared} octets, 4 are left"):
        parse_elements(body)
    assert find_elements(body) is None


def test_a_prefix_cut_short_is_refused() -> None:
    with pytest.raises(ImageError, match="5 octets left"):
        parse_elements(bytes(5))


@pytest.mark.parametrize(
    "tag, name",
    [
        (0x0000, "upgrade image"),
        (0x0001, "ECDSA signature (crypto suite 1)"),
        (0x0002, "ECDSA signing certificate (crypto suite 1)"),
        (0x0003, "image integrity code"),
        (0x0004, "picture data"),
        (0x0005, "ECDSA signature (crypto suite 2)"),
        (0x0006, "ECDSA signing certificate (crypto suite 2)"),
        (0x0007, "reserved"),
        (0xEFFF, "reserved"),
        (0xF000, "manufacturer specific"),
        (0xFFFF, "manufacturer specific"),
    ],
)
def test_every_tag_has_its_name(tag: int, name: str) -> None:
    assert Element(tag, b"").name == name


def test_zeros_are_an_undivided_image_and_not_a_row_of_empty_ones() -> None:
    assert find_elements(bytes(600)) is None


def test_an_element_may_be_empty_where_it_is_no_upgrade_image() -> None:
    parts = (Element(0xF001, b""), Element(0x0000, b"image"))
    assert find_elements(encode_elements(parts)) == parts


def test_a_tag_that_does_not_fit_is_bad_input() -> None:
    with pytest.raises(BadInput):
        Element(0x10000, b"")
