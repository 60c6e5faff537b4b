"""Bridges that only stand there: an idle fleet for a day, and what memory each takes."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from time import perf_counter

from benchmarks.child import Measured
from emulator.core.clock import SECOND
from emulator.image.catalogue import find_recipe
from emulator.runtime.air import APS
from emulator.runtime.han import Han
from emulator.runtime.simulation import Simulation

BRIDGES_A_HAN = 4
_CHANNELS = 16
_FIRST_CHANNEL = 11


def idle(*, bridges: int, hours: int) -> Measured:
    """A fleet at `mem:aps` for so many virtual hours after everybody has joined."""
    return asyncio.run(_idle(bridges, hours))


async def _idle(bridges: int, hours: int) -> Measured:
    async with Simulation(1, fidelity=APS) as simulation:
        began = perf_counter()
        await _join(simulation, bridges)
        joined, events, frames = perf_counter(), simulation.engine.events, simulation.air.frames
        await simulation.sleep(hours * 3_600)
        ended = perf_counter()
        return {
            "wall": ended - joined,
            "join_wall": joined - began,
            "virtual": simulation.now / SECOND,
            "events": simulation.engine.events - events,
            "frames": simulation.air.frames - frames,
        }


def standing(*, bridges: int, fidelity: str) -> Measured:
    """Octets of Python objects that a joined bridge takes, and copies of an image that the hubs make of an offer."""
    return asyncio.run(_standing(bridges, fidelity))


async def _standing(bridges: int, fidelity: str) -> Measured:
    async with Simulation(1, fidelity=fidelity) as simulation:
        await _join(simulation, BRIDGES_A_HAN)
        image = find_recipe("b1").build(size=768_000)
        tracemalloc.start()
        before = _traced()
        hans = await _join(simulation, bridges, "more-")
        joined = _traced()
        for han in hans:
            await han.hub.offer(image, han.bridges)
        offered = _traced()
        return {
            "octets_a_bridge": (joined - before) / bridges,
            "image_copies_a_hub": (offered - joined) / len(hans) / image.size,
        }


async def _join(simulation: Simulation, bridges: int, prefix: str = "") -> list[Han]:
    return [
        await simulation.han(
            bridges=["bridge-1"] * min(BRIDGES_A_HAN, bridges - number * BRIDGES_A_HAN),
            name=f"{prefix}{number}",
            channel=_FIRST_CHANNEL + number % _CHANNELS,
        )
        for number in range(-(-bridges // BRIDGES_A_HAN))
    ]


def _traced() -> int:
    """Octets that live objects hold."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
