"""Figures as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Budget, Figure

_HEAD = ("", "median", "min", "max", "unit", "budget", "")


def table(title: str, figures: Sequence[Figure]) -> str:
    """One suite's figures under a title; the numbers right, the words left."""
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [title]
    for row in rows:
        cells = (
            cell.rjust(width) if column in {1, 2, 3} else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    values = (figure.median, min(figure.values), max(figure.values))
    numbers = (f"{value:,.{figure.digits}f}" for value in values)
    return (figure.name, *numbers, figure.unit, _budget(figure.budget), figure.verdict)


def _budget(budget: Budget | None) -> str:
    if budget is None:
        return ""
    aim = "" if budget.aim is None else f" (aim {budget.aim:g})"
    return f"{budget.bound.value} {budget.limit:g}{aim}"
