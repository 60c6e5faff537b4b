"""`mem:aps`: who gets into a network, who does not, and how long it takes."""

from __future__ import annotations

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    ApsMessage,
    DeviceJoined,
    JoinRefused,
    JoinSettings,
    NetworkDown,
    NetworkUp,
    NodeType,
)
from emulator.transports.memory.aps_network import Network
from emulator.transports.memory.aps_port import ApsAirPort
from emulator.zigbee.frames.zdo import (
    ActiveEpReq,
    ActiveEpRsp,
    IeeeAddrReq,
    IeeeAddrRsp,
    MatchDescReq,
    MatchDescRsp,
    NodeDescReq,
    NodeDescRsp,
    NwkAddrReq,
    NwkAddrRsp,
    SimpleDescReq,
    SimpleDescRsp,
    ZdoMessage,
    decode_zdo,
    encode_zdo,
)
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY
from tests.transports.aps_world import HUB, Device, World, bridge_address, key_of, line, pair

# Joining


def test_a_bridge_with_its_install_code_key_joins() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open(1)
    bridge.port.join(JoinSettings(), world.engine.now)
    world.engine.run_for(20 * SECOND)
    up = bridge.events[0][1]
    assert up == NetworkUp(bridge.short, 0x1A62, Eui64(0xABCD), 15, 0, HUB)
    assert [event for _, event in world.hub.events[1:]] == [DeviceJoined(bridge_address(1), bridge.short, 0, False)]
    assert 0 < bridge.short < 0xFFF8
    assert world.hub.port.short_of(bridge_address(1)) == bridge.short
    assert bridge.port.eui64_of(0) == HUB


def test_a_join_takes_the_time_of_its_scan_and_its_frames() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open(1)
    begin = world.engine.now
    bridge.port.join(JoinSettings(), begin)
    world.engine.run_for(20 * SECOND)
    took = bridge.events[0][0] - begin
    assert 16 * 138 * MILLISECOND + 492 * MILLISECOND < took < 2_800 * MILLISECOND


def test_joining_one_channel_only_is_quicker() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open(1)
    begin = world.engine.now
    bridge.port.join(JoinSettings(channels=(15,)), begin)
    world.engine.run_for(20 * SECOND)
    assert bridge.events[0][0] - begin < 700 * MILLISECOND


def refused(world: World, bridge: Device, settings: JoinSettings | None = None) -> str:
    bridge.port.join(settings or JoinSettings(), world.engine.now)
    world.engine.run_for(120 * SECOND)
    (event,) = [event for _, event in bridge.events]
    assert isinstance(event, NetworkDown)
    return event.reason


def test_nobody_in_range_is_no_beacon() -> None:
    world = World()
    bridge = world.bridge(1)
    world.open(1)
    assert refused(world, bridge) == "no-beacon"


def test_another_network_than_the_one_looked_for_is_no_beacon() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open(1)
    assert refused(world, bridge, JoinSettings(extended_pan_id=Eui64(1))) == "no-beacon"


def test_a_network_that_is_closed_takes_nobody() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open(1)
    world.hub.port.permit_joining(world.engine.now, world.engine.now)
    assert refused(world, bridge) == "joining-not-permitted"


@pytest.mark.parametrize("key", [None, key_of(9)], ids=["none", "another"])
def test_a_bridge_with_the_wrong_key_is_refused(key: bytes | None) -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.device(bridge_address(1), key=key)
    world.open(1)
    assert refused(world, bridge) == "key-refused"
    assert [event for _, event in world.hub.events[1:]] == [JoinRefused(bridge_address(1), "no-announcement")]


def test_a_bridge_that_the_trust_centre_does_not_know_gets_no_key() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open()
    assert refused(world, bridge) == "no-key"
    assert world.hub.events[1][1] == JoinRefused(bridge_address(1), "unknown-device")


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_insecure_join_with_the_well_known_key_is_refused(node_type: NodeType) -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.device(bridge_address(1), node_type, WELL_KNOWN_LINK_KEY)
    world.open()
    world.hub.port.allow(bridge_address(1), WELL_KNOWN_LINK_KEY)
    assert refused(world, bridge) == "no-key"
    assert {event for _, event in world.hub.events[1:]} == {JoinRefused(bridge_address(1), "well-known-key")}
    assert {(kind, reason) for _, kind, reason in world.hub.reports} == {("join.refused", "well-known-key")}
    assert world.hub.port.link_key_with(bridge_address(1)) is None


