"""`althan serve`: a HAN that keeps running, for other programs to reach over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json, ProfileFolders, Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

DEFAULT_LISTEN = "127.0.0.1:8420"

_LISTEN_HELP = "Where to listen; port 0 = a free one."
_REMOTE_HELP = "Let --listen name an address that other machines reach: whoever does may use it, there is no password."
_SPEED_HELP = "By the wall clock, N times as fast, or jumping while an answer is waited for."
_PKI_HELP = "Use the keys in this PKI, or write a new one there; the HAN's devices are added."
_PREMISES_HELP = (
    "Serve this whole premises, by name or file, instead of --profile and --hub; see `althan demo premises`."
)
_SEED_HELP = "Everything random follows from it, also keys of --pki, which nobody can guess otherwise."


@app.command()
def serve(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help=_LISTEN_HELP)] = DEFAULT_LISTEN,
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help=_REMOTE_HELP)] = False,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Profile of a bridge (bridge-1); several times for several."),
    ] = None,
    hub: Annotated[str | None, typer.Option(metavar="NAME", help="Profile of the hub (hub).")] = None,
    premises: Annotated[str | None, typer.Option(metavar="PRESET", help=_PREMISES_HELP)] = None,
    speed: Annotated[str, typer.Option(metavar="real|N|max", help=_SPEED_HELP)] = "real",
    seed: Annotated[int | None, typer.Option(metavar="N", help=_SEED_HELP)] = None,
    fidelity: Annotated[str, typer.Option(metavar="frames|aps", help="Every frame, or APS level.")] = "frames",
    pki: Annotated[Path | None, typer.Option(metavar="DIR", help=_PKI_HELP)] = None,
    settings: Settings = None,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Set up a HAN, let its devices join, and serve it over HTTP until interrupted or terminated.

    `althan gbcs send` talks to it.  With --json stdout has one object a line: the devices, then where it serves.
    """
    from emulator.control.cli.serve_run import ServePlan, carry_out
    from emulator.control.http.address import parse_address
    from emulator.core.errors import BadInput
    from emulator.core.standards import Standards
    from emulator.runtime.pace import parse_speed

    if premises is not None and (profile or hub is not None):
        raise BadInput("has its own hub and bridges", where="--premises", allowed="without --profile and --hub")
    carry_out(
        ServePlan(
            address=parse_address(listen, "--listen"),
            allow_remote=allow_remote,
            profiles=tuple(profile or ("bridge-1",)),
            hub=hub or "hub",
            premises=premises,
            speed=parse_speed(speed),
            seed=seed,
            fidelity=fidelity,
            pki=pki,
            standards=Standards.parse(settings or []),
            folders=tuple(folders or ()),
        ),
        as_json=as_json,
    )
