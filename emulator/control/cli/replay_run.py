"""Carries out `althan replay`, and says how it went."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Final

import typer

from emulator.runtime.replay.regression_test import regression_test
from emulator.runtime.replay.replaying import Replayed, replay

_SILENT_S: Final = 2.0


def carry_out(recording: Path, test: Path | None, *, as_json: bool) -> int:
    """Play, write the test where one is wanted, print; the exit status.

    Raises:
        BadInput: the recording cannot be played, or the test not written.
    """
    played = replay(recording, _Progress().show)
    for note in played.notes:
        typer.echo(f"note: {note}", err=True)
    copy = regression_test(recording, test) if test is not None and played.difference is None else None
    if as_json:
        typer.echo(json.dumps(_facts(recording, played, test, copy), indent=2))
    else:
        typer.echo("\n".join(_words(played, test, copy)))
    return 0 if played.difference is None else 1


def _facts(recording: Path, played: Replayed, test: Path | None, copy: Path | None) -> dict[str, object]:
    return {
        "recording": str(recording),
        "same": played.difference is None,
        "inputs": played.inputs,
        "calls": played.calls,
        "difference": None if played.difference is None else asdict(played.difference),
        "notes": list(played.notes),
        "test": None if copy is None else str(test),
        "test_recording": None if copy is None else str(copy),
    }


def _words(played: Replayed, test: Path | None, copy: Path | None) -> list[str]:
    count = f"{played.inputs:,} inputs, {played.calls:,} calls"
    if played.difference is not None:
        unwritten = [] if test is None else [f"{test} is not written: it would be red"]
        return [f"not the same after {count}", str(played.difference), *unwritten]
    return [f"the same, {count}", *([] if copy is None else [f"{test} written, its recording is {copy}"])]


class _Progress:
    """How far it is, on stderr, every other second."""

    def __init__(self) -> None:
        self._last = perf_counter()

    def show(self, done: int, of: int) -> None:
        """Say it, if it is time."""
        now = perf_counter()
        if now - self._last >= _SILENT_S:
            self._last = now
            sys.stderr.write(f"{done:,} of {of:,} entries {done / of:4.0%}\n")
            sys.stderr.flush()
