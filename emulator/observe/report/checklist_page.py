"""The report of a run that shows a behaviour step by step."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.core.events import Value
from emulator.observe.checklist import PASSED, Check, ChecklistSummary
from emulator.observe.report import tables
from emulator.observe.report.batteries import battery_costs
from emulator.observe.report.han_tree import han_tree
from emulator.observe.report.markup import Html, tag
from emulator.observe.report.overview import mark, section, tile, what_ran
from emulator.observe.report.page import files_beside, whole_page
from emulator.observe.report.scales import count, duration
from emulator.observe.summary import Clock


def render_checklist(summary: ChecklistSummary, files: Sequence[str] = ()) -> str:
    """`report.html`; `files` are the names of those beside it, to link to."""
    return whole_page(
        f"{summary.outcome}: {summary.title}",
        _headline(summary),
        section("Steps", _steps(summary.checks)),
        battery_costs(summary.batteries),
        _figures(summary.checks),
        Html("") if summary.han is None else han_tree("The HAN in the end", summary.han),
        *(_messages(number, check) for number, check in enumerate(summary.checks, 1) if check.messages),
        what_ran(summary, Clock.VIRTUAL),
        files_beside(files),
    )


def _headline(summary: ChecklistSummary) -> Html:
    good = summary.outcome == PASSED
    words = f"{summary.passed} of {len(summary.checks)} steps went as they should"
    tiles = (
        ("Steps", f"{summary.passed} of {len(summary.checks)}", "as expected"),
        ("Frames", count(summary.frames), "on the air"),
        ("Run", duration(summary.virtual_seconds), f"wall time {duration(summary.wall_seconds)}"),
    )
    return tag(
        "header",
        tag("p", f"Alt HAN emulator · {summary.title}", class_="kicker"),
        tag("h1", mark(good=good), words),
        tag("div", *(tile(*each) for each in tiles), class_="tiles"),
        class_="good" if good else "bad",
    )


def _steps(checks: Sequence[Check]) -> Html:
    rows = []
    for number, check in enumerate(checks, 1):
        happened = tag("span", mark(good=check.passed), check.happened, class_="outcome")
        rows.append((f"{number}. {check.name}", check.expected, happened, duration(check.at_s)))
    return tables.grid(("Step", "Should", "Did", "At"), rows, numbers_from=3)


def _figures(checks: Sequence[Check]) -> Html:
    """What was measured, step by step; nothing where nothing was."""
    rows = [
        (f"{number}. {check.name}", name.replace("_", " "), _figure(value))
        for number, check in enumerate(checks, 1)
        for name, value in check.figures.items()
    ]
    return section("Figures", tables.grid(("Step", "Figure", "Value"), rows, numbers_from=2)) if rows else Html("")


def _figure(value: Value) -> str:
    if value is None:
        return "none"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value}"


def _messages(number: int, check: Check) -> Html:
    shown = (
        tables.message(message.caption, list(message.fields.items()), [("octets", message.hex)])
        for message in check.messages
    )
    return section(f"{number}. {check.name}", *shown)
