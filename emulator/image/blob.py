"""Octets of any length in flash, as large as they are, kept twice."""

from __future__ import annotations

from struct import Struct
from zlib import crc32

from emulator.core.errors import LocalProtocolError
from emulator.image.flash import Flash

_HEADER = Struct("<II")  # serial number, length
_CRC_OCTETS = 4


class Blob:
    """Octets in flash; each writing goes over the older of two copies, under a higher serial number.

    Args:
        flash: what outlives the power.
        name: its regions are called `name/0` and `name/1`.
        limit: octets that it may have.

    Attributes:
        octets: the newest good copy; empty where nothing was ever written.
    """

    __slots__ = ("_flash", "_limit", "_next", "_regions", "_serial", "octets")

    def __init__(self, flash: Flash, name: str, limit: int) -> None:
        self._flash = flash
        self._limit = limit
        self._regions = [flash.region(f"{name}/{number}") for number in range(2)]
        copies = [self._read(region) for region in self._regions]
        newest = max(range(2), key=lambda number: copies[number][0])
        self._serial, self.octets = copies[newest]
        self._next = 1 - newest

    def _read(self, region: bytearray) -> tuple[int, bytes]:
        """Serial number and octets of one copy; 0 and none where it is no good."""
        if len(region) < _HEADER.size:
            return 0, b""
        serial, length = _HEADER.unpack_from(region)
        end = _HEADER.size + length
        if length > self._limit or end + _CRC_OCTETS > len(region):
            return 0, b""
        check = int.from_bytes(region[end : end + _CRC_OCTETS], "little")
        return (serial, bytes(region[_HEADER.size : end])) if crc32(region[:end]) == check else (0, b"")

    def write(self, octets: bytes) -> None:
        """Keep other octets.

        Raises:
            LocalProtocolError: they are more than the limit; nothing has changed then.
            PowerCut: as the flash's fault wanted it.
        """
        if len(octets) > self._limit:
            raise LocalProtocolError(f"{len(octets)} octets to be kept, at most {self._limit}")
        whole = _HEADER.pack(self._serial + 1, len(octets)) + octets
        self._flash.write(self._regions[self._next], 0, whole + crc32(whole).to_bytes(_CRC_OCTETS, "little"))
        self._serial += 1
        self.octets = octets
        self._next = 1 - self._next
