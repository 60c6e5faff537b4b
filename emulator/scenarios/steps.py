"""The steps of a run that shows a behaviour, as they are noted one after the other."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.clock import SECOND
from emulator.core.events import Value
from emulator.core.standards import Standards
from emulator.observe.checklist import FAILED, PASSED, Check, ChecklistSummary
from emulator.observe.han_map import HanMap
from emulator.runtime.simulation import Simulation

StepDone = Callable[[Check], None]
"""Told of each step once it is over, e.g. to show progress."""


class Steps:
    """The steps of one run.

    Attributes:
        checks: one a step.
    """

    def __init__(self, simulation: Simulation, step_done: StepDone | None = None) -> None:
        self.checks: list[Check] = []
        self._simulation = simulation
        self._step_done = step_done

    def note(
        self,
        name: str,
        expected: str,
        happened: str,
        *,
        passed: bool,
        reason: str | None = None,
        figures: dict[str, Value] | None = None,
    ) -> None:
        """A step is over."""
        at = round(self._simulation.now / SECOND, 6)
        check = Check(name, expected, happened, passed, at, reason, figures=figures or {})
        self.checks.append(check)
        if self._step_done is not None:
            self._step_done(check)

    def summary(self, title: str, standards: Standards, han: HanMap | None = None) -> ChecklistSummary:
        """What came of them all."""
        simulation = self._simulation
        return ChecklistSummary(
            title=title,
            outcome=PASSED if all(check.passed for check in self.checks) else FAILED,
            seed=simulation.seed,
            fidelity=simulation.fidelity,
            virtual_seconds=simulation.now / SECOND,
            wall_seconds=round(simulation.recorder.wall_seconds, 6),
            frames=simulation.air.frames,
            checks=tuple(self.checks),
            standards=standards.non_defaults(),
            han=han,
        )
