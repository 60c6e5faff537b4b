"""A stick that falls silent, or is away for long: it is noticed, and what was agreed on in its network holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import BadInput
from emulator.ncp.lines.tcp import TcpLine
from emulator.ports.aps import DeviceJoined, JoinSettings, NetworkDown, NetworkUp, NodeType, Outcome
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.settings import Recovery
from emulator.transports.ezsp.uri import parse_stick
from tests.ncp.lines.line_end import Recorder
from tests.transports.aps_port_conformance import BRIDGE, HUB, KEY, NEW_KEY, Device, hub_of, pair_of
from tests.transports.ezsp.stick_world import StickWorld

LONG = Recovery().silence * 5


@pytest.fixture
def world() -> Iterator[StickWorld]:
    with StickWorld(13) as made:
        yield made


class Hanging:
    """The stick at a line hears nothing of its host, until it is over."""

    def __init__(self, world: StickWorld, stick: int) -> None:
        self._line = next(line for eui64, line in world.lines.items() if eui64 == stick)
        self._line.write = lambda octets: None  # type: ignore[method-assign]  # a fault

    def over(self) -> None:
        del self._line.write  # the method is there again


def test_a_stick_that_nothing_is_asked_of_is_found_to_hang(world: StickWorld) -> None:
    hub = hub_of(world)
    hanging = Hanging(world, HUB)
    world.run(LONG)
    assert isinstance(hub.events[-1], NetworkDown)
    hanging.over()
    world.run(MINUTE)
    assert isinstance(hub.events[-1], NetworkUp)
    assert world.reasons("stick.back")


def test_a_stick_that_answers_is_left_as_it_is(world: StickWorld) -> None:
    hub = hub_of(world)
    world.run(10 * MINUTE)
    assert len(hub.events) == 1
    assert world.reasons("stick.lost") == []


def test_a_stick_that_hangs_in_the_middle_of_a_scan_is_found_to(world: StickWorld) -> None:
    hub_of(world)
    bridge = Device(world, BRIDGE, NodeType.ROUTER, KEY)
    bridge.call(bridge.port.join, JoinSettings())
    world.run(SECOND)
    line = world.lines[BRIDGE]
    line._take = lambda octets: None  # nothing that it says comes through
    world.run(3 * MINUTE)
    assert "no-answer" in world.reasons("stick.lost")
    assert world.reasons("stick.back")
    assert isinstance(bridge.events[0], NetworkDown)


def test_a_device_that_wants_to_join_while_its_stick_is_sought_is_back_where_it_was(world: StickWorld) -> None:
    hub, bridge = pair_of(world)
    hub.call(hub.port.set_link_key, BRIDGE, NEW_KEY)
    bridge.call(bridge.port.set_link_key, HUB, NEW_KEY)
    world.run(SECOND)
    world.lines[BRIDGE].unplug()
    world.run(20 * SECOND)
    bridge.call(bridge.port.join, JoinSettings())
    world.lines[BRIDGE].plug()
    world.run(MINUTE)
    assert isinstance(bridge.events[-1], NetworkUp)
    assert bridge.port.link_key_with(HUB) == NEW_KEY
    handle = bridge.send(0, link_key=True, acknowledge=True)
    world.run(10 * SECOND)
    assert dict(bridge.outcomes)[handle] is Outcome.DELIVERED


def test_who_wants_to_join_with_a_stick_that_never_comes_back_is_told(world: StickWorld) -> None:
    _, bridge = pair_of(world)
    world.lines[BRIDGE].unplug()
    world.run(20 * SECOND)
    told = len(bridge.events)
    bridge.call(bridge.port.join, JoinSettings())
    world.run(10 * MINUTE)
    assert world.reasons("stick.given-up")
    assert bridge.events[told:] == [NetworkDown("stick-lost")]


def test_a_device_that_joined_while_the_stick_could_not_tell_has_joined_once_it_can(world: StickWorld) -> None:
    hub = hub_of(world)
    line = world.lines[HUB]
    line.unplug()
    bridge = Device(world, BRIDGE, NodeType.ROUTER, KEY)
    bridge.join()
    assert bridge.of(NetworkUp)
    assert hub.of(DeviceJoined) == []
    line.plug()
    world.run(MINUTE)
    (joined,) = hub.of(DeviceJoined)
    assert isinstance(joined, DeviceJoined)
    assert (joined.eui64, joined.short) == (BRIDGE, bridge.short)
    assert hub.port.eui64_of(bridge.short) == BRIDGE
    handle = hub.send(bridge.short, link_key=True, acknowledge=True)
    world.run(10 * SECOND)
    assert dict(hub.outcomes)[handle] is Outcome.DELIVERED


@pytest.mark.e2e
async def test_a_place_without_a_stick_that_can_be_reached_is_told_with_the_remedy() -> None:
    line = TcpLine(Recorder(), lambda function: function(0))
    await line.open("127.0.0.1", 0)
    line.unplug()
    try:
        with pytest.raises(BadInput, match="plug the stick in there"):
            await open_stick(parse_stick(f"ezsp+tcp:127.0.0.1:{line.port}"), lambda _: None)
    finally:
        await line.close()
