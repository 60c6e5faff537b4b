"""Where a client keeps the image it is receiving: what it asks of a memory, and the simplest one."""

from __future__ import annotations

from typing import Protocol

from emulator.core.errors import LocalProtocolError
from emulator.zigbee.clusters.ota import ImageIdentity


class ImageSlot(Protocol):
    """Memory for one image, filled from its first octet on without gaps; what it holds survives a restart.

    Any method may raise `SlotError`; the client then gives the image up with that reason.
    """

    @property
    def identity(self) -> ImageIdentity | None:
        """The image that the slot was begun for, or None when it is empty."""

    @property
    def received(self) -> int:
        """Octets stored, counted from the image's first one without a gap."""

    def begin(self, identity: ImageIdentity) -> None:
        """Erase, and make ready for that image."""

    def write(self, offset: int, data: bytes) -> None:
        """Store `data`; `offset` is always `received`, and the image's end is never passed."""

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` octets from `offset` on, of those received."""

    def erase(self) -> None:
        """Forget image and identity."""


class MemorySlot:
    """A slot in memory; keep the object to survive a restart."""

    __slots__ = ("_octets", "identity")

    def __init__(self) -> None:
        self.identity: ImageIdentity | None = None
        self._octets = bytearray()

    @property
    def received(self) -> int:
        return len(self._octets)

    def begin(self, identity: ImageIdentity) -> None:
        self.identity = identity
        self._octets.clear()

    def write(self, offset: int, data: bytes) -> None:
        if self.identity is None or offset != len(self._octets) or offset + len(data) > self.identity.image_size:
            raise LocalProtocolError(f"{len(data)} octets at {offset} do not follow on {len(self._octets)}")
        self._octets += data

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._octets[offset : offset + length])

    def erase(self) -> None:
        self.identity = None
        self._octets.clear()
