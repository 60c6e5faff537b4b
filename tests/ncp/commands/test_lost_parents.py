"""A stick whose parent is gone, or that is to look for another one: what its host hears, step by step."""

from __future__ import annotations

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS
from emulator.zigbee.node.rejoining import MOST_POLL_FAILURES
from tests.ncp.commands.sticks import ROUTER, SLEEPY, Air, HostedStick, admit

JOINED, NO_PARENT = 2, 3
"""EmberNetworkStatus."""
CHANNELS = 0x07FF_F800
QUARTER_SECONDS = 2
WELL_KNOWN = b"ZigBeeAlliance09"
DOWN, UP = Status.NETWORK_DOWN, Status.NETWORK_UP

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


def at_a_router(air: Air, version: int) -> tuple[HostedStick, HostedStick, HostedStick]:
    """A hub, a router, and a sleepy device that has the router for its parent; all of them hear each other now."""
    hub, router = air.pair(version)
    device = air.stick(version)
    air.part(hub, device)
    admit(hub, device)
    router.ask("permitJoining", duration=60)
    device.begin_join(node_type=SLEEPY)
    air.run(10)
    air.topology.connect(hub.flash.eui64, device.flash.eui64)
    for stick in (hub, router, device):
        stick.heard.clear()
    return hub, router, device


def polling(device: HostedStick, limit: int) -> None:
    """Every second; after so many failures in a row the host is to be told."""
    device.ask("pollForData", interval=4, units=QUARTER_SECONDS, failureLimit=limit)


def state(stick: HostedStick) -> int:
    return int(stick.ask("networkState")["status"])


def look(device: HostedStick, *, key: bool = True) -> None:
    device.ask("findAndRejoinNetwork", haveCurrentNetworkKey=key, channelMask=CHANNELS)


# --- polls -----------------------------------------------------------------------------------------------------------


