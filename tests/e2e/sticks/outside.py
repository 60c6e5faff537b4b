"""Programs of others beside those of the package index: what they need of npm's, and how they run, bounded in time."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.sticks.environments import INSTALL_LIMIT_S, made_once

END_LIMIT_S = 60
_FILES = ("package.json", "package-lock.json")
_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries", "1")

# What is installed on the way counts towards a test's time, and another worker may be at it.
PATIENT = [pytest.mark.timeout(INSTALL_LIMIT_S + 60)] if importlib.util.find_spec("pytest_timeout") else []


def node_modules(config: pytest.Config, packages: Path) -> Path:
    """A folder with the `node_modules` that package-lock.json in `packages` names; skips where it cannot be had.

    It lies in pytest's cache, under a name that changes with those files; one worker makes it, the others wait.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is absent (Debian packages nodejs and npm)")
    assert config.cache is not None
    folder = config.cache.mkdir("node_modules")
    recipe = b"\n".join((packages / name).read_bytes() for name in _FILES)
    place = folder / f"{packages.name}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    made_once(place, lambda: _make(place, packages))
    return place


def _make(place: Path, packages: Path) -> None:
    place.mkdir()
    for name in _FILES:
        shutil.copy(packages / name, place)
    try:
        made = subprocess.run(_INSTALL, cwd=place, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{packages.name} cannot be installed: it takes more than {INSTALL_LIMIT_S} s")
    if made.returncode:
        said = made.stderr.splitlines() or ["no reason given"]
        pytest.skip(f"{packages.name} cannot be installed: {said[0]}")


@contextmanager
def running(folder: Path, *command: str, limit_s: float) -> Iterator[subprocess.Popen[str]]:
    """A program that runs until the block is left or its time is up; all its output in `stdout`, a line at a time."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(limit_s, process.kill)
    watchdog.start()
    with process:
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def told(process: subprocess.Popen[str], wanted: str) -> str:
    """The next line of output in which this stands; where none comes, the test fails and shows what did."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if wanted in line:
            return line
    pytest.fail(f"{wanted!r} never came, but: {''.join(seen)}")


def interrupt(process: subprocess.Popen[str]) -> str:
    """End it as Ctrl-C does; what it said since it was read last."""
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=END_LIMIT_S)
    return out
