"""Certification paths: from a certificate up to a root that is trusted.

By RFC 5280 as far as the GBCS profile goes: signatures, names and key identifiers chain, only authorities issue, within
their path length, nothing critical is unknown, and the validity periods hold unless the time is left out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from emulator.core.errors import DecodeError, EmulatorError
from emulator.gbcs import crypto
from emulator.gbcs.certificate_reading import ReadCertificate
from emulator.gbcs.roles import KeyUsage

_LONGEST_PATH = 8


class PathFault(StrEnum):
    """Why a path does not hold."""

    NO_ISSUER = "no-issuer"
    BAD_SIGNATURE = "bad-signature"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    NOT_AN_AUTHORITY = "not-an-authority"
    PATH_TOO_LONG = "path-too-long"
    UNKNOWN_CRITICAL_EXTENSION = "unknown-critical-extension"


class PathError(EmulatorError):
    """A path that does not hold; its fault says why."""

    def __init__(self, fault: PathFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


def check_path(
    certificate: ReadCertificate,
    between: Sequence[ReadCertificate],
    root_identifier: bytes,
    root_point: bytes,
    at: datetime | None,
) -> None:
    """PathError unless the certificate is good under the root.

    Args:
        certificate: the one in question.
        between: authorities that may stand between it and the root, in any order.
        root_identifier: subject key identifier of the root.
        root_point: public key of the root, uncompressed.
        at: now, UTC; None = leave the validity periods out of it.
    """
    current = certificate
    for below in range(_LONGEST_PATH):
        _check_alone(current, at)
        wanted = current.extensions.authority_key_identifier
        if wanted == root_identifier:
            _check_signature(current, root_point)
            return
        issuer = next((one for one in between if _may_issue(one, current)), None)
        if issuer is None:
            raise PathError(PathFault.NO_ISSUER, "neither the root nor a certificate of the path has issued it")
        _check_authority(issuer, below)
        _check_signature(current, issuer.point)
        current = issuer
    raise PathError(PathFault.PATH_TOO_LONG, f"more than {_LONGEST_PATH} certificates")


def _may_issue(issuer: ReadCertificate, subject: ReadCertificate) -> bool:
    identifier = subject.extensions.authority_key_identifier
    names = issuer.subject.octets == subject.issuer.octets
    return names and identifier is not None and issuer.extensions.subject_key_identifier == identifier


def _check_alone(certificate: ReadCertificate, at: datetime | None) -> None:
    if certificate.extensions.unknown_critical:
        raise PathError(PathFault.UNKNOWN_CRITICAL_EXTENSION, "a critical extension is not known")
    if at is not None and at < certificate.not_before:
        raise PathError(PathFault.NOT_YET_VALID, f"not valid before {certificate.not_before:%Y-%m-%d}")
    if at is not None and at > certificate.not_after:
        raise PathError(PathFault.EXPIRED, f"not valid after {certificate.not_after:%Y-%m-%d}")


def _check_authority(issuer: ReadCertificate, authorities_below: int) -> None:
    extensions = issuer.extensions
    if not extensions.is_authority or extensions.key_usage is not KeyUsage.KEY_CERT_SIGN:
        raise PathError(PathFault.NOT_AN_AUTHORITY, "its issuer may not issue certificates")
    if extensions.path_length is not None and authorities_below > extensions.path_length:
        raise PathError(PathFault.PATH_TOO_LONG, "more authorities below one than it may have")


def _check_signature(certificate: ReadCertificate, point: bytes) -> None:
    try:
        crypto.public_key(point).verify(certificate.signature, certificate.signed, ec.ECDSA(SHA256()))
    except (InvalidSignature, DecodeError) as error:
        raise PathError(PathFault.BAD_SIGNATURE, "its issuer has not signed it") from error
