"""Progress as a meter tells it: the numbers of the bridges, an estimate only where it means something, quiet logs."""

from __future__ import annotations

import sys
from typing import cast

import pytest

from emulator.control import progress as progress_module
from emulator.control.progress import Lines, Meter, Silence, progress_on_stderr
from emulator.runtime.han import BridgeHandle
from emulator.runtime.simulation import Simulation

SIZE = 10_000


class Counters:
    bytes_resent = 120


class Usage:
    counters = Counters()

    @staticmethod
    def rate(received: int, now: int) -> float:
        return received * 1e6 / now


class Device:
    block_octets = 50


class Bridge:
    """A bridge that is as far as the test says."""

    name = "bridge-1"
    version = "00010000"
    usage = Usage()
    device = Device()

    def __init__(self, received: int, total: int = SIZE, stage: str = "downloading") -> None:
        self.progress = (received, total)
        self.stage = stage


class Run:
    now = 5_000_000


def lines(*bridges: Bridge) -> list[str]:
    simulation = cast("Simulation", Run())
    return Meter(real=False).bridges(simulation, cast("list[BridgeHandle]", list(bridges)), [SIZE] * len(bridges))


def test_a_download_shows_bytes_percent_rate_and_blocks_sent_again() -> None:
    assert lines(Bridge(2_500)) == [
        "bridge-1    2,500 of 10,000 bytes  25%,   500 bytes/s, 3 blocks re-sent, ETA 15 s virtual"
    ]


def test_there_is_no_estimate_before_a_tenth_is_there() -> None:
    assert "ETA" not in lines(Bridge(999))[0]
    assert "ETA" in lines(Bridge(1_000))[0]


@pytest.mark.parametrize("stage", ["joining", "verifying", "activating", "restarting", "reporting the activation"])
def test_outside_the_download_the_stage_is_said_in_words(stage: str) -> None:
    assert lines(Bridge(0, 0, stage)) == [f"bridge-1  {stage}, version 00010000"]
    assert lines(Bridge(SIZE, SIZE, stage)) == [f"bridge-1  {stage}, version 00010000"]


def test_both_clocks_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((100.0, 100.5))
    monkeypatch.setattr(progress_module, "perf_counter", lambda: next(times))
    assert Meter(real=False).clocks(cast("Simulation", Run())) == "virtual 5.0 s, real 0.5 s (10x)"


def test_a_log_gets_lines_every_two_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress_module, "perf_counter", lambda: now[0])
    shown = Lines()
    written = []
    for moment in (100.1, 101.9, 102.0, 103.9, 104.0):
        now[0] = moment
        shown.show(cast("Simulation", Run()), [cast("BridgeHandle", Bridge(500))], [SIZE])
        written.append(capsys.readouterr().err.count("\n"))
    assert written == [0, 0, 1, 0, 1]


def test_who_wants_quiet_gets_it_and_a_log_gets_no_terminal_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    with progress_on_stderr(quiet=True) as quiet:
        assert isinstance(quiet, Silence)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with progress_on_stderr(quiet=False) as plain:
        assert isinstance(plain, Lines)
