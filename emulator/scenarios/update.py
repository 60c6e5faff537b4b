"""The main job: bridges join a hub, fetch an image each, activate it, raise 0x8F8B and answer CS08."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emulator.core.eui64 import eui64_text
from emulator.devices.bridge.battery import milliampere_hours
from emulator.gbcs.describe import describe
from emulator.gbcs.message import Message
from emulator.image.file import OtaFile
from emulator.observe.run_files import RunFiles
from emulator.observe.summary import (
    ACTIVATED,
    FAILED,
    AlertSummary,
    BatterySummary,
    Clock,
    Cs08Summary,
    DeviceNotes,
    DeviceSummary,
    RunNotes,
    RunSummary,
    TimeSpent,
)
from emulator.runtime.acb import CannotRead
from emulator.runtime.charge import ChargeMeter
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.outcome import Alert, Outcome, VersionReading
from emulator.runtime.run import Run
from emulator.runtime.simulation import Simulation
from emulator.scenarios.recorded import recorded
from emulator.scenarios.update_plan import PlannedBridge, UpdatePlan
from emulator.transports.memory.topology import Link

NO_ANSWER = "no-cs08-response"


@dataclass(frozen=True, slots=True)
class BridgeResult:
    """What came of one bridge."""

    planned: PlannedBridge
    handle: BridgeHandle
    version_before: str
    outcome: Outcome
    reading: VersionReading | None

    @property
    def reason(self) -> str | None:
        """Why it failed, None where it did not."""
        if self.outcome.reason is not None:
            return self.outcome.reason
        unread = self.reading is None and self.handle.device.speaks_gbcs
        return NO_ANSWER if unread else None


Watch = Callable[[Simulation, Han, list[PlannedBridge]], None]
"""Called before the first device is switched on, e.g. to show progress from then on."""


async def run_update(
    plan: UpdatePlan, bridges: list[PlannedBridge], files: RunFiles | None = None, watch: Watch | None = None
) -> tuple[RunSummary, RunNotes]:
    """Carry a plan out.

    Args:
        plan: what is to be.
        bridges: as `prepare` gave them.
        files: where events, capture and keys go; finished or discarded by the caller's `with`.
        watch: called before the first device is switched on.
    """
    establish = plan.key_establishment
    async with recorded(
        plan.seed, plan.fidelity, plan.standards, files, folders=plan.folders, key_establishment=establish
    ) as simulation:
        members = [(planned.profile, planned.verifier) for planned in bridges]

        def built(han: Han) -> None:
            if watch is not None:
                watch(simulation, han, bridges)

        han = await simulation.han_of(members, hops=plan.hops, link=Link(loss=plan.loss / 100), built=built)
        return await update_bridges(plan, simulation, han, bridges, files)


async def update_bridges(
    plan: UpdatePlan,
    run: Run,
    han: Han,
    bridges: list[PlannedBridge],
    files: RunFiles | None,
    clock: Clock = Clock.VIRTUAL,
) -> tuple[RunSummary, RunNotes]:
    """Update the bridges of a HAN that everybody has joined, and write the files; `clock` says what a second was."""
    results = await _update(han, bridges)
    summary, notes = _summary(plan, run, results), _notes(results, clock)
    if files is not None:
        summary = files.finish(summary, run.air.metrics(), notes)
    return summary, notes


async def _update(han: Han, bridges: list[PlannedBridge]) -> list[BridgeResult]:
    """Offer each product's image to its bridges, wait for all, and read every version back."""
    before = [bridge.version for bridge in han.bridges]
    for bridge in han.bridges:
        bridge.expect_update()
    for image, targets in _offers(han, bridges):
        await han.hub.offer(image, targets)
    outcomes = [await bridge.update_finished() for bridge in han.bridges]
    readings = [await _read(han, bridge) for bridge in han.bridges]
    each = zip(bridges, han.bridges, before, outcomes, readings, strict=True)
    return [BridgeResult(*result) for result in each]


