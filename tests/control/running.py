"""One command line inside the test's own process, and what every complaint about bad input has in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from emulator.control.cli.app import main


class Run(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str


class Althan(Protocol):
    """Runs `althan COMMAND ARGUMENTS` in a folder of the test's own."""

    def __call__(self, *arguments: str | Path) -> Run: ...


def runner(command: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Runs one command of `althan`."""

    def run(*arguments: str | Path) -> Run:
        status = main([command, *map(str, arguments)])
        captured = capsys.readouterr()
        return Run(status, captured.out, captured.err)

    return run


def is_bad_input(run: Run, *words: str) -> None:
    """Status 2, nothing on stdout, one line on stderr that says what and where."""
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("althan: ")
    assert run.err.count("\n") == 1
    for word in words:
        assert word in run.err
