"""What stands in for a stick at the end of a line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.ncp.lines.ends import Write, nowhere

BOUND = 10
"""Seconds that nothing here takes."""


class Recorder:
    """Notes what the line says, and says back what it is told to."""

    def __init__(self) -> None:
        self.write: Write = nowhere
        self.came = bytearray()
        self.said: list[str] = []
        self.entered = 0
        self._changed = asyncio.Event()

    def enter(self, function: Callable[[int], None]) -> None:
        self.entered += 1
        function(self.entered)
        self._changed.set()

    def connected(self, write: Write, now: int) -> None:
        assert now == self.entered
        self.write = write
        self.said.append("connected")

    def received(self, octets: bytes, now: int) -> None:
        assert now == self.entered
        self.came += octets

    def disconnected(self, now: int) -> None:
        assert now == self.entered
        self.write = nowhere
        self.said.append("disconnected")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the line is to bring about."""
        async with asyncio.timeout(BOUND):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
