"""`althan demo` as a user runs it: in this process, or in one of its own where that counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.control.cli.app import main

TOP = Path(__file__).resolve().parents[2]
ALTHAN = [sys.executable, "-m", "emulator"]
SMALL = "4096"
"""Octets of an image that is quickly sent."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of `althan demo`."""

    status: int
    out: str
    err: str
    folder: Path

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON object that it printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def device(self) -> dict[str, Any]:
        """The only bridge."""
        (device,) = self.summary["devices"]
        assert isinstance(device, dict)
        return device

    def events(self) -> list[dict[str, Any]]:
        """The lines of `events.jsonl`."""
        return [json.loads(line) for line in (self.folder / "events.jsonl").read_text().splitlines()]


class Demo:
    """Runs `althan demo --json` in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys
        self._runs = 0

    def __call__(self, *options: object) -> Run:
        """Run it with these options, its files in a folder of its own."""
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        self._capsys.readouterr()
        status = main(["demo", "--json", "--out", str(folder), *map(str, options)])
        printed = self._capsys.readouterr()
        return Run(status, printed.out, printed.err, folder)

    def small(self, *options: object) -> Run:
        """The same with a small image."""
        return self("--size", SMALL, *options)


def environment(**more: str) -> dict[str, str]:
    """The environment of a command in a process of its own."""
    return {**os.environ, "PYTHONPATH": str(TOP), **more}


def althan(*arguments: object, folder: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `althan` in `folder`, in a process of its own."""
    command = [*ALTHAN, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=env or environment(), capture_output=True, text=True, check=False, timeout=240
    )
