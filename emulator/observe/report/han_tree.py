"""The devices of a HAN in the report: who stands behind whom, with addresses and the hub's device log."""

from __future__ import annotations

from emulator.observe.han_map import HanMap
from emulator.observe.han_map_text import han_map_lines
from emulator.observe.report.markup import Html, tag
from emulator.observe.report.overview import section


def han_tree(title: str, han: HanMap) -> Html:
    """A section with the tree; nothing where there are no devices."""
    if not han.devices:
        return Html("")
    return section(
        title, tag("div", tag("pre", "\n".join(han_map_lines(han)), style="white-space: pre"), class_="scroll")
    )
