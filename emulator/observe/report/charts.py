"""The drawings: lines over time, columns over time, bars per device.  SVG whose colours are the page's classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.observe.report.markup import Html, join, tag
from emulator.observe.report.scales import Axis, count_axis, octet_axis, time_axis

WIDTH = 960
LEFT, RIGHT = 64, 948
SERIES = 8
"""Colours there are; further series go round again with another dash."""

_DASHES = ("", "7 4", "2 3", "9 3 2 3")
_ROW, _BAR = 30, 18
_NAME_WIDTH, _TOTAL_WIDTH = 170, 130
_LABEL_FROM = 46
_NAME_LENGTH = 22
_NEAR = 0.7


@dataclass(frozen=True, slots=True)
class Line:
    """One line: points (µs, octets), whether it got there, and what a pointer is told of it."""

    name: str
    points: Sequence[tuple[int, int]]
    complete: bool
    hint: str


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar: what it is, how much, and the same in words (short, and for a pointer)."""

    series: str
    amount: float
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart, its parts from left to right and its total in words."""

    name: str
    parts: Sequence[Part]
    total: str


def series_class(index: int) -> str:
    """The class that carries the colour of the series of that number."""
    return f"s{index % SERIES + 1}"


def dash(index: int) -> str | None:
    """The dash of the line of that number, so that lines differ without colour as well."""
    return _DASHES[(index + index // SERIES) % len(_DASHES)] or None


def figure(legend: Html, chart: Html, caption: str = "") -> Html:
    """A drawing with its legend above and a line of explanation below, kept on one sheet of paper."""
    return tag("figure", legend, chart, *((tag("figcaption", caption),) if caption else ()))


def legend(entries: Sequence[tuple[str, str]]) -> Html:
    """A list of colour and name: (class, name)."""
    boxes = [(tag("rect", x=0, y=1, width=14, height=10, rx=2, class_=css), name) for css, name in entries]
    return tag("ul", *(tag("li", _swatch(box), name) for box, name in boxes), class_="legend")


def line_legend(lines: Sequence[Line]) -> Html:
    """The same for lines, with their dashes."""
    items = []
    for index, line in enumerate(lines):
        css = f"line {series_class(index)}"
        stroke = tag("line", x1=0, x2=26, y1=6, y2=6, class_=css, stroke_dasharray=dash(index))
        items.append(tag("li", _swatch(stroke, 26), line.name))
    return tag("ul", *items, class_="legend")


def line_chart(lines: Sequence[Line], limit: int, end_us: int, title: str) -> Html:
    """Octets over time for each line; `limit` is the most there can be, `end_us` where the time axis ends."""
    top, bottom = 14, 300
    time = time_axis(end_us, LEFT, RIGHT)
    octets = octet_axis(limit, bottom, top)
    drawn = [_line(line, index, time, octets) for index, line in enumerate(lines)]
    return _svg(344, title, _grid(time, octets, "time", "received"), *drawn)


def column_chart(columns: Sequence[tuple[str, str, Sequence[int]]], width_us: int, end_us: int, title: str) -> Html:
    """Counts over time, stacked: (class, name, count of each stretch of `width_us`)."""
    top, bottom = 14, 150
    time = time_axis(end_us, LEFT, RIGHT)
    length = max((len(counts) for _, _, counts in columns), default=0)
    totals = [sum(counts[index] for _, _, counts in columns) for index in range(length)]
    axis = count_axis(max(totals, default=1), bottom, top)
    drawn: list[Html] = []
    base = [0] * length
    for css, name, counts in columns:
        drawn += [
            _column(css, f"{name}: {count}", time, axis, (index * width_us, width_us), (base[index], count))
            for index, count in enumerate(counts)
            if count
        ]
        base = [below + count for below, count in zip(base, counts, strict=True)]
    return _svg(194, title, _grid(time, axis, "time", "in each column"), *drawn)


def bar_chart(bars: Sequence[Bar], classes: dict[str, str], title: str) -> Html:
    """A stacked bar for each row; all rows on one scale.  `classes` gives the colour of each series."""
    longest = max((sum(part.amount for part in bar.parts) for bar in bars), default=0) or 1
    scale = (WIDTH - _NAME_WIDTH - _TOTAL_WIDTH) / longest
    rows = [_bar(bar, index * _ROW + 6, scale, classes) for index, bar in enumerate(bars)]
    return _svg(len(bars) * _ROW + 8, title, *rows)


def _svg(height: int, title: str, *content: Html) -> Html:
    drawing = tag(
        "svg",
        tag("title", title),
        *content,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )
    return tag("div", drawing, class_="chart")


def _swatch(shape: Html, width: int = 14) -> Html:
    return tag("svg", shape, viewBox=f"0 0 {width} 12", width=width, height=12, aria_hidden="true", class_="swatch")


def _text(x: float, y: float, words: str, css: str, anchor: str = "start") -> Html:
    return tag("text", words, x=float(x), y=float(y), class_=css, text_anchor=anchor)


def _grid(time: Axis, values: Axis, time_name: str, value_name: str) -> Html:
    """Both axes with their ticks, and what they count."""
    drawn: list[Html] = []
    for y, words in values.ticks():
        drawn.append(tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid" if y != values.start else "axis"))
        drawn.append(_text(LEFT - 8, y + 4, words, "tick", "end"))
    bottom = values.start
    for x, words in time.ticks():
        drawn.append(tag("line", x1=x, x2=x, y1=bottom, y2=bottom + 5, class_="axis"))
        drawn.append(_text(x, bottom + 19, words, "tick", "middle"))
    middle = (values.start + values.end) / 2
    words = f"{value_name}, {values.unit}" if values.unit else value_name
    drawn.append(_text((LEFT + RIGHT) / 2, bottom + 38, f"{time_name}, {time.unit}", "axis-name", "middle"))
    turned = f"rotate(-90 14 {middle:.0f})"
    drawn.append(tag("text", words, x=14, y=middle, class_="axis-name", text_anchor="middle", transform=turned))
    return join(*drawn)


def _line(line: Line, index: int, time: Axis, octets: Axis) -> Html:
    points = _visible([(time.at(at), octets.at(amount)) for at, amount in line.points])
    if not points:
        return Html("")
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    css = series_class(index)
    stroke = tag("path", tag("title", line.hint), d=path, class_=f"line {css}", stroke_dasharray=dash(index))
    return join(stroke, _end(*points[-1], css, complete=line.complete))


def _visible(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the points that would fall on the pixel before; the first and the last stay."""
    kept = list(points[:1])
    for x, y in points[1:]:
        if abs(x - kept[-1][0]) >= _NEAR or abs(y - kept[-1][1]) >= _NEAR:
            kept.append((x, y))
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]


