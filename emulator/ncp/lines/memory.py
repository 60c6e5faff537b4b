"""A stick on a line inside this process: as a serial port, but without a device, and as quick as the loop turns.

As on a serial line, the stick sees no host come or go, and what it says while none is there is lost.  Octets come to
either end in a turn of the loop of their own, never from inside a call of the other end's: neither end expects an
answer before it is done writing.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

from emulator.core.errors import BadInput
from emulator.ncp.lines.ends import Enter, LineEnd


class MemoryLine:
    """One line; needs a running asyncio loop.

    Args:
        end: the stick.
        enter: how it is called.

    Attributes:
        plugged: whether a stick is there.
    """

    def __init__(self, end: LineEnd, enter: Enter) -> None:
        self.plugged = True
        self._end = end
        self._enter = enter
        self._loop = asyncio.get_running_loop()
        self._take: Callable[[bytes], None] | None = None
        self._lost: Callable[[], None] | None = None
        self._to_stick = bytearray()
        self._to_host = bytearray()

    def open(self) -> None:
        """The stick is on its line from now on."""
        self._enter(lambda now: self._end.connected(self._from_stick, now))

    def close(self) -> None:
        """The stick is off its line; a host that is there loses it."""
        self._enter(self._end.disconnected)
        self.hang_up()

    # The host

    def attach(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """A host opens the line: octets go to `take`; `lost` is told if the line goes.

        Raises:
            BadInput: there is one already.
            FileNotFoundError: no stick is there.
        """
        if not self.plugged:
            raise FileNotFoundError(errno.ENOENT, "no stick is there")
        if self._take is not None:
            raise BadInput("the port is in use", where="line in memory", allowed="one host at a time")
        self._take, self._lost = take, lost

    def detach(self) -> None:
        """The host closes it."""
        self._take = self._lost = None
        self._to_host.clear()

    def write(self, octets: bytes) -> None:
        """Octets from the host."""
        if not self._to_stick:
            self._loop.call_soon(self._reach_stick)
        self._to_stick += octets

    def hang_up(self) -> None:
        """The line is gone for the host that is there; another one may come."""
        lost = self._lost
        self.detach()
        if lost is not None:
            self._loop.call_soon(lost)

    def unplug(self) -> None:
        """The stick is taken away: its host loses the line, and finds none."""
        self.plugged = False
        self.hang_up()

    def plug(self) -> None:
        """A stick is there again."""
        self.plugged = True

    # On the way

    def _reach_stick(self) -> None:
        octets = bytes(self._to_stick)
        self._to_stick.clear()
        self._enter(lambda now: self._end.received(octets, now))

    def _from_stick(self, octets: bytes) -> None:
        if self._take is None:
            return
        if not self._to_host:
            self._loop.call_soon(self._reach_host)
        self._to_host += octets

    def _reach_host(self) -> None:
        octets = bytes(self._to_host)
        self._to_host.clear()
        if octets and self._take is not None:
            self._take(octets)
