"""CS02d Update Device Certificates (service request 6.15.2): the certificate for a key pair that CS02c made.

Source: the CS02d messages of RTDS 4.5.0; codes from gbcs-parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.events import Value
from emulator.gbcs import tlv
from emulator.gbcs.use_cases.cells import Certificate
from emulator.gbcs.use_cases.plain import CodePayload

MESSAGE_CODE = 0x000B


class ResponseCode(IntEnum):
    """How it went."""

    SUCCESS = 0
    INVALID_CERTIFICATE = 1
    WRONG_DEVICE_IDENTITY = 2
    INVALID_KEY_USAGE = 3
    NO_CORRESPONDING_KEY_PAIR_GENERATED = 4
    WRONG_PUBLIC_KEY = 5
    CERTIFICATE_STORAGE_FAILED = 6
    PRIVATE_KEY_CHANGE_FAILED = 7


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        certificate: the new one.
    """

    certificate: Certificate

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are no one SEQUENCE.  Whether that is a certificate, the device says."""
        return cls(Certificate(tlv.only_element(octets, "CS02d command", tlv.SEQUENCE).octets))

    def encode(self) -> bytes:
        """The octets."""
        return self.certificate.octets

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"certificate": self.certificate.fields()}


class Response(CodePayload):
    """The response."""

    __slots__ = ()
    WHAT = "CS02d response"
    CODES = ResponseCode
