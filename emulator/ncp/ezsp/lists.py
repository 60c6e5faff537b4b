"""Lists in EZSP fields; their values are tuples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.ncp.ezsp.wire import Misfit, Short, Wire

_LONGEST_COUNTED = 0xFF


class Repeated:
    """A fixed number of items."""

    __slots__ = ("item", "length", "zero")

    code: str | None = None

    def __init__(self, item: Wire, length: int) -> None:
        self.item = item
        self.length = length
        self.zero = (item.zero,) * length

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        return read_items(self.item, self.length, octets, at)

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        items = _items(value)
        if len(items) != self.length:
            raise Misfit(f"{len(items)} items instead of {self.length}")
        return _write_items(self.item, items)


class Counted:
    """Items behind their number, which is one octet."""

    __slots__ = ("item",)

    zero = ()
    code: str | None = None

    def __init__(self, item: Wire) -> None:
        self.item = item

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`."""
        if at >= len(octets):
            raise Short("1 octet wanted, 0 left")
        return read_items(self.item, octets[at], octets, at + 1)

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        items = _items(value)
        if len(items) > _LONGEST_COUNTED:
            raise Misfit(f"{len(items)} items are too many")
        return bytes((len(items),)) + _write_items(self.item, items)


class Greedy:
    """Items to the end of the frame, or as many as another field says.

    Args:
        item: type of one item.
        least: how many items the zero value has.
    """

    __slots__ = ("item", "zero")

    code: str | None = None

    def __init__(self, item: Wire, least: int = 0) -> None:
        self.item = item
        self.zero = (item.zero,) * least

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """See `Wire`; never Short, what is left over stays."""
        items: list[object] = []
        while at < len(octets):
            try:
                item, at = self.item.read(octets, at)
            except Short:
                break
            items.append(item)
        return tuple(items), at

    def write(self, value: object) -> bytes:
        """See `Wire`."""
        return _write_items(self.item, _items(value))


def read_items(item: Wire, length: int, octets: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    """Exactly `length` items from an offset, and the offset behind them; Short if there are fewer."""
    items: list[object] = []
    for _ in range(length):
        value, at = item.read(octets, at)
        items.append(value)
    return tuple(items), at


def _items(value: object) -> Sequence[object]:
    if not isinstance(value, tuple | list):
        raise Misfit(f"{value!r} is no list")
    return value


def _write_items(item: Wire, items: Sequence[object]) -> bytes:
    chunks = []
    for index, value in enumerate(items):
        try:
            chunks.append(item.write(value))
        except Misfit as error:
            raise error.within(str(index)) from None
    return b"".join(chunks)
