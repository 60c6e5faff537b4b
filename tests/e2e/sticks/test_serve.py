"""`althan ncp serve` as a user runs it: what it prints, what it leaves, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from emulator.core.eui64 import Eui64
from emulator.ncp.ash.frames import DataFrame, encode
from emulator.ncp.ash.reader import AshReader
from emulator.ncp.firmware import Firmware, StartFault
from emulator.ncp.flash import Flash
from emulator.observe.capture import read_capture
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.node.stored import stored_memory
from tests.e2e.sticks.bench import STOP_LIMIT_S, run, served

pytestmark = pytest.mark.e2e

BELLOWS = str(Path(sys.executable).with_name("bellows"))
SERVE = (sys.executable, "-m", "emulator", "ncp", "serve")


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*SERVE, *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "with-a-host"])
def test_a_signal_ends_it_well_and_soon(tmp_path: Path, number: signal.Signals, busy: bool) -> None:
    with started(tmp_path, "--json") as process:
        try:
            assert process.stdout is not None
            facts = json.loads(process.stdout.readline())
            host, _, port = facts["uri"].removeprefix("ezsp+tcp:").rpartition(":")
            with socket.create_connection((host, int(port)), timeout=5) as line:
                if busy:
                    line.sendall(b"\x1a\xc0\x38\xbc\x7e")
                    assert line.recv(64).startswith(b"\x1a\xc1\x02")
                process.send_signal(number)
                out, err = process.communicate(timeout=STOP_LIMIT_S)
            assert (process.returncode, out, err) == (0, "", "")
        finally:
            process.kill()


def test_every_stick_is_told_in_one_line(tmp_path: Path) -> None:
    with started(tmp_path, "--count", "2", "--pty", "--ezsp", "18") as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=STOP_LIMIT_S)[1] == ""
        finally:
            process.kill()
    for index, line in enumerate(lines[:2]):
        shape = rf"stick {index}  socket://127\.0\.0\.1:\d+  /dev/\S+  EUI-64 [0-9A-Fa-f:-]{{16,23}}  EZSP 18\n"
        assert re.fullmatch(shape, line)
    assert lines[2] == "Ctrl-C ends it\n"


def test_with_json_there_are_exactly_the_keys_that_scripts_look_for(tmp_path: Path) -> None:
    with started(tmp_path, "--count", "3", "--json", "--seed", "1") as process:
        try:
            assert process.stdout is not None
            sticks = [json.loads(process.stdout.readline()) for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=STOP_LIMIT_S) == ("", "")
        finally:
            process.kill()
    assert [stick["stick"] for stick in sticks] == [0, 1, 2]
    assert all(set(stick) == {"stick", "uri", "socket", "pty", "eui64", "ezsp", "bootloader"} for stick in sticks)
    assert all(stick["socket"] == stick["uri"].replace("ezsp+tcp:", "socket://") for stick in sticks)
    assert all((stick["pty"], stick["ezsp"], stick["bootloader"]) == (None, 13, False) for stick in sticks)
    assert len({stick["eui64"] for stick in sticks}) == 3


def test_a_stick_that_comes_up_in_its_bootloader_is_told_as_such(tmp_path: Path) -> None:
    broken = Flash(Eui64(0x00DB_1200_0000_0007), firmware=Firmware(bytes(32), 1, fault=StartFault.NO_METADATA))
    kept = {"flash": broken.to_dict(), "memory": stored_memory(NodeMemory())}
    (tmp_path / "stick-0.json").write_text(json.dumps(kept))
    with served(tmp_path, "--state", ".") as stick:
        assert (stick.facts["eui64"], stick.facts["bootloader"]) == ("00db120000000007", True)


def test_a_state_file_under_another_number_leaves_every_stick_an_address_of_its_own(tmp_path: Path) -> None:
    options = ("--state", ".", "--seed", "1")
    with served(tmp_path, *options) as first:
        (tmp_path / "stick-0.json").rename(tmp_path / "stick-1.json")
    (tmp_path / "stick-0.json").unlink(missing_ok=True)
    with served(tmp_path, *options, "--count", "2") as stick:
        assert stick.process.stdout is not None
        second = json.loads(stick.process.stdout.readline())
        assert second["eui64"] == first.facts["eui64"] != stick.facts["eui64"]


@pytest.mark.parametrize(
    "fault, told",
    [("burn=1", "no fault is called 'burn'"), ("hang", "says no moment"), ("1/hang@1s", "there is no stick 1")],
)
def test_a_fault_that_is_none_is_told_in_one_line(tmp_path: Path, fault: str, told: str) -> None:
    with started(tmp_path, "--fault", fault) as process:
        out, err = process.communicate(timeout=STOP_LIMIT_S)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("althan: --fault: ")
    assert told in err


def test_faults_befall_the_stick_that_they_are_meant_for(tmp_path: Path) -> None:
    with served(tmp_path, "--count", "2", "--fault", "0/unplug@0s", "--fault", "1/version=8@0s:0s") as away:
        assert away.process.stdout is not None
        old = json.loads(away.process.stdout.readline())
        with connected(away.facts) as line:
            assert line.recv(64) == b""
        with connected(old) as line:
            line.sendall(encode(DataFrame(0, False, 0, bytes((0, 0, 0, 4)))))
            reader, frames = AshReader(), list[object]()
            while not any(isinstance(frame, DataFrame) for frame in frames):
                frames += reader.feed(line.recv(64))
        (answer,) = [frame for frame in frames if isinstance(frame, DataFrame)]
        assert answer.payload[3] == 8


def connected(facts: dict[str, Any]) -> socket.socket:
    host, _, port = str(facts["uri"]).removeprefix("ezsp+tcp:").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=STOP_LIMIT_S)


def test_a_port_that_is_taken_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        where = f"127.0.0.1:{other.getsockname()[1]}"
        with started(tmp_path, "--listen", where) as process:
            out, err = process.communicate(timeout=STOP_LIMIT_S)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("althan: ")
    assert err.count("\n") == 1
    assert where in err


def test_capture_and_events_can_be_read_while_they_grow(tmp_path: Path) -> None:
    options = ("--ezsp", "13", "-w", "air.pcap", "--events", "events.jsonl")
    with served(tmp_path, *options) as stick:
        (tmp_path / "database").touch()
        formed = run(tmp_path, BELLOWS, "-d", str(stick.facts["socket"]), "form", "-D", "database")
        assert formed.returncode == 0, formed.stderr
        limit = time.monotonic() + STOP_LIMIT_S
        while not frames(tmp_path) and time.monotonic() < limit:
            time.sleep(0.05)
        assert frames(tmp_path)
        assert "trust.wildcard-key" in (tmp_path / "events.jsonl").read_text()


def frames(folder: Path) -> int:
    """How many frames a capture that may still grow has."""
    return len(list(read_capture(folder / "air.pcap")))
