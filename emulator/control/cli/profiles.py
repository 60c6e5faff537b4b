"""`althan profiles`: what devices or sticks there are, and what one of them is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emulator.control.cli.options import Json, ProfileFolders

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.devices.profile import DeviceProfile
    from emulator.runtime.sticks.profiles import StickProfile

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_HEX_DIGITS = {
    "manufacturer": 4,
    "image_type": 4,
    "hardware_version": 4,
    "profile_id": 4,
    "device_id": 4,
    "in_clusters": 4,
    "out_clusters": 4,
    "cluster": 4,
    "report": 4,
    "read": 4,
}
"""Keys that people know in hexadecimal, and how wide they are."""


@app.command()
def profiles(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show this one, or this file.")] = None,
    folders: ProfileFolders = None,
    sticks: Annotated[bool, typer.Option("--sticks", help="Sticks that can be bought, instead of devices.")] = False,
    as_json: Json = False,
) -> None:
    """List the profiles of devices or of sticks, or show everything in one."""
    if sticks:
        _sticks(name, folders or [], as_json=as_json)
        return
    from emulator.devices.profile_loading import load_profile
    from emulator.devices.profile_loading import profiles as all_profiles

    if name is not None:
        chosen = load_profile(name, folders or [])
        typer.echo(json.dumps(chosen.facts(), indent=2) if as_json else "\n".join(_lines(chosen.facts())))
        return
    found = all_profiles(folders or [])
    typer.echo(json.dumps([one.facts() for one in found], indent=2) if as_json else "\n".join(_table(found)))


def _sticks(name: str | None, folders: list[Path], *, as_json: bool) -> None:
    from emulator.runtime.sticks.profiles import load_stick
    from emulator.runtime.sticks.profiles import sticks as all_sticks

    if name is not None:
        facts = load_stick(name, folders).facts()
        typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))
        return
    found = all_sticks(folders)
    typer.echo(json.dumps([one.facts() for one in found], indent=2) if as_json else "\n".join(_stick_table(found)))


def _stick_table(found: list[StickProfile]) -> Iterator[str]:
    name, chip = (max(len(getattr(one, key)) for one in found) for key in ("name", "chip"))
    for one in found:
        yield f"{one.name:<{name}}  {one.chip:<{chip}}  {one.description}"


def _table(found: list[DeviceProfile]) -> Iterator[str]:
    width = max(len(one.name) for one in found)
    for one in found:
        yield f"{one.name:<{width}}  {one.kind:<6}  {one.description}"


def _lines(facts: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """One line a key, keys of tables dotted and those of several numbered; a key that is not set says so."""
    for key, value in facts.items():
        if isinstance(value, dict):
            yield from _lines(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, table in enumerate(value, 1):
                yield from _lines(table, f"{prefix}{key}.{number}.")
        else:
            yield f"{prefix + key:<25}  {_shown(key, value)}"


def _shown(key: str, value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_shown(key, part) for part in value) or "none"
    if key in _HEX_DIGITS:
        return f"0x{value:0{_HEX_DIGITS[key]}x}"
    if value is None:
        return "(not set)"
    return str(value).lower() if isinstance(value, bool) else str(value)
