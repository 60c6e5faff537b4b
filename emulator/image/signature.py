"""The manufacturer's signature inside an image: an assumption of ours, never the specification.

Great Britain's PPMID image carries no signature that GBCS knows of: its authenticity is the manufacturer's business
(published 11.4 sample).  How a manufacturer does it is not public, so this form is our own (switch
`image_signature`): the last 70 octets of the manufacturer image, hence of the file, are a trailer

    octets  0..3   61 68 73 31  `ahs1`
    octets  4..5   64, the length of the signature, little-endian
    octets  6..69  the ECDSA P-256 signature with SHA-256, r then s, 32 octets each, most significant first

over every octet of the file before the trailer, the header included.  It is made by RFC 6979, so a key and an image
give one signature.  Certificates lend their public key and nothing else: no clock is read here, so no dates are
checked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emulator.core.errors import BadInput
from emulator.image.file import read_octets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

TRAILER_MAGIC = b"ahs1"
SIGNATURE_OCTETS = 64
_PREFIX = TRAILER_MAGIC + SIGNATURE_OCTETS.to_bytes(2, "little")
TRAILER_OCTETS = len(_PREFIX) + SIGNATURE_OCTETS

SCHEME_NONE = "none"
SCHEME_ECDSA_P256 = "ecdsa-p256"

_KEY_FILE_LIMIT = 65_536


class SignatureStatus(Enum):
    """What looking at an image's signature came to."""

    GOOD = "good"
    BAD = "bad"
    UNSIGNED = "unsigned"
    NOT_CHECKED = "not-checked"


Verifier = Callable[[bytes], SignatureStatus]
"""Looks at the octets of a whole file and says what its signature is worth."""


class Signer(Protocol):
    """Makes the trailer of an image."""

    @property
    def trailer_octets(self) -> int:
        """Its length, known before it is made: the header counts it."""

    def trailer(self, octets: bytes) -> bytes:
        """The trailer for `octets`: the whole file before it."""


def signature_of(octets: bytes) -> bytes | None:
    """The 64 octets of the signature at the end of a file (or of its body), or None where no trailer is there."""
    trailer = octets[-TRAILER_OCTETS:]
    return bytes(trailer[len(_PREFIX) :]) if len(trailer) == TRAILER_OCTETS and trailer.startswith(_PREFIX) else None


def not_checked(octets: bytes) -> SignatureStatus:  # noqa: ARG001 - the shape of every verifier
    """The scheme `none`: whatever is there is accepted."""
    return SignatureStatus.NOT_CHECKED


def custom(check: Callable[[bytes], bool]) -> Verifier:
    """A scheme of the user's: `check` takes the whole file's octets and says whether they are trusted."""
    return lambda octets: SignatureStatus.GOOD if check(octets) else SignatureStatus.BAD


@dataclass(frozen=True, slots=True)
class EcdsaP256Signer:
    """Signs by the scheme `ecdsa-p256`."""

    key: ec.EllipticCurvePrivateKey

    @property
    def trailer_octets(self) -> int:
        """70."""
        return TRAILER_OCTETS

    def trailer(self, octets: bytes) -> bytes:
        """Prefix and signature."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        der = self.key.sign(octets, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return _PREFIX + r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verifier(self) -> EcdsaP256Verifier:
        """What trusts this signer."""
        return EcdsaP256Verifier(self.key.public_key())


@dataclass(frozen=True, slots=True)
class EcdsaP256Verifier:
    """Checks by the scheme `ecdsa-p256` with one public key."""

    key: ec.EllipticCurvePublicKey

    def __call__(self, octets: bytes) -> SignatureStatus:
        """`UNSIGNED` where no trailer is there, else `GOOD` or `BAD`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        signature = signature_of(octets)
        if signature is None:
            return SignatureStatus.UNSIGNED
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            der = utils.encode_dss_signature(r, s)
            self.key.verify(der, octets[:-TRAILER_OCTETS], ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return SignatureStatus.BAD
        return SignatureStatus.GOOD


def signer_from(octets: bytes, where: str) -> EcdsaP256Signer:
    """The signer with the private key in `octets` (PEM, no password); BadInput, naming `where`, for anything else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    allowed = "a P-256 private key in PEM form, without a password"
    try:
        key = load_pem_private_key(octets, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput("holds no private key that can be used", where=where, allowed=allowed) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadInput("holds a private key of another kind", where=where, allowed=allowed)
    return EcdsaP256Signer(key)


def verifier_from(octets: bytes, where: str) -> EcdsaP256Verifier:
    """The verifier with the public key in `octets`: a key or a certificate, PEM or DER; BadInput for anything else."""
    from cryptography.hazmat.primitives.asymmetric import ec

    key = _public_key(octets)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        what = "holds no public key" if key is None else "holds a public key of another kind"
        raise BadInput(what, where=where, allowed="a P-256 public key or a certificate with one, PEM or DER")
    return EcdsaP256Verifier(key)


def _public_key(octets: bytes) -> object | None:
    """The first reading of `octets` that gives a public key of any kind."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    readings: tuple[Callable[[bytes], object], ...] = (
        load_pem_public_key,
        lambda octets: x509.load_pem_x509_certificate(octets).public_key(),
        load_der_public_key,
        lambda octets: x509.load_der_x509_certificate(octets).public_key(),
    )
    for read in readings:
        try:
            return read(octets)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
    return None


def load_signer(path: Path) -> EcdsaP256Signer:
    """The signer of a private key file; BadInput where it is none."""
    return signer_from(read_octets(path, _KEY_FILE_LIMIT), str(path))


def load_verifier(path: Path) -> EcdsaP256Verifier:
    """The verifier of a public key file or certificate; BadInput where it is none."""
    return verifier_from(read_octets(path, _KEY_FILE_LIMIT), str(path))
