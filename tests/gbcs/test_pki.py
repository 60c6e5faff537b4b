"""The test PKI: the same from the same seed, another device moves nothing, and nothing is made before it is needed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams, SystemStreams
from emulator.gbcs import crypto
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.device.trust_store import CellContents
from emulator.gbcs.pki import Credential, Identity, Pki, generate_pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases.cells import TrustAnchorCell
from tests.gbcs.parties import BRIDGE, STRANGER


def der(credential: Credential) -> bytes:
    return credential.certificate.public_bytes(Encoding.DER)


def keys_of(identity: Identity) -> list[bytes]:
    return [crypto.encode_point(one.public_key) for one in (identity.digital_signature, identity.key_agreement)]


def everything(pki: Pki) -> list[bytes]:
    identities = [pki.access_control_broker, *pki.suppliers, pki.device(BRIDGE)]
    authorities = [pki.organisation_root, pki.organisation_issuer, pki.device_root, pki.device_issuer]
    credentials = [one for identity in identities for one in (identity.digital_signature, identity.key_agreement)]
    return [der(credential) for credential in (*credentials, *authorities)]


def test_the_same_seed_makes_the_same_certificates() -> None:
    first, second = (everything(generate_pki(SeededStreams(1), [BRIDGE])) for _ in range(2))
    assert first == second
    assert len(set(first)) == len(first)


def test_another_seed_makes_other_keys_for_everybody() -> None:
    first, second = (everything(generate_pki(SeededStreams(seed), [BRIDGE])) for seed in (1, 2))
    assert not set(first) & set(second)


def test_another_device_leaves_the_rest_as_it_was() -> None:
    one = generate_pki(SeededStreams(1), [BRIDGE])
    two = generate_pki(SeededStreams(1), [STRANGER, BRIDGE])
    assert everything(one) == everything(two)
    assert keys_of(one.device(STRANGER)) == keys_of(two.device(STRANGER))


def test_everybody_has_keys_of_their_own() -> None:
    pki = generate_pki(SeededStreams(1), [BRIDGE, STRANGER])
    identities = [pki.access_control_broker, *pki.suppliers, *pki.devices.values()]
    keys = [key for identity in identities for key in keys_of(identity)]
    assert len(set(keys)) == 2 * len(identities) == 10


def test_a_device_is_made_once_and_later_ones_when_they_are_asked_for() -> None:
    pki = generate_pki(SystemStreams(), [BRIDGE])
    assert list(pki.devices) == [BRIDGE]
    assert pki.device(BRIDGE) is pki.devices[BRIDGE]
    assert pki.device(STRANGER).entity_id == STRANGER
    assert list(pki.devices) == [BRIDGE, STRANGER]


def test_the_systems_randomness_makes_a_pki_that_nobody_can_guess() -> None:
    first, second = (generate_pki(SystemStreams(), [BRIDGE]) for _ in range(2))
    assert keys_of(first.device(BRIDGE)) != keys_of(second.device(BRIDGE))
    first.device(BRIDGE).key_agreement.certificate.verify_directly_issued_by(first.device_issuer.certificate)


@pytest.mark.parametrize("role", [None, RemotePartyRole.SUPPLIER, RemotePartyRole.WAN_PROVIDER], ids=str)
def test_a_device_holds_what_the_certificates_say(role: RemotePartyRole | None) -> None:
    pki = generate_pki(SeededStreams(1), [BRIDGE])
    broker, supplier = pki.access_control_broker, pki.suppliers[0]
    held = {
        (RemotePartyRole.ROOT, KeyUsage.KEY_CERT_SIGN): pki.organisation_root,
        (RemotePartyRole.RECOVERY, KeyUsage.DIGITAL_SIGNATURE): pki.recovery.digital_signature,
        (RemotePartyRole.ACCESS_CONTROL_BROKER, KeyUsage.DIGITAL_SIGNATURE): broker.digital_signature,
        (RemotePartyRole.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT): broker.key_agreement,
    }
    if role is RemotePartyRole.SUPPLIER:
        held[role, KeyUsage.DIGITAL_SIGNATURE] = supplier.digital_signature
        held[role, KeyUsage.KEY_AGREEMENT] = supplier.key_agreement
    elif role is RemotePartyRole.WAN_PROVIDER:
        held[role, KeyUsage.DIGITAL_SIGNATURE] = pki.wan_provider.digital_signature
    store = pki.trust_store(*([role] if role else []))
    expected = {
        TrustAnchorCell(*cell): CellContents.of(read_certificate(one.certificate_octets)) for cell, one in held.items()
    }
    assert store.cells == expected


def test_certificates_begin_when_they_are_told_to() -> None:
    begin = datetime(2030, 5, 6, tzinfo=UTC)
    pki = generate_pki(SeededStreams(1), [Eui64(1)], not_before=begin)
    assert pki.device(Eui64(1)).digital_signature.certificate.not_valid_before_utc == begin
    assert pki.organisation_root.certificate.not_valid_before_utc == begin


def test_keys_are_made_without_importing_x509() -> None:
    program = """
import sys
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.gbcs.access_control_broker import AccessControlBroker
from emulator.gbcs.device.gbcs_device import GbcsDevice
from emulator.gbcs.pki import generate_pki
pki = generate_pki(SeededStreams(1), [Eui64(1)])
GbcsDevice(pki.identity(Eui64(1)).state, {})
AccessControlBroker(pki.access_control_broker.keys)
assert "cryptography.x509" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
