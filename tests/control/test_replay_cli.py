"""`althan replay`: the same or the first difference, and a recording that becomes a test with one command."""

from __future__ import annotations

import importlib.util
import json
import stat
from pathlib import Path
from types import ModuleType

import pytest

from emulator.control.cli.app import main
from emulator.runtime.air import APS
from tests.runtime.replay.recorded_world import RecordedWorld, recorded


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> RecordedWorld:
    return recorded(tmp_path_factory.mktemp("recorded"), APS)


def smaller_blocks(source: Path, path: Path) -> Path:
    """The recording, of a bridge that is said to ask for other blocks than it did."""
    first, *others = source.read_text().splitlines(keepends=True)
    header = json.loads(first)
    header["profile"]["ota"]["block_octets"] = 40
    path.write_text("".join((json.dumps(header) + "\n", *others)))
    return path


def module_at(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_what_is_the_same_is_said_in_one_line(world: RecordedWorld, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(world.hub_file)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("the same, ")
    assert (out.count("\n"), err) == (1, "")


def test_what_is_not_is_said_with_where_it_stands(
    world: RecordedWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, test = smaller_blocks(world.bridge_file, tmp_path / "a.jsonl"), tmp_path / "test_a.py"
    assert main(["replay", str(path), "--test", str(test)]) == 1
    out, _ = capsys.readouterr()
    assert "not the same after" in out
    assert "ApsMessage.payload: recorded" in out
    assert "is not written: it would be red" in out
    assert not test.exists()
    assert main(["replay", str(path), "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["same"] is False
    assert facts["difference"]["place"] == "send[0].ApsMessage.payload"
    assert facts["test"] is None


def test_a_recording_becomes_a_test_that_is_green_and_red_once_something_is_otherwise(
    world: RecordedWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = tmp_path / "test_update.py"
    assert main(["replay", str(world.bridge_file), "--test", str(test), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    copy = tmp_path / "test_update.recording.jsonl"
    assert (facts["same"], facts["test"], facts["test_recording"]) == (True, str(test), str(copy))
    assert sorted(tmp_path.iterdir()) == [test, copy]
    assert copy.read_bytes() == world.bridge_file.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    module = module_at(test)
    module.test_update_does_what_was_recorded()
    smaller_blocks(world.bridge_file, copy)
    with pytest.raises(AssertionError, match=r"test_update\.recording\.jsonl: line \d+, at .*ApsMessage\.payload"):
        module.test_update_does_what_was_recorded()


@pytest.mark.parametrize("name", ["update.py", "test_up-date.py", "test_update.txt", "nowhere/test_update.py"])
def test_where_no_test_can_be_written_is_bad_input(
    name: str, world: RecordedWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(world.bridge_file), "--test", str(tmp_path / name)]) == 2
    _, err = capsys.readouterr()
    assert err.startswith(f"althan: {tmp_path / name}: no test can be written there")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["test_update.py", "test_update.recording.jsonl"])
def test_nothing_that_is_there_is_written_over(
    there: str, world: RecordedWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / there).write_text("mine")
    assert main(["replay", str(world.bridge_file), "--test", str(tmp_path / "test_update.py")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / there).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_recording_that_lies_there_already_is_used_where_it_is(world: RecordedWorld, tmp_path: Path) -> None:
    copy = tmp_path / "test_update.recording.jsonl"
    copy.write_bytes(world.bridge_file.read_bytes())
    assert main(["replay", str(copy), "--test", str(tmp_path / "test_update.py")]) == 0
    module_at(tmp_path / "test_update.py").test_update_does_what_was_recorded()


def test_a_recording_that_was_cut_short_is_played_with_a_note(
    world: RecordedWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(world.bridge_file.read_bytes()[:-500])
    assert main(["replay", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("the same, ")
    assert err.startswith(f"note: {path}: ends within line ")


@pytest.mark.parametrize(
    "octets, said",
    [(b"", "no recording"), (b'{"format":"althan-recording","version":1,"role":"stick"}\n', "replay:FILE")],
)
def test_what_is_no_recording_of_a_device_is_bad_input(
    octets: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(octets)
    assert main(["replay", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
