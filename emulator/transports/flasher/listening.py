"""A look at a port with nothing but its octets: is it a bootloader, or does it speak ASH?

A newline makes a bootloader show its menu, ends a transfer that was cut, and is nothing to ASH.  An ASH reset is then
answered by whatever speaks EZSP.  Source: AN1085 and UG266 (menu), UG101 (RST, RSTACK, ERROR).
"""

from __future__ import annotations

import asyncio
import re
from binascii import crc_hqx
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import serialx

from emulator.transports.ezsp.opening import not_opened
from emulator.transports.ezsp.port_lock import PortLock
from emulator.transports.ezsp.uri import FlowControl, StickAddress
from emulator.transports.flasher.found import Found, Kind

_NEWLINE: Final = b"\r\n"
_RESET: Final = bytes.fromhex("1ac038bc7e")
_MENU: Final = re.compile(rb"(?:Gecko|\w+ Serial) Bootloader v([\w.]{1,20})")
_PROMPT: Final = b"BL >"
_MENU_WITHIN_S: Final = 0.6
_RESET_WITHIN_S: Final = 2.5
_OF_XMODEM: Final = b"C\x06\x15\x18"
"""What a receiver says: C, ACK, NAK, CAN."""
_RUN: Final = b"2"
_RUN_WITHIN_S: Final = 2.0
_MENU_TRIES: Final = 5
"""A bootloader in the middle of a block takes what comes for the rest of it, and asks again after three seconds."""
_MOST_OCTETS: Final = 4_096
_OPEN_WITHIN_S: Final = 5.0
_BETWEEN_S: Final = 0.05
"""Until a stick behind TCP, which takes one host at a time, has seen the last one go."""

_FLAG, _CANCEL, _ESCAPE, _ESCAPED = 0x7E, 0x1A, 0x7D, 0x20
_RSTACK_OR_ERROR: Final = {0xC1, 0xC2}
_RSTACK_OCTETS: Final = 5


@contextmanager
def locked(place: StickAddress) -> Iterator[None]:
    """Keep other programs of ours off the port; BadInput if one has it."""
    if place.is_tcp or "://" in place.device:
        yield
        return
    lock = PortLock(place.device)
    try:
        yield
    finally:
        lock.release()


async def listen(place: StickAddress) -> Found | None:
    """A bootloader, or something that speaks ASH, at this baud rate; None: neither.

    Raises:
        BadInput: the port cannot be opened.
    """
    try:
        async with _opened(place) as line:
            return await _look(line, place)
    except OSError as error:
        if isinstance(error, TimeoutError):
            return None
        raise not_opened(place, error) from error


async def bootloader_version(place: StickAddress) -> str | None:
    """The version in the menu of a bootloader, if it shows one at this baud rate within a moment."""
    with suppress(OSError):
        async with _opened(place) as line:
            return menu_version(await line.say(_NEWLINE, menu_version, _MENU_WITHIN_S))
    return None


async def run_application(place: StickAddress) -> bool | None:
    """Choose `run` in the menu of a bootloader; whether the menu stays away.  None: there was no menu.

    Raises:
        OSError: the line cannot be opened, or is lost.
    """
    async with _opened(place) as line:
        if menu_version(await line.say(_NEWLINE, menu_version, _MENU_WITHIN_S)) is None:
            return None
        # A menu comes for either octet of a newline; one that is late must not be taken for the next.
        await line.say(b"", _never, _MENU_WITHIN_S)
        return menu_version(await line.say(_RUN, _settles, _RUN_WITHIN_S)) is None


def menu_version(said: bytes) -> str | None:
    """The version in a whole menu; None: there is none."""
    menu = _MENU.search(said)
    return None if menu is None or _PROMPT not in said[menu.end() :] else menu.group(1).decode()


def speaks_ash(said: bytes) -> bool:
    """Whether a whole RSTACK or ERROR frame is in it, its CRC right."""
    frames = (_unescaped(piece.rpartition(bytes((_CANCEL,)))[2]) for piece in said.split(bytes((_FLAG,)))[:-1])
    return any(
        len(frame) == _RSTACK_OCTETS and frame[0] in _RSTACK_OR_ERROR and crc_hqx(frame, 0xFFFF) == 0
        for frame in frames
    )


def _unescaped(octets: bytes) -> bytes:
    taken, escaped = bytearray(), False
    for octet in octets:
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        taken.append(octet ^ _ESCAPED if escaped else octet)
        escaped = False
    return bytes(taken)


async def _look(line: _Line, place: StickAddress) -> Found | None:
    said = await line.say(_NEWLINE, _settles, _MENU_WITHIN_S)
    if not _settles(said):
        said += await line.say(_RESET, _settles, _RESET_WITHIN_S)
    tries = _MENU_TRIES if said and not said.strip(_OF_XMODEM) else 0
    while tries and not _settles(said):
        said += await line.say(_NEWLINE, _settles, 1)
        tries -= 1
    if (version := menu_version(said)) is not None:
        return Found(Kind.BOOTLOADER, version, place.baud, place.flow)
    return Found(Kind.EZSP, None, place.baud, place.flow) if speaks_ash(said) else None


def _never(said: bytes) -> bool:  # noqa: ARG001 - as `_settles`
    return False


def _settles(said: bytes) -> bool:
    return menu_version(said) is not None or speaks_ash(said)


class _Line:
    """An open port."""

    def __init__(self, reader: asyncio.StreamReader, writer: serialx.SerialStreamWriter[Any]) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, octets: bytes, enough: Callable[[bytes], object], within_s: float) -> bytes:
        """What comes after this was sent, until it is enough, nothing more can come, or the time is up."""
        said = b""
        self._writer.write(octets)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(said) < _MOST_OCTETS and not enough(said):
                    more = await self._reader.read(_MOST_OCTETS)
                    if not more:
                        break
                    said += more
        return said


@asynccontextmanager
async def _opened(place: StickAddress) -> AsyncIterator[_Line]:
    async with asyncio.timeout(_OPEN_WITHIN_S):
        reader, writer = await serialx.open_serial_connection(
            url=place.device,
            baudrate=place.baud,
            xonxoff=place.flow is FlowControl.SOFTWARE,
            rtscts=place.flow is FlowControl.HARDWARE,
        )
    try:
        yield _Line(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        await asyncio.sleep(_BETWEEN_S)