@every_version
def test_a_host_hears_of_polls_that_fail_once_there_are_more_than_it_tolerates(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    polling(device, 2)
    air.run(10)
    hub.reset()
    air.run(2.5)
    assert device.all_heard("pollCompleteHandler") == []
    air.run(2)
    assert {one["status"] for one in device.all_heard("pollCompleteHandler")} == {Status.MAC_NO_ACK_RECEIVED}


@every_version
def test_failures_that_are_not_in_a_row_are_tolerated(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    polling(device, 2)
    for _ in range(3):
        air.part(hub, device)
        air.run(2)
        air.topology.connect(hub.flash.eui64, device.flash.eui64)
        air.run(2)
    assert device.all_heard("pollCompleteHandler") == []


@every_version
def test_a_host_that_tolerates_none_hears_of_every_poll_and_whether_there_was_something(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    polling(device, 0)
    air.run(3)
    polls = device.all_heard("pollCompleteHandler")
    assert {one["status"] for one in polls} == {Status.MAC_NO_DATA}
    assert len(polls) in (3, 4)
    aps = {"profileId": 0x0109, "clusterId": 0x0019, "sourceEndpoint": 1, "destinationEndpoint": 2, "options": 0x0040}
    values = {"type": 0, "indexOrDestination": device.node_id(), "apsFrame": aps, "messageContents": b"held"}
    hub.ask("sendUnicast", **values)
    air.run(2)
    assert Status.SUCCESS in {one["status"] for one in device.all_heard("pollCompleteHandler")}
    assert device.one_heard("incomingMessageHandler")["messageContents"] == b"held"


@every_version
def test_a_host_that_has_not_asked_for_polls_hears_of_none(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    hub.reset()
    air.run(60)
    assert device.all_heard("pollCompleteHandler") == []


# --- a parent that is gone -------------------------------------------------------------------------------------------


@every_version
def test_a_parent_that_is_gone_is_told_and_then_that_there_is_another_one(air: Air, version: int) -> None:
    hub, router, device = at_a_router(air, version)
    router.reset()
    air.run(MOST_POLL_FAILURES - 1)
    assert device.statuses() == []
    air.run(30)
    assert device.statuses() == [DOWN, UP]
    assert device.ask("getParentChildParameters")["parentNodeId"] == hub.node_id()
    assert state(device) == JOINED


@every_version
def test_where_there_is_no_other_one_that_is_told_once_and_when_it_is_back(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    hub.reset()
    air.run(10 * MINUTE / SECOND)
    assert device.statuses() == [DOWN, Status.NO_BEACONS]
    assert state(device) == NO_PARENT
    hub.agree()
    hub.ask("networkInit")
    air.run(10)
    assert device.statuses() == [UP]
    assert state(device) == JOINED


@every_version
def test_a_router_that_hears_nobody_says_so_and_when_it_does_again(air: Air, version: int) -> None:
    hub, router = air.pair(version)
    hub.reset()
    air.run(10 * MINUTE / SECOND)
    assert router.statuses() == [DOWN, Status.NO_BEACONS]
    hub.agree()
    hub.ask("networkInit")
    air.run(10 * MINUTE / SECOND)
    assert router.statuses() == [UP]


@every_version
def test_who_is_put_out_while_it_has_no_parent_is_told_that_it_is_in_no_network(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    hub.reset()
    air.run(60)
    device.ask("leaveNetwork")
    air.run(5)
    assert device.statuses() == [DOWN, Status.NO_BEACONS, DOWN]
    assert state(device) == 0


@every_version
def test_after_a_reset_nothing_is_told_of_a_search_before_it(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    hub.reset()
    air.run(5)
    device.power_cycle()
    air.run(60)
    assert device.statuses() == []


@every_version
def test_a_router_that_answers_polls_and_gives_no_place_is_no_parent(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    router = air.stick(version)
    air.part(router, device)
    admit(hub, router)
    router.begin_join(node_type=ROUTER)
    air.run(20)
    air.part(hub, device)
    air.run(40)
    # The device has missed the key under which the router would take it, and the trust centre is off.
    hub.chip.port.rotate_network_key(bytes(range(1, 17)), air.engine.now)
    air.run(40)
    hub.reset()
    device.heard.clear()
    air.topology.connect(router.flash.eui64, device.flash.eui64)
    air.run(20 * MINUTE / SECOND)
    assert UP not in device.statuses()
    assert state(device) == NO_PARENT


# --- a host that asks ------------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("node_type", [ROUTER, SLEEPY])
@pytest.mark.parametrize("key", [True, False])
def test_who_is_asked_to_look_for_its_network_is_down_and_then_up(
    air: Air, version: int, node_type: int, key: bool
) -> None:
    _, device = air.pair(version, node_type)
    look(device, key=key)
    assert device.statuses() == [DOWN]
    air.run(10)
    assert device.statuses() == [UP]
    assert state(device) == JOINED


@every_version
@pytest.mark.parametrize("key", [True, False])
def test_every_attempt_that_was_asked_for_comes_to_an_end(air: Air, version: int, key: bool) -> None:
    hub, device = air.pair(version, SLEEPY)
    hub.reset()
    air.run(60)
    assert device.statuses() == [DOWN, Status.NO_BEACONS]
    for _ in range(3):
        look(device, key=key)
        air.run(30)
        assert device.statuses() == [Status.NO_BEACONS]


@every_version
def test_who_asks_while_a_search_is_under_way_hears_how_that_one_ends(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    hub.reset()
    while DOWN not in device.statuses():
        air.run(0.1)
    look(device)
    air.run(30)
    assert device.statuses() == [Status.NO_BEACONS]


@every_version
def test_under_a_key_that_everybody_knows_the_network_key_is_not_asked_for(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    hub.ask("importTransientKey", eui64=device.eui64, plaintextKey=WELL_KNOWN)
    hub.ask("permitJoining", duration=60)
    device.begin_join(key=WELL_KNOWN)
    air.run(10)
    assert device.statuses() == [UP]
    look(device, key=False)
    assert device.statuses() == [DOWN, Status.MOVE_FAILED]


@every_version
def test_a_parent_that_answers_polls_is_one_again_after_a_search_for_nothing(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    hub.ask("importTransientKey", eui64=device.eui64, plaintextKey=WELL_KNOWN)
    hub.ask("permitJoining", duration=60)
    device.begin_join(key=WELL_KNOWN, node_type=SLEEPY)
    air.run(10)
    look(device, key=False)
    air.run(10)
    assert device.statuses() == [UP, DOWN, Status.MOVE_FAILED, UP]


@every_version
def test_nobody_looks_for_a_network_that_it_is_not_in(air: Air, version: int) -> None:
    hub, bare = air.stick(version), air.stick(version)
    hub.form()
    for stick in (hub, bare):
        values = {"haveCurrentNetworkKey": True, "channelMask": CHANNELS}
        stick.refused("findAndRejoinNetwork", Status.INVALID_CALL, **values)
    air.run(10)
    assert bare.heard == []
