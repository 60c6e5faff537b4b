"""`althan stick probe`: what answers at a port."""

from __future__ import annotations

from typing import Annotated

import typer

from emulator.control.cli.options import Json

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

PORT_HELP = "The stick: ezsp:/dev/NAME[?baud=N&flow=software|hardware|none], ezsp:serial=NUMBER, ezsp+tcp:HOST:PORT."
Port = Annotated[str, typer.Option("--port", metavar="URI", help=PORT_HELP)]


@app.command("probe")
def probe(port: Port, as_json: Json = False) -> None:
    """Find out what firmware answers at a port: EZSP at any usual baud rate, a bootloader, or something else.

    Exit status 1: nothing answers.
    """
    from emulator.control.cli.stick.probe_run import carry_out

    raise typer.Exit(carry_out(port, as_json=as_json))
