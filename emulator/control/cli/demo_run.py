"""Carries out what `althan demo` was asked for: files, progress while it runs, the summary at the end."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer

from emulator.control.cli.demo_summary import summary_lines
from emulator.control.cli.quiet import quiet_libraries
from emulator.control.progress import Progress, progress_on_stderr
from emulator.observe.run_files import RunFiles
from emulator.observe.summary import ACTIVATED, RunNotes, RunSummary
from emulator.runtime.air import APS
from emulator.runtime.han import Han
from emulator.runtime.simulation import Simulation
from emulator.scenarios.update import run_update
from emulator.scenarios.update_plan import PlannedBridge, UpdatePlan, prepare

FAILURE = 1


def carry_out(plan: UpdatePlan, folder: Path, *, as_json: bool, over_sticks: bool = False) -> int:
    """Run a plan; the exit status.

    Args:
        plan: what is to be.
        folder: where its files go.
        as_json: print the summary as JSON.
        over_sticks: every device behind a virtual stick, by the wall clock.

    Raises:
        BadInput: before anything has run.
        KeyboardInterrupt: interrupted or terminated; nothing half-written is left then.
    """
    bridges = prepare(plan)
    if over_sticks:
        return _carry_out_over_sticks(plan, bridges, folder, as_json=as_json)
    with (
        terminated_like_interrupted(),
        RunFiles(folder, capture=plan.fidelity != APS) as files,
        progress_on_stderr(quiet=as_json) as progress,
    ):
        summary, notes = asyncio.run(_run(plan, bridges, files, progress))
    _show(summary, notes, as_json=as_json)
    return 0 if summary.outcome == ACTIVATED else FAILURE


def _carry_out_over_sticks(plan: UpdatePlan, bridges: list[PlannedBridge], folder: Path, *, as_json: bool) -> int:
    from emulator.scenarios.update_sticks import check_over_sticks, run_update_over_sticks

    check_over_sticks(plan)
    quiet_libraries()
    epoch, sizes = datetime.now(UTC), [each.image.size for each in bridges]
    with (
        terminated_like_interrupted(),
        RunFiles(folder, utc=lambda: datetime.now(UTC).isoformat(), epoch=epoch) as files,
        progress_on_stderr(quiet=as_json, real=True) as progress,
    ):
        run = run_update_over_sticks(
            plan, bridges, epoch, files, lambda run, han, _: progress.show(run, han.bridges, sizes)
        )
        summary, notes = asyncio.run(run)
    _show(summary, notes, as_json=as_json)
    return 0 if summary.outcome == ACTIVATED else FAILURE


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM do what SIGINT does, so that it leaves nothing half-written either."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _run(
    plan: UpdatePlan, bridges: list[PlannedBridge], files: RunFiles, progress: Progress
) -> tuple[RunSummary, RunNotes]:
    def watch(simulation: Simulation, han: Han, planned: list[PlannedBridge]) -> None:
        sizes = [each.image.size for each in planned]
        simulation.after_slice(lambda: progress.show(simulation, han.bridges, sizes))

    return await run_update(plan, bridges, files, watch)


def _show(summary: RunSummary, notes: RunNotes, *, as_json: bool) -> None:
    typer.echo(summary.text() if as_json else "\n".join(summary_lines(summary, notes)), nl=not as_json)
