"""Octets of the serial line on their way to and from bellows, for whoever records them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import zigpy.serial
from bellows.ash import AshProtocol  # type: ignore[import-untyped]  # bellows carries no marker for type checkers
from bellows.uart import Gateway  # type: ignore[import-untyped]  # as above


class SerialTap(Protocol):
    """Takes what passes."""

    def opened(self) -> None:
        """The line is open, for the first time or again."""

    def received(self, octets: bytes) -> None:
        """From the stick."""

    def sent(self, octets: bytes) -> None:
        """To the stick."""


class _TappedTransport:
    """A transport that tells what is written; everything else it leaves to the one inside."""

    def __init__(self, inside: Any, tap: SerialTap) -> None:  # noqa: ANN401 - of serialx or asyncio
        self._inside = inside
        self._tap = tap

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._tap.sent(bytes(data))
        self._inside.write(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        return getattr(self._inside, name)


class _TappedAsh(AshProtocol):  # type: ignore[misc]  # its base is untyped
    """bellows' ASH between taps."""

    def __init__(self, gateway: Gateway, tap: SerialTap) -> None:
        super().__init__(gateway)
        self._tap = tap

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tap.opened()
        super().connection_made(_TappedTransport(transport, self._tap))

    def data_received(self, data: bytes) -> None:
        self._tap.received(bytes(data))
        super().data_received(data)


async def tapped_gateway(config: Mapping[str, Any], ezsp: object, tap: SerialTap) -> Gateway:
    """A line opened as bellows opens it (`bellows.uart`), with a tap.

    Args:
        config: `path`, `baudrate` and `flow_control`, as bellows has them.
        ezsp: told of every frame.
        tap: told of every octet.
    """
    loop = asyncio.get_running_loop()
    gateway = Gateway(ezsp, loop.create_future())
    flow = config["flow_control"]
    await zigpy.serial.create_serial_connection(
        loop,
        lambda: _TappedAsh(gateway, tap),
        url=config["path"],
        baudrate=config["baudrate"],
        # To bellows, no flow control is software flow control.
        xonxoff=flow in {None, "software"},
        rtscts=flow == "hardware",
    )
    await gateway.wait_until_connected()
    return gateway
