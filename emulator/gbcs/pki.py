"""A test PKI: two hierarchies of certificates, and the keys of everybody in them, out of named octet streams.

Whatever was stored before (`pki_folder`) is handed in and comes before what the streams would make.

Under a seed every key, serial number and signature is the same each time, and another device leaves the rest as it was.
Keys are made at once, certificates when they are asked for: most runs need none, and X.509 is then never imported.

Names and entity identifiers of authorities and organisations are those of the published test data; the root above the
authority that issues device certificates is an assumption, as nothing is published of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from emulator.core.clock import VIRTUAL_EPOCH
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import Streams
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.crypto import PRIVATE_KEY_OCTETS, PrivateKey, PublicKey, key_identifier, private_key, public_key
from emulator.gbcs.keys import EntityKeys, PublicKeys
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.subjects import Authority, Device, Organisation, Subject

if TYPE_CHECKING:
    from cryptography import x509

    from emulator.gbcs.device.identity import DeviceIdentity
    from emulator.gbcs.device.state import DeviceState
    from emulator.gbcs.device.trust_store import CellContents, TrustStore

ACCESS_CONTROL_BROKER = Eui64(0x90B3D51F30000002)
SUPPLIERS = (Eui64(0x90B3D51F30010000), Eui64(0x90B3D51F30030000))
NETWORK_OPERATOR = Eui64(0x90B3D51F30020000)
RECOVERY = Eui64(0x90B3D51F30000001)
TRANSITIONAL_COS = Eui64(0x90B3D51F30000004)
WAN_PROVIDER = Eui64(0x90B3D51F30000007)

PREPAYMENT_TOP_UP = "prePaymentTopUp"
XML_SIGNING = "xmlSigning"
"""Last parts of the names of credentials that are not named by their key usage."""

_SERIAL_OCTETS = 16


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """What was kept of a credential.

    Attributes:
        certificate: DER.
        private_key: None where only the certificate is known.
    """

    certificate: bytes
    private_key: PrivateKey | None = field(default=None, repr=False)


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
        self._private_key: PrivateKey | None = key
        self._serial = serial
        self._not_before = not_before
        self._issuer = issuer or self
        self._stored: StoredCredential | None = None

    @classmethod
    def stored(cls, subject: Subject, stored: StoredCredential) -> Credential:
        """One that was made before."""
        credential = cls.__new__(cls)
        credential.subject = subject
        credential._private_key = stored.private_key
        credential._stored = stored
        return credential

    @property
    def private_key(self) -> PrivateKey:
        """The private half; LocalProtocolError where only the certificate is known."""
        if self._private_key is None:
            raise LocalProtocolError(f"no private key is known of {self.subject}")
        return self._private_key

    @property
    def has_private_key(self) -> bool:
        """Whether it can sign or agree keys."""
        return self._private_key is not None

    @property
    def is_stored(self) -> bool:
        """Whether its certificate was made before, perhaps by somebody else."""
        return self._stored is not None

    @cached_property
    def public_key(self) -> PublicKey:
        """The public half."""
        if self._private_key is None and self._stored is not None:
            return public_key(read_certificate(self._stored.certificate).point)
        return self.private_key.public_key()

    @cached_property
    def certificate_octets(self) -> bytes:
        """The certificate, DER."""
        if self._stored is not None:
            return self._stored.certificate
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate, made when it is first asked for."""
        if self._stored is not None:
            from cryptography import x509

            return x509.load_der_x509_certificate(self._stored.certificate)
        from emulator.gbcs import certificates

        authority = self._issuer.subject
        assert isinstance(authority, Authority)
        identifier = key_identifier(self._issuer.public_key)
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


@dataclass(frozen=True, slots=True)
class Signatory:
    """An organisation that only signs.

    Attributes:
        entity_id: its entity identifier.
        digital_signature: what it signs with.
    """

    entity_id: Eui64
    digital_signature: Credential


