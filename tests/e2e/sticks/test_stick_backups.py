"""`althan stick backup`, `restore` and `sniff` on sticks of `althan ncp serve`, with zigpy and tshark beside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from bellows.zigbee.application import ControllerApplication  # type: ignore[import-untyped]
from zigpy.backups import NetworkBackup as ZigpyBackup

from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.backup_file import BackupDevice, BackupKey, NetworkBackup, encode_backup
from tests.control.running import runner
from tests.e2e.sticks.bench import Served, run, served
from tests.e2e.sticks.test_zigpy import configuration

pytestmark = pytest.mark.e2e

CHANNEL = 20
KEY = bytes(range(16))
HUB = Eui64(0x00DB_1200_0000_4321)
DEVICES = (
    BackupDevice(Eui64(0x1111), 0x1111, child=True),
    BackupDevice(Eui64(0x2222), None, link_key=BackupKey(bytes(range(32, 48)), 700)),
)
BACKUP = NetworkBackup(
    HUB, HUB, CHANNEL, (CHANNEL,), 0x1A62, Eui64(0xABCD), 3, KEY, 0, 5_000, b"ZigBeeAlliance09", 0,
    bytes(range(64, 80)), devices=DEVICES, source="test", created="2026-03-04T05:06:07+00:00", ezsp=13,
)  # fmt: skip
LIMIT_S = 120
SAME = ("coordinator_ieee", "pan_id", "extended_pan_id", "channel", "nwk_update_id", "stack_specific", "security_level")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "backup.json").write_bytes(encode_backup(BACKUP))
    return tmp_path


def restored(capsys: pytest.CaptureFixture[str], stick: Served, *options: str) -> None:
    done = runner("stick", capsys)("restore", "--port", stick.facts["uri"], "--file", "backup.json", "--yes", *options)
    assert done.status == 0, done.err


def backed_up(capsys: pytest.CaptureFixture[str], uri: str) -> dict[str, Any]:
    done = runner("stick", capsys)("backup", "--port", uri, "-o", "again.json")
    assert done.status == 0, done.err
    document: dict[str, Any] = json.loads(Path("again.json").read_text())
    return document


def compared(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert {name: found[name] for name in SAME} == {name: wanted[name] for name in SAME}
    assert found["network_key"]["key"] == wanted["network_key"]["key"]
    assert found["network_key"]["frame_counter"] > wanted["network_key"]["frame_counter"]
    for one, other in zip(found["devices"], wanted["devices"], strict=True):
        assert (one["ieee_address"], one["is_child"]) == (other["ieee_address"], other["is_child"])
        assert one.get("link_key", {}).get("key") == other.get("link_key", {}).get("key")


# --- there and back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["13", "18"])
def test_what_is_restored_is_what_was_backed_up(folder: Path, capsys: pytest.CaptureFixture[str], version: str) -> None:
    with served(folder, "--ezsp", version, "--state", "flash") as stick:
        restored(capsys, stick, "--eui64")
        document = backed_up(capsys, stick.facts["uri"])
        compared(document, json.loads(encode_backup(BACKUP)))
        assert Path("again.json").stat().st_mode & 0o777 == 0o600
        asked = runner("stick", capsys)("backup", "--port", stick.facts["uri"], "-o", "again.json", "--json")
        assert json.loads(asked.out)["link_keys"] == json.loads(asked.out)["children"] == 1
        assert KEY.hex() not in asked.out
    with served(folder, "--state", "flash") as again:
        assert again.facts["eui64"] == f"{HUB:016x}"
        compared(backed_up(capsys, again.facts["uri"]), json.loads(encode_backup(BACKUP)))


def test_whoever_says_no_keeps_the_network(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(folder) as stick:
        restored(capsys, stick)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("typer.confirm", said_no)
        document = json.loads(Path("backup.json").read_text())
        document["pan_id"] = "4321"
        Path("backup.json").write_text(json.dumps(document))
        command = ("restore", "--port", stick.facts["uri"], "--file", "backup.json")
        refused = runner("stick", capsys)(*command)
        assert refused.status == 130
        assert "coordinator of PAN 1a62" in refused.err
        assert "will be: PAN 4321" in refused.err
        assert backed_up(capsys, stick.facts["uri"])["pan_id"] == "1a62"


def said_no(*_: object, **options: object) -> None:
    assert options["abort"]
    raise typer.Abort


@pytest.mark.parametrize("version", ["13", "18"])
def test_zigpy_restores_a_backup_of_ours_with_its_eui64(
    folder: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, version: str
) -> None:
    document = json.loads(encode_backup(BACKUP))

    async def restore(device: str) -> None:
        application = ControllerApplication(configuration(device))
        await application.connect()
        await application.backups.restore_backup(ZigpyBackup.from_open_coordinator_json(document), create_new=False)
        await application.load_network_info()
        assert application.state.node_info.ieee.serialize() == HUB.to_bytes(8, "little")
        await application.disconnect()

    with served(folder, "--ezsp", version, "--pty") as stick:
        asyncio.run(restore(stick.facts["pty"]))
        assert "NVRAM" not in caplog.text
        compared(backed_up(capsys, stick.facts["uri"]), document)


# --- listening -------------------------------------------------------------------------------------------------------


@contextmanager
def sniffing(folder: Path, uri: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`althan stick sniff` on the channel, once it listens."""
    command = [sys.executable, "-m", "emulator", "stick", "sniff", "--port", uri, "--channel", str(CHANNEL), *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith(b"listening on channel 20"):
                    break
            else:
                pytest.fail("it does not listen")
            yield process
        finally:
            process.kill()


@contextmanager
def two_sticks(folder: Path) -> Iterator[tuple[Served, str]]:
    """One that is to have a network, and the URI of another."""
    with served(folder, "--count", "2") as stick:
        assert stick.process.stdout is not None
        yield stick, json.loads(stick.process.stdout.readline())["uri"]


def test_what_it_writes_grows_while_it_listens_and_is_read_by_tshark(
    folder: Path, capsys: pytest.CaptureFixture[str], tshark: str
) -> None:
    with two_sticks(folder) as (hub, listener), sniffing(folder, listener, "-w", "air.pcap") as process:
        restored(capsys, hub)
        while (folder / "air.pcap").stat().st_size <= 24:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0, said
        assert b"frames in" in said
    key = f'uat:zigbee_pc_keys:"{KEY.hex()}","Normal","nwk"'
    fields = ("wpan.fcs_ok", "wpan-tap.rss", "wpan-tap.lqi", "wpan-tap.ch_num", "zbee_nwk.cmd.id", "zbee.sec.key_id")
    shown = run(
        folder, tshark, "-r", "air.pcap", "-o", key, "-T", "fields", *(o for name in fields for o in ("-e", name))
    )
    assert shown.returncode == 0, shown.stderr
    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert rows
    assert {tuple(row[:4]) for row in rows} == {("1", "-50", "188", str(CHANNEL))}
    assert "0x08" in {row[4] for row in rows}, "link status, under the network key"


def test_a_line_says_what_a_frame_is_as_deep_as_the_key_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        two_sticks(folder) as (hub, listener),
        sniffing(folder, listener, "--json", "--key", KEY.hex()) as process,
    ):
        restored(capsys, hub)
        assert process.stdout is not None
        frame = json.loads(process.stdout.readline())
        assert (frame["channel"], frame["rssi"], frame["lqi"]) == (CHANNEL, -50, 188)
        assert "NWK command 0000 > fffc" in frame["words"]
        assert frame["words"].endswith("link status")
        # Whoever read has gone: that is noticed without another frame, and is a good end.
        process.stdout.close()
        assert process.wait(LIMIT_S) == 0


def test_a_fifo_is_waited_for_and_ended_with_its_reader(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with two_sticks(folder) as (_, listener):
        reader = subprocess.Popen([sys.executable, "-c", "open('pipe', 'rb').read(24)"], cwd=folder)
        with sniffing(folder, listener, "-w", "pipe") as process:
            assert reader.wait(LIMIT_S) == 0
            assert process.wait(LIMIT_S) == 0


def test_when_the_time_is_up_it_ends_by_itself(folder: Path) -> None:
    with two_sticks(folder) as (_, listener), sniffing(folder, listener, "--seconds", "0") as process:
        out, said = process.communicate(timeout=LIMIT_S)
        assert (process.returncode, out) == (0, b"")
        assert said.startswith(b"0 frames in ")
