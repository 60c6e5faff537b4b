"""The command line of zigpy-cli, as it comes and in an environment of its own, takes a virtual stick for a real one.

What it says is held against what the stick keeps in its file.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.sticks.bench import run, served
from tests.e2e.sticks.environments import environment
from tests.e2e.sticks.outside import PATIENT, interrupt, running, told

pytestmark = [pytest.mark.e2e, *PATIENT]

LOCK = Path(__file__).with_name("zigpy_cli.lock")
CHANNELS = range(11, 27)
LIMIT_S = 50
TWO = ("--count", "2", "--pty")
SHORT_SCAN = ("-d", "3")
PERMIT_S = "3"
PAN_ID = slice(3, 5)
"""Where a frame says for which network it is."""


@pytest.fixture(scope="session")
def zigpy(pytestconfig: pytest.Config) -> str:
    """Path of the command."""
    return str(environment(pytestconfig, LOCK) / "zigpy")


def said(folder: Path, *command: str) -> str:
    """What a command prints that must end well."""
    ended = run(folder, *command)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def facts(printed: str) -> dict[str, str]:
    """The lines `name: value` of `info`."""
    return {name: value.strip() for name, _, value in (line.partition(":") for line in printed.splitlines())}


def kept(folder: Path) -> dict[str, Any]:
    """The network in the file of the stick."""
    network: dict[str, Any] = json.loads((folder / "flash" / "stick-0.json").read_text())["memory"]["membership"]
    return network


def aborted(process: subprocess.Popen[str]) -> bool:
    """End by Ctrl-C a command that would go on for ever; whether it went as such commands do."""
    out = interrupt(process)
    return process.returncode == 1 and out.endswith("Aborted!\n")


def colons(octets: str) -> str:
    return ":".join(re.findall("..", octets))


@pytest.mark.parametrize("version", [13, 18])
def test_it_forms_a_network_shows_it_scans_around_it_and_backs_it_up(zigpy: str, tmp_path: Path, version: int) -> None:
    options = ("--state", "flash", "--events", "events.jsonl", "--ezsp", str(version))
    with served(tmp_path, *options, "--pty") as stick:
        radio = (zigpy, "radio", "ezsp", str(stick.facts["pty"]))
        said(tmp_path, *radio, "form")
        shown = facts(said(tmp_path, *radio, "info"))
        network = kept(tmp_path)
        assert shown["PAN ID"] == f"0x{network['pan_id']:04X}"
        assert shown["Extended PAN ID"] == colons(network["extended_pan_id"])
        assert shown["Channel"] == str(network["channel"])
        assert shown["Device IEEE"] == colons(stick.facts["eui64"])
        assert shown["Device NWK"] == "0x0000"
        assert shown["Network key"] == colons(network["network_key"])
        scanned = said(tmp_path, *radio, "energy-scan", "-n", "0")
        measured = re.findall(r"^ - ([ \[])(\d\d)[ *][ \]] +([\d.]+)%", scanned, re.MULTILINE)
        assert [int(channel) for _, channel, _ in measured] == list(CHANNELS)
        assert [int(channel) for bracket, channel, _ in measured if bracket == "["] == [network["channel"]]
        assert all(float(energy) < 1 for *_, energy in measured), "nobody sends"
    assert "ezsp.refused" not in (tmp_path / "events.jsonl").read_text()
    with served(tmp_path, *options) as again:
        backup = json.loads(said(tmp_path, zigpy, "radio", "ezsp", str(again.facts["socket"]), "backup", "-"))
        assert kept(tmp_path) == network
    assert backup["coordinator_ieee"] == again.facts["eui64"]
    assert int(backup["pan_id"], 16) == network["pan_id"]
    assert backup["extended_pan_id"] == network["extended_pan_id"]
    assert (backup["channel"], backup["channel_mask"]) == (network["channel"], [network["channel"]])
    assert backup["network_key"]["key"] == network["network_key"]
    assert backup["metadata"]["internal"]["ezspVersion"] == version


def test_whoever_scans_sees_whether_it_permits_joining(zigpy: str, tmp_path: Path) -> None:
    with served(tmp_path, "--state", "flash", *TWO) as stick:
        assert stick.process.stdout is not None
        sticks = [stick.facts, json.loads(stick.process.stdout.readline())]
        here, there = ((zigpy, "radio", "ezsp", str(one["pty"])) for one in sticks)
        for radio in (here, there):
            said(tmp_path, *radio, "form")
        network = kept(tmp_path)
        scan = (*there, "network-scan", "-c", str(network["channel"]), *SHORT_SCAN)
        with running(tmp_path, "env", "PYTHONUNBUFFERED=1", *scan, limit_s=LIMIT_S) as scanning:
            found = told(scanning, "network:")
            assert f"channel: {network['channel']}, network: 0x{network['pan_id']:04X}" in found
            assert f"({colons(network['extended_pan_id'])}), permitting joins: 0" in found
            said(tmp_path, *here, "permit", "-t", PERMIT_S)
            assert f"network: 0x{network['pan_id']:04X}" in told(scanning, "permitting joins: 1")
            assert aborted(scanning)


def test_it_captures_what_another_stick_sends(zigpy: str, tmp_path: Path) -> None:
    with served(tmp_path, "--state", "flash", *TWO) as stick:
        assert stick.process.stdout is not None
        sticks = [stick.facts, json.loads(stick.process.stdout.readline())]
        here, there = ((zigpy, "radio", "ezsp", str(one["pty"])) for one in sticks)
        said(tmp_path, *here, "form")
        network = kept(tmp_path)
        capture = (*there, "packet-capture", "-c", str(network["channel"]), "--interleave", "-o", "-")
        with running(tmp_path, *capture, limit_s=LIMIT_S) as capturing:
            said(tmp_path, *here, "permit", "-t", PERMIT_S)
            frame = json.loads(told(capturing, "{"))
            assert aborted(capturing)
    assert (frame["channel"], frame["lqi"] > 0, frame["rssi"] < 0) == (network["channel"], True, True)
    assert bytes.fromhex(frame["data"])[PAN_ID] == network["pan_id"].to_bytes(2, "little")