class Pki:
    """Everybody's keys and certificates in one test environment.

    Attributes:
        organisation_root: the root above organisations.
        organisation_issuer: the authority that issues their certificates.
        device_root: the root above devices.
        device_issuer: the authority that issues their certificates.
        access_control_broker: the DCC's.
        suppliers: two energy suppliers, the users behind the Access Control Broker.
        network_operator: an electricity network.
        recovery: who may replace everybody's credentials but the root's.
        transitional_cos: who moves a device from one supplier to another.
        wan_provider: who runs the network of Communications Hubs.
        prepayment: by supplier, the key agreement credential for top-ups.
        xml_signing: by entity, the credential that signs service requests and responses; it is no part of GBCS.
        devices: those made so far, by EUI-64.

    Args:
        streams: where keys and serial numbers come from.
        not_before: when new certificates begin, UTC.
        stored: by name, what was kept of an earlier one; the streams make what is missing.
    """

    def __init__(
        self,
        streams: Streams,
        not_before: datetime = VIRTUAL_EPOCH,
        stored: Mapping[str, StoredCredential] | None = None,
    ) -> None:
        self._streams = streams
        self._not_before = not_before
        self._stored = dict(stored or {})
        self._made: dict[str, Credential] = {}
        root, issuing = RemotePartyRole.ROOT, RemotePartyRole.ISSUING_AUTHORITY
        self.organisation_root = self._credential("organisation-root", Authority("ZA", root, root=True), None)
        self.organisation_issuer = self._credential(
            "organisation-issuer", Authority("Z1", issuing), self.organisation_root
        )
        self.device_root = self._credential("device-root", Authority("E0", root=True), None)
        self.device_issuer = self._credential("device-issuer", Authority("E357"), self.device_root)
        self.access_control_broker = self._organisation(ACCESS_CONTROL_BROKER, RemotePartyRole.ACCESS_CONTROL_BROKER)
        self.suppliers = tuple(self._organisation(supplier, RemotePartyRole.SUPPLIER) for supplier in SUPPLIERS)
        self.network_operator = self._organisation(NETWORK_OPERATOR, RemotePartyRole.NETWORK_OPERATOR)
        self.recovery = self._signatory(RECOVERY, RemotePartyRole.RECOVERY)
        self.transitional_cos = self._signatory(TRANSITIONAL_COS, RemotePartyRole.TRANSITIONAL_COS)
        self.wan_provider = self._signatory(WAN_PROVIDER, RemotePartyRole.WAN_PROVIDER)
        self.prepayment = {supplier: self._prepayment(supplier) for supplier in SUPPLIERS}
        self.xml_signing = {
            ACCESS_CONTROL_BROKER: self._xml_signing(ACCESS_CONTROL_BROKER, RemotePartyRole.DSP_XML_SIGNING),
            **{supplier: self._xml_signing(supplier, RemotePartyRole.USER_XML_SIGNING) for supplier in SUPPLIERS},
        }
        self.devices: dict[Eui64, Identity] = {}

    @property
    def credentials(self) -> Mapping[str, Credential]:
        """Every credential made so far, by name."""
        return self._made

    def learn(self, stored: Mapping[str, StoredCredential]) -> None:
        """Take credentials that others have made meanwhile, by name, in place of any that is not made here yet."""
        self._stored.update(stored)

    def device(self, entity_id: Eui64) -> Identity:
        """The device with this EUI-64, made now if it is new."""
        found = self.devices.get(entity_id)
        if found is None:
            found = self.devices[entity_id] = self._device(entity_id)
        return found

    def trust_store(self, *roles: RemotePartyRole) -> TrustStore:
        """The cells of a device of this environment: those of the root and of recovery, and both of the broker's.

        Args:
            roles: further parties whose keys it holds: a supplier for one that takes its word, and the WAN provider for
                a Communications Hub.
        """
        from emulator.gbcs.device.trust_store import NO_ENTITY, ROOT_CELL, TrustStore
        from emulator.gbcs.use_cases.cells import TrustAnchorCell

        cells = {ROOT_CELL: _contents(NO_ENTITY, self.organisation_root)}
        for role in (RemotePartyRole.RECOVERY, *roles, RemotePartyRole.ACCESS_CONTROL_BROKER):
            party = self._party(role)
            cells[TrustAnchorCell(role, KeyUsage.DIGITAL_SIGNATURE)] = _contents(
                party.entity_id, party.digital_signature
            )
            if isinstance(party, Identity):
                cells[TrustAnchorCell(role, KeyUsage.KEY_AGREEMENT)] = _contents(party.entity_id, party.key_agreement)
        return TrustStore(cells)

    def device_state(self, entity_id: Eui64, *roles: RemotePartyRole) -> DeviceState:
        """What a new device of this environment keeps; `roles` as for `trust_store`."""
        from emulator.gbcs.device.own_credentials import OwnCredentials
        from emulator.gbcs.device.state import DeviceState

        return DeviceState(self.trust_store(*roles), OwnCredentials.of(self.device(entity_id).keys))

    def identity(self, entity_id: Eui64, *roles: RemotePartyRole) -> DeviceIdentity:
        """A new device of this environment, for the device itself; `roles` as for `trust_store`."""
        from emulator.gbcs.device.identity import DeviceIdentity
        from emulator.gbcs.device.own_keys import OwnKeys

        own_keys = OwnKeys(partial(self.new_device_key, entity_id), partial(self.device_certificate, entity_id))
        return DeviceIdentity(self.device_state(entity_id, *roles), own_keys)

    def device_certificate(self, entity_id: Eui64, usage: KeyUsage) -> bytes:
        """The certificate, DER, that a device was made with; empty for a use that no device has a key for."""
        device = self.device(entity_id)
        held = {KeyUsage.DIGITAL_SIGNATURE: device.digital_signature, KeyUsage.KEY_AGREEMENT: device.key_agreement}
        return held[usage].certificate_octets if usage in held else b""

    def new_device_key(self, entity_id: Eui64, usage: KeyUsage, number: int) -> PrivateKey:
        """The key pair that a device makes for itself when it is asked to for the `number`-th time."""
        name = f"pki/device/{eui64_text(entity_id)}/{usage.value}/own/{number}"
        return private_key(self._streams.octets(name, PRIVATE_KEY_OCTETS))

    def _party(self, role: RemotePartyRole) -> Identity | Signatory:
        parties: dict[RemotePartyRole, Identity | Signatory] = {
            RemotePartyRole.RECOVERY: self.recovery,
            RemotePartyRole.SUPPLIER: self.suppliers[0],
            RemotePartyRole.NETWORK_OPERATOR: self.network_operator,
            RemotePartyRole.ACCESS_CONTROL_BROKER: self.access_control_broker,
            RemotePartyRole.TRANSITIONAL_COS: self.transitional_cos,
            RemotePartyRole.WAN_PROVIDER: self.wan_provider,
        }
        return parties[role]

    def renewed(self, entity_id: Eui64, role: RemotePartyRole, generation: int) -> Identity:
        """New credentials for an organisation, as CS02b hands them out; they are no part of `credentials`."""

        def credential(usage: KeyUsage) -> Credential:
            name = f"organisation/{eui64_text(entity_id)}/{usage.value}/{generation}"
            return self._new_or_stored(name, Organisation(entity_id, role, usage), self.organisation_issuer)

        return Identity(entity_id, credential(KeyUsage.DIGITAL_SIGNATURE), credential(KeyUsage.KEY_AGREEMENT))

    def certify_device(self, entity_id: Eui64, usage: KeyUsage, key: PublicKey, generation: int) -> bytes:
        """A certificate, DER, for a key pair that the device made itself, as CS02d hands it out."""
        from cryptography.hazmat.primitives.serialization import Encoding

        from emulator.gbcs import certificates

        authority, subject = self.device_issuer.subject, Device(entity_id, usage)
        assert isinstance(authority, Authority)
        identifier = key_identifier(self.device_issuer.public_key)
        issuer = certificates.Issuer(authority, identifier, self.device_issuer.private_key)
        name = f"pki/device/{eui64_text(entity_id)}/{usage.value}/{generation}/serial"
        serial = _serial(self._streams.octets(name, _SERIAL_OCTETS))
        certificate = certificates.issue(subject, key, serial, self._not_before, issuer)
        return certificate.public_bytes(Encoding.DER)

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

    def _signatory(self, entity_id: Eui64, role: RemotePartyRole) -> Signatory:
        subject = Organisation(entity_id, role, KeyUsage.DIGITAL_SIGNATURE)
        name = f"organisation/{eui64_text(entity_id)}/{KeyUsage.DIGITAL_SIGNATURE.value}"
        return Signatory(entity_id, self._credential(name, subject, self.organisation_issuer))

    def _prepayment(self, supplier: Eui64) -> Credential:
        subject = Organisation(supplier, RemotePartyRole.SUPPLIER, KeyUsage.KEY_AGREEMENT)
        return self._credential(
            f"organisation/{eui64_text(supplier)}/{PREPAYMENT_TOP_UP}", subject, self.organisation_issuer
        )

    def _xml_signing(self, entity_id: Eui64, role: RemotePartyRole) -> Credential:
        subject = Organisation(entity_id, role, KeyUsage.DIGITAL_SIGNATURE)
        return self._credential(
            f"organisation/{eui64_text(entity_id)}/{XML_SIGNING}", subject, self.organisation_issuer
        )

    def _credential(self, name: str, subject: Subject, issuer: Credential | None) -> Credential:
        credential = self._made[name] = self._new_or_stored(name, subject, issuer)
        return credential

    def _new_or_stored(self, name: str, subject: Subject, issuer: Credential | None) -> Credential:
        stored = self._stored.get(name)
        if stored is not None:
            return Credential.stored(subject, stored)
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


def _contents(entity_id: Eui64, credential: Credential) -> CellContents:
    """What a device holds of a credential; a certificate of another maker says by which identifier it goes."""
    from emulator.gbcs.device.trust_store import CellContents

    if credential.is_stored:
        return CellContents.of(read_certificate(credential.certificate_octets))
    return CellContents.of_key(entity_id, credential.public_key)


def _serial(octets: bytes) -> int:
    """A positive serial number of exactly so many octets: of the two highest bits only the second is set."""
    bits = len(octets) * 8
    return int.from_bytes(octets, "big") % (1 << bits - 2) | 1 << bits - 2
