"""CS09 PPMID Firmware Activation Alert: what a device says after it activated an image, or failed to.

Source: the CS09 message of RTDS 4.5.0.  Not said there: which version the alert carries on failure (a
setting of the device).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Self

from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.payload import (
    FIRMWARE_VERSION_OCTETS,
    date_text,
    firmware_version_octets,
    firmware_version_text,
)

MESSAGE_CODE = 0x012B
OTHER_MESSAGE_CODE = 0x0129
"""The code of CS08: one independent implementation looks for this alert there, so it is taken on reception."""

ALERT_CODE = 0x8F8B

_ALERT = der.sequence(
    alert_code=der.integer(0xFFFF),
    activation_date_time=der.generalized_time(),
    firmware_version=der.octet_string(FIRMWARE_VERSION_OCTETS),
    result=der.integer(0xFF),
)


class Result(IntEnum):
    """How the activation went."""

    SUCCESS = 0
    FAILURE = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert.

    Attributes:
        activation_date_time: when, in UTC; whole seconds.
        firmware_version: 32 bits.
        result: a Result, or another octet that a device made up.
        alert_code: 16 bits, 0x8F8B.
    """

    activation_date_time: datetime
    firmware_version: int
    result: int
    alert_code: int = ALERT_CODE

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        fields = der.decode_fields(_ALERT, octets, "CS09 alert")
        return cls(
            activation_date_time=der.parse_time(fields["activation_date_time"], "CS09 alert: activation date-time"),
            firmware_version=int.from_bytes(fields["firmware_version"], "big"),
            result=fields["result"],
            alert_code=fields["alert_code"],
        )

    def encode(self) -> bytes:
        """The octets; what is less than a second of the time is left out."""
        fields = {
            "alert_code": self.alert_code,
            "activation_date_time": der.time_text(self.activation_date_time),
            "firmware_version": firmware_version_octets(self.firmware_version),
            "result": int(self.result),
        }
        return der.encode(_ALERT, fields)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "alert_code": f"{self.alert_code:04x}",
            "activation_date_time": date_text(self.activation_date_time),
            "firmware_version": firmware_version_text(self.firmware_version),
            "result": int(self.result),
        }
