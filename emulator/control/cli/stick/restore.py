"""`althan stick restore`: the network of a backup, into a stick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json
from emulator.control.cli.stick.probe import PORT_HELP

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Port = Annotated[str, typer.Option("--port", metavar="URI", help=PORT_HELP)]
_FILE_HELP = "An open coordinator backup, of `althan stick backup`, zigpy or zigbee-herdsman."
_EUI64_HELP = "Let the stick go by the EUI-64 of the backup: devices know their trust centre by it."
_MARGIN_HELP = (
    "Frames that may have been sent since the backup was made: devices drop a frame whose counter is not higher than "
    "the last one that they heard.  One update of 750 KB takes over 15,000.  Default: 1,000,000."
)


@app.command("restore")
def restore(
    port: Port,
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help=_FILE_HELP)],
    eui64: Annotated[bool, typer.Option("--eui64", help=_EUI64_HELP)] = False,
    margin: Annotated[int | None, typer.Option("--counter-margin", metavar="N", min=0, help=_MARGIN_HELP)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the network on the stick is replaced.")] = False,
    as_json: Json = False,
) -> None:
    """Make a stick the coordinator of the network in a backup; the network that is on it is lost.

    Restored are the network key and its counter, link keys, PAN, channel, update id and sleepy children.  Never let
    two sticks be on the air with one backup.
    """
    from emulator.control.cli.stick.restore_run import RestorePlan, carry_out

    carry_out(RestorePlan(port, file, eui64, margin, yes), as_json=as_json)
