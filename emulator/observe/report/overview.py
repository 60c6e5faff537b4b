"""The top of the page: what came of the run, how it was run, and on which assumptions it rests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from emulator.observe.report import tables
from emulator.observe.report.markup import Html, join, tag
from emulator.observe.report.scales import count, duration, share
from emulator.observe.summary import ACTIVATED, Clock, RunNotes, RunSummary, reason_text

CLOCKS = {
    Clock.VIRTUAL: "virtual: time jumps from event to event, nothing waits for the wall clock",
    Clock.REAL: "real: airtime and timers take as long as they would on the bench",
    Clock.INSTANT_AIR: "instant air: frames take no wall time, their airtime is only booked; timers are real",
}
FIDELITIES = {
    "frames": "frames: every IEEE 802.15.4 frame is encoded, secured, sent and decoded",
    "aps": "aps: messages are delivered whole, their airtime is computed",
}
ALL_DEFAULTS = (
    "Every open question of the standards is answered by its default. Defaults are assumptions, not the specification."
)
SET_BY_HAND = (
    "These answers to open questions of the standards were set for this run; all others are at their defaults. "
    "Both are assumptions, not the specification."
)
_TIMES = "\N{MULTIPLICATION SIGN}"


def headline(summary: RunSummary, notes: RunNotes) -> Html:
    """What came of it, in one line and a few figures."""
    good = summary.outcome == ACTIVATED
    reason = tag("p", "Reason: ", reason_told(summary.reason), class_="reason") if summary.reason else Html("")
    return tag(
        "header",
        tag("p", f"Alt HAN emulator · {notes.title}", class_="kicker"),
        tag("h1", mark(good=good), _headline_words(summary, notes)),
        reason,
        tag("div", *(tile(*each) for each in _tiles(summary)), class_="tiles"),
        class_="good" if good else "bad",
    )


def reason_told(reason: str) -> Html:
    """A reason as machines read it, and in words where there are any."""
    words = reason_text(reason)
    return tables.code(reason) if words == reason else join(f"{words}, ", tables.code(reason))


def mark(*, good: bool) -> Html:
    """A tick or a cross: the outcome not by colour alone."""
    css = f"mark {'good' if good else 'bad'}"
    return tag("span", "✓" if good else "✕", class_=css, role="img", aria_label="activated" if good else "failed")


def _headline_words(summary: RunSummary, notes: RunNotes) -> str:
    if len(summary.devices) == 1:
        device = summary.devices[0]
        verb = "runs" if summary.outcome == ACTIVATED else "still runs"
        kept = summary.outcome == ACTIVATED or device.version_after == device.version_before
        words = f"{verb} {device.version_after}" if kept else f"failed, and runs {device.version_after}"
        return f"{device.name} {words}"
    done = sum(notes.of(device, summary).outcome == ACTIVATED for device in summary.devices)
    return f"{done} of {len(summary.devices)} devices activated"


def _tiles(summary: RunSummary) -> list[tuple[str, str, str]]:
    octets = sum(device.image_bytes for device in summary.devices)
    resent = sum(device.bytes_resent for device in summary.devices)
    longest = max((device.time.total_s for device in summary.devices), default=0.0)
    ratio = f"{summary.virtual_seconds / summary.wall_seconds:,.1f}{_TIMES}" if summary.wall_seconds else "not known"
    several = len(summary.devices) > 1
    of = f"octets, {len(summary.devices)} devices" if several else "octets"
    return [
        ("Images" if several else "Image", f"{octets:,}", of),
        ("Longest download" if several else "Download", duration(longest), "time of the run"),
        ("Sent again", count(resent), f"octets, {share(resent, octets)}"),
        ("Frames", count(summary.frames), "on the air"),
        ("Run", duration(summary.virtual_seconds), f"wall time {duration(summary.wall_seconds)}"),
        ("Speed", ratio, "real time"),
    ]


def tile(name: str, value: str, more: str) -> Html:
    """A figure that stands out."""
    return tag("div", tag("span", name), tag("strong", value), tag("small", more), class_="tile")


def at_a_glance(summary: RunSummary, notes: RunNotes) -> Html:
    """A line for each device, where there are several."""
    if len(summary.devices) == 1:
        return Html("")
    rows = []
    for device in summary.devices:
        verdict = notes.of(device, summary)
        words = reason_told(verdict.reason) if verdict.reason else verdict.outcome
        outcome = tag("span", mark(good=verdict.outcome == ACTIVATED), words, class_="outcome")
        versions = tag("code", f"{device.version_before} → {device.version_after}", class_="whole")
        resent = share(device.bytes_resent, device.image_bytes)
        rows.append((device.name, device.profile, outcome, versions, duration(device.time.total_s), resent))
    heads = ("Device", "Profile", "Outcome", "Version", "Download", "Sent again")
    return section("At a glance", tables.grid(heads, rows, numbers_from=4))


class WhatRan(Protocol):
    """What every summary says of its run."""

    @property
    def seed(self) -> int | None:
        """None for a run without one."""

    @property
    def fidelity(self) -> str:
        """How much of the air was modelled."""

    @property
    def virtual_seconds(self) -> float:
        """In the time of the run."""

    @property
    def wall_seconds(self) -> float:
        """From the first event to the last."""

    @property
    def standards(self) -> Mapping[str, int | float | bool | str]:
        """The switches that differ from their defaults."""


def what_ran(summary: WhatRan, clock: Clock) -> Html:
    """How the run can be had again, and what was assumed."""
    rows = [
        ("Seed", tables.code("none" if summary.seed is None else str(summary.seed))),
        ("Fidelity", FIDELITIES.get(summary.fidelity, summary.fidelity)),
        ("Clock", CLOCKS[clock]),
        ("Time of the run", f"{summary.virtual_seconds:,.6f} s"),
        ("Wall time", f"{summary.wall_seconds:,.3f} s from the first event to the last"),
    ]
    return section("What ran", tables.pairs(rows), *_standards(summary))


def _standards(summary: WhatRan) -> tuple[Html, ...]:
    if not summary.standards:
        return (tag("p", ALL_DEFAULTS, class_="note"),)
    settings = [(tables.code(name), tables.code(_setting(value))) for name, value in summary.standards.items()]
    table = tables.grid(("Switch", "Set to"), settings, numbers_from=2)
    return (tag("h3", "Standards that differ from the defaults"), table, tag("p", SET_BY_HAND, class_="note"))


def _setting(value: float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def section(title: str, *content: Html) -> Html:
    """A part of the page under its heading."""
    return tag("section", tag("h2", title), join(*content))
