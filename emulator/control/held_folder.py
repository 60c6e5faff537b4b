"""One program at a time changes a folder that several share."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.observe.part_file import refused


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Wait until nobody else is about to change it, and keep others waiting; BadInput where that cannot be done.

    The folder itself is exchanged when it is written, so what is locked is a file beside it, which stays.
    """
    folder = folder.absolute()
    path = folder.with_name(f".{folder.name}.lock")
    with refused(folder, "cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
