"""Groups of commands that import a command's module only when it is the one asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NoReturn

import typer.core
import typer.main

from emulator.core.errors import BadInput


def lazy_group(elsewhere: Mapping[str, str]) -> type[typer.core.TyperGroup]:
    """A group that knows of the commands in other modules, by name -> module, whose `app` each is."""

    class Group(typer.core.TyperGroup):
        """Its own commands, and those elsewhere."""

        # The context class of typer is private, hence Any.
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - as above
            """Every command's name."""
            return [*super().list_commands(ctx), *elsewhere]

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
            """The command itself, imported now."""
            if cmd_name not in elsewhere:
                return super().get_command(ctx, cmd_name) or self._refuse(ctx, cmd_name)
            command = typer.main.get_command(import_module(elsewhere[cmd_name]).app)
            command.name = cmd_name
            return command

        def _refuse(self, ctx: Any, name: str) -> NoReturn:  # noqa: ANN401 - as above
            raise BadInput(
                f"no command is called {name!r}", where=ctx.command_path, allowed=", ".join(self.list_commands(ctx))
            )

    return Group
