"""Entry point of `althan`: commands by name, imported when called; one line for every mistake of the user.

Exit status: 0 done, 1 the run ended in a failure that it reports, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from emulator import __version__
from emulator.core.errors import BadInput

BAD_INPUT = 2
INTERRUPTED = 130

COMMANDS = {
    "bridge": ("emulator.control.cli.bridge", "Make a ZigBee stick a bridge."),
    "cbke": ("emulator.control.cli.cbke", "Compute a key establishment, and issue test certificates for it."),
    "demo": ("emulator.control.cli.demo", "Update a bridge over the emulated air, from join to CS08."),
    "gbcs": ("emulator.control.cli.gbcs", "Decode, check, build and send GBCS messages."),
    "han": ("emulator.control.cli.han", "Show who is in a HAN, and behind whom."),
    "hub": ("emulator.control.cli.hub", "Make a ZigBee stick the hub that updates bridges."),
    "image": ("emulator.control.cli.image", "Build, show, verify and damage OTA files."),
    "ncp": ("emulator.control.cli.ncp", "Serve virtual EZSP sticks to host software."),
    "pki": ("emulator.control.cli.pki", "Make, import or show a test PKI."),
    "profiles": ("emulator.control.cli.profiles", "List the device profiles, or show one."),
    "replay": ("emulator.control.cli.replay", "Play a recording of a hub or bridge, and compare."),
    "serve": ("emulator.control.cli.serve", "Keep a HAN running that other programs reach over HTTP."),
    "standards": ("emulator.control.cli.standards", "List the open questions of the standards, with defaults."),
    "stick": ("emulator.control.cli.stick.app", "Find, check, flash, back up and listen with ZigBee sticks."),
}
"""Command -> the module whose `app` it is, and its line in `althan --help`."""


class LazyCommands(typer.core.TyperGroup):
    """The group of all commands; knows their names and summaries without importing them."""

    # The context and formatter classes of typer are private, hence Any.
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - as above; typer's signature
        """Every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - as above
        """The command itself, imported now."""
        if cmd_name not in COMMANDS:
            raise BadInput(f"no command is called {cmd_name!r}", allowed=", ".join(COMMANDS))
        return typer.main.get_command(import_module(COMMANDS[cmd_name][0]).app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """The command table of `althan --help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


app = typer.Typer(
    cls=LazyCommands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"althan {__version__}")
        raise typer.Exit


@app.callback(help="Emulate the ZigBee firmware update of Alt HAN bridges in Great Britain's smart metering.")
def _althan(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options before the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv` by default); the exit status."""
    try:
        status = typer.main.get_command(app).main(args=arguments, prog_name="althan", standalone_mode=False)
        sys.stdout.flush()
    except BadInput as error:
        return _complain(str(error))
    except typer.TyperException as error:
        return _complain(error.format_message())
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our stdout has gone.  Python flushes it once more at exit, so give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status if isinstance(status, int) else 0


def _complain(message: str) -> int:
    """Say on one line of stderr what was wrong with the input; a command without arguments shows its help instead."""
    if message.startswith("Usage: "):
        typer.echo(message, err=True)
    else:
        typer.echo(f"althan: {' '.join(message.split())}", err=True)
    return BAD_INPUT
