"""A stick on a pseudo-terminal: octets as they are, whoever has the other end open or not."""

from __future__ import annotations

import asyncio
import os
import select
import termios
import tty
from collections.abc import Iterator
from functools import partial

import pytest

from emulator.core.errors import BadInput
from emulator.ncp.lines.pty import PtyLine
from tests.ncp.lines.line_end import BOUND, Recorder

ALL_OCTETS = bytes(range(256))
MANY = 3 << 20


@pytest.fixture
def end() -> Recorder:
    return Recorder()


@pytest.fixture
async def line(end: Recorder) -> Iterator[PtyLine]:  # type: ignore[misc]
    line = PtyLine(end, end.enter)
    line.open()
    yield line
    line.close()


class Host:
    """Has the device open, as a serial port."""

    def __init__(self, line: PtyLine) -> None:
        self.descriptor = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.descriptor, termios.TCSANOW)

    def write(self, octets: bytes) -> None:
        assert os.write(self.descriptor, octets) == len(octets)

    async def read(self, octets: int) -> bytes:
        """So many octets, and all that came with them."""
        got = bytearray()
        async with asyncio.timeout(BOUND):
            while len(got) < octets:
                got += self.read_now()
                await asyncio.sleep(0)
        return bytes(got)

    def read_now(self) -> bytes:
        readable, _, _ = select.select([self.descriptor], [], [], 0)
        return os.read(self.descriptor, 65_536) if readable else b""

    def close(self) -> None:
        os.close(self.descriptor)


@pytest.fixture
def host(line: PtyLine) -> Iterator[Host]:
    host = Host(line)
    yield host
    host.close()


async def test_octets_of_all_values_go_both_ways_unchanged(host: Host, end: Recorder) -> None:
    host.write(ALL_OCTETS)
    await end.until(lambda: len(end.came) >= 256)
    assert end.came == ALL_OCTETS
    end.write(ALL_OCTETS)
    assert await host.read(256) == ALL_OCTETS


async def test_the_device_is_raw_even_for_a_host_that_does_not_make_it_so(line: PtyLine, end: Recorder) -> None:
    descriptor = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    os.write(descriptor, b"\r\x11\x13\x03\n")
    await end.until(lambda: len(end.came) >= 5)
    assert end.came == b"\r\x11\x13\x03\n"
    os.close(descriptor)


async def test_the_stick_is_connected_from_the_start_to_the_end(end: Recorder) -> None:
    line = PtyLine(end, end.enter)
    assert (line.path, end.said) == ("", [])
    line.open()
    assert end.said == ["connected"]
    for _ in range(2):
        Host(line).close()
        await asyncio.sleep(0)
    assert end.said == ["connected"]
    line.close()
    assert end.said == ["connected", "disconnected"]


async def test_the_next_host_finds_the_stick_as_the_one_before_left_it(line: PtyLine, end: Recorder) -> None:
    for octets in (b"first", b"second"):
        host = Host(line)
        end.came.clear()
        host.write(octets)
        await end.until(partial(end.came.endswith, octets))
        end.write(octets)
        assert await host.read(len(octets)) == octets
        host.close()


async def test_what_the_stick_says_while_nobody_is_there_waits(line: PtyLine, end: Recorder) -> None:
    end.write(b"early")
    host = Host(line)
    assert await host.read(5) == b"early"
    host.close()


async def test_a_host_that_reads_late_gets_all_in_order(host: Host, end: Recorder) -> None:
    wanted = b"".join(number.to_bytes(4, "big") for number in range(25_000))
    for at in range(0, len(wanted), 1_000):
        end.write(wanted[at : at + 1_000])
    assert await host.read(len(wanted)) == wanted


async def test_a_host_that_never_reads_loses_the_oldest_and_holds_nobody_up(host: Host, end: Recorder) -> None:
    numbers = [number.to_bytes(4, "big") for number in range(MANY // 4)]
    for at in range(0, len(numbers), 1_000):
        end.write(b"".join(numbers[at : at + 1_000]))
    host.write(b"still listening")
    await end.until(lambda: end.came == b"still listening")
    got = bytearray()
    async with asyncio.timeout(BOUND):
        while not got.endswith(numbers[-1]):
            got += host.read_now()
            await asyncio.sleep(0)
    assert 1 << 20 <= len(got) < MANY // 2


async def test_a_device_that_was_taken_away_cannot_be_opened(end: Recorder) -> None:
    line = PtyLine(end, end.enter)
    line.open()
    Host(line).close()
    line.close()
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's affair
        os.close(os.open(line.path, os.O_RDWR | os.O_NOCTTY))


async def test_closing_twice_or_before_opening_does_no_harm(end: Recorder) -> None:
    line = PtyLine(end, end.enter)
    line.close()
    line.open()
    write = end.write
    line.close()
    line.close()
    write(b"nobody reads this")
    assert end.said == ["connected", "disconnected"]


async def test_where_there_is_no_terminal_to_be_had_it_is_bad_input(
    end: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> tuple[int, int]:
        raise OSError("out of pty devices")

    monkeypatch.setattr("pty.openpty", none_left)
    line = PtyLine(end, end.enter)
    with pytest.raises(BadInput, match="pseudo-terminal"):
        line.open()
    assert end.said == []
    line.close()
