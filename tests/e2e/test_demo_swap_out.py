"""`althan demo swap-out`: both settings, seen from outside, in every file of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.command import althan

pytestmark = pytest.mark.e2e


def test_both_settings_run_and_each_has_its_files(tmp_path: Path) -> None:
    arguments = ("--fidelity", "aps", "--size", "1024", "--out", "run", "--json")
    done = althan("demo", "swap-out", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    summaries = json.loads(done.stdout)
    assert list(summaries) == ["mp170", "tunnelling"]
    for setting, summary in summaries.items():
        folder = tmp_path / "run" / setting
        assert summary == json.loads((folder / "summary.json").read_text())
        assert (summary["outcome"], len(summary["checks"])) == ("passed", 25)
        report = (folder / "report.html").read_text()
        assert all(check["name"] in report for check in summary["checks"])
    causes = {
        setting: {check["reason"] for check in summary["checks"] if check["name"].startswith("bridge-flat (bridge)")}
        for setting, summary in summaries.items()
    }
    assert causes == {"mp170": {"no-tunnelling-cluster"}, "tunnelling": {"tunnelling-cluster"}}


def test_the_steps_and_the_han_are_told_one_after_the_other(tmp_path: Path) -> None:
    arguments = ("--setting", "mp170", "--premises", "display-far", "--size", "1024", "--out", "run")
    done = althan("demo", "swap-out", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "IHD: no-tunnelling-cluster" in done.stdout
    assert "refused: no-firmware-for-type" in done.stdout
    tree = [line.split() for line in done.stdout.splitlines() if "in the device log" in line or "hub-2" in line]
    assert tree
    assert (tmp_path / "run" / "mp170" / "han.pcap").exists()


@pytest.mark.parametrize(
    "arguments,said",
    [
        (("--setting", "x"), "--setting: 'x' (allowed: mp170, tunnelling, both)"),
        (("--set", "swap_out.bridges=mp170"), "--set swap_out.bridges: the demo sets it itself (allowed: --setting)"),
        (("--premises", "nope"), "nope"),
        (("--hub", "ihd"), "ihd"),
        (("--size", "1"), "--size: 1 octets"),
    ],
    ids=["setting", "switch", "premises", "hub", "size"],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = althan("demo", "swap-out", "--out", "run", *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()
