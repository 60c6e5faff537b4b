"""A test PKI: two hierarchies of certificates, and the keys of everybody in them, out of named octet streams.

Under a seed every key, serial number and signature is the same each time, and another device leaves the rest as it was.
Keys are made at once, certificates when they are asked for: most runs need none, and X.509 is then never imported.

Names and entity identifiers of authorities and organisations are those of the published test data; the root above the
authority that issues device certificates is an assumption, as nothing is published of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import Streams
from emulator.gbcs.crypto import PRIVATE_KEY_OCTETS, PrivateKey, PublicKey, private_key
from emulator.gbcs.keys import EntityKeys, PublicKeys, TrustAnchor, TrustAnchors
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.subjects import Authority, Device, Organisation, Subject

if TYPE_CHECKING:
    from cryptography import x509

ACCESS_CONTROL_BROKER = Eui64(0x90B3D51F30000002)
SUPPLIERS = (Eui64(0x90B3D51F30010000), Eui64(0x90B3D51F30030000))

_SERIAL_OCTETS = 16


class Credential:
    """A key pair with its certificate.

    Args:
        subject: whose it is.
        key: the private key.
        serial: of the certificate.
        not_before: when the certificate begins, UTC.
        issuer: the credential that signs the certificate; None = it signs itself.
    """

    def __init__(
        self, subject: Subject, key: PrivateKey, serial: int, not_before: datetime, issuer: Credential | None
    ) -> None:
        self.subject = subject
        self.private_key = key
        self._serial = serial
        self._not_before = not_before
        self._issuer = issuer or self

    @cached_property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self.private_key.public_key()

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate, made when it is first asked for."""
        from emulator.gbcs import certificates

        authority = self._issuer.subject
        assert isinstance(authority, Authority)
        identifier = certificates.key_identifier(self._issuer.public_key)
        issuer = certificates.Issuer(authority, identifier, self._issuer.private_key)
        return certificates.issue(self.subject, self.public_key, self._serial, self._not_before, issuer)


@dataclass(frozen=True, slots=True)
class Identity:
    """A device or an organisation with the credentials for both uses of keys.

    Attributes:
        entity_id: its entity identifier.
        digital_signature: what it signs with.
        key_agreement: what it agrees keys with.
    """

    entity_id: Eui64
    digital_signature: Credential
    key_agreement: Credential

    @property
    def keys(self) -> EntityKeys:
        """Its private keys, for the party itself."""
        return EntityKeys(self.entity_id, self.digital_signature.private_key, self.key_agreement.private_key)

    @property
    def public_keys(self) -> PublicKeys:
        """Its public keys, for others."""
        return PublicKeys(self.digital_signature.public_key, self.key_agreement.public_key)


class Pki:
    """Everybody's keys and certificates in one test environment.

    Attributes:
        organisation_root: the root above organisations.
        organisation_issuer: the authority that issues their certificates.
        device_root: the root above devices.
        device_issuer: the authority that issues their certificates.
        access_control_broker: the DCC's.
        suppliers: two energy suppliers, the users behind the Access Control Broker.
        devices: those made so far, by EUI-64.
    """

    def __init__(self, streams: Streams, not_before: datetime = VIRTUAL_EPOCH) -> None:
        self._streams = streams
        self._not_before = not_before
        root, issuing = RemotePartyRole.ROOT, RemotePartyRole.ISSUING_AUTHORITY
        self.organisation_root = self._credential("organisation-root", Authority("ZA", root, root=True), None)
        self.organisation_issuer = self._credential(
            "organisation-issuer", Authority("Z1", issuing), self.organisation_root
        )
        self.device_root = self._credential("device-root", Authority("E0", root=True), None)
        self.device_issuer = self._credential("device-issuer", Authority("E357"), self.device_root)
        self.access_control_broker = self._organisation(ACCESS_CONTROL_BROKER, RemotePartyRole.ACCESS_CONTROL_BROKER)
        self.suppliers = tuple(self._organisation(supplier, RemotePartyRole.SUPPLIER) for supplier in SUPPLIERS)
        self.devices: dict[Eui64, Identity] = {}

    def device(self, entity_id: Eui64) -> Identity:
        """The device with this EUI-64, made now if it is new."""
        found = self.devices.get(entity_id)
        if found is None:
            found = self.devices[entity_id] = self._device(entity_id)
        return found

    def trust_anchors(self) -> TrustAnchors:
        """What a bridge or PPMID of this environment holds of remote parties: the Access Control Broker's two keys."""
        broker = self.access_control_broker
        anchors = (
            (KeyUsage.DIGITAL_SIGNATURE, broker.digital_signature),
            (KeyUsage.KEY_AGREEMENT, broker.key_agreement),
        )
        role = RemotePartyRole.ACCESS_CONTROL_BROKER
        return TrustAnchors(
            TrustAnchor(role, usage, broker.entity_id, credential.public_key) for usage, credential in anchors
        )

    def _device(self, entity_id: Eui64) -> Identity:
        name = f"device/{eui64_text(entity_id)}"

        def credential(usage: KeyUsage) -> Credential:
            return self._credential(f"{name}/{usage.value}", Device(entity_id, usage), self.device_issuer)

        return Identity(entity_id, credential(KeyUsage.DIGITAL_SIGNATURE), credential(KeyUsage.KEY_AGREEMENT))

    def _organisation(self, entity_id: Eui64, role: RemotePartyRole) -> Identity:
        name = f"organisation/{eui64_text(entity_id)}"

        def credential(usage: KeyUsage) -> Credential:
            subject = Organisation(entity_id, role, usage)
            return self._credential(f"{name}/{usage.value}", subject, self.organisation_issuer)

        return Identity(entity_id, credential(KeyUsage.DIGITAL_SIGNATURE), credential(KeyUsage.KEY_AGREEMENT))

    def _credential(self, name: str, subject: Subject, issuer: Credential | None) -> Credential:
        key = private_key(self._streams.octets(f"pki/{name}/private-key", PRIVATE_KEY_OCTETS))
        serial = _serial(self._streams.octets(f"pki/{name}/serial", _SERIAL_OCTETS))
        return Credential(subject, key, serial, self._not_before, issuer)


def generate_pki(streams: Streams, devices: Sequence[Eui64], not_before: datetime = VIRTUAL_EPOCH) -> Pki:
    """A test PKI with these devices in it.

    Args:
        streams: where keys and serial numbers come from: seeded, or the system's for keys that must not be guessed.
        devices: the EUI-64s of devices to make at once; `Pki.device` makes more.
        not_before: when the certificates begin, UTC.
    """
    pki = Pki(streams, not_before)
    for entity_id in devices:
        pki.device(entity_id)
    return pki


def _serial(octets: bytes) -> int:
    """A positive serial number of exactly so many octets: of the two highest bits only the second is set."""
    bits = len(octets) * 8
    return int.from_bytes(octets, "big") % (1 << bits - 2) | 1 << bits - 2
