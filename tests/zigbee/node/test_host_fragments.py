"""Long messages whose blocks the device above splits, joins and acknowledges, as the host of a stick does.

At the other end is a node that does all that itself, or another device that does.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import (
    BROADCAST_RX_ON,
    ApsFragment,
    ApsIndication,
    ApsMessage,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.zigbee.frames import aps
from emulator.zigbee.frames.aps import Fragment, FragmentKind
from emulator.zigbee.node.aps import LINK_KEY_OVERHEAD, MAX_ASDU
from emulator.zigbee.node.aps_sending import FRAGMENT_OVERHEAD
from emulator.zigbee.node.fragments import REASSEMBLY_LIFE, Outbound
from emulator.zigbee.node.headers import ApsHeader
from emulator.zigbee.node.host_fragments import MAX_MESSAGES, ReceivedBlocks, SentBlocks
from tests.zigbee.node.han import ENDPOINT, HUB, Device, Han, address, key_of
from tests.zigbee.node.test_aps import ACK, Forger, aps_frames, data

DELIVERED = Outcome.DELIVERED
BLOCK = MAX_ASDU - FRAGMENT_OVERHEAD - LINK_KEY_OVERHEAD
EVERY_BIT = 0xFF


class Host:
    """Splits and joins as a host does, in windows; the blocks of a window are acknowledged once the last one is there.

    Attributes:
        each: acknowledge every block by itself and with every bit set, whatever has come.
        silent: acknowledge nothing.
        whole: messages that came whole.
        finished: outcomes of those that were sent.
    """

    def __init__(self, device: Device, window: int, *, each: bool = False) -> None:
        self.device = device
        self.window = window
        self.each = each
        self.silent = False
        self.whole: list[bytes] = []
        self.finished: list[Outcome] = []
        self._parts: dict[tuple[int, int], dict[int, bytes]] = {}
        self._counts: dict[tuple[int, int], int] = {}
        self._done: set[tuple[int, int]] = set()
        self._left: list[bytes] = []
        self._count = self._next = 0
        self._counter: int | None = None
        self._link_key = False
        self._waiting: set[int] = set()
        device.on_message = self._received
        device.on_sent = self._sent

    # Sending

    def send(self, destination: int, payload: bytes, *, link_key: bool) -> None:
        self._left = [payload[start : start + BLOCK] for start in range(0, len(payload), BLOCK)]
        self._count, self._next, self._counter = len(self._left), 0, None
        self._destination, self._link_key = destination, link_key
        self._send_window()

    def _send_window(self) -> None:
        for number in range(self._next, min(self._next + self.window, self._count)):
            count = self._count if number == 0 else None
            part = ApsFragment(number, count, self._counter)
            handle = send_block(self.device, self._destination, part, self._left[number], link_key=self._link_key)
            if number == 0:
                self._counter = self.device.port.node.counter_of(handle)
            self._waiting.add(handle)
        self._next += self.window

    def _sent(self, handle: int, outcome: Outcome, now: int) -> None:
        if handle not in self._waiting:
            return
        self._waiting.discard(handle)
        if outcome is not DELIVERED:
            self._waiting.clear()
            self.finished.append(outcome)
        elif not self._waiting and self._next >= self._count:
            self.finished.append(outcome)
        elif not self._waiting:
            self._send_window()

    # Receiving

    def _received(self, message: ApsIndication, now: int) -> None:
        part = message.fragment
        if part is None:
            self.whole.append(message.payload)
            return
        assert part.counter is not None
        place = message.source, part.counter
        parts = self._parts.setdefault(place, {})
        parts[part.block] = message.payload
        if part.count is not None:
            self._counts[place] = part.count
        if not self.silent:
            self._acknowledge(place, part.block, parts, now)
        if len(parts) == self._counts.get(place) and place not in self._done:
            self._done.add(place)
            self.whole.append(b"".join(parts[number] for number in sorted(parts)))

    def _acknowledge(self, place: tuple[int, int], block: int, parts: dict[int, bytes], now: int) -> None:
        """Once the highest block of the window is there, or all of them."""
        if self.each:
            self.device.port.acknowledge_fragment(*place, block, EVERY_BIT, now)
            return
        base = block - block % self.window
        window = range(base, min(base + self.window, self._counts.get(place, 1 << 30)))
        if block == window[-1] or all(number in parts for number in window):
            bits = sum(1 << number - base for number in window if number in parts)
            self.device.port.acknowledge_fragment(*place, base, bits, now)


def send_block(
    device: Device, destination: int, part: ApsFragment, payload: bytes = b"x", *, link_key: bool = False
) -> int:
    message = ApsMessage(destination, 1, 1, 0x0109, 0x0019, payload, link_key=link_key, fragment=part)
    return device.port.send(message, device.engine.now)


def configured(node_type: NodeType, number: int | None, *, host: bool, window: int) -> StackConfiguration:
    key = None if number is None else key_of(number)
    return StackConfiguration(
        node_type, 0x1234, (ENDPOINT,), link_key=key, host_fragments=host, fragment_window=window
    )  # fmt: skip


def pair(
    hosts: tuple[bool, bool], *, window: int = 3, loss: float = 0.0, seed: int = 1, each: bool = False
) -> tuple[Han, Device, tuple[Host, Host]]:
    """A hub and a bridge that has joined; which of the two leave fragments to the device above."""
    han = Han(seed)
    han.connect(HUB, address(1))
    bridge = han.bridge(1)
    han.hub.port.configure(configured(NodeType.COORDINATOR, None, host=hosts[0], window=window))
    bridge.port.configure(configured(NodeType.ROUTER, 1, host=hosts[1], window=window))
    han.form(1)
    han.join(bridge)
    if loss:
        han.lose(loss)
    return han, bridge, (Host(han.hub, window, each=each), Host(bridge, window, each=each))


def payload_of(octets: int) -> bytes:
    return bytes((index * 7 + octets) & 0xFF for index in range(octets))


def exchange(
    han: Han, bridge: Device, hosts: tuple[Host, Host], driven: tuple[bool, bool], payload: bytes, *, link_key: bool
) -> list[Outcome | None]:
    """Send a message both ways, one after the other; what became of them."""
    outcomes: list[Outcome | None] = []
    for host, by_host, destination in zip(hosts, driven, (bridge.short, 0), strict=True):
        if by_host:
            host.send(destination, payload, link_key=link_key)
            han.run(60 * SECOND)
            outcomes += host.finished
        else:
            handle = host.device.send(destination, payload, acknowledge=True, link_key=link_key)
            han.run(60 * SECOND)
            outcomes.append(host.device.outcome(handle))
    return outcomes


PAIRS = list(product((False, True), repeat=2))
NAMES = {False: "node", True: "host"}


# --- whole messages -----


@pytest.mark.parametrize("link_key", [False, True])
@pytest.mark.parametrize("loss", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("octets", [100, 3 * BLOCK, 500, 1_500])
@pytest.mark.parametrize("driven", PAIRS, ids=lambda pair: "-".join(NAMES[one] for one in pair))
def test_a_long_message_comes_whole_and_once(
    driven: tuple[bool, bool], octets: int, loss: float, link_key: bool
) -> None:
    han, bridge, hosts = pair(driven, loss=loss, seed=octets)
    payload = payload_of(octets)
    assert exchange(han, bridge, hosts, driven, payload, link_key=link_key) == [DELIVERED] * 2
    assert [host.whole for host in hosts] == [[payload], [payload]]


@pytest.mark.parametrize("loss", [0.0, 0.1])
@pytest.mark.parametrize("window", [1, 2, 8])
@pytest.mark.parametrize("driven", PAIRS, ids=lambda pair: "-".join(NAMES[one] for one in pair))
def test_it_does_with_any_window_that_both_have(driven: tuple[bool, bool], window: int, loss: float) -> None:
    han, bridge, hosts = pair(driven, window=window, loss=loss)
    payload = payload_of(1_000)
    assert exchange(han, bridge, hosts, driven, payload, link_key=True) == [DELIVERED] * 2
    assert [host.whole for host in hosts] == [[payload], [payload]]


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("driven", [(True, False), (True, True)], ids=["node", "host"])
def test_a_host_that_acknowledges_more_than_it_has_gets_the_message_all_the_same(
    driven: tuple[bool, bool], loss: float
) -> None:
    han, bridge, hosts = pair(driven, loss=loss, each=True)
    payload = payload_of(1_500)
    assert exchange(han, bridge, hosts, driven, payload, link_key=False) == [DELIVERED] * 2
    assert [host.whole for host in hosts] == [[payload], [payload]]


# --- what comes -----


def test_blocks_come_one_by_one_with_their_number_and_the_counter_of_the_message() -> None:
    han, bridge, _ = pair((True, False))
    bridge.send(0, payload_of(3 * BLOCK + 5), acknowledge=True, link_key=True)
    han.run(5 * SECOND)
    parts = [message.fragment for message in han.hub.messages]
    (counter,) = {part.counter for part in parts if part is not None}
    assert parts == [ApsFragment(0, 4, counter), *(ApsFragment(number, None, counter) for number in (1, 2, 3))]
    assert [len(message.payload) for message in han.hub.messages] == [BLOCK] * 3 + [5]
    assert {message.counter for message in han.hub.messages} == {counter}
    assert all(message.link_key for message in han.hub.messages)


def test_nothing_is_acknowledged_until_the_host_says_so() -> None:
    han, bridge, (host, _) = pair((True, False))
    host.silent = True
    before = len(han.frames)
    handle = bridge.send(0, bytes(2 * BLOCK), acknowledge=True)
    han.run(20 * SECOND)
    assert bridge.outcome(handle) is Outcome.NO_APS_ACK
    assert [header for source, header, _ in aps_frames(han, before) if source == 0 and header.type is ACK] == []
    assert [part.block for message in han.hub.messages if (part := message.fragment)] == [0, 1] * 4


@pytest.mark.parametrize(
    "block, bitfield, sent",
    [(0, 0b011, 0b011), (0, 0b111, 0b011), (0, 0xFF, 0b011), (1, 0xFF, 0b1), (0, 0b100, 0), (0, 0, 0), (7, 0xFF, 0)],
)
def test_an_acknowledgement_names_no_block_that_never_came(block: int, bitfield: int, sent: int) -> None:
    han, bridge, (host, _) = pair((True, True))
    host.silent = True
    counter = first_block(bridge, count=5)
    send_block(bridge, 0, ApsFragment(1, None, counter))
    han.run(SECOND // 2)
    before = len(han.frames)
    han.hub.port.acknowledge_fragment(bridge.short, counter, block, bitfield, han.now)
    han.run(SECOND // 2)
    acknowledged = [header.fragment for _, header, _ in aps_frames(han, before) if header.type is ACK]
    assert acknowledged == [Fragment(FragmentKind.FIRST, block, sent)]


def first_block(device: Device, count: int = 3, *, link_key: bool = False) -> int:
    """Send one; the counter that it got."""
    counter = device.port.node.counter_of(send_block(device, 0, ApsFragment(0, count), link_key=link_key))
    assert counter is not None
    return counter


@pytest.fixture
def forger() -> Forger:
    """Makes blocks that come from the hub as far as a bridge that leaves them to its host can tell."""
    han, bridge, (_, host) = pair((False, True))
    host.silent = True
    han.topology.set(HUB, address(1), None)
    han.run()
    bridge.reports.clear()
    return Forger(han, bridge)


def dropped(forger: Forger) -> list[str | None]:
    return forger.bridge.reasons("aps.dropped")


def test_a_block_that_comes_again_is_told_again_so_that_it_can_be_acknowledged_again(forger: Forger) -> None:
    for _ in range(3):
        forger.frame(data(7, block=2, first=True), b"a")
    assert [message.fragment for message in forger.bridge.messages] == [ApsFragment(0, 2, 7)] * 3


def test_a_block_beyond_the_declared_number_is_refused(forger: Forger) -> None:
    forger.frame(data(7, block=2, first=True))
    forger.frame(data(7, block=2))
    forger.frame(data(8, block=0, first=True))
    assert dropped(forger) == ["wrong-fragment-count"] * 2
    assert len(forger.bridge.messages) == 1


def test_a_message_half_under_the_link_key_is_refused(forger: Forger) -> None:
    forger.frame(data(7, block=2, first=True, secured=True), b"a")
    forger.frame(data(7, block=1), b"b")
    assert dropped(forger) == ["mixed-protection"]
    forger.frame(data(7, block=1, secured=True), b"B")
    assert forger.bridge.payloads() == [b"a", b"B"]


def test_a_broadcast_fragment_is_refused(forger: Forger) -> None:
    forger.frame(data(7, block=1, first=True), broadcast=True)
    assert dropped(forger) == ["broadcast-fragment"]
    assert forger.bridge.messages == []


def test_as_many_blocks_as_an_octet_can_count_are_the_business_of_the_host(forger: Forger) -> None:
    forger.frame(data(7, block=255, first=True))
    forger.frame(data(7, block=254))
    assert [part.block for message in forger.bridge.messages if (part := message.fragment)] == [0, 254]
    forger.bridge.port.acknowledge_fragment(0, 7, 254, 1, forger.han.now)
    assert forger.windows() == [(254, 1)]


def test_another_number_of_blocks_is_another_message(forger: Forger) -> None:
    forger.frame(data(7, block=3, first=True))
    forger.frame(data(7, block=1))
    forger.frame(data(7, block=2, first=True))
    forger.bridge.port.acknowledge_fragment(0, 7, 0, EVERY_BIT, forger.han.now)
    assert forger.windows() == [(0, 0b1)]


def test_acknowledgements_go_back_under_the_key_and_between_the_endpoints_of_the_blocks() -> None:
    han, bridge, _ = pair((False, True))
    before = len(han.frames)
    handle = han.hub.send(bridge.short, bytes(BLOCK + 20), acknowledge=True, link_key=True)
    han.run(SECOND)
    assert han.hub.outcome(handle) is DELIVERED
    acknowledged = [header for _, header, _ in aps_frames(han, before) if header.type is ACK]
    assert [(header.security, header.cluster, header.profile) for header in acknowledged] == [(True, 0x19, 0x109)]


# --- what goes -----


def test_the_first_block_gets_a_fresh_counter_and_the_others_have_it_too() -> None:
    han, bridge, _ = pair((True, True))
    plain = bridge.port.node.counter_of(bridge.send(0, b"x"))
    counter = first_block(bridge)
    later = send_block(bridge, 0, ApsFragment(1, None, counter))
    assert bridge.port.node.counter_of(later) == counter
    following = bridge.port.node.counter_of(bridge.send(0, b"y"))
    assert plain is not None
    assert (counter, following) == ((plain + 1) & 0xFF, (plain + 2) & 0xFF)
    han.run()
    assert han.hub.messages[0].counter == plain


def test_each_block_has_an_outcome_of_its_own() -> None:
    han, bridge, (host, _) = pair((True, True))
    host.silent = True
    first = send_block(bridge, 0, ApsFragment(0, 3))
    counter = bridge.port.node.counter_of(first)
    others = [send_block(bridge, 0, ApsFragment(number, None, counter)) for number in (1, 2)]
    han.run(SECOND)
    assert bridge.outcomes == []
    assert counter is not None
    han.hub.port.acknowledge_fragment(bridge.short, counter, 0, 0b101, han.now)
    han.run(SECOND // 2)
    assert bridge.outcomes == [(first, DELIVERED), (others[1], DELIVERED)]
    han.run(20 * SECOND)
    assert bridge.outcome(others[0]) is Outcome.NO_APS_ACK
    assert len(bridge.reasons("aps.retry")) == 3


def test_whatever_becomes_of_blocks_nothing_of_them_is_left(forger: Forger) -> None:
    bridge = forger.bridge
    counter = first_block(bridge)
    send_block(bridge, 0, ApsFragment(1, None, counter))
    fragment = Fragment(FragmentKind.FIRST, 0, 0b1)
    forger.frame(aps.ApsFrame(ACK, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109, fragment=fragment), b"")
    forger.han.run(20 * SECOND)
    assert [outcome for _, outcome in bridge.outcomes] == [DELIVERED, Outcome.NO_APS_ACK]
    stack = bridge.port.node._layers.stack
    assert stack is not None
    assert not stack.aps.sender._blocks
    assert not stack.aps.sender._by_handle


def test_an_unprotected_acknowledgement_of_a_block_under_the_link_key_is_refused(forger: Forger) -> None:
    bridge = forger.bridge
    handle = send_block(bridge, 0, ApsFragment(0, 2), link_key=True)
    counter = bridge.port.node.counter_of(handle)
    assert counter is not None
    fragment = Fragment(FragmentKind.FIRST, 0, 1)
    plain = aps.ApsFrame(ACK, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109, fragment=fragment)
    forger.frame(plain, b"")
    assert dropped(forger) == ["unprotected-acknowledgement"]
    assert bridge.outcome(handle) is None
    forger.frame(
        aps.ApsFrame(ACK, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109, b"", True, fragment=fragment), b""
    )
    assert bridge.outcome(handle) is DELIVERED


def test_an_acknowledgement_without_blocks_acknowledges_no_block(forger: Forger) -> None:
    handle = send_block(forger.bridge, 0, ApsFragment(0, 2))
    counter = forger.bridge.port.node.counter_of(handle)
    assert counter is not None
    forger.frame(aps.ApsFrame(ACK, counter, aps.DeliveryMode.UNICAST, 1, 1, 0x19, 0x109), b"")
    assert forger.bridge.outcome(handle) is None


@pytest.mark.parametrize("link_key, most", [(False, BLOCK + LINK_KEY_OVERHEAD), (True, BLOCK)])
def test_a_block_that_does_not_fit_a_frame_is_too_long(link_key: bool, most: int) -> None:
    han, bridge, _ = pair((True, True))
    fits = send_block(bridge, 0, ApsFragment(0, 1), bytes(most), link_key=link_key)
    too_long = send_block(bridge, 0, ApsFragment(0, 1), bytes(most + 1), link_key=link_key)
    han.run(SECOND)
    assert (bridge.outcome(fits), bridge.outcome(too_long)) == (DELIVERED, Outcome.TOO_LONG)
    assert bridge.port.node.counter_of(too_long) is None


def test_a_long_message_that_the_host_did_not_split_is_too_long() -> None:
    han, bridge, _ = pair((False, True))
    handle = bridge.send(0, bytes(MAX_ASDU + 1), acknowledge=True)
    han.run(SECOND)
    assert bridge.outcome(handle) is Outcome.TOO_LONG


def test_a_block_under_a_link_key_that_there_is_not_is_refused() -> None:
    han, bridge, _ = pair((True, True))
    bridge.memory.forget_link_key(HUB)
    handle = send_block(bridge, 0, ApsFragment(0, 1), link_key=True)
    han.run(SECOND)
    assert bridge.outcome(handle) is Outcome.NO_KEY


@pytest.mark.parametrize(
    "destination, part",
    [
        pytest.param(0, ApsFragment(0), id="first without their number"),
        pytest.param(0, ApsFragment(0, 0), id="of none"),
        pytest.param(0, ApsFragment(0, 256), id="of too many"),
        pytest.param(0, ApsFragment(256, None, 1), id="no octet"),
        pytest.param(0, ApsFragment(1, 2), id="later without the counter"),
        pytest.param(BROADCAST_RX_ON, ApsFragment(0, 1), id="broadcast"),
    ],
)
def test_a_block_that_belongs_to_no_message_is_ours_to_get_right(destination: int, part: ApsFragment) -> None:
    han, bridge, _ = pair((True, True))
    with pytest.raises(LocalProtocolError):
        send_block(bridge, destination, part)
    bridge.send(0, b"x", acknowledge=True)
    han.run(SECOND)
    assert han.hub.payloads() == [b"x"]


# --- what cannot be acknowledged -----


def test_only_what_came_of_late_can_be_acknowledged() -> None:
    han, bridge, (host, _) = pair((True, True))
    host.silent = True
    acknowledge = han.hub.port.acknowledge_fragment
    with pytest.raises(LocalProtocolError, match="has come"):
        acknowledge(bridge.short, 7, 0, 1, han.now)
    counter = first_block(bridge)
    han.run(SECOND)
    for source, which in ((bridge.short, counter + 1), (bridge.short + 1, counter)):
        with pytest.raises(LocalProtocolError, match="has come"):
            acknowledge(source, which, 0, 1, han.now)
    for block, bitfield in ((256, 1), (-1, 1), (0, 256), (0, -1)):
        with pytest.raises(LocalProtocolError, match="octets"):
            acknowledge(bridge.short, counter, block, bitfield, han.now)
    han.run(10 * SECOND + REASSEMBLY_LIFE)
    with pytest.raises(LocalProtocolError, match="has come"):
        acknowledge(bridge.short, counter, 0, 1, han.now)


def test_a_node_that_does_it_itself_or_is_in_no_network_is_not_told_what_to_acknowledge() -> None:
    han, bridge, _ = pair((False, True))
    with pytest.raises(LocalProtocolError, match="by itself"):
        han.hub.port.acknowledge_fragment(bridge.short, 1, 0, 1, han.now)
    bridge.port.stop(han.now)
    with pytest.raises(LocalProtocolError, match="no network"):
        bridge.port.acknowledge_fragment(0, 1, 0, 1, han.now)


@pytest.mark.parametrize("window", [0, 9])
def test_a_window_that_no_acknowledgement_can_name_is_refused(window: int) -> None:
    han = Han()
    with pytest.raises(LocalProtocolError, match="1 to 8"):
        han.hub.port.configure(configured(NodeType.COORDINATOR, None, host=False, window=window))


# --- windows and lists -----


def test_a_late_acknowledgement_of_an_earlier_window_acknowledges_nothing_of_this_one() -> None:
    outbound = Outbound([bytes((number,)) for number in range(9)], window=3)
    assert not outbound.acknowledged(0, 0b111)
    assert not outbound.acknowledged(0, EVERY_BIT)
    assert not outbound.acknowledged(6, EVERY_BIT)
    assert outbound.missing == [3, 4, 5]


@given(st.integers(1, 30), st.integers(1, 8), st.data())
def test_a_message_has_arrived_once_each_of_its_blocks_was_named_by_itself(
    count: int, window: int, draw: st.DataObject
) -> None:
    outbound = Outbound([b""] * count, window)
    named: list[int] = []
    while outbound.missing:
        block = draw.draw(st.sampled_from(outbound.missing))
        done = outbound.acknowledged(block, 0b1)
        named.append(block)
        assert done is (len(named) == count)
    assert sorted(named) == list(range(count))


def header_of(counter: int) -> ApsHeader:
    return ApsHeader(False, 1, 0x19, 0x109, 1, counter, False, True)


def block_of(number: int, count: int) -> Fragment:
    return Fragment(FragmentKind.LATER if number else FragmentKind.FIRST, number or count)


def test_of_too_many_messages_the_one_that_was_silent_for_longest_is_forgotten() -> None:
    blocks = ReceivedBlocks()
    for counter in range(MAX_MESSAGES):
        assert blocks.take(5, header_of(counter), block_of(0, 2), 0) is None
    assert blocks.take(5, header_of(0), block_of(1, 2), 0) is None
    assert blocks.take(5, header_of(MAX_MESSAGES), block_of(0, 2), 0) is None
    assert blocks.acknowledgement(5, 0, 0, 0xFF, 0)[1] == 0b11
    with pytest.raises(LocalProtocolError):
        blocks.acknowledgement(5, 1, 0, 0xFF, 0)


def test_blocks_of_a_device_that_began_anew_are_forgotten() -> None:
    blocks = ReceivedBlocks()
    for source in (5, 6):
        assert blocks.take(source, header_of(1), block_of(0, 2), 0) is None
    blocks.forget(5)
    assert blocks.acknowledgement(6, 1, 0, 0xFF, 0)[1] == 0b1
    with pytest.raises(LocalProtocolError):
        blocks.acknowledgement(5, 1, 0, 0xFF, 0)


def test_after_a_device_announced_itself_its_blocks_of_before_are_none() -> None:
    han, bridge, (host, _) = pair((True, True))
    host.silent = True
    counter = first_block(bridge)
    han.run(SECOND)
    bridge.port.stop(han.now)
    bridge.port.resume(han.now)
    han.run(SECOND)
    with pytest.raises(LocalProtocolError, match="has come"):
        han.hub.port.acknowledge_fragment(bridge.short, counter, 0, 1, han.now)


def test_a_refused_block_leaves_nothing_behind() -> None:
    blocks = ReceivedBlocks()
    for counter in range(256):
        assert blocks.take(5, header_of(counter), block_of(0, 0), 0) == "wrong-fragment-count"
        with pytest.raises(LocalProtocolError):
            blocks.acknowledgement(5, counter, 0, 0xFF, 0)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20))),
    st.integers(0, 2), st.integers(0, 255), st.integers(0, 255),
)  # fmt: skip
def test_bits_are_those_of_blocks_that_came(
    came: list[tuple[int, int]], counter: int, base: int, bitfield: int
) -> None:
    blocks = ReceivedBlocks()
    for each, number in came:
        assert blocks.take(5, header_of(each), block_of(number, 21), 0) is None
    there = {number for each, number in came if each == counter}
    if not there:
        with pytest.raises(LocalProtocolError):
            blocks.acknowledgement(5, counter, base, bitfield, 0)
        return
    _, bits = blocks.acknowledgement(5, counter, base, bitfield, 0)
    named = {base + bit for bit in range(8) if bits >> bit & 1}
    assert named == {base + bit for bit in range(8) if bitfield >> bit & 1 and base + bit in there}


@given(
    st.dictionaries(st.integers(1, 30), st.tuples(st.integers(0, 1), st.integers(0, 20))),
    st.sets(st.integers(1, 30)), st.integers(0, 255), st.integers(0, 255),
)  # fmt: skip
def test_an_acknowledgement_is_for_the_blocks_that_it_names_and_that_wait(
    sent: dict[int, tuple[int, int]], known: set[int], base: int, bitfield: int
) -> None:
    blocks = SentBlocks()
    for handle, (counter, number) in sent.items():
        blocks.add(0, counter, handle, number)
    for handle in known:
        blocks.remove(0, sent[handle][0] if handle in sent else 0, handle)
    waiting = {handle: number for handle, (counter, number) in sent.items() if counter == 1 and handle not in known}
    named = {base + bit for bit in range(8) if bitfield >> bit & 1}
    assert sorted(blocks.named(0, 1, base, bitfield)) == sorted(
        handle for handle, number in waiting.items() if number in named
    )
    assert bool(blocks) is bool(sent.keys() - known)
