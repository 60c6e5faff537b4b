"""A folder written as a whole: whoever is killed meanwhile leaves the old one or the new one, never half of it."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator.core.errors import BadInput

_SECRET = 0o600
_PUBLIC = 0o644
_WORKING_DIRECTORY = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE


@dataclass(frozen=True, slots=True)
class FileContent:
    """What a file is to hold; a secret one is for its owner's eyes only (mode 0600)."""

    octets: bytes
    secret: bool = False


def write_folder(folder: Path, files: Mapping[str, FileContent]) -> None:
    """Make `folder` hold just these files, by path inside it, whatever it held before.

    Everything is written beside it first.  BadInput where that cannot be done.
    """
    folder = folder.absolute()
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        try:
            _write(beside, files)
            _swap(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise BadInput(f"cannot be written: {error.strerror or error}", where=str(folder)) from error


def _write(folder: Path, files: Mapping[str, FileContent]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        mode = _SECRET if content.secret else _PUBLIC
        # Created with its mode, so that nobody can have opened it before.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content.octets)
            file.flush()
            os.fsync(file.fileno())


def _swap(new: Path, folder: Path) -> None:
    """The new folder in the place of the old one, which then stands in the place of the new one, to be removed."""
    if not folder.exists() or not any(folder.iterdir()):
        new.rename(folder)
    elif not _exchanged(new, folder):
        # Without an exchange in one step there is a moment with neither; the old one stands beside it then.
        aside = folder.with_name(f".{folder.name}.old")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        new.rename(folder)
        shutil.rmtree(aside, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system or the file system cannot."""
    try:
        exchange = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    outcome = exchange(_WORKING_DIRECTORY, os.fsencode(one), _WORKING_DIRECTORY, os.fsencode(other), _EXCHANGE)
    return bool(outcome == 0)
