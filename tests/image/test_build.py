"""Building: to the octet, within the limit, the same every time."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.core.standards import Standards
from emulator.image.build import build_image, build_sized, default_limit, padded
from emulator.image.errors import BadImage
from emulator.image.file import parse
from emulator.image.header import OtaHeader
from emulator.image.recipe import pseudo_random
from emulator.image.signature import EcdsaP256Signer

LIMIT = 768_000


def test_the_limit_is_the_standards() -> None:
    assert default_limit() == LIMIT == Standards().number("limits.image_octets")


def test_an_unsigned_image_is_header_and_payload_and_nothing_else(gb_header: OtaHeader) -> None:
    file = build_image(gb_header, b"firmware")
    assert file.octets == file.header.encode() + b"firmware"
    assert file.header.total_image_size == 68


@pytest.mark.parametrize("signed", [False, True])
def test_an_image_at_the_limit_is_built_and_one_octet_over_is_refused(
    gb_header: OtaHeader, signer: EcdsaP256Signer, signed: bool
) -> None:
    chosen = signer if signed else None
    room = LIMIT - 60 - (70 if signed else 0)
    assert parse(build_image(gb_header, bytes(room), chosen).octets).size == LIMIT
    with pytest.raises(BadImage, match=r"768001 octets.*at most 768000 octets") as caught:
        build_image(gb_header, bytes(room + 1), chosen)
    assert caught.value.reason == "image-too-large"


def test_a_size_at_the_limit_is_built_and_one_octet_over_is_refused_before_anything_is_made(
    gb_header: OtaHeader,
) -> None:
    assert build_sized(gb_header, LIMIT, bytes).size == LIMIT
    with pytest.raises(BadImage, match="768001"):
        build_sized(gb_header, LIMIT + 1, lambda _: pytest.fail("a payload was made"))


def test_another_limit_can_be_set(gb_header: OtaHeader) -> None:
    assert build_sized(gb_header, LIMIT + 1, bytes, limit=LIMIT + 1).size == LIMIT + 1
    with pytest.raises(BadImage):
        build_sized(gb_header, 101, bytes, limit=100)


@given(st.integers(130, 3000))
def test_a_size_is_met_to_the_octet(gb_header: OtaHeader, signer: EcdsaP256Signer, size: int) -> None:
    file = build_sized(gb_header, size, pseudo_random("x", 1), signer)
    assert len(file.octets) == file.header.total_image_size == size
    assert parse(file.octets) == file


def test_a_size_too_small_for_header_and_signature_is_bad_input(gb_header: OtaHeader, signer: EcdsaP256Signer) -> None:
    assert build_sized(gb_header, 130, bytes, signer).size == 130
    with pytest.raises(BadInput, match=r"129 octets.*at least 130"):
        build_sized(gb_header, 129, bytes, signer)


def test_a_payload_is_filled_up_like_erased_flash_and_never_cut(gb_header: OtaHeader) -> None:
    assert build_sized(gb_header, 70, padded(b"firmware")).body == b"firmware\xff\xff"
    with pytest.raises(BadInput, match=r"8 octets.*at most 7"):
        build_sized(gb_header, 67, padded(b"firmware"))


def test_the_octets_of_a_full_image_are_the_same_on_every_machine(
    gb_header: OtaHeader, signer: EcdsaP256Signer
) -> None:
    file = build_sized(gb_header, LIMIT, pseudo_random("bridge-1", 0x00020000), signer)
    assert hashlib.sha256(file.octets).hexdigest() == "0df1d9d7c3bd7253c9a47c9fce9a869d767d830f60bfd44d034e269a302b5160"


def test_seed_and_version_both_make_another_payload_and_a_shorter_one_is_its_beginning() -> None:
    payload = pseudo_random("a", 1)(100)
    assert len({payload, pseudo_random("b", 1)(100), pseudo_random("a", 2)(100)}) == 3
    assert pseudo_random("a", 1)(40) == payload[:40]
