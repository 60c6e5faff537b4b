"""Battery-fed bridges in the report: their charge, and what those behind them lost."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.observe.checklist import BatteryFed, LostBehind
from emulator.observe.report import tables
from emulator.observe.report.markup import Html, tag
from emulator.observe.report.overview import section
from emulator.observe.report.scales import duration

_PARTS = {
    "update": "its update and restart, from {began} to {ended}",
    "low": "its battery low, from {began} to {ended}",
    "empty": "its battery empty, from {began} to the end",
}


def battery_costs(batteries: Sequence[BatteryFed]) -> Html:
    """A section with a table a bridge; nothing where no bridge runs on a battery."""
    if not batteries:
        return Html("")
    return section("What battery-fed bridges cost those behind them", *map(_battery, batteries))


def _battery(battery: BatteryFed) -> Html:
    rows = [
        (_part(lost), lost.device, f"{lost.exchanges:,}", f"{lost.lost:,}", duration(lost.cut_off_s))
        for lost in battery.behind
    ]
    heads = ("When", "Device", "Exchanges", "Lost", "Cut off")
    table = tables.grid(heads, rows, numbers_from=2) if rows else tag("p", "It was not updated.", class_="empty")
    return tag("article", tag("h3", battery.bridge), tables.pairs(_charge(battery)), table)


def _charge(battery: BatteryFed) -> list[tuple[str, str]]:
    drawn = "no update began" if battery.update_mah is None else f"{battery.update_mah:,.3f} mAh"
    left = f"{battery.began_percent:g} % when the run began, {battery.left_percent:g} % in the end"
    return [("Charge", left), ("Drawn by the update", drawn)]


def _part(lost: LostBehind) -> str:
    began, ended = duration(lost.began_s), duration(lost.ended_s)
    return _PARTS.get(lost.part, lost.part).format(began=began, ended=ended)
