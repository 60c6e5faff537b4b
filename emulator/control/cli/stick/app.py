"""`althan stick`: what can be done with a real stick beside putting a hub or a bridge on it."""

from __future__ import annotations

import typer

from emulator.control.cli.lazy import lazy_group

_ELSEWHERE = {
    "list": "emulator.control.cli.stick.listing",
    "probe": "emulator.control.cli.stick.probe",
    "check": "emulator.control.cli.stick.check",
    "flash": "emulator.control.cli.stick.flash",
    "backup": "emulator.control.cli.stick.backup",
    "restore": "emulator.control.cli.stick.restore",
    "sniff": "emulator.control.cli.stick.sniff",
}
"""Every command, by the module that has it."""

app = typer.Typer(
    cls=lazy_group(_ELSEWHERE),
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


@app.callback()
def stick() -> None:
    """Find, check, flash, back up and listen with USB ZigBee sticks."""
