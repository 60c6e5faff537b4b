"""CS07 Read Device Join Details: which devices a device has been joined with.

Source: gbcs-parser, and the CS07 messages of RTDS 4.5.0 (addressed to a GSME).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.cs03 import GbcsDeviceType
from emulator.gbcs.use_cases.payload import (
    ENTITY_ID_OCTETS,
    code_fields,
    entity_id_octets,
    entity_id_of,
    entity_id_text,
)
from emulator.gbcs.use_cases.plain import CODE_MAXIMUM, NullPayload

MESSAGE_CODE = 0x0013

_ENTRY = der.sequence(entity_id=der.octet_string(ENTITY_ID_OCTETS), device_type=der.integer(CODE_MAXIMUM))
_RESPONSE = der.sequence(response_code=der.integer(CODE_MAXIMUM), devices=der.Optional(der.sequence_of(_ENTRY)))


class ResponseCode(IntEnum):
    """How the read went."""

    SUCCESS = 0
    READ_FAILURE = 1


class Command(NullPayload):
    """The command; it has no fields."""

    __slots__ = ()
    WHAT = "CS07 command"


@dataclass(frozen=True, slots=True)
class JoinedDevice:
    """One entry of the device log: a device, and its GbcsDeviceType or another octet."""

    entity_id: Eui64
    device_type: int


@dataclass(frozen=True, slots=True)
class Response:
    """The response.

    Attributes:
        response_code: a ResponseCode, or another octet.
        devices: the device log; None where it could not be read.
    """

    response_code: int
    devices: tuple[JoinedDevice, ...] | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        fields = der.decode_fields(_RESPONSE, octets, "CS07 response")
        devices = fields.get("devices")
        if devices is not None:
            devices = tuple(JoinedDevice(entity_id_of(one["entity_id"]), one["device_type"]) for one in devices)
        return cls(fields["response_code"], devices)

    def encode(self) -> bytes:
        """The octets."""
        value: dict[str, object] = {"response_code": int(self.response_code)}
        if self.devices is not None:
            value["devices"] = [
                {"entity_id": entity_id_octets(one.entity_id), "device_type": int(one.device_type)}
                for one in self.devices
            ]
        return der.encode(_RESPONSE, value)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        devices: list[Value] | None = None
        if self.devices is not None:
            devices = [
                {
                    "entity_id": entity_id_text(one.entity_id),
                    **code_fields("device_type", one.device_type, GbcsDeviceType),
                }
                for one in self.devices
            ]
        return {**code_fields("response_code", self.response_code, ResponseCode), "devices": devices}
