"""DER payloads by schema: plain Python values in and out.

A codec of our own, since the ready-made ones are slow, do not say which field is wrong, and do not keep an empty list
apart from an absent one.  A schema knows how deep it goes, so nothing runs away: every length is checked against what
is there, indefinite lengths are refused.  Longer lengths than needed are read, as some published messages have them
(`30 82 00 9F`); what is encoded is minimal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.gbcs import tlv
from emulator.gbcs.tlv import DerReader, Element, only_element

_TIME_FORMAT = "%Y%m%d%H%M%SZ"
_TIME_DIGITS = 14
_NULL = 0x05
_ENUMERATED = 0x0A
_CONSTRUCTED = 0x20
_LONGEST_INTEGER = 9  # octets of a 64-bit counter with its sign
_OCTET_BITS = 8


class Asn1Type(ABC):
    """A type of ASN.1: what stands in its place, as octets and as a value of Python."""

    __slots__ = ()
    tag: int

    @abstractmethod
    def content_of(self, value: Any) -> bytes:  # noqa: ANN401 - each type has values of its own
        """The content octets of a value; LocalProtocolError where the type does not have it."""

    @abstractmethod
    def value_of(self, element: Element, what: str) -> Any:  # noqa: ANN401 - as above
        """The value of an element with this type's tag; DecodeError names `what` where the type does not have it."""

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 - as above
        """Tag, length and content."""
        return tlv.encode(self.tag, self.content_of(value))

    def is_next(self, reader: DerReader) -> bool:
        """Whether the next element is of this type, by its tag."""
        return reader.next_tag() == self.tag

    def read(self, reader: DerReader, what: str) -> Any:  # noqa: ANN401 - as above
        """The value of the next element."""
        return self.value_of(reader.element(what, self.tag), what)


@dataclass(frozen=True, slots=True)
class _Null(Asn1Type):
    tag: int = _NULL

    def content_of(self, value: None) -> bytes:  # noqa: ARG002 - there is but one
        return b""

    def value_of(self, element: Element, what: str) -> None:
        if element.content:
            raise DecodeError(f"{what}: NULL with content")


