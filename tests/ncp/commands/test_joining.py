"""A second stick joins the network of the first, is put out, leaves, and comes back."""

from __future__ import annotations

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS
from tests.ncp.commands.sticks import (
    CODE_KEY,
    EXTENDED_PAN_ID,
    NETWORK_KEY,
    PARAMETERS,
    ROUTER,
    SLEEPY,
    Air,
    HostedStick,
    admit,
)

SECURED_REJOIN, UNSECURED_JOIN, DEVICE_LEFT = 0, 1, 2
USE_PRECONFIGURED_KEY, DENY_JOIN, NO_ACTION = 0, 2, 3
ANYBODY = 0xFFFF_FFFF_FFFF_FFFF
WELL_KNOWN = b"ZigBeeAlliance09"
TC_LINK = 2

every_version = pytest.mark.parametrize("version", VERSIONS)
each_type = pytest.mark.parametrize("node_type", [ROUTER, SLEEPY])


@pytest.fixture
def air() -> Air:
    return Air()


# --- in --------------------------------------------------------------------------------------------------------------


@every_version
@each_type
def test_a_device_joins_with_the_key_of_its_install_code(air: Air, version: int, node_type: int) -> None:
    hub, device = air.pair(version, node_type)
    answer = device.ask("getNetworkParameters")
    assert (answer["nodeType"], answer["parameters"]["extendedPanId"]) == (node_type, EXTENDED_PAN_ID)
    assert device.ask("exportKey", coreKeyType=1)["key"] == NETWORK_KEY
    assert device.ask("exportKey", coreKeyType=TC_LINK)["key"] == CODE_KEY
    assert device.ask("getCurrentSecurityState")["state"]["trustCenterLongAddress"] == hub.eui64


@every_version
@each_type
def test_the_trust_centre_tells_who_joined(air: Air, version: int, node_type: int) -> None:
    hub, device = air.pair(version, node_type)
    joined = hub.one_heard("trustCenterJoinHandler")
    assert dict(joined.values) == {
        "newNodeId": device.node_id(),
        "newNodeEui64": device.eui64,
        "status": UNSECURED_JOIN,
        "policyDecision": USE_PRECONFIGURED_KEY,
        "parentOfNewNodeId": 0,
    }


@every_version
@each_type
def test_the_parent_tells_of_its_new_child(air: Air, version: int, node_type: int) -> None:
    hub, device = air.pair(version, node_type)
    child = hub.one_heard("childJoinHandler")
    assert dict(child.values) == {
        "index": 0,
        "joining": True,
        "childId": device.node_id(),
        "childEui64": device.eui64,
        "childType": node_type,
    }
    if node_type == SLEEPY:
        assert hub.ask("getChildData", index=child["index"])["childData"]["eui64"] == device.eui64
    else:
        hub.refused("getChildData", Status.NOT_JOINED, index=0)


@every_version
def test_a_device_joins_through_a_router(air: Air, version: int) -> None:
    hub, router = air.pair(version)
    device = air.stick(version)
    air.part(hub, device)
    hub.heard.clear()
    admit(hub, device)
    router.ask("permitJoining", duration=60)
    device.begin_join()
    air.run(10)
    assert device.statuses() == [Status.NETWORK_UP]
    assert hub.one_heard("trustCenterJoinHandler")["parentOfNewNodeId"] == router.node_id()
    assert hub.all_heard("childJoinHandler") == []
    parent = device.ask("getParentChildParameters")
    assert (parent["parentNodeId"], parent["parentEui64"]) == (router.node_id(), router.eui64)


@every_version
def test_what_one_stick_permits_no_other_does(air: Air, version: int) -> None:
    hub, _ = air.pair(version)
    device = air.stick(version)
    air.part(hub, device)
    admit(hub, device)
    device.begin_join()
    air.run(30)
    assert device.statuses() == [Status.JOIN_FAILED]


