"""CCS08 Firmware Transfer Alert: what a Communications Hub says about an image it was to hand to a device.

Source: the CCS08 message of RTDS 4.5.0; codes from gbcs-parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.payload import (
    ALERT_CODE_MAXIMUM,
    ENTITY_ID_OCTETS,
    FIRMWARE_VERSION_OCTETS,
    code_fields,
    date_text,
    entity_id_octets,
    entity_id_of,
    entity_id_text,
    firmware_version_octets,
    firmware_version_text,
)
from emulator.gbcs.use_cases.plain import CODE_MAXIMUM

MESSAGE_CODE = 0x0128

ALERT_SUCCESS = 0x8F8A
ALERT_FAILURE = 0x8F89

_ALERT = der.sequence(
    alert_code=der.integer(ALERT_CODE_MAXIMUM),
    date_time=der.generalized_time(),
    target_entity_id=der.octet_string(ENTITY_ID_OCTETS),
    firmware_version=der.octet_string(FIRMWARE_VERSION_OCTETS),
    response_code=der.integer(CODE_MAXIMUM),
)


class ResponseCode(IntEnum):
    """What became of the image."""

    SUCCESS = 0
    IMAGE_DISCARDED = 1
    HARDWARE_VERSION_MISMATCH = 2
    FILE_TRANSFER_FAILURE = 3


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert.

    Attributes:
        alert_code: 0x8F8A success, 0x8F89 failure.
        date_time: when, UTC.
        target: the device that the image is for.
        firmware_version: 32 bits, the image's.
        response_code: a ResponseCode, or another octet.
    """

    alert_code: int
    date_time: datetime
    target: Eui64
    firmware_version: int
    response_code: int

    @classmethod
    def of(cls, date_time: datetime, target: Eui64, firmware_version: int, response_code: ResponseCode) -> Self:
        """The alert for an outcome, with the alert code that belongs to it."""
        code = ALERT_SUCCESS if response_code is ResponseCode.SUCCESS else ALERT_FAILURE
        return cls(code, date_time, target, firmware_version, response_code)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        fields = der.decode_fields(_ALERT, octets, "CCS08 alert")
        return cls(
            fields["alert_code"],
            der.parse_time(fields["date_time"], "CCS08 alert: date-time"),
            entity_id_of(fields["target_entity_id"]),
            int.from_bytes(fields["firmware_version"], "big"),
            fields["response_code"],
        )

    def encode(self) -> bytes:
        """The octets."""
        fields = {
            "alert_code": self.alert_code,
            "date_time": der.time_text(self.date_time),
            "target_entity_id": entity_id_octets(self.target),
            "firmware_version": firmware_version_octets(self.firmware_version),
            "response_code": int(self.response_code),
        }
        return der.encode(_ALERT, fields)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "alert_code": f"{self.alert_code:04x}",
            "date_time": date_text(self.date_time),
            "target_entity_id": entity_id_text(self.target),
            "firmware_version": firmware_version_text(self.firmware_version),
            **code_fields("response_code", self.response_code, ResponseCode),
        }
