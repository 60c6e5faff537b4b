"""What whoever looks after a node is told of what happens inside it, beside what its device is."""

from __future__ import annotations

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.ports.aps import NetworkUp, NodeType
from emulator.ports.phy import TxResult
from emulator.zigbee.node.memory import Child
from emulator.zigbee.node.rejoining import MOST_POLL_FAILURES
from emulator.zigbee.node.zdo import permit_joining_request
from tests.zigbee.node.han import Device, Han, pair

ROUTER, SLEEPY = NodeType.ROUTER, NodeType.SLEEPY


class Watcher:
    """Keeps what it was told, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.polls: list[tuple[TxResult, bool]] = []

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        self.told.append(("child", int(child.eui64), here))

    def joining_permitted(self, until: int, now: int) -> None:
        self.told.append(("permitted", until - now))

    def polled(self, result: TxResult, now: int, *, pending: bool) -> None:
        self.polls.append((result, pending))

    def search_began(self, now: int) -> None:
        self.told.append(("began",))

    def search_failed(self, reason: str, now: int) -> None:
        self.told.append(("failed", reason))

    def search_needless(self, now: int) -> None:
        self.told.append(("needless",))


def watched(han: Han, device: Device) -> Watcher:
    """Watchers are taken with the next network, or the next time on the air."""
    watcher = Watcher()
    device.port.node.watcher = watcher
    device.port.stop(han.now)
    device.port.resume(han.now)
    han.run(2 * SECOND)
    watcher.told.clear()
    watcher.polls.clear()
    return watcher


def test_polls_are_told_with_what_they_came_to() -> None:
    han, bridge = pair(node_type=SLEEPY)
    watcher = watched(han, bridge)
    han.run(3 * SECOND)
    assert set(watcher.polls) == {(TxResult.ACKED, False)}
    han.hub.send(bridge.short)
    han.run(2 * SECOND)
    assert (TxResult.ACKED, True) in watcher.polls
    watcher.polls.clear()
    han.hub.port.stop(han.now)
    han.run((MOST_POLL_FAILURES - 1) * SECOND)
    assert set(watcher.polls) == {(TxResult.NO_ACK, False)}
    assert watcher.told == []


def test_a_search_begins_once_and_fails_as_often_as_it_is_reported() -> None:
    han, bridge = pair(node_type=SLEEPY)
    watcher = watched(han, bridge)
    before = len(bridge.reasons("rejoin.failed"))
    han.hub.port.stop(han.now)
    han.run(2 * MINUTE)
    failures = bridge.reasons("rejoin.failed")[before:]
    assert len(failures) > 1
    assert watcher.told == [("began",), *(("failed", reason) for reason in failures)]


def test_a_router_that_hears_its_network_again_while_it_rests_needs_no_other_place() -> None:
    han, bridge = pair()
    watcher = watched(han, bridge)
    han.hub.port.stop(han.now)
    while ("failed", "no-beacon") not in watcher.told:
        han.run(SECOND)
    han.hub.port.resume(han.now)
    han.run(10 * MINUTE)
    assert watcher.told == [("began",), ("failed", "no-beacon"), ("needless",)]


@pytest.mark.parametrize("node_type, expected", [(ROUTER, [("permitted", 60 * SECOND)]), (SLEEPY, [])])
def test_who_opens_a_router_over_the_air_is_told_of(node_type: NodeType, expected: list[tuple[object, ...]]) -> None:
    han, bridge = pair(node_type=node_type)
    watcher = watched(han, bridge)
    han.hub.port.send(permit_joining_request(60 * SECOND, 1), han.now)
    han.run(2 * SECOND)
    assert watcher.told == expected


def test_what_the_device_itself_permits_is_not_told() -> None:
    han, bridge = pair()
    watcher = watched(han, bridge)
    bridge.port.node.permit_joining_here(han.now + MINUTE)
    han.run(2 * MINUTE)
    assert watcher.told == []


@pytest.mark.parametrize("node_type", [ROUTER, SLEEPY])
def test_who_is_asked_to_looks_for_a_place_under_the_network_key(node_type: NodeType) -> None:
    han, bridge = pair(node_type=node_type)
    watcher = watched(han, bridge)
    ups = len(bridge.of(NetworkUp))
    bridge.port.rejoin(han.now)
    assert watcher.told == [("began",)]
    han.run(5 * SECOND)
    assert watcher.told == [("began",)]
    assert len(bridge.of(NetworkUp)) == ups + 1


def test_an_attempt_that_cannot_be_made_has_failed_at_once() -> None:
    han, bridge = pair()
    watcher = watched(han, bridge)
    bridge.memory.link_keys.clear()
    bridge.port.rejoin_without_key(han.now)
    assert [kind for kind, *_ in watcher.told] == ["failed"]


def test_whoever_is_told_of_a_failure_may_want_another_attempt_at_once() -> None:
    han, bridge = pair(node_type=SLEEPY)
    watcher = watched(han, bridge)
    han.hub.port.stop(han.now)
    left = [bridge.port.seek_trust_centre, bridge.port.rejoin_without_key]

    def another(reason: str, now: int) -> None:
        watcher.told.append(("failed", reason))
        if left:
            left.pop()(now)

    watcher.search_failed = another  # type: ignore[method-assign]
    bridge.port.rejoin(han.now)
    han.run(20 * SECOND)
    assert watcher.told[:6] == [("began",), ("failed", "no-beacon")] * 3
