"""A file that appears under its name only when it is complete.

Until then it is `NAME.part` in the same folder, so an interrupted run never leaves half a result that looks whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from emulator.core.errors import BadInput

PART_SUFFIX = ".part"


class OctetSink(Protocol):
    """Where the writers put their octets: a file, a pipe, an `io.BytesIO`."""

    def write(self, octets: bytes, /) -> object:
        """Take all of `octets`."""

    def flush(self) -> object:
        """Hand on what is held back."""


@contextmanager
def refused(path: Path, what: str) -> Iterator[None]:
    """Turn the operating system's refusal into one line that names `path` (BadInput)."""
    try:
        yield
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise BadInput(f"{what}: {words}", where=str(path), allowed="a place that can be written") from error


class PartFile:
    """Octets on their way to `path`; an `OctetSink`.

    Args:
        path: the file to be.
        secret: for its owner's eyes only (mode 0600).

    Raises:
        BadInput: it cannot be opened, written or renamed.
    """

    def __init__(self, path: Path, *, secret: bool = False) -> None:
        self.path = path
        self._part = path.with_name(path.name + PART_SUFFIX)
        with refused(path, "cannot be created"):
            if path.is_dir():
                raise BadInput("there is a folder of this name", where=str(path), allowed="a file, or nothing")
            self._file: BinaryIO = _secret(self._part) if secret else self._part.open("wb")

    def write(self, octets: bytes, /) -> None:
        """Append `octets`."""
        with refused(self.path, "cannot be written"):
            self._file.write(octets)

    def flush(self) -> None:
        """Hand the octets to the operating system."""
        with refused(self.path, "cannot be written"):
            self._file.flush()

    def close(self) -> None:
        """Close the file; it keeps its temporary name."""
        with refused(self.path, "cannot be written"):
            self._file.close()

    def publish(self) -> None:
        """Close the file and give it its name, in place of an older one."""
        self.close()
        with refused(self.path, "cannot be renamed"):
            self._part.replace(self.path)

    def discard(self) -> None:
        """Remove it; an older file of the name stays.  Nothing happens to one that was published."""
        # A full disk has told its tale before; the file goes all the same.
        with suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)


def _secret(path: Path) -> BinaryIO:
    """A new file, created with its mode, so that nobody can have opened it before."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
