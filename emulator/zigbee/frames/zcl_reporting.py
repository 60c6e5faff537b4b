"""The foundation commands that configure attribute reporting."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from emulator.core.errors import DecodeError
from emulator.core.octets import Reader
from emulator.zigbee.frames.zcl_status import Status
from emulator.zigbee.frames.zcl_types import DataType, Value, decode_value, encode_value, is_analogue, read_type

_SENT = 0x00
_RECEIVED = 0x01


@dataclass(frozen=True, slots=True)
class ReportingConfiguration:
    """Have an attribute reported to the asker.

    Attributes:
        attribute: which.
        type: its type.
        minimum: seconds at least between reports.
        maximum: seconds at most between reports.
        change: by how much the value must differ; None for types without reportable change.
    """

    attribute: int
    type: DataType
    minimum: int
    maximum: int
    change: Value = None

    def encode(self) -> bytes:
        """The record."""
        if is_analogue(self.type) is (self.change is None):
            raise ValueError("a reportable change belongs to analogue types, and only there")
        change = b"" if self.change is None else encode_value(self.type, self.change)
        return struct.pack("<BHBHH", _SENT, self.attribute, self.type, self.minimum, self.maximum) + change


@dataclass(frozen=True, slots=True)
class ReportingExpectation:
    """The asker will report an attribute: expect it within `timeout` seconds."""

    attribute: int
    timeout: int

    def encode(self) -> bytes:
        """The record."""
        return struct.pack("<BHH", _RECEIVED, self.attribute, self.timeout)


@dataclass(frozen=True, slots=True)
class ConfigureReporting:
    """Sets up reports."""

    command: ClassVar[int] = 0x06
    records: tuple[ReportingConfiguration | ReportingExpectation, ...]

    def encode(self) -> bytes:
        """The payload."""
        return b"".join(record.encode() for record in self.records)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        records = []
        while reader.remaining:
            records.append(_decode_record(reader))
        return cls(tuple(records))


def _decode_record(reader: Reader) -> ReportingConfiguration | ReportingExpectation:
    direction = reader.little(1, "direction")
    if direction > _RECEIVED:
        raise DecodeError(f"reserved reporting direction {direction}")
    attribute = reader.little(2, "attribute")
    if direction == _RECEIVED:
        return ReportingExpectation(attribute, reader.little(2, "timeout"))
    kind = read_type(reader)
    minimum, maximum = reader.little(2, "minimum interval"), reader.little(2, "maximum interval")
    change = decode_value(reader, kind) if is_analogue(kind) else None
    return ReportingConfiguration(attribute, kind, minimum, maximum, change)


@dataclass(frozen=True, slots=True)
class ReportingStatus:
    """What one record came to; `received` repeats its direction."""

    status: int
    received: bool
    attribute: int


@dataclass(frozen=True, slots=True)
class ConfigureReportingResponse:
    """The records that failed; empty where none did, which is one octet of success on the air."""

    command: ClassVar[int] = 0x07
    failures: tuple[ReportingStatus, ...] = ()

    def encode(self) -> bytes:
        """The payload."""
        if not self.failures:
            return bytes((Status.SUCCESS,))
        return b"".join(struct.pack("<BBH", one.status, one.received, one.attribute) for one in self.failures)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        if reader.remaining == 1 and reader.little(1, "status") == Status.SUCCESS:
            return cls()
        records = []
        while reader.remaining:
            status, direction = reader.little(1, "status"), reader.little(1, "direction")
            records.append(ReportingStatus(status, bool(direction), reader.little(2, "attribute")))
        if not records:
            raise DecodeError("configure reporting response without octets")
        return cls(tuple(records))
