"""Joining: the table, and whole joins over the air with every way to fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

import pytest

from emulator.core.clock import MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.core.timers import Alarm
from emulator.ports.aps import (
    DeviceJoined,
    DeviceLeft,
    JoinRefused,
    JoinSettings,
    NetworkDown,
    NetworkUp,
    NodeType,
    Outcome,
)
from emulator.ports.phy import TxResult
from emulator.zigbee.frames.beacon import Beacon, encode_beacon
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import AssociationResponse, AssociationStatus, encode_command
from emulator.zigbee.node.association import MAX_CHILDREN
from emulator.zigbee.node.joining import ROUNDS, TRANSITIONS, Candidate, Input, Joiner, State
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child
from emulator.zigbee.node.trust_centre import ANNOUNCE_WAIT
from tests.zigbee.node.han import HUB, JOIN_TIME, NETWORK, Device, Han, address, key_of, line, pair
from tests.zigbee.node.test_mac import Chip

PARENT = 0x0000
PAN = 0x1A62


class Walk:
    """A joiner on a radio that does what the test says, brought into any state by the inputs that lead there."""

    def __init__(self) -> None:
        self.chip = Chip()
        self.told: list[str] = []
        self.now = 0
        alarm = Alarm()
        mac = MacLayer(self.chip, Eui64(0x11), self, random.Random(1), self._report, alarm)
        mac.start(0)
        self.mac = mac
        self.joiner = Joiner(mac, NodeType.ROUTER, True, self, random.Random(2), self._report, alarm)
        self.settings = JoinSettings(channels=(15,))

    def _report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None: ...

    def mac_data(self, source: int, payload: bytes, rssi: int, lqi: int, now: int) -> None: ...

    def mac_received(self, frame: MacFrame, lqi: int, now: int) -> None: ...

    def mac_sent(self, context: object, result: TxResult, now: int) -> None:
        self.joiner.request_done(context, result, now)

    def mac_expired(self, context: object, now: int) -> None: ...

    def mac_polled(self, child: int, now: int) -> None: ...

    def mac_payload(self, context: object, now: int) -> bytes | None: ...

    def associated(self, parent: Candidate, short: int, now: int) -> None:
        self.told.append(f"associated {short:04x}")

    def dissociated(self) -> None:
        self.told.append("dissociated")

    def join_failed(self, reason: str, now: int) -> None:
        self.told.append(f"failed {reason}")

    def beacon(self, short: int = PARENT, lqi: int = 200, depth: int = 0, **fields: object) -> None:
        content = Beacon(
            association_permit=bool(fields.get("permit", True)),
            pan_coordinator=short == 0,
            router_capacity=bool(fields.get("room", True)),
            end_device_capacity=bool(fields.get("room", True)),
            depth=depth,
            extended_pan_id=Eui64(0xABCD),
        )
        frame = MacFrame(FrameType.BEACON, 1, None, None, PAN, short, encode_beacon(content))
        self.joiner.beacon(frame, lqi, self.now)

    def sent(self, result: TxResult) -> None:
        """The radio is done with all frames given to it so far, each at its last attempt."""
        for _ in range(1 if result is TxResult.ACKED else 4):
            self.mac.transmitted(result, False, self.now)

    def time(self) -> None:
        self.sent(TxResult.ACKED)
        at = self.joiner.timers.next_timeout()
        if at is not None:
            self.now = at
            self.joiner.on_timeout(at)

    def answer(self, status: AssociationStatus, short: int = 0x1234) -> None:
        if self.joiner.state is State.COLLECTING:
            self.sent(TxResult.ACKED)
        payload = encode_command(AssociationResponse(short, status))
        frame = MacFrame(FrameType.COMMAND, 1, PAN, 0x11, PAN, 0x22, payload, True, False, True, True)
        self.joiner.command(frame, self.now)

    def feed(self, event: Input) -> None:
        joiner = self.joiner
        actions: dict[Input, Callable[[], None]] = {
            Input.START: lambda: joiner.start(self.settings, self.now),
            Input.TIMEOUT: self.time,
            Input.REQUEST_SENT: lambda: self.sent(TxResult.ACKED),
            Input.REQUEST_FAILED: lambda: self.sent(TxResult.NO_ACK),
            Input.ACCEPTED: lambda: self.answer(AssociationStatus.SUCCESS),
            Input.REFUSED: lambda: self.answer(AssociationStatus.PAN_ACCESS_DENIED, 0xFFFF),
            Input.KEY: lambda: joiner.key_received(self.now),
            Input.BAD_KEY: lambda: joiner.key_unreadable(self.now),
        }
        actions[event]()


def at(state: State) -> Walk:
    """A walk that has come to `state`, with one more parent to try and rounds left."""
    walk = Walk()
    if state is State.IDLE:
        return walk
    walk.feed(Input.START)
    walk.sent(TxResult.ACKED)
    if state is State.PAUSING:
        walk.time()
    elif state is not State.SCANNING:
        walk.beacon(0x0000, 250)
        walk.beacon(0x0001, 100)
        walk.time()
        path = {State.ASSOCIATING: 0, State.COLLECTING: 2, State.AWAITING_KEY: 3}[state]
        for event in (Input.REQUEST_SENT, Input.TIMEOUT, Input.ACCEPTED)[:path]:
            walk.feed(event)
    assert walk.joiner.state is state
    return walk


AFTER = {
    (State.IDLE, Input.START): State.SCANNING,
    (State.PAUSING, Input.TIMEOUT): State.SCANNING,
    (State.SCANNING, Input.TIMEOUT): State.PAUSING,
    (State.ASSOCIATING, Input.REQUEST_SENT): State.ASSOCIATING,
    (State.ASSOCIATING, Input.REQUEST_FAILED): State.ASSOCIATING,
    (State.ASSOCIATING, Input.TIMEOUT): State.COLLECTING,
    (State.COLLECTING, Input.ACCEPTED): State.AWAITING_KEY,
    (State.COLLECTING, Input.REFUSED): State.ASSOCIATING,
    (State.COLLECTING, Input.TIMEOUT): State.ASSOCIATING,
    (State.COLLECTING, Input.REQUEST_FAILED): State.ASSOCIATING,
    (State.AWAITING_KEY, Input.TIMEOUT): State.ASSOCIATING,
    (State.AWAITING_KEY, Input.BAD_KEY): State.ASSOCIATING,
    (State.AWAITING_KEY, Input.KEY): State.IDLE,
}


def test_the_table_of_this_test_is_that_of_the_joiner() -> None:
    assert set(AFTER) == set(TRANSITIONS)


@pytest.mark.parametrize("row", AFTER, ids=lambda row: f"{row[0].value}-{row[1].value}")
def test_every_row_of_the_table_leads_where_it_should(row: tuple[State, Input]) -> None:
    walk = at(row[0])
    if row == (State.ASSOCIATING, Input.TIMEOUT):
        walk.feed(Input.REQUEST_SENT)
    before = len(walk.chip.sent)
    walk.feed(row[1])
    assert walk.joiner.state is AFTER[row]
    asks = AFTER[row] in (State.SCANNING, State.COLLECTING) or (
        AFTER[row] is State.ASSOCIATING and row[1] is not Input.REQUEST_SENT
    )
    assert (len(walk.chip.sent) > before) is asks


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in product(State, Input)
        # START is only given once, and no time runs out in a state without a deadline.
        if row not in TRANSITIONS and row[1] not in (Input.START, Input.TIMEOUT)
    ],
    ids=lambda row: f"{row[0].value}-{row[1].value}",
)
def test_what_is_not_in_the_table_changes_nothing(row: tuple[State, Input]) -> None:
    walk = at(row[0])
    told, sent, deadline = list(walk.told), len(walk.chip.sent), walk.joiner.timers.next_timeout()
    if row[1] not in (Input.REQUEST_SENT, Input.REQUEST_FAILED):
        walk.feed(row[1])
    else:
        walk.joiner.request_done(None, TxResult.ACKED if row[1] is Input.REQUEST_SENT else TxResult.NO_ACK, walk.now)
    assert walk.joiner.state is row[0]
    assert (walk.told, len(walk.chip.sent), walk.joiner.timers.next_timeout()) == (told, sent, deadline)


@pytest.mark.parametrize("short", [0x0000, 0xFFF8, 0xFFFD, 0xFFFE, 0xFFFF])
def test_an_address_that_no_device_can_have_is_a_refusal(short: int) -> None:
    walk = at(State.COLLECTING)
    walk.answer(AssociationStatus.SUCCESS, short)
    assert walk.joiner.state is State.ASSOCIATING
    assert walk.told == []


@pytest.mark.parametrize("short", [0xFFF8, 0xFFFE, 0xFFFF])
def test_a_beacon_from_an_address_that_no_parent_can_have_is_dropped(short: int) -> None:
    walk = at(State.SCANNING)
    walk.beacon(short)
    walk.time()
    assert walk.joiner.state is State.PAUSING


def test_late_news_of_an_earlier_parent_is_nothing() -> None:
    walk = at(State.ASSOCIATING)
    first = Candidate(15, PAN, 0, Beacon(True, True, True, True, 0, Eui64(0xABCD)), 200)
    walk.joiner.request_done(first, TxResult.NO_ACK, walk.now)
    assert walk.joiner.state is State.ASSOCIATING
    assert len(walk.chip.sent) == 2


def test_good_links_come_before_short_ways_and_short_ways_before_better_signals() -> None:
    walk = Walk()
    walk.feed(Input.START)
    walk.sent(TxResult.ACKED)
    for short, lqi, depth in ((1, 120, 0), (2, 255, 3), (3, 210, 1), (4, 220, 1)):
        walk.beacon(short, lqi, depth)
    order: list[int] = []
    walk.time()
    for _ in range(4):
        frame = walk.chip.sent[-1]
        order.append(frame[5] | frame[6] << 8)
        walk.sent(TxResult.NO_ACK)
    assert order == [4, 3, 2, 1]


# --- whole joins -----


def world(*numbers: int, loss: float = 0.0, seed: int = 1) -> tuple[Han, list[Device]]:
    han = Han(seed)
    bridges = []
    for number in numbers:
        han.connect(HUB, address(number), loss=loss)
        bridges.append(han.bridge(number))
    return han, bridges


def start(device: Device, *channels: int, extended_pan_id: Eui64 | None = None) -> None:
    settings = JoinSettings(channels or (15,), extended_pan_id)
    device.port.join(settings, device.engine.now)


def test_a_bridge_joins_with_its_install_code() -> None:
    han, (bridge,) = world(1)
    han.form(1)
    start(bridge, *range(11, 27))
    han.run(JOIN_TIME)
    up = bridge.events[-1]
    assert isinstance(up, NetworkUp)
    assert (up.pan_id, up.extended_pan_id, up.channel, up.parent, up.trust_centre) == (
        NETWORK.pan_id, NETWORK.extended_pan_id, 15, 0, HUB,
    )  # fmt: skip
    assert 0 < up.short < 0xFFF8
    assert han.hub.of(DeviceJoined) == [DeviceJoined(address(1), up.short, 0, False)]
    assert bridge.memory.membership is not None
    assert bridge.memory.membership.network_key == NETWORK.network_key
    assert bridge.memory.link_keys[HUB].key == han.hub.memory.link_keys[address(1)].key == key_of(1)
    assert han.hub.port.short_of(address(1)) == up.short
    assert han.hub.port.eui64_of(up.short) == address(1)
    assert bridge.port.eui64_of(0) == HUB


def test_a_wrong_install_code_is_refused_at_once() -> None:
    han, _ = world(1)
    wrong = han.device(address(2), key=key_of(9))
    han.connect(HUB, address(2))
    han.form(2)
    start(wrong)
    han.run(4 * SECOND)
    assert wrong.down == "key-refused"
    han.run(ANNOUNCE_WAIT)
    assert han.hub.of(JoinRefused) == [JoinRefused(address(2), "no-announcement")]
    assert wrong.memory.membership is None


def test_a_device_that_the_trust_centre_does_not_know_gets_no_key() -> None:
    han, (bridge,) = world(1)
    han.form()
    start(bridge)
    han.run(MINUTE)
    assert bridge.down == "no-key"
    refusals = han.hub.of(JoinRefused)
    assert refusals == [JoinRefused(address(1), "unknown-device")] * ROUNDS
    assert han.hub.memory.children == {}


def test_where_joining_is_not_permitted_nobody_joins() -> None:
    han, (bridge,) = world(1)
    han.hub.port.form(NETWORK, 0)
    han.hub.port.allow(address(1), key_of(1))
    start(bridge)
    han.run(MINUTE)
    assert bridge.down == "joining-not-permitted"
    assert han.hub.events == [NetworkUp(0, NETWORK.pan_id, NETWORK.extended_pan_id, 15, 0, HUB)]


def test_permission_ends_when_it_should() -> None:
    han, bridges = world(1, 2)
    han.hub.port.form(NETWORK, 0)
    for number in (1, 2):
        han.hub.port.allow(address(number), key_of(number))
    han.hub.port.permit_joining(MINUTE, 0)
    start(bridges[0])
    han.run(MINUTE)
    start(bridges[1])
    han.run(MINUTE)
    assert bridges[0].up
    assert bridges[1].down == "joining-not-permitted"


def test_an_association_that_comes_after_permission_ended_is_refused() -> None:
    han, (bridge,) = world(1)
    han.hub.port.form(NETWORK, 0)
    han.hub.port.allow(address(1), key_of(1))
    han.hub.port.permit_joining(100_000, 0)
    start(bridge)
    han.run(3 * SECOND)
    assert han.hub.reasons("join.refused") == ["joining-not-permitted"]
    han.run(MINUTE)
    assert not bridge.up


def test_with_nobody_there_the_reason_is_no_beacon() -> None:
    han = Han()
    bridge = han.bridge(1)
    start(bridge, 11, 15)
    han.run(MINUTE)
    assert bridge.events == [NetworkDown("no-beacon")]


def test_another_network_than_the_wanted_one_is_not_joined() -> None:
    han, (bridge,) = world(1)
    han.form(1)
    start(bridge, extended_pan_id=Eui64(0x9999))
    han.run(MINUTE)
    assert bridge.down == "no-beacon"


def fill(device: Device, number: int) -> None:
    for index in range(number):
        device.memory.children[0x5000 + index] = Child(Eui64(0x77_0000 + index), 0x5000 + index, False)


def test_a_full_parent_takes_nobody() -> None:
    han, (bridge,) = world(1)
    han.form(1)
    fill(han.hub, MAX_CHILDREN)
    start(bridge)
    han.run(MINUTE)
    assert bridge.down == "pan-full"


def test_a_parent_that_became_full_between_beacon_and_association_refuses() -> None:
    han, (bridge,) = world(1)
    han.form(1)
    start(bridge)
    han.run(120_000)
    fill(han.hub, MAX_CHILDREN)
    han.run(2 * SECOND)
    assert "pan-full" in han.hub.reasons("join.refused")
    han.run(MINUTE)
    assert bridge.down == "pan-full"


def test_a_child_comes_back_to_a_parent_that_is_otherwise_full() -> None:
    han, bridge = pair()
    short = bridge.short
    start(bridge)
    han.run(120_000)
    fill(han.hub, MAX_CHILDREN - 1)
    han.run(JOIN_TIME)
    assert bridge.up
    assert bridge.short == short


def test_the_best_parent_is_chosen_and_the_next_one_tried_where_it_does_not_answer() -> None:
    han = Han()
    han.connect(HUB, address(1))
    han.connect(HUB, address(2), rssi=-85)
    han.connect(address(1), address(2), rssi=-45)
    near, joiner = han.bridge(1), han.bridge(2)
    han.form(1, 2)
    han.join(near)
    han.join(joiner)
    assert joiner.events[-1] == NetworkUp(joiner.short, PAN, NETWORK.extended_pan_id, 15, near.short, HUB)
    joiner.port.leave(han.now)
    han.run()
    han.permit()
    start(joiner)
    han.run(139_000)
    near.port.stop(han.now)
    han.run(JOIN_TIME)
    assert joiner.up
    assert joiner.memory.membership is not None
    assert joiner.memory.membership.parent == 0


@pytest.mark.parametrize("hops", [2, 3, 4])
def test_a_bridge_joins_through_relays(hops: int) -> None:
    han, bridges = line(hops)
    last = bridges[-1]
    assert last.memory.membership is not None
    assert last.memory.membership.depth == hops
    joined = han.hub.of(DeviceJoined)
    assert joined[-1] == DeviceJoined(address(hops), last.short, bridges[-2].short, False)
    handle = last.send(0, b"up", acknowledge=True, link_key=True)
    back = han.hub.send(last.short, b"down", acknowledge=True, link_key=True)
    han.run(5 * SECOND)
    assert (last.outcome(handle), han.hub.outcome(back)) == (Outcome.DELIVERED, Outcome.DELIVERED)
    assert last.payloads() == [b"down"]
    assert han.hub.payloads() == [b"up"]


def test_a_device_that_associated_in_vain_before_gets_its_key_at_its_new_address() -> None:
    han, relay = pair()
    han.connect(address(1), address(2))
    han.hub.port.allow(address(2), key_of(2))
    relay.memory.children[0x1111] = Child(address(2), 0x1111, sleepy=False)
    joiner = han.bridge(2)
    han.join(joiner)
    assert [child.short for child in relay.memory.children.values()] == [joiner.short]


def test_an_unknown_device_behind_a_relay_is_let_go_by_the_relay() -> None:
    han, (relay,) = pair_with_unknown()
    assert relay.memory.children == {}
    assert "trust-centre-refused" in relay.reasons("join.refused")
    assert JoinRefused(address(2), "unknown-device") in han.hub.of(JoinRefused)


def pair_with_unknown() -> tuple[Han, list[Device]]:
    han, relay = pair()
    han.connect(address(1), address(2))
    stranger = han.bridge(2)
    han.permit()
    start(stranger)
    han.run(MINUTE)
    assert stranger.down == "no-key"
    return han, [relay]


@pytest.mark.parametrize("hops", [1, 2])
def test_a_sleepy_bridge_joins_and_is_reached(hops: int) -> None:
    han, bridges = line(hops, last=NodeType.SLEEPY)
    last = bridges[-1]
    joined = han.hub.of(DeviceJoined)[-1]
    assert isinstance(joined, DeviceJoined)
    assert joined.sleepy
    han.hub.send(last.short, b"hello", acknowledge=True)
    han.run(5 * SECOND)
    assert last.payloads() == [b"hello"]
    assert [outcome for _, outcome in han.hub.outcomes] == [Outcome.DELIVERED]


@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
@pytest.mark.parametrize("loss", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("seed", range(6))
def test_joining_under_loss_ends_in_a_network_or_a_reason(node_type: NodeType, loss: float, seed: int) -> None:
    han = Han(seed)
    han.connect(HUB, address(1), loss=loss)
    bridge = han.bridge(1, node_type)
    han.form(1)
    start(bridge)
    han.run(2 * MINUTE)
    assert bridge.events
    last = bridge.events[-1]
    reasons = {"no-beacon", "no-association-response", "no-key", "association-refused", "removed"}
    assert isinstance(last, NetworkUp) or (isinstance(last, NetworkDown) and last.reason in reasons)
    if isinstance(last, NetworkUp):
        assert bridge.memory.membership is not None
        assert any(isinstance(event, DeviceJoined) for event in han.hub.events)


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.2])
def test_most_joins_succeed(loss: float) -> None:
    successes = 0
    for seed in range(20):
        han, (bridge,) = world(1, loss=loss, seed=100 + seed)
        han.form(1)
        start(bridge)
        han.run(MINUTE)
        successes += bridge.up
    assert successes == 20 if loss < 0.1 else successes >= 17


def test_a_device_that_never_announces_itself_is_refused_after_a_while() -> None:
    han, (bridge,) = world(1)
    han.form(1)
    start(bridge)
    while not han.hub.memory.link_keys:
        han.run(10_000)
    bridge.port.stop(han.now)
    han.run(ANNOUNCE_WAIT - SECOND)
    assert han.hub.of(JoinRefused) == []
    han.run(2 * SECOND)
    assert han.hub.of(JoinRefused) == [JoinRefused(address(1), "no-announcement")]
    assert han.hub.memory.children == {}


def test_a_device_that_spoke_but_whose_announcement_was_lost_has_joined() -> None:
    han, (bridge,) = world(1)
    han.form(1)

    def deaf(event: object, now: int) -> None:
        han.topology.set(address(1), HUB, None)

    bridge.on_event = deaf
    start(bridge)
    han.run(8 * SECOND)
    assert bridge.up
    assert han.hub.of(DeviceJoined) == []
    han.connect(HUB, address(1))
    bridge.send(0, b"here", acknowledge=True)
    han.run(ANNOUNCE_WAIT)
    assert han.hub.of(DeviceJoined) == [DeviceJoined(address(1), bridge.short, 0, False)]


# --- leaving -----


@pytest.mark.parametrize("hops", [1, 2])
def test_a_bridge_that_leaves_says_so_and_forgets_everything(hops: int) -> None:
    han, bridges = line(hops)
    last = bridges[-1]
    last.port.leave(han.now)
    assert last.up
    han.run()
    assert last.down == "left"
    assert last.memory.membership is None
    assert han.hub.of(DeviceLeft) == [DeviceLeft(address(hops), "left")]
    assert han.hub.port.short_of(address(hops)) is None
    assert last.outcome(last.send(0)) is None
    han.run()
    assert last.outcomes[-1][1] is Outcome.NOT_JOINED


@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize("node_type", [NodeType.ROUTER, NodeType.SLEEPY])
def test_a_bridge_that_is_removed_goes_and_needs_to_be_allowed_again(hops: int, node_type: NodeType) -> None:
    han, bridges = line(hops, last=node_type)
    last = bridges[-1]
    han.hub.port.remove(address(hops), han.now)
    han.run(5 * SECOND)
    assert last.down == "removed"
    assert han.hub.of(DeviceLeft) == [DeviceLeft(address(hops), "removed")]
    assert address(hops) not in han.hub.memory.link_keys
    han.permit()
    start(last)
    han.run(MINUTE)
    assert last.down == "no-key"
    han.hub.port.allow(address(hops), key_of(hops))
    han.join(last)


def test_a_bridge_that_comes_back_under_the_same_key_uses_no_counter_twice() -> None:
    han, bridge = pair()
    bridge.send(0, b"x", acknowledge=True, link_key=True)
    han.run()
    used = bridge.memory.link_keys[HUB].outgoing.peek()
    assert used > 0
    bridge.port.leave(han.now)
    han.run()
    han.join(bridge)
    assert bridge.memory.link_keys[HUB].outgoing.peek() >= used


def test_routers_keep_permitting_for_as_long_as_the_hub_does() -> None:
    han, relay = pair()
    han.connect(address(1), address(2))
    late = han.bridge(2)
    han.hub.port.allow(address(2), key_of(2))
    han.hub.port.permit_joining(han.now + 15 * MINUTE, han.now)
    han.run(10 * MINUTE)
    start(late)
    han.run(JOIN_TIME)
    assert late.up
    assert relay.memory.children
