"""Lists of figures."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.observe.report.markup import Html, join, tag


def pairs(rows: Sequence[tuple[str, str]]) -> Html:
    """Names and values, as a description list."""
    return tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in rows))


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int = 1) -> Html:
    """A table; columns from `numbers_from` on are figures and stand to the right."""
    head = tag("tr", *(_cell("th", words, index >= numbers_from, scope="col") for index, words in enumerate(heads)))
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(_cell("td", words, index >= numbers_from) for index, words in enumerate(row[1:], 1)),
        )
        for row in rows
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll")


def message(
    caption: str, rows: Sequence[tuple[str, str]], hexes: Sequence[tuple[str, str]], *, absent: str = ""
) -> Html:
    """A decoded message: its named fields and the octets they stand for; or `absent`, why there is none."""
    if absent:
        return tag("div", tag("h4", caption), tag("p", absent, class_="empty"), class_="message")
    body = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows]
    octets = [
        join(tag("p", f"{name}, {len(digits) // 2} octets", class_="hex-name"), tag("pre", _grouped(digits)))
        for name, digits in hexes
    ]
    return tag("div", tag("h4", caption), tag("table", tag("tbody", *body), class_="fields"), *octets, class_="message")


def code(words: str) -> Html:
    """`words` as a machine writes them."""
    return tag("code", words)


def _cell(name: str, words: str, figure: bool, scope: str | None = None) -> Html:
    return tag(name, words, class_="figure" if figure else None, scope=scope)


def _grouped(digits: str) -> str:
    """Octets apart, so that lines break between them."""
    return " ".join(digits[start : start + 2] for start in range(0, len(digits), 2))
