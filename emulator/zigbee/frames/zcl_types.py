"""ZCL data types: attribute values to octets and back, least significant octet first.

A value is a Python value under its type: `bool`, `int`, `float`, `str`, `bytes`, `None` for the "invalid" of booleans
and strings, `Collection` for array, set and bag, a tuple of `TypedValue` for a structure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader

MAX_DEPTH = 4
"""How deep arrays and structures may nest; deeper ones are refused."""


class DataType(IntEnum):
    """Identifiers of the types."""

    NO_DATA = 0x00
    DATA8 = 0x08
    DATA16 = 0x09
    DATA24 = 0x0A
    DATA32 = 0x0B
    DATA40 = 0x0C
    DATA48 = 0x0D
    DATA56 = 0x0E
    DATA64 = 0x0F
    BOOL = 0x10
    BITMAP8 = 0x18
    BITMAP16 = 0x19
    BITMAP24 = 0x1A
    BITMAP32 = 0x1B
    BITMAP40 = 0x1C
    BITMAP48 = 0x1D
    BITMAP56 = 0x1E
    BITMAP64 = 0x1F
    UINT8 = 0x20
    UINT16 = 0x21
    UINT24 = 0x22
    UINT32 = 0x23
    UINT40 = 0x24
    UINT48 = 0x25
    UINT56 = 0x26
    UINT64 = 0x27
    INT8 = 0x28
    INT16 = 0x29
    INT24 = 0x2A
    INT32 = 0x2B
    INT40 = 0x2C
    INT48 = 0x2D
    INT56 = 0x2E
    INT64 = 0x2F
    ENUM8 = 0x30
    ENUM16 = 0x31
    SEMI_FLOAT = 0x38
    SINGLE_FLOAT = 0x39
    DOUBLE_FLOAT = 0x3A
    OCTET_STRING = 0x41
    CHARACTER_STRING = 0x42
    LONG_OCTET_STRING = 0x43
    LONG_CHARACTER_STRING = 0x44
    ARRAY = 0x48
    STRUCTURE = 0x4C
    SET = 0x50
    BAG = 0x51
    TIME_OF_DAY = 0xE0
    DATE = 0xE1
    UTC = 0xE2
    CLUSTER_ID = 0xE8
    ATTRIBUTE_ID = 0xE9
    BACNET_OID = 0xEA
    EUI64 = 0xF0
    SECURITY_KEY = 0xF1


@dataclass(frozen=True, slots=True)
class Collection:
    """Value of an array, set or bag: elements of one type; `elements` is None where the value is invalid."""

    element_type: DataType
    elements: tuple[Value, ...] | None


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value with its type, as structures and attribute reports carry it."""

    type: DataType
    value: Value


Value = bool | int | float | str | bytes | Collection | tuple[TypedValue, ...] | None

_UNSIGNED = {kind: kind - 0x07 for kind in DataType if DataType.DATA8 <= kind <= DataType.DATA64}
_UNSIGNED |= {kind: kind - 0x17 for kind in DataType if DataType.BITMAP8 <= kind <= DataType.BITMAP64}
_UNSIGNED |= {kind: kind - 0x1F for kind in DataType if DataType.UINT8 <= kind <= DataType.UINT64}
_UNSIGNED |= {
    DataType.ENUM8: 1,
    DataType.ENUM16: 2,
    DataType.TIME_OF_DAY: 4,
    DataType.DATE: 4,
    DataType.UTC: 4,
    DataType.CLUSTER_ID: 2,
    DataType.ATTRIBUTE_ID: 2,
    DataType.BACNET_OID: 4,
    DataType.EUI64: 8,
}
_SIGNED = {kind: kind - 0x27 for kind in DataType if DataType.INT8 <= kind <= DataType.INT64}
_INTEGERS = {DataType.BOOL: 1, **_UNSIGNED, **_SIGNED}
_FLOATS = {DataType.SEMI_FLOAT: "<e", DataType.SINGLE_FLOAT: "<f", DataType.DOUBLE_FLOAT: "<d"}
_STRINGS = {
    DataType.OCTET_STRING: 1,
    DataType.CHARACTER_STRING: 1,
    DataType.LONG_OCTET_STRING: 2,
    DataType.LONG_CHARACTER_STRING: 2,
}
_CHARACTERS = frozenset({DataType.CHARACTER_STRING, DataType.LONG_CHARACTER_STRING})
_COLLECTIONS = frozenset({DataType.ARRAY, DataType.SET, DataType.BAG})
_ANALOGUE = frozenset(
    {kind for kind in _UNSIGNED if DataType.UINT8 <= kind <= DataType.UINT64}
    | set(_SIGNED)
    | set(_FLOATS)
    | {DataType.TIME_OF_DAY, DataType.DATE, DataType.UTC}
)
_INVALID_BOOL = 0xFF
_INVALID_COUNT = 0xFFFF
_KEY_OCTETS = 16
_UNSUITABLE = "the value does not suit the type"


