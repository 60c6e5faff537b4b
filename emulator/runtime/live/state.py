"""The folder in which a hub or a bridge on a stick keeps what it needs to go on after the program has ended."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.observe.part_file import PartFile, refused
from emulator.transports.ezsp.memory import HostMemory

STATE_FILE: Final = "state.json"
LARGEST_FILE: Final = 4 << 20
_FORMAT: Final = {"format": "althan-live", "version": 1}
_ROOT_BITS: Final = 256


@dataclass(slots=True)
class Kept:
    """What `state.json` holds.

    Attributes:
        role: `hub` or `bridge`.
        eui64: of the stick.
        epoch: the date of `now` = 0, UTC: when the folder was made.
        root: of everything random.
        starts: how often the program was started.
        host: what the host remembers of its stick.
        device: what the device keeps, JSON-ready; empty for one that has its own files.
    """

    role: str
    eui64: Eui64
    epoch: datetime
    root: int
    starts: int
    host: HostMemory
    device: Mapping[str, Any]

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, keys included."""
        return {
            **_FORMAT,
            "role": self.role,
            "eui64": eui64_text(self.eui64),
            "epoch": self.epoch.isoformat(),
            "root": f"{self.root:x}",
            "starts": self.starts,
            "host": self.host.stored(),
            "device": dict(self.device),
        }


class LiveState:
    """One folder, in use by nobody else.

    Args:
        folder: made if it is missing.
        role: `hub` or `bridge`: a folder of the other is refused.

    Attributes:
        kept: None where the folder is new.

    Raises:
        BadInput: it is in use, cannot be read or written, is damaged, or is another role's.
    """

    def __init__(self, folder: Path, role: str) -> None:
        self.folder = folder
        self._path = folder / STATE_FILE
        self._written = ""
        with refused(folder, "the folder cannot be created"):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise BadInput("is in use: end the program that has it first", where=str(folder)) from error
        try:
            self.kept = _read(self._path)
            _check_role(self.kept, role, folder)
        except BadInput:
            self.close()
            raise

    def begin(self, role: str, eui64: Eui64) -> Kept:
        """Go on with what is kept, or begin; counted as a start, and written before anything random is drawn.

        Raises:
            BadInput: the folder belongs to another stick.
        """
        kept = self.kept
        if kept is None:
            epoch = datetime.now(UTC).replace(microsecond=0)
            kept = Kept(role, eui64, epoch, secrets.randbits(_ROOT_BITS), 0, HostMemory(), {})
        if kept.eui64 != eui64:
            what = f"belongs to the stick {eui64_text(kept.eui64)}, this is {eui64_text(eui64)}"
            raise BadInput(what, where=str(self.folder), allowed="a folder for each stick (--state)")
        kept.starts += 1
        self.kept = kept
        self.keep()
        return kept

    def keep(self) -> None:
        """Write what is kept, unless nothing has changed; a kill leaves the old file or the new one.

        Raises:
            BadInput: it cannot be written.
        """
        if self.kept is None:
            return
        text = json.dumps(self.kept.to_dict(), indent=1) + "\n"
        if text == self._written:
            return
        part = PartFile(self._path, secret=True)
        try:
            part.write(text.encode())
            part.publish()
        except BadInput:
            part.discard()
            raise
        self._written = text

    def close(self) -> None:
        """Let others have the folder."""
        with suppress(OSError):
            os.close(self._lock)


def _check_role(kept: Kept | None, role: str, folder: Path) -> None:
    if kept is not None and kept.role != role:
        raise BadInput(f"belongs to a {kept.role}", where=str(folder), allowed=f"a folder of a {role}")


def _read(path: Path) -> Kept | None:
    allowed = "the folder of an earlier run, or a new one"
    with refused(path, "cannot be read"):
        if not path.exists():
            return None
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput("too large", where=str(path), allowed=allowed)
        text = path.read_text(errors="replace")
    try:
        return _kept(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, DecodeError) as error:
        raise BadInput(f"damaged: {error!r}", where=str(path), allowed=allowed) from error


def _kept(stored: Mapping[str, Any]) -> Kept:
    if any(stored.get(name) != value for name, value in _FORMAT.items()):
        raise ValueError("another format")
    return Kept(
        str(stored["role"]),
        parse_eui64(stored["eui64"]),
        datetime.fromisoformat(stored["epoch"]),
        int(stored["root"], 16),
        int(stored["starts"]),
        HostMemory.restored(stored["host"]),
        dict(stored["device"]),
    )
