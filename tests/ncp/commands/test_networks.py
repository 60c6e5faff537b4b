"""Form, resume and leave a network, and what a stick says of it."""

from __future__ import annotations

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS
from tests.ncp.commands.sticks import (
    CHANNEL,
    EXTENDED_PAN_ID,
    HAVE_NETWORK_KEY,
    HAVE_PRECONFIGURED_KEY,
    NETWORK_KEY,
    OWN_SECURITY,
    PAN_ID,
    PARAMETERS,
    ROUTER,
    SLEEPY,
    Air,
    HostedStick,
)

NO_NETWORK, JOINING, JOINED = 0, 1, 2
COORDINATOR = 1
NOBODY = 0xFFFE
HAVE_TRUST_CENTRE = 0x0040
HAVE_KEYS = HAVE_PRECONFIGURED_KEY | HAVE_NETWORK_KEY
ANY_PAN = 0xFFFF
CHILD = 0x00DB_1200_0000_8000

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


def state(stick: HostedStick) -> int:
    return int(stick.ask("networkState")["status"])


# --- before there is one ---------------------------------------------------------------------------------------------


@every_version
def test_a_new_stick_is_in_no_network(air: Air, version: int) -> None:
    stick = air.stick(version)
    assert state(stick) == NO_NETWORK
    assert stick.node_id() == NOBODY
    stick.refused("networkInit", Status.NOT_JOINED)
    for name in ("getNetworkParameters", "getCurrentSecurityState", "getNetworkKeyInfo"):
        stick.refused(name, Status.NOT_JOINED)
    stick.refused("leaveNetwork", Status.INVALID_CALL)
    stick.refused("permitJoining", Status.INVALID_CALL, duration=60)
    stick.refused("findAndRejoinNetwork", Status.INVALID_CALL)
    stick.refused("broadcastNextNetworkKey", Status.INVALID_CALL, key=bytes(16))
    stick.refused("removeDevice", Status.NETWORK_DOWN)
    air.run(5)
    assert stick.heard == []


