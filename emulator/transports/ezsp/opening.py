"""Opening a stick, or saying in one line why not and what to do about it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Final

import serialx

from emulator.core.errors import BadInput
from emulator.transports.ezsp.port_lock import PortLock
from emulator.transports.ezsp.serial_tap import SerialTap
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.tapped_ezsp import TappedEzsp
from emulator.transports.ezsp.uri import REPLAYED, FlowControl, StickAddress, locate
from emulator.transports.ezsp.versions import SUPPORTED
from emulator.transports.recording import line

WITHIN_S: Final = 15.0
"""A stick that has not answered by then (three resets) does not speak EZSP."""
_LISTEN_S: Final = 0.5
_MOST_OCTETS: Final = 4_096
_BOOTLOADER: Final = (b"Bootloader", b"BL >", b"upload gbl", b"upload ebl")
_PRINTABLE_SHARE: Final = 0.7
assert line.SCHEME == REPLAYED, "importing it is what lets serialx open sticks out of recordings"


async def open_stick(
    address: StickAddress, lost: Callable[[str], None], tap: SerialTap | None = None
) -> tuple[Stick, PortLock | None]:
    """Open and reset a stick; with the lock of its port, which the caller releases.

    Args:
        address: where it is; a stick out of a recording (`replay:FILE`) as well.
        lost: told when it is gone.
        tap: told of every octet of its serial line.

    Raises:
        BadInput: one line with the remedy.
    """
    place = locate(address, serialx.list_serial_ports() if address.serial_number else ())
    lock = None if place.is_tcp or "://" in place.device else PortLock(place.device)
    try:
        return await _connected(place, lost, tap), lock
    except BaseException:
        if lock is not None:
            lock.release()
        raise


async def _connected(place: StickAddress, lost: Callable[[str], None], tap: SerialTap | None) -> Stick:
    flow = None if place.flow is FlowControl.NONE else place.flow.value
    ezsp = TappedEzsp({"path": place.device, "baudrate": place.baud, "flow_control": flow}, lost, tap)
    try:
        async with asyncio.timeout(WITHIN_S):
            await ezsp.connect(use_thread=False)
    except OSError as error:
        # An asyncio time-out is an OSError too.
        if not isinstance(error, TimeoutError):
            raise not_opened(place, error) from error
        await ezsp.disconnect()
        raise await _silent(place) from error
    except Exception as error:
        if isinstance(error, BadInput) or ezsp.over is not None:
            raise ezsp.over or error from None
        raise await _silent(place) from error
    if ezsp.ezsp_version not in SUPPORTED:
        version = ezsp.ezsp_version
        await ezsp.disconnect()
        raise unsupported(place, version)
    return Stick(ezsp)


class UnsupportedEzsp(BadInput):
    """A stick of a version that cannot be used."""

    def __init__(self, version: int, where: str) -> None:
        remedy = "update its firmware to EmberZNet 7.4 or later" if version < SUPPORTED[0] else "update this program"
        allowed = f"EZSP {', '.join(map(str, SUPPORTED))}"
        super().__init__(f"the stick speaks EZSP {version}: {remedy}", where=where, allowed=allowed)
        self.version = version


def unsupported(place: StickAddress, version: int) -> UnsupportedEzsp:
    """A stick of a version that cannot be used."""
    return UnsupportedEzsp(version, place.text)


def not_opened(place: StickAddress, error: OSError) -> BadInput:
    """Why a port cannot be opened, and what to do about it."""
    if isinstance(error, PermissionError) or error.errno == errno.EACCES:
        if "lock" in str(error):
            return BadInput("the port is in use: end the program that has it first", where=place.text)
        return BadInput("permission denied: add yourself to the group that owns the port (dialout)", where=place.text)
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        return BadInput("the port is in use: end the program that has it first", where=place.text)
    if isinstance(error, ConnectionRefusedError):
        return BadInput("connection refused: nobody offers a stick there", where=place.text)
    if isinstance(error, ConnectionResetError):
        return _ended(place)
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return BadInput("there is no such port: plug the stick in, or look at its name", where=place.text)
    return BadInput(f"cannot be opened: {error.strerror or error}", where=place.text)


def _ended(place: StickAddress) -> BadInput:
    remedy = "plug the stick in there, or end the program that has it"
    return BadInput(f"the connection is ended at once: {remedy}", where=place.text)


async def _silent(place: StickAddress) -> BadInput:
    """Why something that can be opened does not answer: look at what it says to a newline."""
    said = await _said(place)
    if said is None:
        return _ended(place)
    return BadInput(diagnosis(said), where=place.text)


def diagnosis(said: bytes) -> str:
    """What is at the other end, by what it says."""
    if any(mark in said for mark in _BOOTLOADER):
        return "the stick is in its bootloader: flash a ZigBee firmware (NCP), or choose `run` in its menu"
    if not said:
        return "no answer: not an EZSP stick, other firmware (RCP, CPC), or another baud rate or flow control"
    printable = sum(octet in b"\r\n\t" or 0x20 <= octet < 0x7F for octet in said)  # noqa: PLR2004 - ASCII
    if printable / len(said) >= _PRINTABLE_SHARE:
        return f"another device answers ({said[:24]!r}): give the port of a ZigBee stick with EZSP firmware"
    return "garbage comes: the baud rate is wrong (try baud=115200, 57600 or 460800)"


async def _said(place: StickAddress) -> bytes | None:
    """What comes after a newline; None where the line ends before anything does."""
    try:
        async with asyncio.timeout(_LISTEN_S * 4):
            reader, writer = await serialx.open_serial_connection(url=place.device, baudrate=place.baud)
    except Exception:  # noqa: BLE001 - what is told then is that it does not answer
        return b""
    said = b""
    try:
        writer.write(b"\r\n")
        async with asyncio.timeout(_LISTEN_S):
            while len(said) < _MOST_OCTETS:
                more = await reader.read(_MOST_OCTETS)
                if not more:
                    # From here on a line that has ended is read as nothing, without waiting, for ever.
                    return said or None
                said += more
    except Exception:  # noqa: BLE001, S110 - the time is up, or the line is gone: what has come counts
        pass
    finally:
        writer.close()
    return said
