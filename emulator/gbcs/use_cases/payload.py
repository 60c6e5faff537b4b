"""What every payload can do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol, Self

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


def firmware_version_octets(version: int) -> bytes:
    """A firmware version as messages carry it: the File Version of the OTA header, most significant octet first."""
    return version.to_bytes(FIRMWARE_VERSION_OCTETS, "big")


def firmware_version_text(version: int) -> str:
    """A firmware version as people read it: eight upper-case hex digits."""
    return f"{version:08X}"


def date_text(date: datetime) -> str:
    """A date as people and machines read it: ISO 8601, UTC, whole seconds, `2026-01-01T00:00:00Z`."""
    return f"{date.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
