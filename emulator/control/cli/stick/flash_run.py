"""Carries out `althan stick flash`: judge the file, look, ask, write, and look again."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

import typer

from emulator.control.cli.stick.flash_text import (
    ADVICE,
    MAY_BE_IN_BOOTLOADER,
    REFUSED_AND_STAYS,
    STILL_RUNS,
    Outcome,
    Written,
    plan_lines,
)
from emulator.control.cli.stick.probe_run import in_words
from emulator.control.cli.stick.running import run_until_signalled, say
from emulator.core.errors import BadInput, DecodeError
from emulator.ncp.bootloader.firmware_metadata import StackVersion
from emulator.runtime.sticks.firmware_file import FirmwareFile, objections, read_firmware
from emulator.runtime.sticks.listing import profiles_at
from emulator.runtime.sticks.profiles import BootloaderReset, StickProfile, load_stick, sticks
from emulator.transports.ezsp.uri import StickAddress, parse_stick
from emulator.transports.flasher.extra import need
from emulator.transports.flasher.found import Found, Kind
from emulator.transports.flasher.ports import serial_ports
from emulator.transports.flasher.probing import located, probe
from emulator.transports.flasher.writing import Step, WriteFailed, bootloader_at, enter_bootloader, start, write

_KINDS: Final = {
    "openthread_rcp": Kind.SPINEL,
    "ot-rcp": Kind.SPINEL,
    "multipan": Kind.CPC,
    "rcp-uart-802154": Kind.CPC,
    "zigbee_router": Kind.ROUTER,
}
"""What answers after firmware of a type that is not EZSP."""


@dataclass(frozen=True, slots=True)
class FlashPlan:
    """What is wanted.

    Attributes:
        port: URI of the stick.
        image: the file.
        stick: name of a profile; None: the USB device tells.
        yes: do not ask.
        reset: a way into the bootloader from outside; None: the profile's, where nothing answers.
        allowed: options by which an objection is passed over.
        folders: of profiles.
    """

    port: str
    image: Path
    stick: str | None
    yes: bool
    reset: str | None
    allowed: frozenset[str]
    folders: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of it, and what to do."""

    outcome: Outcome
    detail: str
    after: Found | None = None

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.VERIFIED


def carry_out(plan: FlashPlan, *, as_json: bool) -> int:
    """Do it, say what came of it, and return the exit status.

    Raises:
        BadInput: before anything was written.
    """
    place = located(parse_stick(plan.port))
    file = read_firmware(plan.image)
    stick = _stick(plan, place)
    _refuse(plan, file, stick)
    need("althan stick flash")
    before = run_until_signalled(probe(place, say))
    for line in plan_lines(place, before, file, stick):
        say(line)
    result = _Result(Outcome.NOT_WANTED, ADVICE[Outcome.NOT_WANTED])
    if _wanted(plan):
        result = run_until_signalled(_flash(place, file, before, _reset(plan, stick, before)))
    if as_json:
        typer.echo(json.dumps(_facts(place, stick, file, before, result), indent=2))
    else:
        typer.echo(f"{result.outcome.value.replace('-', ' ')}: {result.detail}")
    return 0 if result.ok else 1


# --- before ----------------------------------------------------------------------------------------------------------


def _stick(plan: FlashPlan, place: StickAddress) -> list[StickProfile]:
    """What the stick is, or may be."""
    if plan.reset is not None and plan.reset not in get_args(BootloaderReset):
        allowed = ", ".join(get_args(BootloaderReset))
        raise BadInput(f"no bootloader is entered by {plan.reset!r}", where="--reset", allowed=allowed)
    if plan.stick is not None:
        return [load_stick(plan.stick, plan.folders)]
    return [] if place.is_tcp else profiles_at(place.device, serial_ports(), plan.folders)


def _refuse(plan: FlashPlan, file: FirmwareFile, stick: Sequence[StickProfile]) -> None:
    against = [each for each in objections(file, stick, sticks(plan.folders)) if each.option not in plan.allowed]
    if against:
        options = " ".join(dict.fromkeys(each.option for each in against))
        text = "; ".join(each.text for each in against)
        raise BadInput(text, where=str(file.path), allowed=f"ZigBee NCP firmware for this stick, or {options}")


