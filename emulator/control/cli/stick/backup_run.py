"""Carries out `althan stick backup`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import typer

from emulator import __version__
from emulator.control.cli.stick.running import run_until_signalled
from emulator.control.cli.stick.session import failure_of, opened
from emulator.core.eui64 import eui64_text
from emulator.observe.part_file import PartFile
from emulator.transports.ezsp.backup import read_backup
from emulator.transports.ezsp.backup_file import NetworkBackup, encode_backup
from emulator.transports.ezsp.settings import EzspSettings


def carry_out(uri: str, out: Path | None, *, as_json: bool) -> None:
    """Read, write, and say what is in the file.

    Raises:
        BadInput: the port or the file cannot be used, or there is nothing to back up.
        typer.Exit: the stick failed on the way.
    """
    with failure_of("nothing was written"):
        backup = run_until_signalled(_read(uri))
    path = out or Path(f"network-{eui64_text(backup.eui64)}.json")
    write_secret(path, encode_backup(backup))
    if as_json:
        typer.echo(json.dumps({"file": str(path), **facts(backup)}, indent=2))
    else:
        typer.echo(f"{path}: {in_words(backup)}")
        typer.echo("its keys open the network: only you may read it (mode 0600)")


async def _read(uri: str) -> NetworkBackup:
    created = datetime.now(UTC).replace(microsecond=0).isoformat()
    async with opened(uri) as stick:
        return await read_backup(stick, uri, created, f"althan@{__version__}", EzspSettings())


def write_secret(path: Path, octets: bytes) -> None:
    """A file under its name only when it is whole, for its owner's eyes only."""
    part = PartFile(path, secret=True)
    try:
        part.write(octets)
        part.publish()
    except BaseException:
        part.discard()
        raise


def facts(backup: NetworkBackup) -> dict[str, object]:
    """As `--json` prints it: everything but the keys."""
    return {
        "eui64": eui64_text(backup.eui64),
        "channel": backup.channel,
        "pan_id": f"{backup.pan_id:04x}",
        "extended_pan_id": eui64_text(backup.extended_pan_id),
        "nwk_update_id": backup.update_id,
        "frame_counter": backup.frame_counter,
        "devices": len(backup.devices),
        "link_keys": len(backup.link_keys),
        "children": len(backup.children),
        "ezsp": backup.ezsp,
        "source": backup.source,
        "created": backup.created,
    }


def in_words(backup: NetworkBackup) -> str:
    """One line on a backup."""
    return (
        f"PAN {backup.pan_id:04x} ({eui64_text(backup.extended_pan_id)}) on channel {backup.channel}, coordinator "
        f"{eui64_text(backup.eui64)}, frame counter {backup.frame_counter}, {len(backup.devices)} devices, "
        f"{len(backup.link_keys)} link keys, {len(backup.children)} sleepy children"
    )
