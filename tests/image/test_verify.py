"""Checking: each reason for refusal on its own, and nothing against a good image."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.image.build import build_image
from emulator.image.file import OtaFile
from emulator.image.header import OtaHeader
from emulator.image.signature import EcdsaP256Signer, custom
from emulator.image.verify import ImageExpectation, inspect, verify


@pytest.fixture(scope="module")
def expectation(good: OtaFile, signer: EcdsaP256Signer) -> ImageExpectation:
    """Everything checked, and everything right."""
    return ImageExpectation(
        manufacturer_code=0x1B01,
        image_type=0x00B1,
        hardware_version=0x0102,
        current_version=0x00010000,
        limit=good.size,
        offered_version=0x00020000,
        offered_size=good.size,
        eui64=0x0011223344556677,
        verifier=signer.verifier(),
    )


def reasons(octets: bytes, expectation: ImageExpectation) -> list[str]:
    return [finding.reason for finding in inspect(octets, expectation)]


def test_nothing_speaks_against_a_good_image(good: OtaFile, expectation: ImageExpectation) -> None:
    assert verify(good, expectation) == ()
    assert len(expectation.checked) == 9


def test_nothing_is_looked_at_where_nothing_is_expected(good: OtaFile) -> None:
    assert verify(good, ImageExpectation()) == ()
    assert ImageExpectation().checked == ()


@pytest.mark.parametrize(
    "field, value, reason, words",
    [
        ("manufacturer_code", 0x1B02, "wrong-manufacturer", "0x1b01, wanted 0x1b02"),
        ("manufacturer_code", 0, "wrong-manufacturer", "wanted 0x0000"),
        ("image_type", 0x00B2, "wrong-image-type", "0x00b1, wanted 0x00b2"),
        ("hardware_version", 0x00FF, "wrong-hardware", "0x0100 to 0x01ff, the device is 0x00ff"),
        ("hardware_version", 0x0200, "wrong-hardware", "the device is 0x0200"),
        ("current_version", 0x00020000, "not-an-upgrade", "00020000 is not newer than 00020000"),
        ("current_version", 0xFFFFFFFF, "not-an-upgrade", "00020000 is not newer than FFFFFFFF"),
        ("limit", 999, "image-too-large", "1000 octets, at most 999"),
        ("offered_version", 0x00030000, "version-mismatch", "00020000, but 00030000 was offered"),
        ("offered_size", 1001, "size-mismatch", "1000 octets, but 1001 were offered"),
        ("verifier", custom(lambda _: False), "bad-signature", "does not fit"),
    ],
)
def test_each_thing_that_is_wrong_is_one_finding(
    good: OtaFile, expectation: ImageExpectation, field: str, value: object, reason: str, words: str
) -> None:
    changed = replace(expectation, **{field: value})  # type: ignore[arg-type]  # any of its fields
    (finding,) = verify(good, changed)
    assert finding.reason == reason
    assert words in finding.text


def test_a_file_for_another_device_is_refused(gb_header: OtaHeader, expectation: ImageExpectation) -> None:
    file = build_image(replace(gb_header, upgrade_file_destination=0x1111), b"")
    own = ImageExpectation(eui64=0x2222)
    assert reasons(file.octets, own) == ["wrong-device"]
    assert reasons(file.octets, ImageExpectation(eui64=0x1111)) == []


def test_a_version_that_would_shut_out_every_later_one_is_refused(gb_header: OtaHeader) -> None:
    file = build_image(replace(gb_header, file_version=0xFFFFFFFF), b"")
    assert reasons(file.octets, ImageExpectation(current_version=1)) == ["reserved-version"]


def test_an_unsigned_image_is_refused_where_a_signature_is_wanted(
    gb_header: OtaHeader, signer: EcdsaP256Signer
) -> None:
    octets = build_image(gb_header, bytes(300)).octets
    assert reasons(octets, ImageExpectation(verifier=signer.verifier())) == ["unsigned"]
    assert reasons(octets, ImageExpectation()) == []


def test_every_reason_is_given_and_not_only_the_first(gb_header: OtaHeader, signer: EcdsaP256Signer) -> None:
    octets = build_image(gb_header, bytes(300)).octets
    expectation = ImageExpectation(
        manufacturer_code=1,
        image_type=1,
        hardware_version=1,
        current_version=0x00030000,
        limit=100,
        verifier=signer.verifier(),
    )
    assert reasons(octets, expectation) == [
        "wrong-manufacturer",
        "wrong-image-type",
        "wrong-hardware",
        "not-an-upgrade",
        "image-too-large",
        "unsigned",
    ]


@given(st.integers(0, 999), st.integers(1, 255))
def test_a_changed_octet_anywhere_is_found(
    good: OtaFile, expectation: ImageExpectation, position: int, change: int
) -> None:
    octets = bytearray(good.octets)
    octets[position] ^= change
    assert reasons(bytes(octets), expectation)


@given(st.binary(max_size=200))
def test_octets_that_are_no_image_are_one_finding(octets: bytes) -> None:
    assert len(inspect(octets, ImageExpectation())) == 1
