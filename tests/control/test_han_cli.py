"""`althan han show`: a run's folder or a running HAN, as a tree or as JSON; what is wrong is one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from emulator.control.api import RunningHan
from emulator.control.cli.app import main
from emulator.control.http.bodies import HanBody
from emulator.core.events import Event
from emulator.observe.han_map import map_of_events, map_of_served
from emulator.runtime.pace import MAX
from emulator.runtime.simulation import Simulation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the default demo, small."""
    found = tmp_path_factory.mktemp("run") / "run"
    options = ["--size", "2048", "--hops", "2", "--fidelity", "aps", "--out", str(found), "--json"]
    assert main(["demo", *options]) == 0
    return found


def test_a_runs_folder_is_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["han", "show", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("hub ")
    assert "└─ relay-1" in lines[1]
    assert "   └─ bridge-1" in lines[2]
    assert re.search("device log: ppmid, trusted  key established at [0-9.]+ s$", lines[2])


def test_the_same_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["han", "show", str(folder), "--json"]) == 0
    devices = json.loads(capsys.readouterr().out)["devices"]
    assert [(each["name"], each["parent"]) for each in devices] == [
        ("hub", None),
        ("relay-1", "hub"),
        ("bridge-1", "relay-1"),
    ]


@pytest.mark.parametrize(
    "arguments,said",
    [
        ((), "DIR or --url: one of them is needed"),
        (("x", "--url", "http://127.0.0.1:1"), "DIR or --url: one of them is needed"),
        (("nowhere",), "nowhere/events.jsonl: cannot be read: No such file or directory"),
        (("--url", "ftp://x"), "ftp://x"),
    ],
    ids=["neither", "both", "no folder", "no url"],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["han", "show", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_run_without_devices_in_its_events_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "events.jsonl").write_text("")
    assert main(["han", "show", str(tmp_path)]) == 2
    assert "no event says what devices there are" in capsys.readouterr().err


async def test_a_running_han_tells_addresses_parents_the_device_log_and_keys(seed: int) -> None:
    events: list[Event] = []
    async with Simulation(seed, fidelity="aps", sinks=[events.append]) as simulation:
        han = await simulation.han(bridges=["bridge-1"], hops=2)
        await simulation.sleep(1)  # the bridge has its key first, and the hub as soon as it is confirmed
        body = HanBody.of(RunningHan(simulation, han, MAX).status).model_dump(mode="json")
    found = map_of_served(body)
    assert found == map_of_events(events)
    assert [each.key_established_s is None for each in found.devices] == [True, False, False]
    assert [(each.name, each.parent) for each in found.devices] == [
        ("hub", None),
        ("relay-1", "hub"),
        ("bridge-1", "relay-1"),
    ]
    assert [each.log_type for each in found.devices] == [None, "ppmid", "ppmid"]
