"""The manufacturer's signature: where it is, what it covers, and whose key it needs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput
from emulator.image.build import build_image
from emulator.image.catalogue import recipes_folder
from emulator.image.file import OtaFile, parse
from emulator.image.header import OtaHeader
from emulator.image.signature import (
    TRAILER_OCTETS,
    EcdsaP256Signer,
    SignatureStatus,
    custom,
    load_signer,
    load_verifier,
    not_checked,
    signature_of,
    signer_from,
    verifier_from,
)

KEYS = recipes_folder() / "keys"
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS8, OPEN = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()


def test_the_trailer_is_magic_length_and_a_plain_signature_over_all_before_it(
    good: OtaFile, signer: EcdsaP256Signer
) -> None:
    trailer = good.octets[-70:]
    assert trailer[:6] == b"ahs1" + (64).to_bytes(2, "little")
    r, s = int.from_bytes(trailer[6:38], "big"), int.from_bytes(trailer[38:], "big")
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    signer.key.public_key().verify(encode_dss_signature(r, s), good.octets[:-70], ec.ECDSA(hashes.SHA256()))


def test_the_trailer_is_inside_the_manufacturer_image(good: OtaFile) -> None:
    assert good.header.total_image_size == good.size
    assert good.body.endswith(good.octets[-TRAILER_OCTETS:])
    assert parse(good.octets) == good


def test_a_signature_is_the_same_every_time(good: OtaFile, signer: EcdsaP256Signer) -> None:
    assert signer.trailer(good.octets[:-TRAILER_OCTETS]) == good.octets[-TRAILER_OCTETS:]


def test_rfc_6979_is_what_makes_it_so() -> None:
    # RFC 6979 A.2.5, P-256 with SHA-256, message "sample".
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    trailer = EcdsaP256Signer(ec.derive_private_key(secret, ec.SECP256R1())).trailer(b"sample")
    assert trailer[6:38].hex() == "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    assert trailer[38:].hex() == "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"


@given(st.integers(0, 999), st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_refused(good: OtaFile, signer: EcdsaP256Signer, position: int, bit: int) -> None:
    octets = bytearray(good.octets)
    octets[position] ^= 1 << bit
    assert signer.verifier()(bytes(octets)) is not SignatureStatus.GOOD


@given(st.binary(max_size=200))
def test_any_octets_are_judged_without_an_exception(signer: EcdsaP256Signer, octets: bytes) -> None:
    verifier = signer.verifier()
    assert verifier(octets) is SignatureStatus.UNSIGNED
    assert verifier(octets + b"ahs1\x40\x00" + bytes(64)) is SignatureStatus.BAD
    assert verifier(octets + b"ahs1\x40\x00" + b"\xff" * 64) is SignatureStatus.BAD


def test_the_scheme_none_looks_at_nothing(good: OtaFile) -> None:
    assert not_checked(good.octets) is SignatureStatus.NOT_CHECKED
    assert not_checked(b"") is SignatureStatus.NOT_CHECKED


def test_a_scheme_of_the_users_sees_the_whole_file(good: OtaFile) -> None:
    assert custom(lambda octets: octets == good.octets)(good.octets) is SignatureStatus.GOOD
    assert custom(lambda octets: False)(good.octets) is SignatureStatus.BAD


def test_an_image_without_a_trailer_is_unsigned(gb_header: OtaHeader, signer: EcdsaP256Signer) -> None:
    file = build_image(gb_header, bytes(200))
    assert signature_of(file.octets) is None
    assert signer.verifier()(file.octets) is SignatureStatus.UNSIGNED


def certificate(key: ec.EllipticCurvePrivateKey, encoding: serialization.Encoding) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "maker")])
    day = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + dt.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(encoding)


def test_keys_and_certificates_in_pem_and_der_are_trusted_alike(good: OtaFile, signer: EcdsaP256Signer) -> None:
    public = signer.key.public_key()
    forms = [public.public_bytes(PEM, SPKI), public.public_bytes(DER, SPKI)]
    forms += [certificate(signer.key, PEM), certificate(signer.key, DER)]
    for octets in forms:
        assert verifier_from(octets, "trust")(good.octets) is SignatureStatus.GOOD


def test_the_test_keys_are_a_pair(good: OtaFile) -> None:
    assert load_verifier(KEYS / "test_signing_key.pub.pem")(good.octets) is SignatureStatus.GOOD
    assert load_signer(KEYS / "test_signing_key.pem").verifier()(good.octets) is SignatureStatus.GOOD


def private_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes | None = None) -> bytes:
    form = OPEN if password is None else serialization.BestAvailableEncryption(password)
    return key.private_bytes(PEM, PKCS8, form)


P384 = ec.derive_private_key(7, ec.SECP384R1())
P256 = ec.derive_private_key(7, ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.mark.parametrize(
    "octets, what",
    [
        (b"no key", "holds no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no private key"),
        (P256.public_key().public_bytes(PEM, SPKI), "holds no private key"),
        (private_pem(P256, b"secret"), "holds no private key"),
        (private_pem(P384), "of another kind"),
        (private_pem(ED25519), "of another kind"),
    ],
    ids=["text", "broken", "public", "password", "p384", "ed25519"],
)
def test_what_cannot_sign_is_bad_input(octets: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=f"^--key: .*{what}.*P-256 private key"):
        signer_from(octets, "--key")


@pytest.mark.parametrize(
    "octets, what",
    [
        (b"no key", "holds no public key"),
        (b"\x30\x03\x02\x01\x00", "holds no public key"),
        (private_pem(P256), "holds no public key"),
        (P384.public_key().public_bytes(PEM, SPKI), "of another kind"),
        (ED25519.public_key().public_bytes(DER, SPKI), "of another kind"),
        (certificate(P384, PEM), "of another kind"),
    ],
    ids=["text", "der", "private", "p384", "ed25519", "p384-certificate"],
)
def test_what_cannot_be_trusted_is_bad_input(octets: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=f"^--trust: .*{what}.*P-256 public key"):
        verifier_from(octets, "--trust")


def test_a_key_file_that_is_missing_is_bad_input(tmp_path: Path) -> None:
    for load in (load_signer, load_verifier):
        with pytest.raises(BadInput, match="no such file"):
            load(tmp_path / "none.pem")
