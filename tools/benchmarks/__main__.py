"""What the emulator costs on this machine: every figure that has a budget, beside it.

The exit status is 0 whatever the figures say: a busy machine is no fault of the program.  Each measurement runs in a
process of its own; figures are the median of the rounds, and min and max beside it tell how noisy the machine was.
Ratios compare what was measured in the same round, so they hold where absolute times drift.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence

from benchmarks.child import ProbeError
from benchmarks.figures import Figure, Sample, collect
from benchmarks.suites import SUITES, Suite
from benchmarks.table import table

BAD_INPUT = 2
INTERRUPTED = 130
DEFAULT_RUNS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 2 where the command line is wrong, 130 where somebody lost patience."""
    options = _options(arguments)
    chosen = options.names or list(SUITES)
    figures: list[Figure] = []
    failures: list[str] = []
    load_before = os.getloadavg()[0]
    try:
        for name in chosen:
            found = _measure(name, SUITES[name], options.runs, failures)
            figures += found
            if not options.json:
                print(table(f"{name}: {SUITES[name].title}", found), end="\n\n", flush=True)
    except KeyboardInterrupt:
        return INTERRUPTED
    machine: dict[str, object] = {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "runs": options.runs,
        "load_before": load_before,
        "load_after": os.getloadavg()[0],
    }
    if options.json:
        objects = [figure.as_object() for figure in figures]
        print(json.dumps({"machine": machine, "failures": failures, "figures": objects}, indent=2))
    else:
        print("\n".join(_conclusion(figures, failures, machine)))
    return 0


def _conclusion(figures: list[Figure], failures: list[str], machine: dict[str, object]) -> list[str]:
    """What the tables come to."""
    over = [f"{figure.suite}: {figure.name}" for figure in figures if figure.verdict == "OVER"]
    load = f"load {machine['load_before']:.2f} before and {machine['load_after']:.2f} after"
    lines = [f"Python {machine['python']}, {machine['processors']} processors, {load}, median of {machine['runs']}"]
    lines += [f"not measured: {failure}" for failure in failures]
    lines += [f"over budget: {name}" for name in over]
    return lines if over or failures else [*lines, "every budget is kept"]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = "\n".join(f"  {name:10} {suite.title}" for name, suite in SUITES.items())
    parser = argparse.ArgumentParser(
        "tools/bench",
        description="Measure what the emulator costs, each figure beside its budget; the exit status is 0 always.",
        epilog=f"names (all of them where none is given):\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure")
    parser.add_argument("--runs", type=int, default=DEFAULT_RUNS, metavar="N", help="rounds, 3 if not given")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in SUITES]
    if unknown:
        parser.error(f"nothing is called {unknown[0]!r}; there are {', '.join(SUITES)}")
    if options.runs < 1:
        parser.error("--runs: 1 or more")
    return options


def _measure(name: str, suite: Suite, runs: int, failures: list[str]) -> list[Figure]:
    """All rounds of one suite; what does not depend on the machine takes one."""
    rounds: list[list[Sample]] = []
    number = 1 if suite.exact else runs
    for turn in range(1, number + 1):
        print(f"bench: {name}, round {turn} of {number}", file=sys.stderr, flush=True)
        rounds.append([])
        try:
            rounds[-1].extend(suite.measure())
        except ProbeError as error:
            failures.append(f"{name}, round {turn}: {error}")
    return collect(name, rounds)


if __name__ == "__main__":
    sys.exit(main())
