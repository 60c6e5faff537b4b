"""Implicit certificates: 48 octets in suite 1, 74 in suite 2.  Everything in them is most significant octet first.

There is no signature.  Whoever alters or forges one gives it another public key, whose private key he does not know;
that shows only when the key confirmation fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final

from emulator.cbke.suite import SUITES, Suite
from emulator.core.aes import aes_mmo
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_big
from emulator.core.octets import Reader

SMART_ENERGY_PROFILE: Final = 0x0109
_CS1_PROFILE_OCTETS: Final = 10

TYPE_IMPLICIT: Final = 0x00
"""Implicit, without extensions."""
CURVE_SECT283K1: Final = 0x0D
HASH_AES_MMO: Final = 0x08
KEY_USAGE_AGREEMENT: Final = 0x08
KEY_USAGE_SIGNATURE: Final = 0x80
NO_END: Final = 0xFFFFFFFF
"""Validity without an end."""
NOT_YET_VALID: Final = "not-yet-valid"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True)
class CertificateCS1:
    """An implicit certificate of suite 1.

    Attributes:
        reconstruction: the compressed point B that the public key is made from, 22 octets.
        subject: EUI-64 of the device.
        issuer: 64 bits that name the CA; not always an EUI-64.
        profile_data: 10 octets, the profile identifier first, then what the CA likes.
    """

    suite: ClassVar[Suite] = SUITES[1]
    reconstruction: bytes
    subject: Eui64
    issuer: int
    profile_data: bytes

    def encode(self) -> bytes:
        """The certificate as it travels."""
        return self.reconstruction + eui64_big(self.subject) + self.issuer.to_bytes(8, "big") + self.profile_data

    @classmethod
    def decode(cls, octets: bytes) -> CertificateCS1:
        """Read a certificate; DecodeError where the length is wrong."""
        reader = Reader(octets)
        certificate = cls(
            reader.octets(cls.suite.curve.point_octets, "reconstruction point"),
            Eui64(reader.big(8, "subject")),
            reader.big(8, "issuer"),
            reader.octets(_CS1_PROFILE_OCTETS, "profile attribute data"),
        )
        reader.finish("certificate")
        return certificate

    @property
    def flaw(self) -> str | None:
        """Nothing in this form says that a certificate is not for key agreement."""
        return None

    @property
    def validity(self) -> str:
        """When it is valid, for people."""
        return "for ever"

    def untimely(self, date: datetime) -> str | None:  # noqa: ARG002 - the shape of both forms
        """Nothing in this form says when a certificate is valid."""
        return None


@dataclass(frozen=True, slots=True)
class CertificateCS2:
    """An implicit certificate of suite 2.

    Attributes:
        serial_number: 64 bits of the CA's choice.
        issuer: 64 bits that name the CA.
        valid_from: seconds since 1970, 40 bits.
        valid_for: seconds from then, 32 bits; NO_END: no end.
        subject: EUI-64 of the device.
        key_usage: bits KEY_USAGE_AGREEMENT and KEY_USAGE_SIGNATURE.
        reconstruction: the compressed point B that the public key is made from, 37 octets.
        form: 0: implicit, without extensions.
        curve: 0x0D: sect283k1.
        hash: 0x08: AES-MMO.
    """

    suite: ClassVar[Suite] = SUITES[2]
    serial_number: int
    issuer: int
    valid_from: int
    valid_for: int
    subject: Eui64
    key_usage: int
    reconstruction: bytes
    form: int = TYPE_IMPLICIT
    curve: int = CURVE_SECT283K1
    hash: int = HASH_AES_MMO

    def encode(self) -> bytes:
        """The certificate as it travels."""
        return b"".join(
            (
                bytes((self.form,)),
                self.serial_number.to_bytes(8, "big"),
                bytes((self.curve, self.hash)),
                self.issuer.to_bytes(8, "big"),
                self.valid_from.to_bytes(5, "big"),
                self.valid_for.to_bytes(4, "big"),
                eui64_big(self.subject),
                bytes((self.key_usage,)),
                self.reconstruction,
            )
        )

    @classmethod
    def decode(cls, octets: bytes) -> CertificateCS2:
        """Read a certificate; DecodeError where the length is wrong.  What `flaw` looks at is let through."""
        reader = Reader(octets)
        form, serial_number = reader.big(1, "type"), reader.big(8, "serial number")
        curve, digest = reader.big(1, "curve"), reader.big(1, "hash")
        certificate = cls(
            serial_number=serial_number,
            issuer=reader.big(8, "issuer"),
            valid_from=reader.big(5, "valid from"),
            valid_for=reader.big(4, "valid to"),
            subject=Eui64(reader.big(8, "subject")),
            key_usage=reader.big(1, "key usage"),
            reconstruction=reader.octets(cls.suite.curve.point_octets, "reconstruction point"),
            form=form,
            curve=curve,
            hash=digest,
        )
        reader.finish("certificate")
        return certificate

    @property
    def flaw(self) -> str | None:
        """What makes it no certificate for key agreement in this suite, or None; whatever the date."""
        if self.form != TYPE_IMPLICIT:
            return f"certificate type {self.form:#04x}"
        if self.curve != CURVE_SECT283K1:
            return f"certificate curve {self.curve:#04x}"
        if self.hash != HASH_AES_MMO:
            return f"certificate hash {self.hash:#04x}"
        if not self.key_usage & KEY_USAGE_AGREEMENT:
            return f"certificate key usage {self.key_usage:#04x}"
        return None

    @property
    def validity(self) -> str:
        """When it is valid, for people."""
        begin = f"from {_moment_text(self.valid_from)}"
        return f"{begin} on" if self.valid_for == NO_END else f"{begin} to {_moment_text(self._valid_to)}"

    def untimely(self, date: datetime) -> str | None:
        """NOT_YET_VALID or EXPIRED at that date (UTC), or None; the last second counts (an assumption, as in X.509)."""
        moment = int(date.timestamp())
        if moment < self.valid_from:
            return NOT_YET_VALID
        return EXPIRED if self.valid_for != NO_END and moment > self._valid_to else None

    @property
    def _valid_to(self) -> int:
        return self.valid_from + self.valid_for


def date_text(date: datetime) -> str:
    """A date in UTC for people, as errors about validity say it."""
    return f"{date:%Y-%m-%d %H:%M:%S} UTC"


def _moment_text(moment: int) -> str:
    """Seconds since 1970 as a date; 40 bits of them reach beyond the calendar."""
    try:
        return date_text(datetime.fromtimestamp(moment, UTC))
    except (OverflowError, ValueError, OSError):
        return f"{moment} seconds after 1970"


Certificate = CertificateCS1 | CertificateCS2

_FORMS: Final[dict[int, type[Certificate]]] = {1: CertificateCS1, 2: CertificateCS2}


def decode_certificate(octets: bytes, suite: Suite) -> Certificate:
    """The certificate of that suite; DecodeError where the length is wrong."""
    if len(octets) != suite.certificate_octets:
        raise DecodeError(f"certificate of {len(octets)} octets in {suite}, not {suite.certificate_octets}")
    return _FORMS[suite.number].decode(octets)


def suite_of_certificate(octets: bytes) -> Suite:
    """The suite whose certificates are that long; DecodeError where there is none."""
    for suite in SUITES.values():
        if len(octets) == suite.certificate_octets:
            return suite
    lengths = " nor ".join(str(suite.certificate_octets) for suite in SUITES.values())
    raise DecodeError(f"certificate of {len(octets)} octets, neither {lengths}")


def certificate_hash(octets: bytes) -> int:
    """e: AES-MMO over the whole certificate as a 128-bit integer; not reduced, as it is below either order."""
    return int.from_bytes(aes_mmo(octets), "big")
