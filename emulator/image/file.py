"""The OTA file as a whole: its octets, held once, and the header read from them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from emulator.core.errors import BadInput
from emulator.image.elements import Element, find_elements
from emulator.image.errors import BadImage, ImageError
from emulator.image.header import GB_HEADER_OCTETS, HARDWARE_VERSIONS, LONGEST_HEADER, MAGIC, OtaHeader

WRAPPER_LIMIT = 65_536
"""Makers' wrappers are short: an OTA file is looked for no further in than this."""


@dataclass(frozen=True, slots=True)
class OtaFile:
    """A well-formed OTA file: `octets` begins with `header`, whose total image size is the length of `octets`."""

    header: OtaHeader
    octets: bytes

    @classmethod
    def of(cls, header: OtaHeader, body: bytes) -> OtaFile:
        """Put a file together; the total image size is set to what it then is."""
        complete = replace(header, total_image_size=header.header_length + len(body))
        return cls(complete, complete.encode() + body)

    @property
    def size(self) -> int:
        """Octets of the whole file."""
        return len(self.octets)

    @property
    def body(self) -> bytes:
        """Everything after the header: a copy."""
        return self.octets[self.header.header_length :]

    @property
    def is_gb_form(self) -> bool:
        """Great Britain's form: a header of 60 octets with the hardware versions, an undivided image behind it."""
        return (
            self.header.header_length == GB_HEADER_OCTETS
            and self.header.field_control == HARDWARE_VERSIONS
            and self.elements() is None
        )

    def elements(self) -> tuple[Element, ...] | None:
        """The sub-elements, or None where the body is an undivided manufacturer image (the GB form)."""
        return find_elements(self.body)

    def sha256(self) -> bytes:
        """SHA-256 over the whole file."""
        return hashlib.sha256(self.octets).digest()

    def manufacturer_image_sha256(self) -> bytes:
        """SHA-256 over the manufacturer image: the hash of the product list (CPL), by our reading of it."""
        return hashlib.sha256(memoryview(self.octets)[self.header.header_length :]).digest()

    def encode(self) -> bytes:
        """The file's octets."""
        return self.octets


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """An OTA file found inside a maker's wrapper: the octets `before` and `after` it are not part of it."""

    file: OtaFile
    before: int
    after: int


def parse(octets: bytes) -> OtaFile:
    """Read a file of exactly these octets.

    Raises:
        ImageError: with its reason; `wrapped` where an OTA file stands further in.
    """
    try:
        header = OtaHeader.decode(octets)
    except ImageError as error:
        if error.reason == "not-an-ota-file" and (found := unwrap(octets)) is not None:
            text = f"an OTA file stands {found.before} octets in, inside a maker's wrapper: cut it out first"
            raise ImageError("wrapped", text) from error
        raise
    _check_size(header, len(octets))
    return OtaFile(header, bytes(octets))


def _check_size(header: OtaHeader, there: int) -> None:
    declared = header.total_image_size
    if declared < header.header_length:
        raise ImageError("total-size", f"total image size {declared}, but the header alone has {header.header_length}")
    if declared > there:
        text = f"the header declares {declared} octets, there are {there}: the file is cut short, or the size lies"
        raise ImageError("truncated", text)
    if declared < there:
        raise ImageError("total-size", f"the header declares {declared} octets, there are {there}: the size lies")


def unwrap(octets: bytes) -> Unwrapped | None:
    """The first OTA file inside `octets`, within `WRAPPER_LIMIT`; None where there is none, or nothing is around it."""
    position = octets.find(MAGIC, 1, WRAPPER_LIMIT + len(MAGIC))
    while position > 0:
        with contextlib.suppress(ImageError):
            return _unwrap_at(octets, position)
        position = octets.find(MAGIC, position + 1, WRAPPER_LIMIT + len(MAGIC))
    return None


def _unwrap_at(octets: bytes, position: int) -> Unwrapped:
    header = OtaHeader.decode(octets[position : position + LONGEST_HEADER])
    end = position + header.total_image_size
    _check_size(header, min(header.total_image_size, len(octets) - position))
    return Unwrapped(OtaFile(header, bytes(octets[position:end])), position, len(octets) - end)


def read_octets(path: Path, limit: int) -> bytes:
    """A regular file of 1 to `limit` octets; its size is looked at before anything is read.

    Raises:
        BadImage: `missing`, `not-a-file`, `unreadable`, `empty` or `image-too-large`.
    """
    where = str(path)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            kind = "a folder" if stat.S_ISDIR(about.st_mode) else "no regular file"
            raise BadImage("not-a-file", f"is {kind}", where=where, allowed="a file")
        if about.st_size > limit:
            raise _too_large(about.st_size, limit, where)
        with path.open("rb") as source:
            octets = source.read(limit + 1)
    except FileNotFoundError as error:
        raise BadImage("missing", "no such file", where=where) from error
    except OSError as error:
        raise BadImage("unreadable", f"cannot be read: {error.strerror or error}", where=where) from error
    except ValueError as error:  # a NUL in the name
        raise BadImage("missing", "is no file name", where=repr(where)) from error
    if not octets:
        raise BadImage("empty", "the file is empty", where=where, allowed="an OTA file")
    if len(octets) > limit:
        raise _too_large(len(octets), limit, where)
    return octets


def _too_large(size: int, limit: int, where: str) -> BadImage:
    return BadImage("image-too-large", f"{size} octets", where=where, allowed=f"at most {limit} octets")


def read_image(path: Path, limit: int) -> OtaFile:
    """Read a user's OTA file of at most `limit` octets; BadImage, one line, where that cannot be done."""
    octets = read_octets(path, limit)
    try:
        return parse(octets)
    except ImageError as error:
        raise BadImage(error.reason, str(error), where=str(path)) from error


def write_atomically(path: Path, octets: bytes) -> None:
    """Write the whole file or nothing: beside it first, then renamed onto it; BadInput where that cannot be done."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            beside.write_bytes(octets)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"cannot be written: {reason}", where=str(path)) from error
