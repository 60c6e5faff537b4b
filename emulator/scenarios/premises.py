"""What bridges are for: reach without them and with them, the update of the whole set, and what the others notice.

Each step looks at what came of it and notes its figures.  How much traffic an update may cost nobody has written down:
the limit here is ours.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.clock import MINUTE, SECOND
from emulator.core.events import Value
from emulator.devices.premises.model import Premises, Standing
from emulator.observe.checklist import FAILED, PASSED, Check, ChecklistSummary
from emulator.observe.han_map import HanMapper
from emulator.observe.run_files import RunFiles
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.han_setup import HanSetup
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.simulation import Simulation
from emulator.scenarios.disturbance import Outage, TrafficWatch
from emulator.scenarios.premises_plan import PreparedPremises
from emulator.scenarios.premises_site import site_of
from emulator.scenarios.recorded import recorded

TRIES_ALONE = 5 * MINUTE
"""µs for which a far device tries to join without bridges."""
FIRST_MESSAGE = 10 * MINUTE
NEXT_MESSAGE = 35 * MINUTE
"""µs for which a device's next exchange is waited for; a gas meter speaks every half hour."""
MOST_LOST_PERCENT = 1.0
"""Of the exchanges of a device that an update may cost, beside those in a restart: a limit of ours."""

StepDone = Callable[[Check], None]
"""Told of each step once it is over, e.g. to show progress."""
Watch = Callable[[Simulation, list[BridgeHandle], list[int]], None]
"""Called before the first device is switched on: the run, the bridges, and the octets of their images."""


async def run_premises(
    prepared: PreparedPremises,
    files: RunFiles | None = None,
    step_done: StepDone | None = None,
    watch: Watch | None = None,
) -> ChecklistSummary:
    """Carry a plan out; `files` are finished where there are any."""
    plan = prepared.plan
    async with recorded(plan.seed, plan.fidelity, plan.standards, files, folders=plan.folders) as simulation:
        run = PremisesRun(simulation, prepared, step_done)
        if watch is not None:
            watch(simulation, run.bridges, [planned.image.size for planned in prepared.updates])
        await run.everything()
        simulation.after_slice(None)
        summary = _summary(prepared, simulation, run)
        return summary if files is None else files.finish_checklist(summary)


def _summary(prepared: PreparedPremises, simulation: Simulation, run: PremisesRun) -> ChecklistSummary:
    plan, premises = prepared.plan, prepared.furnished.premises
    return ChecklistSummary(
        title=f"Premises {premises.name}: {premises.description}",
        outcome=PASSED if all(check.passed for check in run.checks) else FAILED,
        seed=plan.seed,
        fidelity=plan.fidelity,
        virtual_seconds=simulation.now / SECOND,
        wall_seconds=round(simulation.recorder.wall_seconds, 6),
        frames=simulation.air.frames,
        checks=tuple(run.checks),
        standards=plan.standards.non_defaults(),
        han=run.mapper.han_map,
    )


