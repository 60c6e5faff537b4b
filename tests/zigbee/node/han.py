"""A HAN of soft nodes on the in-memory air, in virtual time, for the tests of node and transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from emulator.core.clock import HOUR, SECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ports.aps import (
    ApsIndication,
    ApsMessage,
    JoinSettings,
    NetworkDown,
    NetworkEvent,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
    SimpleDescriptor,
    StackConfiguration,
)
from emulator.runtime.engine import Engine
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Link, Topology
from emulator.zigbee.node.memory import NodeMemory

HUB = Eui64(0x00DB_0000_0000_0001)
ENDPOINT = SimpleDescriptor(1, 0x0109, 0x0502, 0, (0x0000,), (0x0019,))
NETWORK_KEY = bytes(range(16))
NETWORK = NetworkSettings(15, 0x1A62, Eui64(0xABCD), NETWORK_KEY)
JOIN_TIME = 25 * SECOND


def address(number: int) -> Eui64:
    return Eui64(0x00DB_0000_0000_1000 + number)


def key_of(number: int) -> bytes:
    return bytes([number]) * 16


class Device:
    """An `ApsUser` that keeps what it is told, and may answer; `reports`: what its stack said of drops and retries."""

    def __init__(self, engine: Engine, port: SoftPort) -> None:
        self.engine = engine
        self.port = port
        self.messages: list[ApsIndication] = []
        self.outcomes: list[tuple[int, Outcome]] = []
        self.events: list[NetworkEvent] = []
        self.reports: list[tuple[int, str, str | None]] = []
        self.on_message: Callable[[ApsIndication, int], None] | None = None
        self.on_sent: Callable[[int, Outcome, int], None] | None = None
        self.on_event: Callable[[NetworkEvent, int], None] | None = None
        port.attach(self)

    def received(self, message: ApsIndication, now: int) -> None:
        self.messages.append(message)
        if self.on_message is not None:
            self.on_message(message, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        self.outcomes.append((handle, outcome))
        if self.on_sent is not None:
            self.on_sent(handle, outcome, now)

    def network(self, event: NetworkEvent, now: int) -> None:
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event, now)

    @property
    def memory(self) -> NodeMemory:
        return self.port.node.memory

    @property
    def short(self) -> int:
        membership = self.memory.membership
        assert membership is not None
        return membership.short

    @property
    def up(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], NetworkUp)

    @property
    def down(self) -> str:
        """Why it is off the network."""
        last = self.events[-1]
        assert isinstance(last, NetworkDown), last
        return last.reason

    def of(self, kind: type[NetworkEvent]) -> list[NetworkEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    def reasons(self, kind: str) -> list[str | None]:
        return [reason for _, reported, reason in self.reports if reported == kind]

    def send(self, destination: int, payload: bytes = b"x", **options: Any) -> int:
        message = ApsMessage(destination, 1, 1, 0x0109, 0x0019, payload, **options)
        return self.port.send(message, self.engine.now)

    def outcome(self, handle: int) -> Outcome | None:
        return dict(self.outcomes).get(handle)


class Han:
    """A hub and bridges; nobody hears anybody until the test connects them.

    Attributes:
        frames: every frame sent, as the capture has it: start, PSDU, RSSI, LQI, channel.
        lost: what the air reported, as (reason, from, to).
    """

    def __init__(self, seed: int = 1, capture_db: int = 10) -> None:
        self.engine = Engine()
        self.streams = SeededStreams(seed)
        self.topology = Topology()
        self.frames: list[tuple[int, bytes, int, int, int]] = []
        self.lost: list[tuple[str | None, object, object]] = []
        self.medium = Medium(
            self.engine,
            self.topology,
            self.streams.stream("air/loss"),
            capture=lambda *frame: self.frames.append(frame),
            report=lambda _, reason, fields, __: self.lost.append((reason, fields["from"], fields["to"])),
            capture_db=capture_db,
        )
        self.hub = self.device(HUB, NodeType.COORDINATOR)

    @property
    def now(self) -> int:
        return self.engine.now

    def device(
        self,
        eui64: Eui64,
        node_type: NodeType = NodeType.ROUTER,
        key: bytes | None = None,
        poll: int = SECOND,
        memory: NodeMemory | None = None,
    ) -> Device:
        radio = Radio(self.medium, eui64, self.streams.stream(f"{eui64:016x}/csma"))

        def report(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
            device.reports.append((now, kind, reason))

        device = Device(self.engine, SoftPort(self.engine, radio, self.streams, report, memory))
        device.port.configure(StackConfiguration(node_type, 0x1234, (ENDPOINT,), poll_interval=poll, link_key=key))
        return device

    def bridge(self, number: int, node_type: NodeType = NodeType.ROUTER, poll: int = SECOND) -> Device:
        return self.device(address(number), node_type, key_of(number), poll)

    def form(self, *allowed: int) -> None:
        """Form the network, and let these bridges join for an hour."""
        self.hub.port.form(NETWORK, self.now)
        for number in allowed:
            self.hub.port.allow(address(number), key_of(number))
        self.permit()

    def permit(self) -> None:
        self.hub.port.permit_joining(self.now + HOUR, self.now)
        self.engine.run_for(SECOND)

    def join(self, *devices: Device) -> None:
        """Join one after the other, each also through those before it."""
        for device in devices:
            self.permit()
            device.port.join(JoinSettings(channels=(15,)), self.now)
            self.engine.run_for(JOIN_TIME)
            assert device.up, device.events

    def join_only(self, device: Device) -> None:
        """Let a device begin to join, and stop when it has associated and waits for the network key."""
        device.port.join(JoinSettings(channels=(15,)), self.now)
        while self.hub.port.short_of(device.port.eui64) is None:
            self.run(10_000)
        self.run(10_000)

    def run(self, span: int = SECOND) -> None:
        self.engine.run_for(span)

    def connect(self, one: Eui64, other: Eui64, rssi: int = -50, loss: float = 0.0) -> None:
        self.topology.connect(one, other, Link(rssi, loss))

    def lose(self, loss: float) -> None:
        """Let every link lose so much from now on."""
        for (sender, receiver), link in list(self.topology.links().items()):
            self.topology.set(sender, receiver, Link(link.rssi, loss))


def pair(
    seed: int = 1, node_type: NodeType = NodeType.ROUTER, loss: float = 0.0, poll: int = SECOND
) -> tuple[Han, Device]:
    """A hub and a bridge that has joined; loss begins afterwards."""
    han = Han(seed)
    han.connect(HUB, address(1))
    bridge = han.bridge(1, node_type, poll)
    han.form(1)
    han.join(bridge)
    if loss:
        han.lose(loss)
    return han, bridge


def line(hops: int, seed: int = 1, last: NodeType = NodeType.ROUTER) -> tuple[Han, list[Device]]:
    """A hub and bridges in a row, each hearing the next one only; all have joined."""
    han = Han(seed)
    han.topology.chain([HUB, *(address(number) for number in range(1, hops + 1))])
    types = [NodeType.ROUTER] * (hops - 1) + [last]
    bridges = [han.bridge(number, node_type) for number, node_type in enumerate(types, 1)]
    han.form(*range(1, hops + 1))
    han.join(*bridges)
    return han, bridges


def mesh(links: Iterable[tuple[Eui64, Eui64]], numbers: Iterable[int], seed: int = 1) -> tuple[Han, dict[int, Device]]:
    """A hub and bridges connected as told; all have joined, and know their neighbours by link status."""
    han = Han(seed)
    for one, other in links:
        han.connect(one, other)
    bridges = {number: han.bridge(number) for number in numbers}
    han.form(*bridges)
    han.join(*bridges.values())
    han.run(40 * SECOND)
    return han, bridges
