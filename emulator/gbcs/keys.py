"""The keys of a party."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.eui64 import Eui64
from emulator.gbcs.crypto import PrivateKey, PublicKey


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The public halves of one party's keys."""

    digital_signature: PublicKey
    key_agreement: PublicKey


@dataclass(frozen=True, slots=True)
class EntityKeys:
    """A party with its own private keys.

    Attributes:
        entity_id: its entity identifier, which is its EUI-64 and its system title.
        digital_signature: what it signs with.
        key_agreement: what it agrees MAC keys with.
    """

    entity_id: Eui64
    digital_signature: PrivateKey
    key_agreement: PrivateKey

    @property
    def public(self) -> PublicKeys:
        """What others may know."""
        return PublicKeys(self.digital_signature.public_key(), self.key_agreement.public_key())
