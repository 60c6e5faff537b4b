"""How long a command takes until it is over, Python's own start included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.child import CLONE, Measured

_TIMES = 5


def start(*, arguments: list[str], through_tools: bool) -> Measured:
    """Seconds of one `althan` command, the least of five; through `tools/althan` or the program itself."""
    if through_tools:
        program = [str(CLONE / "tools" / "althan")]
    else:
        script = Path(sys.executable).with_name("althan")
        program = [str(script)] if script.exists() else [sys.executable, "-m", "emulator"]
    return {"seconds": min(_seconds([*program, *arguments]) for _ in range(_TIMES))}


def python() -> Measured:
    """Seconds of an interpreter that does nothing."""
    return {"seconds": min(_seconds([sys.executable, "-c", "pass"]) for _ in range(_TIMES))}


def _seconds(command: list[str]) -> float:
    began = perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return perf_counter() - began
