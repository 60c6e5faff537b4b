"""Options that several commands have, under one name and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SWITCH=VALUE", help="Set an open question; see `althan standards`."),
]

ProfileFolders = Annotated[
    list[Path] | None,
    typer.Option("--profiles", metavar="DIR", envvar="ALTHAN_PROFILES", help="Look for profiles here first."),
]
