"""The APS layer over the air: acknowledgements, retries, duplicates, link keys, fragments."""

from __future__ import annotations

import pytest

from emulator.core.aes import CcmStar
from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import BROADCAST_RX_ON, ApsMessage, NodeType, Outcome
from emulator.zigbee.frames import aps, nwk
from emulator.zigbee.node.fragments import MAX_BLOCKS, MAX_REASSEMBLIES, REASSEMBLY_LIFE, WINDOW
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.counters import EXHAUSTED, OutgoingCounter
from tests.zigbee.node.han import HUB, Device, Han, address, key_of, line, pair
from tests.zigbee.node.test_nwk import forged, give, opened, state_of

DATA, ACK = aps.ApsFrameType.DATA, aps.ApsFrameType.ACKNOWLEDGEMENT
DELIVERED = Outcome.DELIVERED


def aps_frames(han: Han, since: int = 0) -> list[tuple[int, aps.ApsFrame, bytes]]:
    """(NWK source, header, the whole APS frame) of every frame with an APS part."""
    found = []
    for _, psdu, *_ in han.frames[since:]:
        plain = opened(psdu)
        if plain is not None and plain[0].type is nwk.NwkFrameType.DATA and plain[0].security:
            found.append((plain[0].source, aps.decode_header(plain[1])[0], plain[1]))
    return found


class Forger:
    """Makes frames that come from the hub as far as a bridge can tell, with rising counters."""

    def __init__(self, han: Han, bridge: Device) -> None:
        self.han = han
        self.bridge = bridge
        self.nwk_counter = 100_000
        self.link_counter = 100_000
        self.cipher = CcmStar(key_of(1))

    def frame(self, frame: aps.ApsFrame, payload: bytes = b"x", *, broadcast: bool = False) -> None:
        """Give the bridge a frame; under the link key where the header says so."""
        header = aps.encode_header(frame)
        body = payload
        if frame.security:
            self.link_counter += 1
            body = security.secure(
                header, payload, self.cipher, self.link_counter, HUB, extended_nonce=False
            )  # fmt: skip
        self.octets(header + body, broadcast=broadcast)

    def windows(self) -> list[tuple[int, int | None]]:
        """What the bridge acknowledged so far of windows of blocks: each once, MAC retries left out."""
        self.han.run()
        found: list[tuple[int, int | None]] = []
        seen: set[int] = set()
        for _, psdu, *_ in self.han.frames:
            plain = opened(psdu)
            if plain is None or plain[0].source != self.bridge.short or plain[0].type is not nwk.NwkFrameType.DATA:
                continue
            header = aps.decode_header(plain[1])[0]
            if header.type is ACK and header.fragment is not None and plain[0].sequence not in seen:
                seen.add(plain[0].sequence)
                found.append((header.fragment.block, header.fragment.ack_bitfield))
        return found

    def octets(self, octets: bytes, *, broadcast: bool = False) -> None:
        self.nwk_counter += 1
        destination = BROADCAST_RX_ON if broadcast else self.bridge.short
        sequence = self.nwk_counter & 0xFF
        give(self.bridge, forged(self.nwk_counter, destination=destination, payload=octets, sequence=sequence))


def data(
    counter: int = 5,
    *,
    secured: bool = False,
    acknowledge: bool = False,
    block: int | None = None,
    first: bool = False,
) -> aps.ApsFrame:
    kind = aps.FragmentKind.FIRST if first else aps.FragmentKind.LATER
    fragment = None if block is None else aps.Fragment(kind, block)
    return aps.ApsFrame(
        DATA, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109, b"", secured, acknowledge, fragment=fragment
    )


@pytest.fixture
def forger() -> Forger:
    han, bridge = pair()
    # The hub hears the bridge and does nothing; what it would say, the forger says.
    han.topology.set(HUB, address(1), None)
    han.run()
    bridge.reports.clear()
    return Forger(han, bridge)


def dropped(forger: Forger) -> list[str | None]:
    return forger.bridge.reasons("aps.dropped")


# --- outcomes -----


