"""The trust anchor cells of a device, as it keeps them: what CS02a reads and CS02b replaces.

Which cells a PPMID has was not found but for the two of the Access Control Broker; root and recovery are there because
nothing could be replaced without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs import crypto
from emulator.gbcs.certificate_reading import ReadCertificate
from emulator.gbcs.roles import KeyUsage, RemotePartyRole
from emulator.gbcs.use_cases.cells import TrustAnchorCell

ROOT_CELL = TrustAnchorCell(RemotePartyRole.ROOT, KeyUsage.KEY_CERT_SIGN)
NO_ENTITY = Eui64(0)
"""Subject unique identifier in the root's cell."""


@dataclass(frozen=True, slots=True)
class CellContents:
    """What one cell holds.

    Attributes:
        subject: the party's entity identifier; 0 for the root.
        subject_key_identifier: of its key, 8 octets.
        point: its public key, uncompressed.
    """

    subject: Eui64
    subject_key_identifier: bytes
    point: bytes

    @classmethod
    def of_key(cls, subject: Eui64, key: crypto.PublicKey) -> Self:
        """What a party's key alone puts into a cell, by the profile of its certificate."""
        return cls(subject, crypto.key_identifier(key), crypto.encode_point(key))

    @classmethod
    def of(cls, certificate: ReadCertificate) -> Self:
        """What a certificate puts into a cell; DecodeError where it has no subject key identifier, or no good key."""
        identifier = certificate.extensions.subject_key_identifier
        if identifier is None:
            raise DecodeError("certificate: no subject key identifier")
        crypto.public_key(certificate.point)
        return cls(certificate.entity_id or NO_ENTITY, identifier, certificate.point)


@dataclass(frozen=True, slots=True)
class TrustStore:
    """All cells at one moment; a change makes a new value, so that a snapshot is one as well."""

    cells: Mapping[TrustAnchorCell, CellContents]

    def of_role(self, role: int) -> list[tuple[TrustAnchorCell, CellContents]]:
        """The cells of a remote party, in the order in which they were filled."""
        return [(cell, contents) for cell, contents in self.cells.items() if cell.role == role]

    def replacing(self, cell: TrustAnchorCell, contents: CellContents) -> Self:
        """After a replacement."""
        return type(self)({**self.cells, cell: contents})

    def to_dict(self) -> dict[str, list[str]]:
        """A plain form for non-volatile memory; JSON-ready."""
        return {
            f"{int(cell.role)}/{cell.key_usage.value}/{int(cell.cell_usage)}": [
                eui64_text(held.subject),
                held.subject_key_identifier.hex(),
                held.point.hex(),
            ]
            for cell, held in self.cells.items()
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Self:
        """What `to_dict` made; DecodeError if it is damaged."""
        return cls(dict(_entry(name, values) for name, values in stored.items()))


def _entry(name: str, values: object) -> tuple[TrustAnchorCell, CellContents]:
    try:
        role, usage, cell_usage = name.split("/")
        cell = TrustAnchorCell(int(role), KeyUsage(usage), int(cell_usage))
        subject, identifier, point = map(bytes.fromhex, values if isinstance(values, list) else [])
        crypto.public_key(point)
    except (ValueError, TypeError, DecodeError) as error:
        raise DecodeError(f"stored trust anchors: {name!r} is damaged") from error
    return cell, CellContents(Eui64(int.from_bytes(subject, "big")), identifier, point)
