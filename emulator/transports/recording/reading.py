"""A recording out of its file: every line checked, its length bounded, a torn last one passed over with a note."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from emulator.core.errors import BadInput, DecodeError
from emulator.transports.recording.entries import END, FORMAT, LONGEST_LINE, SERIAL, VERSION, Entry, Kind, read_entry

_GZIP: Final = b"\x1f\x8b"
_ALLOWED: Final = "a file that --record wrote"


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A recording.

    Attributes:
        path: its file.
        header: the first line.
        entries: the lines after it that were asked for, in order.
        notes: what was wrong with it and did not matter, one line each.
        complete: it was closed; what was under way at the end of any other is not all there.
    """

    path: Path
    header: Mapping[str, Any]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    complete: bool = True


def read_recording(path: Path, *, serial: bool) -> RecordedSession:
    """Read a recording: the octets of its serial line, or else all but these.

    Raises:
        BadInput: it cannot be read, is none, of another version, or damaged; with the line.
    """
    notes: list[str] = []
    try:
        with path.open("rb") as file:
            lines = _lines(path, file, notes)
            header = _header(path, next(lines, (1, b"")))
            entries = tuple(_entries(path, lines, serial))
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise BadInput(f"cannot be read: {words}", where=str(path), allowed=_ALLOWED) from error
    complete = bool(entries) and (entries[-1].kind, entries[-1].name) == (Kind.NOTE, END)
    if not complete and not serial:
        notes.append(f"{path}: was cut short: its last call may not be all there, and is not compared to its end")
    return RecordedSession(path, header, entries, tuple(notes), complete)


def _lines(path: Path, file: BinaryIO, notes: list[str]) -> Iterator[tuple[int, bytes]]:
    """Whole lines with their numbers; what was torn off by a kill is noted."""
    packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    source = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    number = 0
    while True:
        number += 1
        try:
            line = source.readline(LONGEST_LINE + 1)
        except EOFError:
            notes.append(f"{path}: ends within line {number}: the end is missing")
            return
        except (zlib.error, gzip.BadGzipFile) as error:
            raise BadInput(f"damaged: {error}", where=f"{path}, line {number}", allowed=_ALLOWED) from error
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise BadInput("a line too long", where=f"{path}, line {number}", allowed=f"{LONGEST_LINE} octets")
        if not line.endswith(b"\n"):
            notes.append(f"{path}: ends within line {number}, which is not played")
            return
        yield number, line


def _header(path: Path, first: tuple[int, bytes]) -> Mapping[str, Any]:
    header = _object(path, *first)
    if not isinstance(header, Mapping) or header.get("format") != FORMAT:
        raise BadInput("no recording", where=str(path), allowed=_ALLOWED)
    if header.get("version") != VERSION:
        what = f"a recording of version {header.get('version')!r}"
        raise BadInput(what, where=str(path), allowed=f"version {VERSION}")
    return header


def _entries(path: Path, lines: Iterator[tuple[int, bytes]], serial: bool) -> Iterator[Entry]:
    for number, line in lines:
        try:
            entry = read_entry(number, _object(path, number, line))
        except DecodeError as error:
            raise _damaged(path, number, str(error)) from error
        if (entry.kind in SERIAL) is serial:
            yield entry


def _object(path: Path, number: int, line: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        if number == 1:
            raise BadInput("no recording", where=str(path), allowed=_ALLOWED) from error
        raise _damaged(path, number, "no JSON") from error


def _damaged(path: Path, number: int, what: str) -> BadInput:
    return BadInput(f"damaged: {what}", where=f"{path}, line {number}", allowed=_ALLOWED)
