"""CS06 Activate Firmware (service request 11.3): meters and HCALCS, at once, later, or no more; alert 0x00CA.

Source: the CS06 messages of RTDS 4.5.0; codes from gbcs-parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Self

from emulator.core.events import Value
from emulator.gbcs import der, tlv
from emulator.gbcs.use_cases.payload import (
    ALERT_CODE_MAXIMUM,
    COUNTER_MAXIMUM,
    FIRMWARE_VERSION_OCTETS,
    HASH_OCTETS,
    NEVER,
    code_fields,
    date_text,
    firmware_version_octets,
    firmware_version_text,
)
from emulator.gbcs.use_cases.plain import CODE_MAXIMUM

MESSAGE_CODE = 0x0012
ALERT_MESSAGE_CODE = 0x00CA

_COMMAND = der.sequence(
    manufacturer_image_hash=der.octet_string(HASH_OCTETS),
    originator_counter=der.integer(COUNTER_MAXIMUM),
    execution_date_time=der.Optional(der.generalized_time()),
)
_OUTCOME = der.sequence(
    response_code=der.integer(CODE_MAXIMUM), firmware_version=der.octet_string(FIRMWARE_VERSION_OCTETS)
)
_ACCEPTED = der.null()
_ALERT = der.sequence(
    alert_code=der.integer(ALERT_CODE_MAXIMUM),
    execution_date_time=der.generalized_time(),
    originator_counter=der.integer(COUNTER_MAXIMUM),
    execution_outcome=_OUTCOME,
)


class ResponseCode(IntEnum):
    """How it went."""

    SUCCESS = 0
    NO_IMAGE_HELD = 1
    HASH_MISMATCH = 2
    ACTIVATION_FAILURE = 3


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        manufacturer_image_hash: SHA-256 over the manufacturer image, 32 octets.
        originator_counter: 64 bits.
        execution_date_time: when, UTC; None = now, NEVER = cancelled.
    """

    manufacturer_image_hash: bytes
    originator_counter: int
    execution_date_time: datetime | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS06 command"
        fields = der.decode_fields(_COMMAND, octets, what)
        when = der.parse_optional_time(fields.get("execution_date_time"), f"{what}: execution date-time")
        return cls(fields["manufacturer_image_hash"], fields["originator_counter"], when)

    def encode(self) -> bytes:
        """The octets."""
        value: dict[str, object] = {
            "manufacturer_image_hash": self.manufacturer_image_hash,
            "originator_counter": self.originator_counter,
        }
        if self.execution_date_time is not None:
            value["execution_date_time"] = der.time_text(self.execution_date_time)
        return der.encode(_COMMAND, value)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        when = self.execution_date_time
        return {
            "manufacturer_image_hash": self.manufacturer_image_hash.hex(),
            "originator_counter": self.originator_counter,
            "execution_date_time": None if when is None else date_text(when),
            "cancels": when == NEVER,
        }


@dataclass(frozen=True, slots=True)
class ExecutionOutcome:
    """What came of a command.

    Attributes:
        response_code: a ResponseCode, or another octet.
        firmware_version: 32 bits, the version that runs.
    """

    response_code: int
    firmware_version: int

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """From what the schema decodes to."""
        return cls(value["response_code"], int.from_bytes(value["firmware_version"], "big"))

    def value(self) -> dict[str, object]:
        """What the schema encodes."""
        version = firmware_version_octets(self.firmware_version)
        return {"response_code": int(self.response_code), "firmware_version": version}

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            **code_fields("response_code", self.response_code, ResponseCode),
            "firmware_version": firmware_version_text(self.firmware_version),
        }


@dataclass(frozen=True, slots=True)
class Response:
    """The response.

    Attributes:
        execution_outcome: what came of it; None where the command is future dated, and only accepted.
    """

    execution_outcome: ExecutionOutcome | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS06 response"
        if octets[:1] == bytes((tlv.SEQUENCE,)):
            return cls(ExecutionOutcome.of(der.decode_fields(_OUTCOME, octets, what)))
        der.decode(_ACCEPTED, octets, what)
        return cls()

    def encode(self) -> bytes:
        """The octets."""
        outcome = self.execution_outcome
        return der.encode(_ACCEPTED, None) if outcome is None else der.encode(_OUTCOME, outcome.value())

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
        originator_counter: the command's.
        execution_outcome: what came of it.
    """

    alert_code: int
    execution_date_time: datetime
    originator_counter: int
    execution_outcome: ExecutionOutcome

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS06 alert"
        fields = der.decode_fields(_ALERT, octets, what)
        return cls(
            fields["alert_code"],
            der.parse_time(fields["execution_date_time"], f"{what}: execution date-time"),
            fields["originator_counter"],
            ExecutionOutcome.of(fields["execution_outcome"]),
        )

    def encode(self) -> bytes:
        """The octets."""
        fields = {
            "alert_code": self.alert_code,
            "execution_date_time": der.time_text(self.execution_date_time),
            "originator_counter": self.originator_counter,
            "execution_outcome": self.execution_outcome.value(),
        }
        return der.encode(_ALERT, fields)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "alert_code": f"{self.alert_code:04x}",
            "execution_date_time": date_text(self.execution_date_time),
            "originator_counter": self.originator_counter,
            "execution_outcome": self.execution_outcome.fields(),
        }
