"""A run whose events, frames and keys go into the files of its output folder."""

from __future__ import annotations

from emulator.core.standards import Standards
from emulator.observe.run_files import RunFiles
from emulator.runtime.air import FRAMES
from emulator.runtime.simulation import Simulation


def recorded(
    seed: int, fidelity: str, standards: Standards, files: RunFiles | None, *, key_establishment: bool = True
) -> Simulation:
    """The run; where there are no files, nothing of it is kept."""
    if files is None:
        return Simulation(seed, fidelity=fidelity, standards=standards, key_establishment=key_establishment)
    capture = files.capture if fidelity == FRAMES else None
    return Simulation(
        seed,
        fidelity=fidelity,
        standards=standards,
        sinks=(files.events,),
        capture=None if capture is None else capture.frame,
        keys=files.keys.add,
        key_establishment=key_establishment,
    )
