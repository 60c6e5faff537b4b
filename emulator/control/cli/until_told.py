"""Work that goes on until a signal says to stop, which is a good end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
Result = TypeVar("Result")


async def until_told(work: Coroutine[Any, Any, Result]) -> Result | None:
    """What came of it; None where SIGINT or SIGTERM ended it, after it had tidied up."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
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
