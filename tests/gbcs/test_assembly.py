"""Messages of every shape put together with the keys of a PKI, and checked with them again."""

from __future__ import annotations

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.assembly import assemble
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.key_ring import HeldCredential, KeyRing
from emulator.gbcs.message import SHAPES, Message
from emulator.gbcs.pki import ACCESS_CONTROL_BROKER, SUPPLIERS, Pki
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from tests.gbcs.parties import BRIDGE, STRANGER

CRA_OF = {letter: cra for (cra, _, _), letter in SHAPES.items()}


def ring_of(pki: Pki, without_keys_of: tuple[Eui64, ...] = ()) -> KeyRing:
    return KeyRing(
        HeldCredential(
            name,
            read := read_certificate(one.certificate_octets),
            None if read.entity_id in without_keys_of else one.private_key,
        )
        for name, one in pki.credentials.items()
    )


def header_of(cra: Cra, originator: Eui64 = ACCESS_CONTROL_BROKER, recipient: Eui64 = BRIDGE) -> GroupingHeader:
    return GroupingHeader(cra, 1, originator, recipient, 0x7777)


@pytest.mark.parametrize("shape", sorted(CRA_OF))
def test_every_shape_is_made_and_checked(pki: Pki, shape: str) -> None:
    cra = CRA_OF[shape]
    header = header_of(cra) if cra is Cra.COMMAND else header_of(cra, BRIDGE, ACCESS_CONTROL_BROKER)
    ring = ring_of(pki)
    message = Message.decode(assemble(header, b"content", shape, ring).encode())
    assert message.shape == shape
    secret, signer = ring.shared_secret_of(message), ring.signer_of(message)
    assert message.mac is None or (secret and crypto.mac_is_valid(message, secret))
    assert message.signature is None or (signer and crypto.signature_is_valid(message, signer))


@pytest.mark.parametrize("known", ["device", "broker"])
def test_a_mac_is_checked_with_one_sides_private_key(pki: Pki, known: str) -> None:
    message = assemble(header_of(Cra.COMMAND), b"content", "b", ring_of(pki))
    ring = ring_of(pki, (ACCESS_CONTROL_BROKER,) if known == "device" else (BRIDGE,))
    secret = ring.shared_secret_of(message)
    assert secret
    assert crypto.mac_is_valid(message, secret)
    assert ring_of(pki, (ACCESS_CONTROL_BROKER, BRIDGE)).shared_secret_of(message) is None


def test_the_mac_of_a_suppliers_command_is_the_brokers(pki: Pki) -> None:
    message = assemble(header_of(Cra.COMMAND, SUPPLIERS[0]), b"content", "a", ring_of(pki))
    keys = pki.access_control_broker.keys
    secret = crypto.KeyAgreement(keys.key_agreement).shared_secret(pki.device(BRIDGE).public_keys.key_agreement)
    assert crypto.mac_is_valid(message, secret)
    assert crypto.signature_is_valid(message, pki.suppliers[0].public_keys.digital_signature)


def test_devices_among_themselves_have_a_mac_of_their_own(pki: Pki) -> None:
    ring = ring_of(pki)
    message = assemble(header_of(Cra.COMMAND, BRIDGE, STRANGER), b"content", "b", ring, mac_by=BRIDGE)
    secret = ring.shared_secret(BRIDGE, STRANGER)
    assert secret == ring.shared_secret(STRANGER, BRIDGE)
    assert secret
    assert crypto.mac_is_valid(message, secret)
    assert ring.shared_secret_of(message) == secret


def test_a_signature_for_xml_is_none_for_messages(pki: Pki) -> None:
    ring = ring_of(pki)
    assert len(ring.of(ACCESS_CONTROL_BROKER, KeyUsage.DIGITAL_SIGNATURE)) == 1
    assert ring.with_role(RemotePartyRole.SUPPLIER) == list(SUPPLIERS)


def test_a_key_that_is_missing_is_named(pki: Pki) -> None:
    ring = ring_of(pki, (ACCESS_CONTROL_BROKER, BRIDGE))
    with pytest.raises(LocalProtocolError, match="90b3d51f30000002 and 00db1234567890b1"):
        assemble(header_of(Cra.COMMAND), b"", "b", ring)
    with pytest.raises(LocalProtocolError, match="90b3d51f30000002 signs"):
        assemble(header_of(Cra.COMMAND), b"", "g", ring)


def test_a_shape_of_another_kind_of_message_is_refused(pki: Pki) -> None:
    with pytest.raises(LocalProtocolError, match="never has shape c"):
        assemble(header_of(Cra.COMMAND), b"", "c", ring_of(pki))
