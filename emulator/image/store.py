"""A device's images in flash: the one that runs, and a slot for the one being downloaded.

The model is a device with two banks: an image is downloaded into the idle one, and activating it means writing one
record that says what runs.  Whatever moment the power is cut at, a record reads as the old one or as the new one, never
as neither: it is kept twice, the copies are written in turn, and one that a cut has torn fails its check (CRC-32).  The
octets of the running image are not kept, for nothing executes them; its SHA-256 is.

An `ImageStore` is what the software knows; after a `PowerCut` it is gone, and a new one over the same `Flash` is what
comes up.  It fits the slot that `ota` asks for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any, Generic, Protocol, TypeVar
from zlib import crc32

from emulator.core.errors import LocalProtocolError
from emulator.image.flash import ERASED, Flash

_CRC_OCTETS = 4
_DATA = "image/slot"
_VACANT, _TAKEN = 0, 1


class Identity(Protocol):
    """What names an image: two that differ in any of these are never mixed."""

    @property
    def manufacturer_code(self) -> int:
        """16 bits."""

    @property
    def image_type(self) -> int:
        """16 bits."""

    @property
    def file_version(self) -> int:
        """32 bits."""

    @property
    def image_size(self) -> int:
        """Octets of the whole file, 32 bits."""


AnyIdentity = TypeVar("AnyIdentity", bound=Identity)


@dataclass(frozen=True, slots=True)
class ActiveImage:
    """What runs; `sha256` is over the whole file (32 octets; zeros for what the factory put in)."""

    file_version: int
    sha256: bytes = bytes(32)


class Record:
    """A value in flash, kept twice; each writing has a higher serial number than the one before.

    Attributes:
        serial: of the newest good copy; 0 where nothing was ever written.
        value: what it says; empty where nothing was ever written.
    """

    __slots__ = ("_flash", "_layout", "_next", "_region", "serial", "value")

    def __init__(self, flash: Flash, name: str, layout: str) -> None:
        self._flash = flash
        self._layout = Struct("<I" + layout)
        self._region = flash.region(name)
        size = self._layout.size + _CRC_OCTETS
        if not self._region:
            self._region.extend(ERASED * (2 * size))  # how a chip leaves its maker: no write of the device's
        copies = {position: self._read(position) for position in (0, size)}
        newest = max(copies, key=lambda position: copies[position][0])
        self.serial: int = copies[newest][0]
        self.value: tuple[Any, ...] = copies[newest][1:]
        self._next = size - newest

    def _read(self, position: int) -> tuple[Any, ...]:
        """Serial number and values of one copy; serial number 0 alone where it is no good."""
        end = position + self._layout.size
        octets = bytes(self._region[position:end])
        check = int.from_bytes(self._region[end : end + _CRC_OCTETS], "little")
        return self._layout.unpack(octets) if crc32(octets) == check else (0,)

    def write(self, *values: int | bytes) -> None:
        """Put new values over the older copy."""
        octets = self._layout.pack(self.serial + 1, *values)
        self._flash.write(self._region, self._next, octets + crc32(octets).to_bytes(_CRC_OCTETS, "little"))
        self.serial += 1
        self.value = values
        self._next = len(octets) + _CRC_OCTETS - self._next


class ImageStore(Generic[AnyIdentity]):
    """The images of one device.

    Args:
        flash: what outlives the power.
        limit: octets of the largest image; memory for one is taken only after its size was compared with this.
        identity: makes an identity of manufacturer code, image type, file version and size.
    """

    __slots__ = ("_active", "_data", "_end", "_flash", "_identity", "_make", "_progress", "_slot", "limit", "received")

    def __init__(self, flash: Flash, limit: int, identity: Callable[[int, int, int, int], AnyIdentity]) -> None:
        self._flash = flash
        self.limit = limit
        self._make = identity
        self._active = Record(flash, "image/active", "II32s")
        self._slot = Record(flash, "image/slot-record", "BHHII")
        self._progress = Record(flash, "image/progress", "II")
        self._data = flash.region(_DATA)
        self._identity = self._restored()
        self._end = self._identity.image_size if self._identity else 0
        begun, count = self._progress.value or (0, 0)
        self.received: int = count if self._identity and begun == self._slot.serial else 0

    def _restored(self) -> AnyIdentity | None:
        """What the slot was begun for, unless it has been activated since."""
        if not self._slot.value or self._slot.value[0] == _VACANT:
            return None
        if self._active.value and self._active.value[1] == self._slot.serial:
            return None
        return self._make(*self._slot.value[1:])

    @property
    def active(self) -> ActiveImage | None:
        """What runs; None until `install`."""
        if not self._active.value:
            return None
        version, _, digest = self._active.value
        return ActiveImage(version, digest)

    @property
    def identity(self) -> AnyIdentity | None:
        """What is being downloaded; None where the slot is empty."""
        return self._identity

    @property
    def complete(self) -> bool:
        """Every octet of the image is there."""
        return self._identity is not None and self.received == self._end

    def install(self, image: ActiveImage) -> None:
        """Put an image in as the factory does."""
        self._active.write(image.file_version, 0, image.sha256)

    def begin(self, identity: AnyIdentity) -> None:
        """Erase the slot and make it ready for that image.

        Raises:
            LocalProtocolError: it is over the limit; nothing has changed then.
        """
        size = identity.image_size
        if size > self.limit:
            raise LocalProtocolError(f"image-too-large: {size} octets, at most {self.limit}")
        self.erase(size)
        self._slot.write(_TAKEN, identity.manufacturer_code, identity.image_type, identity.file_version, size)
        self._identity, self._end = identity, size

    def write(self, offset: int, data: bytes) -> None:
        """Store the octets that follow on those received: their own write, then one for the count.

        Raises:
            LocalProtocolError: they do not follow on, or go past the end.
        """
        end = offset + len(data)
        if offset != self.received or end > self._end:
            raise LocalProtocolError(f"octets {offset} to {end} after {self.received} of {self._end}")
        self._flash.write(self._data, offset, data)
        self._progress.write(self._slot.serial, end)
        self.received = end

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` octets from `offset` on, of those received."""
        return bytes(self._data[offset : min(offset + length, self.received)])

    def octets(self) -> bytes:
        """Everything received: a copy."""
        return self.read(0, self.received)

    def erase(self, size: int = 0) -> None:
        """Forget image and identity; `size` octets of memory stay taken."""
        # The record goes first: nothing may vouch for octets that are half erased.
        self._slot.write(_VACANT, 0, 0, 0, 0)
        self._identity, self._end, self.received = None, 0, 0
        self._flash.erase(_DATA, size)

    def activate(self) -> ActiveImage:
        """Run the image in the slot, all of which is there, from now on, and empty the slot.

        Whether it is a good one is for the caller to have found out.

        Raises:
            LocalProtocolError: it is not complete.
        """
        if self._identity is None or not self.complete:
            raise LocalProtocolError(f"{self.received} of {self._end} octets are there")
        image = ActiveImage(self._identity.file_version, hashlib.sha256(self._data).digest())
        self._active.write(image.file_version, self._slot.serial, image.sha256)
        self.erase()
        return image
