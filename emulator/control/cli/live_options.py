"""Options that `hub run` and `bridge run` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Port = Annotated[
    str,
    typer.Option(
        metavar="URI", help="The stick: ezsp:/dev/NAME[?baud=N&flow=...], ezsp:serial=NUMBER or ezsp+tcp:HOST:PORT."
    ),
]
SharedPkiFolder = Annotated[
    Path | None,
    typer.Option(
        "--pki",
        metavar="DIR",
        help="PKI that hub and bridges share, made if missing; each has its own otherwise.",
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(
        "--ca", metavar="FILE|DIR", help="Test CA of key establishment, its private key; that in the PKI if not given."
    ),
]
NoCbke = Annotated[bool, typer.Option("--no-cbke", help="Establish no link keys: stay under those of install codes.")]
StateFolder = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="What is kept to go on later, keys too (./althan-state/ROLE-EUI64)."),
]
Once = Annotated[bool, typer.Option("--once", help="End when the updates are over: 0 where all went well, else 1.")]
Record = Annotated[
    Path | None,
    typer.Option("--record", metavar="FILE", help="Record the run, to be played again: see `althan replay`."),
]