@pytest.mark.parametrize("link_key", [False, True])
@pytest.mark.parametrize("acknowledge", [False, True])
def test_a_message_comes_as_it_was_sent_and_its_outcome_once(acknowledge: bool, link_key: bool) -> None:
    han, bridge = pair()
    before = len(han.frames)
    handle = bridge.send(0, b"payload", acknowledge=acknowledge, link_key=link_key)
    assert bridge.outcomes == []
    han.run(5 * SECOND)
    assert bridge.outcomes == [(handle, DELIVERED)]
    (message,) = han.hub.messages
    assert (message.source, message.source_eui64, message.payload) == (bridge.short, address(1), b"payload")
    assert (message.cluster, message.profile) == (0x19, 0x109)
    assert (message.source_endpoint, message.destination_endpoint) == (1, 1)
    assert (message.link_key, message.broadcast) == (link_key, False)
    sent = aps_frames(han, before)
    assert [header.type for _, header, _ in sent] == ([DATA, ACK] if acknowledge else [DATA])
    assert all(header.security is link_key for _, header, _ in sent)


def test_with_nobody_there_a_message_is_tried_four_times_and_each_time_with_fresh_counters() -> None:
    han, bridge = pair()
    han.hub.port.stop(han.now)
    before = len(han.frames)
    handle = bridge.send(0, b"x", acknowledge=True, link_key=True)
    han.run(15 * SECOND)
    assert bridge.outcome(handle) in (Outcome.NO_APS_ACK, Outcome.NEXT_HOP_FAILED, Outcome.NO_ROUTE)
    assert len(bridge.reasons("aps.retry")) == 3
    sent = [frame for _, header, frame in aps_frames(han, before) if header.type is DATA]
    counters = [security.parse_auxiliary(frame, 8).counter for frame in sent]
    assert len(set(counters)) >= 3
    assert len({aps.decode_header(frame)[0].counter for frame in sent}) == 1


def test_a_message_whose_acknowledgement_was_lost_comes_once() -> None:
    han, bridge = pair()
    cut: list[int] = []

    def once(message: object, now: int) -> None:
        if not cut:
            cut.append(now)
            han.topology.set(HUB, address(1), None)

    han.hub.on_message = once
    handle = bridge.send(0, b"x", acknowledge=True)
    han.run(SECOND)
    han.connect(HUB, address(1))
    han.run(10 * SECOND)
    assert bridge.outcome(handle) is DELIVERED
    assert han.hub.payloads() == [b"x"]
    assert "duplicate" in han.hub.reasons("aps.dropped") + han.hub.reasons("mac.dropped")


def test_a_message_is_delivered_once_however_often_it_comes(forger: Forger) -> None:
    for _ in range(3):
        forger.frame(data(counter=9))
    forger.frame(data(counter=10))
    assert forger.bridge.payloads() == [b"x", b"x"]
    assert dropped(forger) == ["duplicate"] * 2


def test_without_a_key_nothing_is_sent_under_it() -> None:
    han, bridge = pair()
    del bridge.memory.link_keys[HUB]
    before = len(han.frames)
    handle = bridge.send(0, link_key=True)
    assert bridge.outcomes == []
    han.run(100_000)
    assert bridge.outcomes == [(handle, Outcome.NO_KEY)]
    assert aps_frames(han, before) == []


def test_when_all_counters_of_the_key_are_used_nothing_is_sent_under_it() -> None:
    han, bridge = pair()
    bridge.memory.link_keys[HUB].outgoing = OutgoingCounter(EXHAUSTED)
    handles = [bridge.send(0, link_key=True, acknowledge=acknowledge) for acknowledge in (False, True)]
    han.run(10 * SECOND)
    assert [bridge.outcome(handle) for handle in handles] == [Outcome.NO_KEY] * 2
    assert han.hub.messages == []


@pytest.mark.parametrize(
    "octets, link_key, acknowledge, outcome",
    [
        (82, False, False, DELIVERED),
        (83, False, False, Outcome.TOO_LONG),
        (73, True, False, DELIVERED),
        (74, True, False, Outcome.TOO_LONG),
        (80 * MAX_BLOCKS, False, True, DELIVERED),
        (80 * MAX_BLOCKS + 1, False, True, Outcome.TOO_LONG),
        (71 * MAX_BLOCKS, True, True, DELIVERED),
        (71 * MAX_BLOCKS + 1, True, True, Outcome.TOO_LONG),
    ],
)
def test_what_does_not_fit_is_too_long(octets: int, link_key: bool, acknowledge: bool, outcome: Outcome) -> None:
    han, bridge = pair()
    payload = bytes(index & 0xFF for index in range(octets))
    handle = bridge.send(0, payload, link_key=link_key, acknowledge=acknowledge)
    han.run(10 * SECOND)
    assert bridge.outcome(handle) is outcome
    assert han.hub.payloads() == ([payload] if outcome is DELIVERED else [])


