"""A stick over TCP: octets both ways, and one host at a time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from emulator.core.errors import BadInput
from emulator.ncp.lines.tcp import TcpLine
from tests.ncp.lines.line_end import BOUND, Recorder

LOOPBACK = "127.0.0.1"
ALL_OCTETS = bytes(range(256))

Host = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def end() -> Recorder:
    return Recorder()


@pytest.fixture
async def line(end: Recorder) -> AsyncIterator[TcpLine]:
    line = TcpLine(end, end.enter)
    await line.open(LOOPBACK, 0)
    yield line
    await line.close()


async def host(line: TcpLine) -> Host:
    return await asyncio.open_connection(LOOPBACK, line.port)


async def first_host(line: TcpLine, end: Recorder) -> Host:
    before = end.said.count("connected")
    streams = await host(line)
    await end.until(lambda: end.said.count("connected") > before)
    return streams


async def read(streams: Host, octets: int) -> bytes:
    async with asyncio.timeout(BOUND):
        return await streams[0].readexactly(octets)


async def ended(streams: Host) -> bool:
    """Whether the other end closed the connection, with nothing said."""
    async with asyncio.timeout(BOUND):
        try:
            return await streams[0].read() == b""
        except ConnectionError:
            return True


async def hang_up(streams: Host) -> None:
    streams[1].close()
    with contextlib.suppress(ConnectionError):
        await streams[1].wait_closed()


async def test_octets_of_all_values_go_both_ways(line: TcpLine, end: Recorder) -> None:
    streams = await first_host(line, end)
    streams[1].write(ALL_OCTETS * 40)
    await end.until(lambda: len(end.came) == 40 * 256)
    assert end.came == ALL_OCTETS * 40
    end.write(ALL_OCTETS * 40)
    assert await read(streams, 40 * 256) == ALL_OCTETS * 40
    await hang_up(streams)


async def test_the_stick_speaks_first_if_it_wants_to(line: TcpLine, end: Recorder) -> None:
    streams = await first_host(line, end)
    end.write(b"hello")
    assert await read(streams, 5) == b"hello"
    await hang_up(streams)


async def test_the_stick_is_told_when_its_host_goes_and_another_may_come(line: TcpLine, end: Recorder) -> None:
    for times in (1, 2, 3):
        streams = await first_host(line, end)
        await hang_up(streams)
        await end.until(lambda: line.host is None)
        assert end.said == ["connected", "disconnected"] * times


async def test_a_second_host_is_turned_away_and_the_first_not_disturbed(line: TcpLine, end: Recorder) -> None:
    first = await first_host(line, end)
    second = await host(line)
    second[1].write(b"not for you")
    assert await ended(second)
    await hang_up(second)
    first[1].write(b"mine")
    await end.until(lambda: len(end.came) >= 4)
    assert end.came == b"mine"
    assert end.said == ["connected"]
    end.write(b"yours")
    assert await read(first, 5) == b"yours"
    await hang_up(first)


async def test_a_host_that_comes_just_before_the_other_goes_has_the_stick_next_and_loses_no_octet(
    line: TcpLine, end: Recorder
) -> None:
    first = await first_host(line, end)
    second = await host(line)
    second[1].write(ALL_OCTETS)
    third = await host(line)
    assert await ended(third)
    assert not end.came
    await hang_up(first)
    await end.until(lambda: len(end.came) >= len(ALL_OCTETS))
    assert end.came == ALL_OCTETS
    assert end.said == ["connected", "disconnected", "connected"]
    end.write(b"yours")
    assert await read(second, 5) == b"yours"
    for streams in (second, third):
        await hang_up(streams)


async def test_a_host_that_waits_and_goes_is_forgotten(line: TcpLine, end: Recorder) -> None:
    first = await first_host(line, end)
    second = await host(line)
    await hang_up(second)
    await hang_up(first)
    await end.until(lambda: line.host is None and end.said[-1] == "disconnected")
    third = await host(line)
    third[1].write(b"mine")
    await end.until(lambda: end.came == b"mine")
    await hang_up(third)


@pytest.mark.parametrize("end_of_it", [TcpLine.unplug, TcpLine.close], ids=["unplugged", "closed"])
async def test_whoever_waits_for_a_stick_that_goes_is_turned_away(
    line: TcpLine, end: Recorder, end_of_it: Callable[[TcpLine], Awaitable[None] | None]
) -> None:
    first, second = await first_host(line, end), await host(line)
    await asyncio.sleep(0)
    ending = end_of_it(line)
    if ending is not None:
        await ending
    assert await ended(first)
    assert await ended(second)
    await end.until(lambda: end.said == ["connected", "disconnected"])
    for streams in (first, second):
        await hang_up(streams)


async def test_a_host_that_is_hung_up_on_notices_and_another_may_come(line: TcpLine, end: Recorder) -> None:
    first = await first_host(line, end)
    line.hang_up()
    assert await ended(first)
    await end.until(lambda: line.host is None)
    second = await first_host(line, end)
    end.write(b"again")
    assert await read(second, 5) == b"again"
    for streams in (first, second):
        await hang_up(streams)


async def test_hanging_up_on_nobody_does_no_harm(line: TcpLine, end: Recorder) -> None:
    line.hang_up()
    assert end.said == []


async def test_a_host_that_does_not_read_does_not_hold_the_stick_up(line: TcpLine, end: Recorder) -> None:
    streams = await first_host(line, end)
    for _ in range(200):
        end.write(bytes(50_000))
    streams[1].write(b"still listening")
    await end.until(lambda: end.came == b"still listening")
    streams[1].transport.abort()


async def test_after_the_end_nobody_listens_and_the_host_is_gone(end: Recorder) -> None:
    line = TcpLine(end, end.enter)
    await line.open(LOOPBACK, 0)
    streams = await first_host(line, end)
    async with asyncio.timeout(BOUND):
        await line.close()
    assert await ended(streams)
    await end.until(lambda: end.said == ["connected", "disconnected"])
    with pytest.raises(ConnectionRefusedError):
        await host(line)
    await hang_up(streams)


async def test_a_line_that_was_never_open_can_be_closed(end: Recorder) -> None:
    await TcpLine(end, end.enter).close()
    assert end.said == []


async def test_it_says_where_it_listens(line: TcpLine) -> None:
    assert line.address == LOOPBACK
    assert line.port > 0


async def test_a_port_that_is_taken_is_bad_input(line: TcpLine, end: Recorder) -> None:
    with pytest.raises(BadInput, match="cannot listen") as raised:
        await TcpLine(end, end.enter).open(LOOPBACK, line.port)
    assert f"{LOOPBACK}:{line.port}" in str(raised.value)


@pytest.mark.parametrize("address, port", [(LOOPBACK, 70_000), ("203.0.113.1", 0)], ids=["port", "address"])
async def test_a_place_that_there_is_none_of_is_bad_input(end: Recorder, address: str, port: int) -> None:
    with pytest.raises(BadInput, match="cannot listen"):
        await TcpLine(end, end.enter).open(address, port)


async def test_a_host_that_breaks_off_is_a_host_that_goes(line: TcpLine, end: Recorder) -> None:
    streams = await first_host(line, end)
    raw = streams[1].get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes((1, 0, 0, 0, 0, 0, 0, 0)))
    streams[1].transport.abort()
    await end.until(lambda: end.said == ["connected", "disconnected"])


async def test_without_a_stick_every_host_is_turned_away_and_with_one_again_none_is(
    line: TcpLine, end: Recorder
) -> None:
    first = await first_host(line, end)
    line.unplug()
    assert await ended(first)
    await end.until(lambda: end.said.count("disconnected") == 1)
    nobody = await host(line)
    assert await ended(nobody)
    line.plug()
    again = await first_host(line, end)
    assert end.said.count("connected") == 2
    for streams in (first, nobody, again):
        await hang_up(streams)
