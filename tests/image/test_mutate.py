"""Every mutation is refused, for the reason that it is documented with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.core.errors import BadInput
from emulator.image.build import build_image
from emulator.image.file import OtaFile, parse
from emulator.image.header import OtaHeader
from emulator.image.mutate import MUTATIONS, mutate
from emulator.image.signature import EcdsaP256Signer
from emulator.image.verify import ImageExpectation, inspect

LIMIT = 2000


@pytest.fixture(scope="module")
def expectation(signer: EcdsaP256Signer) -> ImageExpectation:
    return ImageExpectation(
        manufacturer_code=0x1B01,
        image_type=0x00B1,
        hardware_version=0x0102,
        current_version=0x00010000,
        limit=LIMIT,
        verifier=signer.verifier(),
    )


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_signed_again_is_wrong_in_one_thing_only(
    good: OtaFile, signer: EcdsaP256Signer, expectation: ImageExpectation, name: str
) -> None:
    octets = mutate(good, name, signer=signer, limit=LIMIT)
    assert [finding.reason for finding in inspect(octets, expectation)] == [MUTATIONS[name].reason]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_not_signed_again_is_refused_for_that_and_the_signature(
    good: OtaFile, expectation: ImageExpectation, name: str
) -> None:
    reasons = [finding.reason for finding in inspect(mutate(good, name, limit=LIMIT), expectation)]
    assert reasons[0] == MUTATIONS[name].reason
    assert set(reasons[1:]) <= {"bad-signature"}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_the_same_every_time(good: OtaFile, signer: EcdsaP256Signer, name: str) -> None:
    octets = mutate(good, name, signer=signer, limit=LIMIT)
    assert octets == mutate(good, name, signer=signer, limit=LIMIT)
    assert octets != good.octets


SIGNATURE = {"unsigned", "bad-signature", "wrong-signer"}


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name not in SIGNATURE])
def test_an_unsigned_image_can_be_spoilt_as_well(gb_header: OtaHeader, name: str) -> None:
    file = build_image(gb_header, bytes(range(200)))
    reasons = [
        finding.reason
        for finding in inspect(
            mutate(file, name, limit=LIMIT),
            ImageExpectation(0x1B01, 0x00B1, hardware_version=0x0102, current_version=0x00010000, limit=LIMIT),
        )
    ]
    # Nothing but a signature tells a changed payload from a good one.
    assert reasons == ([] if MUTATIONS[name].reason == "bad-signature" else [MUTATIONS[name].reason])


@pytest.mark.parametrize("name", sorted(SIGNATURE))
def test_a_signature_that_is_not_there_cannot_be_spoilt(gb_header: OtaHeader, name: str) -> None:
    with pytest.raises(BadInput, match="carries no signature"):
        mutate(build_image(gb_header, bytes(200)), name)


def test_over_the_limit_is_one_octet_over(good: OtaFile, signer: EcdsaP256Signer) -> None:
    assert len(mutate(good, "over-limit", signer=signer, limit=LIMIT)) == LIMIT + 1
    assert parse(mutate(good, "over-limit", signer=signer)).size == 768_001
    with pytest.raises(BadInput, match="already over"):
        mutate(good, "over-limit", limit=500)


def test_the_octet_to_spoil_can_be_chosen(good: OtaFile) -> None:
    flipped = mutate(good, "flip-octet", at=3)
    assert flipped[3] == good.octets[3] ^ 0xFF
    assert flipped[:3] + flipped[4:] == good.octets[:3] + good.octets[4:]
    assert mutate(good, "truncate", at=59) == good.octets[:59]
    for at in (-1, 1000):
        with pytest.raises(BadInput, match="0 to 999"):
            mutate(good, "flip-octet", at=at)


def test_a_wrong_hardware_range_can_be_given_to_an_image_that_has_none(
    gb_header: OtaHeader, signer: EcdsaP256Signer
) -> None:
    header = replace(gb_header, minimum_hardware_version=None, maximum_hardware_version=None)
    octets = mutate(build_image(header, bytes(100), signer), "wrong-hardware", signer=signer)
    assert parse(octets).header.takes_hardware(0x0102) is False


def test_an_image_without_payload_cannot_be_damaged(gb_header: OtaHeader, signer: EcdsaP256Signer) -> None:
    for file in (build_image(gb_header, b""), build_image(gb_header, b"", signer)):
        with pytest.raises(BadInput, match="no payload"):
            mutate(file, "damaged-body")


def test_an_unknown_mutation_names_those_there_are(good: OtaFile) -> None:
    with pytest.raises(BadInput, match=r"no mutation is called 'explode'.*flip-octet"):
        mutate(good, "explode")
