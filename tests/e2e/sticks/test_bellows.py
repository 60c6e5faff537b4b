"""The command line of bellows, as it comes, takes a virtual stick for a real one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.e2e.sticks.bench import run, served

pytestmark = pytest.mark.e2e

BELLOWS = str(Path(sys.executable).with_name("bellows"))
BUILDS = {13: "7.4", 18: "8.2"}


@pytest.mark.parametrize("version, line", [(13, "pty"), (18, "socket")])
def test_it_forms_a_network_shows_it_and_permits_joining(tmp_path: Path, version: int, line: str) -> None:
    with served(tmp_path, "--ezsp", str(version), "--pty", "-w", "air.pcap", "--events", "events.jsonl") as stick:
        device = ("-d", str(stick.facts[line]))
        (tmp_path / "database").touch()
        formed = run(tmp_path, BELLOWS, *device, "form", "-D", "database", "-c", "20")
        assert formed.returncode == 0, formed.stderr
        shown = run(tmp_path, BELLOWS, *device, "info")
        assert shown.returncode == 0, shown.stderr
        assert "JOINED_NETWORK" in shown.stdout
        assert "EmberNodeType.COORDINATOR" in shown.stdout
        assert "radioChannel=20" in shown.stdout
        eui64 = str(stick.facts["eui64"])
        assert ":".join(re.findall("..", eui64)) in shown.stdout
        assert BUILDS.get(version, "8.") in shown.stdout
        permitted = run(tmp_path, BELLOWS, *device, "permit", "-D", "database", "-t", "1")
        assert permitted.returncode == 0, permitted.stderr
    assert (tmp_path / "air.pcap").stat().st_size > 100
    assert "ezsp.refused" not in (tmp_path / "events.jsonl").read_text()


def test_a_network_survives_in_the_file_of_the_stick(tmp_path: Path) -> None:
    (tmp_path / "database").touch()
    with served(tmp_path, "--state", "flash") as stick:
        formed = run(tmp_path, BELLOWS, "-d", str(stick.facts["socket"]), "form", "-D", "database", "-c", "25")
        assert formed.returncode == 0, formed.stderr
        eui64 = stick.facts["eui64"]
    with served(tmp_path, "--state", "flash", "--ezsp", "18") as again:
        assert (again.facts["eui64"], again.facts["ezsp"]) == (eui64, 13)
        shown = run(tmp_path, BELLOWS, "-d", str(again.facts["socket"]), "info")
        assert shown.returncode == 0, shown.stderr
        assert "radioChannel=25" in shown.stdout