def is_analogue(kind: DataType) -> bool:
    """Whether reporting of the type has a reportable change."""
    return kind in _ANALOGUE


def read_type(reader: Reader) -> DataType:
    """A type identifier; DecodeError for one that is not known."""
    octet = reader.little(1, "data type")
    try:
        return DataType(octet)
    except ValueError as error:
        raise DecodeError(f"unknown data type 0x{octet:02x}") from error


def encode_value(kind: DataType, value: Value) -> bytes:
    """The value's octets, without its type; LocalProtocolError where the type cannot hold it."""
    try:
        return _encode(kind, value)
    except (struct.error, OverflowError, ValueError) as error:
        raise LocalProtocolError(f"{value!r} is no {kind.name}: {error}") from error


def encode_typed(typed: TypedValue) -> bytes:
    """Type, then value; LocalProtocolError as `encode_value`."""
    return bytes((typed.type,)) + encode_value(typed.type, typed.value)


def _encode(kind: DataType, value: Value) -> bytes:
    if value is None:
        return _encode_none(kind)
    if isinstance(value, int | float):
        return _encode_number(kind, value)
    if isinstance(value, str | bytes):
        return _encode_octets(kind, value)
    if isinstance(value, Collection) and kind in _COLLECTIONS:
        return _encode_collection(value)
    if isinstance(value, tuple) and kind is DataType.STRUCTURE:
        return _count(len(value)) + b"".join(encode_typed(member) for member in value)
    raise ValueError(_UNSUITABLE)


def _encode_number(kind: DataType, value: float) -> bytes:
    if isinstance(value, bool) is not (kind is DataType.BOOL):
        raise ValueError(_UNSUITABLE)
    if kind in _FLOATS:
        return struct.pack(_FLOATS[kind], value)
    if isinstance(value, int) and kind in _INTEGERS:
        return value.to_bytes(_INTEGERS[kind], "little", signed=kind in _SIGNED)
    raise ValueError(_UNSUITABLE)


def _encode_octets(kind: DataType, value: str | bytes) -> bytes:
    if isinstance(value, str) and kind in _CHARACTERS:
        return _prefixed(kind, value.encode())
    if isinstance(value, bytes) and kind in _STRINGS and kind not in _CHARACTERS:
        return _prefixed(kind, value)
    if isinstance(value, bytes) and kind is DataType.SECURITY_KEY and len(value) == _KEY_OCTETS:
        return value
    raise ValueError(_UNSUITABLE)


def _encode_none(kind: DataType) -> bytes:
    if kind is DataType.NO_DATA:
        return b""
    if kind is DataType.BOOL:
        return bytes((_INVALID_BOOL,))
    if kind in _STRINGS:
        return b"\xff" * _STRINGS[kind]
    if kind is DataType.STRUCTURE:
        return _INVALID_COUNT.to_bytes(2, "little")
    raise ValueError("the type has no invalid value")


