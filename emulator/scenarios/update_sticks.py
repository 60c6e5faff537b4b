"""The main job over virtual sticks: hub and bridges each behind bellows and a stick, by the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from emulator.core.errors import BadInput
from emulator.devices.profile_loading import load_hub
from emulator.ncp.firmware import SERVED_VERSIONS
from emulator.observe.run_files import RunFiles
from emulator.observe.summary import Clock, RunNotes, RunSummary
from emulator.runtime.air import FRAMES
from emulator.runtime.han import Han
from emulator.runtime.han_setup import bridge_names
from emulator.runtime.live.over_sticks import OverSticks, over_sticks
from emulator.runtime.live.run import LiveRun
from emulator.runtime.simulation import DEFAULT_CHANNEL
from emulator.runtime.sticks.bench import INSTANT, BenchSettings
from emulator.scenarios.update import update_bridges
from emulator.scenarios.update_plan import PlannedBridge, UpdatePlan

HUB = "hub"
"""Name and profile of the hub."""

Picture = Callable[[LiveRun, Han, list[PlannedBridge]], None]
"""Called ten times a second, e.g. to show progress."""


def check_over_sticks(plan: UpdatePlan) -> None:
    """BadInput where a plan asks for what sticks cannot do."""
    if plan.fidelity != FRAMES:
        raise BadInput("sticks send frames", where="--fidelity", allowed=f"{FRAMES} with --over-sticks")
    if plan.hops != 1:
        raise BadInput("there is no relay between sticks", where="--hops", allowed="1 with --over-sticks")


async def run_update_over_sticks(
    plan: UpdatePlan,
    bridges: list[PlannedBridge],
    epoch: datetime,
    files: RunFiles | None = None,
    picture: Picture | None = None,
) -> tuple[RunSummary, RunNotes]:
    """Carry a plan out over sticks; the arguments are those of `run_update`.

    Args:
        plan: what is to be.
        bridges: as `prepare` gave them.
        epoch: the date of its beginning, UTC.
        files: where events, capture and keys go; finished or discarded by the caller's `with`.
        picture: called ten times a second.

    Raises:
        BadInput: the plan asks for what sticks cannot do.
    """
    check_over_sticks(plan)
    setting = OverSticks(
        names=(HUB, *bridge_names([planned.profile for planned in bridges])),
        version=SERVED_VERSIONS[0],
        bench=BenchSettings(INSTANT, loss=plan.loss),
        seed=plan.seed,
        standards=plan.standards,
        key_establishment=plan.key_establishment,
    )
    capture = None if files is None or files.capture is None else files.capture.frame
    async with over_sticks(
        setting,
        sinks=() if files is None else (files.events,),
        capture=capture,
        keys=None if files is None else files.keys.add,
        epoch=epoch,
    ) as run:
        shown: list[asyncio.Task[None]] = []

        def built(han: Han) -> None:
            if picture is not None:
                shown.append(asyncio.create_task(run.show(lambda: picture(run, han, bridges))))

        members = [(planned.profile, planned.verifier) for planned in bridges]
        try:
            han = await run.han_of(
                members, hub=load_hub(HUB, plan.folders), channel=DEFAULT_CHANNEL, built=built
            )  # fmt: skip
            return await update_bridges(plan, run, han, bridges, files, Clock.INSTANT_AIR)
        finally:
            for task in shown:
                task.cancel()
            await asyncio.gather(*shown)
