"""What a device must hold to establish keys: its certificate, the private key to it, and the public key of its CA."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from emulator.cbke.certificate import Certificate, date_text, decode_certificate
from emulator.cbke.curve import InvalidPoint, Point
from emulator.cbke.ecqv import keys_belong_together
from emulator.cbke.settings import TIME_CHECKS
from emulator.cbke.suite import SUITES, Suite
from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text


class BadCredentials(BadInput):
    """Credentials that cannot be used.

    Args:
        reason: one of `wrong-suite`, `damaged-certificate`, `unfit-certificate`, `damaged-private-key`,
            `damaged-ca-public-key`, `wrong-eui64`, `mismatch`, `not-yet-valid`, `expired`, `missing`, `unreadable`.
        what: the same for people.
        where: the file or key it was found in.
        allowed: what would be accepted.
    """

    def __init__(self, reason: str, what: str, *, where: str = "", allowed: str = "") -> None:
        self.reason = reason
        super().__init__(what, where=where, allowed=allowed)


@dataclass(frozen=True, slots=True)
class Credentials:
    """One device's credentials in one suite, as `check_credentials` found them good.

    Attributes:
        suite: of all of them.
        octets: the certificate as it travels.
        private_key: d, below n.
        ca_public_key: of the CA that is trusted.
    """

    suite: Suite
    octets: bytes
    private_key: int = field(repr=False)
    ca_public_key: Point

    @property
    def certificate(self) -> Certificate:
        """The certificate with its fields."""
        return decode_certificate(self.octets, self.suite)

    @property
    def eui64(self) -> Eui64:
        """The device that the certificate is for."""
        return self.certificate.subject


@dataclass(frozen=True, slots=True)
class Where:
    """What an error calls the places the octets came from, such as files."""

    certificate: str = "certificate"
    private_key: str = "private key"
    ca_public_key: str = "CA public key"


def check_credentials(
    suite: Suite,
    certificate: bytes,
    private_key: bytes,
    ca_public_key: bytes,
    *,
    eui64: int | None = None,
    at: datetime | None = None,
    where: Where | None = None,
) -> Credentials:
    """Credentials from their octets, checked as a whole; takes some ten milliseconds.

    Args:
        suite: the one they must be of.
        certificate: 48 or 74 octets.
        private_key: 21 or 36 octets.
        ca_public_key: the compressed point, 22 or 37 octets.
        eui64: the device that they must be for; None: any.
        at: the date, UTC, at which the certificate must be valid; None: whatever its dates say.
        where: what errors call the three.

    Raises:
        BadCredentials: with its reason; `mismatch` where each is well-formed but d·G is not e·B + Q_CA.
    """
    where = where or Where()
    decoded = _certificate(certificate, suite, where.certificate)
    if eui64 is not None and decoded.subject != eui64:
        what = f"certificate of {eui64_text(decoded.subject)}, but the device is {eui64_text(eui64)}"
        raise BadCredentials("wrong-eui64", what, where=where.certificate, allowed="the device's own certificate")
    credentials = Credentials(
        suite,
        certificate,
        _private_key(private_key, suite, where.private_key),
        _ca_public_key(ca_public_key, suite, where.ca_public_key),
    )
    _check_match(credentials, where)
    if at is not None:
        _check_dates(decoded, at, where.certificate)
    return credentials


def suites_of(credentials: Iterable[Credentials]) -> int:
    """The value of the attribute KeyEstablishmentSuite of a device that holds these."""
    mask = 0
    for one in credentials:
        mask |= one.suite.mask
    return mask


def _certificate(octets: bytes, suite: Suite, where: str) -> Certificate:
    try:
        certificate = decode_certificate(octets, suite)
    except DecodeError as error:
        reason = "wrong-suite" if _is_of_another_suite(octets) else "damaged-certificate"
        allowed = f"{suite.certificate_octets} octets"
        raise BadCredentials(reason, str(error), where=where, allowed=allowed) from error
    if certificate.flaw is not None:
        raise BadCredentials("unfit-certificate", f"{certificate.flaw} is not for key agreement", where=where)
    return certificate


def _is_of_another_suite(octets: bytes) -> bool:
    return any(len(octets) == suite.certificate_octets for suite in SUITES.values())


def _private_key(octets: bytes, suite: Suite, where: str) -> int:
    try:
        return suite.private_key(octets)
    except DecodeError as error:
        allowed = f"{suite.private_key_octets} octets"
        raise BadCredentials("damaged-private-key", str(error), where=where, allowed=allowed) from error


def _ca_public_key(octets: bytes, suite: Suite, where: str) -> Point:
    try:
        return suite.curve.decode_public_key(octets)
    except InvalidPoint as error:
        allowed = f"a compressed point of {suite.curve.name}, {suite.curve.point_octets} octets"
        raise BadCredentials("damaged-ca-public-key", str(error), where=where, allowed=allowed) from error


def _check_match(credentials: Credentials, where: Where) -> None:
    try:
        good = keys_belong_together(
            credentials.octets, credentials.suite, credentials.private_key, credentials.ca_public_key
        )
    except InvalidPoint as error:
        raise BadCredentials("damaged-certificate", str(error), where=where.certificate) from error
    if not good:
        what = "certificate, private key and CA public key do not belong together: one is damaged, or another's"
        raise BadCredentials("mismatch", what, where=where.certificate)


def _check_dates(certificate: Certificate, at: datetime, where: str) -> None:
    """Every partner would refuse it; said before anybody is asked."""
    untimely = certificate.untimely(at)
    if untimely is not None:
        dates = f"valid {certificate.validity}, but the run begins at {date_text(at)}"
        what = f"certificate {untimely.replace('-', ' ')}: {dates}"
        raise BadCredentials(untimely, what, where=where, allowed=f"one valid then, or --set {TIME_CHECKS}=false")
