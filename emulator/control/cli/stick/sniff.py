"""`althan stick sniff`: every frame on a channel, in lines or for Wireshark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json
from emulator.control.cli.stick.probe import PORT_HELP

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Port = Annotated[str, typer.Option("--port", metavar="URI", help=PORT_HELP)]
Channel = Annotated[int, typer.Option("--channel", metavar="N", min=11, max=26, help="11 to 26.")]
Seconds = Annotated[float | None, typer.Option("--seconds", metavar="S", min=0.0, help="End by itself after so long.")]
_WRITE_HELP = "Write a capture: a file, a FIFO, or - for a pipe (| wireshark -k -i -).  Without it: a line a frame."
_KEY_HELP = "A network key, 32 hex digits, to read what is under it; may be given several times.  For lines alone."


@app.command("sniff")
def sniff(
    port: Port,
    channel: Channel,
    write: Annotated[Path | None, typer.Option("-w", "--write", metavar="FILE|-", help=_WRITE_HELP)] = None,
    seconds: Seconds = None,
    key: Annotated[list[str] | None, typer.Option("--key", metavar="HEX", help=_KEY_HELP)] = None,
    as_json: Json = False,
) -> None:
    """Listen to a channel with a stick until Ctrl-C; the stick is in no network meanwhile.

    A capture has signal strength, link quality and channel of every frame, and can be looked at while it grows.  With
    --json one object a line instead.
    """
    from emulator.control.cli.stick.sniff_run import SniffPlan, carry_out, network_keys

    carry_out(SniffPlan(port, channel, write, seconds, network_keys(key or []), as_json))
