"""A run whose events, frames and keys go into the files of its output folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from emulator.core.standards import Standards
from emulator.observe.run_files import RunFiles
from emulator.runtime.air import FRAMES
from emulator.runtime.simulation import Simulation


def recorded(
    seed: int,
    fidelity: str,
    standards: Standards,
    files: RunFiles | None,
    *,
    folders: Sequence[Path] = (),
    key_establishment: bool = True,
) -> Simulation:
    """The run, with profiles from `folders` first; where there are no files, nothing of it is kept."""
    simulation = partial(
        Simulation, seed, fidelity=fidelity, standards=standards, profiles=folders, key_establishment=key_establishment
    )
    if files is None:
        return simulation()
    capture = files.capture if fidelity == FRAMES else None
    return simulation(sinks=(files.events,), capture=None if capture is None else capture.frame, keys=files.keys.add)
