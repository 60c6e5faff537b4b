"""A stick over TCP: one host at a time.

A second one is turned away, and so is everybody while no stick is there. A program that closes its connection and at
once opens another may be heard of in the other order; so the second host waits a moment before it is turned away.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from emulator.core.errors import BadInput
from emulator.ncp.lines.ends import Enter, LineEnd

_PATIENCE_S: Final = 1.0
"""How long the second host waits for the first to go."""
_MOST_HELD: Final = 65_536
"""Octets taken from it meanwhile; the others wait in its socket."""


class _Connection(asyncio.Protocol):
    """One host: the one that the stick is used by, the one that waits for it, or one too many."""

    def __init__(self, line: TcpLine) -> None:
        self._line = line
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        """What a host that waits has said."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._line.came(self)

    def data_received(self, data: bytes) -> None:
        if self._line.host is self:
            self._line.enter(lambda now: self._line.end.received(data, now))
            return
        self._held += data
        if len(self._held) > _MOST_HELD:
            self._open.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio.Protocol
        self._line.went(self)

    def take(self) -> None:
        """Let the stick be used by this host."""
        write, held = self._open.write, bytes(self._held)
        self._held.clear()
        self._line.enter(lambda now: self._line.end.connected(write, now))
        if held:
            self._line.enter(lambda now: self._line.end.received(held, now))
        self._open.resume_reading()

    def hang_up(self) -> None:
        """Close the connection from this end."""
        self._open.close()

    @property
    def _open(self) -> asyncio.Transport:
        assert self._transport is not None, "the line hears of a connection when it is made"
        return self._transport


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
        self._waiting: _Connection | None = None
        self._patience: asyncio.TimerHandle | None = None

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

    def came(self, host: _Connection) -> None:
        """A host connected: it has the stick, waits for it, or is turned away."""
        if not self.plugged or self._waiting is not None:
            host.hang_up()
        elif self.host is None:
            self.host = host
            host.take()
        else:
            self._waiting = host
            self._patience = asyncio.get_running_loop().call_later(_PATIENCE_S, self._turn_away)

    def went(self, host: _Connection) -> None:
        """A host is gone; if it had the stick, the one that waits has it now."""
        if host is self._waiting:
            self._waiting_no_more()
        elif host is self.host:
            self.host = None
            self.enter(self.end.disconnected)
            successor = self._waiting_no_more()
            if successor is not None:
                self.came(successor)

    def _waiting_no_more(self) -> _Connection | None:
        """Nobody waits any longer; whoever did."""
        waiting, self._waiting = self._waiting, None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        return waiting

    def _turn_away(self) -> None:
        """End the connection of the host that waits."""
        waiting = self._waiting_no_more()
        if waiting is not None:
            waiting.hang_up()

    def hang_up(self) -> None:
        """End the connection of the host that is there; another one may come."""
        if self.host is not None:
            self.host.hang_up()

    def unplug(self) -> None:
        """The stick is taken away, and its host's connection with it."""
        self.plugged = False
        self._turn_away()
        self.hang_up()

    def plug(self) -> None:
        """A stick is there again."""
        self.plugged = True

    async def close(self) -> None:
        """Listen no more, and end the connection."""
        self.plugged = False
        if self._server is not None:
            self._server.close()
        self._turn_away()
        self.hang_up()
        if self._server is not None:
            await self._server.wait_closed()
