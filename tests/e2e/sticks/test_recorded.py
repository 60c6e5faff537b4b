"""Hub and bridge over two virtual sticks, recorded: played again without them, and their sticks without the air."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest

from emulator.core.errors import BadInput
from emulator.core.rng import SeededStreams
from emulator.ncp.lines.tcp import TcpLine
from emulator.ports.aps import NetworkUp, NodeType, StackConfiguration
from emulator.runtime.replay.recording import Recording
from emulator.runtime.replay.replaying import replay
from emulator.runtime.sticks.bench import INSTANT, BenchSettings, StickBench
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.uri import parse_stick
from tests.runtime.replay.recorded_world import RecordedDevices, nobody
from tests.transports.ezsp.fake_stick import ENDPOINT, NETWORK, User

pytestmark = pytest.mark.e2e

LIMIT_S = 120
Recordings = list[Recording]
Ports = list[EzspPort]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - what is waited for is told to a device, not to a task
            await asyncio.sleep(0.01)


@asynccontextmanager
async def recorded_sticks(version: int, files: list[Path]) -> AsyncIterator[tuple[StickBench, Recordings, Ports]]:
    """A port on a virtual stick for each file, which records it."""
    bench = StickBench(BenchSettings(INSTANT), SeededStreams(7))
    recordings, ports = [], []
    async with AsyncExitStack() as stack:
        stack.callback(bench.close)
        for file in files:
            stick = bench.add(version)
            line = TcpLine(stick.end, stick.enter)
            await line.open("127.0.0.1", 0)
            stack.push_async_callback(line.close)
            recording = Recording.open(file, lambda: bench.clock.now)
            stack.callback(recording.close)
            opener = partial(open_stick, parse_stick(f"ezsp+tcp:127.0.0.1:{line.port}"), tap=recording.serial)
            port = await open_port(opener, Random(3), nobody, lambda: bench.clock.now)
            stack.push_async_callback(port.close)
            recordings.append(recording)
            ports.append(port)
        yield bench, recordings, ports


@pytest.mark.parametrize("version", [13, 18])
async def test_a_whole_update_over_two_sticks_plays_again_the_same(version: int, tmp_path: Path) -> None:
    files = [tmp_path / "hub.jsonl.gz", tmp_path / "bridge.jsonl"]
    async with recorded_sticks(version, files) as (bench, recordings, ports):
        both = RecordedDevices(bench.clock, recordings, ports)
        for step in both.whole_update():
            condition = step()
            both.arm()
            await until(condition)
    for file in files:
        played = replay(file)
        assert (played.difference, played.notes) == (None, ())
        assert played.calls > 100


async def formed(port: EzspPort) -> list[object]:
    """What a coordinator is told that forms its network."""
    user = User()
    port.attach(user)
    port.configure(StackConfiguration(NodeType.COORDINATOR, 0x1234, (ENDPOINT,)))
    port.form(NETWORK, 0)
    await until(lambda: user.events or port.work.failure)
    return list(user.events)


async def test_a_port_on_a_replayed_stick_does_what_it_did_on_the_stick(tmp_path: Path) -> None:
    file = tmp_path / "stick.jsonl"
    async with recorded_sticks(13, [file]) as (_, _, (port,)):
        events = await formed(port)
        counters = await port.counters()
        assert isinstance(events[0], NetworkUp)
    opener = partial(open_stick, parse_stick(f"replay:{file}"))
    failures: list[BadInput] = []
    again = await open_port(opener, Random(3), nobody, lambda: 0, failed=failures.append)
    try:
        assert again.eui64 == port.eui64
        assert await formed(again) == events
        assert await again.counters() == counters
        assert failures == []
        again.rotate_network_key(bytes(range(1, 17)), 0)
        await until(lambda: failures)
        assert "broadcastNextNetworkKey was never asked" in str(failures[0])
        assert failures[0].where == f"replay:{file}"
    finally:
        await again.close()