def test_after_an_insecure_join_was_refused_the_same_device_joins_by_its_install_code() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open()
    world.hub.port.allow(bridge_address(1), WELL_KNOWN_LINK_KEY)
    assert refused(world, bridge) == "no-key"
    world.hub.port.allow(bridge_address(1), key_of(1))
    world.join(bridge)
    assert world.hub.port.link_key_with(bridge_address(1)) == key_of(1)


def test_a_bridge_takes_no_network_key_under_the_well_known_key_instead_of_its_own() -> None:
    world = World()
    world.topology.connect(HUB, bridge_address(1))
    bridge = world.bridge(1)
    world.open(1)
    # A trust centre that has the well-known key for it after all: as if it sent the network key under that.
    admit = Network.admit

    def insecure(network: Network, device: ApsAirPort, parent: int, now: int) -> bool:
        let_in = admit(network, device, parent, now)
        network.trust_centre.link_keys.take(device.eui64, WELL_KNOWN_LINK_KEY)
        return let_in

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "admit", insecure)
        assert refused(world, bridge) == "key-refused"
    assert bridge.port.link_key_with(HUB) is None


def test_a_parent_without_room_says_so() -> None:
    world = World()
    bridges = [world.bridge(number) for number in range(17)]
    for number in range(17):
        world.topology.connect(HUB, bridge_address(number))
    world.open(*range(17))
    world.join(*bridges[:16])
    assert refused(world, bridges[16]) == "pan-full"


def test_joining_through_a_router_names_it_as_parent() -> None:
    world, bridges = line(2)
    joined = [event for _, event in world.hub.events if isinstance(event, DeviceJoined)]
    assert joined[-1] == DeviceJoined(bridge_address(2), bridges[1].short, bridges[0].short, False)


def test_short_addresses_are_drawn_from_the_seed() -> None:
    assert pair(seed=1)[1].short == pair(seed=1)[1].short
    assert pair(seed=1)[1].short != pair(seed=2)[1].short


def test_two_devices_cannot_have_one_address() -> None:
    world = World()
    with pytest.raises(LocalProtocolError):
        world.air.port(HUB)


# ZDO


@pytest.mark.parametrize(
    "request_type", [MatchDescReq, SimpleDescReq, ActiveEpReq, NodeDescReq, NwkAddrReq, IeeeAddrReq]
)
def test_the_stack_answers_descriptor_and_address_requests(request_type: type[ZdoMessage]) -> None:
    world, bridge = pair()
    short = bridge.short
    questions: dict[type[ZdoMessage], tuple[ZdoMessage, type[ZdoMessage]]] = {
        MatchDescReq: (MatchDescReq(short, 0x0109, (), (0x0019,)), MatchDescRsp),
        SimpleDescReq: (SimpleDescReq(short, 1), SimpleDescRsp),
        ActiveEpReq: (ActiveEpReq(short), ActiveEpRsp),
        NodeDescReq: (NodeDescReq(short), NodeDescRsp),
        NwkAddrReq: (NwkAddrReq(bridge_address(1)), NwkAddrRsp),
        IeeeAddrReq: (IeeeAddrReq(short), IeeeAddrRsp),
    }
    question, expected = questions[request_type]
    cluster, payload = encode_zdo(7, question)
    world.hub.port.send(ApsMessage(short, 0, 0, 0, cluster, payload), world.engine.now)
    world.engine.run_for(SECOND)
    ((_, message),) = world.hub.messages
    sequence, answer = decode_zdo(message.cluster, message.payload)
    assert (sequence, type(answer)) == (7, expected)
    assert bridge.messages == []


def test_undecodable_requests_are_dropped_with_a_reason() -> None:
    world, bridge = pair()
    world.hub.port.send(ApsMessage(bridge.short, 0, 0, 0, 0x0004, b"\1"), world.engine.now)
    world.engine.run_for(SECOND)
    assert bridge.reports[-1][1:] == ("aps.dropped", "undecodable")
