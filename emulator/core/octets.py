"""A bounded reader for cold formats; hot frames use `struct` directly."""

from __future__ import annotations

from emulator.core.errors import DecodeError


class Reader:
    """Walks over octets once; reading past the end is a DecodeError that names the field."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def remaining(self) -> int:
        """Octets not yet read."""
        return len(self._data) - self._position

    @property
    def position(self) -> int:
        """Octets read so far."""
        return self._position

    def octets(self, length: int, field: str) -> bytes:
        """The next `length` octets; the length is checked before anything is taken."""
        if length < 0 or length > self.remaining:
            raise DecodeError(f"{field}: {length} octets wanted, {self.remaining} left")
        start = self._position
        self._position = start + length
        return self._data[start : self._position]

    def little(self, length: int, field: str) -> int:
        """An unsigned integer, least significant octet first."""
        return int.from_bytes(self.octets(length, field), "little")

    def big(self, length: int, field: str) -> int:
        """An unsigned integer, most significant octet first."""
        return int.from_bytes(self.octets(length, field), "big")

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.octets(self.remaining, "rest")

    def finish(self, what: str) -> None:
        """Raise DecodeError if octets are left over."""
        if self.remaining:
            raise DecodeError(f"{what}: {self.remaining} octets left over")