def test_a_broadcast_is_never_acknowledged() -> None:
    han, bridge = pair()
    before = len(han.frames)
    handle = han.hub.send(BROADCAST_RX_ON, b"all", acknowledge=True)
    han.run(10 * SECOND)
    assert han.hub.outcomes == [(handle, DELIVERED)]
    assert bridge.payloads() == [b"all"]
    assert all(header.type is DATA and not header.acknowledge for _, header, _ in aps_frames(han, before))


def test_a_field_that_does_not_fit_is_the_callers_fault_and_leaves_nothing_behind() -> None:
    han, bridge = pair()
    message = ApsMessage(0, 256, 1, 0x0109, 0x19, b"x", acknowledge=True)
    with pytest.raises(LocalProtocolError):
        bridge.port.send(message, han.now)
    han.run(20 * SECOND)
    assert bridge.outcomes == []


def test_a_node_can_send_to_itself() -> None:
    han, bridge = pair()
    before = len(han.frames)
    handle = bridge.send(bridge.short, b"me")
    assert bridge.messages == []
    han.run(10_000)
    assert bridge.payloads() == [b"me"]
    assert bridge.outcomes == [(handle, DELIVERED)]
    assert aps_frames(han, before) == []


def test_a_device_that_is_told_of_an_outcome_may_cut_the_power() -> None:
    han, bridge = pair()
    bridge.port.stop(han.now)
    bridge.port.resume(han.now)
    han.run()
    bridge.memory.link_keys.clear()
    bridge.on_sent = lambda handle, outcome, now: bridge.port.stop(now)
    for _ in range(3):
        bridge.send(0, link_key=True)
    han.run(30 * SECOND)
    assert len(bridge.outcomes) == 1


def test_a_sleeping_child_that_does_not_fetch_a_message_lets_it_expire() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY)
    bridge.port.stop(han.now)
    plain = han.hub.send(bridge.short)
    acknowledged = han.hub.send(bridge.short, acknowledge=True)
    han.run(60 * SECOND)
    assert han.hub.outcome(plain) is Outcome.EXPIRED
    assert han.hub.outcome(acknowledged) is Outcome.EXPIRED


def test_a_sleeping_child_gets_a_retried_message_once() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY, poll=6 * SECOND)
    handle = han.hub.send(bridge.short, b"x", acknowledge=True)
    bridge.on_message = lambda message, now: han.topology.set(address(1), HUB, None)
    han.run(9 * SECOND)
    han.connect(HUB, address(1))
    bridge.on_message = None
    han.run(40 * SECOND)
    assert han.hub.outcome(handle) is DELIVERED
    assert bridge.payloads() == [b"x"]


# --- refused frames -----


def test_a_frame_under_a_wrong_link_key_is_dropped_and_its_counter_not_taken(forger: Forger) -> None:
    forger.cipher = CcmStar(bytes(16))
    before = state_of(forger.bridge)[1]
    forger.frame(data(secured=True))
    assert dropped(forger) == ["bad-mic"]
    assert state_of(forger.bridge)[1] == before
    assert forger.bridge.messages == []


def test_a_frame_under_a_key_that_we_do_not_have_is_dropped(forger: Forger) -> None:
    del forger.bridge.memory.link_keys[HUB]
    forger.frame(data(secured=True))
    assert dropped(forger) == ["no-link-key"]


def test_a_replayed_frame_under_the_link_key_is_dropped(forger: Forger) -> None:
    forger.frame(data(5, secured=True))
    forger.link_counter -= 1
    forger.frame(data(6, secured=True))
    assert dropped(forger) == ["frame-counter-replayed"]
    assert forger.bridge.payloads() == [b"x"]


def test_the_last_counter_is_never_accepted(forger: Forger) -> None:
    forger.link_counter = EXHAUSTED - 1
    forger.frame(data(5, secured=True))
    assert dropped(forger) == ["frame-counter-exhausted"]
    assert forger.bridge.memory.link_keys[HUB].incoming < EXHAUSTED


def test_a_frame_that_names_another_originator_is_dropped(forger: Forger) -> None:
    header = aps.encode_header(data(5, secured=True))
    body = security.secure(header, b"x", CcmStar(key_of(1)), 200_000, Eui64(0x99), extended_nonce=True)
    forger.octets(header + body)
    assert dropped(forger) == ["wrong-originator"]


