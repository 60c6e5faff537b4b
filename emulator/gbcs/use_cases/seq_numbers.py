"""Changes of counters inside credential messages: the floors above which a remote party's counters begin.

Source: the CS02b messages of RTDS 4.5.0; the specialist counters are by gbcs-parser, in no published message of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.cells import ROLE, role_fields
from emulator.gbcs.use_cases.payload import COUNTER_MAXIMUM, code_fields

USAGE_MAXIMUM = 0xFF

SPECIALIST = der.sequence(usage=der.integer(USAGE_MAXIMUM), seq_number=der.integer(COUNTER_MAXIMUM))
CHANGE = der.sequence(
    role=ROLE, floor_seq_number=der.integer(COUNTER_MAXIMUM), specialists=der.Optional(der.sequence_of(SPECIALIST))
)


class SeqNumberUsage(IntEnum):
    """What a specialist counter counts."""

    PREPAYMENT_TOP_UP = 0


@dataclass(frozen=True, slots=True)
class SpecialistSeqNumber:
    """A counter for one kind of use.

    Attributes:
        usage: a SeqNumberUsage, or another octet.
        seq_number: 64 bits.
    """

    usage: int
    seq_number: int

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From what `SPECIALIST` decodes to."""
        return cls(value["usage"], value["seq_number"])

    def value(self) -> dict[str, object]:
        """What `SPECIALIST` encodes."""
        return {"usage": int(self.usage), "seq_number": self.seq_number}

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {**code_fields("usage", self.usage, SeqNumberUsage), "seq_number": self.seq_number}


@dataclass(frozen=True, slots=True)
class SeqNumberChange:
    """The new floor of one remote party.

    Attributes:
        role: whose.
        floor_seq_number: 64 bits; its next Command must be above.
        specialists: its specialist counters; None = not there.
    """

    role: int
    floor_seq_number: int
    specialists: tuple[SpecialistSeqNumber, ...] | None = None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From what `CHANGE` decodes to."""
        specialists = value.get("specialists")
        return cls(
            value["role"],
            value["floor_seq_number"],
            None if specialists is None else tuple(SpecialistSeqNumber.of(one) for one in specialists),
        )

    def value(self) -> dict[str, object]:
        """What `CHANGE` encodes."""
        value: dict[str, object] = {"role": int(self.role), "floor_seq_number": self.floor_seq_number}
        if self.specialists is not None:
            value["specialists"] = [one.value() for one in self.specialists]
        return value

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        specialists = self.specialists
        return {
            **role_fields(self.role),
            "floor_seq_number": self.floor_seq_number,
            "specialists": None if specialists is None else [one.fields() for one in specialists],
        }
