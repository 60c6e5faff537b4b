"""`althan demo premises`: seen from outside, in every file of the run."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from emulator.devices.premises.loading import premises_paths
from tests.e2e.command import althan

pytestmark = pytest.mark.e2e


def test_without_a_preset_they_are_listed(tmp_path: Path) -> None:
    done = althan("demo", "premises", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == sorted(premises_paths())
    listed = json.loads(althan("demo", "premises", "--json", folder=tmp_path).stdout)
    assert [each["name"] for each in listed] == sorted(premises_paths())


def test_a_whole_set_is_updated_and_the_proof_is_in_every_file(tmp_path: Path) -> None:
    arguments = ("both-apart-no-mains", "--size", "4096", "--out", "run", "--json")
    done = althan("demo", "premises", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)
    assert summary == json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["outcome"], done.stderr) == ("passed", "")
    parents = {device["name"]: device["parent"] for device in summary["han"]["devices"]}
    assert (parents["ihd"], parents["gsme"]) == ("bridge-flat", "bridge-gas")
    suite = ET.fromstring((tmp_path / "run" / "junit.xml").read_text())
    assert (suite.get("tests"), suite.get("failures")) == (str(len(summary["checks"])), "0")
    report = (tmp_path / "run" / "report.html").read_text()
    assert all(check["name"] in report for check in summary["checks"])
    assert "bridge-gas" in report.partition("The HAN in the end")[2]
    shown = althan("han", "show", "run", "--json", folder=tmp_path)
    assert json.loads(shown.stdout) == summary["han"]


def test_people_get_the_steps_and_the_tree(tmp_path: Path) -> None:
    arguments = ("gas-far", "--size", "2048", "--fidelity", "aps", "--out", "run")
    done = althan("demo", "premises", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gsme, in meter-room, without the bridges" in done.stdout
    assert "└─ gsme" in done.stdout
    assert "steps went as they should" in done.stdout


def test_a_battery_that_runs_out_as_asked_is_shown_in_every_file_and_is_no_failure(tmp_path: Path) -> None:
    arguments = ("both-close-no-mains", "--battery", "0.02", "--size", "4096", "--fidelity", "aps", "--out", "run")
    done = althan("demo", "premises", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deferred: low battery" in done.stdout
    (battery,) = json.loads((tmp_path / "run" / "summary.json").read_text())["batteries"]
    assert [(each["device"], each["part"]) for each in battery["behind"]] == [
        (device, part) for part in ("low", "empty") for device in ("ihd", "gsme")
    ]
    assert [each["lost"] for each in battery["behind"][:2]] == [0, 0]
    ihd, gsme = battery["behind"][2:]
    assert (ihd["lost"] > 400, gsme["lost"]) == (True, 4)
    said = f"ihd lost {ihd['lost']} of {ihd['lost']} exchanges, cut off for 3,600.0 s; gsme lost 4 of 4 exchanges"
    assert said in done.stdout
    report = (tmp_path / "run" / "report.html").read_text()
    assert "What battery-fed bridges cost those behind them" in report
    assert said in report
    assert said in (tmp_path / "run" / "junit.xml").read_text()


def test_a_run_that_fails_says_so_in_its_status(tmp_path: Path) -> None:
    found = premises_paths()["display-far"].read_text()
    (tmp_path / "mine.toml").write_text(found.replace('"bridge-2"', '"bridge-1-early"'))
    arguments = ("mine.toml", "--size", "2048", "--fidelity", "aps", "--out", "run", "--json")
    done = althan("demo", "premises", *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == "failed"


@pytest.mark.parametrize(
    "arguments,said",
    [
        (("nowhere",), "no premises are called 'nowhere'"),
        (("gas-far", "--size", "1"), "--size: 1 octets"),
        (("gas-far", "--fidelity", "guess"), "no fidelity is called 'guess'"),
        (("gas-far", "--min-block-period", "-1"), "--min-block-period: -1 ms"),
        (("gas-far", "--set", "limits.type1_devices=1"), "2 bridges in one HAN"),
        (("gas-far-no-mains", "--battery", "0"), "--battery: 0 percent (allowed: above 0, up to 100)"),
        (("gas-far", "--battery", "9"), "--battery: no bridge of 'gas-far' runs on a battery"),
    ],
    ids=["preset", "size", "fidelity", "pause", "too many", "no charge", "no battery"],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = althan("demo", "premises", *arguments, "--out", "run", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()
