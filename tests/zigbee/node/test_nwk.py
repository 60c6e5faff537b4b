"""The network layer over the air: routes, broadcasts, link status, and what it refuses."""

from __future__ import annotations

import pytest

from emulator.core.aes import CcmStar
from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    BROADCAST_ALL,
    BROADCAST_ROUTERS,
    BROADCAST_RX_ON,
    ApsMessage,
    NetworkUp,
    NodeType,
    Outcome,
)
from emulator.ports.phy import RxFrame
from emulator.zigbee.frames import mac, nwk
from emulator.zigbee.frames.nwk_commands import Leave, LinkStatus, RouteRequest, decode_command, encode_command
from emulator.zigbee.node.broadcasts import MAX_REPEATS
from emulator.zigbee.node.routing import Routes
from emulator.zigbee.security import nwk as security
from emulator.zigbee.security.counters import EXHAUSTED, OutgoingCounter
from tests.zigbee.node.han import HUB, NETWORK, NETWORK_KEY, Device, Han, address, line, mesh, pair

PAN = NETWORK.pan_id
CIPHER = CcmStar(NETWORK_KEY)
MISSING = 0x5A5A


def opened(psdu: bytes) -> tuple[nwk.NwkFrame, bytes] | None:
    """Header and plain payload of a data frame of the network, None for any other frame."""
    frame = mac.decode(psdu)
    if frame.type is not mac.FrameType.DATA:
        return None
    header, octets = nwk.decode_header(frame.payload)
    if not header.security:
        return header, frame.payload[octets:]
    auxiliary = security.parse_auxiliary(frame.payload, octets)
    return header, security.open_(frame.payload, octets, auxiliary, CIPHER)


def commands(han: Han, kind: type) -> list[nwk.NwkFrame]:
    """Headers of every NWK command of one kind sent so far."""
    found = []
    for _, psdu, *_ in han.frames:
        plain = opened(psdu)
        is_command = plain is not None and plain[0].type is nwk.NwkFrameType.COMMAND and plain[0].security
        if plain is not None and is_command and isinstance(decode_command(plain[1]), kind):
            found.append(plain[0])
    return found


def forged(
    counter: int,
    *,
    destination: int,
    source: int = 0,
    sender: Eui64 = HUB,
    key: bytes = NETWORK_KEY,
    key_sequence: int = 0,
    kind: nwk.NwkFrameType = nwk.NwkFrameType.DATA,
    payload: bytes = bytes(8),
    sequence: int = 77,
    radius: int = 5,
) -> RxFrame:
    """A frame as `sender` would protect it."""
    header = nwk.encode_header(nwk.NwkFrame(kind, destination, source, radius, sequence, b"", security=True))
    octets = header + security.secure(header, payload, CcmStar(key), counter, sender, key_sequence)
    last_hop = destination if destination < 0xFFF8 else 0xFFFF
    psdu = mac.encode(mac.MacFrame(mac.FrameType.DATA, 9, PAN, last_hop, PAN, source, octets))
    return RxFrame(psdu, -50, 200)


# --- routes -----


def diamond() -> tuple[Han, dict[int, Device]]:
    """The hub and bridge 3 hear bridges 1 and 2 alone; 1 and 2 do not hear each other."""
    one, two, three = address(1), address(2), address(3)
    return mesh([(HUB, one), (HUB, two), (one, three), (two, three)], (1, 2, 3))


def exchange(han: Han, one: Device, other: Device) -> bool:
    handle = one.send(other.short, b"there", acknowledge=True)
    han.run(15 * SECOND)
    return one.outcome(handle) is Outcome.DELIVERED


@pytest.mark.parametrize("hops", [2, 3, 4])
def test_a_route_is_found_along_a_chain_in_both_directions(hops: int) -> None:
    han, bridges = line(hops)
    assert exchange(han, bridges[-1], han.hub)
    assert exchange(han, han.hub, bridges[-1])
    assert exchange(han, bridges[-1], bridges[0])
    relays = {mac.decode(psdu).source for _, psdu, *_ in han.frames}
    assert {bridge.short for bridge in bridges} <= relays


def test_over_a_diamond_one_of_the_two_ways_is_used_and_the_message_comes_once() -> None:
    han, bridges = diamond()
    assert exchange(han, han.hub, bridges[3])
    assert bridges[3].payloads() == [b"there"]


def test_when_the_relay_vanishes_the_other_one_is_found() -> None:
    han, bridges = diamond()
    assert exchange(han, han.hub, bridges[3])
    frames = [mac.decode(psdu) for _, psdu, *_ in han.frames]
    last = [frame for frame in frames if frame.destination == bridges[3].short and frame.type is mac.FrameType.DATA][-1]
    relay = next(bridge for bridge in (bridges[1], bridges[2]) if bridge.short == last.source)
    relay.port.stop(han.now)
    assert exchange(han, han.hub, bridges[3])
    assert exchange(han, bridges[3], han.hub)
    assert bridges[3].payloads() == [b"there"] * 2


