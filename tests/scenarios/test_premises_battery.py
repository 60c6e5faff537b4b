"""What the devices behind a battery-fed bridge lose: in its update, while its battery is low, and once it is empty."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import BadInput
from emulator.devices.profile_loading import load_profile
from emulator.observe.checklist import FAILED, PASSED, BatteryFed, Check, ChecklistSummary
from emulator.scenarios.premises import run_premises
from emulator.scenarios.premises_battery import LAST_CHARGE
from emulator.scenarios.premises_plan import PremisesPlan, prepare_premises

QUIET = 10 * MINUTE
PRESET = "both-close-no-mains"
"""The IHD and the GSME are behind bridge-flat, a bridge 4."""
LOW = 9.0
RUNS_OUT = 0.005
"""Percent: some 19 minutes from the moment it is switched on, after the update is put off."""
RUNS_OUT_SOON = 0.001
"""Before the update is offered."""


def run(
    seed: int, battery: float | None, *, preset: str = PRESET, size: int = 4_096, folders: tuple[Path, ...] = ()
) -> ChecklistSummary:
    plan = PremisesPlan(preset, size, fidelity="aps", seed=seed, quiet=QUIET, folders=folders, battery=battery)
    return asyncio.run(run_premises(prepare_premises(plan)))


def the_battery(summary: ChecklistSummary) -> BatteryFed:
    (battery,) = summary.batteries
    return battery


def named(summary: ChecklistSummary, words: str) -> list[Check]:
    return [check for check in summary.checks if words in check.name]


def failed(summary: ChecklistSummary) -> list[str]:
    return [check.name for check in summary.checks if not check.passed]


def own_bridge_4(folder: Path, old: str, new: str) -> tuple[Path, ...]:
    """A folder of the user's own with a bridge 4 in which one thing is changed."""
    text = load_profile("bridge-4").path.read_text(encoding="utf-8")
    assert old in text
    (folder / "bridge-4.toml").write_text(text.replace(old, new), encoding="utf-8")
    return (folder,)


# --- enough charge ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "preset,behind",
    [("both-apart-no-mains", ["gsme"]), (PRESET, ["ihd", "gsme"]), ("gas-far-no-mains", ["gsme"])],
)
def test_of_every_device_behind_it_the_losses_in_update_and_restart_are_told(
    preset: str, behind: list[str], seed: int
) -> None:
    summary = run(seed, None, preset=preset)
    battery = the_battery(summary)
    assert failed(summary) == []
    assert (battery.began_percent, battery.left_percent < 100) == (100.0, True)
    assert battery.update_mah is not None
    assert battery.update_mah > 0
    assert [(each.device, each.part) for each in battery.behind] == [(name, "update") for name in behind]
    (restart,) = named(summary, f"{battery.bridge} restarts")
    for each in battery.behind:
        assert each.cut_off_s == restart.figures["cut_off_s"]
        assert each.ended_s - each.began_s > each.cut_off_s
    (told,) = named(summary, "on a battery, its update and restart")
    assert f"{battery.update_mah:.3f} mAh drawn" in told.happened


def test_what_is_lost_while_it_restarts_is_counted_and_is_no_failure(tmp_path: Path, seed: int) -> None:
    folders = own_bridge_4(tmp_path, 'node = "router"', 'node = "router"\nboot_time_s = 60.0')
    summary = run(seed, None, folders=folders)
    ihd = next(each for each in the_battery(summary).behind if each.device == "ihd")
    assert 0 < ihd.lost < ihd.exchanges
    assert ihd.cut_off_s > 60
    assert failed(summary) == []


def test_premises_without_a_battery_tell_of_none(seed: int) -> None:
    summary = run(seed, None, preset="gas-far")
    assert summary.batteries == ()
    assert named(summary, "battery") == []


def test_with_charge_enough_the_update_comes_as_ever(seed: int) -> None:
    summary = run(seed, 50.0)
    assert failed(summary) == []
    assert the_battery(summary).began_percent == 50.0
    (update,) = named(summary, "bridge-flat is updated")
    assert update.happened.startswith("00010000 to 00020000")


# --- too little ------------------------------------------------------------------------------------------------------


def test_low_as_asked_puts_the_update_off_and_costs_those_behind_nothing(seed: int) -> None:
    summary = run(seed, LOW)
    assert (summary.outcome, failed(summary)) == (PASSED, [])
    (update,) = named(summary, "bridge-flat is updated")
    assert update.expected == "deferred: low battery: it began with 9 %, an update needs 10 %"
    assert update.happened.startswith("deferred: low battery; it runs 00010000")
    assert update.reason == "deferred-low-battery"
    assert named(summary, "bridge-flat restarts") == []
    battery = the_battery(summary)
    assert battery.update_mah is None
    assert [(each.device, each.part) for each in battery.behind] == [("ihd", "low"), ("gsme", "low")]
    assert all(each.exchanges > 0 and (each.lost, each.cut_off_s) == (0, 0) for each in battery.behind)
    assert summary.virtual_seconds * SECOND < LAST_CHARGE


