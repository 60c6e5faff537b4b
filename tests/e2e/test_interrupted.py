"""Ctrl-C or a polite kill in the middle of a run: status 130, no traceback, nothing half-written left."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.command import ALTHAN, environment

LONG_RUN = ["--loss", "20", "--profile", "bridge-1", "--profile", "bridge-1", "--profile", "bridge-1"]
DEADLINE_S = 60


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    """A long run that is under way: its capture grows."""
    command = [*ALTHAN, "demo", *LONG_RUN, *options]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + DEADLINE_S
    while not any(path.stat().st_size > 100_000 for path in folder.rglob("han.pcap.part")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["words", "json"])
def test_an_interrupted_run_leaves_nothing_half_written(
    tmp_path: Path, number: signal.Signals, options: list[str]
) -> None:
    process = started(tmp_path, "--out", "new/deep", *options)
    process.send_signal(number)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.e2e
def test_files_of_an_earlier_run_survive_an_interrupted_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "summary.json").write_text("of before")
    process = started(tmp_path, "--out", "run")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert [path.name for path in folder.iterdir()] == ["summary.json"]
    assert (folder / "summary.json").read_text() == "of before"