@pytest.mark.parametrize(
    "octets", [b"", b"\x03", b"\x00\x01", b"\x20" + bytes(8), b"\x80" + bytes(8), b"\x04" + bytes(9)]
)
def test_octets_that_are_no_aps_frame_are_undecodable(forger: Forger, octets: bytes) -> None:
    forger.octets(octets)
    assert dropped(forger) == ["undecodable"]


@pytest.mark.parametrize("control", [0x0C, 0x4C])
def test_a_group_message_is_dropped_by_who_is_no_member(forger: Forger, control: int) -> None:
    forger.octets(bytes((control,)) + bytes(12))
    assert dropped(forger) == ["not-a-member"]


def test_an_unprotected_acknowledgement_of_a_protected_message_is_refused(forger: Forger) -> None:
    handle = forger.bridge.send(0, b"x", acknowledge=True, link_key=True)
    for counter in range(256):
        forger.frame(aps.ApsFrame(ACK, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109), b"")
    assert dropped(forger) == ["unprotected-acknowledgement"]
    assert forger.bridge.outcome(handle) is None
    for counter in range(256):
        forger.frame(aps.ApsFrame(ACK, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109, b"", True), b"")
    assert forger.bridge.outcome(handle) is DELIVERED


# --- fragments -----


@pytest.mark.parametrize("link_key", [False, True])
@pytest.mark.parametrize("loss", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("octets", [74, 83, 142, 160, 161, 213, 500, 1_500])
def test_a_long_message_comes_whole_and_once(octets: int, loss: float, link_key: bool) -> None:
    han, bridge = pair(seed=octets, loss=loss)
    payload = bytes((index * 7 + octets) & 0xFF for index in range(octets))
    there = bridge.send(0, payload, acknowledge=True, link_key=link_key)
    back = han.hub.send(bridge.short, payload, acknowledge=True, link_key=link_key)
    han.run(60 * SECOND)
    assert (bridge.outcome(there), han.hub.outcome(back)) == (DELIVERED, DELIVERED)
    assert han.hub.payloads() == bridge.payloads() == [payload]
    assert all(message.link_key is link_key for message in bridge.messages)


def test_long_messages_cross_several_hops() -> None:
    han, bridges = line(3)
    handle = han.hub.send(bridges[-1].short, bytes(1_000), acknowledge=True, link_key=True)
    han.run(30 * SECOND)
    assert han.hub.outcome(handle) is DELIVERED
    assert bridges[-1].payloads() == [bytes(1_000)]


def test_a_window_is_acknowledged_once_it_is_whole() -> None:
    han, bridge = pair()
    before = len(han.frames)
    bridge.send(0, bytes(80 * 5), acknowledge=True)
    han.run()
    sent = aps_frames(han, before)
    blocks = [header.fragment.block for _, header, _ in sent if header.type is DATA and header.fragment]
    acks = [header.fragment for _, header, _ in sent if header.type is ACK]
    assert blocks == [5, 1, 2, 3, 4]
    assert [(ack.block, ack.ack_bitfield) for ack in acks if ack] == [(0, 0b111), (3, 0b11)]


def test_a_block_that_comes_again_is_answered_by_what_is_there_of_its_window(forger: Forger) -> None:
    forger.frame(data(7, block=4, first=True, acknowledge=True), b"a")
    forger.frame(data(7, block=2, acknowledge=True), b"c")
    assert forger.windows() == []
    forger.frame(data(7, block=2, acknowledge=True), b"c")
    assert forger.windows() == [(0, 0b101)]
    forger.frame(data(7, block=1, acknowledge=True), b"b")
    assert forger.windows()[1:] == [(0, 0b111)]
    forger.frame(data(7, block=3, acknowledge=True), b"d")
    assert forger.windows()[2:] == [(3, 0b1)]
    assert forger.bridge.payloads() == [b"abcd"]


def test_only_what_is_missing_of_a_window_is_sent_again() -> None:
    han, bridge = pair()
    han.topology.set(HUB, address(1), None)
    forger = Forger(han, bridge)
    before = len(han.frames)
    bridge.send(0, bytes(80 * 3), acknowledge=True)
    han.run(SECOND)
    counter = aps_frames(han, before)[0][1].counter
    fragment = aps.Fragment(aps.FragmentKind.FIRST, 0, 0b101)
    forger.frame(aps.ApsFrame(ACK, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109, fragment=fragment), b"")
    before = len(han.frames)
    han.run(SECOND)
    blocks = [frame.fragment.block for _, frame, _ in aps_frames(han, before) if frame.type is DATA and frame.fragment]
    assert set(blocks) == {1}


@pytest.mark.parametrize("total", [MAX_BLOCKS + 1, 255])
def test_a_message_that_declares_too_many_blocks_is_refused_before_memory_is_taken(forger: Forger, total: int) -> None:
    forger.frame(data(7, block=total, first=True))
    forger.frame(data(7, block=MAX_BLOCKS))
    assert dropped(forger) == ["too-many-fragments"] * 2


def test_a_message_of_no_blocks_is_refused(forger: Forger) -> None:
    forger.frame(data(7, block=0, first=True))
    assert dropped(forger) == ["wrong-fragment-count"]
    assert forger.bridge.messages == []


@pytest.mark.parametrize("early", [False, True])
def test_a_block_beyond_the_declared_number_is_refused(forger: Forger, early: bool) -> None:
    blocks = [data(7, block=2, first=True), data(7, block=5)]
    for block in reversed(blocks) if early else blocks:
        forger.frame(block)
    assert dropped(forger) == ["wrong-fragment-count"]
    assert forger.bridge.messages == []


def test_a_message_that_changes_its_number_of_blocks_is_refused(forger: Forger) -> None:
    forger.frame(data(7, block=3, first=True))
    forger.frame(data(7, block=2, first=True))
    assert dropped(forger) == ["wrong-fragment-count"]


def test_a_message_half_under_the_link_key_is_refused(forger: Forger) -> None:
    forger.frame(data(7, block=2, first=True, secured=True), b"a")
    forger.frame(data(7, block=1), b"b")
    assert dropped(forger) == ["mixed-protection"]
    assert forger.bridge.messages == []
    forger.frame(data(7, block=1, secured=True), b"B")
    assert forger.bridge.payloads() == [b"aB"]


def test_a_broadcast_fragment_is_refused(forger: Forger) -> None:
    forger.frame(data(7, block=1, first=True), broadcast=True)
    assert dropped(forger) == ["broadcast-fragment"]


def test_too_many_messages_at_a_time_are_refused_and_time_makes_room(forger: Forger) -> None:
    for counter in range(MAX_REASSEMBLIES):
        forger.frame(data(counter, block=2, first=True), bytes((counter,)))
    forger.frame(data(100, block=2, first=True))
    assert dropped(forger) == ["too-many-messages"]
    forger.bridge.engine.run_for(REASSEMBLY_LIFE)
    forger.frame(data(100, block=2, first=True), b"a")
    forger.frame(data(100, block=1), b"b")
    assert forger.bridge.payloads() == [b"ab"]
    assert dropped(forger) == ["too-many-messages"]


def test_messages_that_are_done_take_no_room(forger: Forger) -> None:
    for counter in range(3 * MAX_REASSEMBLIES):
        forger.frame(data(counter, block=2, first=True), b"a")
        forger.frame(data(counter, block=1), b"b")
    assert forger.bridge.payloads() == [b"ab"] * 3 * MAX_REASSEMBLIES


def test_a_block_of_a_message_that_is_done_is_acknowledged_and_not_delivered_again(forger: Forger) -> None:
    forger.frame(data(7, block=2, first=True), b"a")
    for _ in range(3):
        forger.frame(data(7, block=1), b"b")
    assert forger.bridge.payloads() == [b"ab"]
    assert forger.windows() == [(0, 0b11)] * 3


def test_a_counter_that_comes_round_again_is_another_message(forger: Forger) -> None:
    forger.frame(data(7, block=2, first=True), b"a")
    forger.frame(data(7, block=1), b"b")
    for counter in range(8, 8 + 255):
        forger.frame(data(counter & 0xFF))
    forger.frame(data(7, block=2, first=True), b"c")
    forger.frame(data(7, block=1), b"d")
    assert forger.bridge.payloads()[-1] == b"cd"


def test_a_message_of_one_block_is_a_message(forger: Forger) -> None:
    forger.frame(data(7, block=1, first=True), b"whole")
    assert forger.bridge.payloads() == [b"whole"]
    assert WINDOW == 3
