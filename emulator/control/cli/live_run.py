"""Runs a hub or a bridge on a stick until it is done, or a signal says to stop, which is a good end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from emulator.control.cli.quiet import quiet_libraries
from emulator.control.cli.until_told import until_told
from emulator.control.live.telling import Teller, teller

FAILURE = 1

Work = Callable[[Teller], Coroutine[Any, Any, bool]]


def carry_out(work: Work, *, once: bool, as_json: bool) -> int:
    """The exit status: 0 where it was told to stop, or all went well; 1 where something did not.

    Raises:
        BadInput: before anything was sent, or once the stick is gone for good.
    """
    quiet_libraries()
    with teller(as_json=as_json) as told:
        well = asyncio.run(until_told(work(told)))
        if well is None:
            told.stopped()
    return FAILURE if once and well is False else 0
