from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.core.errors import BadInput
from emulator.core.events import Event
from emulator.observe.capture import read_capture
from emulator.observe.metrics import Metrics
from emulator.observe.part_file import PartFile
from emulator.observe.run_files import RunFiles
from emulator.observe.summary import FileNames, RunSummary

ALL = ["events.jsonl", "han.pcap", "junit.xml", "keys.txt", "report.html", "seed.txt", "summary.json"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(files: RunFiles) -> None:
    for at in range(3_000):
        files.events(Event(at, "hub", "x", None, {"n": at}))
        if files.capture is not None:
            files.capture.frame(at, b"0123456789", -40, 200, 15)
    files.keys.add(bytes(16), "network key")


def test_a_finished_run_leaves_every_file_and_nothing_else(
    tmp_path: Path, run: Callable[..., RunSummary], metrics: Metrics
) -> None:
    folder = tmp_path / "new" / "out"
    with RunFiles(folder) as files:
        fill(files)
        whole = files.finish(run(files=FileNames()), metrics.snapshot())
    assert names(folder) == ALL
    assert len((folder / "events.jsonl").read_text().splitlines()) == 3_000
    assert len(list(read_capture(folder / "han.pcap"))) == 3_000
    assert (folder / "seed.txt").read_text() == "7\n"
    assert (folder / "summary.json").read_text() == whole.text()
    assert json.loads(whole.text())["files"]["capture"] == str(folder / "han.pcap")
    assert "00000000000000000000000000000000 network key" in (folder / "keys.txt").read_text()
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_the_same_run_leaves_the_same_octets(tmp_path: Path, run: Callable[..., RunSummary], metrics: Metrics) -> None:
    for name in ("a", "b"):
        with RunFiles(tmp_path / name) as files:
            fill(files)
            files.finish(run(), metrics.snapshot())
    for name in set(ALL) - {"summary.json"}:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_nothing_has_its_name_before_the_run_is_finished(tmp_path: Path) -> None:
    with RunFiles(tmp_path) as files:
        fill(files)
        assert all(name.endswith(".part") for name in names(tmp_path))
        assert len(names(tmp_path)) == len(ALL)


def test_an_interrupted_run_leaves_nothing_and_keeps_the_results_before_it(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("older\n")

    def interrupted() -> None:
        with RunFiles(tmp_path) as files:
            fill(files)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == ["events.jsonl"]
    assert (tmp_path / "events.jsonl").read_text() == "older\n"


def test_an_interrupted_run_takes_away_the_folders_it_made_and_no_others(tmp_path: Path) -> None:
    RunFiles(tmp_path / "a" / "b").discard()
    assert names(tmp_path) == []
    files = RunFiles(tmp_path / "a" / "b")
    (tmp_path / "a" / "mine").touch()
    files.discard()
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["mine"]


def test_a_finished_run_replaces_the_one_before_it(
    tmp_path: Path, run: Callable[..., RunSummary], metrics: Metrics
) -> None:
    for seed in (1, None):
        with RunFiles(tmp_path) as files:
            files.finish(run(seed=seed), metrics.snapshot())
    assert (tmp_path / "seed.txt").read_text() == "none\n"
    assert (tmp_path / "events.jsonl").read_bytes() == b""
    assert names(tmp_path) == ALL


def test_a_run_without_frames_has_no_capture(tmp_path: Path, run: Callable[..., RunSummary], metrics: Metrics) -> None:
    with RunFiles(tmp_path, capture=False) as files:
        fill(files)
        whole = files.finish(run(), metrics.snapshot())
    assert names(tmp_path) == [name for name in ALL if name not in {"han.pcap", "keys.txt"}]
    assert (whole.files.capture, whole.files.keys) == (None, None)


def test_what_was_left_by_a_killed_run_is_overwritten(
    tmp_path: Path, run: Callable[..., RunSummary], metrics: Metrics
) -> None:
    (tmp_path / "events.jsonl.part").write_text("half a li")
    with RunFiles(tmp_path) as files:
        files.finish(run(), metrics.snapshot())
    assert names(tmp_path) == ALL


def test_a_name_that_no_file_can_hold_is_written_all_the_same(
    tmp_path: Path, run: Callable[..., RunSummary], metrics: Metrics
) -> None:
    with RunFiles(tmp_path) as files:
        files.finish(run(outcome="failed", reason="\ud800"), metrics.snapshot())
    assert names(tmp_path) == ALL


def test_a_file_in_place_of_the_folder_is_one_line_of_bad_input(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.touch()
    for folder in (place, place / "below"):
        with pytest.raises(BadInput) as refused:
            RunFiles(folder)
        assert str(folder) in str(refused.value)
        assert "\n" not in str(refused.value)
        assert refused.value.allowed
    assert names(tmp_path) == ["out"]


def test_a_folder_that_takes_no_file_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, mode: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(BadInput, match=r"events\.jsonl: cannot be created: permission denied \(allowed:"):
        RunFiles(tmp_path / "out")
    assert names(tmp_path) == []


def test_a_folder_named_like_a_file_is_found_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "summary.json").mkdir()
    with pytest.raises(BadInput, match=r"summary\.json"):
        RunFiles(tmp_path)
    assert names(tmp_path) == ["summary.json"]


def test_a_full_disk_publishes_nothing(
    tmp_path: Path, run: Callable[..., RunSummary], metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = PartFile.close

    def full(part: PartFile) -> None:
        close(part)
        if part.path.name == "summary.json":
            raise BadInput("cannot be written: no space left on device", where=str(part.path))

    files = RunFiles(tmp_path)
    monkeypatch.setattr(PartFile, "close", full)
    with pytest.raises(BadInput, match="no space"):
        files.finish(run(), metrics.snapshot())
    files.discard()
    assert names(tmp_path) == []


def test_a_device_without_room_says_so_in_one_line(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "x")
    with Path("/dev/full").open("wb", buffering=0) as full:
        part._file.close()
        part._file = full
        with pytest.raises(BadInput, match="cannot be written: no space left on device"):
            part.write(b"x")
    part.discard()
