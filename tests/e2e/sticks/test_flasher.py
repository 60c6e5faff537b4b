"""universal-silabs-flasher, as it comes, takes a virtual stick for a real one: probes it, puts firmware into it."""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from emulator.ncp.bootloader.firmware_metadata import FirmwareMetadata
from emulator.ncp.bootloader.gbl_build import build_firmware, build_gbl
from tests.e2e.sticks.bench import Served, run, served

pytestmark = [pytest.mark.e2e]

COMMAND = Path(sys.executable).with_name("universal-silabs-flasher")
BELLOWS = str(Path(sys.executable).with_name("bellows"))
LIMIT_S = 120
CHANNEL = 25
ENCRYPTED = build_gbl([], 0x001)
"""A file that the flasher thinks right, and leaves the stick to refuse."""
PROGRESS = re.compile(rb"(\d+)%\|")


def image(octets: int, stack: str = "8.1.0.0") -> bytes:
    metadata = FirmwareMetadata(sdk_version="2024.12.0", ezsp_version=stack, fw_type="zigbee_ncp", baudrate=115_200)
    return build_firmware(metadata, random.Random(octets).randbytes(octets))


class Flasher:
    """The command, and the folder it runs in."""

    def __init__(self, command: Path, folder: Path) -> None:
        self.command = str(command)
        self.folder = folder

    def __call__(self, stick: Served, *arguments: str, ok: bool = True) -> str:
        """Run it; everything it prints."""
        done = run(self.folder, *self.on(stick), *arguments, limit_s=LIMIT_S)
        said = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, said
        return said

    def on(self, stick: Served) -> tuple[str, ...]:
        return self.command, "--device", str(stick.facts["socket"])

    def probe(self, stick: Served) -> str:
        """What it finds: kind and version."""
        found = re.search(r"Detected ApplicationType\.(\w+), version '?([\w.]+)", self(stick, "probe"))
        assert found is not None
        return " ".join(found.groups())

    def flash(self, stick: Served, file: bytes, *, ok: bool = True) -> str:
        return self(stick, "flash", "--firmware", self.written(file), ok=ok)

    def written(self, file: bytes) -> str:
        path = self.folder / "firmware.gbl"
        path.write_bytes(file)
        return str(path)

    def cut(self, stick: Served, file: bytes) -> None:
        """Begin to flash, and kill it on the way."""
        command = (*self.on(stick), "flash", "--firmware", self.written(file))
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            try:
                said = _until_under_way(process)
            finally:
                process.kill()
        assert said, "it ended before anything was sent"


def _until_under_way(process: subprocess.Popen[bytes]) -> bool:
    assert process.stderr is not None
    said = b""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until and (octet := process.stderr.read(1)):
        said += octet
        if any(5 <= int(percent) <= 90 for percent in PROGRESS.findall(said)):
            return True
    return False


@pytest.fixture
def flasher(tmp_path: Path) -> Flasher:
    if not COMMAND.exists():
        pytest.skip("universal-silabs-flasher is absent (the extra `flash`)")
    return Flasher(COMMAND, tmp_path)


def state(folder: Path) -> Path:
    return folder / "flash" / "stick-0.json"


def stored(folder: Path) -> Any:
    return json.loads(state(folder).read_text())


def write_tokens(folder: Path) -> None:
    """One of manufacturing and one of the stack, as some host may have done before."""
    found = stored(folder)
    found["flash"] |= {"mfg_tokens": {"2": b"board".ljust(16, b"\xff").hex()}, "tokens": {"4660/0": "0102"}}
    state(folder).write_text(json.dumps(found))


def kept(folder: Path) -> dict[str, Any]:
    """What new firmware must find again: who the stick is, its tokens, and its network."""
    found = stored(folder)
    flash = found["flash"]
    return {key: flash[key] for key in ("eui64", "tokens", "mfg_tokens", "node_type", "link_key")} | {
        "membership": found["memory"]["membership"]
    }


def bellows_on(stick: Served) -> tuple[str, ...]:
    return BELLOWS, "-d", str(stick.facts["socket"])


def test_new_firmware_brings_another_ezsp_and_leaves_network_and_tokens(flasher: Flasher, tmp_path: Path) -> None:
    (tmp_path / "database").touch()
    with served(tmp_path, "--state", "flash") as stick:
        formed = run(tmp_path, *bellows_on(stick), "form", "-D", "database", "-c", str(CHANNEL))
        assert formed.returncode == 0, formed.stderr
    write_tokens(tmp_path)
    before = kept(tmp_path)
    assert before["membership"] is not None
    with served(tmp_path, "--state", "flash") as stick:
        assert flasher.probe(stick) == "EZSP 7.4.3.0"
        flasher.flash(stick, image(20_000))
        assert flasher.probe(stick) == "EZSP 8.1.0.0"
        shown = run(tmp_path, *bellows_on(stick), "info")
        assert shown.returncode == 0, shown.stderr
        assert f"radioChannel={CHANNEL}" in shown.stdout
    assert kept(tmp_path) == before
    with served(tmp_path, "--state", "flash") as again:
        assert again.facts["ezsp"] == 16


def test_a_wrong_file_is_refused_and_the_old_firmware_starts(flasher: Flasher, tmp_path: Path) -> None:
    with served(tmp_path, "--state", "flash") as stick:
        assert "rejected by the device" in flasher.flash(stick, ENCRYPTED, ok=False)
        assert stored(tmp_path)["flash"]["firmware"] is None
        choose_run(stick)
        assert flasher.probe(stick) == "EZSP 7.4.3.0"


def choose_run(stick: Served) -> None:
    """As somebody at a terminal does; the flasher leaves a stick whose upload failed in its bootloader."""
    host, _, port = str(stick.facts["socket"]).removeprefix("socket://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=LIMIT_S) as terminal:
        terminal.sendall(b"2")
        terminal.settimeout(LIMIT_S)
        assert terminal.recv(1), "RSTACK of the application"


def test_after_a_cut_the_old_firmware_starts_with_the_next_power(flasher: Flasher, tmp_path: Path) -> None:
    with served(tmp_path, "--state", "flash") as stick:
        flasher.cut(stick, image(400_000))
    with served(tmp_path, "--state", "flash") as again:
        assert again.facts["ezsp"] == 13
        assert flasher.probe(again) == "EZSP 7.4.3.0"


def test_after_a_cut_another_flash_completes_it(flasher: Flasher, tmp_path: Path) -> None:
    with served(tmp_path, "--state", "flash") as stick:
        flasher.cut(stick, image(400_000))
        flasher.flash(stick, image(20_000))
        assert flasher.probe(stick) == "EZSP 8.1.0.0"


def test_firmware_of_something_else_leaves_the_bootloader_and_another_flash_mends_it(
    flasher: Flasher, tmp_path: Path
) -> None:
    other = build_firmware(FirmwareMetadata(ezsp_version="8.1.0.0", fw_type="openthread_rcp"))
    with served(tmp_path, "--state", "flash") as stick:
        flasher(stick, "flash", "--firmware", flasher.written(other), ok=False)
        assert stored(tmp_path)["flash"]["firmware"]["fault"] == "not-ezsp"
    with served(tmp_path, "--state", "flash") as again:
        assert flasher.probe(again) == "GECKO_BOOTLOADER 2.1.1"
        flasher.flash(again, image(20_000, "9.1.0.0"))
        assert flasher.probe(again) == "EZSP 9.1.0.0"
