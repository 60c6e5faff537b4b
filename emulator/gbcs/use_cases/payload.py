"""What every payload can do, and how values are written for people."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum
from typing import Protocol, Self

from emulator.core.eui64 import Eui64, eui64_big, eui64_text
from emulator.core.events import Value


class Payload(Protocol):
    """The content of one kind of message."""

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""

    def encode(self) -> bytes:
        """The octets, minimal DER."""

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""


FIRMWARE_VERSION_OCTETS = 4
ENTITY_ID_OCTETS = 8
HASH_OCTETS = 32
"""Octets of the SHA-256 over a manufacturer image."""

FUTURE_DATED_ACTIONED = 0x8F66
FUTURE_DATED_NOT_ACTIONED = 0x8F67
"""Alert codes about a future-dated command."""

NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""An execution date-time that cancels the future-dated command before."""

ALERT_CODE_MAXIMUM = 0xFFFF
COUNTER_MAXIMUM = (1 << 64) - 1


def firmware_version_octets(version: int) -> bytes:
    """A firmware version as messages carry it: the File Version of the OTA header, most significant octet first."""
    return version.to_bytes(FIRMWARE_VERSION_OCTETS, "big")


def firmware_version_text(version: int) -> str:
    """A firmware version as people read it: eight upper-case hex digits."""
    return f"{version:08X}"


def date_text(date: datetime) -> str:
    """A date as people and machines read it: ISO 8601, UTC, whole seconds, `2026-01-01T00:00:00Z`."""
    return f"{date.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def entity_id_octets(entity_id: int) -> bytes:
    """An entity identifier as messages carry it: most significant octet first."""
    return eui64_big(entity_id)


def entity_id_of(octets: bytes) -> Eui64:
    """The entity identifier in eight octets."""
    return Eui64(int.from_bytes(octets, "big"))


def entity_id_text(entity_id: int) -> str:
    """An entity identifier as people read it: 16 lower-case hex digits."""
    return eui64_text(entity_id)


def name_of_code(code: int, codes: type[IntEnum]) -> str | None:
    """What a code is called, spelled as GBCS does (`invalidKeyUsage`); None for a code that has no name."""
    try:
        first, *others = codes(code).name.lower().split("_")
    except ValueError:
        return None
    return first + "".join(word.capitalize() for word in others)


def code_fields(field: str, code: int, codes: type[IntEnum]) -> dict[str, Value]:
    """A code as two fields: its number, and beside it under `…_name` what it is called."""
    return {field: int(code), f"{field}_name": name_of_code(code, codes)}
