"""Waits until a hub on a stick has its HAN, or says why it never will."""

from __future__ import annotations

from typing import Final

from emulator.core.errors import BadInput
from emulator.core.events import Event
from emulator.ports.aps import NOT_JOINED
from emulator.runtime.han import HubHandle, collect
from emulator.runtime.run import Run

STICK_LOST: Final = "stick-lost"
"""Why a network is down whose stick is being sought."""


async def until_up(run: Run, hub: HubHandle) -> None:
    """Wait until a hub that has just been switched on has its HAN.

    Raises:
        BadInput: it does not come up, e.g. as the stick has left it, or is gone for good; one line with the remedy.
    """
    down: list[Event] = []
    run.recorder.watch(hub.name, lambda event: None if hub.is_up else collect(event, "hub.network-down", down))
    while not hub.is_up:
        seen = len(down)
        await run.until(lambda: hub.is_up or len(down) > seen)  # noqa: B023 - called before the next round
        if not hub.is_up:
            _check_reason(hub.name, down[-1].reason)


def _check_reason(hub: str, down: str | None) -> None:
    """BadInput where a HAN that is down for this reason does not come up by itself."""
    if down == NOT_JOINED:
        allowed = "the stick as it was (`althan stick restore`), or another folder for another HAN (--state)"
        raise BadInput("the stick is not in the HAN of this folder any more", where=hub, allowed=allowed)
    if down != STICK_LOST:
        raise BadInput(f"the HAN does not come up: {down}", where=hub, allowed="another channel, or another stick")
