"""A HAN drawn as a tree of lines, for people."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.observe.han_map import HUB_KIND, HanMap, MappedDevice

_INDENT = "   "
_LAST, _MORE, _PAST = "└─ ", "├─ ", "│  "


def han_map_lines(han: HanMap) -> list[str]:
    """One line a device: what stands behind whom, addresses, and the hub's device log."""
    drawn = [row for root in han.roots for row in _rows(han, root, "", "", frozenset())]
    width = max((len(name) for name, _ in drawn), default=0)
    return [f"{name:<{width}}  {_facts(device)}".rstrip() for name, device in drawn]


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


def _facts(device: MappedDevice) -> str:
    parts = [f"{device.profile:<10}", device.eui64, device.short or "----"]
    if device.kind == HUB_KIND:
        parts.append("on the network" if device.on_network else "off the network")
        return "  ".join(parts)
    parts.append(standing_words(device))
    parts.append(log_words(device))
    return "  ".join(parts)


def standing_words(device: MappedDevice) -> str:
    """Whether a device is on the network, and why it is not."""
    if device.on_network:
        return "on the network"
    return f"not on the network: {device.reason}" if device.reason else "not on the network"


def log_words(device: MappedDevice) -> str:
    """What the hub's device log says of a device."""
    if device.log_standing is None:
        return "not in the device log"
    return f"in the device log: {device.log_type or 'not classed'}, {device.log_standing}"
