"""Fields of a JSON document, each checked as it is taken, so that an error names the field and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeGuard, TypeVar

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.zigbee.security.keys import KEY_OCTETS

_EUI64_DIGITS: Final = 16
_HEX: Final = "0123456789abcdefABCDEF"

_Default = TypeVar("_Default")


class _Required:
    """Stands for no default."""


_REQUIRED: Final = _Required()
Range = tuple[int, int]
"""The least and the greatest that is allowed."""


class Fields:
    """One object of a document.

    Args:
        values: its members.
        file: where the document is.
        path: of the object in the document, with a dot at its end; empty for the document itself.

    Every method takes the name of a member, raises BadInput where that is missing or something else than it should be,
    and gives the default, where there is one, for a member that is missing or null.
    """

    def __init__(self, values: Mapping[str, Any], file: str, path: str = "") -> None:
        self._values = values
        self._file = file
        self._path = path

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it, or nothing was there."""
        return not self._values

    def place(self, name: str) -> str:
        """Where a member is, for messages."""
        return f"{self._file}: {self._path}{name}"

    def _refused(self, name: str, allowed: str) -> BadInput:
        value = self._values.get(name)
        # Never the value itself: it may be a key.
        what = "missing" if value is None else f"not what it should be ({type(value).__name__})"
        return BadInput(what, where=self.place(name), allowed=allowed)

    def member(self, name: str, *, optional: bool = False) -> Fields:
        """An object; an empty one for a default."""
        value = self._values.get(name)
        if value is None and optional:
            value = {}
        if not isinstance(value, Mapping):
            raise self._refused(name, "an object")
        return Fields(value, self._file, f"{self._path}{name}.")

    def objects(self, name: str, most: int) -> list[Fields]:
        """A list of so many objects at most."""
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > most or not all(isinstance(each, Mapping) for each in value):
            raise self._refused(name, f"a list of at most {most} objects")
        return [Fields(each, self._file, f"{self._path}{name}[{index}].") for index, each in enumerate(value)]

    def text(self, name: str, default: str | _Required = _REQUIRED) -> str:
        """A text."""
        value = self._values.get(name)
        if isinstance(value, str):
            return value
        if value is not None or isinstance(default, _Required):
            raise self._refused(name, "a text")
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise self._refused(name, "true or false")
        return value

    def number(self, name: str, allowed: Range, default: _Default | _Required = _REQUIRED) -> int | _Default:
        """A whole number."""
        value = self._values.get(name)
        if value is None and not isinstance(default, _Required):
            return default
        return self._within(name, value, allowed)

    def numbers(self, name: str, allowed: Range) -> tuple[int, ...]:
        """A list of whole numbers, each no more than once."""
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > allowed[1] - allowed[0] + 1:
            raise self._refused(name, f"a list of numbers from {allowed[0]} to {allowed[1]}")
        return tuple(self._within(name, each, allowed) for each in value)

    def _within(self, name: str, value: object, allowed: Range) -> int:
        low, high = allowed
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._refused(name, f"a number from {low} to {high}")
        if not low <= value <= high:
            raise BadInput(f"{value}", where=self.place(name), allowed=f"{low} to {high}")
        return value

    def hex_number(self, name: str, allowed: Range, default: _Default | _Required = _REQUIRED) -> int | _Default:
        """A number of at most four hex digits; herdsman leaves out zeros in front."""
        value = self._values.get(name)
        if value is None and not isinstance(default, _Required):
            return default
        low, high = allowed
        if not _is_hex(value) or not 1 <= len(value) <= len(f"{high:x}"):
            raise self._refused(name, f"hex digits, {low:04x} to {high:04x}")
        number = int(value, 16)
        if not low <= number <= high:
            raise BadInput(f"{number:04x}", where=self.place(name), allowed=f"{low:04x} to {high:04x}")
        return number

    def eui64(self, name: str, default: Eui64 | _Required = _REQUIRED) -> Eui64:
        """16 hex digits, neither all 0 nor all f."""
        value = self._values.get(name)
        if value is None and not isinstance(default, _Required):
            return default
        if not _is_hex(value) or len(value) != _EUI64_DIGITS or value.lower() in ("0" * _EUI64_DIGITS, "f" * 16):
            raise self._refused(name, f"{_EUI64_DIGITS} hex digits of an EUI-64")
        return Eui64(int(value, 16))

    def key(self, name: str, default: bytes | _Required = _REQUIRED) -> bytes:
        """A key of 16 octets that is not all 0xFF, which stands for none."""
        value = self._values.get(name)
        if value is None and not isinstance(default, _Required):
            return default
        if not _is_hex(value) or len(value) != 2 * KEY_OCTETS or value.lower() == "ff" * KEY_OCTETS:
            raise self._refused(name, f"{2 * KEY_OCTETS} hex digits of a key")
        return bytes.fromhex(value)


def _is_hex(value: Any) -> TypeGuard[str]:  # noqa: ANN401 - whatever JSON has
    return isinstance(value, str) and all(digit in _HEX for digit in value)