def test_a_better_route_that_is_dead_does_not_stand_in_the_way_of_a_longer_one() -> None:
    routes = Routes()
    routes.set(7, 1, cost=2)
    assert routes.better(0, 5, previous_hop=0, cost=1, now=0)
    assert routes.better_reply(0, 5, cost=6)
    routes.set(7, 2, cost=6)
    assert routes.get(7) is not None
    assert not routes.better_reply(0, 5, cost=6)
    assert routes.better_reply(0, 5, cost=4)
    assert not routes.better_reply(0, 6, cost=1)


def test_where_there_is_no_route_the_outcome_says_so() -> None:
    han, bridges = line(2)
    handle = bridges[0].send(MISSING)
    han.run(10 * SECOND)
    assert bridges[0].outcome(handle) is Outcome.NO_ROUTE
    assert "no-route" in bridges[0].reasons("nwk.dropped")
    assert len({header.sequence for header in commands(han, RouteRequest) if header.source == bridges[0].short}) >= 3


def test_a_frame_is_not_passed_on_when_its_radius_is_used_up() -> None:
    han, bridges = line(3)
    assert exchange(han, han.hub, bridges[2])
    message = ApsMessage(bridges[2].short, 1, 1, 0x0109, 0x19, b"near", radius=2)
    han.hub.port.send(message, han.now)
    han.run()
    assert bridges[2].payloads() == [b"there"]
    assert bridges[1].reasons("nwk.dropped") == ["radius-exhausted"]
    message.radius = 3
    han.hub.port.send(message, han.now)
    han.run()
    assert bridges[2].payloads() == [b"there", b"near"]


def test_a_sleepy_device_reaches_everybody_through_its_parent() -> None:
    han, bridges = line(2, last=NodeType.SLEEPY)
    assert exchange(han, bridges[1], han.hub)
    assert han.hub.payloads() == [b"there"]


# --- broadcasts -----


@pytest.mark.parametrize("origin", [0, 1, 2, 3])
def test_a_broadcast_comes_to_everybody_once(origin: int) -> None:
    han, bridges = diamond()
    everybody = [han.hub, *bridges.values()]
    everybody[origin].send(BROADCAST_RX_ON, b"all")
    han.run(5 * SECOND)
    for device in everybody:
        expected = [] if device is everybody[origin] else [b"all"]
        assert [message.payload for message in device.messages if message.broadcast] == expected


def test_the_outcome_of_a_broadcast_comes_once() -> None:
    han, bridge = pair()
    bridge.port.stop(han.now)
    handle = han.hub.send(BROADCAST_RX_ON, b"all", acknowledge=True)
    before = len(han.frames)
    han.run(5 * SECOND)
    assert [outcome for number, outcome in han.hub.outcomes if number == handle] == [Outcome.DELIVERED]
    assert len([frame for frame in han.frames[before:] if frame[1][9:11] == b"\x08\x02"]) == 1 + MAX_REPEATS


def test_a_broadcast_is_repeated_only_while_a_neighbour_was_not_heard_relaying_it() -> None:
    han, _ = pair()
    before = len(han.frames)
    han.hub.send(BROADCAST_RX_ON, b"all")
    han.run(5 * SECOND)
    sent = [opened(psdu) for _, psdu, *_ in han.frames[before:]]
    assert len([plain for plain in sent if plain is not None and plain[0].type is nwk.NwkFrameType.DATA]) == 2


@pytest.mark.parametrize(
    "destination, heard", [(BROADCAST_ALL, True), (BROADCAST_RX_ON, False), (BROADCAST_ROUTERS, False)]
)
def test_only_broadcasts_to_all_wait_for_sleeping_children(destination: int, heard: bool) -> None:
    han, bridges = line(2, last=NodeType.SLEEPY)
    han.hub.send(destination, b"all")
    han.run(5 * SECOND)
    assert bridges[0].payloads() == [b"all"]
    assert bridges[1].payloads() == ([b"all"] if heard else [])


def test_a_broadcast_of_a_sleepy_device_comes_to_everybody_and_not_back() -> None:
    han, bridges = line(2, last=NodeType.SLEEPY)
    bridges[1].send(BROADCAST_ALL, b"all")
    han.run(5 * SECOND)
    assert han.hub.payloads() == bridges[0].payloads() == [b"all"]
    assert bridges[1].payloads() == []


# --- link status -----


