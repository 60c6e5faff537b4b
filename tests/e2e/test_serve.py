"""`althan serve` and `althan gbcs send` as a user runs them, each in a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from emulator.devices.premises.loading import load_premises
from tests.e2e.command import ALTHAN, althan, environment

pytestmark = pytest.mark.e2e

START_S = 60
STOP_S = 10
"""Seconds in which it is gone however loaded the machine is; it takes half a second, the answer waited for an hour."""


@dataclass(frozen=True, slots=True)
class Served:
    """A HAN that is served by a process of its own; `pki` is the folder of its keys."""

    process: subprocess.Popen[str]
    folder: Path
    url: str
    devices: list[dict[str, Any]]

    @property
    def bridge(self) -> str:
        eui64 = next(each["eui64"] for each in self.devices if each["kind"] == "bridge")
        assert isinstance(eui64, str)
        return eui64

    def command(self) -> str:
        """CS08 for the bridge, in hex, made with the keys that the server wrote."""
        built = althan("gbcs", "build", "cs08", "--pki", "pki", "--to", self.bridge, folder=self.folder)
        assert built.returncode == 0, built.stderr
        return built.stdout.strip()

    def send(self, message: str, *options: str) -> subprocess.CompletedProcess[str]:
        return althan("gbcs", "send", message, "--url", self.url, *options, folder=self.folder)

    def stop(self, number: signal.Signals) -> tuple[float, str, str]:
        """Ask it to end: the seconds that took, and what it still printed."""
        began = time.monotonic()
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=START_S)
        return time.monotonic() - began, out, err


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    """It is up once it says where; it is gone at the end of the block."""
    command = [*ALTHAN, "serve", "--listen", "127.0.0.1:0", "--pki", "pki", "--json", *options]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            devices = []
            while (line := json.loads(process.stdout.readline() or "{}")).get("event") == "device":
                devices.append(line)
            assert line.get("event") == "serving", process.stderr and process.stderr.read()
            yield Served(process, folder, line["url"], devices)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), "--speed", "max", "--profile", "bridge-1") as made:
        yield made


# --- sending ---------------------------------------------------------------------------------------------------------


def test_a_command_made_in_another_shell_is_answered_with_the_version(served: Served) -> None:
    done = served.send(served.command(), "--pki", "pki", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["outcome"], answer["device"]) == ("answered", served.bridge)
    assert answer["message"]["payload"] == {"firmware_version": "00010000", "response_code": 0}
    assert answer["message"]["mac"] == {"present": True, "valid": True}
    with urlopen(f"{served.url}/api/gbcs/messages") as messages:
        assert json.load(messages)[-1]["octets"] == answer["response"]


def test_the_answer_is_printed_by_name(served: Served) -> None:
    done = served.send(served.command(), "--pki", "pki")
    fields = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if len(line.split()) > 1)
    assert done.returncode == 0
    assert fields["outcome"].startswith("answered after ")
    assert (fields["firmware_version"], fields["mac"]) == ("00010000", "present, valid")


def test_a_pipe_from_build_to_send_works(served: Served) -> None:
    done = subprocess.run(
        [*ALTHAN, "gbcs", "send", "-", "--url", served.url],
        cwd=served.folder,
        env=environment(),
        input=served.command(),
        capture_output=True,
        text=True,
        check=False,
        timeout=START_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "present, not checked" in done.stdout


def test_a_flipped_bit_is_refused_with_the_reason_and_logged(served: Served) -> None:
    command = bytearray.fromhex(served.command())
    command[-1] ^= 1
    done = served.send(command.hex())
    assert (done.returncode, done.stderr) == (1, "")
    assert "mac-invalid" in done.stdout
    with urlopen(f"{served.url}/api/devices/{served.bridge}/security-log") as log:
        assert json.load(log)[-1]["reason"] == "mac-invalid"


def test_who_is_sent_something_that_is_for_another_refuses_it(served: Served) -> None:
    done = served.send("00", "--to", served.bridge, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "undecodable"


def test_credentials_made_today_replace_the_brokers(tmp_path: Path) -> None:
    with serving(tmp_path, "--speed", "max", "--fidelity", "aps") as served:
        made = althan("pki", "renew", "pki", "--out", "new", folder=tmp_path).stdout.split()
        assert len(made) == 2
        handed_over = [word for path in made for word in ("--certificate", path)]
        built = althan(
            "gbcs",
            "build",
            "cs02b",
            "--pki",
            "pki",
            "--to",
            served.bridge,
            "--mode",
            "4",
            *handed_over,
            folder=tmp_path,
        )
        done = served.send(built.stdout.strip(), "--pki", "pki", "--json")
        outcome = json.loads(done.stdout)["message"]["payload"]["execution_outcome"]
        assert [one["status_name"] for one in outcome["replacement_outcomes"]] == ["success", "success"]
        assert json.loads(served.send(served.command(), "--json").stdout)["reason"] == "mac-invalid"


# --- what cannot be sent ---------------------------------------------------------------------------------------------


def is_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Status 2, nothing on stdout, one line on stderr."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("althan: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def test_what_the_han_does_not_take_is_one_line(served: Served) -> None:
    is_one_line(served.send("00"), "no GBCS message")
    is_one_line(served.send("00", "--to", "00db1234567890ff"), "00db1234567890ff", served.bridge)
    is_one_line(served.send("00", "--to", "12"), "--to")
    is_one_line(served.send("00", "--wait", "0"), "--wait")
    is_one_line(served.send("absent.hex"), "absent.hex")


def test_where_no_han_is_that_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    is_one_line(
        althan("gbcs", "send", "00", "--url", f"http://127.0.0.1:{port}", folder=tmp_path), "no HAN at", "refused"
    )
    for url in ("ftp://127.0.0.1", "127.0.0.1:8420", "http://", "http://h:x", "http://127.0.0.1/api"):
        is_one_line(althan("gbcs", "send", "00", "--url", url, folder=tmp_path), "--url")


# --- the end, and another beginning ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_asked_to_stop_ends_soon_and_well(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path, "--fidelity", "aps", "--speed", "0.01") as served:
        waiting = subprocess.Popen(
            [*ALTHAN, "gbcs", "send", served.command(), "--url", served.url],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert waiting.stderr is not None
        assert "waiting for the answer" in waiting.stderr.readline()
        took, out, err = served.stop(number)
        _, complaint = waiting.communicate(timeout=START_S)
    assert (served.process.returncode, out, err) == (0, "", "")
    assert took < STOP_S
    assert waiting.returncode == 2
    assert "stopped" in complaint


def test_the_pki_it_wrote_serves_again_and_keeps_its_keys(tmp_path: Path) -> None:
    with serving(tmp_path, "--fidelity", "aps", "--speed", "max") as first:
        command = first.command()
        first.stop(signal.SIGTERM)
    before = {path.name: path.read_bytes() for path in (tmp_path / "pki").rglob("*.key")}
    with serving(
        tmp_path, "--fidelity", "aps", "--speed", "max", "--profile", "bridge-1", "--profile", "ppmid"
    ) as again:
        assert again.send(command, "--pki", "pki").returncode == 0
    after = {path.name: path.read_bytes() for path in (tmp_path / "pki").rglob("*.key")}
    assert before.items() < after.items()


@pytest.mark.parametrize("preset,fidelity", [("both-apart-no-mains", "frames"), ("ppmid-far", "aps")])
def test_a_whole_premises_is_served_and_drawn(tmp_path: Path, preset: str, fidelity: str) -> None:
    premises = load_premises(preset).premises
    names = [standing.name for standing in (*premises.bridge, *premises.device)]
    with serving(tmp_path, "--premises", preset, "--speed", "max", "--fidelity", fidelity) as served:
        assert sorted(each["name"] for each in served.devices) == sorted(["hub", *names])
        shown = json.loads(althan("han", "show", "--url", served.url, "--json", folder=tmp_path).stdout)
        drawn = althan("han", "show", "--url", served.url, folder=tmp_path).stdout
        assert served.send(served.command(), "--pki", "pki").returncode == 0
        took, out, err = served.stop(signal.SIGINT)
    assert (served.process.returncode, out, err) == (0, "", "")
    assert took < STOP_S
    devices = {each["name"]: each for each in shown["devices"]}
    assert all(each["on_network"] for each in devices.values())
    assert all(devices[name]["key_established_s"] > 0 for name in names)
    far = {standing.name: standing for standing in premises.far}
    beside = {standing.name for standing in premises.bridge if not premises.at_hub(standing)}
    assert {devices[name]["parent"] for name in far} <= beside
    assert all(f" {name} " in drawn for name in names)
    assert drawn.count("key established at") == len(names)


def test_words_say_where_it_serves_and_who_is_there(tmp_path: Path) -> None:
    command = [*ALTHAN, "serve", "--listen", "localhost:0", "--fidelity", "aps"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
        process.communicate(timeout=START_S)
    assert [line.split()[:2] for line in lines[:2]] == [["hub", "hub"], ["bridge-1", "bridge-1"]]
    assert lines[2].startswith("serving http://127.0.0.1:")
    assert list(tmp_path.iterdir()) == []
