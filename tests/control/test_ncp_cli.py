"""What `althan ncp serve` cannot use: status 2 and one line, before any stick can be reached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control.running import is_bad_input, runner


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "options,words",
    [
        (("--listen", "0.0.0.0:0"), ("--listen", "--allow-remote", "sticks")),
        (("--listen", "here"), ("--listen", "HOST:PORT")),
        (("--listen", "127.0.0.1:65535", "--count", "2"), ("--listen", "65535")),
        (("--count", "0"), ("--count",)),
        (("--count", "65"), ("--count", "64")),
        (("--ezsp", "15"), ("--ezsp", "13, 14, 16, 17, 18, 19")),
        (("--air", "thick"), ("--air", "real, instant")),
        (("--topology", "star"), ("--topology", "mesh, line")),
        (("--loss", "101"), ("--loss",)),
        (("--fault", "melt=1"), ("--fault", "melt", "lose=N", "error@MOMENT")),
        (("--fault", "lose=101"), ("--fault", "lose", "0 to 100 percent")),
        (("--fault", "delay"), ("--fault", "delay", "0 to 60000 ms")),
        (("--fault", "flip=nan"), ("--fault", "nan")),
        (("--fault", "lose=1", "--fault", "lose=2"), ("--fault", "lose", "twice")),
        (("-w", "absent/air.pcap"), ("absent/air.pcap",)),
        (("--events", "absent/events.jsonl"), ("absent/events.jsonl",)),
        (("--state", "taken"), ("taken",)),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_what_cannot_be_served(
    capsys: pytest.CaptureFixture[str], folder: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (folder / "taken").touch()
    is_bad_input(runner("ncp", capsys)("serve", *options), *words)
    assert [path.name for path in folder.iterdir()] == ["taken"]


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b"{}", b"\xff\xfe", json.dumps({"flash": 1}).encode()])
def test_a_flash_that_cannot_be_read_is_named_and_left_as_it_is(
    capsys: pytest.CaptureFixture[str], folder: Path, kept: bytes
) -> None:
    (folder / "flash").mkdir()
    file = folder / "flash" / "stick-0.json"
    file.write_bytes(kept)
    is_bad_input(runner("ncp", capsys)("serve", "--state", "flash"), "stick-0.json")
    assert file.read_bytes() == kept
