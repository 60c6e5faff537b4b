"""A virtual stick on a TCP port of this process, to be probed and flashed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.ncp.lines.tcp import TcpLine
from emulator.runtime.sticks.bench import INSTANT, BenchSettings, BenchStick, StickBench
from emulator.transports.ezsp.uri import StickAddress, parse_stick


@dataclass(frozen=True, slots=True)
class Placed:
    """One stick, and where it is."""

    stick: BenchStick
    line: TcpLine
    place: StickAddress
    events: list[Event]


@asynccontextmanager
async def stick_on_tcp(version: int = 13) -> AsyncIterator[Placed]:
    """Served until the block is left."""
    events: list[Event] = []
    bench = StickBench(BenchSettings(air=INSTANT), SeededStreams(3), sinks=(events.append,))
    stick = bench.add(version)
    line = TcpLine(stick.end, stick.enter)
    await line.open("127.0.0.1", 0)
    try:
        yield Placed(stick, line, parse_stick(f"ezsp+tcp:127.0.0.1:{line.port}"), events)
    finally:
        await line.close()
        bench.close()
