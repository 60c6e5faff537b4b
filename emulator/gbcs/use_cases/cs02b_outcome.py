"""CS02b Update Security Credentials: the response, and the alert 0x00CB about one that was future dated.

Source: the CS02b messages of RTDS 4.5.0.  What fails fails cell by cell: the others are replaced all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.cells import CELL, SUBJECT_KEY_IDENTIFIER_OCTETS, Status, TrustAnchorCell
from emulator.gbcs.use_cases.cs02b import MODE_MAXIMUM
from emulator.gbcs.use_cases.cs02b_modes import mode_name
from emulator.gbcs.use_cases.payload import (
    ALERT_CODE_MAXIMUM,
    COUNTER_MAXIMUM,
    ENTITY_ID_OCTETS,
    code_fields,
    date_text,
    entity_id_octets,
    entity_id_of,
    entity_id_text,
)
from emulator.gbcs.use_cases.seq_numbers import CHANGE, SeqNumberChange

ALERT_MESSAGE_CODE = 0x00CB
"""Of the alert that tells how a future-dated replacement went."""

_UNIQUE_ID = der.octet_string(ENTITY_ID_OCTETS)
_KEY_IDENTIFIER = der.octet_string(SUBJECT_KEY_IDENTIFIER_OCTETS)
_REPLACEMENT_OUTCOME = der.sequence(
    affected_cell=CELL,
    status=der.enumerated(0x7F),
    existing_subject_unique_id=_UNIQUE_ID,
    existing_subject_key_identifier=_KEY_IDENTIFIER,
    replacing_subject_unique_id=_UNIQUE_ID,
    replacing_subject_key_identifier=_KEY_IDENTIFIER,
)
_OUTCOME = der.sequence(
    authorising_seq_number=der.integer(COUNTER_MAXIMUM),
    credentials_replacement_mode=der.integer(MODE_MAXIMUM),
    seq_number_changes=der.sequence_of(CHANGE),
    replacement_outcomes=der.sequence_of(_REPLACEMENT_OUTCOME),
)
_RESPONSE = der.sequence(command_accepted=der.null(), execution_outcome=der.Optional(_OUTCOME))
_ALERT = der.sequence(
    alert_code=der.integer(ALERT_CODE_MAXIMUM),
    execution_date_time=der.generalized_time(),
    execution_outcome=_OUTCOME,
)


@dataclass(frozen=True, slots=True)
class KeyName:
    """Whose key is, or was, in a cell.

    Attributes:
        subject_unique_id: the party's entity identifier; 0 for the root.
        subject_key_identifier: of its key, 8 octets.
    """

    subject_unique_id: Eui64
    subject_key_identifier: bytes


@dataclass(frozen=True, slots=True)
class ReplacementOutcome:
    """How it went for one cell.

    Attributes:
        affected_cell: which one.
        status: a Status, or another number up to 127.
        existing: what was in it before.
        replacing: what is in it now: the same once more, where the replacement failed.
    """

    affected_cell: TrustAnchorCell
    status: int
    existing: KeyName
    replacing: KeyName

    @classmethod
    def of(cls, value: Mapping[str, Any], what: str) -> Self:
        """From what the schema decodes to."""

        def key_name(which: str) -> KeyName:
            unique_id = entity_id_of(value[f"{which}_subject_unique_id"])
            return KeyName(unique_id, value[f"{which}_subject_key_identifier"])

        cell = TrustAnchorCell.of(value["affected_cell"], what)
        return cls(cell, value["status"], key_name("existing"), key_name("replacing"))

    def value(self) -> dict[str, object]:
        """What the schema encodes."""
        return {
            "affected_cell": self.affected_cell.value(),
            "status": int(self.status),
            "existing_subject_unique_id": entity_id_octets(self.existing.subject_unique_id),
            "existing_subject_key_identifier": self.existing.subject_key_identifier,
            "replacing_subject_unique_id": entity_id_octets(self.replacing.subject_unique_id),
            "replacing_subject_key_identifier": self.replacing.subject_key_identifier,
        }

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "affected_cell": self.affected_cell.fields(),
            **code_fields("status", self.status, Status),
            "existing_subject_unique_id": entity_id_text(self.existing.subject_unique_id),
            "existing_subject_key_identifier": self.existing.subject_key_identifier.hex(),
            "replacing_subject_unique_id": entity_id_text(self.replacing.subject_unique_id),
            "replacing_subject_key_identifier": self.replacing.subject_key_identifier.hex(),
        }


@dataclass(frozen=True, slots=True)
class ExecutionOutcome:
    """What came of a command.

    Attributes:
        authorising_seq_number: the command's.
        mode: the command's.
        seq_number_changes: the counters that were changed.
        replacement_outcomes: one a cell, in the order of the command.
    """

    authorising_seq_number: int
    mode: int
    seq_number_changes: tuple[SeqNumberChange, ...]
    replacement_outcomes: tuple[ReplacementOutcome, ...]

    @classmethod
    def of(cls, value: Mapping[str, Any], what: str) -> Self:
        """From what the schema decodes to."""
        return cls(
            value["authorising_seq_number"],
            value["credentials_replacement_mode"],
            tuple(SeqNumberChange.of(one) for one in value["seq_number_changes"]),
            tuple(ReplacementOutcome.of(one, what) for one in value["replacement_outcomes"]),
        )

    def value(self) -> dict[str, object]:
        """What the schema encodes."""
        return {
            "authorising_seq_number": self.authorising_seq_number,
            "credentials_replacement_mode": int(self.mode),
            "seq_number_changes": [one.value() for one in self.seq_number_changes],
            "replacement_outcomes": [one.value() for one in self.replacement_outcomes],
        }

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "authorising_seq_number": self.authorising_seq_number,
            "credentials_replacement_mode": int(self.mode),
            "credentials_replacement_mode_name": mode_name(self.mode),
            "seq_number_changes": [one.fields() for one in self.seq_number_changes],
            "replacement_outcomes": [one.fields() for one in self.replacement_outcomes],
        }


@dataclass(frozen=True, slots=True)
class Response:
    """The response: the command is accepted, and what came of it.

    Attributes:
        execution_outcome: None where the command is future dated.
    """

    execution_outcome: ExecutionOutcome | None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS02b response"
        outcome = der.decode_fields(_RESPONSE, octets, what).get("execution_outcome")
        return cls(None if outcome is None else ExecutionOutcome.of(outcome, what))

    def encode(self) -> bytes:
        """The octets."""
        value: dict[str, object] = {"command_accepted": None}
        if self.execution_outcome is not None:
            value["execution_outcome"] = self.execution_outcome.value()
        return der.encode(_RESPONSE, value)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        outcome = self.execution_outcome
        return {"command_accepted": True, "execution_outcome": None if outcome is None else outcome.fields()}


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert about a future-dated command.

    Attributes:
        alert_code: 0x8F66 actioned, 0x8F67 not actioned.
        execution_date_time: when, UTC.
        execution_outcome: what came of it.
    """

    alert_code: int
    execution_date_time: datetime
    execution_outcome: ExecutionOutcome

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS02b alert"
        fields = der.decode_fields(_ALERT, octets, what)
        return cls(
            fields["alert_code"],
            der.parse_time(fields["execution_date_time"], f"{what}: execution date-time"),
            ExecutionOutcome.of(fields["execution_outcome"], what),
        )

    def encode(self) -> bytes:
        """The octets."""
        fields = {
            "alert_code": self.alert_code,
            "execution_date_time": der.time_text(self.execution_date_time),
            "execution_outcome": self.execution_outcome.value(),
        }
        return der.encode(_ALERT, fields)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "alert_code": f"{self.alert_code:04x}",
            "execution_date_time": date_text(self.execution_date_time),
            "execution_outcome": self.execution_outcome.fields(),
        }
