"""A stick over TCP: one host at a time, a second one is turned away, and so is everybody while no stick is there."""

from __future__ import annotations

import asyncio
from typing import cast

from emulator.core.errors import BadInput
from emulator.ncp.lines.ends import Enter, LineEnd


class _Connection(asyncio.Protocol):
    """One host, or one too many."""

    def __init__(self, line: TcpLine) -> None:
        self._line = line
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._line.host is not None or not self._line.plugged:
            self._transport.close()
            return
        self._line.host = self
        write = self._transport.write
        self._line.enter(lambda now: self._line.end.connected(write, now))

    def data_received(self, data: bytes) -> None:
        if self._line.host is self:
            self._line.enter(lambda now: self._line.end.received(data, now))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.Protocol
        if self._line.host is self:
            self._line.host = None
            self._line.enter(self._line.end.disconnected)

    def hang_up(self) -> None:
        """Close the connection from this end."""
        if self._transport is not None:
            self._transport.close()


class TcpLine:
    """A listening socket with a stick behind it.

    Args:
        end: the stick.
        enter: how it is called.

    Attributes:
        host: the connection that the stick is used by.
        plugged: whether a stick is there; where none is, every host is turned away.
        port: where it listens; 0 before `open`.
    """

    def __init__(self, end: LineEnd, enter: Enter) -> None:
        self.end = end
        self.enter = enter
        self.host: _Connection | None = None
        self.plugged = True
        self.address = ""
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> None:
        """Listen; port 0 takes any that is free.

        Raises:
            BadInput: not possible there.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: _Connection(self), address, port)
        except (OSError, OverflowError) as error:
            words = getattr(error, "strerror", None) or str(error)
            where, allowed = f"{address}:{port}", "an address of this machine and a free port"
            raise BadInput(f"cannot listen: {words}".lower(), where=where, allowed=allowed) from error
        self.address, self.port = self._server.sockets[0].getsockname()[:2]

    def hang_up(self) -> None:
        """End the connection of the host that is there; another one may come."""
        if self.host is not None:
            self.host.hang_up()

    def unplug(self) -> None:
        """The stick is taken away, and its host's connection with it."""
        self.plugged = False
        self.hang_up()

    def plug(self) -> None:
        """A stick is there again."""
        self.plugged = True

    async def close(self) -> None:
        """Listen no more, and end the connection."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        if self._server is not None:
            await self._server.wait_closed()
