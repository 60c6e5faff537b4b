"""CS03A1, CS03A2, CS03B and CS03C: join two devices of a HAN (service requests 8.7.1 and 8.7.2).

Source: the CS03 messages of RTDS 4.5.0; codes from gbcs-parser and GBCS v0.8.1.  The four use cases differ in message
code and method alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.use_cases.cells import Certificate
from emulator.gbcs.use_cases.payload import (
    ENTITY_ID_OCTETS,
    code_fields,
    entity_id_octets,
    entity_id_of,
    entity_id_text,
)
from emulator.gbcs.use_cases.plain import CODE_MAXIMUM, CodePayload


class Method(IntEnum):
    """joinMethodAndRole."""

    METHOD_A_INITIATOR = 0
    METHOD_A_RESPONDER = 1
    METHOD_B = 2
    METHOD_C = 3


class GbcsDeviceType(IntEnum):
    """Kinds of devices in GBCS's own numbering."""

    GSME = 0
    ESME = 1
    CHF = 2
    GPF = 3
    HCALCS = 4
    PPMID = 5
    TYPE_2 = 6


class ResponseCode(IntEnum):
    """How it went."""

    SUCCESS = 0
    INVALID_MESSAGE_CODE_FOR_JOIN_METHOD_AND_ROLE = 1
    INVALID_JOIN_METHOD_AND_ROLE = 2
    INCOMPATIBLE_WITH_EXISTING_ENTRY = 3
    DEVICE_LOG_FULL = 4
    WRITE_FAILURE = 5
    KEY_AGREEMENT_NO_RESOURCES = 6
    KEY_AGREEMENT_UNKNOWN_ISSUER = 7
    KEY_AGREEMENT_UNSUPPORTED_SUITE = 8
    KEY_AGREEMENT_BAD_MESSAGE = 9
    KEY_AGREEMENT_BAD_KEY_CONFIRM = 10
    INVALID_OR_MISSING_CERTIFICATE = 11
    NO_PARTNER_LINK_KEY_RECEIVED = 12
    NO_CBKE_RESPONSE = 13


METHOD_A_METER = 0x000D
METHOD_B = 0x000E
METHOD_A_NOT_METER = 0x00AB
METHOD_C = 0x00AF

METHODS: Mapping[int, Method] = {
    METHOD_A_METER: Method.METHOD_A_INITIATOR,
    METHOD_A_NOT_METER: Method.METHOD_A_RESPONDER,
    METHOD_B: Method.METHOD_B,
    METHOD_C: Method.METHOD_C,
}
"""The method that belongs to each message code."""

_COMMAND = der.sequence(
    join_method_and_role=der.integer(CODE_MAXIMUM),
    other_device_entity_id=der.octet_string(ENTITY_ID_OCTETS),
    other_device_type=der.integer(CODE_MAXIMUM),
    other_device_certificate=der.Optional(der.anything()),
)


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        method: a Method, or another octet.
        other_device: which device to join with.
        other_device_type: a GbcsDeviceType, or another octet.
        certificate: the other device's key agreement certificate, where GSME and PPMID join.
    """

    method: int
    other_device: Eui64
    other_device_type: int
    certificate: Certificate | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CS03 command"
        fields = der.decode_fields(_COMMAND, octets, what)
        certificate = fields.get("other_device_certificate")
        return cls(
            fields["join_method_and_role"],
            entity_id_of(fields["other_device_entity_id"]),
            fields["other_device_type"],
            None if certificate is None else Certificate.of(certificate, what),
        )

    def encode(self) -> bytes:
        """The octets."""
        value: dict[str, object] = {
            "join_method_and_role": int(self.method),
            "other_device_entity_id": entity_id_octets(self.other_device),
            "other_device_type": int(self.other_device_type),
        }
        if self.certificate is not None:
            value["other_device_certificate"] = self.certificate.octets
        return der.encode(_COMMAND, value)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            **code_fields("join_method_and_role", self.method, Method),
            "other_device_entity_id": entity_id_text(self.other_device),
            **code_fields("other_device_type", self.other_device_type, GbcsDeviceType),
            "other_device_certificate": None if self.certificate is None else self.certificate.fields(),
        }


class Response(CodePayload):
    """The response."""

    __slots__ = ()
    WHAT = "CS03 response"
    CODES = ResponseCode
