"""What a user sees while a run is under way: on a terminal, in a log, and with --json."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.command import ALTHAN, althan, environment


def on_a_terminal(folder: Path, *options: str) -> tuple[str, str]:
    """What a run writes to a terminal that is its stderr, and what to stdout."""
    ours, theirs = pty.openpty()
    command = [*ALTHAN, "demo", *options]
    env = environment(TERM="xterm", COLUMNS="160", LINES="40")
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = bytearray()
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    return shown.decode(), printed.decode()


@pytest.mark.e2e
def test_a_terminal_shows_bytes_percent_rate_resent_and_both_clocks(tmp_path: Path) -> None:
    shown, printed = on_a_terminal(tmp_path)
    states = re.findall(
        r"bridge-1 +([\d,]+) of 768,000 bytes +(\d+)%, +([\d,]+) bytes/s,"
        r" (\d+) blocks re-sent(, ETA [\d,]+ s virtual)?",
        shown,
    )
    assert len(states) > 5
    numbers = [int(state[0].replace(",", "")) for state in states]
    assert numbers == sorted(numbers)
    for _, percent, _, resent, eta in states:
        assert resent == "0"
        assert bool(eta) == (int(percent) >= 10) or percent == "10"
    rates = [int(state[2].replace(",", "")) for state in states]
    assert all(2_000 < rate < 2_800 for rate in rates)
    assert re.search(r"virtual [\d,.]+ s, real [\d.]+ s \(\d+x\)", shown)
    assert printed.startswith("activated: ")
    assert "\x1b" not in printed


@pytest.mark.e2e
def test_a_log_gets_a_line_every_two_seconds_at_most(tmp_path: Path) -> None:
    done = althan("demo", "--loss", 20, folder=tmp_path)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    reals = [float(re.findall(r"real ([\d.]+) s", line)[0]) for line in lines]
    assert lines
    assert all(later - earlier >= 1.9 for earlier, later in pairwise(reals))
    assert done.stdout.startswith("activated: ")
    assert "\x1b" not in done.stderr


def test_a_short_run_says_nothing_on_stderr(tmp_path: Path) -> None:
    done = althan("demo", "--size", 4_096, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.e2e
def test_with_json_a_terminal_shows_nothing(tmp_path: Path) -> None:
    shown, printed = on_a_terminal(tmp_path, "--json", "--lean")
    assert shown == ""
    assert printed.startswith("{")