def test_when_it_runs_out_as_asked_those_behind_lose_everything_from_then_on(seed: int) -> None:
    summary = run(seed, RUNS_OUT)
    assert (summary.outcome, failed(summary)) == (PASSED, [])
    battery = the_battery(summary)
    assert battery.left_percent == 0.0
    assert [(each.device, each.part) for each in battery.behind] == [
        ("ihd", "low"),
        ("gsme", "low"),
        ("ihd", "empty"),
        ("gsme", "empty"),
    ]
    for low, empty in zip(battery.behind[:2], battery.behind[2:], strict=True):
        assert low.ended_s == empty.began_s
        assert low.cut_off_s == 0
        assert empty.cut_off_s == pytest.approx(QUIET / SECOND)
        assert empty.lost == empty.exchanges
    assert battery.behind[2].exchanges > 60
    (told,) = named(summary, "has an empty battery; behind it: ihd, gsme")
    ihd = battery.behind[2]
    assert f"ihd lost {ihd.lost} of {ihd.exchanges} exchanges, cut off for 600.0 s" in told.happened
    assert told.reason == "battery-empty"
    assert summary.han is not None
    assert {each.name: each.reason for each in summary.han.devices}["bridge-flat"] == "battery-empty"


def test_one_that_ran_out_before_the_update_gets_none_and_no_other_step_is_blamed(seed: int) -> None:
    summary = run(seed, RUNS_OUT_SOON)
    assert (summary.outcome, failed(summary)) == (PASSED, [])
    (update,) = named(summary, "bridge-flat is updated")
    assert update.expected.startswith("battery empty: ")
    assert update.happened.startswith("battery empty; it runs 00010000")
    (traffic,) = named(summary, "traffic of ihd")
    assert traffic.figures["without_cut_off"] != 0
    assert traffic.figures["without_lost"] == traffic.figures["during_lost"] == 0
    assert named(summary, "the far devices after the update") == []


def test_the_far_devices_that_are_left_are_still_served(seed: int) -> None:
    summary = run(seed, RUNS_OUT, preset="both-apart-no-mains")
    assert failed(summary) == []
    (left,) = named(summary, "the far devices after the update")
    assert left.happened == "the traffic of ihd passes"


def test_running_out_in_the_middle_of_the_update_is_told_from_both_sides(tmp_path: Path, seed: int) -> None:
    folders = own_bridge_4(tmp_path, "low_percent = 10", "low_percent = 0")
    summary = run(seed, RUNS_OUT, size=100_000, folders=folders)
    assert failed(summary) == []
    (update,) = named(summary, "bridge-flat is updated")
    assert update.reason == "battery-empty"
    battery = the_battery(summary)
    assert battery.update_mah is not None
    assert [each.part for each in battery.behind] == ["update", "update", "empty", "empty"]
    assert battery.behind[0].ended_s == battery.behind[2].began_s
    assert battery.behind[2].lost == battery.behind[2].exchanges > 0


# --- nobody asked for it ---------------------------------------------------------------------------------------------


def test_a_low_battery_that_nobody_asked_for_is_a_failed_step(tmp_path: Path, seed: int) -> None:
    folders = own_bridge_4(tmp_path, "[battery]\n", "[battery]\ncharge_percent = 9\n")
    summary = run(seed, None, folders=folders)
    assert (summary.outcome, failed(summary)) == (FAILED, ["bridge-flat is updated"])
    (update,) = named(summary, "bridge-flat is updated")
    assert update.expected == "activated, and the alert 0x8F8B came"
    assert update.happened.startswith("deferred: low battery; ")


def test_running_out_though_nobody_asked_for_it_is_a_failed_step_too(tmp_path: Path, seed: int) -> None:
    folders = own_bridge_4(tmp_path, "[battery]\n", f"[battery]\ncharge_percent = {RUNS_OUT}\n")
    summary = run(seed, None, folders=folders)
    assert "bridge-flat has an empty battery; behind it: ihd, gsme" in failed(summary)


# --- what cannot be asked for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", [0.0, -1.0, 100.1, float("nan"), float("inf")])
def test_a_charge_that_no_battery_holds_is_bad_input(percent: float) -> None:
    with pytest.raises(BadInput, match=r"--battery: .* percent \(allowed: above 0, up to 100\)"):
        prepare_premises(PremisesPlan(PRESET, 4_096, battery=percent))


def test_a_charge_for_bridges_that_have_no_battery_is_bad_input() -> None:
    with pytest.raises(BadInput, match="--battery: no bridge of 'gas-far' runs on a battery"):
        prepare_premises(PremisesPlan("gas-far", 4_096, battery=9))