@every_version
@each_type
def test_a_router_tells_of_its_children_as_they_come_and_go(air: Air, version: int, node_type: int) -> None:
    hub, router = air.pair(version)
    device = air.stick(version)
    air.part(hub, device)
    admit(hub, device)
    router.ask("permitJoining", duration=60)
    device.begin_join(node_type=node_type)
    air.run(10)
    child = {
        "index": 0,
        "joining": True,
        "childId": device.node_id(),
        "childEui64": device.eui64,
        "childType": node_type,
    }
    assert dict(router.one_heard("childJoinHandler").values) == child
    device.ask("leaveNetwork")
    air.run(5)
    assert dict(router.one_heard("childJoinHandler").values) == {**child, "joining": False}
    assert router.all_heard("trustCenterJoinHandler") == []


@every_version
@pytest.mark.parametrize(
    "pan_id, status",
    [(PARAMETERS["panId"], Status.NETWORK_UP), (0xFFFF, Status.NETWORK_UP), (0x7777, Status.NO_BEACONS)],
    ids=["named", "any", "another"],
)
def test_a_device_joins_the_pan_that_it_is_told(air: Air, version: int, pan_id: int, status: Status) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    admit(hub, device)
    device.begin_join(panId=pan_id)
    air.run(30)
    assert device.statuses() == [status]


def opens(hub: HostedStick, seconds: int, destination: int) -> None:
    """As hosts do it: by a request of the ZDO."""
    frame = {"profileId": 0, "clusterId": 0x0036, "sourceEndpoint": 0, "destinationEndpoint": 0}
    contents = bytes((1, seconds, 1))
    if destination >= 0xFFF8:
        hub.ask("sendBroadcast", destination=destination, apsFrame=frame, messageContents=contents)
    else:
        values = {"type": 0, "indexOrDestination": destination, "apsFrame": frame, "messageContents": contents}
        hub.ask("sendUnicast", **values)


@every_version
@pytest.mark.parametrize("way", ["to-all", "to-one"])
def test_a_router_that_is_opened_over_the_air_says_so_and_when_it_is_closed(air: Air, version: int, way: str) -> None:
    hub, router = air.pair(version)
    destination = 0xFFFC if way == "to-all" else router.node_id()
    opens(hub, 60, destination)
    air.run(1)
    assert router.statuses() == [Status.NETWORK_OPENED]
    air.run(62)
    assert router.statuses() == [Status.NETWORK_CLOSED]
    opens(hub, 60, destination)
    air.run(1)
    opens(hub, 0, destination)
    air.run(100)
    assert router.statuses() == [Status.NETWORK_OPENED, Status.NETWORK_CLOSED]


