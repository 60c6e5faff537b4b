"""What was measured: progress, troubles, where the time went, airtime; each drawn, and in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emulator.core.clock import SECOND
from emulator.observe.metrics import MetricsSnapshot
from emulator.observe.report import charts, tables
from emulator.observe.report.markup import Html, tag
from emulator.observe.report.overview import section
from emulator.observe.report.scales import count, duration, share
from emulator.observe.summary import RunSummary, TimeSpent

TIME_PARTS = (
    ("air", "s1", "air", "its frames and their acknowledgements on the air"),
    ("wait", "s7", "waiting", "for answers, back-off and turnaround"),
    ("retry", "s2", "retries", "from a loss to its repetition"),
    ("pace", "s4", "pacing", "held back on purpose, e.g. minimum block period"),
)
OTHER = "other"


def progress(summary: RunSummary, metrics: MetricsSnapshot) -> Html:
    """How each download went on."""
    lines = []
    for device in summary.devices:
        found = metrics["devices"].get(device.name)
        points = found["progress"] if found else []
        reached = points[-1][1] if points else 0
        hint = f"{device.name}: {reached:,} of {device.image_bytes:,} octets"
        lines.append(charts.Line(device.name, points, reached >= device.image_bytes, hint))
    if not any(line.points for line in lines):
        return section("Progress", tag("p", "No block of an image was received.", class_="empty"))
    limit = max(reached for line in lines for _, reached in line.points)
    limit = max(limit, *(device.image_bytes for device in summary.devices))
    return section(
        "Progress",
        charts.figure(
            charts.line_legend(lines),
            charts.line_chart(lines, limit, _end_us(summary, metrics), "Octets received over time"),
            "A dot ends a complete download, a cross one that stopped.",
        ),
    )


def troubles(summary: RunSummary, metrics: MetricsSnapshot) -> Html:
    """Retries and drops: when, whose and why."""
    rows = [
        (name, kind, tables.code(reason), count(times))
        for name, device in metrics["devices"].items()
        for kind, reasons in (("retry", device["retries"]), ("drop", device["drops"]))
        for reason, times in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    ]
    title = "Retries and drops"
    if not rows:
        return section(title, tag("p", "None: nothing was lost and nothing was sent twice.", class_="empty"))
    history = metrics["history"]
    columns = (("s2", "retries", history["retries"]), ("s1", "drops", history["drops"]))
    width = history["bucket_us"]
    return section(
        title,
        charts.figure(
            charts.legend([(css, f"{name}: {sum(counts):,}") for css, name, counts in columns]),
            charts.column_chart(columns, width, _end_us(summary, metrics), "Retries and drops over time"),
            f"Each column stands for {duration(width / SECOND)} of the run.",
        ),
        tables.grid(("Device", "What", "Reason", "Times"), rows, numbers_from=3),
    )


def _end_us(summary: RunSummary, metrics: MetricsSnapshot) -> int:
    """Where the time axes end: with the run, or with what was measured if that is later."""
    last = max((points[-1][0] for device in metrics["devices"].values() if (points := device["progress"])), default=0)
    return max(last, round(summary.virtual_seconds * SECOND), 1)


def where_time_went(summary: RunSummary) -> Html:
    """The time of each download in its four parts."""
    title = "Where the time went"
    if not any(device.time.total_s for device in summary.devices):
        return section(title, tag("p", "No download began.", class_="empty"))
    bars = []
    rows = []
    for device in summary.devices:
        parts = _time_parts(device.time)
        bars.append(charts.Bar(device.name, parts, duration(device.time.total_s)))
        rows.append((device.name, *(f"{part.amount:,.3f}" for part in parts), f"{device.time.total_s:,.3f}"))
    heads = ("Device", *(f"{words}, s" for _, _, words, _ in TIME_PARTS), "total, s")
    return section(
        title,
        charts.figure(
            charts.legend([(css, f"{words}: {what}") for _, css, words, what in TIME_PARTS]),
            charts.bar_chart(bars, {part: css for part, css, _, _ in TIME_PARTS}, "Time of each download by part"),
        ),
        tables.grid(heads, rows),
    )


def _time_parts(time: TimeSpent) -> list[charts.Part]:
    parts = []
    amounts = (time.air_s, time.wait_s, time.retry_s, time.pace_s)
    for (name, _, words, _), amount in zip(TIME_PARTS, amounts, strict=True):
        percent = share(amount, time.total_s)
        parts.append(charts.Part(name, amount, percent, f"{words}: {duration(amount)}, {percent}"))
    return parts


def airtime(summary: RunSummary, metrics: MetricsSnapshot) -> Html:
    """Who was on the air for how long, by class of frame; the hub and relays too."""
    senders = {name: device for name, device in metrics["devices"].items() if device["air_us"]}
    if not senders:
        return section("Airtime", tag("p", "No frame was counted.", class_="empty"))
    kinds = _ranked([device["air_us"] for device in senders.values()])
    classes = {kind: charts.series_class(index) for index, kind in enumerate(kinds)}
    run_us = max(summary.virtual_seconds * SECOND, 1.0)
    bars = []
    rows = []
    for name, device in senders.items():
        whole = sum(device["air_us"].values())
        parts = _air_parts(device["air_us"], kinds)
        bars.append(charts.Bar(name, parts, f"{duration(whole / SECOND)}, {share(whole, run_us)}"))
        rows.append((name, count(sum(device["frames"].values())), f"{whole / SECOND:,.3f}", share(whole, run_us)))
    return section(
        "Airtime",
        charts.figure(
            charts.legend([(classes[kind], kind) for kind in kinds]),
            charts.bar_chart(bars, classes, "Airtime of each device by class of frame"),
        ),
        tables.grid(("Device", "frames", "airtime, s", "of the run"), rows),
    )


def _ranked(counted: Sequence[Mapping[str, int]]) -> list[str]:
    """Frame classes, most airtime first; the last of too many for the colours there are is `other`."""
    totals: dict[str, int] = {}
    for air_us in counted:
        for kind, microseconds in air_us.items():
            totals[kind] = totals.get(kind, 0) + microseconds
    ranked = sorted(totals, key=lambda kind: (-totals[kind], kind))
    return ranked if len(ranked) <= charts.SERIES else [*ranked[: charts.SERIES - 1], OTHER]


def _air_parts(air_us: Mapping[str, int], kinds: Sequence[str]) -> list[charts.Part]:
    amounts = dict.fromkeys(kinds, 0)
    for kind, microseconds in air_us.items():
        amounts[kind if kind in amounts else OTHER] += microseconds
    return [
        charts.Part(kind, microseconds, kind, f"{kind}: {duration(microseconds / SECOND)}")
        for kind, microseconds in amounts.items()
    ]
