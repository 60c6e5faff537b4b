"""Commands that all clusters share: read, write, report and discover attributes, and the default response.

Attribute identifiers are 16 bits; values have the types of `zcl_types`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader
from emulator.zigbee.frames.zcl_reporting import ConfigureReporting, ConfigureReportingResponse
from emulator.zigbee.frames.zcl_status import Status
from emulator.zigbee.frames.zcl_types import DataType, TypedValue, decode_typed, encode_typed, read_type

__all__ = [
    "AttributeStatus",
    "AttributeValue",
    "ConfigureReporting",
    "ConfigureReportingResponse",
    "DefaultResponse",
    "DiscoverAttributes",
    "DiscoverAttributesResponse",
    "FoundationCommand",
    "ReadAttributes",
    "ReadAttributesResponse",
    "ReportAttributes",
    "Status",
    "WriteAttributes",
    "WriteAttributesNoResponse",
    "WriteAttributesResponse",
    "WriteAttributesUndivided",
    "decode_foundation",
    "encode_foundation",
]


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """An attribute and its value, in writing and reporting."""

    attribute: int
    value: TypedValue


@dataclass(frozen=True, slots=True)
class AttributeStatus:
    """What reading or writing one attribute came to; `value` only where it was read."""

    attribute: int
    status: int
    value: TypedValue | None = None


@dataclass(frozen=True, slots=True)
class ReadAttributes:
    """Asks for attributes."""

    command: ClassVar[int] = 0x00
    attributes: tuple[int, ...]

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack(f"<{len(self.attributes)}H", *self.attributes)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        if reader.remaining % 2:
            raise DecodeError("half an attribute identifier")
        return cls(struct.unpack(f"<{reader.remaining // 2}H", reader.rest()))


@dataclass(frozen=True, slots=True)
class ReadAttributesResponse:
    """The values asked for; a record without success has no value."""

    command: ClassVar[int] = 0x01
    records: tuple[AttributeStatus, ...]

    def encode(self) -> bytes:
        """The payload."""
        return b"".join(self._encode(record) for record in self.records)

    @staticmethod
    def _encode(record: AttributeStatus) -> bytes:
        if (record.status == Status.SUCCESS) is (record.value is None):
            raise ValueError("a value belongs to success, and only there")
        value = b"" if record.value is None else encode_typed(record.value)
        return struct.pack("<HB", record.attribute, record.status) + value

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        records = []
        while reader.remaining:
            attribute, status = reader.little(2, "attribute"), reader.little(1, "status")
            value = decode_typed(reader) if status == Status.SUCCESS else None
            records.append(AttributeStatus(attribute, status, value))
        return cls(tuple(records))


@dataclass(frozen=True, slots=True)
class _Values:
    """A list of attributes and values: writing in three ways, and reporting."""

    command: ClassVar[int]
    records: tuple[AttributeValue, ...]

    def encode(self) -> bytes:
        """The payload."""
        return b"".join(struct.pack("<H", record.attribute) + encode_typed(record.value) for record in self.records)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        records = []
        while reader.remaining:
            records.append(AttributeValue(reader.little(2, "attribute"), decode_typed(reader)))
        return cls(tuple(records))


@dataclass(frozen=True, slots=True)
class WriteAttributes(_Values):
    """Writes each attribute that can be written."""

    command: ClassVar[int] = 0x02


@dataclass(frozen=True, slots=True)
class WriteAttributesUndivided(_Values):
    """Writes all attributes or none."""

    command: ClassVar[int] = 0x03


@dataclass(frozen=True, slots=True)
class WriteAttributesNoResponse(_Values):
    """Writes, and wants no answer."""

    command: ClassVar[int] = 0x05


@dataclass(frozen=True, slots=True)
class ReportAttributes(_Values):
    """Tells values unasked."""

    command: ClassVar[int] = 0x0A


@dataclass(frozen=True, slots=True)
class WriteAttributesResponse:
    """The attributes that were not written; empty where all were, which is one octet of success on the air."""

    command: ClassVar[int] = 0x04
    failures: tuple[AttributeStatus, ...] = ()

    def encode(self) -> bytes:
        """The payload."""
        if not self.failures:
            return bytes((Status.SUCCESS,))
        return b"".join(struct.pack("<BH", record.status, record.attribute) for record in self.failures)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        if reader.remaining == 1 and reader.little(1, "status") == Status.SUCCESS:
            return cls()
        records = []
        while reader.remaining:
            status, attribute = reader.little(1, "status"), reader.little(2, "attribute")
            records.append(AttributeStatus(attribute, status))
        if not records:
            raise DecodeError("write attributes response without octets")
        return cls(tuple(records))


@dataclass(frozen=True, slots=True)
class DefaultResponse:
    """What a command came to that has no answer of its own; `to_command` is its identifier."""

    command: ClassVar[int] = 0x0B
    to_command: int
    status: int

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<BB", self.to_command, self.status)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(1, "command"), reader.little(1, "status"))


@dataclass(frozen=True, slots=True)
class DiscoverAttributes:
    """Asks which attributes there are from `start` on, at most `maximum`."""

    command: ClassVar[int] = 0x0C
    start: int
    maximum: int

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<HB", self.start, self.maximum)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(2, "start attribute"), reader.little(1, "maximum"))


@dataclass(frozen=True, slots=True)
class DiscoverAttributesResponse:
    """Attributes and their types; `complete` where there are no more."""

    command: ClassVar[int] = 0x0D
    complete: bool
    attributes: tuple[tuple[int, DataType], ...]

    def encode(self) -> bytes:
        """The payload."""
        return bytes((self.complete,)) + b"".join(struct.pack("<HB", *attribute) for attribute in self.attributes)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        complete = reader.little(1, "discovery complete")
        attributes = []
        while reader.remaining:
            attributes.append((reader.little(2, "attribute"), read_type(reader)))
        return cls(bool(complete), tuple(attributes))


FoundationCommand = (
    ReadAttributes
    | ReadAttributesResponse
    | WriteAttributes
    | WriteAttributesUndivided
    | WriteAttributesResponse
    | WriteAttributesNoResponse
    | ConfigureReporting
    | ConfigureReportingResponse
    | ReportAttributes
    | DefaultResponse
    | DiscoverAttributes
    | DiscoverAttributesResponse
)

_COMMANDS: dict[int, type[FoundationCommand]] = {
    kind.command: kind
    for kind in (
        ReadAttributes,
        ReadAttributesResponse,
        WriteAttributes,
        WriteAttributesUndivided,
        WriteAttributesResponse,
        WriteAttributesNoResponse,
        ConfigureReporting,
        ConfigureReportingResponse,
        ReportAttributes,
        DefaultResponse,
        DiscoverAttributes,
        DiscoverAttributesResponse,
    )
}


def encode_foundation(message: FoundationCommand) -> tuple[int, bytes]:
    """Command identifier and payload; LocalProtocolError for a field that does not fit."""
    try:
        return message.command, message.encode()
    except (struct.error, ValueError) as error:
        raise LocalProtocolError(f"ZCL command field out of range: {error}") from error


def decode_foundation(command: int, payload: bytes) -> FoundationCommand:
    """The message; DecodeError for an unknown command or a payload that is none of it."""
    kind = _COMMANDS.get(command)
    if kind is None:
        raise DecodeError(f"unknown ZCL general command 0x{command:02x}")
    reader = Reader(payload)
    message = kind.decode(reader)
    reader.finish("ZCL general command")
    return message
