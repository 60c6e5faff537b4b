"""CS02c Issue Security Credentials (service request 6.17): the device makes a new key pair and asks for a certificate.

Source: the CS02c messages of RTDS 4.5.0; codes from gbcs-parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.gbcs import der, tlv
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases.cells import KEY_USAGE, key_usage_bits, key_usage_of
from emulator.gbcs.use_cases.payload import code_fields
from emulator.gbcs.use_cases.plain import decode_code, encode_code

MESSAGE_CODE = 0x000A

_COMMAND = der.sequence(key_usage=KEY_USAGE)


class ResponseCode(IntEnum):
    """Why there is no certification request."""

    INVALID_KEY_USAGE = 1
    KEY_PAIR_GENERATION_FAILED = 2
    CR_PRODUCTION_FAILED = 3


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        key_usage: which of the device's keys.
    """

    key_usage: KeyUsage

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        return cls(decode_key_usage(octets, "CS02c command"))

    def encode(self) -> bytes:
        """The octets."""
        return encode_key_usage(self.key_usage)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"key_usage": self.key_usage.value}


def decode_key_usage(octets: bytes, what: str) -> KeyUsage:
    """A SEQUENCE of a key usage alone; DecodeError names `what` otherwise."""
    return key_usage_of(der.decode_fields(_COMMAND, octets, what)["key_usage"], what)


def encode_key_usage(usage: KeyUsage) -> bytes:
    """A SEQUENCE of a key usage alone."""
    return der.encode(_COMMAND, {"key_usage": key_usage_bits(usage)})


@dataclass(frozen=True, slots=True)
class Response:
    """The response: a certification request, or why there is none.

    Attributes:
        certification_request: PKCS #10, DER; None on failure.
        response_code: a ResponseCode, or another octet; None on success.
    """

    certification_request: bytes | None = None
    response_code: int | None = None

    def __post_init__(self) -> None:
        if (self.certification_request is None) == (self.response_code is None):
            raise LocalProtocolError("a CS02c response has either a certification request or a response code")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS02c response"
        if octets[:1] == bytes((tlv.INTEGER,)):
            return cls(response_code=decode_code(octets, what))
        return cls(certification_request=tlv.only_element(octets, what, tlv.SEQUENCE).octets)

    def encode(self) -> bytes:
        """The octets."""
        return encode_code(self.response_code) if self.response_code is not None else self.certification_request or b""

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        if self.response_code is not None:
            return code_fields("response_code", self.response_code, ResponseCode)
        assert self.certification_request is not None
        return {"certification_request": self.certification_request.hex()}
