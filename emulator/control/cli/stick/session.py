"""A stick opened for one command, and given back however that ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import typer

from emulator.control.cli.stick.running import say
from emulator.core.errors import RemoteProtocolError
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.uri import parse_stick


@asynccontextmanager
async def opened(uri: str, lost: Callable[[str], None] | None = None) -> AsyncIterator[Stick]:
    """The stick at a port, just reset; BadInput in one line where there is none that can be used."""
    stick, lock = await open_stick(parse_stick(uri), lost or _nothing)
    try:
        yield stick
    finally:
        await stick.close()
        if lock is not None:
            lock.release()


@contextmanager
def failure_of(state: str) -> Iterator[None]:
    """A stick that fails on the way is told of in one line, with the state that things are in; exit status 1."""
    try:
        yield
    except RemoteProtocolError as error:
        say(f"althan: the stick failed: {error}; {state}")
        raise typer.Exit(1) from error


def _nothing(reason: str) -> None:
    """A stick that is lost is told of by the command that finds it so."""
