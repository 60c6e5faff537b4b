"""Puts an image into a stick: into the bootloader, over XMODEM, and out of it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from typing import Final

from emulator.core.errors import RemoteProtocolError
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.status import Status, status_text
from emulator.transports.ezsp.stick import StickLost, StickRefused
from emulator.transports.ezsp.structures import sl_status
from emulator.transports.ezsp.uri import FlowControl, StickAddress
from emulator.transports.flasher.found import Found, Kind
from emulator.transports.flasher.listening import bootloader_version, locked, run_application
from emulator.transports.flasher.probing import silabs

BOOTLOADER_BAUD: Final = 115_200
"""Of every published bootloader, also where the firmware is quicker."""
_STANDALONE: Final = 1
_MENU_TRIES: Final = 12
_MENU_PAUSE_S: Final = 0.4


class Step(StrEnum):
    """Where it ended; machine-readable."""

    NO_BOOTLOADER = "no-bootloader"
    """The stick has not been touched, or is in its bootloader and does not say so."""
    REFUSED = "refused"
    """The bootloader did not take the image."""
    CUT = "cut"
    """The line was lost, or the bootloader fell silent, on the way."""
    NOT_STARTED = "not-started"
    """The bootloader took it and does not run it."""


class WriteFailed(RemoteProtocolError):
    """Nothing, or not the whole image, is in the stick.

    Attributes:
        step: where it ended.
    """

    def __init__(self, step: Step, detail: str) -> None:
        super().__init__(detail)
        self.step = step


def bootloader_at(place: StickAddress, found: Found | None) -> StickAddress:
    """Where the bootloader is spoken to: without flow control, at its own baud rate."""
    baud = found.baud if found is not None and found.kind is Kind.BOOTLOADER else BOOTLOADER_BAUD
    return replace(place, baud=baud, flow=FlowControl.NONE, serial_number=None)


async def enter_bootloader(place: StickAddress, found: Found | None, reset: str | None = None) -> str:
    """Have it show its menu; the version in it.

    Args:
        place: with its path.
        found: what answers there; None: nothing does.
        reset: a way in from outside, one of `silabs.reset_methods`; for whatever does not let itself be asked.

    Raises:
        BadInput: the port is in use, or cannot be opened.
        WriteFailed: it does not get there.
    """
    if reset is not None:
        with locked(place):
            await _try(silabs().reset_from_outside(reset, place.device))
    elif found is None:
        raise WriteFailed(Step.NO_BOOTLOADER, "nothing answers that could be asked to start its bootloader")
    elif found.kind is Kind.EZSP:
        await _leave_ezsp(replace(place, baud=found.baud, flow=found.flow, serial_number=None))
    elif found.kind is not Kind.BOOTLOADER:
        with locked(place):
            await _try(silabs().leave_application(found, place.device))
    return await _menu(bootloader_at(place, found))


async def write(place: StickAddress, octets: bytes, progress: Callable[[int, int], None]) -> None:
    """Hand a whole GBL file to the bootloader at `place`; `progress` is told of octets sent, and of how many there are.

    Raises:
        WriteFailed: it was not taken.
    """
    library = silabs()
    with locked(place):
        try:
            await library.upload(octets, place.device, place.baud, progress)
        except library.ReceiverCancelled as error:
            raise WriteFailed(
                Step.REFUSED, "the bootloader broke the transfer off: it does not take this file"
            ) from error
        except library.UploadError as error:
            detail = " ".join(str(error).split())
            raise WriteFailed(Step.REFUSED, f"the bootloader did not take the file: {detail}") from error
        except Exception as error:
            raise WriteFailed(Step.CUT, f"the transfer was cut: {_words(error)}") from error


async def start(place: StickAddress) -> None:
    """Have the bootloader at `place` run what is in the stick.

    Raises:
        WriteFailed: it shows its menu again, or nothing.
    """
    with locked(place):
        try:
            runs = await run_application(place)
        except OSError as error:
            raise WriteFailed(Step.NOT_STARTED, f"the bootloader does not answer: {_words(error)}") from error
    if runs is None:
        raise WriteFailed(Step.NOT_STARTED, "the bootloader does not show its menu")
    if not runs:
        raise WriteFailed(Step.NOT_STARTED, "the bootloader finds nothing in the stick that it could start")


async def _leave_ezsp(place: StickAddress) -> None:
    stick, lock = await open_stick(place, _unheard)
    try:
        answer = await stick.ask("launchStandaloneBootloader", mode=_STANDALONE)
        status = sl_status(answer["status"])
    except StickLost:
        # A stick may be in its bootloader before its answer is out; the menu tells.
        status = Status.OK
    except StickRefused as error:
        raise WriteFailed(Step.NO_BOOTLOADER, "its firmware knows no way into a bootloader") from error
    finally:
        await stick.close()
        if lock is not None:
            lock.release()
    if status != Status.OK:
        detail = f"its firmware does not start its bootloader: {status_text(status)}"
        raise WriteFailed(Step.NO_BOOTLOADER, detail)


async def _menu(place: StickAddress) -> str:
    for _ in range(_MENU_TRIES):
        await asyncio.sleep(_MENU_PAUSE_S)
        with locked(place):
            version = await bootloader_version(place)
        if version is not None:
            return version
    raise WriteFailed(Step.NO_BOOTLOADER, "no menu of a bootloader comes")


async def _try(work: Awaitable[None]) -> None:
    """What comes of it is seen by the menu."""
    try:
        await work
    except Exception as error:
        raise WriteFailed(Step.NO_BOOTLOADER, f"the bootloader does not come up: {_words(error)}") from error


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or "no answer"


def _unheard(reason: str) -> None:
    """The stick is expected to go."""
