"""Carries out `althan stick restore`: the file is checked, the user asked, and only then is anything written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from emulator.control.cli.stick.backup_run import in_words
from emulator.control.cli.stick.running import run_until_signalled, say
from emulator.control.cli.stick.session import failure_of, opened
from emulator.core.errors import BadInput
from emulator.core.eui64 import eui64_text
from emulator.transports.ezsp.backup import Present
from emulator.transports.ezsp.backup_file import LARGEST_FILE, NetworkBackup, decode_backup
from emulator.transports.ezsp.restore import MARGIN, Restored, Restoring, counters, look, restore

_STATE = "there may be no network on the stick now: restore again"


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What was asked for; `margin` None: the usual one."""

    uri: str
    file: Path
    with_eui64: bool
    margin: int | None
    yes: bool


def carry_out(plan: RestorePlan, *, as_json: bool) -> None:
    """Restore, and say what the stick is now.

    Raises:
        BadInput: the file or the port cannot be used; nothing was written.
        typer.Abort: the user did not want it.
        typer.Exit: the stick failed on the way.
    """
    backup = read_file(plan.file)
    if not (plan.yes or sys.stdin.isatty()):
        raise BadInput("there is nobody to ask before the network is replaced", where="restore", allowed="--yes")
    restoring = Restoring(backup, MARGIN if plan.margin is None else plan.margin, plan.with_eui64)
    with failure_of("nothing was written"):
        there = run_until_signalled(_look(plan, restoring))
    for line in announcement(restoring, there):
        say(line)
    if not plan.yes:
        # Outside of any loop, so that Ctrl-C ends it at once.
        typer.confirm("replace it?", abort=True, err=True)
    say("restoring...")
    with failure_of(_STATE), _interruption():
        result = run_until_signalled(_restore(plan, restoring))
    if as_json:
        typer.echo(json.dumps(facts(result), indent=2))
    else:
        typer.echo(said(result))


@contextmanager
def _interruption() -> Iterator[None]:
    """Whoever interrupts is told how things stand."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"althan: interrupted; {_STATE}")
        raise


def read_file(path: Path) -> NetworkBackup:
    """The backup in a file; BadInput where it is none, or cannot be read."""
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_FILE + 1)
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise BadInput(f"cannot be read: {words}", where=str(path), allowed="an open coordinator backup") from error
    return decode_backup(octets, str(path))


async def _look(plan: RestorePlan, restoring: Restoring) -> Present:
    async with opened(plan.uri) as stick:
        return await look(stick, restoring, plan.uri)


async def _restore(plan: RestorePlan, restoring: Restoring) -> Restored:
    async with opened(plan.uri) as stick:
        # It may have sent frames since it was looked at first.
        return await restore(stick, restoring, await look(stick, restoring, plan.uri))


def announcement(restoring: Restoring, there: Present) -> list[str]:
    """What is on the stick, what will be, and what that means for its devices."""
    backup, own = restoring.backup, eui64_text(there.eui64)
    nwk, aps = counters(restoring, there)
    lines = [
        f"on the stick {own}: {_network(there)}",
        f"will be: {in_words(backup)}",
        f"frame counters go on from {nwk} (network key) and {aps} (link keys), each raised by {restoring.margin}",
    ]
    if there.eui64 == backup.eui64:
        return lines
    if restoring.with_eui64:
        return [*lines, f"EUI-64: {own} becomes {eui64_text(backup.eui64)}"]
    stays = f"EUI-64: stays {own}; devices of the network know {eui64_text(backup.eui64)} as their trust centre, and"
    return [*lines, f"{stays} will understand nothing under link keys: give --eui64 to keep them"]


def _network(there: Present) -> str:
    network = there.network
    if network is None:
        return "no network"
    role = "coordinator" if there.coordinator else "member"
    extended = eui64_text(network.extended_pan_id)
    return f"{role} of PAN {network.pan_id:04x} ({extended}) on channel {network.channel}, which will be lost"


def facts(result: Restored) -> dict[str, object]:
    """As `--json` prints it."""
    return {
        "eui64": eui64_text(result.eui64),
        "channel": result.network.channel,
        "pan_id": f"{result.network.pan_id:04x}",
        "extended_pan_id": eui64_text(result.network.extended_pan_id),
        "frame_counter": result.frame_counter,
        "link_key_counter": result.link_key_counter,
        "link_keys": result.link_keys,
        "children": result.children,
    }


def said(result: Restored) -> str:
    """In words."""
    network = result.network
    return (
        f"{eui64_text(result.eui64)} is the coordinator of PAN {network.pan_id:04x} "
        f"({eui64_text(network.extended_pan_id)}) on channel {network.channel}, and on the air; "
        f"{result.link_keys} link keys, {result.children} sleepy children"
    )
