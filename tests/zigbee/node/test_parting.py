"""The farewell of a node: however it goes, the device hears once that it is over."""

from __future__ import annotations

from typing import cast

import pytest

from emulator.core.clock import SECOND
from emulator.core.timers import Alarm
from emulator.ports.aps import JoinSettings, NetworkDown, NodeType
from emulator.zigbee.node.facts import NetworkState
from emulator.zigbee.node.nwk import NwkLayer
from emulator.zigbee.node.parting import PARTING_WAIT, Parting
from tests.zigbee.node.han import pair


class Nwk:
    """Takes commands, and sends none."""

    def __init__(self) -> None:
        self.contexts: list[object] = []

    def send_command(self, _destination: int, _payload: bytes, _now: int, *, radius: int, context: object) -> None:
        assert radius == 1
        self.contexts.append(context)


class Told:
    """Who hears that it is over."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, int]] = []

    def parted(self, reason: str, now: int) -> None:
        self.ends.append((reason, now))


def begun() -> tuple[Parting, Told, Nwk]:
    nwk, told = Nwk(), Told()
    parting = Parting(cast("NwkLayer", nwk), told, Alarm())
    parting.begin("left", 0)
    return parting, told, nwk


def test_it_is_over_when_the_farewell_is_out() -> None:
    parting, told, nwk = begun()
    assert nwk.contexts == [parting]
    assert parting.reason == "left"
    parting.said(7)
    assert told.ends == [("left", 7)]
    assert parting.reason is None
    assert parting.timers.next_timeout() is None


def test_it_is_over_when_the_farewell_takes_too_long() -> None:
    parting, told, _ = begun()
    assert not parting.timed_out(PARTING_WAIT - 1)
    assert parting.timed_out(PARTING_WAIT)
    assert told.ends == [("left", PARTING_WAIT)]


def test_a_farewell_that_is_out_too_late_is_nothing() -> None:
    parting, told, _ = begun()
    parting.timed_out(PARTING_WAIT)
    parting.said(PARTING_WAIT + 1)
    assert len(told.ends) == 1


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_a_node_that_joins_anew_in_the_middle_of_its_farewell_is_told_once_that_it_left(node_type: NodeType) -> None:
    han, bridge = pair(node_type=node_type)
    bridge.port.leave(han.now)
    states = [bridge.port.node.facts.state]
    bridge.port.join(JoinSettings(channels=(15,)), han.now)
    states.append(bridge.port.node.facts.state)
    assert states == [NetworkState.LEAVING, NetworkState.JOINING]
    han.run(SECOND)
    assert bridge.of(NetworkDown) == [NetworkDown("left")]


def test_a_node_that_leaves_twice_is_told_once() -> None:
    han, bridge = pair()
    for _ in range(2):
        bridge.port.leave(han.now)
    han.run(SECOND)
    assert bridge.of(NetworkDown) == [NetworkDown("left")]
    assert bridge.port.node.facts.state is NetworkState.NO_NETWORK
