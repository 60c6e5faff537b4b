"""Payloads that several use cases share: NULL for a Command without fields, and one INTEGER for a Response."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.payload import code_fields

CODE_MAXIMUM = 0xFF

_NULL = der.null()
_CODE = der.integer(CODE_MAXIMUM)


@dataclass(frozen=True, slots=True)
class NullPayload:
    """A payload without fields; a use case gives `WHAT`, what errors call it."""

    WHAT: ClassVar[str]

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are not NULL."""
        der.decode(_NULL, octets, cls.WHAT)
        return cls()

    def encode(self) -> bytes:
        """NULL."""
        return der.encode(_NULL, None)

    def fields(self) -> dict[str, Value]:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class CodePayload:
    """A bare response code; a use case gives `WHAT`, what errors call it, and `CODES`, its own codes.

    Attributes:
        response_code: one of `CODES`, or another octet that a device made up.
    """

    WHAT: ClassVar[str]
    CODES: ClassVar[type[IntEnum]]

    response_code: int

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are no INTEGER of one octet's range."""
        return cls(decode_code(octets, cls.WHAT))

    def encode(self) -> bytes:
        """The octets."""
        return encode_code(self.response_code)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return code_fields("response_code", self.response_code, self.CODES)


def decode_code(octets: bytes, what: str) -> int:
    """A bare INTEGER from 0 to CODE_MAXIMUM; DecodeError names `what` otherwise."""
    code = der.decode(_CODE, octets, what)
    assert isinstance(code, int)
    return code


def encode_code(code: int) -> bytes:
    """A bare INTEGER."""
    return der.encode(_CODE, int(code))
