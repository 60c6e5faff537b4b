"""A line in memory has an address that bellows' serial library opens, as long as it is on offer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import serialx

from emulator.core.errors import BadInput
from emulator.runtime.loop import run_virtual
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick


class Line:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.octets = b""
        self.take: Callable[[bytes], None] | None = None
        self.lost: Callable[[], None] | None = None

    def attach(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self.take, self.lost = take, lost

    def detach(self) -> None:
        self.take = self.lost = None

    def write(self, octets: bytes) -> None:
        self.octets += octets


def test_octets_go_both_ways_until_the_host_closes() -> None:
    async def main() -> None:
        line = Line()
        with offered(line) as address:
            reader, writer = await serialx.open_serial_connection(url=address.device, baudrate=115_200)
            writer.write(b"there")
            assert line.octets == b"there"
            assert line.take is not None
            line.take(b"back")
            assert await reader.read(100) == b"back"
            writer.close()
            await asyncio.sleep(1)
            assert line.take is None

    run_virtual(main())


def test_a_line_that_goes_ends_the_connection() -> None:
    async def main() -> None:
        line = Line()
        with offered(line) as address:
            reader, _ = await serialx.open_serial_connection(url=address.device, baudrate=115_200)
            assert line.lost is not None
            line.lost()
            with pytest.raises(ConnectionResetError):
                await reader.read(100)

    run_virtual(main())


def test_two_lines_have_two_addresses() -> None:
    with offered(Line()) as one, offered(Line()) as other:
        assert one.device != other.device


def test_what_is_on_offer_no_more_is_said_to_be_missing() -> None:
    async def main() -> None:
        with offered(Line()) as address:
            pass
        with pytest.raises(BadInput, match="no such port"):
            await open_stick(address, lambda _: None)

    run_virtual(main())
