"""`althan stick backup`: the network of a coordinator's stick, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json
from emulator.control.cli.stick.probe import PORT_HELP

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Port = Annotated[str, typer.Option("--port", metavar="URI", help=PORT_HELP)]
_OUT_HELP = "Where to write; network-EUI64.json by default.  Keys are in it: only you may read it (mode 0600)."


@app.command("backup")
def backup(
    port: Port,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=_OUT_HELP)] = None,
    as_json: Json = False,
) -> None:
    """Write the network of a coordinator's stick to a file: keys, frame counters, devices, link keys.

    In zigpy's open coordinator backup format, which `althan stick restore`, zigpy and zigbee-herdsman read.  The stick
    goes on with its network.
    """
    from emulator.control.cli.stick.backup_run import carry_out

    carry_out(port, out, as_json=as_json)
