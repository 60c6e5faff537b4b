"""Certificates by the GBCS profile, built and signed.

Source: RTDS 4.5.0 and GBCS v0.8.1; certificates of devices, organisations and the authority that issues those of
organisations come out byte for byte as the published ones, but for the signature.  For the others see `subjects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.name import _ASN1Type  # the string type of an attribute can be set in no public way
from cryptography.x509.oid import NameOID, ObjectIdentifier

from emulator.core.eui64 import Eui64, eui64_big
from emulator.gbcs.crypto import PrivateKey, PublicKey, key_identifier
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.subjects import Authority, Device, Organisation, Subject

DEVICE_POLICY = ObjectIdentifier("1.2.826.0.1.1800000.1.2.1.4")
ORGANISATION_POLICY = ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")
"""The policies of the published test environment; those of production were not found."""

_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_ORGANISATION_YEARS = 10
_AUTHORITY_YEARS = 25
_ROOT_YEARS = 50  # an assumption: longer than what it signs

_HARDWARE_MODULE_NAME = ObjectIdentifier("1.3.6.1.5.5.7.8.4")
_HARDWARE_TYPE = bytes.fromhex("060d2a863a0001848fb90f01020201")  # 1.2.826.0.1.8641679.1.2.2.1, encoded

_Extension = tuple[x509.ExtensionType, bool]  # and whether it is critical


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs a certificate.

    Attributes:
        authority: who it is.
        key_identifier: of its key, 8 octets.
        key: what it signs with.
    """

    authority: Authority
    key_identifier: bytes
    key: PrivateKey


def issue(subject: Subject, key: PublicKey, serial: int, not_before: datetime, issuer: Issuer) -> x509.Certificate:
    """The certificate of `subject` for its public key, signed by RFC 6979.

    Args:
        subject: whom it is about.
        key: the subject's.
        serial: positive; 16 octets in the published certificates.
        not_before: UTC, whole seconds.
        issuer: who signs; for a root the root itself.
    """
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject))
        .issuer_name(name_of(issuer.authority))
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(_not_after(subject, not_before))
    )
    authority = (x509.AuthorityKeyIdentifier(issuer.key_identifier, None, None), False)
    for extension, critical in (*_extensions(subject, key), authority):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.key, SHA256(), ecdsa_deterministic=True)


def name_of(subject: Subject) -> x509.Name:
    """The subject's distinguished name, one attribute to each part, with the string types of the published ones."""
    if isinstance(subject, Device):
        return x509.Name([])
    if isinstance(subject, Authority):
        unit = [] if subject.role is None else [_printable(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{subject.role:02X}")]
        return x509.Name([*unit, _printable(NameOID.COMMON_NAME, subject.common_name)])
    common = [] if subject.common_name is None else [x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name)]
    role = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{subject.role:02X}")
    no_unused_bits = b"\x00"
    identifier = no_unused_bits + eui64_big(subject.entity_id)
    unique = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, identifier, _type=_ASN1Type.BitString)
    return x509.Name([*common, role, unique])


def _printable(oid: ObjectIdentifier, text: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(oid, text, _type=_ASN1Type.PrintableString)


def _not_after(subject: Subject, not_before: datetime) -> datetime:
    """The last second of the subject's years; never, for a device."""
    if isinstance(subject, Device):
        return _NEVER
    if isinstance(subject, Organisation):
        years = _ORGANISATION_YEARS
    else:
        years = _ROOT_YEARS if subject.root else _AUTHORITY_YEARS
    try:
        end = not_before.replace(year=not_before.year + years)
    except ValueError:  # the 29th of February, where the other year has none
        end = not_before.replace(year=not_before.year + years, month=3, day=1)
    return end - timedelta(seconds=1)


def _extensions(subject: Subject, key: PublicKey) -> tuple[_Extension, ...]:
    """All but the authority key identifier, which is always last; in the order of the published certificates."""
    identifier: _Extension = (x509.SubjectKeyIdentifier(key_identifier(key)), False)
    if isinstance(subject, Authority):
        policy = _policies(DEVICE_POLICY if subject.role is None else ORGANISATION_POLICY)
        constraints = x509.BasicConstraints(ca=True, path_length=None if subject.root else 0)
        return (_key_usage(KeyUsage.KEY_CERT_SIGN), True), (constraints, True), (policy, True), identifier
    usage: _Extension = (_key_usage(subject.key_usage), True)
    if isinstance(subject, Organisation):
        return usage, identifier, (_policies(ORGANISATION_POLICY), True)
    return usage, identifier, (_hardware_module_name(subject.entity_id), True), (_policies(DEVICE_POLICY), True)


def _key_usage(usage: KeyUsage) -> x509.KeyUsage:
    issues = usage is KeyUsage.KEY_CERT_SIGN
    return x509.KeyUsage(
        digital_signature=usage is KeyUsage.DIGITAL_SIGNATURE,
        key_agreement=usage is KeyUsage.KEY_AGREEMENT,
        key_cert_sign=issues,
        crl_sign=issues,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        encipher_only=False,
        decipher_only=False,
    )


def _policies(policy: ObjectIdentifier) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(policy, None)])


def _hardware_module_name(entity_id: Eui64) -> x509.SubjectAlternativeName:
    """SEQUENCE of hardware type and, as an OCTET STRING, the entity identifier."""
    content = _HARDWARE_TYPE + bytes((0x04, 8)) + eui64_big(entity_id)
    name = x509.OtherName(_HARDWARE_MODULE_NAME, bytes((0x30, len(content))) + content)
    return x509.SubjectAlternativeName([name])