def _end(x: float, y: float, css: str, *, complete: bool) -> Html:
    """A dot where a download was complete, a cross where it stopped."""
    if complete:
        return tag("circle", cx=x, cy=y, r=4, class_=f"dot {css}")
    cross = f"M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"
    return tag("path", d=cross, class_=f"cross {css}")


def _column(css: str, hint: str, time: Axis, axis: Axis, span: tuple[int, int], stack: tuple[int, int]) -> Html:
    """One piece of a column: `span` is (begin, length) in µs, `stack` (below it, its own)."""
    begin, length = span
    below, count = stack
    x, y = time.at(begin), axis.at(below + count)
    width = max(time.at(begin + length) - x - 0.6, 1.2)
    height = axis.at(below) - y
    return tag("rect", tag("title", hint), x=x, y=y, width=width, height=height, class_=css)


def _bar(bar: Bar, y: float, scale: float, classes: dict[str, str]) -> Html:
    name = bar.name if len(bar.name) <= _NAME_LENGTH else bar.name[: _NAME_LENGTH - 1] + "…"
    drawn = [join(tag("text", tag("title", bar.name), name, x=0, y=y + 13, class_="bar-name"))]
    x = float(_NAME_WIDTH)
    for part in bar.parts:
        width = part.amount * scale
        if not part.amount:
            continue
        css = classes[part.series]
        drawn.append(tag("rect", tag("title", part.hint), x=x, y=y, width=max(width, 0.5), height=_BAR, class_=css))
        if width >= _LABEL_FROM:
            drawn.append(_text(x + width / 2, y + 13, part.label, "in-bar", "middle"))
        x += width
    drawn.append(_text(x + 8, y + 13, bar.total, "bar-total"))
    return join(*drawn)
