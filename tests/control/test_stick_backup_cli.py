"""What `althan stick backup`, `restore` and `sniff` cannot use: status 2 and one line, before any stick is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.backup_file import NetworkBackup, encode_backup
from tests.control.running import is_bad_input, runner

NOBODY = "ezsp+tcp:127.0.0.1:1"
BACKUP = NetworkBackup(
    Eui64(0x4321), Eui64(0x4321), 15, (15,), 0x1A62, Eui64(0xABCD), 0, bytes(range(16)), 0, 7, b"ZigBeeAlliance09"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.json").write_bytes(encode_backup(BACKUP))
    document = json.loads(encode_backup(BACKUP))
    document["network_key"]["key"] = "00"
    (tmp_path / "bad.json").write_text(json.dumps(document))
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("backup",), ("--port",)),
        (("backup", "--port", "/dev/ttyACM0"), ("/dev/ttyACM0", "ezsp:/dev/NAME")),
        (("backup", "--port", NOBODY), (NOBODY, "connection refused")),
        (("restore", "--port", NOBODY), ("--file",)),
        (("restore", "--port", NOBODY, "--file", "absent.json"), ("absent.json", "no such file")),
        (("restore", "--port", NOBODY, "--file", "folder"), ("folder", "cannot be read")),
        (("restore", "--port", NOBODY, "--file", "bad.json", "--yes"), ("bad.json: network_key.key", "32 hex digits")),
        (("restore", "--port", NOBODY, "--file", "good.json"), ("nobody to ask", "--yes")),
        (("restore", "--port", NOBODY, "--file", "good.json", "--yes"), (NOBODY, "connection refused")),
        (("restore", "--port", NOBODY, "--file", "good.json", "--counter-margin", "-1"), ("--counter-margin",)),
        (("sniff", "--port", NOBODY), ("--channel",)),
        (("sniff", "--port", NOBODY, "--channel", "10"), ("--channel", "11")),
        (("sniff", "--port", NOBODY, "--channel", "27"), ("--channel", "26")),
        (("sniff", "--port", NOBODY, "--channel", "15", "--seconds", "-1"), ("--seconds",)),
        (("sniff", "--port", NOBODY, "--channel", "15", "--key", "01"), ("--key", "32 hex digits")),
        (("sniff", "--port", NOBODY, "--channel", "15", "--key", "zz" * 16), ("--key", "32 hex digits")),
        (("sniff", "--port", NOBODY, "--channel", "15", "--json", "-w", "x.pcap"), ("--json", "without -w")),
        (("sniff", "--port", NOBODY, "--channel", "15", "-w", "absent/x.pcap"), ("absent/x.pcap",)),
        (("sniff", "--port", NOBODY, "--channel", "15", "-w", "folder"), ("folder",)),
        (("sniff", "--port", NOBODY, "--channel", "15"), (NOBODY, "connection refused")),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_is_said_in_one_line(
    arguments: tuple[str, ...], words: tuple[str, ...], capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    is_bad_input(runner("stick", capsys)(*arguments), *words)
    assert not list(folder.glob("*.part"))
    assert not list(folder.glob("network-*.json"))


@pytest.mark.parametrize("command", ["backup", "restore", "sniff"])
def test_each_has_a_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = runner("stick", capsys)(command, "--help")
    assert (run.status, run.err) == (0, "")
    assert "--port" in run.out
