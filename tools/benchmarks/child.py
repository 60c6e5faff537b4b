"""Runs one probe in a process of its own, so that imports, memory and warmth of one never touch another's figures."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]

Measured = dict[str, float]
"""What a probe found, by name."""


class ProbeError(Exception):
    """A probe came to no figure; the text says why."""


def probe(name: str, **arguments: object) -> Measured:
    """What the probe `name` (`MODULE.FUNCTION` of `probes`) finds with these arguments, in a fresh process.

    Raises:
        ProbeError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.child", name, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CLONE, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ProbeError(f"{name} {json.dumps(arguments)}: {last[0]}")
    found: Measured = json.loads(done.stdout)
    return found


def main() -> None:
    """The other end of `probe`."""
    module, _, function = sys.argv[1].partition(".")
    run = getattr(import_module(f"benchmarks.probes.{module}"), function)
    json.dump(run(**json.loads(sys.argv[2])), sys.stdout)


if __name__ == "__main__":
    main()
