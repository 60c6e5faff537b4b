"""`althan demo --over-sticks`: the whole of it through bellows and two virtual sticks, by the wall clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.control.cli.app import main
from tests.e2e.command import TOP, Demo

pytestmark = pytest.mark.e2e


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A bridge that does not let anybody wait."""
    path = tmp_path / "quick.toml"
    times = "boot_time_s = 0.1\nverify_time_s = 0.1\nactivation_time_s = 0.1\n"
    text = (TOP / "hw_profiles" / "bridge-1.toml").read_text()
    path.write_text(text.replace("\n[endpoint]", f"{times}\n[endpoint]"))
    return path


def test_both_behind_sticks_come_to_what_they_come_to_without(demo: Demo, quick: Path) -> None:
    run = demo.small("--over-sticks", "--profile", quick, "--set", "gbcs_get_interval=0.5")
    assert run.status == 0, run.err
    device = run.device
    assert (device["version_before"], device["version_after"]) == ("00010000", "00020000")
    assert device["received_sha256"] == device["image_sha256"]
    assert device["alert"]["alert_code"] == "8f8b"
    assert device["cs08"]["firmware_version"] == "00020000"
    sources = {event["source"] for event in run.events()}
    assert {"stick-0", "stick-1", "hub/host"} <= sources
    assert "cbke.initiator.established" in {event["kind"] for event in run.events()}
    assert all("utc" in event for event in run.events())
    assert (run.folder / "han.pcap").stat().st_size > 4_096
    assert "instant air" in (run.folder / "report.html").read_text()


@pytest.mark.parametrize(
    "options, words",
    [(("--fidelity", "aps"), "--fidelity: sticks send frames"), (("--hops", "2"), "--hops: there is no relay")],
)
def test_what_sticks_cannot_do_is_refused_before_anything_runs(
    options: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert main(["demo", "--over-sticks", "--out", str(folder), *options]) == 2
    assert words in capsys.readouterr().err
    assert not folder.exists()
