"""`althan stick flash`: other firmware for a stick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.options import Json, ProfileFolders
from emulator.control.cli.stick.probe import Port

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_STICK_HELP = "What the stick is (`althan profiles --sticks`); otherwise its USB device tells."
_RESET_HELP = "Enter its bootloader from outside: ihost, rts_dtr, slzb07, yellow, zbt2; else the firmware is asked to."
_OTHER_STICK_HELP = "Write a file that is not, or may not be, for this stick."
_OTHER_FIRMWARE_HELP = "Write something else than ZigBee NCP firmware, after which this program cannot use the stick."


@app.command("flash")
def flash(
    port: Port,
    image: Annotated[Path, typer.Option(metavar="FILE", help="A GBL file.")],
    stick: Annotated[str | None, typer.Option(metavar="NAME", help=_STICK_HELP)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
    reset: Annotated[str | None, typer.Option(metavar="WAY", help=_RESET_HELP)] = None,
    allow_other_stick: Annotated[bool, typer.Option("--allow-other-stick", help=_OTHER_STICK_HELP)] = False,
    allow_other_firmware: Annotated[bool, typer.Option("--allow-other-firmware", help=_OTHER_FIRMWARE_HELP)] = False,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Put firmware into a stick: check the file, ask, write it, and see what answers afterwards.

    Exit status 1: what was written does not run, or nothing was written.
    """
    from emulator.control.cli.stick.flash_run import FlashPlan, carry_out

    allowed = {
        option
        for option, given in (
            ("--allow-other-stick", allow_other_stick),
            ("--allow-other-firmware", allow_other_firmware),
        )
        if given
    }
    plan = FlashPlan(port, image, stick, yes, reset, frozenset(allowed), tuple(folders or ()))
    raise typer.Exit(carry_out(plan, as_json=as_json))
