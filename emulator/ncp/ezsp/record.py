"""Structures: the parameters of a command, of a response, or of a field that is a structure itself.

Consecutive fields of fixed size are read in one go.  What is read is a mapping by field name that cannot be changed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from emulator.ncp.ezsp.lists import Greedy, read_items
from emulator.ncp.ezsp.wire import Integer, Misfit, Short, Wire

Values = Mapping[str, Any]
"""Values by field name."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a structure.

    Attributes:
        name: as UG100 calls it.
        wire: its type.
        optional: whether a sender may leave it out at the end of the octets without anything being missing.
        count: the field before it that says how many items it has, for lists without a count of their own.
    """

    name: str
    wire: Wire
    optional: bool = False
    count: str | None = None


class Reading(NamedTuple):
    """What was read leniently.

    Attributes:
        values: every field; those that were not there are zero.
        missing: names of the fields that were not there, or not wholly.
        end: the offset behind what was read.
    """

    values: Values
    missing: tuple[str, ...]
    end: int


class Record:
    """A structure, compiled."""

    __slots__ = ("_names", "_parts", "_whole", "_writers", "code", "fields", "zero")

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.code: str | None = None
        self.fields = fields
        self.zero: Values = MappingProxyType({field.name: field.wire.zero for field in fields})
        self._names = frozenset(self.zero)
        self._parts = tuple(_parts(fields))
        self._whole = _Run(list(fields)) if all(map(_is_fixed, fields)) else None
        self._writers = tuple(_writers(fields))

    @property
    def names(self) -> frozenset[str]:
        """Names of all fields."""
        return self._names

    def read(self, octets: bytes, at: int) -> tuple[Values, int]:
        """The fields from an offset, and the offset behind them; Short if the octets end before."""
        if self._whole is not None:
            return MappingProxyType(self._whole.read(octets, at)), at + self._whole.size
        values: dict[str, Any] = {}
        for part in self._parts:
            at = part.read_into(values, octets, at)
        return MappingProxyType(values), at

    def read_leniently(self, octets: bytes, at: int) -> Reading:
        """As `read`, but a field that is cut off ends it: that one and all behind it are zero."""
        try:
            values, end = self.read(octets, at)
        except Short:
            return self._read_what_is_there(octets, at)
        return Reading(values, (), end)

    def write(self, value: object) -> bytes:
        """Values by field name as octets; what is not given is zero.

        Raises:
            Misfit: no mapping, a name that is no field, or a value that its field cannot carry.
        """
        if not isinstance(value, Mapping):
            raise Misfit(f"{value!r} is no structure")
        if not value.keys() <= self._names:
            raise Misfit(f"no such field: {', '.join(sorted(value.keys() - self._names))}")
        return self.write_known(value)

    def write_known(self, values: Values) -> bytes:
        """As `write`, but names that are no field are passed over."""
        return b"".join([write(values) for write in self._writers])

    def _read_what_is_there(self, octets: bytes, at: int) -> Reading:
        values = dict(self.zero)
        for index, field in enumerate(self.fields):
            try:
                at = _single(field).read_into(values, octets, at)
            except Short:
                missing = tuple(behind.name for behind in self.fields[index:] if not behind.optional)
                return Reading(MappingProxyType(values), missing, at)
        return Reading(MappingProxyType(values), (), at)


class SuccessRecord(Record):
    """A structure with a status first, which is alone unless it is success."""

    __slots__ = ()

    def read(self, octets: bytes, at: int) -> tuple[Values, int]:
        """As `Record.read`; without success the other fields are zero."""
        status, end = self.fields[0].wire.read(octets, at)
        if status == 0:
            return super().read(octets, at)
        return MappingProxyType({**self.zero, self.fields[0].name: status}), end

    def write_known(self, values: Values) -> bytes:
        """As `Record.write_known`; without success the status is all."""
        octets = super().write_known(values)
        length = self.fields[0].wire.read(octets, 0)[1]
        return octets[:length] if any(octets[:length]) else octets


# --- reading, a part at a time ---------------------------------------------------------------------------------------


class _Part(Protocol):
    """Reads one field or several."""

    def read_into(self, values: dict[str, Any], octets: bytes, at: int) -> int:
        """Put the values in, and answer the offset behind them; Short if the octets end before."""


class _Run:
    """Fields of fixed size, in one go."""

    __slots__ = ("_names", "_unpack", "size")

    def __init__(self, fields: list[Field]) -> None:
        layout = struct.Struct("<" + "".join(field.wire.code or "" for field in fields))
        self.size = layout.size
        self._unpack = layout.unpack_from
        self._names = tuple(field.name for field in fields)

    def read(self, octets: bytes, at: int) -> dict[str, Any]:
        try:
            return dict(zip(self._names, self._unpack(octets, at), strict=True))
        except struct.error:
            raise Short(f"{self.size} octets wanted, {len(octets) - at} left") from None

    def read_into(self, values: dict[str, Any], octets: bytes, at: int) -> int:
        values |= self.read(octets, at)
        return at + self.size


class _Single:
    """One field."""

    __slots__ = ("_name", "_optional", "_wire")

    def __init__(self, field: Field) -> None:
        self._name = field.name
        self._wire = field.wire
        self._optional = field.optional

    def read_into(self, values: dict[str, Any], octets: bytes, at: int) -> int:
        if self._optional and at >= len(octets):
            values[self._name] = self._wire.zero
            return at
        values[self._name], end = self._wire.read(octets, at)
        return end


class _CountedElsewhere:
    """A list that has as many items as a field before it says."""

    __slots__ = ("_count", "_item", "_name")

    def __init__(self, name: str, item: Wire, count: str) -> None:
        self._name = name
        self._item = item
        self._count = count

    def read_into(self, values: dict[str, Any], octets: bytes, at: int) -> int:
        values[self._name], end = read_items(self._item, values[self._count], octets, at)
        return end


# --- writing, a part at a time ---------------------------------------------------------------------------------------


class _IntegerRun:
    """Numbers, in one go."""

    __slots__ = ("_fields", "_pack")

    def __init__(self, fields: list[Field]) -> None:
        self._pack = struct.Struct("<" + "".join(field.wire.code or "" for field in fields)).pack
        self._fields = [(field.name, field.wire.write, field.wire.zero) for field in fields]

    def write(self, values: Values) -> bytes:
        try:
            return self._pack(*[values.get(name, zero) for name, _, zero in self._fields])
        except struct.error:
            return b"".join(_written(name, write, values.get(name, zero)) for name, write, zero in self._fields)


class _SingleWriter:
    """One field."""

    __slots__ = ("_name", "_write", "_zero")

    def __init__(self, field: Field) -> None:
        self._name = field.name
        self._write = field.wire.write
        self._zero = field.wire.write(field.wire.zero)

    def write(self, values: Values) -> bytes:
        return _written(self._name, self._write, values[self._name]) if self._name in values else self._zero


def _written(name: str, write: Callable[[object], bytes], value: object) -> bytes:
    try:
        return write(value)
    except Misfit as error:
        raise error.within(name) from None


def _writers(fields: tuple[Field, ...]) -> Iterator[Callable[[Values], bytes]]:
    for numbers, group in groupby(fields, lambda field: isinstance(field.wire, Integer)):
        if numbers:
            yield _IntegerRun(list(group)).write
        else:
            yield from (_SingleWriter(field).write for field in group)


def _parts(fields: tuple[Field, ...]) -> Iterator[_Part]:
    for in_one_go, group in groupby(fields, _is_fixed):
        if in_one_go:
            yield _Run(list(group))
        else:
            yield from map(_single, group)


def _is_fixed(field: Field) -> bool:
    return field.wire.code is not None and not field.optional


def _single(field: Field) -> _Part:
    if field.count is not None and isinstance(field.wire, Greedy):
        return _CountedElsewhere(field.name, field.wire.item, field.count)
    return _Single(field)
