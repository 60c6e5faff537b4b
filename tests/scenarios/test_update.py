"""Update runs with everything going wrong at once: they end, in success or in a reason, and never in an exception."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from emulator.core.clock import DAY
from emulator.devices.profile_loading import load_profile
from emulator.observe.summary import ACTIVATED, FAILED, RunSummary
from emulator.scenarios.update import run_update
from emulator.scenarios.update_plan import UpdatePlan, prepare

BAD_AIR: dict[str, dict[str, Any]] = {
    "half lost": {"loss": 50.0},
    "three hops": {"loss": 10.0, "hops": 3},
    "four bridges": {"loss": 30.0, "profiles": ("bridge-1",) * 4},
    "pages": {"loss": 20.0, "page_requests": True},
    "fragments": {"loss": 20.0, "block_octets": 128},
    "three products behind a relay": {"loss": 20.0, "hops": 2, "profiles": ("bridge-1", "bridge-2", "bridge-4")},
    "at aps level": {"loss": 20.0, "hops": 2, "profiles": ("bridge-1", "bridge-2"), "fidelity": "aps"},
}


def run(seed: int, **options: Any) -> RunSummary:
    plan = UpdatePlan(size=2_048, seed=seed, **options)
    return asyncio.run(run_update(plan, prepare(plan)))[0]


def test_the_users_folder_has_the_hub_of_the_run_too(tmp_path: Path) -> None:
    """Both must have suite 1, or there is no key between them."""
    for name in ("hub", "bridge-1"):
        text = load_profile(name).path.read_text(encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(f"{text}\n[cbke]\nsuites = [1]\n", encoding="utf-8")
    assert run(1, folders=(tmp_path,)).outcome == ACTIVATED


def ends_well_or_says_why(summary: RunSummary) -> None:
    assert summary.virtual_seconds * 1e6 < 14 * DAY
    assert (summary.outcome, summary.reason is None) in {(ACTIVATED, True), (FAILED, False)}
    for device in summary.devices:
        if summary.outcome == ACTIVATED:
            assert device.received_sha256 == device.image_sha256
            assert device.version_after == "00020000"
            assert device.alert is not None
            assert device.cs08 is not None


@pytest.mark.parametrize("options", BAD_AIR.values(), ids=list(BAD_AIR))
def test_bad_air_ends_in_success_or_in_a_reason(seed: int, options: dict[str, Any]) -> None:
    for number in range(3):
        ends_well_or_says_why(run(seed + number, **options))


@pytest.mark.long
@pytest.mark.parametrize("options", BAD_AIR.values(), ids=list(BAD_AIR))
def test_bad_air_ends_in_success_or_in_a_reason_a_hundred_times(seed: int, options: dict[str, Any]) -> None:
    for number in range(100):
        ends_well_or_says_why(run(seed + number, **options))


def test_where_nobody_can_join_the_run_says_why_and_nothing_is_offered() -> None:
    summary = run(1, loss=90.0, fidelity="aps")
    assert summary.outcome == FAILED
    assert summary.reason
    assert summary.devices[0].version_after == "00010000"
