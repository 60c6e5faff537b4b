"""Certification paths: those of the PKI hold, and each way to break one is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from emulator.core.eui64 import Eui64
from emulator.gbcs.certificate_reading import ReadCertificate, read_certificate
from emulator.gbcs.paths import PathError, PathFault, check_path
from emulator.gbcs.pki import Credential, Pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.subjects import Authority, Organisation
from tests.gbcs.parties import BRIDGE

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def read(credential: Credential) -> ReadCertificate:
    return read_certificate(credential.certificate_octets)


def fault_of(
    pki: Pki, certificate: ReadCertificate, *between: ReadCertificate, at: datetime | None = NOW
) -> PathFault | None:
    root = read(pki.organisation_root)
    try:
        check_path(certificate, between, root.extensions.subject_key_identifier or b"", root.point, at)
    except PathError as error:
        return error.fault
    return None


def issued(pki: Pki, issuer: Credential, number: int = 1) -> Credential:
    subject = Organisation(Eui64(number), RemotePartyRole.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
    return Credential(subject, pki.recovery.digital_signature.private_key, number, NOW, issuer)


def test_the_paths_of_the_pki_hold(pki: Pki) -> None:
    issuer, root = read(pki.organisation_issuer), read(pki.organisation_root)
    for credential in (pki.access_control_broker.key_agreement, pki.recovery.digital_signature):
        assert fault_of(pki, read(credential), issuer) is None
        assert fault_of(pki, read(credential), read(pki.device_issuer), root, issuer) is None
    assert fault_of(pki, issuer) is None
    assert fault_of(pki, root) is None


def test_a_path_without_its_issuer_does_not_hold(pki: Pki) -> None:
    broker = read(pki.access_control_broker.key_agreement)
    assert fault_of(pki, broker) is PathFault.NO_ISSUER
    assert fault_of(pki, broker, read(pki.device_issuer)) is PathFault.NO_ISSUER
    assert fault_of(pki, read(pki.device(BRIDGE).key_agreement), read(pki.device_issuer)) is PathFault.NO_ISSUER


@pytest.mark.parametrize("of", ["certificate", "issuer"])
def test_a_signature_that_does_not_fit_is_found(pki: Pki, of: str) -> None:
    broker, issuer = read(pki.access_control_broker.key_agreement), read(pki.organisation_issuer)
    if of == "certificate":
        broker = replace(broker, signed=broker.signed[:-1] + b"\0")
    else:
        issuer = replace(issuer, signed=issuer.signed[:-1] + b"\0")
    assert fault_of(pki, broker, issuer) is PathFault.BAD_SIGNATURE


def test_the_time_counts_for_the_whole_path_unless_it_is_left_out(pki: Pki) -> None:
    broker, issuer = read(pki.access_control_broker.key_agreement), read(pki.organisation_issuer)
    assert fault_of(pki, broker, issuer, at=datetime(2025, 12, 31, tzinfo=UTC)) is PathFault.NOT_YET_VALID
    assert fault_of(pki, broker, issuer, at=datetime(2036, 1, 1, tzinfo=UTC)) is PathFault.EXPIRED
    assert fault_of(pki, broker, issuer, at=None) is None
    early = replace(issuer, not_after=datetime(2026, 1, 2, tzinfo=UTC))
    assert fault_of(pki, broker, early) is PathFault.EXPIRED


def test_who_is_no_authority_issues_nothing(pki: Pki) -> None:
    broker, issuer = read(pki.access_control_broker.key_agreement), read(pki.organisation_issuer)
    for extensions in (
        replace(issuer.extensions, is_authority=False),
        replace(issuer.extensions, key_usage=KeyUsage.DIGITAL_SIGNATURE),
    ):
        assert fault_of(pki, broker, replace(issuer, extensions=extensions)) is PathFault.NOT_AN_AUTHORITY


def test_an_authority_below_one_that_may_have_none_is_found(pki: Pki) -> None:
    lower = Credential(
        Authority("Z2", RemotePartyRole.ISSUING_AUTHORITY),
        pki.transitional_cos.digital_signature.private_key,
        5,
        NOW,
        pki.organisation_issuer,
    )
    leaf = read(issued(pki, lower))
    assert fault_of(pki, leaf, read(lower), read(pki.organisation_issuer)) is PathFault.PATH_TOO_LONG


def test_certificates_that_issue_each_other_end_somewhere(pki: Pki) -> None:
    issuer = read(pki.organisation_issuer)
    extensions = replace(
        issuer.extensions, authority_key_identifier=issuer.extensions.subject_key_identifier, path_length=None
    )
    circle = replace(issuer, issuer=issuer.subject, extensions=extensions)
    assert fault_of(pki, read(pki.access_control_broker.key_agreement), circle) is PathFault.BAD_SIGNATURE


def test_a_critical_extension_that_is_not_known_is_found(pki: Pki) -> None:
    broker = read(pki.access_control_broker.key_agreement)
    odd = replace(broker, extensions=replace(broker.extensions, unknown_critical=(b"x",)))
    assert fault_of(pki, odd, read(pki.organisation_issuer)) is PathFault.UNKNOWN_CRITICAL_EXTENSION
