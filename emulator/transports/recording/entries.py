"""What a line of a recording may hold.

The first line is the header: `{"format": "althan-recording", "version": 1, ...}`, then what the recording is of
(`role`, and what a device is made of).  Each line after it is one entry: `at` (µs), and one key that is its kind:

    {"at": 5, "rx": "c1020b0a527e"}                         octets from the stick, as they came
    {"at": 6, "tx": "1ac038bc7e"}                           octets to the stick
    {"at": 7, "line": "opened"}                             the serial line was opened (again)
    {"at": 8, "in": "received", "args": [...]}              somebody called the device; `nested` inside another call
    {"at": 8, "out": "send", "args": [...], "result": 5}    the device called its stack
    {"at": 8, "ask": "short_of", "args": [1], "result": 2}  the device asked its stack, and the answer was a new one
    {"at": 8, "raised": "BadInput: ..."}                    the call of the device ended in an error
    {"at": 9, "outside": "rotate_network_key", ...}         somebody else called the stack; not compared
    {"at": 9, "note": "...", ...}                           a remark; not compared

Arguments are those of the call without `now`, which is `at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from emulator.core.errors import DecodeError
from emulator.transports.recording.values import Json

FORMAT: Final = "althan-recording"
VERSION: Final = 1
END: Final = "end"
"""The remark that a recording ends with that was not cut short."""
LONGEST_LINE: Final = 16 << 20
"""Octets: a whole image stands in one line, and nothing is longer."""
_LATEST: Final = 1 << 62


class Kind(Enum):
    """What happened; the value is the key that it stands under."""

    RX = "rx"
    TX = "tx"
    LINE = "line"
    IN = "in"
    OUT = "out"
    ASK = "ask"
    RAISED = "raised"
    OUTSIDE = "outside"
    NOTE = "note"


SERIAL: Final = frozenset((Kind.RX, Kind.TX, Kind.LINE))
_KEYS: Final = {kind.value: kind for kind in Kind}
_OTHERS: Final = frozenset(("at", "args", "result", "nested"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Attributes:
        line: its number in the file, from 1.
        at: µs.
        kind: what it is.
        name: of what was called; the octets (hex), error or remark of others.
        args, result: as `values.encode` makes them.
        nested: it happened inside another call of the device.
    """

    line: int
    at: int
    kind: Kind
    name: str
    args: tuple[Json, ...] = ()
    result: Json = None
    nested: bool = False

    @property
    def octets(self) -> bytes:
        """Of a serial entry; DecodeError where they are none."""
        try:
            return bytes.fromhex(self.name)
        except ValueError as error:
            raise DecodeError("octets that are no hex") from error


def read_entry(line: int, fields: object) -> Entry:
    """An entry from the object of its line.

    Raises:
        DecodeError: it is none.
    """
    if not isinstance(fields, Mapping):
        raise DecodeError("no object")
    kinds = [_KEYS[key] for key in fields if key in _KEYS]
    at, args, nested = fields.get("at"), fields.get("args", []), fields.get("nested", False)
    if len(kinds) != 1:
        raise DecodeError("no entry of one kind")
    name = fields[kinds[0].value]
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < _LATEST:
        raise DecodeError("a moment that is none")
    if not isinstance(name, str) or not isinstance(args, list) or not isinstance(nested, bool):
        raise DecodeError(f"an entry {kinds[0].value!r} with wrong fields")
    if kinds[0] is not Kind.NOTE and fields.keys() - _OTHERS - {kinds[0].value}:
        raise DecodeError(f"an entry {kinds[0].value!r} with unknown fields")
    return Entry(line, at, kinds[0], name, tuple(args), fields.get("result"), nested)
