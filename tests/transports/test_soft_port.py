"""Every port of the in-memory air does what a port must do; and what is the soft port's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator.core.clock import HOUR, SECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ports.aps import ApsPort, NodeType
from emulator.runtime.engine import Engine
from emulator.transports.memory.aps_air import ApsAir
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Topology
from tests.transports import aps_port_swap_out
from tests.transports.aps_port_conformance import CHECKS, HUBS, World
from tests.zigbee.node.han import pair


def _nothing(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
    """Nobody wants reports."""


class InMemory:
    """A world of either fidelity, in virtual time."""

    wrong_key = "key-refused"

    def __init__(self) -> None:
        self.engine = Engine()
        self.topology = Topology()
        self.streams = SeededStreams(7)

    @property
    def now(self) -> int:
        return self.engine.now

    def run(self, span: int) -> None:
        self.engine.run_for(span)

    def port(self, eui64: Eui64) -> ApsPort:
        if eui64 not in HUBS:
            for hub in HUBS:
                self.topology.connect(hub, eui64)
        return self.make(eui64)

    def make(self, eui64: Eui64) -> ApsPort:
        raise NotImplementedError


class FrameWorld(InMemory):
    """`mem:frames`."""

    def __init__(self) -> None:
        super().__init__()
        self.medium = Medium(self.engine, self.topology, self.streams.stream("air/loss"))

    def make(self, eui64: Eui64) -> ApsPort:
        radio = Radio(self.medium, eui64, self.streams.stream(f"{eui64:x}/csma"))
        return SoftPort(self.engine, radio, self.streams, _nothing)


class ApsWorld(InMemory):
    """`mem:aps`."""

    def __init__(self) -> None:
        super().__init__()
        self.air = ApsAir(self.engine, self.topology, self.streams)

    def make(self, eui64: Eui64) -> ApsPort:
        return self.air.port(eui64)


@pytest.mark.parametrize("check", CHECKS + aps_port_swap_out.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("world", [FrameWorld, ApsWorld], ids=["frames", "aps"])
def test_a_port_does_what_a_port_must_do(world: Callable[[], World], check: Callable[[World], None]) -> None:
    check(world())


def test_an_idle_network_costs_a_few_events_a_minute_only() -> None:
    han, _ = pair()
    han.run(60 * SECOND)
    before = han.engine.events
    han.run(HOUR)
    # Two link status commands every fifteen seconds, each a deadline, an assessment and an end.
    assert han.engine.events - before < 240 * 2 * 8


def test_after_stop_the_agenda_runs_dry() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY)
    han.hub.send(bridge.short, b"x", acknowledge=True)
    han.hub.port.stop(han.now)
    bridge.port.stop(han.now)
    han.run(HOUR)
    assert han.engine.pending == 0
    before = len(han.frames)
    han.run(HOUR)
    assert len(han.frames) == before