class PremisesRun:
    """The steps, and what they have shown so far.

    Attributes:
        bridges: of the set, in the order in which they are installed.
        checks: one a step.
        mapper: knows who is where.
        traffic: knows what passed and what was lost.
    """

    def __init__(self, simulation: Simulation, prepared: PreparedPremises, step_done: StepDone | None = None) -> None:
        self.checks: list[Check] = []
        self.mapper = HanMapper()
        self.traffic = TrafficWatch()
        self._simulation = simulation
        self._prepared = prepared
        self._premises: Premises = prepared.furnished.premises
        self._step_done = step_done
        simulation.recorder.watchers += [self.mapper.take, self.traffic.take]
        site = site_of(prepared.furnished, simulation.standards)
        self._han: Han
        self._setup: HanSetup
        self._han, self._setup = simulation.site(site)
        count = len(self._premises.bridge)
        self.bridges = self._han.bridges[:count]
        others: list[BridgeHandle | LightHandle] = [*self._han.bridges[count:], *self._han.others]
        self._devices = {device.name: device for device in others}

    async def everything(self) -> None:
        """All steps in their order."""
        await self.without_bridges()
        await self.with_bridges()
        await self.update_and_compare()

    # Reach

    async def without_bridges(self) -> None:
        """The near devices join, the far ones cannot."""
        for standing in self._premises.device:
            device = self._devices[standing.name]
            if self._premises.at_hub(standing):
                await self._setup.let_in(self._han, device)
                self._note(
                    f"{device.name}, near the hub, joins",
                    "on the network",
                    self._whereabouts(device),
                    passed=device.is_up,
                )
        for standing in self._premises.far:
            device = self._devices[standing.name]
            await self._setup.let_in(self._han, device, TRIES_ALONE)
            self._note(
                f"{device.name}, in {standing.place}, without the bridges",
                "does not reach the hub",
                self._whereabouts(device),
                passed=not device.is_up,
                reason=device.refusal,
            )

    async def with_bridges(self) -> None:
        """The bridges join, then the far devices, and their traffic passes."""
        for bridge in self.bridges:
            await self._setup.let_in(self._han, bridge)
            name = f"{bridge.name} ({bridge.device.profile.name}) joins"
            self._note(name, "on the network", self._whereabouts(bridge), passed=bridge.is_up, reason=bridge.refusal)
        for standing in self._premises.far:
            await self._reaches(standing)

    async def _reaches(self, standing: Standing) -> None:
        device, began = self._devices[standing.name], self._simulation.now
        self._han.acb.invite(device)
        await device.joined()
        await self._until_passed(device.name, began, FIRST_MESSAGE)
        first = self.traffic.first_passed(device.name, began)
        happened = self._whereabouts(device)
        figures: dict[str, Value] = {}
        if first is not None:
            seconds = (first.ended - began) / SECOND
            happened += f", first message through after {seconds:.1f} s"
            figures["first_message_s"] = seconds
        name = f"{device.name}, in {standing.place}, with the bridges"
        expected = "on the network, its traffic passes"
        self._note(name, expected, happened, passed=device.is_up and first is not None, figures=figures)

    # Update

    async def update_and_compare(self) -> None:
        """An hour without an update, then the update of the whole set; what differs for the others."""
        quiet = self._simulation.now
        await self._simulation.sleep(self._prepared.plan.quiet / SECOND)
        began = self._simulation.now
        await self._update()
        ended = self._simulation.now
        for device in self._devices.values():
            self._compare(device.name, (quiet, began), (began, ended))
        for bridge in self.bridges:
            await self._cut_off(bridge, began)
        await self._still_there(self._simulation.now)

    async def _update(self) -> None:
        before, began = [bridge.version for bridge in self.bridges], self._simulation.now
        for bridge, planned in zip(self.bridges, self._prepared.updates, strict=True):
            await self._han.hub.offer(planned.image, bridge)
        for bridge, version in zip(self.bridges, before, strict=True):
            outcome = await bridge.update_finished()
            seconds = (self._simulation.now - began) / SECOND
            happened = f"{version} to {outcome.version}, {seconds:,.0f} s after the images came"
            if outcome.reason is not None:
                happened = f"runs {outcome.version}: {outcome.reason}"
            self._note(
                f"{bridge.name} is updated",
                "activated, and the alert 0x8F8B came",
                happened,
                passed=outcome.activated and outcome.alert is not None,
                reason=outcome.reason,
                figures={"seconds": seconds},
            )

    def _compare(self, device: str, quiet: tuple[int, int], update: tuple[int, int]) -> None:
        excused = [outage for outage in self.traffic.outages if self._is_behind(device, outage.bridge)]
        without = self.traffic.figures(device, *quiet)
        during = self.traffic.figures(device, *update, excused)
        happened = f"without: {without.words()}; during: {during.words()}"
        if during.cut_off:
            happened += f"; {during.cut_off} more in a restart"
        self._note(
            f"traffic of {device} without and during the update",
            f"at most {MOST_LOST_PERCENT:g} % lost, beside what a restart costs",
            happened,
            passed=during.lost_percent <= max(MOST_LOST_PERCENT, without.lost_percent),
            figures=without.figures("without") | during.figures("during"),
        )

    async def _cut_off(self, bridge: BridgeHandle, since: int) -> None:
        """How long whoever is behind a bridge was cut off while it restarted."""
        behind = [standing.name for standing in self._premises.behind(bridge.name)]
        outages = [each for each in self.traffic.outages if each.bridge == bridge.name and each.down >= since]
        longest = max(outages, key=lambda outage: outage.seconds, default=None)
        name = f"{bridge.name} restarts; behind it: {', '.join(behind)}"
        if longest is None:
            self._note(name, "they come back", "it did not restart", passed=False)
            return
        told = [await self._after(device, longest) for device in behind]
        figures: dict[str, Value] = {"cut_off_s": longest.seconds}
        figures |= {f"{device}_next_message_s": after for device, (_, after) in zip(behind, told, strict=True)}
        self._note(
            name,
            "they come back",
            f"cut off for {longest.seconds:.1f} s; {'; '.join(words for words, _ in told)}",
            passed=all(after is not None for _, after in told),
            figures=figures,
        )

    async def _after(self, device: str, outage: Outage) -> tuple[str, float | None]:
        """What an outage cost a device, and after how many seconds its next message passed."""
        await self._until_passed(device, outage.down, NEXT_MESSAGE)
        lost, first = self.traffic.lost_in(device, outage), self.traffic.first_passed(device, outage.down)
        if first is None:
            return f"{device} lost {lost}, and nothing passed since", None
        after = (first.ended - outage.down) / SECOND
        return f"{device} lost {lost}, its next message passed {after:,.1f} s after the restart began", after

    async def _still_there(self, since: int) -> None:
        for standing in self._premises.far:
            await self._until_passed(standing.name, since, NEXT_MESSAGE)
        silent = [one.name for one in self._premises.far if not self.traffic.has_passed(one.name, since)]
        happened = f"silent: {', '.join(silent)}" if silent else "the traffic of all passes"
        self._note("the far devices after the update", "their traffic passes", happened, passed=not silent)

    def _whereabouts(self, device: BridgeHandle | LightHandle) -> str:
        if not device.is_up:
            return f"not on the network: {device.refusal}"
        mapped = next(each for each in self.mapper.han_map.devices if each.name == device.name)
        return f"on the network as {mapped.short}, behind {mapped.parent}"

    # Traffic

    async def _until_passed(self, device: str, since: int, span: int) -> None:
        limit = self._simulation.now + span
        await self._simulation.until(lambda: self.traffic.has_passed(device, since), limit)

    def _is_behind(self, device: str, bridge: str) -> bool:
        return any(standing.name == device for standing in self._premises.behind(bridge))

    def _note(
        self,
        name: str,
        expected: str,
        happened: str,
        *,
        passed: bool,
        reason: str | None = None,
        figures: dict[str, Value] | None = None,
    ) -> None:
        at = round(self._simulation.now / SECOND, 6)
        check = Check(name, expected, happened, passed, at, reason, figures=figures or {})
        self.checks.append(check)
        if self._step_done is not None:
            self._step_done(check)
