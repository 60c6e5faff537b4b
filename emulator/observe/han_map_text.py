"""A HAN drawn as a tree of lines, for people."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.observe.han_map import HUB_KIND, HanMap, MappedDevice

_INDENT = "   "
_LAST, _MORE, _PAST = "└─ ", "├─ ", "│  "


def han_map_lines(han: HanMap) -> list[str]:
    """One line a device: what stands behind whom, addresses, the hub's device log, and the device's link key."""
    drawn = [row for root in han.roots for row in _rows(han, root, "", "", frozenset())]
    cells = [(name, *_facts(device)) for name, device in drawn]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _rows(
    han: HanMap, device: MappedDevice, before: str, below: str, above: frozenset[str]
) -> Iterator[tuple[str, MappedDevice]]:
    """A device, and then whoever joined through it; parents that changed must not make a circle."""
    yield before + device.name, device
    children = [child for child in han.children(device.name) if child.name not in above | {device.name}]
    for number, child in enumerate(children, 1):
        last = number == len(children)
        yield from _rows(
            han,
            child,
            below + (_LAST if last else _MORE),
            below + (_INDENT if last else _PAST),
            above | {device.name},
        )


def _facts(device: MappedDevice) -> tuple[str, str, str, str, str, str]:
    """The other columns of a device's line."""
    address = (device.profile, device.eui64, device.short or "----")
    if device.kind == HUB_KIND:
        return (*address, standing_words(device), "", "")
    return (*address, standing_words(device), log_words(device), key_words(device))


def standing_words(device: MappedDevice) -> str:
    """Whether a device is on the network, and why it is not."""
    if device.on_network:
        return "on the network"
    return f"not on the network: {device.reason}" if device.reason else "not on the network"


def log_words(device: MappedDevice) -> str:
    """What the hub's device log says of a device."""
    if device.log_standing is None:
        return "not in the device log"
    return f"device log: {device.log_type or 'not classed'}, {device.log_standing}"


def key_words(device: MappedDevice) -> str:
    """Whether a device has a link key of its own with the hub, and since when; nothing of one that is in no log."""
    if device.key_established_s is not None:
        return f"key established at {device.key_established_s:,.1f} s"
    return "" if device.log_standing is None else "no key of its own"
