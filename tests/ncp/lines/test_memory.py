"""A line in memory passes octets, each in a turn of its own, to one host at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from emulator.core.errors import BadInput
from emulator.ncp.lines.ends import Write, nowhere
from emulator.ncp.lines.memory import MemoryLine
from emulator.runtime.loop import run_virtual


class Stick:
    """The end of a line: says hello, and whatever it hears twice."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.there = False
        self.write: Write = nowhere

    def connected(self, write: Write, now: int) -> None:
        self.there, self.write = True, write
        write(b"hello")

    def received(self, octets: bytes, now: int) -> None:
        self.heard.append(octets)
        self.write(octets)
        self.write(octets)

    def disconnected(self, now: int) -> None:
        self.there = False


class Host:
    """The other end."""

    def __init__(self, line: MemoryLine) -> None:
        self.heard: list[bytes] = []
        self.lost = 0
        line.attach(self.heard.append, self._lost)

    def _lost(self) -> None:
        self.lost += 1


Test = Callable[[MemoryLine, Stick], Coroutine[Any, Any, None]]


def on_line(test: Test) -> None:
    async def main() -> None:
        stick = Stick()
        line = MemoryLine(stick, lambda function: function(0))
        line.open()
        assert stick.there
        await test(line, stick)
        line.close()
        assert not stick.there
        await asyncio.sleep(1)

    run_virtual(main())


def test_neither_end_is_answered_from_inside_a_call_of_its_own() -> None:
    async def test(line: MemoryLine, stick: Stick) -> None:
        host = Host(line)
        line.write(b"one")
        line.write(b"two")
        assert (stick.heard, host.heard) == ([], [])
        await asyncio.sleep(1)
        assert (stick.heard, host.heard) == ([b"onetwo"], [b"onetwoonetwo"])

    on_line(test)


def test_what_the_stick_says_while_nobody_is_there_is_lost() -> None:
    async def test(line: MemoryLine, stick: Stick) -> None:
        await asyncio.sleep(1)
        host = Host(line)
        await asyncio.sleep(1)
        assert host.heard == []
        stick.write(b"now")
        line.detach()
        await asyncio.sleep(1)
        assert (host.heard, host.lost) == ([], 0)

    on_line(test)


def test_a_second_host_is_turned_away_until_the_first_is_gone() -> None:
    async def test(line: MemoryLine, stick: Stick) -> None:
        first = Host(line)
        with pytest.raises(BadInput, match="in use"):
            Host(line)
        line.hang_up()
        second = Host(line)
        stick.write(b"second")
        await asyncio.sleep(1)
        assert (first.lost, first.heard, second.lost, second.heard) == (1, [], 0, [b"second"])

    on_line(test)


def test_a_line_that_is_closed_is_lost_to_its_host() -> None:
    async def main() -> None:
        stick = Stick()
        line = MemoryLine(stick, lambda function: function(0))
        line.open()
        host = Host(line)
        line.close()
        await asyncio.sleep(1)
        assert (host.lost, stick.there) == (1, False)

    run_virtual(main())
