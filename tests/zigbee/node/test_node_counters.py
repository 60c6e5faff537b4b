"""What a node counts by what it reports, and by which EUI-64 it goes."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ports.aps import NetworkSettings, NodeType, StackConfiguration
from emulator.runtime.engine import Engine
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Topology
from emulator.zigbee.node.node_counters import NodeCounters

ONE, OTHER = Eui64(0x1111), Eui64(0x2222)


def silent(kind: str, reason: str | None, values: dict[str, object], now: int) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(
    "kind, reason, names",
    [
        ("mac.retry", "no-ack", {"mac_retries"}),
        ("mac.retry", "channel-access-failure", {"mac_retries", "busy_channels"}),
        ("mac.dropped", "channel-access-failure", {"mac_failures", "busy_channels"}),
        ("mac.dropped", "undecodable", set()),
        ("nwk.dropped", "frame-counter-replayed", {"nwk_replays"}),
        ("nwk.dropped", "bad-mic", {"nwk_bad_mics"}),
        ("aps.dropped", "frame-counter-replayed", {"aps_replays"}),
        ("aps.dropped", "bad-mic", {"aps_bad_mics"}),
        ("child.forgotten", "silent", {"children_lost"}),
        ("child.unknown", None, set()),
    ],
)
def test_what_is_told_in_words_alone_is_counted_and_passed_on(kind: str, reason: str | None, names: set[str]) -> None:
    told: list[tuple[object, ...]] = []
    counters = NodeCounters()
    counters.counting(lambda *report: told.append(report))(kind, reason, {"x": 1}, 7)
    assert told == [(kind, reason, {"x": 1}, 7)]
    assert {each.name for each in fields(counters) if getattr(counters, each.name)} == names
    counters.clear()
    assert counters == NodeCounters()


def test_a_node_goes_by_another_eui64_once_it_is_off_the_air() -> None:
    engine = Engine()
    radio = Radio(Medium(engine, Topology(), random.Random(0)), ONE, random.Random(1))
    port = SoftPort(engine, radio, SeededStreams(1), silent)
    port.readdress(OTHER)
    assert port.eui64 == OTHER
    port.configure(StackConfiguration(NodeType.COORDINATOR, 0x1234, ()))
    port.form(NetworkSettings(15, 0x1A62, Eui64(0xABCD), bytes(16)), 0)
    with pytest.raises(LocalProtocolError):
        port.readdress(ONE)
    network = port.node.facts.network()
    assert network is not None
    assert network.trust_centre == OTHER
    port.stop(0)
    port.readdress(ONE)
    assert port.eui64 == ONE
