"""`mem:aps`: airtime, loss, hops, keys, fragments."""

from __future__ import annotations

from itertools import pairwise

import pytest

from emulator.core.clock import HOUR, MILLISECOND, SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    ApsMessage,
    NetworkSettings,
    NodeType,
    Outcome,
)
from emulator.transports.memory.topology import Link
from tests.transports.aps_world import HUB, World, bridge_address, key_of, line, pair, ping_pong

# Airtime


@pytest.mark.parametrize(
    "data, acknowledge, link_key, seconds",
    [(64, False, False, 140), (64, True, False, 242), (50, False, False, 172), (50, True, False, 303),
     (56, True, True, 289), (40, True, True, 394)],
)  # fmt: skip
def test_an_update_takes_what_the_physical_limits_say(
    data: int, acknowledge: bool, link_key: bool, seconds: int
) -> None:
    # The published 434 s for 40 octets are with both IEEE addresses in the NWK header; 16 octets less make 394 s.
    world, bridge = pair()
    blocks = -(-768_000 // data)
    part = blocks // 10
    took = ping_pong(world, bridge, part, data, acknowledge=acknowledge, link_key=link_key)
    assert took / SECOND * blocks / part == pytest.approx(seconds, rel=0.02)


def test_every_further_hop_multiplies_the_time() -> None:
    times = []
    for hops in (1, 2, 3):
        world, bridges = line(hops)
        times.append(ping_pong(world, bridges[-1], 300, 50, acknowledge=True, link_key=True))
    assert times[1] == pytest.approx(2 * times[0], rel=0.05)
    assert times[2] == pytest.approx(3 * times[0], rel=0.05)


def test_what_is_sent_at_once_goes_out_one_after_the_other() -> None:
    world, bridge = pair()
    for _ in range(10):
        world.send(world.hub, bridge, bytes(60))
    world.engine.run_for(SECOND)
    moments = [now for now, _ in bridge.messages]
    assert len(moments) == 10
    assert min(later - earlier for earlier, later in pairwise(moments)) > 5 * MILLISECOND


def test_networks_that_hear_each_other_on_one_channel_share_it() -> None:
    def busy(connected: bool) -> int:
        world, bridge = pair()
        other = world.device(bridge_address(50), NodeType.COORDINATOR)
        if connected:
            world.topology.connect(HUB, bridge_address(50))
        other.port.form(NetworkSettings(15, 0x2222, Eui64(0x2222), bytes(16)), world.engine.now)
        world.engine.run_for(SECOND)
        other.port.send(ApsMessage(0xFFFF, 1, 1, 0x0109, 0, bytes(80)), world.engine.now)
        world.send(world.hub, bridge)
        begin = world.engine.now
        world.engine.run_for(SECOND)
        return world.hub.outcomes[-1][0] - begin

    assert busy(connected=True) > busy(connected=False) + 4 * MILLISECOND


def test_airtime_is_booked_for_both_ends() -> None:
    world, bridge = pair()
    world.forget_airtime()
    world.send(world.hub, bridge, bytes(81), acknowledge=True)
    world.engine.run_for(SECOND)
    assert world.airtime[HUB] == ((6 + 126) * 32 + 352, 2)
    assert world.airtime[bridge_address(1)] == ((6 + 45) * 32 + 352, 2)


def test_a_loss_that_never_happens_changes_nothing() -> None:
    plain, bridge = pair()
    plain.forget_airtime()
    plain.send(plain.hub, bridge, bytes(50), acknowledge=True, link_key=True)
    plain.engine.run_for(SECOND)
    careful, bridge = pair(loss=1e-12)
    careful.forget_airtime()
    careful.send(careful.hub, bridge, bytes(50), acknowledge=True, link_key=True)
    careful.engine.run_for(SECOND)
    assert plain.airtime == careful.airtime
    assert plain.hub.inside.exchanged == careful.hub.inside.exchanged
    certain = ping_pong(*pair(), 500, 50, acknowledge=True, link_key=True)
    careful_time = ping_pong(*pair(loss=1e-12), 500, 50, acknowledge=True, link_key=True)
    assert careful_time == pytest.approx(certain, rel=0.02)


# Delivery


def test_a_message_arrives_with_all_that_it_carries() -> None:
    world, bridge = pair()
    handle = world.send(world.hub, bridge, b"hello", link_key=True)
    world.engine.run_for(SECOND)
    ((_, message),) = bridge.messages
    assert (message.source, message.source_eui64, message.payload) == (0, HUB, b"hello")
    assert (message.source_endpoint, message.destination_endpoint) == (1, 1)
    assert (message.profile, message.cluster) == (0x0109, 0x0019)
    assert (message.link_key, message.broadcast, message.rssi) == (True, False, -50)
    assert world.hub.outcomes[0][1:] == (handle, Outcome.DELIVERED)


def test_the_receiver_hears_before_the_sender_is_told() -> None:
    world, bridge = pair()
    order: list[str] = []
    bridge.on_message = lambda _, __: order.append("received")
    world.hub.on_sent = lambda _: order.append("sent")
    world.send(world.hub, bridge)
    world.engine.run_for(SECOND)
    assert order == ["received", "sent"]


def test_nothing_is_told_inside_the_call() -> None:
    world, bridge = pair()
    world.send(world.hub, bridge)
    world.hub.port.send(ApsMessage(bridge.short, 1, 1, 0x0109, 0, bytes(2_000)), world.engine.now)
    assert (bridge.messages, world.hub.outcomes) == ([], [])


def test_one_message_takes_one_event() -> None:
    world, bridge = pair()
    before = world.engine.events
    for _ in range(50):
        world.send(world.hub, bridge, acknowledge=True, link_key=True)
    world.engine.run_for(2 * SECOND)
    assert world.engine.events - before == len(bridge.messages) == 50


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_loss_costs_retries_but_nothing_is_lost_or_doubled(loss: float) -> None:
    world, bridge = pair(loss)
    payloads = [number.to_bytes(2, "big") for number in range(500)]
    waiting = payloads[::-1]

    def following(now: int) -> None:
        if waiting:
            world.hub.port.send(ApsMessage(bridge.short, 1, 1, 0x0109, 0, waiting.pop(), acknowledge=True), now)

    world.hub.on_sent = following
    following(world.engine.now)
    world.engine.run_slice()
    assert [outcome for *_, outcome in world.hub.outcomes] == [Outcome.DELIVERED] * 500
    assert bridge.payloads() == payloads
    assert ("aps.retry", "no-ack") in {report[1:] for report in world.hub.reports}


def test_without_acknowledgements_what_is_lost_is_said_to_be() -> None:
    world, bridge = pair(loss=0.5)
    for _ in range(300):
        world.send(world.hub, bridge)
    world.engine.run_slice()
    failed = sum(outcome is Outcome.NEXT_HOP_FAILED for *_, outcome in world.hub.outcomes)
    assert len(world.hub.outcomes) == 300
    assert 300 * 0.2 < failed < 300 * 0.45  # (1 - 0.25) ** 4 = 0.32
    assert 300 - failed <= len(bridge.messages) < 300


def test_a_dead_link_ends_in_a_reason_after_every_retry() -> None:
    world, bridge = pair(loss=1.0)
    begin = world.engine.now
    world.send(world.hub, bridge, acknowledge=True)
    world.engine.run_slice()
    ((when, _, outcome),) = world.hub.outcomes
    assert outcome is Outcome.NEXT_HOP_FAILED
    assert 4 * 1_600 * MILLISECOND <= when - begin < 4 * 1_700 * MILLISECOND
    retries = [report for report in world.hub.reports if report[1:] == ("aps.retry", "next-hop-failed")]
    assert len(retries) == 3
    assert world.hub.reports[-1][1:] == ("aps.dropped", "next-hop-failed")


def test_a_lost_way_beyond_the_first_hop_is_a_missing_acknowledgement() -> None:
    world, bridges = line(2)
    world.topology.connect(bridge_address(1), bridge_address(2), Link(loss=1.0))
    world.send(world.hub, bridges[1], acknowledge=True)
    world.send(world.hub, bridges[1])
    world.engine.run_slice()
    assert sorted(outcome.value for *_, outcome in world.hub.outcomes) == ["delivered", "no-aps-ack"]
    assert bridges[1].messages == []


def test_no_way_at_all_is_no_route() -> None:
    world, bridge = pair()
    world.topology.set(HUB, bridge_address(1), None)
    world.send(world.hub, bridge)
    world.hub.port.send(ApsMessage(0x4321, 1, 1, 0x0109, 0, b""), world.engine.now)
    world.engine.run_slice()
    assert [outcome for *_, outcome in world.hub.outcomes] == [Outcome.NO_ROUTE] * 2


def test_routers_take_another_way_when_one_is_gone() -> None:
    world = World()
    world.topology.chain([HUB, bridge_address(1), bridge_address(3)])
    world.topology.chain([HUB, bridge_address(2), bridge_address(3)])
    first, second, last = (world.bridge(number) for number in (1, 2, 3))
    world.open(1, 2, 3)
    world.join(first, second)
    world.hub.port.permit_joining(world.engine.now + HOUR, world.engine.now)
    world.engine.run_for(SECOND)
    world.join(last)
    first.port.stop(world.engine.now)
    world.send(world.hub, last, acknowledge=True)
    world.engine.run_for(SECOND)
    assert world.hub.last_outcome is Outcome.DELIVERED


def test_a_radius_ends_the_way() -> None:
    world, bridges = line(2)
    message = ApsMessage(bridges[1].short, 1, 1, 0x0109, 0, b"", radius=1)
    world.hub.port.send(message, world.engine.now)
    world.engine.run_slice()
    assert bridges[1].messages == []


def test_a_message_to_oneself_takes_no_air() -> None:
    world, bridge = pair()
    world.send(bridge, bridge, b"me", acknowledge=True)
    world.engine.run_for(1)
    assert (bridge.payloads(), bridge.last_outcome) == ([b"me"], Outcome.DELIVERED)


def test_who_is_in_no_network_cannot_send() -> None:
    world = World()
    bridge = world.bridge(1)
    bridge.port.send(ApsMessage(0, 1, 1, 0x0109, 0, b""), 0)
    world.engine.run_for(1)
    assert bridge.last_outcome is Outcome.NOT_JOINED


# Keys


def test_without_a_link_key_for_the_partner_nothing_is_sent() -> None:
    world, bridges = line(2)
    world.send(bridges[0], bridges[1], link_key=True)
    world.engine.run_for(SECOND)
    assert bridges[0].last_outcome is Outcome.NO_KEY
    assert bridges[1].messages == []


@pytest.mark.parametrize("acknowledge", [True, False])
def test_a_message_under_another_key_is_not_delivered(acknowledge: bool) -> None:
    world, bridge = pair()
    bridge.inside.link_keys.take(HUB, key_of(9))
    bridge.inside.key_changed()
    world.send(world.hub, bridge, acknowledge=acknowledge, link_key=True)
    world.engine.run_slice()
    assert bridge.messages == []
    assert bridge.reports[0][1:] == ("aps.dropped", "bad-mic")
    assert world.hub.last_outcome is (Outcome.NO_APS_ACK if acknowledge else Outcome.DELIVERED)


# Fragments


@pytest.mark.parametrize("loss", [0.0, 0.2])
@pytest.mark.parametrize("link_key", [False, True])
def test_a_message_of_1500_octets_arrives_whole(loss: float, link_key: bool) -> None:
    world, bridge = pair(loss)
    payload = bytes(number % 251 for number in range(1_500))
    for _ in range(10):
        world.send(world.hub, bridge, payload, acknowledge=True, link_key=link_key)
        world.engine.run_for(60 * SECOND)
    assert bridge.payloads() == [payload] * 10
    assert world.hub.last_outcome is Outcome.DELIVERED


def test_fragments_and_their_acknowledgements_are_counted() -> None:
    world, bridge = pair()
    world.forget_airtime()
    world.send(world.hub, bridge, bytes(1_500), acknowledge=True)
    world.engine.run_for(SECOND)
    blocks, windows = 19, 7
    assert world.airtime[HUB][1] == blocks + windows
    assert world.airtime[bridge_address(1)][1] == blocks + windows


@pytest.mark.parametrize("octets, link_key", [(82, False), (73, True)])
def test_the_largest_unfragmented_message_is_the_frames_room(octets: int, link_key: bool) -> None:
    world, bridge = pair()
    world.send(world.hub, bridge, bytes(octets), link_key=link_key)
    world.send(world.hub, bridge, bytes(octets + 1), link_key=link_key)
    world.engine.run_for(SECOND)
    assert sorted(outcome.value for *_, outcome in world.hub.outcomes) == ["delivered", "too-long"]


def test_more_blocks_than_a_receiver_takes_are_too_long() -> None:
    world, bridge = pair()
    world.send(world.hub, bridge, bytes(64 * 80 + 1), acknowledge=True)
    world.engine.run_for(SECOND)
    assert world.hub.last_outcome is Outcome.TOO_LONG
