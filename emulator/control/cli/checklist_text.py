"""A run that shows a behaviour step by step, on the terminal: each step when it is over, and the outcome at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from emulator.observe.checklist import Check, ChecklistSummary

_UNDER = " " * 20


def show_step(check: Check) -> None:
    """A step at once when it is over: a run takes a while."""
    mark = "ok    " if check.passed else "FAILED"
    typer.echo(f"{mark}  {check.at_s:8.1f} s  {check.name}\n{_UNDER}{check.happened}")
    if not check.passed:
        typer.echo(f"{_UNDER}expected: {check.expected}")


def closing(summary: ChecklistSummary) -> str:
    """What came of it all, how it was run, and where the files are."""
    files = summary.files
    lines = [
        "",
        f"{summary.outcome}: {summary.passed} of {len(summary.checks)} steps went as they should",
        (
            f"run        {summary.virtual_seconds:.1f} s of virtual time in {summary.wall_seconds:.1f} s, "
            f"{summary.frames:,} frames, fidelity {summary.fidelity}, seed {summary.seed}"
        ),
    ]
    if summary.standards:
        changed = ", ".join(f"{name}={value}" for name, value in summary.standards.items())
        lines.append(f"standards  {changed} (assumptions; see `althan standards`)")
    named = {"report": files.report, "events": files.events, "capture": files.capture, "keys": files.keys}
    return "\n".join([*lines, *(f"{name:<10} {path}" for name, path in named.items() if path)])
