"""Runs a hub or a bridge on a stick until it is done, or a signal says to stop, which is a good end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from emulator.control.cli.quiet import quiet_libraries
from emulator.control.live.telling import Teller, teller

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
FAILURE = 1

Work = Callable[[Teller], Awaitable[bool]]


def carry_out(work: Work, *, once: bool, as_json: bool) -> int:
    """The exit status: 0 where it was told to stop, or all went well; 1 where something did not.

    Raises:
        BadInput: before anything was sent, or once the stick is gone for good.
    """
    quiet_libraries()
    with teller(as_json=as_json) as told:
        well = asyncio.run(_until_told(work, told))
        if well is None:
            told.stopped()
    return FAILURE if once and well is False else 0


async def _until_told(work: Work, told: Teller) -> bool | None:
    """What came of it; None where a signal ended it, after it had tidied up."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work(told))
    stopped: list[int] = []

    def stop(number: int) -> None:
        stopped.append(number)
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped:
            raise
        return None
