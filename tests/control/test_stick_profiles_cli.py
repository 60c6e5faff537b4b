"""`althan profiles --sticks` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.control.cli.app import main
from emulator.runtime.sticks.profiles import stick_paths


def test_sticks_are_listed_with_chip_and_description(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "--sticks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(stick_paths())
    assert any("EFR32MG24A420F1536IM40" in line and line.endswith("Home Assistant Connect ZBT-2") for line in lines)


def test_as_json_they_have_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "--sticks", "--json"]) == 0
    found = {stick["name"]: stick for stick in json.loads(capsys.readouterr().out)}
    assert list(found) == list(stick_paths())
    assert found["slzb-07"]["baud_rate"] == 115_200
    assert found["connect-zbt-2"]["ezsp"] == []


def test_one_is_shown_with_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "--sticks", "thunderboard-sense-2"]) == 0
    shown = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert (shown["chip"], shown["baud_rate"], shown["usb"]) == ("EFR32MG12", "(not set)", "none")


@pytest.mark.parametrize(
    "arguments, said", [(["yelow"], "did you mean 'yellow'"), (["--profiles", "/nonsense"], "/nonsense: is no folder")]
)
def test_what_there_is_not_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "--sticks", *arguments]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)


def test_a_wrong_file_names_file_and_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "one"\nchip = "EFR32MG24"\nbaud = 1\n')
    assert main(["profiles", "--sticks", str(path)]) == 2
    assert f"{path}: baud: unknown key" in capsys.readouterr().err
