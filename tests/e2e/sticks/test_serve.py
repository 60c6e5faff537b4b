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

import pytest

from emulator.observe.capture import read_capture
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
    assert all(set(stick) == {"stick", "uri", "socket", "pty", "eui64", "ezsp"} for stick in sticks)
    assert all(stick["socket"] == stick["uri"].replace("ezsp+tcp:", "socket://") for stick in sticks)
    assert all((stick["pty"], stick["ezsp"]) == (None, 13) for stick in sticks)
    assert len({stick["eui64"] for stick in sticks}) == 3


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