def _prefixed(kind: DataType, octets: bytes) -> bytes:
    width = _STRINGS[kind]
    if len(octets) >= (1 << 8 * width) - 1:
        raise ValueError("too long")
    return len(octets).to_bytes(width, "little") + octets


def _count(count: int) -> bytes:
    if count >= _INVALID_COUNT:
        raise ValueError("too many elements")
    return count.to_bytes(2, "little")


def _encode_collection(value: Collection) -> bytes:
    prefix = bytes((value.element_type,))
    if value.elements is None:
        return prefix + _INVALID_COUNT.to_bytes(2, "little")
    if value.elements and value.element_type is DataType.NO_DATA:
        raise ValueError("elements without data")
    return prefix + _count(len(value.elements)) + b"".join(_encode(value.element_type, one) for one in value.elements)


def decode_value(reader: Reader, kind: DataType, depth: int = MAX_DEPTH) -> Value:
    """The value of a type; DecodeError for too few octets, an impossible value, or nesting deeper than `depth`."""
    if kind in _UNSIGNED:
        return reader.little(_UNSIGNED[kind], kind.name)
    if kind in _STRINGS:
        return _decode_string(reader, kind)
    if kind in _SIGNED:
        return int.from_bytes(reader.octets(_SIGNED[kind], kind.name), "little", signed=True)
    if kind in _FLOATS:
        layout = _FLOATS[kind]
        number: float = struct.unpack(layout, reader.octets(struct.calcsize(layout), kind.name))[0]
        return number
    if kind in _COLLECTIONS:
        return _decode_collection(reader, depth)
    return _decode_other(reader, kind, depth)


def decode_typed(reader: Reader, depth: int = MAX_DEPTH) -> TypedValue:
    """Type, then value; DecodeError as `decode_value`."""
    kind = read_type(reader)
    return TypedValue(kind, decode_value(reader, kind, depth))


def _decode_other(reader: Reader, kind: DataType, depth: int) -> Value:
    if kind is DataType.BOOL:
        return _decode_bool(reader)
    if kind is DataType.STRUCTURE:
        return _decode_structure(reader, depth)
    if kind is DataType.SECURITY_KEY:
        return reader.octets(_KEY_OCTETS, "security key")
    return None


def _decode_bool(reader: Reader) -> bool | None:
    octet = reader.little(1, "boolean")
    if octet == _INVALID_BOOL:
        return None
    if octet > 1:
        raise DecodeError(f"{octet} is no boolean")
    return octet == 1


def _decode_string(reader: Reader, kind: DataType) -> str | bytes | None:
    width = _STRINGS[kind]
    length = reader.little(width, "string length")
    if length == (1 << 8 * width) - 1:
        return None
    octets = reader.octets(length, kind.name)
    if kind not in _CHARACTERS:
        return octets
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("character string is not UTF-8") from error


def _decode_collection(reader: Reader, depth: int) -> Collection:
    _check_depth(depth)
    kind = read_type(reader)
    count = reader.little(2, "element count")
    if count == _INVALID_COUNT:
        return Collection(kind, None)
    _check_count(reader, count, kind is DataType.NO_DATA)
    return Collection(kind, tuple(decode_value(reader, kind, depth - 1) for _ in range(count)))


def _decode_structure(reader: Reader, depth: int) -> tuple[TypedValue, ...] | None:
    _check_depth(depth)
    count = reader.little(2, "member count")
    if count == _INVALID_COUNT:
        return None
    _check_count(reader, count, empty=False)
    return tuple(decode_typed(reader, depth - 1) for _ in range(count))


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise DecodeError(f"values nested deeper than {MAX_DEPTH}")


def _check_count(reader: Reader, count: int, empty: bool) -> None:
    # Every element takes an octet at least, so a count beyond what is left is a lie.
    if count > reader.remaining or (count and empty):
        raise DecodeError(f"{count} elements declared, {reader.remaining} octets left")
