"""The file of a recording: for its owner alone, whole lines whenever it is cut, and checked line by line when read."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.transports.recording import reading
from emulator.transports.recording.entries import END, Kind
from emulator.transports.recording.reading import read_recording
from emulator.transports.recording.values import Json
from emulator.transports.recording.writing import RecordingFile

LINES: list[dict[str, Json]] = [
    {"at": 1, "rx": "0011"},
    {"at": 2, "in": "power_on", "args": []},
    {"at": 2, "out": "send", "args": [1], "result": 5},
    {"at": 3, "note": END, "fields": {}},
]


@pytest.fixture(params=["a.jsonl", "a.jsonl.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def written(path: Path, lines: list[dict[str, Json]] = LINES) -> RecordingFile:
    file = RecordingFile(path)
    file.header({"role": "bridge"})
    for line in lines:
        file.line(line)
    return file


def test_what_is_written_is_read(path: Path) -> None:
    written(path).close()
    session = read_recording(path, serial=False)
    assert session.header["role"] == "bridge"
    assert [(each.line, each.at, each.kind, each.name) for each in session.entries] == [
        (3, 2, Kind.IN, "power_on"), (4, 2, Kind.OUT, "send"), (5, 3, Kind.NOTE, END)
    ]  # fmt: skip
    assert (session.complete, session.notes) == (True, ())
    assert [each.octets for each in read_recording(path, serial=True).entries] == [b"\x00\x11"]


def test_it_is_for_its_owner_alone_also_where_there_was_another(path: Path) -> None:
    path.touch(0o644)
    written(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_flushed_survives_a_kill(path: Path) -> None:
    file = written(path)
    file.flush()
    killed = path.with_name(f"killed-{path.name}")
    killed.write_bytes(path.read_bytes())
    assert len(read_recording(killed, serial=False).entries) == 3
    file.close()


@pytest.mark.parametrize("lost", [1, 9, 30])
def test_a_torn_end_is_passed_over_with_a_note(path: Path, lost: int) -> None:
    written(path).close()
    whole = read_recording(path, serial=False)
    path.write_bytes(path.read_bytes()[:-lost])
    torn = read_recording(path, serial=False)
    assert torn.notes
    assert torn.entries == whole.entries[: len(torn.entries)]
    assert torn.complete is (len(torn.entries) == len(whole.entries))


def test_closing_twice_is_nothing_and_a_full_disk_ends_no_run(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl")
    file.close()
    file.close()
    full = RecordingFile(Path("/dev/full"))
    full.header({})
    full.flush()
    full.line({"at": 1})
    full.close()
    assert full.failure is not None
    assert "no space left" in str(full.failure)


def test_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written: no such file or directory"):
        RecordingFile(tmp_path / "nowhere" / "a.jsonl")


HEADER = json.dumps({"format": "althan-recording", "version": 1}).encode() + b"\n"


@pytest.mark.parametrize(
    "octets, said",
    [
        (b"", "no recording"),
        (b"hello\n", "no recording"),
        (b"[]\n", "no recording"),
        (b'{"format": "althan-recording", "version": 2}\n', "version 2"),
        (HEADER + b"nonsense\n", "line 2: damaged: no JSON"),
        (HEADER + b"[1]\n", "no object"),
        (HEADER + b'{"at": 1}\n', "no entry of one kind"),
        (HEADER + b'{"at": 1, "in": "a", "out": "b"}\n', "no entry of one kind"),
        (HEADER + b'{"at": -1, "in": "a"}\n', "moment"),
        (HEADER + b'{"at": true, "in": "a"}\n', "moment"),
        (HEADER + b'{"at": 1, "in": 5}\n', "wrong fields"),
        (HEADER + b'{"at": 1, "in": "a", "args": 5}\n', "wrong fields"),
        (HEADER + b'{"at": 1, "in": "a", "wings": 2}\n', "unknown fields"),
        (HEADER + b"[" * 100_000 + b"\n", "no JSON"),
        (b"\x1f\x8b" + bytes(40), "damaged"),
    ],
)
def test_what_is_no_recording_is_said_in_one_line(octets: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(octets)
    with pytest.raises(BadInput, match=said) as error:
        read_recording(path, serial=False)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read_recording(path, serial=True)


def test_no_line_is_longer_than_its_limit_however_it_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 1_000)
    for name, pack in (("a.jsonl", bytes), ("a.jsonl.gz", gzip.compress)):
        path = tmp_path / name
        path.write_bytes(pack(HEADER + b'{"at": 1, "note": "' + b"x" * 2_000 + b'"}\n'))
        with pytest.raises(BadInput, match="line too long"):
            read_recording(path, serial=False)
