"""Certificates read by our own reader: the same as X.509 says, and a DecodeError for anything else."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.core.rng import SeededStreams
from emulator.gbcs import crypto
from emulator.gbcs.certificate_reading import ReadCertificate, read_certificate
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Credential, Pki, generate_pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from tests.gbcs.parties import BRIDGE, Rtds
from tests.gbcs.test_certificates import embedded_certificates

SMALL = generate_pki(SeededStreams(1), [BRIDGE])


def octets_of(credential: Credential) -> bytes:
    return credential.certificate.public_bytes(Encoding.DER)


EXAMPLES = [octets_of(SMALL.device(BRIDGE).digital_signature), octets_of(SMALL.access_control_broker.key_agreement)]


def assert_same(read: ReadCertificate, other: x509.Certificate) -> None:
    assert read.serial == other.serial_number
    assert (read.not_before, read.not_after) == (other.not_valid_before_utc, other.not_valid_after_utc)
    assert read.point == crypto.encode_point(other.public_key())  # type: ignore[arg-type] # P-256 throughout
    assert read.subject.octets == other.subject.public_bytes()
    assert read.issuer.octets == other.issuer.public_bytes()
    assert (read.signed, read.signature) == (other.tbs_certificate_bytes, other.signature)
    identifier = other.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert read.extensions.subject_key_identifier == identifier
    authority = other.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert read.extensions.authority_key_identifier == authority
    assert read.extensions.unknown_critical == ()
    assert len(read.extensions.policies) == 1


def test_published_certificates_say_what_x509_says(rtds: Rtds) -> None:
    for vector in rtds.all:
        for other in embedded_certificates(Message.decode(vector.octets).payload):
            assert_same(read_certificate(other.public_bytes(Encoding.DER)), other)


def test_ours_say_what_x509_says(pki: Pki) -> None:
    for credential in (pki.organisation_root, pki.device_issuer, pki.device(BRIDGE).key_agreement):
        assert_same(read_certificate(octets_of(credential)), credential.certificate)


def test_each_kind_says_whose_it_is(pki: Pki) -> None:
    device = read_certificate(octets_of(pki.device(BRIDGE).digital_signature))
    assert (device.entity_id, device.extensions.key_usage) == (BRIDGE, KeyUsage.DIGITAL_SIGNATURE)
    assert not device.extensions.is_authority
    broker = read_certificate(octets_of(pki.access_control_broker.key_agreement))
    assert (broker.entity_id, broker.subject.role) == (pki.access_control_broker.entity_id, 4)
    assert broker.extensions.key_usage is KeyUsage.KEY_AGREEMENT
    issuer = read_certificate(octets_of(pki.organisation_issuer))
    assert (issuer.extensions.is_authority, issuer.extensions.path_length) == (True, 0)
    assert (issuer.subject.common_name, issuer.subject.role) == ("Z1", RemotePartyRole.ISSUING_AUTHORITY)
    assert (issuer.entity_id, issuer.is_self_issued) == (None, False)
    assert read_certificate(octets_of(pki.organisation_root)).is_self_issued


@given(st.binary(max_size=200))
def test_garbage_is_a_decode_error(octets: bytes) -> None:
    with pytest.raises(DecodeError, match=r"^certificate"):
        read_certificate(octets)


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_damaged_certificate_is_a_decode_error_or_a_certificate(octets: bytes, data: st.DataObject) -> None:
    damaged = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_certificate(bytes(damaged))
    except DecodeError:
        return


def test_every_octet_changed_to_any_other_is_judged_without_another_error() -> None:
    for at in range(len(EXAMPLES[0])):
        for value in (0x00, 0x01, 0x30, 0x7F, 0x80, 0xFF):
            damaged = EXAMPLES[0][:at] + bytes((value,)) + EXAMPLES[0][at + 1 :]
            try:
                read_certificate(damaged)
            except DecodeError:
                continue
