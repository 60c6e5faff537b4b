"""CS04AC and CS04B: end what CS03 joined (service requests 8.8.1 and 8.8.2).

Source: the CS04 messages of RTDS 4.5.0; codes from gbcs-parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.payload import ENTITY_ID_OCTETS, entity_id_octets, entity_id_of, entity_id_text
from emulator.gbcs.use_cases.plain import CodePayload

METHOD_A_OR_C = 0x000F
METHOD_B = 0x0010

_COMMAND = der.octet_string(ENTITY_ID_OCTETS)


class ResponseCode(IntEnum):
    """How it went."""

    SUCCESS = 0
    NOT_IN_DEVICE_LOG = 1
    OTHER_FAILURE = 2


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        other_device: which device to part from.
    """

    other_device: Eui64

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        entity_id = der.decode(_COMMAND, octets, "CS04 command")
        assert isinstance(entity_id, bytes)
        return cls(entity_id_of(entity_id))

    def encode(self) -> bytes:
        """The octets."""
        return der.encode(_COMMAND, entity_id_octets(self.other_device))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"other_device_entity_id": entity_id_text(self.other_device)}


class Response(CodePayload):
    """The response."""

    __slots__ = ()
    WHAT = "CS04 response"
    CODES = ResponseCode
