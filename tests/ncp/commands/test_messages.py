"""Messages between two sticks, and what their hosts are told of them."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import VERSIONS, identifiers
from tests.ncp.commands.sticks import ROUTER, SLEEPY, Air, Heard, HostedStick, admit

CONFIG = identifiers("EzspConfigId")
POLICY = identifiers("EzspPolicyId")
PROFILE, CLUSTER = 0x0109, 0x0019
ENCRYPTION, RETRY, FRAGMENT = 0x0020, 0x0040, 0x8000
DIRECT, VIA_ADDRESS_TABLE, MULTICAST, BROADCAST = 0, 1, 3, 6
INCOMING_UNICAST, INCOMING_MULTICAST, MULTICAST_LOOPBACK, INCOMING_BROADCAST, BROADCAST_LOOPBACK = 0, 2, 3, 4, 5
EVERYBODY, AWAKE, ROUTERS = 0xFFFF, 0xFFFD, 0xFFFC
NOBODY = 0x4321
BOUNDED_WAIT = 60
"""Seconds after which every message has met its fate."""

every_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def air() -> Air:
    return Air()


@pytest.fixture
def pair(air: Air, version: int) -> tuple[HostedStick, HostedStick]:
    hub, device = air.pair(version)
    air.run(5)
    hub.heard.clear()
    device.heard.clear()
    return hub, device


def frame(options: int = RETRY, **fields: int) -> dict[str, int]:
    return {
        "profileId": PROFILE,
        "clusterId": CLUSTER,
        "sourceEndpoint": 1,
        "destinationEndpoint": 2,
        "options": options,
        **fields,
    }


def unicast(
    to: int, contents: bytes = b"hello", kind: int = DIRECT, options: int = RETRY, tag: int = 9
) -> dict[str, Any]:
    return {
        "type": kind,
        "indexOrDestination": to,
        "apsFrame": frame(options),
        "messageTag": tag,
        "messageContents": contents,
    }


def sent(stick: HostedStick) -> Heard:
    return stick.one_heard("messageSentHandler")


# --- to one ----------------------------------------------------------------------------------------------------------


@every_version
def test_a_message_comes_as_it_was_sent_and_its_sender_is_told(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    answer = hub.ask("sendUnicast", **unicast(device.node_id()))
    air.run(1)
    done = sent(hub)
    assert (done["status"], done["messageTag"], done["type"]) == (Status.SUCCESS, 9, DIRECT)
    assert done["indexOrDestination"] == device.node_id()
    assert done["apsFrame"] == {**frame(), "groupId": 0, "sequence": answer["sequence"]}
    came = device.one_heard("incomingMessageHandler")
    assert (came["type"], came["sender"], came["messageContents"]) == (INCOMING_UNICAST, 0, b"hello")
    assert came["apsFrame"]["sequence"] == answer["sequence"]
    names = ("profileId", "clusterId", "sourceEndpoint", "destinationEndpoint")
    assert [came["apsFrame"][name] for name in names] == [PROFILE, CLUSTER, 1, 2]
    assert came["lastHopLqi"] > 0
    assert came["lastHopRssi"] < 0


@every_version
def test_a_message_under_the_link_key_says_so(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    for options in (RETRY, RETRY | ENCRYPTION):
        device.ask("sendUnicast", **unicast(0, options=options))
        air.run(1)
        assert sent(device)["status"] is Status.SUCCESS
        assert hub.one_heard("incomingMessageHandler")["apsFrame"]["options"] & ENCRYPTION == options & ENCRYPTION


@every_version
@pytest.mark.parametrize("wanted", [0, 1])
def test_a_host_has_its_message_back_where_its_policy_says_so(
    air: Air, pair: tuple[HostedStick, HostedStick], wanted: int
) -> None:
    hub, device = pair
    hub.ask("setPolicy", policyId=POLICY["MESSAGE_CONTENTS_IN_CALLBACK_POLICY"], decisionId=wanted)
    hub.ask("sendUnicast", **unicast(device.node_id()))
    air.run(1)
    assert sent(hub)["messageContents"] == (b"hello" if wanted else b"")


@every_version
def test_nobody_gets_a_message_for_a_device_that_is_not_there(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    hub.ask("sendUnicast", **unicast(NOBODY))
    air.run(BOUNDED_WAIT)
    done = sent(hub)
    assert (done["status"], done["indexOrDestination"]) == (Status.DELIVERY_FAILED, NOBODY)
    assert device.all_heard("incomingMessageHandler") == []


@every_version
def test_a_device_that_is_off_does_not_get_its_message(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    short = device.node_id()
    device.power_cycle()
    hub.ask("sendUnicast", **unicast(short))
    air.run(BOUNDED_WAIT)
    assert sent(hub)["status"] is Status.DELIVERY_FAILED


@every_version
def test_without_a_link_key_nothing_goes_out_under_one(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, _ = pair
    hub.ask("sendUnicast", **unicast(NOBODY, options=RETRY | ENCRYPTION))
    air.run(BOUNDED_WAIT)
    assert sent(hub)["status"] is Status.KEY_INVALID


@every_version
@pytest.mark.parametrize("options", [RETRY, RETRY | ENCRYPTION], ids=["plain", "encrypted"])
def test_the_longest_message_is_taken_and_one_octet_more_is_not(
    air: Air, pair: tuple[HostedStick, HostedStick], options: int
) -> None:
    hub, device = pair
    longest = hub.ask("maximumPayloadLength")["apsLength"] - (9 if options & ENCRYPTION else 0)
    too_long = unicast(device.node_id(), bytes(longest + 1), options=options)
    hub.refused("sendUnicast", Status.MESSAGE_TOO_LONG, **too_long)
    air.run(BOUNDED_WAIT)
    assert hub.all_heard("messageSentHandler") == []
    hub.ask("sendUnicast", **unicast(device.node_id(), bytes(longest), options=options))
    air.run(1)
    assert sent(hub)["status"] is Status.SUCCESS
    assert device.one_heard("incomingMessageHandler")["messageContents"] == bytes(longest)


@every_version
def test_messages_are_told_of_by_their_tags(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    sequences = {
        tag: hub.ask("sendUnicast", **unicast(device.node_id(), bytes((tag,)), tag=tag))["sequence"] for tag in range(6)
    }
    air.run(2)
    done = hub.all_heard("messageSentHandler")
    assert {one["messageTag"]: one["apsFrame"]["sequence"] for one in done} == sequences
    assert sorted(one["messageContents"] for one in device.all_heard("incomingMessageHandler")) == [
        bytes((tag,)) for tag in range(6)
    ]


@every_version
def test_more_messages_than_configured_are_not_under_way_at_once(
    air: Air, pair: tuple[HostedStick, HostedStick]
) -> None:
    hub, device = pair
    hub.ask("setConfigurationValue", configId=CONFIG["CONFIG_APS_UNICAST_MESSAGE_COUNT"], value=2)
    for _ in range(2):
        hub.ask("sendUnicast", **unicast(NOBODY))
    hub.refused("sendUnicast", Status.MAX_MESSAGE_LIMIT_REACHED, **unicast(device.node_id()))
    air.run(BOUNDED_WAIT)
    assert len(hub.all_heard("messageSentHandler")) == 2
    hub.ask("sendUnicast", **unicast(device.node_id()))


@every_version
def test_outside_a_network_nothing_is_sent(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("sendUnicast", Status.NETWORK_DOWN, **unicast(0))
    stick.refused("sendBroadcast", Status.NETWORK_DOWN, destination=AWAKE, apsFrame=frame())
    stick.refused("sendMulticast", Status.NETWORK_DOWN, **multicast())


@every_version
@pytest.mark.parametrize("kind", [2, 5, 255])
def test_a_kind_of_unicast_that_is_not_served_is_refused(
    air: Air, pair: tuple[HostedStick, HostedStick], kind: int
) -> None:
    pair[0].refused("sendUnicast", Status.INVALID_CALL, **unicast(0, kind=kind))


# --- by the address table --------------------------------------------------------------------------------------------


@every_version
def test_a_message_goes_to_the_device_in_a_row_of_the_address_table(
    air: Air, pair: tuple[HostedStick, HostedStick]
) -> None:
    hub, device = pair
    row = {"newEui64": device.eui64, "newId": device.node_id(), "newExtendedTimeout": False}
    hub.ask("replaceAddressTableEntry", addressTableIndex=3, **row)
    hub.ask("sendUnicast", **unicast(3, kind=VIA_ADDRESS_TABLE))
    air.run(1)
    done = sent(hub)
    assert (done["status"], done["type"], done["indexOrDestination"]) == (Status.SUCCESS, VIA_ADDRESS_TABLE, 3)
    assert device.one_heard("incomingMessageHandler")["messageContents"] == b"hello"


@every_version
def test_a_row_without_an_address_is_no_broadcast(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    hub.refused("sendUnicast", Status.BAD_ARGUMENT, **unicast(5, kind=VIA_ADDRESS_TABLE))
    air.run(BOUNDED_WAIT)
    assert device.all_heard("incomingMessageHandler") == []


@every_version
def test_a_row_that_is_replaced_reads_as_it_was(air: Air, version: int) -> None:
    stick = air.stick(version)
    first = {"newEui64": 0x1111, "newId": 0x2222, "newExtendedTimeout": True}
    stick.ask("replaceAddressTableEntry", addressTableIndex=0, **first)
    old = stick.ask("replaceAddressTableEntry", addressTableIndex=0, newEui64=1, newId=2)
    assert (old["oldEui64"], old["oldId"], old["oldExtendedTimeout"]) == (0x1111, 0x2222, True)
    outside = {"addressTableIndex": 200, **first}
    stick.refused("replaceAddressTableEntry", Status.ADDRESS_TABLE_INDEX_OUT_OF_RANGE, **outside)


@every_version
def test_extended_timeouts_are_kept_by_device(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.ask("setExtendedTimeout", remoteEui64=7, extendedTimeout=True)
    assert stick.answered("getExtendedTimeout", {"remoteEui64": 7})["extendedTimeout"]
    assert not stick.answered("getExtendedTimeout", {"remoteEui64": 8})["extendedTimeout"]
    stick.ask("setExtendedTimeout", remoteEui64=7, extendedTimeout=False)
    assert not stick.answered("getExtendedTimeout", {"remoteEui64": 7})["extendedTimeout"]


# --- to many ---------------------------------------------------------------------------------------------------------


@every_version
@pytest.mark.parametrize("destination", [EVERYBODY, AWAKE])
def test_a_broadcast_comes_to_all_and_is_told_of_as_sent(
    air: Air, pair: tuple[HostedStick, HostedStick], destination: int
) -> None:
    hub, device = pair
    values = {"destination": destination, "apsFrame": frame(0), "messageTag": 4, "messageContents": b"all"}
    hub.ask("sendBroadcast", **values)
    air.run(10)
    done = sent(hub)
    assert (done["status"], done["type"], done["messageTag"]) == (Status.SUCCESS, BROADCAST, 4)
    came = device.one_heard("incomingMessageHandler")
    assert (came["type"], came["messageContents"], came["sender"]) == (INCOMING_BROADCAST, b"all", 0)


def multicast() -> dict[str, Any]:
    """To whoever is awake and a member of 0x0123."""
    return {"apsFrame": frame(0, groupId=0x0123), "broadcastAddr": AWAKE, "messageContents": b"group"}


@every_version
def test_a_multicast_comes_to_the_members_of_its_group(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    values = {**multicast(), "messageTag": 5}
    for group, endpoint in ((0x0124, 7), (0x0123, 0)):
        device.ask("setMulticastTableEntry", index=0, value={"multicastId": group, "endpoint": endpoint})
        hub.ask("sendMulticast", **values)
        air.run(10)
        done = sent(hub)
        assert (done["status"], done["type"], done["messageTag"]) == (Status.SUCCESS, MULTICAST, 5)
        assert device.all_heard("incomingMessageHandler") == []
    device.ask("setMulticastTableEntry", index=1, value={"multicastId": 0x0123, "endpoint": 7})
    hub.ask("sendMulticast", **values)
    air.run(10)
    came = device.one_heard("incomingMessageHandler")
    assert (came["type"], came["messageContents"], came["sender"]) == (INCOMING_MULTICAST, b"group", 0)
    assert (came["apsFrame"]["groupId"], came["apsFrame"]["destinationEndpoint"]) == (0x0123, 7)


LOOPED = {"lastHopLqi": 255, "lastHopRssi": 0, "senderEui64": 0, "bindingIndex": 0xFF, "addressIndex": 0xFF}


def came_back(stick: HostedStick, kind: int, aps_frame: dict[str, int], contents: bytes) -> None:
    """What the host has sent, as it has sent it, from its own stick; with what this version tells of a message."""
    heard = stick.one_heard("incomingMessageHandler")
    told = {name: value for name, value in LOOPED.items() if name in heard.values}
    assert (
        heard.values.items() >= {"type": kind, "sender": stick.node_id(), "messageContents": contents, **told}.items()
    )
    assert heard["apsFrame"] == aps_frame


@every_version
@pytest.mark.parametrize("destination", [EVERYBODY, AWAKE, ROUTERS])
def test_a_broadcast_comes_back_to_its_host_before_it_is_told_of_as_sent(
    air: Air, pair: tuple[HostedStick, HostedStick], destination: int
) -> None:
    hub, _ = pair
    values = {"destination": destination, "apsFrame": frame(0), "messageContents": b"all"}
    answer = hub.ask("sendBroadcast", **values)
    came_back(hub, BROADCAST_LOOPBACK, {**frame(0), "groupId": 0, "sequence": answer["sequence"]}, b"all")
    air.run(10)
    assert sent(hub)["status"] is Status.SUCCESS
    assert hub.all_heard("incomingMessageHandler") == []


CAPTURED = bytes.fromhex("03 0401 0800 01ff 0001 0500 80 0000 0000000000000000 ffff ff00 d9b287d3 08 11c3044432000000")
"""A multicast that came back from an EFR32MG24 with EmberZNet 8 (tests of the public project zigbee-ninja)."""


def test_what_comes_back_is_what_was_seen_to_come_back_from_a_real_stick(air: Air) -> None:
    hub = air.stick(14)
    hub.form()
    real, end = hub.command("incomingMessageHandler").response.read(CAPTURED, 0)
    assert end == len(CAPTURED)
    aps_frame = real["apsFrame"]
    hub.ask("setMulticastTableEntry", index=0, value={"multicastId": aps_frame["groupId"], "endpoint": 1})
    values = {"broadcastAddr": AWAKE, "messageContents": real["messageContents"]}
    answer = hub.ask("sendMulticast", apsFrame=aps_frame, **values)
    ours = hub.one_heard("incomingMessageHandler").values
    changing = {"apsFrame": {**aps_frame, "sequence": answer["sequence"]}, "lastHopTimestamp": 0}
    assert ours == {**real, **changing}


@every_version
@pytest.mark.parametrize("group, endpoint, back", [(0x0123, 7, True), (0x0123, 0, False), (0x0124, 7, False)])
def test_a_multicast_comes_back_to_a_host_whose_stick_is_a_member(
    air: Air, pair: tuple[HostedStick, HostedStick], group: int, endpoint: int, back: bool
) -> None:
    hub, _ = pair
    hub.ask("setMulticastTableEntry", index=0, value={"multicastId": group, "endpoint": endpoint})
    answer = hub.ask("sendMulticast", **multicast())
    if back:
        expected = {**frame(0, groupId=0x0123), "sequence": answer["sequence"]}
        came_back(hub, MULTICAST_LOOPBACK, expected, b"group")
    air.run(10)
    assert hub.all_heard("incomingMessageHandler") == []


@every_version
@pytest.mark.parametrize("destination, back", [(EVERYBODY, True), (AWAKE, False), (ROUTERS, False)])
def test_a_sleepy_stick_is_in_no_broadcast_to_those_awake(air: Air, version: int, destination: int, back: bool) -> None:
    _, device = air.pair(version, SLEEPY)
    device.ask("sendBroadcast", destination=destination, apsFrame=frame(0), messageContents=b"all")
    kinds = [one["type"] for one in device.all_heard("incomingMessageHandler")]
    assert kinds == [BROADCAST_LOOPBACK] * back


@every_version
@pytest.mark.parametrize("flags, back", [(0, False), (1, True)])
def test_requests_that_the_stack_answers_come_back_to_hosts_that_see_such(
    air: Air, version: int, flags: int, back: bool
) -> None:
    hub = air.stick(version)
    hub.ask("setConfigurationValue", configId=CONFIG["CONFIG_APPLICATION_ZDO_FLAGS"], value=flags)
    hub.form()
    permit = {"profileId": 0, "clusterId": 0x0036, "sourceEndpoint": 0, "destinationEndpoint": 0}
    hub.ask("sendBroadcast", destination=ROUTERS, apsFrame=permit, messageContents=b"\1\0\1")
    kinds = [one["type"] for one in hub.all_heard("incomingMessageHandler")]
    assert kinds == [BROADCAST_LOOPBACK] * back


@every_version
def test_what_was_not_taken_does_not_come_back(air: Air, version: int) -> None:
    stick = air.stick(version)
    stick.refused("sendBroadcast", Status.NETWORK_DOWN, destination=EVERYBODY, apsFrame=frame(0))
    assert stick.heard == []


@every_version
def test_only_what_came_to_one_asked_for_an_acknowledgement(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    hub.ask("sendBroadcast", destination=EVERYBODY, apsFrame=frame(0), messageContents=b"all")
    air.run(10)
    assert device.one_heard("incomingMessageHandler")["apsFrame"]["options"] == 0
    hub.ask("sendUnicast", **unicast(device.node_id()))
    air.run(1)
    assert device.one_heard("incomingMessageHandler")["apsFrame"]["options"] == RETRY


@every_version
def test_a_multicast_to_a_single_device_is_refused(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    if hub.version > 13:
        hub.refused("sendMulticast", Status.BAD_ARGUMENT, **{**multicast(), "broadcastAddr": device.node_id()})


@every_version
def test_a_member_is_none_any_more_after_a_reset(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    device.ask("setMulticastTableEntry", index=0, value={"multicastId": 0x0123, "endpoint": 7})
    device.power_cycle()
    device.ask("networkInit")
    air.run(5)
    device.heard.clear()
    hub.ask("sendMulticast", **multicast())
    air.run(10)
    assert device.all_heard("incomingMessageHandler") == []


@every_version
@pytest.mark.parametrize("hops, comes", [(1, False), (2, True), (0, True)])
def test_a_multicast_comes_as_far_as_it_has_hops(air: Air, version: int, hops: int, comes: bool) -> None:
    hub, router = air.pair(version)
    device = air.stick(version)
    air.part(hub, device)
    admit(hub, device)
    router.ask("permitJoining", duration=60)
    device.begin_join()
    air.run(10)
    device.heard.clear()
    device.ask("setMulticastTableEntry", index=0, value={"multicastId": 0x0123, "endpoint": 7})
    hub.ask("sendMulticast", **multicast(), hops=hops)
    air.run(10)
    assert [came["messageContents"] for came in device.all_heard("incomingMessageHandler")] == [b"group"] * comes


@every_version
def test_a_unicast_to_a_broadcast_address_is_refused(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    for address in (0xFFF8, 0xFFFC, 0xFFFD, 0xFFFF):
        hub.refused("sendUnicast", Status.BAD_ARGUMENT, **unicast(address))
    air.run(10)
    assert device.all_heard("incomingMessageHandler") == []


@every_version
def test_a_stick_without_buffers_takes_no_message(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    hub.chip.free_buffers = 0
    hub.refused("sendUnicast", Status.NO_BUFFERS, **unicast(device.node_id()))
    hub.refused("sendMulticast", Status.NO_BUFFERS, **multicast())
    assert hub.ask("getValue", valueId=0x03)["value"] == b"\x00"
    hub.chip.free_buffers = 200
    hub.ask("sendUnicast", **unicast(device.node_id()))
    air.run(5)
    assert device.one_heard("incomingMessageHandler")["messageContents"] == b"hello"


@every_version
def test_a_broadcast_to_a_single_device_is_refused(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    hub, device = pair
    values = {"destination": device.node_id(), "apsFrame": frame(0), "messageContents": b"x"}
    hub.refused("sendBroadcast", Status.BAD_ARGUMENT, **values)


# --- to those that sleep ---------------------------------------------------------------------------------------------


@every_version
def test_a_sleepy_stick_fetches_its_message_at_its_next_poll(air: Air, version: int) -> None:
    hub, device = air.pair(version, SLEEPY)
    device.ask("pollForData", interval=2, units=2)
    air.run(20)
    hub.heard.clear()
    device.heard.clear()
    for _ in range(4):
        hub.ask("sendUnicast", **unicast(device.node_id()))
        air.run(0.6)
        assert device.one_heard("incomingMessageHandler")["messageContents"] == b"hello"
        air.run(1.7)
        assert sent(hub)["status"] is Status.SUCCESS


@every_version
@pytest.mark.parametrize("node_type", [None, ROUTER])
def test_only_a_sleepy_stick_polls(air: Air, version: int, node_type: int | None) -> None:
    stick = air.stick(version) if node_type is None else air.pair(version, node_type)[1]
    stick.refused("pollForData", Status.INVALID_CALL, interval=1, units=2)


# --- long ones, cut by the host --------------------------------------------------------------------------------------


@every_version
def test_the_blocks_of_a_long_message_come_one_by_one_and_are_acknowledged_by_the_host(
    air: Air, pair: tuple[HostedStick, HostedStick]
) -> None:
    hub, device = pair
    first = frame(RETRY | FRAGMENT, groupId=0x0200)
    message = {**unicast(device.node_id(), b"block 0"), "apsFrame": first}
    counter = hub.ask("sendUnicast", **message)["sequence"]
    second = frame(RETRY | FRAGMENT, groupId=0x0001, sequence=counter)
    hub.ask("sendUnicast", **{**message, "apsFrame": second, "messageContents": b"block 1"})
    air.run(0.1)
    came = device.all_heard("incomingMessageHandler")
    assert [(one["apsFrame"]["groupId"], one["messageContents"]) for one in came] == [
        (0x0200, b"block 0"),
        (0x0001, b"block 1"),
    ]
    assert all(one["apsFrame"]["options"] & FRAGMENT for one in came)
    reply = {**came[0]["apsFrame"], "groupId": 0xFF00}
    device.ask("sendReply", sender=0, apsFrame=reply)
    air.run(1)
    assert [one["status"] for one in hub.all_heard("messageSentHandler")] == [Status.SUCCESS] * 2


@every_version
def test_a_reply_that_acknowledges_nothing_is_refused(air: Air, pair: tuple[HostedStick, HostedStick]) -> None:
    _, device = pair
    device.refused("sendReply", Status.INVALID_CALL, sender=0, apsFrame=frame())
    device.refused("sendReply", Status.BAD_ARGUMENT, sender=0, apsFrame=frame(FRAGMENT))
