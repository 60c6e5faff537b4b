"""`althan stick`: what can be done with a real stick beside putting a hub or a bridge on it."""

from __future__ import annotations

import typer

from emulator.control.cli.lazy import lazy_group

_ELSEWHERE = {
    "list": "emulator.control.cli.stick_list",
    "probe": "emulator.control.cli.stick_probe",
    "check": "emulator.control.cli.stick_check",
    "flash": "emulator.control.cli.stick_flash",
    "backup": "emulator.control.cli.stick_backup",
    "restore": "emulator.control.cli.stick_restore",
    "sniff": "emulator.control.cli.stick_sniff",
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
