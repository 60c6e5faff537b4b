"""`althan demo swap-out`: the hub is replaced, and what becomes of the devices of its HAN."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json, ProfileFolders, Settings

if TYPE_CHECKING:
    from emulator.observe.checklist import ChecklistSummary
    from emulator.scenarios.swap_out_plan import PreparedSwapOut

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

DEFAULT_FOLDER = Path("althan-demo-swap-out")
BOTH = "both"
FAILURE = 1

_SETTING_HELP = "What bridges show of themselves: no Tunnelling cluster, as MP170 has it, or that cluster."
_PREMISES_HELP = "Name or file of the premises; see `althan demo premises`."
_SIZE_HELP = "Octets of the images that are built."
_OUT_HELP = "Where the files of the run go, a folder for each setting."


@app.command("swap-out")
def swap_out(
    setting: Annotated[str, typer.Option(metavar="mp170|tunnelling|both", help=_SETTING_HELP)] = BOTH,
    premises: Annotated[str, typer.Option(metavar="PRESET", help=_PREMISES_HELP)] = "ppmid-far",
    hub: Annotated[str, typer.Option(metavar="NAME", help="Profile of the new hub.")] = "hub",
    size: Annotated[int, typer.Option(metavar="BYTES", help=_SIZE_HELP)] = 8_192,
    fidelity: Annotated[str, typer.Option(metavar="frames|aps", help="Every frame, or APS level.")] = "frames",
    seed: Annotated[int, typer.Option(metavar="N", help="Everything random follows from it.")] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help=_OUT_HELP)] = DEFAULT_FOLDER,
    settings: Settings = None,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Replace the hub of a premises, restore its device log into the new one, and see who comes back as what.

    The devices find the new hub under the hash of their old link keys and establish others.  A bridge that shows no
    Tunnelling cluster is taken for an IHD from then on, and gets no firmware; one that shows it stays a PPMID.
    `--json` prints an object with a summary for each setting.  Exit status 1 where a step did not go as it should.
    """
    import json

    from emulator.core.errors import BadInput
    from emulator.core.standards import Standards
    from emulator.observe.checklist import PASSED
    from emulator.scenarios.swap_out_plan import SETTINGS, SwapOutPlan, prepare_swap_out

    standards = Standards.parse(settings or [])
    if any(each.partition("=")[0].strip() == "swap_out.bridges" for each in settings or []):
        raise BadInput("the demo sets it itself", where="--set swap_out.bridges", allowed="--setting")
    if setting not in (*SETTINGS, BOTH):
        raise BadInput(f"{setting!r}", where="--setting", allowed=", ".join((*SETTINGS, BOTH)))
    chosen = SETTINGS if setting == BOTH else (setting,)
    plans = [SwapOutPlan(each, premises, hub, size, fidelity, seed, standards, tuple(folders or ())) for each in chosen]
    prepared = [prepare_swap_out(plan) for plan in plans]
    summaries = [_run(each, out / each.plan.setting, as_json=as_json) for each in prepared]
    if as_json:
        by_setting = {plan.setting: summary.as_object() for plan, summary in zip(plans, summaries, strict=True)}
        typer.echo(json.dumps(by_setting, indent=2, allow_nan=False))
    raise typer.Exit(0 if all(summary.outcome == PASSED for summary in summaries) else FAILURE)


def _run(prepared: PreparedSwapOut, folder: Path, *, as_json: bool) -> ChecklistSummary:
    import asyncio

    from emulator.control.cli.checklist_text import closing, show_step
    from emulator.control.cli.demo_run import terminated_like_interrupted
    from emulator.observe.han_map import HanMap
    from emulator.observe.han_map_text import han_map_lines
    from emulator.observe.run_files import RunFiles
    from emulator.runtime.air import APS
    from emulator.scenarios.swap_out import run_swap_out

    if not as_json:
        typer.echo(f"swap_out.bridges={prepared.plan.setting}")
    with terminated_like_interrupted(), RunFiles(folder, capture=prepared.plan.fidelity != APS) as files:
        summary = asyncio.run(run_swap_out(prepared, files, None if as_json else show_step))
    if not as_json:
        typer.echo("\n".join(["", *han_map_lines(summary.han or HanMap()), closing(summary), ""]))
    return summary
