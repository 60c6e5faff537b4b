"""How commands for sticks run their coroutines, and talk while they do."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from emulator.control.cli.quiet import quiet_libraries

_Result = TypeVar("_Result")


def run_until_signalled(work: Coroutine[Any, Any, _Result]) -> _Result:
    """What it returns; SIGTERM cancels it as Ctrl-C does, and either ends in KeyboardInterrupt when it is done."""
    quiet_libraries()
    try:
        return asyncio.run(_guarded(work))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _guarded(work: Coroutine[Any, Any, _Result]) -> _Result:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def say(text: str) -> None:
    """A line on stderr."""
    typer.echo(text, err=True)
