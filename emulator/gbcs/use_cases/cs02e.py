"""CS02e Provide Device Certificates (service request 6.24.2): the device's own certificates.

Source: the CS02e messages of RTDS 4.5.0; codes from gbcs-parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.gbcs import tlv
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases.cells import Certificate
from emulator.gbcs.use_cases.cs02c import decode_key_usage, encode_key_usage
from emulator.gbcs.use_cases.payload import code_fields
from emulator.gbcs.use_cases.plain import decode_code, encode_code

MESSAGE_CODE = 0x000C


class ResponseCode(IntEnum):
    """Why there is no certificate."""

    INVALID_KEY_USAGE = 1
    NO_CERTIFICATE_HELD = 2
    CERTIFICATE_RETRIEVAL_FAILURE = 3


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        key_usage: the certificate of which of the device's keys.
    """

    key_usage: KeyUsage

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        return cls(decode_key_usage(octets, "CS02e command"))

    def encode(self) -> bytes:
        """The octets."""
        return encode_key_usage(self.key_usage)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"key_usage": self.key_usage.value}


@dataclass(frozen=True, slots=True)
class Response:
    """The response: a certificate, or why there is none.

    Attributes:
        certificate: None on failure.
        response_code: a ResponseCode, or another octet; None on success.
    """

    certificate: Certificate | None = None
    response_code: int | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) == (self.response_code is None):
            raise LocalProtocolError("a CS02e response has either a certificate or a response code")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS02e response"
        if octets[:1] == bytes((tlv.INTEGER,)):
            return cls(response_code=decode_code(octets, what))
        return cls(Certificate(tlv.only_element(octets, what, tlv.SEQUENCE).octets))

    def encode(self) -> bytes:
        """The octets."""
        if self.response_code is not None:
            return encode_code(self.response_code)
        assert self.certificate is not None
        return self.certificate.octets

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        if self.response_code is not None:
            return code_fields("response_code", self.response_code, ResponseCode)
        assert self.certificate is not None
        return {"certificate": self.certificate.fields()}
