"""CS02a Provide Security Credential Details (service request 6.24.1): what a device holds of remote parties.

Source: the CS02a messages of RTDS 4.5.0.  Whoever asks names the cell that authorises it: with the key agreement cell
of the Access Control Broker the Command has a MAC alone, with a digital signature cell a signature alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases.cells import (
    CELL,
    CELL_USAGE,
    KEY_USAGE,
    ROLE,
    SUBJECT_KEY_IDENTIFIER_OCTETS,
    CellUsage,
    Status,
    TrustAnchorCell,
    key_usage_bits,
    key_usage_of,
    role_fields,
)
from emulator.gbcs.use_cases.payload import (
    COUNTER_MAXIMUM,
    ENTITY_ID_OCTETS,
    code_fields,
    entity_id_octets,
    entity_id_of,
    entity_id_text,
)

MESSAGE_CODE = 0x0008

_COMMAND = der.sequence(authorising_cell=CELL, roles=der.sequence_of(ROLE))
_CELL_DETAILS = der.sequence(
    key_usage=KEY_USAGE,
    cell_usage=CELL_USAGE,
    subject_unique_id=der.octet_string(ENTITY_ID_OCTETS),
    subject_key_identifier=der.octet_string(SUBJECT_KEY_IDENTIFIER_OCTETS),
)
_ROLE_DETAILS = der.sequence(
    role=ROLE,
    status=der.enumerated(0x7F),
    current_seq_number=der.Optional(der.integer(COUNTER_MAXIMUM)),
    cells=der.Optional(der.sequence_of(_CELL_DETAILS)),
)
_RESPONSE = der.sequence_of(_ROLE_DETAILS)


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        authorising_cell: the cell that the sender's key must match.
        roles: whose credentials are wanted.
    """

    authorising_cell: TrustAnchorCell
    roles: tuple[int, ...]

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS02a command"
        fields = der.decode_fields(_COMMAND, octets, what)
        return cls(TrustAnchorCell.of(fields["authorising_cell"], what), tuple(fields["roles"]))

    def encode(self) -> bytes:
        """The octets."""
        roles = [int(role) for role in self.roles]
        return der.encode(_COMMAND, {"authorising_cell": self.authorising_cell.value(), "roles": roles})

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "authorising_cell": self.authorising_cell.fields(),
            "roles": [role_fields(role) for role in self.roles],
        }


@dataclass(frozen=True, slots=True)
class CellDetails:
    """What one cell holds.

    Attributes:
        key_usage: what its key is for.
        subject_unique_id: the entity identifier of the party; 0 for the root.
        subject_key_identifier: of its key, 8 octets.
        cell_usage: a CellUsage, or another octet.
    """

    key_usage: KeyUsage
    subject_unique_id: Eui64
    subject_key_identifier: bytes
    cell_usage: int = CellUsage.MANAGEMENT

    @classmethod
    def of(cls, value: Mapping[str, Any], what: str) -> Self:
        """From what the schema decodes to."""
        return cls(
            key_usage_of(value["key_usage"], what),
            entity_id_of(value["subject_unique_id"]),
            value["subject_key_identifier"],
            value["cell_usage"],
        )

    def value(self) -> dict[str, object]:
        """What the schema encodes."""
        return {
            "key_usage": key_usage_bits(self.key_usage),
            "cell_usage": int(self.cell_usage),
            "subject_unique_id": entity_id_octets(self.subject_unique_id),
            "subject_key_identifier": self.subject_key_identifier,
        }

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "key_usage": self.key_usage.value,
            **code_fields("cell_usage", self.cell_usage, CellUsage),
            "subject_unique_id": entity_id_text(self.subject_unique_id),
            "subject_key_identifier": self.subject_key_identifier.hex(),
        }


@dataclass(frozen=True, slots=True)
class RoleDetails:
    """What a device holds of one remote party.

    Attributes:
        role: whose.
        status: a Status, or another number up to 127.
        current_seq_number: the highest Originator Counter accepted from it; None unless the status is success.
        cells: its cells; None unless the status is success.
    """

    role: int
    status: int
    current_seq_number: int | None = None
    cells: tuple[CellDetails, ...] | None = None

    @classmethod
    def of(cls, value: Mapping[str, Any], what: str) -> Self:
        """From what the schema decodes to."""
        cells = value.get("cells")
        return cls(
            value["role"],
            value["status"],
            value.get("current_seq_number"),
            None if cells is None else tuple(CellDetails.of(cell, what) for cell in cells),
        )

    def value(self) -> dict[str, object]:
        """What the schema encodes."""
        value: dict[str, object] = {"role": int(self.role), "status": int(self.status)}
        if self.current_seq_number is not None:
            value["current_seq_number"] = self.current_seq_number
        if self.cells is not None:
            value["cells"] = [cell.value() for cell in self.cells]
        return value

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            **role_fields(self.role),
            **code_fields("status", self.status, Status),
            "current_seq_number": self.current_seq_number,
            "cells": None if self.cells is None else [cell.fields() for cell in self.cells],
        }


@dataclass(frozen=True, slots=True)
class Response:
    """The response.

    Attributes:
        roles: one answer a role, in the order of the command.
    """

    roles: tuple[RoleDetails, ...]

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS02a response"
        return cls(tuple(RoleDetails.of(one, what) for one in der.decode_list(_RESPONSE, octets, what)))

    def encode(self) -> bytes:
        """The octets."""
        return der.encode(_RESPONSE, [one.value() for one in self.roles])

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"roles": [one.fields() for one in self.roles]}
