"""Outside programs from the package index, each in an environment of its own, which is made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

INSTALL_LIMIT_S = 240
COMPLETE = "complete"


def environment(config: pytest.Config, lock: Path) -> Path:
    """The `bin` of an environment with what a lock file names, and nothing else; skips where it cannot be had.

    It lies in pytest's cache, under a name that changes with the lock and with the interpreter.
    """
    assert config.cache is not None
    folder = config.cache.mkdir("environments")
    recipe = f"{sys.version}\n{folder}\n{lock.read_text()}"
    place = folder / f"{lock.stem}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    made_once(place, lambda: _make(place, lock))
    return place / "bin"


def made_once(place: Path, make: Callable[[], None]) -> None:
    """Have one worker make a folder, while the others wait; one that was not finished is made again."""
    with place.with_name(f"{place.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (place / COMPLETE).exists():
            shutil.rmtree(place, ignore_errors=True)
            make()
            (place / COMPLETE).touch()


def _make(place: Path, lock: Path) -> None:
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    for command in ((sys.executable, "-m", "venv", place), (place / "bin/python", *install, "--requirement", lock)):
        try:
            made = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{lock.stem} cannot be installed: it takes more than {INSTALL_LIMIT_S} s")
        if made.returncode:
            pytest.skip(f"{lock.stem} cannot be installed: {[*made.stderr.splitlines(), 'no reason given'][-2:][0]}")
