"""The types of EZSP fields: octets to plain Python values and back, least significant octet first.

Every type is compiled once, when the tables are made; `read` and `write` are on the path of every message.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Protocol

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.ncp.ezsp.status import Status, StatusType

_CODES = {(1, False): "B", (2, False): "H", (4, False): "I", (8, False): "Q"}
_CODES |= {(octets, True): code.lower() for (octets, _), code in _CODES.items()}


class Short(DecodeError):
    """The octets end inside a field."""


class Misfit(LocalProtocolError):
    """A value that its field cannot carry.

    Args:
        why: what does not fit.
        path: names of the fields from the outermost to the one that does not fit.
    """

    def __init__(self, why: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"{'.'.join(path)}: {why}" if path else why)
        self.why = why
        self.path = path

    def within(self, name: str) -> Misfit:
        """The same, seen from the structure or command `name` that holds the field."""
        return Misfit(self.why, (name, *self.path))


class Wire(Protocol):
    """The type of a field."""

    @property
    def zero(self) -> Any:  # noqa: ANN401 - the type of the value is the field's
        """The value that is all zero, or empty."""

    @property
    def code(self) -> str | None:
        """How `struct` calls it, or None if `struct` alone cannot read it."""

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """The value at an offset, and the offset behind it; Short if the octets end before."""

    def write(self, value: object) -> bytes:
        """The value as octets; Misfit if the type cannot carry it."""


class Integer:
    """A number of 1, 2, 4 or 8 octets; EUI-64 and extended PAN ids are such numbers too."""

    __slots__ = ("_layout", "code")

    zero = 0

    def __init__(self, octets: int, *, signed: bool = False) -> None:
        self.code: str | None = _CODES[octets, signed]
        self._layout = struct.Struct(f"<{self.code}")

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        try:
            return self._layout.unpack_from(octets, at)[0], at + self._layout.size
        except struct.error:
            raise Short(f"{self._layout.size} octets wanted, {len(octets) - at} left") from None

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        try:
            return self._layout.pack(value)
        except struct.error as error:
            raise Misfit(f"{value!r}: {error}") from None


class Flag:
    """One octet: any but 0 is true."""

    __slots__ = ()

    zero = False
    code: str | None = "?"

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        if at >= len(octets):
            raise Short("1 octet wanted, 0 left")
        return octets[at] != 0, at + 1

    def write(self, value: object) -> bytes:
        """See `Wire`; neither numbers nor anything else pass for a truth value."""
        if value is True:
            return b"\x01"
        if value is False:
            return b"\x00"
        raise Misfit(f"{value!r} is neither True nor False")


class Octets:
    """A fixed number of octets."""

    __slots__ = ("code", "length", "zero")

    def __init__(self, length: int) -> None:
        self.length = length
        self.zero = bytes(length)
        self.code: str | None = f"{length}s"

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        end = at + self.length
        if end > len(octets):
            raise Short(f"{self.length} octets wanted, {len(octets) - at} left")
        return octets[at:end], end

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        if not isinstance(value, bytes) or len(value) != self.length:
            raise Misfit(f"{value!r} is not {self.length} octets")
        return value


class PrefixedOctets:
    """Octets behind their number, which is itself `prefix` octets long."""

    __slots__ = ("_prefix",)

    zero = b""
    code: str | None = None

    def __init__(self, prefix: int) -> None:
        self._prefix = prefix

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        start = at + self._prefix
        end = start + int.from_bytes(octets[at:start], "little")
        if end > len(octets) or start > len(octets):
            raise Short(f"{end - at} octets wanted, {len(octets) - at} left")
        return octets[start:end], end

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        if not isinstance(value, bytes):
            raise Misfit(f"{value!r} is not octets")
        try:
            return len(value).to_bytes(self._prefix, "little") + value
        except OverflowError:
            raise Misfit(f"{len(value)} octets are too many") from None


class StatusCode:
    """A status: written from a `Status` or a number, read as a number.

    Args:
        kind: the type the numbers are of.
        numbers: the number of every status that the type has.
        octets: how long the field is.
    """

    __slots__ = ("_integer", "_kind", "_octets_of", "code")

    zero = 0

    def __init__(self, kind: StatusType, numbers: Mapping[Status, int], octets: int) -> None:
        self._kind = kind
        self._integer = Integer(octets)
        self._octets_of = {status: self._integer.write(number) for status, number in numbers.items()}
        self.code = self._integer.code

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        return self._integer.read(octets, at)

    def write(self, value: object) -> bytes:
        """See `Wire`; a Status that the field's type has no number for does not fit."""
        if not isinstance(value, Status):
            return self._integer.write(value)
        try:
            return self._octets_of[value]
        except KeyError:
            raise Misfit(f"{value.name} has no number as {self._kind.value}") from None


class SuccessFlag:
    """A truth value that stands for a status: true is success."""

    __slots__ = ()

    zero = False
    code: str | None = "?"

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        return _FLAG.read(octets, at)

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        return _FLAG.write(value is Status.SUCCESS if isinstance(value, Status) else value)


class FlagStatus:
    """A status that stands for a truth value: success is true, failure false."""

    __slots__ = ("_status",)

    zero = False
    code: str | None = None

    def __init__(self, status: StatusCode) -> None:
        self._status = status

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        number, end = self._status.read(octets, at)
        return number == 0, end

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        if not isinstance(value, bool):
            raise Misfit(f"{value!r} is neither True nor False")
        return self._status.write(Status.SUCCESS if value else Status.ERR_FATAL)


_FLAG = Flag()
