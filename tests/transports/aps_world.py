"""A hub and bridges on `mem:aps`, for the tests of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.core.clock import HOUR, SECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ports.aps import (
    ApsIndication,
    ApsMessage,
    ApsPort,
    JoinSettings,
    NetworkEvent,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.runtime.engine import Engine
from emulator.transports.memory.aps_air import ApsAir
from emulator.transports.memory.aps_port import ApsAirPort
from emulator.transports.memory.topology import Link, Topology

HUB = Eui64(0x00DB_0000_0000_0001)
ENDPOINT = SimpleDescriptor(1, 0x0109, 0x0502, 0, (0x0000,), (0x0019,))
NETWORK = NetworkSettings(15, 0x1A62, Eui64(0xABCD), bytes(range(16)))


def bridge_address(number: int) -> Eui64:
    return Eui64(0x00DB_0000_0000_1000 + number)


def key_of(number: int) -> bytes:
    return bytes([number]) * 16


class Device:
    """An `ApsUser` that keeps what it is told, and may answer."""

    def __init__(self, port: ApsAirPort) -> None:
        self.port: ApsPort = port
        self.inside = port
        self.messages: list[tuple[int, ApsIndication]] = []
        self.outcomes: list[tuple[int, int, Outcome]] = []
        self.events: list[tuple[int, NetworkEvent]] = []
        self.reports: list[tuple[int, str, str | None]] = []
        self.on_message: Callable[[ApsIndication, int], None] | None = None
        self.on_sent: Callable[[int], None] | None = None
        port.attach(self)

    def received(self, message: ApsIndication, now: int) -> None:
        self.messages.append((now, message))
        if self.on_message is not None:
            self.on_message(message, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        self.outcomes.append((now, handle, outcome))
        if self.on_sent is not None:
            self.on_sent(now)

    def network(self, event: NetworkEvent, now: int) -> None:
        self.events.append((now, event))

    @property
    def last_outcome(self) -> Outcome:
        return self.outcomes[-1][2]

    @property
    def short(self) -> int:
        up = next(event for _, event in reversed(self.events) if isinstance(event, NetworkUp))
        return up.short

    def kinds(self) -> list[type[NetworkEvent]]:
        return [type(event) for _, event in self.events]

    def payloads(self) -> list[bytes]:
        return [message.payload for _, message in self.messages]


class World:
    """A hub and bridges; nobody hears anybody until the test connects them."""

    def __init__(self, seed: int = 1) -> None:
        self.engine = Engine()
        self.topology = Topology()
        self.air = ApsAir(self.engine, self.topology, SeededStreams(seed))
        self._before: dict[int, tuple[int, int]] = {}
        self.hub = self.device(HUB, NodeType.COORDINATOR)

    @property
    def airtime(self) -> dict[int, tuple[int, int]]:
        """Airtime (µs) and frames of every device that sent anything since `forget_airtime`."""
        sent = {}
        for eui64, port in self.air.ports.items():
            airtime, frames = self._before.get(eui64, (0, 0))
            if port.frames > frames:
                sent[int(eui64)] = (port.airtime - airtime, port.frames - frames)
        return sent

    def forget_airtime(self) -> None:
        """Count from here."""
        self._before = {eui64: (port.airtime, port.frames) for eui64, port in self.air.ports.items()}

    def device(
        self, eui64: Eui64, node_type: NodeType = NodeType.ROUTER, key: bytes | None = None, poll: int = SECOND
    ) -> Device:
        port = self.air.port(eui64, lambda kind, reason, _, now: device.reports.append((now, kind, reason)))
        device = Device(port)
        port.configure(StackConfiguration(node_type, 0x1234, (ENDPOINT,), poll_interval=poll, link_key=key))
        return device

    def bridge(self, number: int, node_type: NodeType = NodeType.ROUTER, poll: int = SECOND) -> Device:
        return self.device(bridge_address(number), node_type, key_of(number), poll)

    def open(self, *allowed: int) -> None:
        """Form the network, allow these bridges, permit joining for an hour."""
        self.hub.port.form(NETWORK, self.engine.now)
        for number in allowed:
            self.hub.port.allow(bridge_address(number), key_of(number))
        self.hub.port.permit_joining(self.engine.now + HOUR, self.engine.now)
        self.engine.run_for(SECOND)

    def join(self, *devices: Device) -> None:
        for device in devices:
            device.port.join(JoinSettings(), self.engine.now)
            self.engine.run_for(20 * SECOND)
            assert isinstance(device.events[-1][1], NetworkUp), device.events

    def send(self, sender: Device, receiver: Device, payload: bytes = b"x", **options: Any) -> int:
        message = ApsMessage(receiver.short, 1, 1, 0x0109, 0x0019, payload, **options)
        return sender.port.send(message, self.engine.now)


def pair(
    loss: float = 0.0, seed: int = 1, node_type: NodeType = NodeType.ROUTER, poll: int = SECOND
) -> tuple[World, Device]:
    """A hub and a joined bridge; loss begins after the join."""
    world = World(seed)
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1, node_type, poll)
    world.open(1)
    world.join(bridge)
    world.topology.connect(HUB, bridge_address(1), Link(loss=loss))
    return world, bridge


def line(hops: int) -> tuple[World, list[Device]]:
    """A hub and bridges in a row, each hearing the next one only."""
    world = World()
    world.topology.chain([HUB, *(bridge_address(number) for number in range(1, hops + 1))])
    bridges = [world.bridge(number) for number in range(1, hops + 1)]
    world.open(*range(1, hops + 1))
    for bridge in bridges:
        world.join(bridge)
        world.hub.port.permit_joining(world.engine.now + HOUR, world.engine.now)
        world.engine.run_for(SECOND)
    return world, bridges


def ping_pong(world: World, bridge: Device, blocks: int, data: int, **options: Any) -> int:
    """Block requests and responses, one after the other; how long they took."""
    left = blocks
    request, response = bytes(17), bytes(17 + data)
    begin = world.engine.now

    def answer(_: ApsIndication, now: int) -> None:
        world.hub.port.send(ApsMessage(bridge.short, 1, 1, 0x0109, 0x19, response, **options), now)

    def ask(_: ApsIndication, now: int) -> None:
        nonlocal left
        left -= 1
        if left:
            bridge.port.send(ApsMessage(0, 1, 1, 0x0109, 0x19, request, **options), now)

    world.hub.on_message, bridge.on_message = answer, ask
    bridge.port.send(ApsMessage(0, 1, 1, 0x0109, 0x19, request, **options), begin)
    world.engine.run_slice()
    assert left == 0
    return world.engine.now - begin
