"""`althan stick probe` and `flash` as a user runs them, on a stick that `althan ncp serve` serves."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_firmware
from tests.e2e.sticks.bench import Served, run, served

pytestmark = pytest.mark.e2e
pytest.importorskip("universal_silabs_flasher", reason="universal-silabs-flasher is absent (the extra `flash`)")

STICK = (sys.executable, "-m", "emulator", "stick")
END_LIMIT_S = 60


def image(folder: Path, octets: int) -> str:
    metadata = FirmwareMetadata(sdk_version="2024.12.0", ezsp_version="8.1.0.0", fw_type="zigbee_ncp", baudrate=115_200)
    path = folder / f"{octets}.gbl"
    path.write_bytes(build_firmware(metadata, random.Random(octets).randbytes(octets)))
    return path.name


def flash(port: object, file: str) -> tuple[str, ...]:
    return (*STICK, "flash", "--port", str(port), "--image", file, "--stick", "zbdongle-e", "--yes", "--json")


def probed(folder: Path, port: object) -> Any:
    done = run(folder, *STICK, "probe", "--port", str(port), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["found"]


def flashed(folder: Path, port: object, file: str) -> Any:
    done = run(folder, *flash(port, file))
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def interrupted(stick: Served, folder: Path, number: signal.Signals) -> tuple[int, str]:
    """Flash, and send a signal once something was written; status, and what it says then."""
    command = flash(stick.facts["uri"], image(folder, 600_000))
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert any("written" in line for line in process.stderr)
            process.send_signal(number)
            out, err = process.communicate(timeout=END_LIMIT_S)
            assert out == ""
        finally:
            process.kill()
    return process.returncode, err


def test_over_a_serial_port_new_firmware_is_written_and_verified(tmp_path: Path) -> None:
    with served(tmp_path, "--pty", "--state", "flash") as stick:
        port = f"ezsp:{stick.facts['pty']}"
        before = probed(tmp_path, port)
        facts = flashed(tmp_path, port, image(tmp_path, 8_000))
        assert (facts["outcome"], facts["before"]) == ("verified", before)
        assert (before["ezsp"]["version"], facts["after"]["ezsp"]["version"]) == (13, 16)
        assert probed(tmp_path, port) == facts["after"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on_and_another_time_completes_it(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path, "--state", "flash") as stick:
        status, said = interrupted(stick, tmp_path, number)
        assert status == 130
        assert "interrupted: the stick is in its bootloader" in said
        assert "Traceback" not in said
        assert probed(tmp_path, stick.facts["uri"])["kind"] == "bootloader"
        assert flashed(tmp_path, stick.facts["uri"], image(tmp_path, 8_000))["outcome"] == "verified"
