"""Swap-out runs: both settings, what becomes of whom, and what shows when it goes wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.core.standards import Standards
from emulator.observe.checklist import PASSED, Check, ChecklistSummary
from emulator.scenarios.swap_out import run_swap_out
from emulator.scenarios.swap_out_plan import SETTINGS, SwapOutPlan, prepare_swap_out

SIZE = 1_024


def run(setting: str, seed: int, preset: str = "ppmid-far", fidelity: str = "aps") -> ChecklistSummary:
    plan = SwapOutPlan(setting, preset, size=SIZE, fidelity=fidelity, seed=seed)
    return asyncio.run(run_swap_out(prepare_swap_out(plan)))


def named(summary: ChecklistSummary, words: str) -> list[Check]:
    return [check for check in summary.checks if words in check.name]


def classes(summary: ChecklistSummary) -> dict[str, str]:
    return {check.name.partition(" ")[0]: check.happened for check in named(summary, "takes it for")}


@pytest.mark.parametrize("setting", SETTINGS)
def test_everybody_comes_back_and_only_what_bridges_show_makes_a_difference(setting: str, seed: int) -> None:
    summary = run(setting, seed)
    assert [check.name for check in summary.checks if not check.passed] == []
    assert summary.outcome == PASSED
    bridges = "IHD: no-tunnelling-cluster" if setting == "mp170" else "PPMID: tunnelling-cluster"
    assert classes(summary) == {
        "bridge-intake": bridges,
        "bridge-flat": bridges,
        "ppmid": "PPMID: tunnelling-cluster",
        "esme": "ESME: metering-device",
        "gsme": "GSME: metering-device-with-mirror",
        "hcalcs": "HCALCS: load-control-device",
    }
    after = {check.name.split()[2]: check.happened for check in named(summary, "after the swap-out")}
    assert ("refused: no-firmware-for-type" in after["bridge-flat"]) == (setting == "mp170")
    assert after["ppmid"].startswith("00020000 to 00020001")


def test_the_same_on_every_frame_for_a_display_and_a_sleeping_meter_behind_bridges(seed: int) -> None:
    summary = run("mp170", seed, "both-apart", "frames")
    assert [check.name for check in summary.checks if not check.passed] == []
    assert classes(summary)["ihd"] == "IHD: no-tunnelling-cluster"
    assert classes(summary)["gsme"] == "GSME: metering-device-with-mirror"


def test_the_same_seed_gives_the_same_steps() -> None:
    assert run("mp170", 5).checks == run("mp170", 5).checks


def test_devices_that_wait_for_more_silence_come_back_later_and_the_step_says_so(seed: int) -> None:
    patient = Standards({"swap_out.keep_alive_failures": 40})
    plan = SwapOutPlan("mp170", size=SIZE, fidelity="aps", seed=seed, standards=patient)
    summary = asyncio.run(run_swap_out(prepare_swap_out(plan)))
    assert summary.outcome != PASSED
    late = [check.happened for check in named(summary, "looks for a hub") if not check.passed]
    assert late
    assert all(happened.startswith("not back") for happened in late)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"setting": "both"}, "--setting"),
        ({"preset": "nope"}, "nope"),
        ({"hub": "ihd"}, "ihd"),
        ({"size": 5}, "--size"),
        ({"size": 10**6}, "--size"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_before_anything_runs(changes: dict[str, object], said: str) -> None:
    plan = SwapOutPlan(**{"setting": "mp170", **changes})  # type: ignore[arg-type]  # by name
    with pytest.raises(BadInput, match=said):
        prepare_swap_out(plan)


def test_profiles_of_the_users_own_come_first(tmp_path: Path) -> None:
    plan = SwapOutPlan("mp170", folders=(tmp_path,))
    (tmp_path / "hub.toml").write_text("kind = 1\n")
    with pytest.raises(BadInput, match=r"hub\.toml"):
        prepare_swap_out(plan)
