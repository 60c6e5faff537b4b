"""`althan stick check`: try on the user's own sticks what this program takes for granted of sticks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_PORT_HELP = "The stick, e.g. ezsp:/dev/ttyACM0, ezsp:serial=NUMBER, ezsp+tcp:HOST:PORT."
_PEER_HELP = "A second stick: each is the hub once, and the other one joins it."
_THIRD_HELP = "A third stick, for the one point that takes another hub (swap-out)."
_CHANNEL_HELP = "Where networks are formed, 11 to 26; one that your own networks do not use."
_OVERWRITE_HELP = "Also sticks that are in a network, which is lost; `althan stick backup` keeps it."


@app.command()
def check(
    port: Annotated[str, typer.Option(metavar="URI", help=_PORT_HELP)],
    peer: Annotated[str | None, typer.Option(metavar="URI", help=_PEER_HELP)] = None,
    third: Annotated[str | None, typer.Option(metavar="URI", help=_THIRD_HELP)] = None,
    channel: Annotated[int, typer.Option(metavar="N", help=_CHANNEL_HELP)] = 25,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help=_OVERWRITE_HELP)] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the JSON here as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Try every point that no source proves: proven, refused or not tried, and what was seen.

    It says what it will do and asks before it does anything to a stick.  Networks are formed, joined and left, keys
    replaced, sticks reset; in the end, also after Ctrl-C, the sticks are in no network.  Status 1: a point was refused.
    """
    from emulator.control.cli.stick.check_run import CheckPlan, carry_out

    plan = CheckPlan(
        uris=tuple(uri for uri in (port, peer, third) if uri is not None),
        channel=channel,
        yes=yes,
        overwrite=overwrite,
        output=output,
    )
    carry_out(plan, as_json=as_json)
