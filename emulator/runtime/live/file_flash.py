"""Flash whose regions are files: what a device wrote outlives the program, at whatever write that was killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from emulator.core.errors import BadInput
from emulator.image.flash import ERASED, Flash
from emulator.observe.part_file import PartFile, refused

LARGEST_REGION: Final = 16 << 20
"""Octets of the largest file that is read: room for any image there is, and more."""


class FileFlash(Flash):
    """A file in `folder` for each region; a write in the one is a write in the other.

    A killed program leaves a write that has happened or has not.  What the records of a device make of a torn write
    they make of a machine that lost its power as well.

    Args:
        folder: where the files are; made if it is missing.

    Raises:
        BadInput: a file cannot be read or written, or is larger than any region.
    """

    __slots__ = ("_files", "_folder")

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._files: dict[int, Path] = {}
        with refused(folder, "the folder cannot be created"):
            folder.mkdir(parents=True, exist_ok=True)

    def region(self, name: str) -> bytearray:
        """As `Flash`; what its file holds, when asked for the first time."""
        region = super().region(name)
        if id(region) not in self._files:
            path = self._files[id(region)] = self._folder / f"{name.replace('/', '.')}.flash"
            region.extend(_content(path))
        return region

    def write(self, region: bytearray, offset: int, octets: bytes) -> None:
        """As `Flash`, and into the file."""
        super().write(region, offset, octets)
        path = self._files[id(region)]
        with refused(path, "cannot be written"):
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                # A region that its owner filled without a write is in no file yet.
                begin = offset if os.fstat(file).st_size >= offset else 0
                os.pwrite(file, region[begin : offset + len(octets)], begin)
            finally:
                os.close(file)

    def erase(self, name: str, size: int) -> None:
        """As `Flash`; the file is exchanged for another one."""
        region = self.region(name)
        part = PartFile(self._files[id(region)])
        part.write(ERASED * size)
        part.publish()
        super().erase(name, size)


def _content(path: Path) -> bytes:
    with refused(path, "cannot be read"):
        if not path.exists():
            return b""
        if path.stat().st_size > LARGEST_REGION:
            raise BadInput("too large", where=str(path), allowed=f"at most {LARGEST_REGION} octets, or no file")
        return path.read_bytes()