@every_version
def test_a_sleepy_stick_is_not_opened(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    opens(hub, 60, device.node_id())
    air.run(100)
    assert device.statuses() == []


# --- kept out --------------------------------------------------------------------------------------------------------


@every_version
def test_nobody_joins_a_network_that_is_closed(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    admit(hub, device)
    hub.ask("permitJoining", duration=0)
    device.begin_join()
    air.run(30)
    assert device.statuses() == [Status.JOIN_FAILED]
    assert device.ask("networkState")["status"] == 0


@every_version
def test_a_network_closes_by_itself(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    admit(hub, device)
    air.run(61)
    device.begin_join()
    air.run(30)
    assert device.statuses() == [Status.JOIN_FAILED]


@every_version
def test_who_has_another_key_is_kept_out_and_can_try_again(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    admit(hub, device)
    device.begin_join(key=bytes(16))
    air.run(30)
    assert device.statuses() == [Status.NO_NETWORK_KEY_RECEIVED]
    assert device.ask("networkState")["status"] == 0
    admit(hub, device)
    device.begin_join()
    air.run(10)
    assert device.statuses() == [Status.NETWORK_UP]


@every_version
def test_whom_the_trust_centre_does_not_know_is_refused_and_told_of(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    hub.ask("permitJoining", duration=60)
    device.begin_join()
    air.run(30)
    assert device.statuses() == [Status.NO_NETWORK_KEY_RECEIVED]
    refused = hub.all_heard("trustCenterJoinHandler")
    assert {(one["newNodeEui64"], one["policyDecision"]) for one in refused} == {(device.eui64, DENY_JOIN)}


@every_version
def test_another_network_is_not_joined(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    admit(hub, device)
    device.begin_join(extendedPanId=EXTENDED_PAN_ID + 1)
    air.run(30)
    assert device.statuses() == [Status.NO_BEACONS]


@every_version
@pytest.mark.parametrize("node_type", [0, 1, 3, 5, 255])
def test_what_no_device_can_be_is_refused(air: Air, version: int, node_type: int) -> None:
    stick = air.stick(version)
    stick.ask("setInitialSecurityState", state={"bitmask": 0})
    stick.refused("joinNetwork", Status.BAD_ARGUMENT, nodeType=node_type, parameters=PARAMETERS)


# --- any device, or none ---------------------------------------------------------------------------------------------


@every_version
def test_any_device_may_join_under_a_key_for_all(air: Air, version: int) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    hub.ask("importTransientKey", eui64=ANYBODY, plaintextKey=WELL_KNOWN)
    hub.ask("permitJoining", duration=60)
    device.begin_join(key=WELL_KNOWN)
    air.run(10)
    assert device.statuses() == [Status.NETWORK_UP]


@every_version
@pytest.mark.parametrize("whom", ["one", "any"])
def test_keys_that_were_cleared_let_nobody_in(air: Air, version: int, whom: str) -> None:
    hub, device = air.stick(version), air.stick(version)
    hub.form()
    eui64 = device.eui64 if whom == "one" else ANYBODY
    hub.ask("importTransientKey", eui64=eui64, plaintextKey=CODE_KEY)
    hub.ask("clearTransientLinkKeys")
    hub.ask("permitJoining", duration=60)
    device.begin_join()
    air.run(30)
    assert device.statuses() == [Status.NO_NETWORK_KEY_RECEIVED]


# --- out, and back ---------------------------------------------------------------------------------------------------


@every_version
def test_a_device_leaves_and_the_trust_centre_tells(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    hub.heard.clear()
    device.ask("leaveNetwork")
    air.run(5)
    assert device.statuses() == [Status.NETWORK_DOWN]
    assert device.ask("networkState")["status"] == 0
    left = hub.one_heard("trustCenterJoinHandler")
    assert (left["newNodeEui64"], left["status"], left["policyDecision"]) == (device.eui64, DEVICE_LEFT, NO_ACTION)
    child = hub.one_heard("childJoinHandler")
    assert (child["joining"], child["childEui64"]) == (False, device.eui64)


@every_version
@each_type
def test_a_device_that_is_removed_is_off_the_network(air: Air, version: int, node_type: int) -> None:
    hub, device = air.pair(version, node_type)
    hub.ask("removeDevice", destShort=device.node_id(), destLong=device.eui64, targetLong=device.eui64)
    air.run(20)
    assert device.statuses() == [Status.NETWORK_DOWN]
    device.power_cycle()
    device.refused("networkInit", Status.NOT_JOINED)


@every_version
def test_who_joined_before_is_told_of_as_one_that_comes_back(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    hub.heard.clear()
    device.power_cycle()
    device.ask("networkInit")
    air.run(10)
    told = hub.all_heard("trustCenterJoinHandler")
    assert {(one["newNodeEui64"], one["status"]) for one in told} <= {(device.eui64, SECURED_REJOIN)}


@every_version
def test_only_a_device_looks_for_its_network_again(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    hub.refused("findAndRejoinNetwork", Status.INVALID_CALL, haveCurrentNetworkKey=True)
    device.ask("findAndRejoinNetwork", haveCurrentNetworkKey=True, channelMask=0x07FF_F800)
    air.run(30)
    assert device.ask("networkState")["status"] == 2


@every_version
def test_who_was_in_the_network_before_comes_into_the_next_one_as_a_new_device(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    for stick in (hub, device):
        stick.ask("leaveNetwork")
        air.run(5)
        stick.heard.clear()
    hub.form()
    admit(hub, device)
    device.begin_join()
    air.run(10)
    assert hub.one_heard("trustCenterJoinHandler")["status"] == UNSECURED_JOIN
