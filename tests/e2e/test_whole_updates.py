"""Whole updates of 750 KB: whatever is lost, over hops, at both fidelities, in the time that was computed for them."""

from __future__ import annotations

import pytest

from tests.e2e.command import Demo
from tests.e2e.test_demo import activated, total

pytestmark = pytest.mark.e2e

KILOBYTES_750 = 768_000


@pytest.mark.parametrize("loss", [0, 5, 20])
def test_750_kb_come_through_whatever_is_lost(demo: Demo, loss: int) -> None:
    run = activated(demo("--loss", loss))
    device = run.device
    assert device["image_bytes"] == KILOBYTES_750
    assert (device["blocks"], device["block_size"]) == (15_360, 50)
    assert device["alert"]["alert_code"] == "8f8b"


@pytest.mark.parametrize("loss", [0, 5, 20])
def test_750_kb_come_through_at_aps_level(demo: Demo, loss: int) -> None:
    run = activated(demo("--loss", loss, "--fidelity", "aps"))
    assert run.device["blocks"] == 15_360


@pytest.mark.parametrize(
    "options, seconds",
    [
        ([], 320),
        (["--lean"], 140),
        (["--block-size", 64, "--no-ota-link-key"], 242),
        (["--no-aps-acks", "--no-ota-link-key"], 172),
        (["--no-ota-link-key"], 303),
    ],
    ids=["gb", "lean", "64-acks", "50", "50-acks"],
)
def test_the_time_on_an_idle_channel_is_the_computed_one(demo: Demo, options: list[object], seconds: float) -> None:
    run = activated(demo(*options))
    assert total(run.device) == pytest.approx(seconds, rel=0.05)
    assert run.device["time"]["retry_s"] < 0.02 * seconds
    assert run.device["bytes_resent"] == 0


def test_750_kb_cross_two_hops(demo: Demo) -> None:
    run = activated(demo("--hops", 2, "--lean"))
    assert run.device["blocks"] == 12_000
    assert total(run.device) > 1.7 * 140


def test_four_bridges_share_the_air(demo: Demo) -> None:
    run = activated(demo("--lean", *["--profile", "bridge-1"] * 4))
    assert [device["blocks"] for device in run.summary["devices"]] == [12_000] * 4
    assert run.summary["virtual_seconds"] > 3.5 * 140
