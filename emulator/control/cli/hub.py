"""`althan hub run`: a ZigBee stick becomes the hub that updates bridges."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.live_options import (
    Ca,
    NoCbke,
    Once,
    Port,
    Record,
    SharedPkiFolder,
    StateFolder,
)
from emulator.control.cli.options import Json, ProfileFolders, Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_ALLOW_HELP = (
    "Let this device join with its install code; several times for several. TYPE: bridge or ppmid (the default), "
    "esme, gsme, hcalcs, ihd, cad."
)
_IMAGE_HELP = "Offer this OTA file to every device that --allow names."
_PAN_HELP = "Of the HAN; one of its own if not given."


@app.callback()
def hub() -> None:
    """Make a ZigBee stick the hub that updates bridges."""


@app.command()
def run(
    port: Port,
    image: Annotated[Path | None, typer.Option(metavar="FILE", help=_IMAGE_HELP)] = None,
    allow: Annotated[list[str] | None, typer.Option(metavar="EUI64=INSTALLCODE[:TYPE]", help=_ALLOW_HELP)] = None,
    channel: Annotated[int | None, typer.Option(metavar="N", help="11 to 26 (15).")] = None,
    pan_id: Annotated[str | None, typer.Option(metavar="PAN", help=_PAN_HELP)] = None,
    tx_power: Annotated[int | None, typer.Option(metavar="DBM", help="How loud the stick sends (8).")] = None,
    pki: SharedPkiFolder = None,
    ca: Ca = None,
    no_cbke: NoCbke = False,
    profile: Annotated[str, typer.Option(metavar="NAME", help="Profile of the hub.")] = "hub",
    state: StateFolder = None,
    once: Once = False,
    record: Record = None,
    settings: Settings = None,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Form a HAN on a stick, let bridges in, update them, hear their alerts and read their versions.

    It runs until interrupted or terminated; called again, it goes on with the same HAN.
    """
    from emulator.control.cli.live_run import carry_out
    from emulator.control.live.hub import run_hub
    from emulator.control.live.plan import HubPlan, StickPlan, parse_guest, parse_pan_id
    from emulator.core.standards import Standards
    from emulator.transports.ezsp.uri import parse_stick

    plan = HubPlan(
        StickPlan(
            port=parse_stick(port),
            state=state,
            pki=pki,
            ca=ca,
            cbke=not no_cbke,
            once=once,
            record=record,
            standards=Standards.parse(settings or []),
            folders=tuple(folders or ()),
        ),
        profile=profile,
        image=image,
        channel=channel,
        pan_id=parse_pan_id(pan_id),
        tx_power=tx_power,
        guests=tuple(parse_guest(each) for each in allow or ()),
    )
    raise typer.Exit(carry_out(lambda teller: run_hub(plan, teller), once=once, as_json=as_json))
