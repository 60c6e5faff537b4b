"""What came of an update, and of a CS08 read, as the Python API gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert 0x8F8B, its signature verified by the Access Control Broker.

    Attributes:
        result: 0 success, 1 failure.
        firmware_version: 8 upper-case hex digits.
        activated_at: UTC.
        octets: the message.
    """

    message_code: int
    alert_code: int
    result: int
    firmware_version: str
    activated_at: datetime
    octets: bytes


@dataclass(frozen=True, slots=True)
class VersionReading:
    """The answer to CS08, its MAC verified by the Access Control Broker.

    Attributes:
        firmware_version: 8 upper-case hex digits.
        response_code: 0 success, 1 read failure.
        command: the message sent.
        response: the message received.
    """

    message_code: int
    firmware_version: str
    response_code: int
    command: bytes
    response: bytes

    def __str__(self) -> str:
        return self.firmware_version


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an update ended.

    Attributes:
        activated: the bridge runs the new image.
        version: what it runs now, 8 upper-case hex digits.
        reason: why not, machine-readable; None where it was activated.
        alert: what it raised; None where it raised none, or where there is no GBCS transport.
    """

    activated: bool
    version: str
    reason: str | None = None
    alert: Alert | None = None
