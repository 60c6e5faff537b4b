"""Certificates, with the private keys that are known, and who shares a secret with whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs import crypto
from emulator.gbcs.certificate_reading import ReadCertificate
from emulator.gbcs.crypto import PrivateKey, PublicKey
from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.gbcs.roles import KeyUsage, RemotePartyRole


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A certificate, with its private key if that is known.

    Attributes:
        name: where it belongs in a PKI, e.g. `device/00db1234567890b1/keyAgreement`.
        certificate: what it says.
        private_key: None = not known.
    """

    name: str
    certificate: ReadCertificate
    private_key: PrivateKey | None = field(default=None, repr=False)

    @property
    def public_key(self) -> PublicKey:
        """The certificate's; DecodeError if its point is not on the curve."""
        return crypto.public_key(self.certificate.point)


class KeyRing:
    """What is known of parties, by entity identifier.

    Args:
        credentials: in any order; of one party for one use there may be several.
    """

    def __init__(self, credentials: Iterable[HeldCredential]) -> None:
        self.credentials = tuple(credentials)

    def of(self, entity_id: Eui64, usage: KeyUsage) -> list[HeldCredential]:
        """A party's credentials for one use of keys; those for XML are no part of GBCS."""
        return [
            one
            for one in self.credentials
            if one.certificate.entity_id == entity_id
            and one.certificate.extensions.key_usage is usage
            and one.certificate.subject.role not in _XML_SIGNING
        ]

    def signers(self, message: Message) -> list[PublicKey]:
        """The keys that the message may be signed with."""
        return [one.public_key for one in self.of(message.header.originator, KeyUsage.DIGITAL_SIGNATURE)]

    def signer_of(self, message: Message) -> PublicKey | None:
        """The key that fits the signature; one that does not, if none fits; None if none is known."""
        signers = self.signers(message)
        fitting = (key for key in signers if crypto.signature_is_valid(message, key))
        return next(fitting, signers[0] if signers else None)

    def shared_secret_of(self, message: Message) -> bytes | None:
        """The secret that fits the MAC; one that does not, if none fits; None if none can be worked out."""
        secrets = list(self._shared_secrets(message))
        fitting = (secret for secret in secrets if crypto.mac_is_valid(message, secret))
        return next(fitting, secrets[0] if secrets else None)

    def shared_secret(self, one: Eui64, other: Eui64) -> bytes | None:
        """Z between two parties; None unless one side's private key and the other's certificate are known."""
        return next(self._secrets_between(one, other), None)

    def signing_key(self, entity_id: Eui64) -> PrivateKey:
        """What a party signs with; LocalProtocolError where it is not known."""
        for one in self.of(entity_id, KeyUsage.DIGITAL_SIGNATURE):
            if one.private_key is not None:
                return one.private_key
        raise LocalProtocolError(f"no private key is known that {eui64_text(entity_id)} signs with")

    def with_role(self, role: RemotePartyRole) -> list[Eui64]:
        """The organisations of a role, in the order of their identifiers."""
        entities = (one.certificate.entity_id for one in self.credentials if one.certificate.subject.role == role)
        return sorted({entity for entity in entities if entity is not None})

    def brokers(self) -> list[Eui64]:
        """Who is an Access Control Broker."""
        return self.with_role(RemotePartyRole.ACCESS_CONTROL_BROKER)

    def _shared_secrets(self, message: Message) -> Iterator[bytes]:
        """A Command's MAC is the Access Control Broker's, whoever is its originator; others are their originator's."""
        header = message.header
        makers = self.brokers() if header.cra is Cra.COMMAND else []
        for maker in (*makers, *({header.originator} - set(makers))):
            yield from self._secrets_between(maker, header.recipient)

    def _secrets_between(self, one: Eui64, other: Eui64) -> Iterator[bytes]:
        ours, theirs = (self.of(party, KeyUsage.KEY_AGREEMENT) for party in (one, other))
        for own, peers in ((ours, theirs), (theirs, ours)):
            for credential in own:
                if credential.private_key is not None:
                    for peer in peers:
                        yield credential.private_key.exchange(ec.ECDH(), peer.public_key)


_XML_SIGNING = (RemotePartyRole.USER_XML_SIGNING, RemotePartyRole.DSP_XML_SIGNING)