def test_routers_tell_their_neighbours_of_their_links_every_fifteen_seconds_or_so() -> None:
    han, bridge = pair()
    before = len(commands(han, LinkStatus))
    han.run(150 * SECOND)
    sent = commands(han, LinkStatus)[before:]
    for short in (0, bridge.short):
        own = [header for header in sent if header.source == short]
        assert 9 <= len(own) <= 11
        assert all(header.radius == 1 for header in own)


def test_a_sleepy_device_sends_no_link_status() -> None:
    han, _bridge = pair(node_type=NodeType.SLEEPY)
    han.run(60 * SECOND)
    assert {header.source for header in commands(han, LinkStatus)} == {0}


# --- what is refused -----


def give(bridge: Device, frame: RxFrame) -> None:
    bridge.port.received(frame, bridge.engine.now)


def state_of(bridge: Device) -> tuple[object, ...]:
    memory = bridge.memory
    keys = {partner: (key.key, key.incoming) for partner, key in memory.link_keys.items()}
    membership = memory.membership
    assert membership is not None
    return dict(memory.nwk_incoming), keys, membership.network_key, membership.short, dict(memory.children)


def refusal(bridge: Device, frame: RxFrame) -> str | None:
    """The reason for which a frame is dropped, when nothing else comes of it."""
    before, messages, reports = state_of(bridge), len(bridge.messages), len(bridge.reasons("nwk.dropped"))
    give(bridge, frame)
    bridge.engine.run_for(SECOND)
    assert len(bridge.messages) == messages
    after = state_of(bridge)
    assert after == before
    dropped = bridge.reasons("nwk.dropped")[reports:]
    assert len(dropped) == 1
    return dropped[0]


@pytest.fixture
def joined() -> tuple[Han, Device]:
    han, bridge = pair()
    han.topology.set(HUB, address(1), None)
    return han, bridge


def test_a_genuine_frame_is_taken_and_its_repetition_is_not(joined: tuple[Han, Device]) -> None:
    _, bridge = joined
    frame = forged(5_000, destination=bridge.short)
    give(bridge, frame)
    assert bridge.memory.nwk_incoming[HUB] == 5_000
    assert refusal(bridge, frame) == "frame-counter-replayed"
    assert refusal(bridge, forged(4_999, destination=bridge.short)) == "frame-counter-replayed"


def test_a_frame_with_a_bad_mic_is_dropped_and_its_counter_not_taken(joined: tuple[Han, Device]) -> None:
    _, bridge = joined
    assert refusal(bridge, forged(5_000, destination=bridge.short, key=bytes(16))) == "bad-mic"


def test_an_unknown_key_sequence_is_dropped(joined: tuple[Han, Device]) -> None:
    _, bridge = joined
    assert refusal(bridge, forged(5_000, destination=bridge.short, key_sequence=1)) == "unknown-key"


def test_the_last_counter_is_never_accepted(joined: tuple[Han, Device]) -> None:
    _, bridge = joined
    assert refusal(bridge, forged(EXHAUSTED, destination=bridge.short)) == "frame-counter-exhausted"
    give(bridge, forged(EXHAUSTED - 1, destination=bridge.short))
    assert bridge.memory.nwk_incoming[HUB] == EXHAUSTED - 1


@pytest.mark.parametrize("destination", [None, BROADCAST_ALL])
@pytest.mark.parametrize("kind", list(nwk.NwkFrameType))
def test_an_unsecured_frame_is_dropped(
    joined: tuple[Han, Device], kind: nwk.NwkFrameType, destination: int | None
) -> None:
    _, bridge = joined
    to = bridge.short if destination is None else destination
    payload = encode_command(Leave(request=True)) if kind is nwk.NwkFrameType.COMMAND else bytes(9)
    octets = nwk.encode(nwk.NwkFrame(kind, to, 0, 5, 7, payload))
    psdu = mac.encode(mac.MacFrame(mac.FrameType.DATA, 9, PAN, bridge.short, PAN, 0, octets))
    assert refusal(bridge, RxFrame(psdu, -50, 200)) == "unsecured"


def test_a_frame_for_another_device_is_dropped_by_a_sleepy_one() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY)
    before = len(han.frames)
    give(bridge, forged(5_000, destination=MISSING))
    assert bridge.reasons("nwk.dropped") == ["not-for-us"]
    assert len(han.frames) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x08\x02\x01",
        b"\x08\x02" + bytes(6),
        b"\x08\x02" + bytes(20),
        b"\xff\xff" + bytes(30),
        b"\x08\x02" + bytes(6) + b"\x20" + bytes(20),
    ],
)
def test_octets_that_are_no_nwk_frame_are_undecodable(joined: tuple[Han, Device], body: bytes) -> None:
    _, bridge = joined
    psdu = mac.encode(mac.MacFrame(mac.FrameType.DATA, 9, PAN, bridge.short, PAN, 0, body))
    assert refusal(bridge, RxFrame(psdu, -50, 200)) == "undecodable"


