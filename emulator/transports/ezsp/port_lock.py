"""A lock on a serial port while it is in use, so that two programs of ours never talk to one stick."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

from emulator.core.errors import BadInput


def lock_file(real: str, folder: Path | None = None) -> Path:
    """Where the lock of a device lies, by its real path; `folder` as in `PortLock`."""
    place = folder if folder is not None else Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    return place / f"althan-stick-{hashlib.sha256(real.encode()).hexdigest()[:16]}.lock"


def is_locked(device: str, folder: Path | None = None) -> bool:
    """Whether a program of ours has the port; nothing is created, and nobody who looks keeps another from looking."""
    try:
        file = os.open(lock_file(os.path.realpath(device), folder), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


class PortLock:
    """An advisory lock on a file named after the device's real path; gone with the process at the latest.

    Args:
        device: path of the serial port, links followed.
        folder: where lock files lie; by default the user's runtime folder, or else the temporary one.

    Raises:
        BadInput: somebody holds it.
    """

    def __init__(self, device: str, folder: Path | None = None) -> None:
        real = os.path.realpath(device)
        self.path = lock_file(real, folder)
        self._file: int | None = None
        self._take(real)

    def release(self) -> None:
        """Let others have the port; a second time is nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _take(self, real: str) -> None:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise BadInput(f"its lock file {self.path} cannot be opened: {error.strerror}", where=real) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            raise BadInput("the port is in use", where=real, allowed="end the program that has it first") from error
        self._file = file