@dataclass(frozen=True, slots=True)
class _Integer(Asn1Type):
    highest: int
    tag: int = tlv.INTEGER

    def content_of(self, value: int) -> bytes:
        if not 0 <= value <= self.highest:
            raise LocalProtocolError(f"{value} is not from 0 to {self.highest}")
        return value.to_bytes(value.bit_length() // _OCTET_BITS + 1, "big")

    def value_of(self, element: Element, what: str) -> int:
        if not 0 < len(element.content) <= _LONGEST_INTEGER:
            raise DecodeError(f"{what}: a number of {len(element.content)} octets")
        value = int.from_bytes(element.content, "big", signed=True)
        if not 0 <= value <= self.highest:
            raise DecodeError(f"{what}: {value} is not from 0 to {self.highest}")
        return value


@dataclass(frozen=True, slots=True)
class _OctetString(Asn1Type):
    least: int
    most: int
    tag: int = tlv.OCTET_STRING

    def content_of(self, value: bytes) -> bytes:
        if not self.least <= len(value) <= self.most:
            raise LocalProtocolError(f"{len(value)} octets, not {self._lengths()}")
        return value

    def value_of(self, element: Element, what: str) -> bytes:
        if not self.least <= len(element.content) <= self.most:
            raise DecodeError(f"{what}: {len(element.content)} octets, not {self._lengths()}")
        return element.content

    def _lengths(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class _BitString(Asn1Type):
    most: int
    tag: int = tlv.BIT_STRING

    def content_of(self, value: str) -> bytes:
        if len(value) > self.most or not set(value) <= {"0", "1"}:
            raise LocalProtocolError(f"{value!r} is no text of at most {self.most} bits")
        unused = -len(value) % _OCTET_BITS
        bits = int(value + "0" * unused or "0", 2)
        return bytes((unused,)) + bits.to_bytes((len(value) + unused) // _OCTET_BITS, "big")

    def value_of(self, element: Element, what: str) -> str:
        unused, octets = element.content[:1], element.content[1:]
        length = len(octets) * _OCTET_BITS - int.from_bytes(unused, "big")
        if not unused or unused[0] >= _OCTET_BITS or not 0 <= length <= self.most:
            raise DecodeError(f"{what}: {element.content.hex()} is no string of at most {self.most} bits")
        return "".join(f"{octet:08b}" for octet in octets)[:length]


@dataclass(frozen=True, slots=True)
class _Time(Asn1Type):
    tag: int = tlv.GENERALIZED_TIME

    def content_of(self, value: str) -> bytes:
        return value.encode("ascii")

    def value_of(self, element: Element, what: str) -> bytes:  # noqa: ARG002 - `parse_time` judges
        return element.content


@dataclass(frozen=True, slots=True)
class _Anything(Asn1Type):
    tag: int = -1

    def content_of(self, value: bytes) -> bytes:
        return value

    def value_of(self, element: Element, what: str) -> bytes:  # noqa: ARG002 - nothing to judge
        return element.octets

    def encode(self, value: bytes) -> bytes:
        return value

    def is_next(self, reader: DerReader) -> bool:
        return reader.remaining > 0

    def read(self, reader: DerReader, what: str) -> bytes:
        return reader.element(what).octets


@dataclass(frozen=True, slots=True)
class _SequenceOf(Asn1Type):
    each: Asn1Type
    tag: int = tlv.SEQUENCE

    def content_of(self, value: list[Any]) -> bytes:
        return b"".join(map(self.each.encode, value))

    def value_of(self, element: Element, what: str) -> list[Any]:
        reader = DerReader(element.content)
        values = []
        while reader.remaining:
            values.append(self.each.read(reader, what))
        return values


@dataclass(frozen=True, slots=True)
class Optional:
    """A field of a SEQUENCE that need not be there; then it is not in the dict either.

    Attributes:
        schema: of the field.
        default: the number that an absent field stands for; it is never written.  None = there is no such number.
    """

    schema: Asn1Type
    default: int | None = None


@dataclass(frozen=True, slots=True)
class _Sequence(Asn1Type):
    fields: Mapping[str, Asn1Type | Optional]
    tag: int = tlv.SEQUENCE

    def content_of(self, value: Mapping[str, Any]) -> bytes:
        return b"".join(self._field(name, field, value) for name, field in self.fields.items())

    @staticmethod
    def _field(name: str, field: Asn1Type | Optional, value: Mapping[str, Any]) -> bytes:
        if isinstance(field, Asn1Type):
            return field.encode(value[name])
        if name not in value or (field.default is not None and value[name] == field.default):
            return b""
        return field.schema.encode(value[name])

    def value_of(self, element: Element, what: str) -> dict[str, Any]:
        reader = DerReader(element.content)
        values = {}
        for name, field in self.fields.items():
            where = f"{what}: {name}"
            if isinstance(field, Asn1Type):
                values[name] = field.read(reader, where)
            elif field.schema.is_next(reader):
                values[name] = field.schema.read(reader, where)
            elif field.default is not None:
                values[name] = field.default
        reader.finish(what)
        return values


def null() -> Asn1Type:
    """NULL; None in Python."""
    return _Null()


def integer(highest: int) -> Asn1Type:
    """INTEGER from 0 to `highest`, which has 64 bits at most."""
    return _Integer(highest)


def enumerated(highest: int) -> Asn1Type:
    """ENUMERATED from 0 to `highest`; a number in Python."""
    return _Integer(highest, _ENUMERATED)


def octet_string(length: int, most: int | None = None) -> Asn1Type:
    """OCTET STRING of exactly `length` octets, or of `length` to `most`; bytes in Python."""
    return _OctetString(length, length if most is None else most)


def bit_string(most: int) -> Asn1Type:
    """BIT STRING of at most so many bits; text in Python, a `0` or `1` for each bit, bit 0 first."""
    return _BitString(most)


def anything() -> Asn1Type:
    """One element of any type, kept as its octets, e.g. a certificate."""
    return _Anything()


def generalized_time() -> Asn1Type:
    """GeneralizedTime; `time_text` gives what to encode, `parse_time` takes the octets decoded."""
    return _Time()


def sequence(**fields: Asn1Type | Optional) -> Asn1Type:
    """SEQUENCE with these fields in this order; a dict in Python."""
    return _Sequence(fields)


def sequence_of(schema: Asn1Type) -> Asn1Type:
    """SEQUENCE OF one type; a list in Python."""
    return _SequenceOf(schema)


def context(number: int, schema: _Integer | _OctetString | _Sequence | _SequenceOf | Asn1Type) -> Asn1Type:
    """The same type under an implicit context-specific tag."""
    assert isinstance(schema, _Integer | _OctetString | _Sequence | _SequenceOf)
    return replace(schema, tag=tlv.CONTEXT | schema.tag & _CONSTRUCTED | number)


def encode(schema: Asn1Type, value: object) -> bytes:
    """The DER octets of a value; LocalProtocolError where the schema does not have it."""
    return schema.encode(value)


def decode(schema: Asn1Type, octets: bytes, what: str) -> object:
    """The value of octets that hold just one encoding of the schema; DecodeError names `what` otherwise."""
    value: object = schema.value_of(only_element(octets, what, schema.tag), what)
    return value


def decode_fields(schema: Asn1Type, octets: bytes, what: str) -> Mapping[str, Any]:
    """As `decode`, for a schema made by `sequence`."""
    fields = decode(schema, octets, what)
    assert isinstance(fields, Mapping)
    return fields


def decode_list(schema: Asn1Type, octets: bytes, what: str) -> list[Any]:
    """As `decode`, for a schema made by `sequence_of`."""
    values = decode(schema, octets, what)
    assert isinstance(values, list)
    return values


def time_text(date: datetime) -> str:
    """A date as GBCS writes it in a GeneralizedTime: UTC, whole seconds, `YYYYMMDDhhmmssZ`."""
    utc = date.astimezone(UTC)
    return f"{utc.year:04d}{utc:%m%d%H%M%S}Z"  # %Y alone does not pad on every platform


def parse_time(octets: bytes, what: str) -> datetime:
    """The date of `YYYYMMDDhhmmssZ`; DecodeError names `what` for anything else."""
    digits, zone = octets[:-1], octets[-1:]
    if len(digits) != _TIME_DIGITS or not digits.isdigit() or zone != b"Z":
        raise DecodeError(f"{what}: {octets!r} is not YYYYMMDDhhmmssZ")
    try:
        return datetime.strptime(octets.decode("ascii"), _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise DecodeError(f"{what}: {octets!r} is no date") from error


def parse_optional_time(octets: bytes | None, what: str) -> datetime | None:
    """As `parse_time`, for a field that need not be there."""
    return None if octets is None else parse_time(octets, what)
