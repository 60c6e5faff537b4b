"""`althan standards`: every open question of the standards, its setting, and why it is what it is."""

from __future__ import annotations

import json
import shutil
import textwrap

import typer

from emulator.control.cli.options import Json, Settings
from emulator.core.standards import SWITCHES, Setting, Standards, Switch

WIDEST = 100

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def standards(settings: Settings = None, as_json: Json = False) -> None:
    """List the open questions of the standards: assumptions with a default, never the specification."""
    changed = Standards.parse(settings or []).non_defaults()
    chosen = [(switch, changed.get(switch.name, switch.default)) for switch in SWITCHES]
    if as_json:
        typer.echo(json.dumps([_row(switch, value) for switch, value in chosen], indent=2))
        return
    width = min(WIDEST, shutil.get_terminal_size().columns)
    typer.echo("\n\n".join(_paragraph(switch, value, width) for switch, value in chosen))


def _row(switch: Switch, value: Setting) -> dict[str, object]:
    return {
        "name": switch.name,
        "value": value,
        "default": switch.default,
        "allowed": _allowed(switch),
        "why": switch.why,
        "source": switch.source,
    }


def _allowed(switch: Switch) -> object:
    """A list of values, or the closed range of a number."""
    if isinstance(switch.default, bool):
        return [True, False]
    if isinstance(switch.default, str):
        return list(switch.allowed)
    return {"minimum": switch.allowed[0], "maximum": switch.allowed[1]}


def _paragraph(switch: Switch, value: Setting, width: int) -> str:
    default = "" if value == switch.default else f"   (default {_text(switch.default)})"
    lines = [f"{switch.name} = {_text(value)}{default}"]
    for label, text in (("allowed", switch.allowed_text()), ("why", switch.why), ("source", switch.source)):
        lead = f"    {label:<9}"
        lines += textwrap.wrap(text, width, initial_indent=lead, subsequent_indent=" " * len(lead))
    return "\n".join(lines)


def _text(value: Setting) -> str:
    """As `--set` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