def test_a_device_that_waits_for_the_key_takes_no_data_and_no_command_in_the_clear() -> None:
    han = Han()
    han.connect(HUB, address(1))
    bridge = han.bridge(1)
    han.form()
    han.join_only(bridge)
    short = han.hub.port.short_of(address(1))
    assert short is not None
    for kind, payload in (
        (nwk.NwkFrameType.COMMAND, encode_command(Leave(request=True))),
        (nwk.NwkFrameType.DATA, bytes.fromhex("0000340000000001") + bytes(8) + b"\0"),
    ):
        for destination in (short, BROADCAST_ALL):
            octets = nwk.encode(nwk.NwkFrame(kind, destination, 0, 5, 7, payload))
            psdu = mac.encode(mac.MacFrame(mac.FrameType.DATA, 9, PAN, short, PAN, 0, octets))
            give(bridge, RxFrame(psdu, -50, 200))
    assert bridge.reasons("nwk.dropped")[-3:] + bridge.reasons("aps.dropped") == ["unsecured"] * 4
    assert bridge.events == []
    han.run(SECOND)
    assert bridge.messages == []


# --- restarts -----


def test_counters_go_on_over_a_restart_and_none_is_used_twice() -> None:
    han, bridge = pair()
    for _ in range(3):
        bridge.send(0, b"x", acknowledge=True, link_key=True)
        han.run()
        bridge.port.stop(han.now)
        han.run()
        bridge.port.resume(han.now)
        han.run(2 * SECOND)
    counters: list[int] = []
    for _, psdu, *_ in han.frames:
        frame = mac.decode(psdu)
        if frame.type is mac.FrameType.DATA:
            header, octets = nwk.decode_header(frame.payload)
            if header.security:
                auxiliary = security.parse_auxiliary(frame.payload, octets)
                if auxiliary.source == address(1):
                    counters.append(auxiliary.counter)
    assert counters == sorted(set(counters))
    assert counters[-1] > 3 * 1024
    assert han.hub.payloads() == [b"x"] * 3


def test_a_restart_is_a_network_up_with_the_same_address() -> None:
    han, bridge = pair()
    first = bridge.events[-1]
    bridge.port.stop(han.now)
    bridge.port.resume(han.now)
    assert bridge.events[-1] is first
    han.run()
    assert bridge.events == [first, first]
    assert isinstance(first, NetworkUp)


@pytest.mark.parametrize("who", ["hub", "bridge"])
def test_frames_replayed_over_a_restart_are_dropped(who: str) -> None:
    han, bridge = pair()
    device = han.hub if who == "hub" else bridge
    sender = bridge if who == "hub" else han.hub
    before = len(han.frames)
    sender.send(device.short, b"once")
    han.run()
    recorded = next(psdu for _, psdu, *_ in han.frames[before:] if mac.decode(psdu).type is mac.FrameType.DATA)
    device.port.stop(han.now)
    device.port.resume(han.now)
    han.run(30 * SECOND)
    assert refusal(device, RxFrame(recorded, -50, 200)) == "frame-counter-replayed"
    assert device.payloads() == [b"once"]


def test_a_hub_that_restarts_is_not_taken_for_one_that_repeats_itself() -> None:
    han, bridge = pair()
    for number in range(30):
        han.hub.send(bridge.short, bytes([number]))
        han.run(100_000)
    for number in range(30, 60):
        han.hub.port.stop(han.now)
        han.hub.port.resume(han.now)
        han.run(10_000)
        han.hub.send(bridge.short, bytes([number]))
        han.run(100_000)
    assert bridge.payloads() == [bytes([number]) for number in range(60)]


def test_when_all_counters_are_used_nothing_is_sent_and_the_outcome_says_so() -> None:
    han, bridge = pair()
    bridge.memory.nwk_outgoing = OutgoingCounter(EXHAUSTED)
    before = len(han.frames)
    plain = bridge.send(0)
    acknowledged = bridge.send(0, acknowledge=True)
    assert bridge.outcomes == []
    han.run(10 * SECOND)
    assert bridge.outcome(plain) is Outcome.NEXT_HOP_FAILED
    assert bridge.outcome(acknowledged) in (Outcome.NEXT_HOP_FAILED, Outcome.NO_APS_ACK)
    assert "frame-counter-exhausted" in bridge.reasons("nwk.dropped")
    assert all(mac.decode(psdu).source != bridge.short for _, psdu, *_ in han.frames[before:])
