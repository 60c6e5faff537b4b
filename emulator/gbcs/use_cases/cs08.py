"""CS08 Read PPMID/HCALCS Firmware Version (service request 11.2): command and response.

Source: the four CS08 messages of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.payload import FIRMWARE_VERSION_OCTETS, firmware_version_octets, firmware_version_text

MESSAGE_CODE = 0x0129

_COMMAND = der.null()
_RESPONSE = der.sequence(
    firmware_version=der.octet_string(FIRMWARE_VERSION_OCTETS),
    response_code=der.integer(0xFF),
)


class ResponseCode(IntEnum):
    """How the read went."""

    SUCCESS = 0
    READ_FAILURE = 1


@dataclass(frozen=True, slots=True)
class Command:
    """The command; it has no fields."""

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are not NULL."""
        der.decode(_COMMAND, octets, "CS08 command")
        return cls()

    def encode(self) -> bytes:
        """NULL."""
        return der.encode(_COMMAND, None)

    def fields(self) -> dict[str, Value]:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class Response:
    """The response.

    Attributes:
        firmware_version: 32 bits, the File Version of the image that runs; 0 where the read failed.
        response_code: a ResponseCode, or another octet that a device made up.
    """

    firmware_version: int
    response_code: int

    @classmethod
    def of(cls, firmware_version: int | None) -> Self:
        """The response for a version that could be read, or for one that could not (None)."""
        if firmware_version is None:
            return cls(0, ResponseCode.READ_FAILURE)
        return cls(firmware_version, ResponseCode.SUCCESS)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        fields = der.decode_fields(_RESPONSE, octets, "CS08 response")
        return cls(int.from_bytes(fields["firmware_version"], "big"), fields["response_code"])

    def encode(self) -> bytes:
        """The octets."""
        version = firmware_version_octets(self.firmware_version)
        return der.encode(_RESPONSE, {"firmware_version": version, "response_code": int(self.response_code)})

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "firmware_version": firmware_version_text(self.firmware_version),
            "response_code": int(self.response_code),
        }
