"""The file of a recording while it grows: lines are appended, so that a kill costs the last half second at most.

Keys are in it, hence mode 0600.  A name that ends in `.gz` is compressed as it is written.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

from emulator.core.errors import BadInput
from emulator.transports.recording.entries import FORMAT, VERSION
from emulator.transports.recording.values import Json

COMPRESSED: Final = ".gz"
_MODE: Final = 0o600
_LEVEL: Final = 4
_DUMP: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class RecordingFile:
    """Takes lines; an older file of the name is gone.

    Args:
        path: where; one that ends in `.gz` is compressed.

    Raises:
        BadInput: it cannot be created.

    Attributes:
        failure: why it could not be written any more; what is recorded then is lost, and the run goes on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: BadInput | None = None
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
            os.fchmod(number, _MODE)
        except OSError as error:
            raise _refusal(path, error) from error
        self._file: BinaryIO = os.fdopen(number, "wb")
        self._lines: BinaryIO = self._file
        if path.name.endswith(COMPRESSED):
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=self._file, mtime=0)
            self._lines = cast("BinaryIO", packed)

    def header(self, facts: Mapping[str, Json]) -> None:
        """The first line."""
        self.line({"format": FORMAT, "version": VERSION, **facts})

    def line(self, fields: Mapping[str, Json]) -> None:
        """One more line."""
        self._try(lambda: self._lines.write(_DUMP(fields).encode() + b"\n"))

    def flush(self) -> None:
        """Hand what is held back to the operating system."""
        if not self._file.closed:
            self._try(self._flush)

    def close(self) -> None:
        """That is all; a second time is nothing."""
        if not self._file.closed:
            self._try(self._close)
            with suppress(OSError):
                self._file.close()

    def _flush(self) -> None:
        self._lines.flush()
        self._file.flush()

    def _close(self) -> None:
        self._lines.close()
        self._file.close()

    def _try(self, act: Callable[[], object]) -> None:
        """A full disk must not end a run that only wanted to be recorded."""
        if self.failure is None:
            try:
                act()
            except OSError as error:
                self.failure = _refusal(self.path, error)


def _refusal(path: Path, error: OSError) -> BadInput:
    words = (error.strerror or str(error)).lower()
    return BadInput(f"cannot be written: {words}", where=str(path), allowed="a place that can be written")
