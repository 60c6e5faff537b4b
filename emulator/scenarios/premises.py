"""What bridges are for: reach without them and with them, the update of the whole set, and what the others notice.

Each step looks at what came of it and notes its figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from emulator.core.clock import MINUTE, SECOND
from emulator.core.events import Value
from emulator.devices.premises.model import Premises, Standing
from emulator.observe.checklist import ChecklistSummary
from emulator.observe.han_map import HanMapper
from emulator.observe.run_files import RunFiles
from emulator.observe.summary import reason_text
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.han_setup import HanSetup
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.outcome import Outcome
from emulator.runtime.simulation import Simulation
from emulator.scenarios.disturbance import TrafficWatch
from emulator.scenarios.premises_battery import WANT_OF_CHARGE, BatteryCosts
from emulator.scenarios.premises_costs import UpdateCosts
from emulator.scenarios.premises_plan import PreparedPremises
from emulator.scenarios.premises_site import site_of
from emulator.scenarios.recorded import recorded
from emulator.scenarios.steps import StepDone, Steps

TRIES_ALONE = 5 * MINUTE
"""µs for which a far device tries to join without bridges."""
FIRST_MESSAGE = 10 * MINUTE
"""µs for which the first exchange of a device that has joined is waited for."""
ACTIVATED = "activated, and the alert 0x8F8B came"

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
        summary = _summary(prepared, run)
        return summary if files is None else files.finish_checklist(summary)


def _summary(prepared: PreparedPremises, run: PremisesRun) -> ChecklistSummary:
    premises = prepared.furnished.premises
    title = f"Premises {premises.name}: {premises.description}"
    summary = run.steps.summary(title, prepared.plan.standards, run.mapper.han_map)
    return replace(summary, batteries=run.batteries.told)


class PremisesRun:
    """The steps, and what they have shown so far.

    Attributes:
        bridges: of the set, in the order in which they are installed.
        steps: one for each that is over.
        mapper: knows who is where.
        traffic: knows what passed and what was lost.
        batteries: knows what the battery-fed ones among the bridges cost.
    """

    def __init__(self, simulation: Simulation, prepared: PreparedPremises, step_done: StepDone | None = None) -> None:
        self.steps = Steps(simulation, step_done)
        self.mapper = HanMapper()
        self.traffic = TrafficWatch()
        self._simulation = simulation
        self._prepared = prepared
        self._premises: Premises = prepared.furnished.premises
        self._costs = UpdateCosts(simulation, self._premises, self.traffic, self.steps)
        self.batteries = BatteryCosts(simulation, prepared.plan, self.traffic, self._costs, self.steps)
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
                self.steps.note(
                    f"{device.name}, near the hub, joins",
                    "on the network",
                    self._whereabouts(device),
                    passed=device.is_up,
                )
        for standing in self._premises.far:
            device = self._devices[standing.name]
            await self._setup.let_in(self._han, device, TRIES_ALONE)
            self.steps.note(
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
            self.steps.note(
                name, "on the network", self._whereabouts(bridge), passed=bridge.is_up, reason=bridge.refusal
            )
        for standing in self._premises.far:
            await self._reaches(standing)

    async def _reaches(self, standing: Standing) -> None:
        device, began = self._devices[standing.name], self._simulation.now
        self._han.acb.invite(device)
        await device.joined()
        await self._costs.until_passed(device.name, began, FIRST_MESSAGE)
        first = self.traffic.first_passed(device.name, began)
        happened = self._whereabouts(device)
        figures: dict[str, Value] = {}
        if first is not None:
            seconds = (first.ended - began) / SECOND
            happened += f", first message through after {seconds:.1f} s"
            figures["first_message_s"] = seconds
        name = f"{device.name}, in {standing.place}, with the bridges"
        expected = "on the network, its traffic passes"
        self.steps.note(name, expected, happened, passed=device.is_up and first is not None, figures=figures)

    # Update

    async def update_and_compare(self) -> None:
        """An hour without an update, then the update of the whole set; what differs for the others."""
        quiet = self._simulation.now
        await self._simulation.sleep(self._prepared.plan.quiet / SECOND)
        began = self._simulation.now
        outcomes = await self._update()
        ended = self._simulation.now
        for device in self._devices:
            self._costs.compare(device, (quiet, began), (began, ended))
        for bridge, outcome in zip(self.bridges, outcomes, strict=True):
            if outcome.reason not in WANT_OF_CHARGE:
                await self._costs.restarted(bridge.name, began)
        for bridge in self.bridges:
            await self.batteries.tell(bridge, ended)
        await self._costs.still_there()

    async def _update(self) -> list[Outcome]:
        before, began = [bridge.version for bridge in self.bridges], self._simulation.now
        waits = [self.batteries.is_to_wait(bridge) for bridge in self.bridges]
        for bridge, planned in zip(self.bridges, self._prepared.updates, strict=True):
            await self._han.hub.offer(planned.image, bridge)
        outcomes = []
        for bridge, version, wait in zip(self.bridges, before, waits, strict=True):
            outcomes.append(await bridge.update_finished())
            self._updated(bridge, outcomes[-1], version, began, wait=wait)
        return outcomes

    def _updated(self, bridge: BridgeHandle, outcome: Outcome, before: str, began: int, *, wait: bool) -> None:
        """Note how an update ended; `wait`: the plan gave the bridge too little charge for it."""
        seconds = (self._simulation.now - began) / SECOND
        happened = f"{before} to {outcome.version}, {seconds:,.0f} s after the images came"
        if outcome.reason is not None:
            happened = f"{reason_text(outcome.reason)}; it runs {outcome.version}"
        wait = wait or self.batteries.waits_as_asked(bridge, outcome)
        good = outcome.reason in WANT_OF_CHARGE if wait else outcome.activated and outcome.alert is not None
        self.steps.note(
            f"{bridge.name} is updated",
            self.batteries.expected(bridge) if wait else ACTIVATED,
            happened + self.batteries.charge_words(bridge),
            passed=good,
            reason=outcome.reason,
            figures={"seconds": seconds},
        )

    def _whereabouts(self, device: BridgeHandle | LightHandle) -> str:
        if not device.is_up:
            return f"not on the network: {device.refusal}"
        mapped = next(each for each in self.mapper.han_map.devices if each.name == device.name)
        return f"on the network as {mapped.short}, behind {mapped.parent}"
