"""Premises runs: reach without bridges and with them, updates of whole sets, and what shows when it is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from emulator.core.clock import MINUTE
from emulator.core.standards import Standards
from emulator.devices.premises.loading import premises_paths
from emulator.devices.profile_loading import built_in_folder
from emulator.observe.checklist import FAILED, PASSED, Check, ChecklistSummary
from emulator.scenarios.premises import run_premises
from emulator.scenarios.premises_plan import PremisesPlan, prepare_premises

SIZE = 4_096


def run(preset: str, seed: int, fidelity: str = "aps", size: int = SIZE) -> ChecklistSummary:
    plan = PremisesPlan(preset, size, fidelity=fidelity, seed=seed, quiet=10 * MINUTE)
    return asyncio.run(run_premises(prepare_premises(plan)))


def named(summary: ChecklistSummary, words: str) -> list[Check]:
    return [check for check in summary.checks if words in check.name]


@pytest.mark.parametrize("preset", sorted(premises_paths()))
def test_every_premises_shows_what_its_bridges_are_for(preset: str, seed: int) -> None:
    summary = run(preset, seed)
    assert [check.name for check in summary.checks if not check.passed] == []
    assert summary.outcome == PASSED
    far = named(summary, "without the bridges")
    assert far
    assert all(check.reason == "no-beacon" for check in far)
    assert len(named(summary, "with the bridges")) == len(far)
    assert all("first_message_s" in check.figures for check in named(summary, "with the bridges"))
    assert summary.han is not None
    assert all(device.on_network and (device.log_standing or device.kind == "hub") for device in summary.han.devices)


def test_every_frame_of_a_set_with_a_battery_and_a_sleepy_meter(seed: int) -> None:
    summary = run("gas-far-no-mains", seed, "frames")
    assert [check.name for check in summary.checks if not check.passed] == []
    assert summary.han is not None
    parents = {device.name: device.parent for device in summary.han.devices}
    assert (parents["bridge-gas"], parents["gsme"]) == ("bridge-intake", "bridge-gas")


def test_the_whole_set_is_updated_and_its_restarts_are_measured(seed: int) -> None:
    summary = run("both-apart", seed)
    assert [check.happened.split(",")[0] for check in named(summary, "is updated")] == ["00010000 to 00020000"] * 3
    restarts = named(summary, "restarts; behind it")
    assert [check.name.partition("behind it: ")[2] for check in restarts] == ["ihd, gsme", "ihd", "gsme"]
    for check in restarts:
        assert 0 < check.figures["cut_off_s"] < 60  # type: ignore[operator]  # a number


def test_the_figures_of_the_others_are_there_for_both_spans(seed: int) -> None:
    summary = run("display-far", seed)
    (check,) = named(summary, "traffic of ihd")
    assert check.figures["without_exchanges"] == 70
    assert {"without_median_ms", "during_exchanges", "during_lost", "during_cut_off"} <= set(check.figures)


@pytest.mark.parametrize("fidelity", ["frames", "aps"])
def test_over_links_of_their_own_bridges_do_the_same_and_readings_take_longer(fidelity: str, seed: int) -> None:
    latencies = {}
    for link in ("zigbee", "modelled"):
        standards = Standards({"premises.p2p_link": link})
        plan = PremisesPlan("display-far", SIZE, fidelity=fidelity, seed=seed, quiet=10 * MINUTE, standards=standards)
        summary = asyncio.run(run_premises(prepare_premises(plan)))
        assert [check.name for check in summary.checks if not check.passed] == []
        (check,) = named(summary, "traffic of ihd")
        latencies[link] = check.figures["without_median_ms"]
    # 10 ms each way, beside what 100 kbit/s take.
    assert latencies["modelled"] > latencies["zigbee"] + 15  # type: ignore[operator]  # numbers


def test_the_same_seed_gives_the_same_checks(seed: int) -> None:
    assert run("display-far", seed).checks == run("display-far", seed).checks


def changed(folder: Path, old: str, new: str) -> str:
    """The display-far premises with one thing changed."""
    text = (built_in_folder() / "premises" / "display-far.toml").read_text()
    assert old in text
    path = folder / "mine.toml"
    path.write_text(text.replace(old, new))
    return str(path)


def test_a_pair_that_loses_nearly_all_is_a_failure_with_its_reason(tmp_path: Path, seed: int) -> None:
    summary = run(changed(tmp_path, "rssi = -75\nloss = 1.0", "rssi = -75\nloss = 90.0"), seed, "frames")
    assert summary.outcome == FAILED
    failed = [check for check in summary.checks if not check.passed]
    assert any("ihd" in check.name for check in failed)


def test_a_bridge_that_cannot_be_updated_is_a_failure_with_its_reason(tmp_path: Path, seed: int) -> None:
    summary = run(changed(tmp_path, 'profile = "bridge-1"', 'profile = "bridge-1-early"'), seed)
    assert summary.outcome == FAILED
    (check,) = named(summary, "bridge-intake is updated")
    assert not check.passed
    assert check.reason is not None
    (restart,) = named(summary, "bridge-intake restarts")
    assert restart.happened == "it did not restart"


@pytest.mark.long
def test_at_full_speed_an_update_over_hidden_bridges_costs_readings_and_with_a_pause_next_to_none(seed: int) -> None:
    lost = {}
    for pause in (0, 100):
        plan = PremisesPlan("both-apart", 300_000, pause, seed=seed, quiet=MINUTE)
        summary = asyncio.run(run_premises(prepare_premises(plan)))
        (check,) = named(summary, "traffic of ihd")
        exchanges = check.figures["during_exchanges"]
        lost[pause] = check.figures["during_lost"] / exchanges  # type: ignore[operator]  # numbers
    assert lost[0] > 0.02
    assert lost[100] < lost[0] / 2
