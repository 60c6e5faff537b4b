"""A stick on a pseudo-terminal: a serial port for hosts that want one.

That a host opened or closed it cannot be seen from this end, so the stick is connected from the start to the end.
"""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import tty

from emulator.core.errors import BadInput
from emulator.ncp.lines.ends import Enter, LineEnd

_CHUNK = 4_096
_MOST_WAITING = 1 << 20
"""Octets that wait for a host that does not read; beyond that the oldest are lost, as on a serial line."""


class PtyLine:
    """One pseudo-terminal.

    Args:
        end: the stick.
        enter: how it is called.

    Attributes:
        path: of the device that the host opens; empty before `open`.
    """

    def __init__(self, end: LineEnd, enter: Enter) -> None:
        self.path = ""
        self._end = end
        self._enter = enter
        self._ours = self._theirs = -1
        self._waiting = bytearray()

    def open(self) -> None:
        """Make the device.

        Raises:
            BadInput: there is none to be had.
        """
        try:
            self._ours, self._theirs = pty.openpty()
        except OSError as error:
            raise BadInput("no pseudo-terminal is to be had", where="--pty", allowed="TCP, without it") from error
        tty.setraw(self._theirs, termios.TCSANOW)
        os.set_blocking(self._ours, False)
        # The other end stays open here too: reading would fail whenever no host has it open.
        self.path = os.ttyname(self._theirs)
        asyncio.get_running_loop().add_reader(self._ours, self._readable)
        self._enter(lambda now: self._end.connected(self._write, now))

    def close(self) -> None:
        """Take the device away."""
        if self._ours < 0:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._ours)
        loop.remove_writer(self._ours)
        self._enter(self._end.disconnected)
        os.close(self._ours)
        os.close(self._theirs)
        self._ours = -1

    def _readable(self) -> None:
        try:
            octets = os.read(self._ours, _CHUNK)
        except OSError:
            return
        self._enter(lambda now: self._end.received(octets, now))

    def _write(self, octets: bytes) -> None:
        self._waiting += octets
        del self._waiting[:-_MOST_WAITING]
        self._writable()

    def _writable(self) -> None:
        """Write as much as goes, and go on when there is room."""
        if self._ours < 0:
            return
        loop = asyncio.get_running_loop()
        try:
            del self._waiting[: os.write(self._ours, self._waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self._waiting.clear()
        if self._waiting:
            loop.add_writer(self._ours, self._writable)
        else:
            loop.remove_writer(self._ours)
