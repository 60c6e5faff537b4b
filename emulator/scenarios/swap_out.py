"""A Communications Hub is replaced: who comes back to the next one, as what, and who still gets firmware.

The new hub knows nothing until CCS03 gives it the device log that the old one told last (CS14).  Each device then finds
it by the extended PAN id, is let in under the hash of the link key that it had, and establishes another one.
"""

from __future__ import annotations

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Event
from emulator.devices.device_log.life import Standing as LogStanding
from emulator.gbcs.use_cases import ccs03
from emulator.gbcs.use_cases.chf_device_log import Backup, HanDeviceType
from emulator.observe.checklist import ChecklistSummary
from emulator.observe.han_map import HanMapper
from emulator.observe.run_files import RunFiles
from emulator.runtime.acb import CannotRead
from emulator.runtime.han import BridgeHandle, Han, HubHandle
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.simulation import Simulation
from emulator.scenarios.premises_site import site_of
from emulator.scenarios.recorded import recorded
from emulator.scenarios.steps import StepDone, Steps
from emulator.scenarios.swap_out_plan import PreparedSwapOut

WITHOUT_LOG = 50 * MINUTE
"""µs that the new hub is left without a device log: more than it takes a device to miss the old one."""
BACK_WITHIN = 3 * HOUR
"""µs for everybody to come back: who is behind a bridge follows it at one of its next tries."""
LOG_WITHIN = MINUTE
NO_FIRMWARE = "no-firmware-for-type"

Member = BridgeHandle | LightHandle


async def run_swap_out(
    prepared: PreparedSwapOut, files: RunFiles | None = None, step_done: StepDone | None = None
) -> ChecklistSummary:
    """Carry a plan out; `files` are finished where there are any."""
    plan = prepared.plan
    async with recorded(plan.seed, plan.fidelity, prepared.standards, files, folders=plan.folders) as simulation:
        run = _SwapOut(simulation, prepared, step_done)
        await run.everything()
        title = f"Trust centre swap-out, bridges as {plan.setting} has them"
        summary = run.steps.summary(title, prepared.standards, run.mapper.han_map)
        return summary if files is None else files.finish_checklist(summary)


