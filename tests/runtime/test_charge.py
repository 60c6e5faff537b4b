"""What an update draws from a battery, and how a run tells of one that has too little charge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import emulator
from emulator.core.clock import MINUTE
from emulator.core.errors import LocalProtocolError
from emulator.core.events import Event
from emulator.devices.bridge.battery import Battery, BatteryRating, ChargeUse
from emulator.image.catalogue import find_recipe
from emulator.image.file import OtaFile
from emulator.image.flash import Flash
from emulator.observe.summary import RunSummary
from emulator.runtime.charge import ChargeMeter
from emulator.runtime.han import Han
from emulator.runtime.simulation import Simulation
from emulator.scenarios.update import run_update
from emulator.scenarios.update_plan import UpdatePlan, prepare

BRIDGE_4 = (Path(__file__).resolve().parents[2] / "hw_profiles" / "bridge-4.toml").read_text()
SECOND = 1_000_000


@pytest.fixture(scope="module")
def image() -> OtaFile:
    """An image for bridge-4."""
    return find_recipe("b4").build(size=4_096)


def write(folder: Path, text: str) -> Path:
    path = folder / "b4.toml"
    path.write_text(text)
    return path


def with_charge(folder: Path, percent: float) -> Path:
    """A bridge 4 whose battery is not fresh."""
    return write(folder, BRIDGE_4.replace("[battery]\n", f"[battery]\ncharge_percent = {percent}\n"))


async def offered(sim: Simulation, profile: Path, image: OtaFile) -> Han:
    han = await sim.han(bridges=[profile])
    await han.hub.offer(image, to=han.bridges[0])
    return han


async def update(**options: Any) -> RunSummary:
    plan = UpdatePlan(size=8_192, **options)
    summary, _ = await run_update(plan, prepare(plan))
    return summary


# --- the meter -------------------------------------------------------------------------------------------------------


class Bench:
    """A battery from which 1 µA is drawn, and a meter; a second takes 1,000,000 picocoulombs."""

    def __init__(self) -> None:
        rating = BatteryRating(10**12, 0, idle=1, transmit=0, receive=0, poll=0, flash_write=0)
        battery = Battery(rating, Flash())
        battery.switch(on=True, now=0)
        self.meter = ChargeMeter("bridge", battery)

    def tell(self, at: int, kind: str, source: str = "bridge") -> None:
        self.meter.take(Event(at * SECOND, source, kind))

    @property
    def seconds(self) -> int:
        return self.meter.used.total // SECOND


def test_an_update_is_from_the_first_request_to_the_alert() -> None:
    bench = Bench()
    for at, kind in ((10, "ota.started"), (20, "ota.downloaded"), (25, "bridge.activated"), (30, "gbcs.alert")):
        bench.tell(at, kind)
    bench.tell(90, "gbcs.alert")
    assert bench.seconds == 20


def test_a_download_that_was_cut_is_one_update_with_its_second_part() -> None:
    bench = Bench()
    for at, kind in ((10, "ota.started"), (20, "ota.failed"), (50, "ota.started"), (60, "bridge.activated")):
        bench.tell(at, kind)
    assert bench.seconds == 50


def test_nothing_is_used_before_the_first_request_nor_by_others() -> None:
    bench = Bench()
    bench.tell(10, "ota.started", "other")
    bench.tell(20, "gbcs.alert")
    assert bench.meter.used == ChargeUse()


def test_another_update_is_counted_anew() -> None:
    bench = Bench()
    bench.tell(10, "ota.started")
    bench.tell(20, "gbcs.alert")
    bench.meter.reset()
    assert bench.seconds == 0
    bench.tell(30, "ota.started")
    bench.tell(33, "gbcs.alert")
    assert bench.seconds == 3


# --- runs ------------------------------------------------------------------------------------------------------------


async def test_the_summary_has_the_charge_of_battery_fed_devices_alone() -> None:
    summary = await update(profiles=("bridge-1", "bridge-4"), fidelity="aps")
    mains, fed = summary.devices
    assert mains.battery is None
    assert fed.battery is not None
    parts = fed.battery
    assert parts.used_mah == pytest.approx(
        parts.idle_mah + parts.transmit_mah + parts.receive_mah + parts.polls_mah + parts.flash_mah, abs=1e-5
    )
    assert min(parts.idle_mah, parts.transmit_mah, parts.receive_mah, parts.flash_mah) > 0
    assert parts.polls_mah == 0
    assert 99 < parts.left_percent <= 100


async def test_both_fidelities_draw_about_the_same() -> None:
    frames, aps = [
        (await update(profiles=("bridge-4",), fidelity=fidelity)).devices[0].battery for fidelity in ("frames", "aps")
    ]
    assert frames is not None
    assert aps is not None
    for part in ("used_mah", "idle_mah", "transmit_mah", "receive_mah", "flash_mah"):
        assert getattr(frames, part) == pytest.approx(getattr(aps, part), rel=0.05), part


async def test_more_losses_take_more_charge_for_sending() -> None:
    good, bad = [(await update(profiles=("bridge-4",), loss=loss)).devices[0].battery for loss in (0.0, 20.0)]
    assert good is not None
    assert bad is not None
    assert bad.transmit_mah > good.transmit_mah * 1.1


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_a_sleepy_bridge_pays_for_its_polls(fidelity: str, tmp_path: Path) -> None:
    profile = write(tmp_path, BRIDGE_4.replace('node = "router"', 'node = "sleepy"'))
    (device,) = (await update(profiles=(str(profile),), fidelity=fidelity)).devices
    assert device.battery is not None
    assert device.battery.polls_mah > 0


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
async def test_too_little_charge_ends_the_wait_and_a_fresh_battery_brings_the_update(
    fidelity: str, image: OtaFile, tmp_path: Path
) -> None:
    async with emulator.simulate(seed=7, fidelity=fidelity) as sim:
        han = await offered(sim, with_charge(tmp_path, 5), image)
        bridge = han.bridges[0]
        outcome = await bridge.update_finished()
        assert (outcome.activated, outcome.reason) == (False, "deferred-low-battery")
        assert sim.now < 5 * MINUTE
        assert bridge.stage == "deferred: low battery"
        bridge.change_battery()
        outcome = await bridge.update_finished()
        assert (outcome.activated, outcome.reason) == (True, None)
        assert bridge.stage == "done"


async def test_an_empty_battery_is_the_reason_of_a_failed_update(image: OtaFile, tmp_path: Path) -> None:
    text = BRIDGE_4
    for key, value in {"capacity_mah = 38_000": "capacity_mah = 0.05", "low_percent = 10": "low_percent = 0"}.items():
        text = text.replace(key, value)
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        han = await offered(sim, write(tmp_path, text), find_recipe("b4").build(size=100_000))
        bridge = han.bridges[0]
        outcome = await bridge.update_finished()
        assert (outcome.activated, outcome.version, outcome.reason) == (False, "00010000", "battery-empty")
        assert bridge.stage == "battery empty"
        assert sim.now < 10 * MINUTE


async def test_a_bridge_that_has_no_charge_at_all_never_joins(tmp_path: Path) -> None:
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        han = await sim.han(bridges=[with_charge(tmp_path, 0)])
        assert han.bridges[0].refusal == "battery-empty"


async def test_a_mains_bridge_has_no_battery_to_change() -> None:
    async with emulator.simulate(seed=7, fidelity="aps") as sim:
        han = await sim.han()
        with pytest.raises(LocalProtocolError, match="without a battery"):
            han.bridges[0].change_battery()
