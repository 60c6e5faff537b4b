"""`althan demo credentials`: the broker's credentials on a bridge are replaced, and everything wrong is tried."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json, ProfileFolders, Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

DEFAULT_FOLDER = Path("althan-demo-credentials")
FAILURE = 1


@app.command()
def credentials(
    profile: Annotated[str, typer.Option(metavar="NAME", help="Profile of the bridge.")] = "bridge-1",
    loss: Annotated[float, typer.Option(metavar="PERCENT", help="Of frames, that each link loses.")] = 0.0,
    hops: Annotated[int, typer.Option(metavar="N", help="Hops from hub to bridge.")] = 1,
    fidelity: Annotated[str, typer.Option(metavar="frames|aps", help="Every frame, or APS level.")] = "frames",
    seed: Annotated[int, typer.Option(metavar="N", help="Everything random follows from it.")] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files of the run go.")] = DEFAULT_FOLDER,
    settings: Settings = None,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Replace the Access Control Broker's credentials on a bridge over the HAN.

    Shows that the old ones are refused and the new ones accepted, then tries a replay, an older counter, and
    certificates of another authority.  Exit status 1 where a step did not go as it should.
    """
    import asyncio

    from emulator.control.cli.checklist_text import closing, show_step
    from emulator.control.cli.demo_run import terminated_like_interrupted
    from emulator.core.standards import Standards
    from emulator.observe.checklist import PASSED
    from emulator.observe.run_files import RunFiles
    from emulator.runtime.air import APS
    from emulator.scenarios.credentials import CredentialsPlan, run_credentials
    from emulator.scenarios.update_plan import check_loss

    check_loss(loss)
    standards = Standards.parse(settings or [])
    plan = CredentialsPlan(profile, loss, hops, fidelity, seed, standards, tuple(folders or ()))
    with terminated_like_interrupted(), RunFiles(out, capture=fidelity != APS) as files:
        summary = asyncio.run(run_credentials(plan, files, None if as_json else show_step))
    typer.echo(summary.text() if as_json else closing(summary), nl=not as_json)
    raise typer.Exit(0 if summary.outcome == PASSED else FAILURE)
