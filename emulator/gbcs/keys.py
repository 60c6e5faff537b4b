"""The keys of a party, and what others hold of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from emulator.core.eui64 import Eui64
from emulator.gbcs.crypto import PrivateKey, PublicKey
from emulator.gbcs.roles import KeyUsage, RemotePartyRole


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


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """What a device holds of a remote party in one trust anchor cell.

    Attributes:
        role: of the party.
        key_usage: what the party's key in this cell is for.
        subject: the party's entity identifier.
        public_key: the key itself.
    """

    role: RemotePartyRole
    key_usage: KeyUsage
    subject: Eui64
    public_key: PublicKey


class TrustAnchors(Mapping[tuple[RemotePartyRole, KeyUsage], TrustAnchor]):
    """The trust anchor cells of a device, by role and key usage."""

    __slots__ = ("_cells",)

    def __init__(self, anchors: Iterable[TrustAnchor]) -> None:
        self._cells = {(anchor.role, anchor.key_usage): anchor for anchor in anchors}

    def __getitem__(self, cell: tuple[RemotePartyRole, KeyUsage]) -> TrustAnchor:
        return self._cells[cell]

    def __iter__(self) -> Iterator[tuple[RemotePartyRole, KeyUsage]]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)
