"""What is looked at in a partner's messages before anything is computed, and with which status it is refused.

There is no status for some of these; the ones chosen are what implementations answer, or an assumption where they say
nothing: INVALID_CERTIFICATE for a certificate outside its dates or whose point is no public key, BAD_MESSAGE for such
an ephemeral one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emulator.cbke.certificate import Certificate, decode_certificate
from emulator.cbke.credentials import Credentials
from emulator.core.errors import DecodeError
from emulator.zigbee.clusters.key_establishment import TerminateStatus

FINAL_STATUSES: Final = frozenset(
    (TerminateStatus.UNKNOWN_ISSUER, TerminateStatus.BAD_KEY_CONFIRM, TerminateStatus.INVALID_CERTIFICATE)
)
"""After these another try is of no use."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message of the partner is not taken.

    Attributes:
        status: what it is told.
        reason: machine-readable.
    """

    status: TerminateStatus
    reason: str


OUT_OF_ORDER: Final = Refusal(TerminateStatus.BAD_MESSAGE, "out-of-order")
UNDECODABLE: Final = Refusal(TerminateStatus.BAD_MESSAGE, "undecodable")
BAD_KEY_CONFIRM: Final = Refusal(TerminateStatus.BAD_KEY_CONFIRM, "bad-key-confirm")
UNSUPPORTED_SUITE: Final = Refusal(TerminateStatus.UNSUPPORTED_SUITE, "unsupported-suite")


def refused_certificate(octets: bytes, own: Credentials, sender: int, date: datetime | None) -> Refusal | None:
    """What is wrong with a partner's certificate, as far as its fields show it.

    Args:
        octets: the certificate as it came.
        own: ours in the suite of the exchange; whoever issued it is the issuer that we trust.
        sender: EUI-64 that the message came from.
        date: at which it must be valid, UTC; None: whatever its dates say.
    """
    try:
        certificate = decode_certificate(octets, own.suite)
    except DecodeError:
        return Refusal(TerminateStatus.BAD_MESSAGE, "certificate-length")
    if certificate.issuer != own.certificate.issuer:
        return Refusal(TerminateStatus.UNKNOWN_ISSUER, "unknown-issuer")
    unfit = _unfit(certificate, date)
    if unfit is None and certificate.subject == own.eui64:
        return Refusal(TerminateStatus.BAD_MESSAGE, "own-certificate")
    if unfit is None and certificate.subject != sender:
        return Refusal(TerminateStatus.BAD_MESSAGE, "subject-not-sender")
    return unfit


def _unfit(certificate: Certificate, date: datetime | None) -> Refusal | None:
    """What is wrong with a certificate itself, whoever sends it."""
    if certificate.flaw is not None:
        return Refusal(TerminateStatus.INVALID_CERTIFICATE, "invalid-certificate")
    untimely = None if date is None else certificate.untimely(date)
    return None if untimely is None else Refusal(TerminateStatus.INVALID_CERTIFICATE, f"certificate-{untimely}")


def refused_point(octets: bytes, own: Credentials, own_point: bytes | None) -> Refusal | None:
    """What is wrong with a partner's ephemeral key, short of arithmetic; `own_point` is ours, if it is on the air."""
    if len(octets) != own.suite.curve.point_octets:
        return Refusal(TerminateStatus.BAD_MESSAGE, "ephemeral-key-length")
    if octets == own_point:
        return Refusal(TerminateStatus.BAD_MESSAGE, "reflected-ephemeral-key")
    return None