class _SwapOut:
    """The steps, and what they have shown so far."""

    def __init__(self, simulation: Simulation, prepared: PreparedSwapOut, step_done: StepDone | None) -> None:
        self.steps = Steps(simulation, step_done)
        self.mapper = HanMapper()
        self._simulation = simulation
        self._prepared = prepared
        self._back_at: dict[str, int] = {}
        self._causes: dict[Eui64, str] = {}
        simulation.recorder.watchers += [self.mapper.take, self._watch]
        site = site_of(prepared.furnished, simulation.standards)
        self._han: Han
        self._han, self._setup = simulation.site(site)
        self._members: list[Member] = [*self._han.bridges, *self._han.others]

    async def everything(self) -> None:
        """All steps in their order."""
        await self._join()
        log = await self._told_log()
        if log is None:
            return
        for bridge in self._han.bridges:
            await self._update(bridge, 0, refused=False)
        old = self._han.hub
        await self._replace(old)
        await self._restore(old, log)
        began = self._simulation.now
        await self._simulation.until(self._all_are_classed, began + BACK_WITHIN)
        for member in self._members:
            self._came_back(member, began)
        for member in self._members:
            self._classed(member)
        for bridge in self._han.bridges:
            await self._read_version(bridge)
        for bridge in self._han.bridges:
            await self._update(bridge, 1, refused=self._expected_type(bridge) is HanDeviceType.IHD)

    # Before

    async def _join(self) -> None:
        """The bridges first: the others may need them."""
        for member in self._members:
            await self._setup.let_in(self._han, member)
        up = [member for member in self._members if member.is_up]
        happened = f"{len(up)} of {len(self._members)} are on the network of {self._han.hub.name}"
        expected = "all are on the network, by device log and key establishment"
        self.steps.note("the devices join the old hub", expected, happened, passed=up == self._members)

    async def _told_log(self) -> Backup | None:
        """What the old hub told of its log last, once it has the hash of every key."""
        acb = self._han.acb
        await self._simulation.until(lambda: self._is_whole(acb.device_log), self._simulation.now + LOG_WITHIN)
        log = acb.device_log
        hashes = 0 if log is None else sum(bool(one.hashed_key) for one in log.devices)
        happened = f"the last CS14 has {hashes} of {len(self._members)} hashed link keys"
        self.steps.note("the old hub tells its device log", "CS14 has them all", happened, passed=self._is_whole(log))
        return log

    def _is_whole(self, log: Backup | None) -> bool:
        if log is None:
            return False
        hashed = {one.entity_id for one in log.devices if one.hashed_key}
        return hashed == {member.eui64 for member in self._members}

    # The swap-out

    async def _replace(self, old: HubHandle) -> None:
        hub = self._simulation.replace_hub(self._han, self._prepared.hub)
        await self._simulation.sleep(WITHOUT_LOG / SECOND)
        there = [member.name for member in self._members if self._is_at(hub, member)]
        minutes = WITHOUT_LOG // MINUTE
        happened = f"after {minutes} min {', '.join(there) or 'nobody'} is on the network of {hub.name}"
        expected = "nobody comes to a hub without the device log"
        name = f"{hub.name} takes the place of {old.name}"
        self.steps.note(name, expected, happened, passed=hub.is_up and not there)

    async def _restore(self, old: HubHandle, log: Backup) -> None:
        """CCS03, and the CS14 that follows it."""
        hub, result = self._han.hub, "no answer"
        self._han.acb.device_log = None
        try:
            answer = await self._han.acb.restore_device_log(hub, log)
            code = ccs03.Response.decode(answer.payload).result
            result = "success" if code == 0 else f"result {code}"
        except CannotRead as error:
            result = str(error)
        await self._simulation.until(lambda: hub.is_up, self._simulation.now + LOG_WITHIN)
        formed = hub.device.chf.log.extended_pan_id
        told = self._han.acb.device_log
        same = told is not None and set(told.devices) == set(log.devices)
        happened = f"{result}; its HAN is {eui64_text(formed)}, CS14 tells {'the same log' if same else 'another log'}"
        expected = f"success; its HAN is {eui64_text(old.eui64)} as before, CS14 tells the same log"
        passed = result == "success" and formed == old.eui64 and same
        self.steps.note(f"CCS03 gives {hub.name} the device log of {old.name}", expected, happened, passed=passed)

    # Who comes back, and as what

    def _came_back(self, member: Member, began: int) -> None:
        at, hub = self._back_at.get(member.name), self._han.hub
        standing = hub.device.chf.log.standing(member.eui64)
        back = at is not None and member.is_up and standing is LogStanding.TRUSTED
        if at is not None and back:
            minutes = (at - began) / MINUTE
            happened = f"back after {minutes:.1f} min, another link key established"
            figures = {"minutes": round(minutes, 3)}
        else:
            happened, figures = f"not back: {member.stage}", {}
        expected = "found the new hub under the hash of its link key, and established another one"
        self.steps.note(f"{member.name} looks for a hub", expected, happened, passed=back, figures={**figures})

    def _classed(self, member: Member) -> None:
        found, wanted = self._han.hub.device.chf.log.type_of(member.eui64), self._expected_type(member)
        cause = self._causes.get(member.eui64)
        happened = "it does not know" if found is None else f"{found.name}: {cause}"
        kind = member.device.profile.kind
        name = f"{member.name} ({kind}): what the new hub takes it for"
        self.steps.note(name, wanted.name, happened, passed=found is wanted, reason=cause)

    def _expected_type(self, member: Member) -> HanDeviceType:
        profile = member.device.profile
        if profile.kind == "bridge" and self._prepared.plan.setting == "mp170":
            return HanDeviceType.IHD
        return profile.han_device_type

    def _all_are_classed(self) -> bool:
        log = self._han.hub.device.chf.log
        return all(log.type_of(member.eui64) is not None and member.is_up for member in self._members)

    # Firmware and GBCS

    async def _read_version(self, bridge: BridgeHandle) -> None:
        try:
            reading = await self._han.acb.read_firmware_version(bridge)
            happened, passed = f"version {reading.firmware_version}", reading.firmware_version == bridge.version
        except CannotRead as error:
            happened, passed = str(error), False
        name = f"CS08 reads {bridge.name} through the new hub"
        self.steps.note(name, f"version {bridge.version}", happened, passed=passed)

    async def _update(self, bridge: BridgeHandle, which: int, *, refused: bool) -> None:
        image, before = self._prepared.images[bridge.name][which], bridge.version
        await self._han.hub.offer(image, bridge)
        outcome = await bridge.update_finished()
        happened = f"{before} to {outcome.version}, alert 0x8F8B" if outcome.activated else f"refused: {outcome.reason}"
        when = "after the swap-out" if which else "before the swap-out"
        if refused:
            expected = f"refused: {NO_FIRMWARE}"
            passed = not outcome.activated and outcome.reason == NO_FIRMWARE and outcome.version == before
        else:
            expected = "updated, and the alert 0x8F8B came"
            passed = outcome.activated and outcome.alert is not None
        name = f"firmware for {bridge.name} {when}"
        self.steps.note(name, expected, happened, passed=passed, reason=outcome.reason)

    # How it stands

    def _is_at(self, hub: HubHandle, member: Member) -> bool:
        return member.device.joiner.trust.keys.trust_centre == hub.eui64

    def _watch(self, event: Event) -> None:
        if event.kind == "trust.centre-changed":
            self._back_at[event.source] = event.at
        elif event.kind == "hub.device-classified":
            self._causes[Eui64(int(str(event.fields["device"]), 16))] = event.reason or ""
