"""`althan han`: who is in a HAN, with which address, behind whom, in the hub's device log, and under which key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json
from emulator.core.errors import BadInput

if TYPE_CHECKING:
    from emulator.observe.han_map import HanMap

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_FOLDER_HELP = "Output folder of a run: the HAN as it stood in the end."
_URL_HELP = "A HAN that `althan serve` keeps running, as it is now."


@app.callback()
def han() -> None:
    """Show the HAN of a run, or one that is running."""


@app.command()
def show(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help=_FOLDER_HELP)] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help=_URL_HELP)] = None,
    as_json: Json = False,
) -> None:
    """Draw the devices of a HAN: addresses, parents, the hub's device log, and since when each has a key of its own."""
    import json

    from emulator.observe.han_map_text import han_map_lines

    found = _found(folder, url)
    typer.echo(json.dumps(found.as_object(), indent=2) if as_json else "\n".join(han_map_lines(found)))


def _found(folder: Path | None, url: str | None) -> HanMap:
    if (folder is None) == (url is None):
        raise BadInput(
            "one of them is needed, and one only", where="DIR or --url", allowed="althan han show DIR|--url URL"
        )
    if url is not None:
        from emulator.control.http.client import HanClient
        from emulator.observe.han_map import map_of_served

        return map_of_served(HanClient(url).han())
    assert folder is not None
    return _of_run(folder)


def _of_run(folder: Path) -> HanMap:
    """BadInput where the folder holds no run, or one whose events do not say who is who."""
    from emulator.observe.event_reading import read_events
    from emulator.observe.han_map import map_of_events
    from emulator.observe.run_files import EVENTS

    path = folder / EVENTS
    found = map_of_events(read_events(path))
    if not found.devices:
        raise BadInput("no event says what devices there are", where=str(path), allowed="the events of a run of today")
    return found
