"""`althan stick list`: the sticks that are plugged in, and how the other commands are told of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json, ProfileFolders

if TYPE_CHECKING:
    from emulator.runtime.sticks.listing import ListedStick

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

NOTHING = (
    "no USB serial port found: plug a stick in and look at /dev/serial/by-id; in a container or virtual machine hand "
    "the USB device through; --all lists ports that are no USB devices"
)
_NO_ACCESS = "may not be opened by this user: add yourself to the group that owns it (dialout), then log in again"


@app.command("list")
def list_sticks(
    every: Annotated[bool, typer.Option("--all", help="Ports that are no USB devices as well.")] = False,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """List the serial ports that may be sticks: what each may be, its URI for --port, and whether it is in use."""
    from emulator.runtime.sticks.listing import listed_sticks
    from emulator.transports.flasher.ports import serial_ports

    found = listed_sticks(serial_ports(), folders or [], every=every)
    if as_json:
        typer.echo(json.dumps([one.facts() for one in found], indent=2))
    elif found:
        typer.echo("\n".join(line for one in found for line in _lines(one)))
    else:
        typer.echo(NOTHING)


def _lines(one: ListedStick) -> Iterator[str]:
    yield one.port
    usb = " ".join(filter(None, (one.usb, one.manufacturer, one.product))) or "no USB device"
    yield _line("what", ", or ".join(one.profiles) or "no stick that has a profile")
    yield _line("USB", usb + (f", serial number {one.serial_number}" if one.serial_number else ""))
    yield _line("--port", one.uri)
    if one.uri_by_number is not None:
        yield _line("or", one.uri_by_number)
    if one.in_use is not None:
        yield _line("in use", f"by {one.in_use}")
    if not one.accessible:
        yield _line("access", _NO_ACCESS)


def _line(name: str, text: str) -> str:
    return f"  {name:<7} {text}"
