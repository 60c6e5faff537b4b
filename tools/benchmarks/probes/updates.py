"""Whole updates: one bridge as `althan demo` does it, and many bridges in HANs of four."""

from __future__ import annotations

import asyncio
import cProfile
import resource
import tempfile
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.child import Measured
from emulator.core.clock import SECOND
from emulator.core.events import Event
from emulator.core.standards import Standards
from emulator.observe.run_files import RunFiles
from emulator.observe.summary import ACTIVATED
from emulator.runtime.air import APS
from emulator.runtime.han import Han
from emulator.runtime.simulation import Simulation
from emulator.scenarios.update import run_update
from emulator.scenarios.update_plan import PlannedBridge, UpdatePlan, prepare

BRIDGES_A_HAN = 4
FIRST_CHANNEL = 11


class Stopwatch:
    """Wall and virtual time of the downloads, from the first `ota.started` to the last `ota.downloaded`."""

    def __init__(self) -> None:
        self.began: tuple[float, int] | None = None
        self.ended = (0.0, 0)

    def follow(self, simulation: Simulation, han: Han) -> None:
        """Look at the events of every bridge of a HAN."""
        for bridge in han.bridges:
            simulation.recorder.watch(bridge.name, self._take)

    def _take(self, event: Event) -> None:
        if event.kind == "ota.started" and self.began is None:
            self.began = (perf_counter(), event.at)
        elif event.kind == "ota.downloaded":
            self.ended = (perf_counter(), event.at)

    def measured(self) -> Measured:
        """Both spans in seconds."""
        began = self.began or (0.0, 0)
        return {
            "download_wall": self.ended[0] - began[0],
            "download_virtual": (self.ended[1] - began[1]) / SECOND,
        }


def one(
    *,
    size: int,
    block: int,
    acks: bool,
    link_key: bool,
    fidelity: str = "frames",
    files: bool = True,
) -> Measured:
    """One bridge, from join to CS08.

    Args:
        size: octets of the image.
        block: octets of a block.
        acks: APS acknowledgements of OTA messages.
        link_key: OTA messages under the APS link key.
        fidelity: `frames` or `aps`.
        files: write event log and, with frames, the capture.
    """
    plan = _plan(size, block, fidelity, acks=acks, link_key=link_key)
    bridges = prepare(plan)
    watch = Stopwatch()

    def begin(simulation: Simulation, han: Han, _bridges: list[PlannedBridge]) -> None:
        watch.follow(simulation, han)

    before, cpu = peak_kibibytes(), process_time()
    with tempfile.TemporaryDirectory() as folder:
        outputs = RunFiles(Path(folder) / "run", capture=fidelity != APS) if files else nullcontext(None)
        with outputs as run_files:
            summary, _ = asyncio.run(run_update(plan, bridges, run_files, begin))
    if summary.outcome != ACTIVATED:
        raise SystemExit(f"the update failed: {summary.reason}")
    return {
        "wall": summary.wall_seconds or 0.0,
        "virtual": summary.virtual_seconds,
        "cpu": process_time() - cpu,
        "frames": summary.frames,
        "blocks": summary.devices[0].blocks,
        "peak_kib": peak_kibibytes(),
        "before_kib": before,
        **watch.measured(),
    }


def many(*, bridges: int, size: int, block: int, acks: bool, link_key: bool, fidelity: str) -> Measured:
    """So many bridges at once, in HANs of four, each HAN on a channel of its own; no files."""
    plan = _plan(size, block, fidelity, acks=acks, link_key=link_key)
    return asyncio.run(_many(plan, bridges))


def calls(*, bridges: int, size: int, block: int, acks: bool, link_key: bool, fidelity: str) -> Measured:
    """Function calls that the same takes: the same number on every machine, however busy."""
    profile = cProfile.Profile()
    plan = _plan(size, block, fidelity, acks=acks, link_key=link_key)
    profile.enable()
    asyncio.run(_many(plan, bridges))
    profile.disable()
    return {"calls": sum(entry.callcount for entry in profile.getstats())}


async def _many(plan: UpdatePlan, bridges: int) -> Measured:
    planned = prepare(plan)[0]
    watch = Stopwatch()
    async with Simulation(
        plan.seed, fidelity=plan.fidelity, standards=plan.standards, key_establishment=False
    ) as simulation:
        hans = await _hans(simulation, planned, bridges)
        for han in hans:
            watch.follow(simulation, han)
            await han.hub.offer(planned.image, han.bridges)
        outcomes = [await bridge.update_finished() for han in hans for bridge in han.bridges]
        if not all(outcome.activated for outcome in outcomes):
            raise SystemExit(f"an update failed: {[outcome.reason for outcome in outcomes]}")
        resent = sum(bridge.usage.counters.bytes_resent for han in hans for bridge in han.bridges)
        return {
            "wall": simulation.recorder.wall_seconds,
            "virtual": simulation.now / SECOND,
            "frames": simulation.air.frames,
            "bytes_resent": resent,
            "peak_kib": peak_kibibytes(),
            **watch.measured(),
        }


async def _hans(simulation: Simulation, planned: PlannedBridge, bridges: int) -> list[Han]:
    hans = []
    for number in range(-(-bridges // BRIDGES_A_HAN)):
        members = min(BRIDGES_A_HAN, bridges - number * BRIDGES_A_HAN)
        hans.append(
            await simulation.han_of(
                [(planned.profile, planned.verifier)] * members, name=f"h{number}", channel=FIRST_CHANNEL + number
            )
        )
    return hans


def _plan(size: int, block: int, fidelity: str, *, acks: bool, link_key: bool) -> UpdatePlan:
    standards = Standards({"ota_aps_acks": acks, "ota_aps_security": link_key})
    return UpdatePlan(size=size, block_octets=block, fidelity=fidelity, standards=standards, key_establishment=False)


def peak_kibibytes() -> float:
    """The most memory that this process has had so far, KiB (as Linux counts it)."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
