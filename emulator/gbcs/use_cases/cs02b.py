"""CS02b Update Security Credentials (service request 6.15.1 and others): the command.

Source: the CS02b messages of RTDS 4.5.0; when each optional field is needed: GBCS v0.8.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.cells import CELL, Certificate, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b_modes import mode_name
from emulator.gbcs.use_cases.payload import COUNTER_MAXIMUM, date_text
from emulator.gbcs.use_cases.seq_numbers import CHANGE, SPECIALIST, SeqNumberChange, SpecialistSeqNumber

MODE_MAXIMUM = 0xFF
SYMMETRIC_KEY_MOST = 64
"""Octets of the longest contingency key taken; no published message has one, AES's have 16 to 32."""

_WHAT = "CS02b command"

_CONTROL = der.sequence(
    credentials_replacement_mode=der.integer(MODE_MAXIMUM),
    plaintext_symmetric_key=der.Optional(der.context(0, der.octet_string(1, SYMMETRIC_KEY_MOST))),
    apply_time_based_cpv_checks=der.Optional(der.context(1, der.integer(1)), default=0),
    authorising_cell=der.Optional(der.context(2, CELL)),
    authorising_seq_number=der.context(3, der.integer(COUNTER_MAXIMUM)),
    new_floor_seq_number=der.Optional(der.context(4, der.integer(COUNTER_MAXIMUM))),
    new_specialist_floor_seq_numbers=der.Optional(der.context(5, der.sequence_of(SPECIALIST))),
    other_seq_number_changes=der.Optional(der.context(6, der.sequence_of(CHANGE))),
)
_REPLACEMENT = der.sequence(certificate=der.anything(), cell=CELL)
_COMMAND = der.sequence(
    control=_CONTROL,
    replacements=der.sequence_of(_REPLACEMENT),
    certification_path=der.sequence_of(der.anything()),
    execution_date_time=der.Optional(der.generalized_time()),
)


@dataclass(frozen=True, slots=True)
class Control:
    """authorisingRemotePartyControl: by whose authority, under which counters.

    Attributes:
        mode: a Mode, or another octet.
        authorising_seq_number: the Originator Counter of the Grouping Header once more.
        authorising_cell: the cell that authorises the replacement; None where the Access Control Broker replaces its
            own on any device but a Communications Hub.
        plaintext_symmetric_key: opens the contingency key; only in mode anyByContingency, and always there.
        disapply_time_checks: do not check the validity of certificates against the time.
        new_floor_seq_number: the counter above which the new party begins, where control changes hands.
        new_specialist_floor_seq_numbers: the same for counters of its own of one kind of use.
        other_seq_number_changes: the same for other parties, where one role changes the credentials of others.
    """

    mode: int
    authorising_seq_number: int
    authorising_cell: TrustAnchorCell | None = None
    plaintext_symmetric_key: bytes | None = field(default=None, repr=False)
    disapply_time_checks: bool = False
    new_floor_seq_number: int | None = None
    new_specialist_floor_seq_numbers: tuple[SpecialistSeqNumber, ...] | None = None
    other_seq_number_changes: tuple[SeqNumberChange, ...] | None = None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From what the schema decodes to."""
        cell = value.get("authorising_cell")
        specialists = value.get("new_specialist_floor_seq_numbers")
        others = value.get("other_seq_number_changes")
        return cls(
            mode=value["credentials_replacement_mode"],
            authorising_seq_number=value["authorising_seq_number"],
            authorising_cell=None if cell is None else TrustAnchorCell.of(cell, _WHAT),
            plaintext_symmetric_key=value.get("plaintext_symmetric_key"),
            disapply_time_checks=bool(value["apply_time_based_cpv_checks"]),
            new_floor_seq_number=value.get("new_floor_seq_number"),
            new_specialist_floor_seq_numbers=None
            if specialists is None
            else tuple(SpecialistSeqNumber.of(one) for one in specialists),
            other_seq_number_changes=None if others is None else tuple(SeqNumberChange.of(one) for one in others),
        )

    def value(self) -> dict[str, object]:
        """What the schema encodes."""
        specialists, others = self.new_specialist_floor_seq_numbers, self.other_seq_number_changes
        value: dict[str, object] = {
            "credentials_replacement_mode": int(self.mode),
            "plaintext_symmetric_key": self.plaintext_symmetric_key,
            "apply_time_based_cpv_checks": int(self.disapply_time_checks),
            "authorising_cell": None if self.authorising_cell is None else self.authorising_cell.value(),
            "authorising_seq_number": self.authorising_seq_number,
            "new_floor_seq_number": self.new_floor_seq_number,
            "new_specialist_floor_seq_numbers": None if specialists is None else [one.value() for one in specialists],
            "other_seq_number_changes": None if others is None else [one.value() for one in others],
        }
        return {name: part for name, part in value.items() if part is not None}

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        key, cell = self.plaintext_symmetric_key, self.authorising_cell
        specialists, others = self.new_specialist_floor_seq_numbers, self.other_seq_number_changes
        return {
            "credentials_replacement_mode": int(self.mode),
            "credentials_replacement_mode_name": mode_name(self.mode),
            "plaintext_symmetric_key": None if key is None else key.hex(),
            "apply_time_based_cpv_checks": not self.disapply_time_checks,
            "authorising_cell": None if cell is None else cell.fields(),
            "authorising_seq_number": self.authorising_seq_number,
            "new_floor_seq_number": self.new_floor_seq_number,
            "new_specialist_floor_seq_numbers": None if specialists is None else [one.fields() for one in specialists],
            "other_seq_number_changes": None if others is None else [one.fields() for one in others],
        }


@dataclass(frozen=True, slots=True)
class Replacement:
    """A certificate, and the cell that its key is for."""

    certificate: Certificate
    cell: TrustAnchorCell

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From what the schema decodes to."""
        return cls(Certificate.of(value["certificate"], _WHAT), TrustAnchorCell.of(value["cell"], _WHAT))

    def value(self) -> dict[str, object]:
        """What the schema encodes."""
        return {"certificate": self.certificate.octets, "cell": self.cell.value()}

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"certificate": self.certificate.fields(), "cell": self.cell.fields()}


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        control: by whose authority, under which counters.
        replacements: the new certificates.
        certification_path: the certificates between them and the device's root.
        execution_date_time: when to act upon it, UTC; None = now.
    """

    control: Control
    replacements: tuple[Replacement, ...]
    certification_path: tuple[Certificate, ...]
    execution_date_time: datetime | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        fields = der.decode_fields(_COMMAND, octets, _WHAT)
        return cls(
            Control.of(fields["control"]),
            tuple(Replacement.of(one) for one in fields["replacements"]),
            tuple(Certificate.of(one, _WHAT) for one in fields["certification_path"]),
            der.parse_optional_time(fields.get("execution_date_time"), f"{_WHAT}: execution date-time"),
        )

    def encode(self) -> bytes:
        """The octets."""
        value: dict[str, object] = {
            "control": self.control.value(),
            "replacements": [one.value() for one in self.replacements],
            "certification_path": [one.octets for one in self.certification_path],
        }
        if self.execution_date_time is not None:
            value["execution_date_time"] = der.time_text(self.execution_date_time)
        return der.encode(_COMMAND, value)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        when = self.execution_date_time
        return {
            **self.control.fields(),
            "replacements": [one.fields() for one in self.replacements],
            "certification_path": [one.fields() for one in self.certification_path],
            "execution_date_time": None if when is None else date_text(when),
        }
