"""`althan demo credentials`: every step seen from outside, in every file of the run."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from emulator.devices.profile_loading import load_profile
from tests.e2e.command import althan

pytestmark = pytest.mark.e2e

REFUSED = ["mac-invalid", "mac-invalid", "counter-repeated"]


def test_old_credentials_are_out_new_ones_in_and_everything_wrong_is_refused(tmp_path: Path) -> None:
    done = althan("demo", "credentials", "--out", "run", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary == json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["outcome"], len(summary["checks"])) == ("passed", 11)
    assert [check["reason"] for check in summary["checks"] if check["reason"]] == REFUSED
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    at_bridge = [event for event in events if event["source"] == "bridge-1"]
    assert [event["reason"] for event in at_bridge if event["kind"] == "gbcs.refused"] == REFUSED
    assert [event["reason"] for event in at_bridge if event["kind"] == "gbcs.cell-refused"] == ["no-issuer"] * 2
    suite = ET.fromstring((tmp_path / "run" / "junit.xml").read_text())
    assert (suite.get("tests"), suite.get("failures")) == ("11", "0")
    report = (tmp_path / "run" / "report.html").read_text()
    assert all(check["name"] in report for check in summary["checks"])


def test_it_goes_the_same_over_hops_with_losses_and_every_message_arrives_once(tmp_path: Path) -> None:
    done = althan("demo", "credentials", "--loss", "15", "--hops", "3", "--out", "run", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed: 11 of 11 steps" in done.stdout
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    answered = [event for event in events if event["source"] == "bridge-1" and event["kind"] == "gbcs.answered"]
    refused = [event for event in events if event["source"] == "bridge-1" and event["kind"] == "gbcs.refused"]
    assert (len(answered), len(refused)) == (8, 3)


def test_hub_and_bridge_come_from_the_users_own_folder_first(tmp_path: Path) -> None:
    """Both must have suite 1 alone, or there is no key between them."""
    (tmp_path / "mine").mkdir()
    for name in ("hub", "bridge-1"):
        text = load_profile(name).path.read_text(encoding="utf-8")
        (tmp_path / "mine" / f"{name}.toml").write_text(f"{text}\n[cbke]\nsuites = [1]\n", encoding="utf-8")
    arguments = ("--profiles", "mine", "--fidelity", "aps", "--out", "run", "--json")
    done = althan("demo", "credentials", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    established = [event for event in events if event["kind"] == "cbke.responder.established"]
    assert [event["suite"] for event in established] == [1]


def test_a_broken_profile_of_the_users_own_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    text = load_profile("hub").path.read_text(encoding="utf-8")
    (tmp_path / "mine" / "hub.toml").write_text(f"colour = 1\n{text}", encoding="utf-8")
    done = althan("demo", "credentials", "--profiles", "mine", "--out", "run", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "mine/hub.toml: colour" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments,said",
    [
        (("--profile", "nope"), "no profile is called 'nope'"),
        (("--loss", "99"), "--loss: 99 percent (allowed: 0 to 90)"),
        (("--set", "tunnel_max_transfer=1"), "standard tunnel_max_transfer"),
        (("--profiles", "absent"), "absent: is no folder"),
    ],
    ids=["profile", "loss", "switch", "folder"],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = althan("demo", "credentials", "--out", "run", *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_message_too_long_for_the_tunnel_makes_the_demo_fail_with_its_reason(tmp_path: Path) -> None:
    arguments = ("--set", "tunnel_max_transfer=1200", "--out", "run", "--json")
    done = althan("demo", "credentials", *arguments, folder=tmp_path)
    assert done.returncode == 1
    failed = [check for check in json.loads(done.stdout)["checks"] if not check["passed"]]
    assert failed[0]["reason"] == "message-too-long"
    assert json.loads(done.stdout)["standards"] == {"tunnel_max_transfer": 1200}
