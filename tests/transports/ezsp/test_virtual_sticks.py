"""Hub and bridge over two virtual sticks: bellows, TCP, ASH, EZSP, and real frames on an air that takes no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random

import pytest

from emulator.core.clock import HOUR, SECOND
from emulator.core.events import Report
from emulator.core.rng import SeededStreams
from emulator.ncp.lines.tcp import TcpLine
from emulator.ports.aps import ApsMessage, DeviceJoined, JoinSettings, NetworkUp, NodeType, Outcome, StackConfiguration
from emulator.runtime.sticks.bench import INSTANT, BenchSettings, StickBench
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.uri import parse_stick
from tests.transports.ezsp.fake_stick import ENDPOINT, KEY, NETWORK, NEW_KEY, User

pytestmark = pytest.mark.e2e


def keeper(reports: list[object]) -> Report:
    def report(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        reports.append((kind, reason, fields))

    return report


class End:
    """A port and what it is told."""

    def __init__(self, port: EzspPort, line: TcpLine, node_type: NodeType, reports: list[object]) -> None:
        self.port = port
        self.line = line
        self.reports = reports
        self.user = User()
        port.attach(self.user)
        key = None if node_type is NodeType.COORDINATOR else KEY
        port.configure(StackConfiguration(node_type, 0x1234, (ENDPOINT,), poll_interval=SECOND // 10, link_key=key))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - what is waited for is told to a device, not to a task
                await asyncio.sleep(0.01)

    async def delivers(self, to: End, payload: bytes, *, link_key: bool = True) -> Outcome:
        up = next(event for event in to.user.events if isinstance(event, NetworkUp))
        message = ApsMessage(up.short, 1, 1, 0x0109, 0x19, payload, acknowledge=True, link_key=link_key)
        handle = self.port.send(message, 0)
        await self.until(lambda: handle in dict(self.user.outcomes))
        return dict(self.user.outcomes)[handle]


@asynccontextmanager
async def pair(version: int, node_type: NodeType) -> AsyncIterator[tuple[End, End]]:
    """A hub with an open network, and a bridge that joined."""
    bench = StickBench(BenchSettings(air=INSTANT), SeededStreams(7))
    ends = []
    async with AsyncExitStack() as stack:
        for kind in (NodeType.COORDINATOR, node_type):
            stick = bench.add(version)
            line = TcpLine(stick.stick, stick.enter)
            await line.open("127.0.0.1", 0)
            stack.push_async_callback(line.close)
            reports: list[object] = []
            address = parse_stick(f"ezsp+tcp:127.0.0.1:{line.port}")
            port = await open_port(
                partial(open_stick, address), Random(1),
                keeper(reports), lambda: bench.clock.now,
            )  # fmt: skip
            stack.push_async_callback(port.close)
            ends.append(End(port, line, kind, reports))
        hub, bridge = ends
        hub.port.form(NETWORK, 0)
        hub.port.allow(bridge.port.eui64, KEY)
        await hub.until(lambda: hub.user.events)
        hub.port.permit_joining(bench.clock.now + HOUR, 0)
        await asyncio.sleep(0.1)
        bridge.port.join(JoinSettings(channels=(15,)), 0)
        await bridge.until(lambda: bridge.user.events)
        assert isinstance(bridge.user.events[0], NetworkUp), (bridge.user.events, hub.user.events, bridge.reports)
        await hub.until(lambda: any(isinstance(event, DeviceJoined) for event in hub.user.events))
        yield hub, bridge
    bench.close()


@pytest.mark.parametrize("version", [13, 14, 18])
@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY], ids=["router", "sleepy"])
async def test_a_bridge_joins_a_hub_and_messages_go_both_ways(version: int, node_type: NodeType) -> None:
    async with pair(version, node_type) as (hub, bridge):
        for sender, receiver in ((bridge, hub), (hub, bridge)):
            for link_key in (False, True):
                assert await sender.delivers(receiver, b"there", link_key=link_key) is Outcome.DELIVERED
                message = receiver.user.messages[-1]
                assert (message.payload, message.link_key) == (b"there", link_key)
                assert message.source_eui64 == sender.port.eui64


@pytest.mark.parametrize("version", [13, 18])
async def test_long_messages_come_whole(version: int) -> None:
    async with pair(version, NodeType.ROUTER) as (hub, bridge):
        payload = bytes(range(256)) * 3
        assert await bridge.delivers(hub, payload) is Outcome.DELIVERED
        assert hub.user.messages[-1].payload == payload


async def test_an_established_key_is_in_force_at_both_ends() -> None:
    async with pair(13, NodeType.ROUTER) as (hub, bridge):
        hub.port.set_link_key(bridge.port.eui64, NEW_KEY, 0)
        bridge.port.set_link_key(hub.port.eui64, NEW_KEY, 0)
        assert await bridge.delivers(hub, b"new") is Outcome.DELIVERED
        assert await hub.delivers(bridge, b"new") is Outcome.DELIVERED


async def test_a_line_that_is_cut_is_found_again_and_the_network_goes_on() -> None:
    async with pair(13, NodeType.ROUTER) as (hub, bridge):
        before = len(hub.user.events)
        hub.line.hang_up()
        await hub.until(lambda: isinstance(hub.user.events[-1], NetworkUp) and len(hub.user.events) > before)
        assert await bridge.delivers(hub, b"again") is Outcome.DELIVERED
