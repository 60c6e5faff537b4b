"""The certificate profile: byte for byte what was published, and what each kind must say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64, eui64_big
from emulator.gbcs import certificates, crypto
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Credential, Pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.subjects import Authority, Device, Organisation, Subject
from tests.gbcs.parties import BRIDGE, Rtds

SIGNER = crypto.private_key(b"whoever signs")
AUTHORITIES = {"Z1": Authority("Z1", RemotePartyRole.ISSUING_AUTHORITY), "ZA": Authority("ZA", RemotePartyRole.ROOT)}


def embedded_certificates(octets: bytes) -> Iterator[x509.Certificate]:
    """Every certificate anywhere in a payload."""
    at = octets.find(b"\x30\x82")
    while at >= 0:
        length = 4 + int.from_bytes(octets[at + 2 : at + 4], "big")
        try:
            yield x509.load_der_x509_certificate(octets[at : at + length])
            at += length - 1
        except ValueError:
            pass
        at = octets.find(b"\x30\x82", at + 1)


def text_of(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None


def usage_of(certificate: x509.Certificate) -> KeyUsage:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    return KeyUsage.DIGITAL_SIGNATURE if usage.digital_signature else KeyUsage.KEY_AGREEMENT


def subject_of(certificate: x509.Certificate) -> Subject:
    """Whom a published certificate is about, read with other means than it is written."""
    names = [extension.oid for extension in certificate.extensions]
    if ExtensionOID.SUBJECT_ALTERNATIVE_NAME in names:
        value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (other,) = value.get_values_for_type(x509.OtherName)
        return Device(Eui64(int.from_bytes(other.value[-8:], "big")), usage_of(certificate))
    common_name = text_of(certificate.subject, NameOID.COMMON_NAME)
    if ExtensionOID.BASIC_CONSTRAINTS in names:
        return AUTHORITIES[str(common_name)]
    role = RemotePartyRole(int(str(text_of(certificate.subject, NameOID.ORGANIZATIONAL_UNIT_NAME)), 16))
    (unique,) = certificate.subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER)
    assert isinstance(unique.value, bytes)
    return Organisation(Eui64(int.from_bytes(unique.value[1:], "big")), role, usage_of(certificate), common_name)


def issuer_of(certificate: x509.Certificate) -> certificates.Issuer:
    common_name = str(text_of(certificate.issuer, NameOID.COMMON_NAME))
    identifier = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert identifier
    return certificates.Issuer(AUTHORITIES.get(common_name, Authority(common_name)), identifier, SIGNER)


def public_key_of(certificate: x509.Certificate) -> crypto.PublicKey:
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def test_published_certificates_are_rebuilt_byte_for_byte_but_for_the_signature(rtds: Rtds) -> None:
    found = [one for vector in rtds.all for one in embedded_certificates(Message.decode(vector.octets).payload)]
    kinds = {type(subject_of(one)) for one in found}
    assert kinds == {Device, Organisation, Authority}
    for published in found:
        rebuilt = certificates.issue(
            subject_of(published),
            public_key_of(published),
            published.serial_number,
            published.not_valid_before_utc,
            issuer_of(published),
        )
        assert rebuilt.tbs_certificate_bytes == published.tbs_certificate_bytes, published.subject


def test_key_identifiers_are_method_two_of_rfc_5280(rtds: Rtds) -> None:
    for vector in rtds.group("CS02bAnyExcept"):
        for published in embedded_certificates(Message.decode(vector.octets).payload):
            digest = published.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            assert crypto.key_identifier(public_key_of(published)) == digest


def everyone(pki: Pki) -> list[Credential]:
    identities = [pki.access_control_broker, *pki.suppliers, *pki.devices.values()]
    return [one for identity in identities for one in (identity.digital_signature, identity.key_agreement)]


def authorities(pki: Pki) -> list[Credential]:
    return [pki.organisation_root, pki.organisation_issuer, pki.device_root, pki.device_issuer]


def test_every_certificate_has_the_common_profile(pki: Pki) -> None:
    for credential in (*everyone(pki), *authorities(pki)):
        certificate = credential.certificate
        assert certificate.version is x509.Version.v3
        assert certificate.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
        assert public_key_of(certificate) == credential.public_key
        assert certificate.serial_number.bit_length() == 127
        critical = {extension.oid: extension.critical for extension in certificate.extensions}
        assert critical[ExtensionOID.KEY_USAGE]
        assert critical[ExtensionOID.CERTIFICATE_POLICIES]
        assert not critical[ExtensionOID.SUBJECT_KEY_IDENTIFIER]
        assert not critical[ExtensionOID.AUTHORITY_KEY_IDENTIFIER]
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
        assert len(policies) == 1


def test_a_device_certificate_names_the_device_only_as_hardware_module(pki: Pki) -> None:
    certificate = pki.device(BRIDGE).key_agreement.certificate
    assert certificate.subject == x509.Name([])
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert extension.critical
    (other,) = extension.value.get_values_for_type(x509.OtherName)
    assert other.type_id.dotted_string == "1.3.6.1.5.5.7.8.4"
    assert other.value == bytes.fromhex("3019 060D 2A863A0001848FB90F01020201 0408") + eui64_big(BRIDGE)
    assert certificate.not_valid_after_utc == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policies[0].policy_identifier == certificates.DEVICE_POLICY


def test_an_organisation_certificate_names_role_and_entity(pki: Pki) -> None:
    certificate = pki.access_control_broker.digital_signature.certificate
    role, unique = certificate.subject
    assert (role.oid, role.value) == (NameOID.ORGANIZATIONAL_UNIT_NAME, "04")
    assert (unique.oid, unique.value) == (NameOID.X500_UNIQUE_IDENTIFIER, bytes.fromhex("00 90b3d51f30000002"))
    assert certificate.not_valid_before_utc == VIRTUAL_EPOCH
    assert certificate.not_valid_after_utc == datetime(2035, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_each_key_has_one_usage(pki: Pki) -> None:
    identity = pki.device(BRIDGE)
    for credential, value in ((identity.digital_signature, "03020780"), (identity.key_agreement, "03020308")):
        usage = credential.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.public_bytes() == bytes.fromhex(value)
    for authority in authorities(pki):
        usage = authority.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.public_bytes() == bytes.fromhex("03020106")


def path(pki: Pki, credential: Credential) -> list[x509.Certificate]:
    """From a certificate up to its root."""
    if isinstance(credential.subject, Device):
        above = [pki.device_issuer, pki.device_root]
    else:
        above = [pki.organisation_issuer, pki.organisation_root]
    return [credential.certificate, *(one.certificate for one in above)]


def test_every_path_verifies_up_to_its_root(pki: Pki) -> None:
    for credential in everyone(pki):
        leaf, issuer, root = path(pki, credential)
        leaf.verify_directly_issued_by(issuer)
        issuer.verify_directly_issued_by(root)
        root.verify_directly_issued_by(root)
        for child, parent in ((leaf, issuer), (issuer, root), (root, root)):
            identifier = child.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
            assert identifier == parent.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            assert parent.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            assert parent.not_valid_before_utc <= child.not_valid_before_utc
        assert root.not_valid_after_utc > issuer.not_valid_after_utc


def test_a_path_does_not_verify_under_the_other_root(pki: Pki) -> None:
    with pytest.raises(ValueError, match="does not match certificate issuer"):
        pki.device(BRIDGE).digital_signature.certificate.verify_directly_issued_by(pki.organisation_issuer.certificate)


def test_ten_years_from_a_leap_day_end_on_the_last_of_february(pki: Pki) -> None:
    subject = Organisation(Eui64(1), RemotePartyRole.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
    issuer = certificates.Issuer(Authority("X"), bytes(8), SIGNER)
    certificate = certificates.issue(subject, SIGNER.public_key(), 1, datetime(2028, 2, 29, tzinfo=UTC), issuer)
    assert certificate.not_valid_after_utc + timedelta(seconds=1) == datetime(2038, 3, 1, tzinfo=UTC)
