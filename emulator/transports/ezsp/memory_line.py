"""A stick of this process under an address that bellows opens: `vncp://NUMBER`, for tests, benchmarks, virtual time.

serialx, which bellows opens its ports by, takes transports of a scheme of one's own; it knows addresses only, so the
lines on offer are looked up by number.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, Protocol

import serialx

from emulator.transports.ezsp.uri import StickAddress

SCHEME: Final = "vncp://"
_HANDLER: Final = "vncp-memory://"


class Line(Protocol):
    """The host's end of a line."""

    def attach(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Open it: octets from the stick go to `take`, never from inside a call; `lost` is told if the line goes."""

    def detach(self) -> None:
        """Close it."""

    def write(self, octets: bytes) -> None:
        """Octets for the stick."""


_offered: dict[str, Line] = {}
_numbers = count()


@contextmanager
def offered(line: Line) -> Iterator[StickAddress]:
    """The address of a line, good until the block is left."""
    device = f"{SCHEME}{next(_numbers)}"
    _offered[device] = line
    try:
        yield StickAddress(device, device)
    finally:
        del _offered[device]


class _Transport(serialx.BaseSerialTransport):
    """The connection of one host."""

    _line: Line | None = None

    async def _connect(self, *, path: str | None, **kwargs: Any) -> None:  # noqa: ANN401, ARG002 - of any kind
        line = _offered.get(path or "")
        if line is None:
            raise FileNotFoundError(errno.ENOENT, "no stick is on offer there", path)
        line.attach(self._take, self._gone)
        self._line = line
        self._call_protocol_connection_made()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._line is not None:
            self._line.write(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self._closing = True
        if self._line is not None:
            self._line.detach()
            self._line = None
        asyncio.get_running_loop().call_soon(self._call_protocol_connection_lost, None)

    def abort(self) -> None:
        self.close()

    def _take(self, octets: bytes) -> None:
        self._protocol.data_received(octets)

    def _gone(self) -> None:
        if self._line is not None:
            self._line = None
            self._closing = True
            self._call_protocol_connection_lost(ConnectionResetError(errno.EPIPE, "the line is gone"))


# What is abstract in both is of no use here: this line has no modem pins and no settings, and nobody blocks on it.
serialx.register_uri_handler(
    scheme=SCHEME,
    unique_scheme=_HANDLER,
    sync_cls=serialx.BaseSerial,  # type: ignore[type-abstract]  # as above
    async_transport_cls=_Transport,  # type: ignore[type-abstract]  # as above
)