def _offers(han: Han, bridges: list[PlannedBridge]) -> Iterator[tuple[OtaFile, list[BridgeHandle]]]:
    """Each image once, for those of its bridges that are on the network."""
    by_image: dict[bytes, tuple[OtaFile, list[BridgeHandle]]] = {}
    for planned, bridge in zip(bridges, han.bridges, strict=True):
        if bridge.refusal is None:
            by_image.setdefault(planned.image.octets, (planned.image, []))[1].append(bridge)
    yield from by_image.values()


async def _read(han: Han, bridge: BridgeHandle) -> VersionReading | None:
    if not bridge.device.speaks_gbcs or not bridge.is_up:
        return None
    try:
        return await han.acb.read_firmware_version(bridge)
    except CannotRead:
        return None


def _summary(plan: UpdatePlan, run: Run, results: list[BridgeResult]) -> RunSummary:
    reasons = [result.reason for result in results if result.reason is not None]
    return RunSummary(
        outcome=FAILED if reasons else ACTIVATED,
        reason=reasons[0] if reasons else None,
        seed=plan.seed,
        fidelity=plan.fidelity,
        virtual_seconds=run.now / 1_000_000,
        wall_seconds=round(run.recorder.wall_seconds, 6),
        frames=run.air.frames,
        devices=tuple(_device(result, run.now) for result in results),
        standards=plan.standards.non_defaults(),
    )


def _device(result: BridgeResult, now: int) -> DeviceSummary:
    bridge, image = result.handle, result.planned.image
    usage = bridge.usage
    return DeviceSummary(
        name=bridge.name,
        profile=result.planned.profile.name,
        eui64=eui64_text(bridge.eui64),
        image_bytes=image.size,
        image_sha256=image.sha256().hex(),
        received_sha256=usage.received_sha256,
        blocks=usage.counters.blocks,
        block_size=usage.block_octets(bridge.device.block_octets, pages=bool(result.planned.profile.ota.page_requests)),
        bytes_resent=usage.counters.bytes_resent,
        version_before=result.version_before,
        version_after=bridge.version,
        time=TimeSpent(**usage.time_spent()),
        alert=None if result.outcome.alert is None else _alert(result.outcome.alert),
        cs08=None if result.reading is None else _cs08(result.reading),
        battery=None if bridge.charge is None else _battery(bridge.charge, now),
    )


def _battery(charge: ChargeMeter, now: int) -> BatterySummary:
    used = charge.used
    return BatterySummary(
        used_mah=milliampere_hours(used.total),
        idle_mah=milliampere_hours(used.idle),
        transmit_mah=milliampere_hours(used.transmit),
        receive_mah=milliampere_hours(used.receive),
        polls_mah=milliampere_hours(used.polls),
        flash_mah=milliampere_hours(used.flash),
        left_percent=round(charge.left_percent(now), 3),
    )


def _alert(alert: Alert) -> AlertSummary:
    return AlertSummary(
        f"{alert.message_code:04x}",
        f"{alert.alert_code:04x}",
        alert.result,
        alert.firmware_version,
        alert.octets.hex(),
    )


def _cs08(reading: VersionReading) -> Cs08Summary:
    return Cs08Summary(
        f"{reading.message_code:04x}",
        reading.response_code,
        reading.firmware_version,
        reading.command.hex(),
        reading.response.hex(),
    )


def _notes(results: list[BridgeResult], clock: Clock) -> RunNotes:
    return RunNotes(
        clock=clock,
        devices={
            result.handle.name: DeviceNotes(
                outcome=FAILED if result.reason else ACTIVATED,
                reason=result.reason,
                signature_check=result.planned.check,
                alert={} if result.outcome.alert is None else _decoded(result.outcome.alert.octets),
                cs08={} if result.reading is None else _decoded(result.reading.response),
            )
            for result in results
        },
    )


def _decoded(octets: bytes) -> dict[str, str]:
    """The fields of a GBCS message that the summary does not have, for people."""
    found = describe(Message.decode(octets))
    payload = found.get("payload")
    fields = found | payload if isinstance(payload, dict) else found
    return {label: str(fields[name]) for name, label in _SHOWN.items() if fields.get(name) is not None}


_SHOWN = {
    "activation_date_time": "Activation date-time",
    "originator": "Originator",
    "recipient": "Recipient",
    "originator_counter": "Originator counter",
    "supplementary_remote_party_id": "Supplementary remote party",
}