@every_version
def test_a_network_needs_security_first(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("formNetwork", Status.SECURITY_STATE_NOT_SET, parameters=PARAMETERS)
    stick.refused("joinNetwork", Status.SECURITY_STATE_NOT_SET, nodeType=ROUTER, parameters=PARAMETERS)
    stick.ask("setInitialSecurityState", state=OWN_SECURITY)
    stick.power_cycle()
    stick.refused("formNetwork", Status.SECURITY_STATE_NOT_SET, parameters=PARAMETERS)


@every_version
@pytest.mark.parametrize("channel", [0, 10, 27, 255])
def test_a_channel_that_there_is_none_of_is_refused(air: Air, version: int, channel: int) -> None:
    stick = air.stick(version)
    stick.ask("setInitialSecurityState", state=OWN_SECURITY)
    parameters = {**PARAMETERS, "radioChannel": channel}
    stick.refused("formNetwork", Status.PHY_INVALID_CHANNEL, parameters=parameters)
    stick.refused("joinNetwork", Status.PHY_INVALID_CHANNEL, nodeType=ROUTER, parameters=parameters)
    assert state(stick) == NO_NETWORK


# --- forming ---------------------------------------------------------------------------------------------------------


@every_version
def test_a_network_is_formed_as_asked_for(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    assert state(stick) == JOINED
    assert stick.node_id() == 0
    answer = stick.ask("getNetworkParameters")
    assert answer["nodeType"] == COORDINATOR
    wanted = {**PARAMETERS, "channels": 1 << CHANNEL, "nwkUpdateId": 0}
    assert {name: answer["parameters"][name] for name in wanted} == wanted
    info = stick.ask("getNetworkKeyInfo")["networkKeyInfo"]
    assert info["networkKeySet"]
    assert stick.ask("exportKey", coreKeyType=1)["key"] == NETWORK_KEY


@every_version
def test_a_second_network_is_refused_and_the_first_stays(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.refused("formNetwork", Status.INVALID_CALL, parameters={**PARAMETERS, "panId": 1})
    stick.refused("joinNetwork", Status.INVALID_CALL, nodeType=ROUTER, parameters=PARAMETERS)
    stick.refused("setInitialSecurityState", Status.INVALID_CALL, state=OWN_SECURITY)
    stick.refused("networkInit", Status.INVALID_CALL)
    assert stick.ask("getNetworkParameters")["parameters"]["panId"] == PAN_ID


@every_version
def test_what_a_host_leaves_open_the_stick_fills_in(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setInitialSecurityState", state={"bitmask": 0})
    stick.ask("formNetwork", parameters={"panId": ANY_PAN, "radioChannel": CHANNEL})
    air.run(1)
    parameters = stick.ask("getNetworkParameters")["parameters"]
    assert parameters["panId"] < ANY_PAN - 1
    assert parameters["extendedPanId"] == stick.eui64
    assert stick.ask("exportKey", coreKeyType=1)["key"] not in {bytes(16), NETWORK_KEY}


@every_version
def test_a_backup_is_restored_with_its_key_number_update_and_trust_centre(air: Air, version: int) -> None:
    stick = air.stick(version)
    security = {
        **OWN_SECURITY,
        "bitmask": OWN_SECURITY["bitmask"] | HAVE_TRUST_CENTRE,  # type: ignore[operator]
        "networkKeySequenceNumber": 7,
        "preconfiguredTrustCenterEui64": 0x1122,
    }
    stick.ask("setInitialSecurityState", state=security)
    stick.ask("formNetwork", parameters={**PARAMETERS, "nwkUpdateId": 3})
    air.run(1)
    assert stick.ask("getNetworkParameters")["parameters"]["nwkUpdateId"] == 3
    assert stick.ask("getNetworkKeyInfo")["networkKeyInfo"]["networkKeySequenceNumber"] == 7
    assert stick.ask("getCurrentSecurityState")["state"]["trustCenterLongAddress"] == 0x1122


# --- again -----------------------------------------------------------------------------------------------------------


@every_version
def test_after_a_reset_the_network_goes_on_when_the_host_says_so(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    before = stick.ask("getNetworkParameters")
    counter = stick.ask("getNetworkKeyInfo")["networkKeyInfo"]["networkKeyFrameCounter"]
    stick.power_cycle()
    assert state(stick) == NO_NETWORK
    stick.ask("networkInit")
    assert stick.statuses() == [Status.NETWORK_UP]
    assert stick.ask("getNetworkParameters") == before
    assert stick.ask("exportKey", coreKeyType=1)["key"] == NETWORK_KEY
    assert stick.ask("getNetworkKeyInfo")["networkKeyInfo"]["networkKeyFrameCounter"] >= counter


@every_version
@pytest.mark.parametrize("node_type", [ROUTER, SLEEPY])
def test_a_device_goes_on_as_what_it_was(air: Air, version: int, node_type: int) -> None:
    hub, device = air.pair(version, node_type)
    before = device.ask("getNetworkParameters")
    assert before["nodeType"] == node_type
    device.power_cycle()
    device.ask("networkInit")
    air.run(10)
    assert device.statuses()[0] is Status.NETWORK_UP
    assert device.ask("getNetworkParameters") == before
    assert hub.ask("lookupNodeIdByEui64", eui64=device.eui64)["nodeId"] == device.node_id()


@every_version
def test_a_network_that_was_left_is_not_gone_on_with(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.ask("leaveNetwork")
    air.run(2)
    assert stick.statuses() == [Status.NETWORK_DOWN]
    assert state(stick) == NO_NETWORK
    stick.power_cycle()
    stick.refused("networkInit", Status.NOT_JOINED)
    stick.form()


@every_version
def test_another_network_can_be_formed_in_the_place_of_one_that_was_left(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.ask("leaveNetwork")
    air.run(2)
    stick.statuses()
    stick.ask("setInitialSecurityState", state=OWN_SECURITY)
    stick.ask("formNetwork", parameters={**PARAMETERS, "panId": 0x7777, "radioChannel": 26})
    air.run(1)
    assert stick.statuses() == [Status.NETWORK_UP]
    answer = stick.ask("getNetworkParameters")["parameters"]
    assert (answer["panId"], answer["radioChannel"]) == (0x7777, 26)


@every_version
def test_opening_and_closing_a_network_is_told(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    for duration in (60, 255, 0):
        stick.ask("permitJoining", duration=duration)
    assert stick.statuses() == [Status.NETWORK_OPENED, Status.NETWORK_OPENED, Status.NETWORK_CLOSED]
    air.run(300)
    assert stick.statuses() == []


@every_version
def test_a_network_that_closes_by_itself_says_so_when_it_does(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.form()
    stick.ask("permitJoining", duration=60)
    air.run(50)
    stick.ask("permitJoining", duration=30)
    air.run(29)
    assert stick.statuses() == [Status.NETWORK_OPENED, Status.NETWORK_OPENED]
    air.run(2)
    assert stick.statuses() == [Status.NETWORK_CLOSED]


@every_version
@pytest.mark.parametrize("way", ["reset", "leaveNetwork"])
def test_who_is_out_of_the_network_says_nothing_of_its_closing(air: Air, version: int, way: str) -> None:
    stick = air.stick(version)
    stick.form()
    stick.ask("permitJoining", duration=60)
    if way == "reset":
        stick.power_cycle()
    else:
        stick.ask(way)
    air.run(120)
    assert Status.NETWORK_CLOSED not in stick.statuses()


# --- who is there ----------------------------------------------------------------------------------------------------


@every_version
def test_a_coordinator_has_its_devices_as_children_and_neighbours(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    assert hub.ask("getParentChildParameters")["childCount"] == 1
    child = hub.ask("getChildData", index=0)["childData"]
    assert (child["eui64"], child["id"], child["type"]) == (device.eui64, device.node_id(), SLEEPY)
    hub.refused("getChildData", Status.NOT_JOINED, index=1)
    hub.refused("getNeighbor", Status.ERR_FATAL, index=hub.ask("neighborCount")["value"])
    hub.refused("getRouteTableEntry", Status.ERR_FATAL, index=200)


@every_version
def test_routers_know_each_other_as_neighbours(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    air.run(60)
    rows = [hub.ask("getNeighbor", index=index)["value"] for index in range(hub.ask("neighborCount")["value"])]
    assert [(row["shortId"], row["longId"]) for row in rows] == [(device.node_id(), device.eui64)]
    assert rows[0]["averageLqi"] > 100


@every_version
def test_a_device_knows_its_parent(air: Air, version: int) -> None:
    hub, device = air.pair(version)
    answer = device.ask("getParentChildParameters")
    assert (answer["parentNodeId"], answer["parentEui64"], answer["childCount"]) == (0, hub.eui64, 0)
    assert device.ask("getEui64")["eui64"] == device.eui64
    assert hub.ask("lookupEui64ByNodeId", nodeId=device.node_id())["eui64"] == device.eui64
    assert device.ask("getNetworkParameters")["parameters"]["extendedPanId"] == EXTENDED_PAN_ID
    for stick in (hub, air.stick(version)):
        nobody = stick.ask("getParentChildParameters")
        assert (nobody["parentNodeId"], nobody["parentEui64"]) == (0xFFFF, 0)
    hub.refused("lookupEui64ByNodeId", Status.ERR_FATAL, nodeId=0x4321)
    assert hub.answered("lookupNodeIdByEui64", {"eui64": 0x4321})["nodeId"] == 0xFFFF


# --- what a backup brings back ---------------------------------------------------------------------------------------


def row(eui64: int, node_id: int = 0x1234, kind: int = SLEEPY) -> dict[str, int]:
    return {"eui64": eui64, "type": kind, "id": node_id}


@every_version
def test_children_of_a_backup_are_there_after_a_reset(air: Air, version: int) -> None:
    hub = air.stick(version)
    hub.refused("setChildData", Status.INVALID_CALL, index=0, childData=row(CHILD))
    hub.form()
    for index, node_id in ((0, 0x1111), (1, 0x2222), (0, 0x3333)):
        hub.ask("setChildData", index=index, childData=row(CHILD + node_id, node_id))
    hub.power_cycle()
    hub.ask("networkInit")
    air.run(1)
    children = [hub.ask("getChildData", index=index)["childData"] for index in range(2)]
    assert {child["eui64"]: child["id"] for child in children} == {CHILD + 0x2222: 0x2222, CHILD + 0x3333: 0x3333}
    hub.refused("getChildData", Status.NOT_JOINED, index=2)


@every_version
def test_what_is_no_child_is_refused(air: Air, version: int) -> None:
    hub = air.stick(version)
    hub.form()
    hub.refused("setChildData", Status.BAD_ARGUMENT, index=0, childData=row(CHILD, kind=2))
    hub.refused("setChildData", Status.BAD_ARGUMENT, index=0, childData=row(CHILD, 0xFFFF))
    hub.refused("setChildData", Status.INDEX_OUT_OF_RANGE, index=200, childData=row(CHILD))
    hub.refused("getChildData", Status.NOT_JOINED, index=0)


@every_version
def test_link_keys_that_were_imported_before_a_network_is_formed_are_in_it(air: Air, version: int) -> None:
    hub = air.stick(version)
    hub.ask("importLinkKey", index=0, address=CHILD, key=bytes(range(16)))
    hub.form()
    assert bytes(hub.ask("exportLinkKeyByEui", eui64=CHILD)["plaintextKey"]) == bytes(range(16))
    hub.ask("clearKeyTable")
    hub.power_cycle()
    hub.form()
    hub.refused("exportLinkKeyByEui", Status.NOT_FOUND, eui64=CHILD)


@every_version
@pytest.mark.parametrize("bits", [0x0000, 0x0004, 0x0084])
def test_whether_the_link_key_is_global_or_hashed_is_told_as_it_was_set(air: Air, version: int, bits: int) -> None:
    hub = air.stick(version)
    hub.ask("setInitialSecurityState", state={**OWN_SECURITY, "bitmask": HAVE_KEYS | bits})
    hub.ask("formNetwork", parameters=PARAMETERS)
    air.run(1)
    assert hub.ask("getCurrentSecurityState")["state"]["bitmask"] & 0x0084 == bits
