"""`althan replay`: whether a device still does what was recorded."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_TEST_HELP = "If it is the same, write a regression test there, test_NAME.py, with the recording copied beside it."


@app.command("replay")
def replay(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="What --record wrote.", show_default=False)],
    test: Annotated[Path | None, typer.Option("--test", metavar="FILE", help=_TEST_HELP)] = None,
    as_json: Json = False,
) -> None:
    """Play a recorded hub or bridge again, without a stick, and compare every call that it makes.

    Exit status 1: something is not the same.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from emulator.control.cli.replay_run import carry_out

        status = carry_out(recording, test, as_json=as_json)
    finally:
        signal.signal(signal.SIGTERM, before)
    raise typer.Exit(status)
