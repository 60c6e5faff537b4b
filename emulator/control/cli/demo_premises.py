"""`althan demo premises`: what bridges are for, the update of a whole set, and what the others notice of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json, ProfileFolders, Settings

if TYPE_CHECKING:
    from emulator.observe.checklist import ChecklistSummary
    from emulator.scenarios.premises_plan import PreparedPremises

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

DEFAULT_FOLDER = Path("althan-demo-premises")
FAILURE = 1

_PRESET_HELP = "Name or file of the premises; without one they are listed."
_SIZE_HELP = "Octets of the images that are built (768000, the limit, if not given)."
_PAUSE_HELP = "Pause that the bridges ask for between two blocks, instead of that of the premises."
_BATTERY_HELP = "Charge of the battery-fed bridges when the run begins, instead of that of their profiles."


@app.command()
def premises(
    preset: Annotated[str | None, typer.Argument(metavar="[PRESET]", help=_PRESET_HELP)] = None,
    size: Annotated[int | None, typer.Option(metavar="BYTES", help=_SIZE_HELP)] = None,
    min_block_period: Annotated[int | None, typer.Option(metavar="MS", help=_PAUSE_HELP)] = None,
    battery: Annotated[float | None, typer.Option(metavar="PERCENT", help=_BATTERY_HELP)] = None,
    fidelity: Annotated[str, typer.Option(metavar="frames|aps", help="Every frame, or APS level.")] = "frames",
    seed: Annotated[int, typer.Option(metavar="N", help="Everything random follows from it.")] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files of the run go.")] = DEFAULT_FOLDER,
    settings: Settings = None,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Show who reaches the hub without the bridges of a premises and with them, then update the whole set.

    Measures what the update does to the traffic of the others, how long a device behind a bridge is cut off while that
    restarts, and what a battery-fed bridge costs those behind it.  Exit status 1 where a step did not go as it should.

    With --battery a bridge may have too little charge: that its update is put off ("deferred: low battery"), and that
    it is off for good once nothing is left, is then what was asked for, and no failure.  Where nothing is left within
    six hours, the run goes on until then and an hour longer.
    """
    from emulator.core.standards import Standards
    from emulator.observe.checklist import PASSED
    from emulator.scenarios.premises_plan import PremisesPlan, prepare_premises

    standards = Standards.parse(settings or [])
    if preset is None:
        typer.echo(_listed(folders or [], as_json=as_json))
        return
    plan = PremisesPlan(
        preset,
        size,
        min_block_period,
        fidelity,
        seed,
        standards=standards,
        folders=tuple(folders or ()),
        battery=battery,
    )
    summary = _run(prepare_premises(plan), out, as_json=as_json)
    raise typer.Exit(0 if summary.outcome == PASSED else FAILURE)


def _run(prepared: PreparedPremises, folder: Path, *, as_json: bool) -> ChecklistSummary:
    import asyncio

    from emulator.control.cli.checklist_text import closing, show_step
    from emulator.control.cli.demo_run import terminated_like_interrupted
    from emulator.control.progress import progress_on_stderr
    from emulator.observe.han_map import HanMap
    from emulator.observe.han_map_text import han_map_lines
    from emulator.observe.run_files import RunFiles
    from emulator.runtime.air import APS
    from emulator.runtime.han import BridgeHandle
    from emulator.runtime.simulation import Simulation
    from emulator.scenarios.premises import run_premises

    with (
        terminated_like_interrupted(),
        RunFiles(folder, capture=prepared.plan.fidelity != APS) as files,
        progress_on_stderr(quiet=as_json) as progress,
    ):

        def watch(simulation: Simulation, bridges: list[BridgeHandle], sizes: list[int]) -> None:
            simulation.after_slice(lambda: progress.show(simulation, bridges, sizes))

        summary = asyncio.run(run_premises(prepared, files, watch=watch))
    if as_json:
        typer.echo(summary.text(), nl=False)
        return summary
    # Not while progress is shown: on a terminal it would take the lines for its own.
    for check in summary.checks:
        show_step(check)
    typer.echo("\n".join(["", *han_map_lines(summary.han or HanMap()), closing(summary)]))
    return summary


def _listed(folders: list[Path], *, as_json: bool) -> str:
    """Every premises there is: a line each, or all of each as JSON."""
    import json

    from emulator.devices.premises.loading import premises_paths, read_premises

    found = [read_premises(path, folders).premises for path in premises_paths(folders).values()]
    if as_json:
        return json.dumps([{"name": one.name, **one.model_dump(mode="json")} for one in found], indent=2)
    width = max((len(one.name) for one in found), default=0)
    return "\n".join(f"{one.name:<{width}}  {len(one.bridge)} bridges  {one.description}" for one in found)