def _wanted(plan: FlashPlan) -> bool:
    if plan.yes:
        return True
    if not sys.stdin.isatty():
        raise BadInput("there is no terminal to ask at whether to write", allowed="--yes")
    # typer's own question leaves a space on stdout, where with --json nothing else may be.
    typer.echo("write it? [y/N] ", err=True, nl=False)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _reset(plan: FlashPlan, stick: Sequence[StickProfile], before: Found | None) -> str | None:
    """The way in from outside that was asked for; or that there is, where nothing inside can be asked."""
    if plan.reset is not None or before is not None:
        return plan.reset
    ways = {one.bootloader_reset for one in stick}
    return ways.pop() if len(ways) == 1 else None


# --- writing ---------------------------------------------------------------------------------------------------------


async def _flash(place: StickAddress, file: FirmwareFile, before: Found | None, reset: str | None) -> _Result:
    try:
        await _write(place, file, before, reset)
    except WriteFailed as failed:
        return await _failed(place, before, failed)
    after = await _look_again(place, file)
    outcome = _verdict(file, after)
    if after is None or outcome is not Outcome.VERIFIED:
        answers = f"{in_words(after)}; " if after is not None else ""
        return _Result(outcome, f"{answers}{ADVICE[outcome]}", after)
    return _Result(outcome, f"the stick answers as {in_words(after)}", after)


async def _write(place: StickAddress, file: FirmwareFile, before: Found | None, reset: str | None) -> None:
    progress, left_as = Written(), MAY_BE_IN_BOOTLOADER
    try:
        say("starting its bootloader")
        version = await enter_bootloader(place, before, reset)
        say(f"bootloader {version}; writing {len(file.image.octets):,} octets (leave it plugged in)")
        bootloader, left_as = bootloader_at(place, before), ADVICE[Outcome.CUT]
        await write(bootloader, file.image.octets, progress)
        say("starting it")
        left_as = MAY_BE_IN_BOOTLOADER
        await start(bootloader)
    except asyncio.CancelledError:
        progress.stop()
        say(f"interrupted: {left_as}")
        raise


async def _failed(place: StickAddress, before: Found | None, failed: WriteFailed) -> _Result:
    outcome = Outcome(failed.step.value)
    if failed.step is not Step.REFUSED:
        return _Result(outcome, f"{failed}; {ADVICE[outcome]}")
    # What is refused before its program comes leaves the old one as it was.
    try:
        await start(bootloader_at(place, before))
    except WriteFailed:
        return _Result(outcome, f"{failed}; {REFUSED_AND_STAYS}")
    return _Result(outcome, f"{failed}; {STILL_RUNS}")


# --- after -----------------------------------------------------------------------------------------------------------


async def _look_again(place: StickAddress, file: FirmwareFile) -> Found | None:
    baud = None if file.metadata is None or place.is_tcp else file.metadata.baudrate
    return await probe(place if baud is None else replace(place, baud=baud), say)


def _verdict(file: FirmwareFile, after: Found | None) -> Outcome:
    if after is None:
        return Outcome.SILENT
    if after.kind is Kind.BOOTLOADER:
        return Outcome.NOT_STARTED
    if file.metadata is None or file.metadata.fw_type is None:
        return Outcome.VERIFIED
    if not file.metadata.speaks_ezsp:
        expected = _KINDS.get(file.metadata.fw_type)
        return Outcome.VERIFIED if expected in {None, after.kind} else Outcome.OTHER_VERSION
    return Outcome.VERIFIED if _same_stack(file, after) else Outcome.OTHER_VERSION


def _same_stack(file: FirmwareFile, after: Found) -> bool:
    if after.ezsp is None:
        return False
    try:
        return file.stack is None or StackVersion.read(after.ezsp.stack or "") == file.stack
    except DecodeError:
        return False


def _facts(
    place: StickAddress, stick: Sequence[StickProfile], file: FirmwareFile, before: Found | None, result: _Result
) -> dict[str, object]:
    return {
        "port": place.device,
        "stick": [one.name for one in stick],
        "file": file.facts(),
        "before": None if before is None else before.facts(),
        "outcome": result.outcome.value,
        "detail": result.detail,
        "after": None if result.after is None else result.after.facts(),
    }
