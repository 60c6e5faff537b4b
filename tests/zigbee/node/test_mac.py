"""The MAC of a soft node on a radio that does what the test says."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.eui64 import Eui64
from emulator.core.timers import NEVER, Alarm
from emulator.ports.aps import NodeType
from emulator.ports.phy import PhyUser, RxFrame, TxResult
from emulator.zigbee.frames.mac import FrameType, MacFrame, decode, encode
from emulator.zigbee.frames.mac_commands import BeaconRequest, DataRequest, encode_command
from emulator.zigbee.node.indirect import INDIRECT_PERSISTENCE
from emulator.zigbee.node.mac import DUPLICATE_LIFE, POLL_WAIT, MacLayer
from tests.zigbee.node.han import pair

PAN, OWN, PARENT, CHILD = 0x1A62, 0x0001, 0x0000, 0x1234
OWN_EUI64 = Eui64(0x11)
ACKED, NO_ACK, NO_ACCESS = TxResult.ACKED, TxResult.NO_ACK, TxResult.CHANNEL_ACCESS_FAILURE
POLL = encode_command(DataRequest())


class Chip:
    """A `Phy` that keeps what it is told."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.listening: bool | None = None
        self.held: frozenset[int] = frozenset()
        self.aborted = 0

    def attach(self, user: PhyUser) -> None: ...

    def submit(self, psdu: bytes, now: int) -> None:
        self.sent.append(psdu)

    def abort(self) -> None:
        self.aborted += 1

    def tune(self, channel: int, now: int) -> None: ...

    def energy(self, since: int, now: int) -> int:
        return -100

    def listen(self, on: bool, now: int) -> None:
        self.listening = on

    def address(self, pan_id: int, short: int, eui64: Eui64) -> None: ...

    def hold_for(self, addresses: frozenset[int]) -> None:
        self.held = addresses


class Mac:
    """A MAC layer, and what it told those above."""

    def __init__(self, *, receiver_on: bool = True) -> None:
        self.chip = Chip()
        self.alarm = Alarm()
        self.heard: list[tuple[int, bytes]] = []
        self.others: list[MacFrame] = []
        self.done: list[tuple[object, TxResult]] = []
        self.expired: list[object] = []
        self.polls: list[int] = []
        self.reports: list[tuple[str, str | None]] = []
        self.made: list[object] = []
        self.on_done: Callable[[], None] | None = None
        self.layer = MacLayer(
            self.chip, OWN_EUI64, self, random.Random(1), self._report, self.alarm, receiver_on=receiver_on
        )
        self.layer.set_address(PAN, OWN)
        self.layer.start(0)

    def _report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.reports.append((kind, reason))

    def mac_data(self, source: int, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        self.heard.append((source, payload))

    def mac_received(self, frame: MacFrame, lqi: int, now: int) -> None:
        self.others.append(frame)

    def mac_sent(self, context: object, result: TxResult, now: int) -> None:
        self.done.append((context, result))
        if self.on_done is not None:
            self.on_done()

    def mac_expired(self, context: object, now: int) -> None:
        self.expired.append(context)

    def mac_polled(self, child: int, now: int) -> None:
        self.polls.append(child)

    def mac_payload(self, context: object, now: int) -> bytes | None:
        self.made.append(context)
        return f"{context}/{len(self.made)}".encode()

    def hear(self, psdu: bytes, now: int = 0) -> None:
        self.layer.received(RxFrame(psdu, -50, 200), now)

    def poll_from(self, child: int, now: int = 0, sequence: int = 0) -> None:
        extended = child > 0xFFFF
        self.hear(
            encode(
                MacFrame(
                    FrameType.COMMAND, sequence, PAN, OWN, PAN, child, POLL, acknowledge=True, source_extended=extended
                )
            ),
            now,
        )

    def finish(self, result: TxResult = ACKED, now: int = 0, *, pending: bool = False) -> None:
        self.layer.transmitted(result, pending, now)

    @property
    def last(self) -> MacFrame:
        return decode(self.chip.sent[-1])


def data(source: int, payload: bytes = b"x", sequence: int = 1, *, pending: bool = False) -> bytes:
    return encode(MacFrame(FrameType.DATA, sequence, PAN, OWN, PAN, source, payload, acknowledge=True, pending=pending))


# --- sending -----


@pytest.mark.parametrize("failure", [NO_ACK, NO_ACCESS])
def test_a_frame_is_tried_four_times_with_the_same_octets(failure: TxResult) -> None:
    mac = Mac()
    mac.layer.send_data(PARENT, b"x", "context", 0)
    for _ in range(4):
        assert mac.done == []
        mac.finish(failure)
    assert len(mac.chip.sent) == 4
    assert len(set(mac.chip.sent)) == 1
    assert mac.done == [("context", failure)]
    assert mac.reports == [("mac.retry", failure.value)] * 3 + [("mac.dropped", failure.value)]


@pytest.mark.parametrize("failures", [0, 1, 2, 3])
def test_a_frame_that_gets_through_at_last_is_done(failures: int) -> None:
    mac = Mac()
    mac.layer.send_data(PARENT, b"x", "context", 0)
    for _ in range(failures):
        mac.finish(NO_ACK)
    mac.finish(ACKED)
    assert len(mac.chip.sent) == failures + 1
    assert mac.done == [("context", ACKED)]


def test_a_broadcast_is_tried_once() -> None:
    mac = Mac()
    mac.layer.send_data(0xFFFF, b"x", "context", 0)
    mac.finish(NO_ACCESS)
    assert mac.done == [("context", NO_ACCESS)]
    assert not mac.last.acknowledge


def test_frames_leave_one_after_the_other_with_rising_sequence_numbers() -> None:
    mac = Mac()
    for number in range(3):
        mac.layer.send_data(PARENT, b"x", number, 0)
    assert len(mac.chip.sent) == 1
    for _ in range(3):
        mac.finish()
    assert [context for context, _ in mac.done] == [0, 1, 2]
    sequences = [decode(psdu).sequence for psdu in mac.chip.sent]
    assert [(later - earlier) & 0xFF for earlier, later in itertools.pairwise(sequences)] == [1, 1]


def test_a_frame_sent_when_another_is_done_is_not_sent_twice() -> None:
    mac = Mac()

    def once() -> None:
        mac.on_done = None
        mac.layer.send_data(PARENT, b"second", "second", 0)

    mac.on_done = once
    mac.layer.send_data(PARENT, b"first", "first", 0)
    mac.finish()
    mac.finish()
    assert [decode(psdu).payload for psdu in mac.chip.sent] == [b"first", b"second"]


# --- receiving -----


def test_a_repetition_is_dropped_and_the_next_frame_is_not() -> None:
    mac = Mac()
    mac.hear(data(5, b"a", 1))
    mac.hear(data(5, b"a", 1), 10 * MILLISECOND)
    mac.hear(data(5, b"b", 2), 20 * MILLISECOND)
    mac.hear(data(6, b"c", 2), 20 * MILLISECOND)
    assert mac.heard == [(5, b"a"), (5, b"b"), (6, b"c")]
    assert mac.reports == [("mac.dropped", "duplicate")]


def test_the_same_sequence_number_later_is_another_frame() -> None:
    mac = Mac()
    mac.hear(data(5, b"a", 1))
    mac.hear(data(5, b"b", 1), DUPLICATE_LIFE)
    assert mac.heard == [(5, b"a"), (5, b"b")]


def test_octets_that_are_no_frame_are_dropped_with_the_reason() -> None:
    mac = Mac()
    mac.hear(b"\x0f\x00\x00\x00\x00\x00\x00")
    assert mac.reports == [("mac.dropped", "undecodable")]


def test_commands_and_beacons_go_up() -> None:
    mac = Mac()
    request = MacFrame(FrameType.COMMAND, 1, 0xFFFF, 0xFFFF, None, None, encode_command(BeaconRequest()))
    mac.hear(encode(request))
    assert mac.others == [request]


# --- the indirect queue -----


def test_a_held_frame_waits_for_its_child_and_says_whether_there_are_more() -> None:
    mac = Mac()
    for number in range(3):
        mac.layer.hold_data(CHILD, number, 0)
    assert mac.chip.held == {CHILD}
    assert mac.chip.sent == []
    for number in range(3):
        mac.poll_from(CHILD, sequence=number)
        assert (mac.last.destination, mac.last.payload) == (CHILD, f"{number}/{number + 1}".encode())
        assert mac.last.pending is (number < 2)
        mac.finish()
    assert mac.chip.held == frozenset()
    assert mac.done == [(number, ACKED) for number in range(3)]


def test_a_poll_for_nothing_is_answered_by_nothing() -> None:
    mac = Mac()
    mac.layer.hold_data(CHILD, "held", 0)
    mac.poll_from(CHILD + 1)
    assert mac.chip.sent == []


def test_each_child_has_a_queue_of_its_own() -> None:
    mac = Mac()
    mac.layer.hold_data(CHILD, "first", 0)
    mac.layer.hold_data(CHILD + 1, "second", 0)
    mac.poll_from(CHILD + 1)
    assert mac.last.destination == CHILD + 1
    assert mac.chip.held == {CHILD}


def test_a_joining_child_asks_by_its_eui64() -> None:
    mac = Mac()
    child = 0x00DB_0000_0000_0001
    frame = MacFrame(FrameType.COMMAND, 0, PAN, child, PAN, OWN_EUI64, b"\x02\x00\x00\x00", True, False, True, True)
    mac.layer.hold(frame, "response", 0)
    assert mac.chip.held == {child}
    mac.poll_from(child)
    assert mac.last.payload == frame.payload
    assert mac.last.destination == child


def test_a_held_frame_expires_after_7_68_seconds_though_others_came_later() -> None:
    mac = Mac()
    mac.layer.hold_data(CHILD, "first", 0)
    mac.layer.hold_data(CHILD, "second", 5 * SECOND)
    assert mac.alarm.at == INDIRECT_PERSISTENCE == 7_680_000
    mac.layer.on_timeout(INDIRECT_PERSISTENCE - 1)
    assert mac.expired == []
    mac.layer.on_timeout(INDIRECT_PERSISTENCE)
    assert mac.expired == ["first"]
    assert mac.chip.held == {CHILD}
    mac.layer.on_timeout(5 * SECOND + INDIRECT_PERSISTENCE)
    assert mac.expired == ["first", "second"]
    assert mac.chip.held == frozenset()
    assert mac.reports == [("mac.dropped", "transaction-expired")] * 2


def test_a_frame_that_its_child_did_not_take_is_put_back_in_front_and_made_anew() -> None:
    mac = Mac()
    mac.layer.hold_data(CHILD, "first", 0)
    mac.layer.hold_data(CHILD, "second", 0)
    mac.poll_from(CHILD, SECOND)
    for _ in range(4):
        mac.finish(NO_ACK, SECOND)
    assert mac.done == []
    assert mac.chip.held == {CHILD}
    mac.poll_from(CHILD, 2 * SECOND, sequence=7)
    assert mac.last.payload == b"first/2"
    mac.finish(ACKED, 2 * SECOND)
    assert mac.done == [("first", ACKED)]
    mac.layer.on_timeout(INDIRECT_PERSISTENCE)
    assert mac.expired == ["second"]


def test_a_frame_that_its_child_did_not_take_in_time_is_not_put_back() -> None:
    mac = Mac()
    mac.layer.hold_data(CHILD, "held", 0)
    mac.poll_from(CHILD, SECOND)
    for _ in range(4):
        mac.finish(NO_ACK, INDIRECT_PERSISTENCE)
    assert mac.done == [("held", NO_ACK)]
    assert mac.chip.held == frozenset()


# --- sleeping and polling -----


def test_a_sleepy_receiver_is_on_only_around_its_own_frames() -> None:
    mac = Mac(receiver_on=False)
    assert mac.chip.listening is False
    mac.layer.send_data(PARENT, b"x", None, 0)
    assert mac.chip.listening is True
    mac.finish()
    assert mac.chip.listening is False


def test_a_poll_asks_the_parent() -> None:
    mac = Mac(receiver_on=False)
    mac.layer.poll(PARENT, 0)
    assert (mac.last.type, mac.last.destination, mac.last.source, mac.last.payload) == (
        FrameType.COMMAND, PARENT, OWN, POLL,
    )  # fmt: skip
    mac.finish(pending=False)
    assert mac.chip.listening is False


def test_a_poll_with_something_pending_keeps_the_receiver_on_until_it_comes() -> None:
    mac = Mac(receiver_on=False)
    mac.layer.poll(PARENT, 0)
    mac.finish(pending=True)
    assert mac.chip.listening is True
    broadcast = encode(MacFrame(FrameType.DATA, 9, PAN, 0xFFFF, PAN, PARENT, b"y"))
    mac.hear(broadcast)
    assert mac.chip.listening is True
    mac.hear(data(PARENT))
    assert mac.chip.listening is False
    assert len(mac.chip.sent) == 1


def test_what_was_announced_and_does_not_come_is_not_waited_for_long() -> None:
    mac = Mac(receiver_on=False)
    mac.layer.poll(PARENT, 0)
    mac.finish(pending=True)
    assert mac.alarm.at == POLL_WAIT
    mac.layer.on_timeout(POLL_WAIT - 1)
    assert mac.chip.listening is True
    mac.layer.on_timeout(POLL_WAIT)
    assert mac.chip.listening is False


def test_more_data_is_asked_for_at_once() -> None:
    mac = Mac(receiver_on=False)
    mac.layer.poll(PARENT, 0)
    mac.finish(pending=True)
    mac.hear(data(PARENT, b"first", 1, pending=True))
    assert [decode(psdu).payload for psdu in mac.chip.sent] == [POLL, POLL]
    assert mac.chip.listening is True
    mac.finish(pending=True)
    mac.hear(data(PARENT, b"second", 2))
    assert mac.chip.listening is False
    assert mac.heard == [(PARENT, b"first"), (PARENT, b"second")]


def test_polls_do_not_pile_up() -> None:
    mac = Mac()
    for _ in range(5):
        mac.layer.poll(PARENT, 0)
    mac.finish()
    assert len(mac.chip.sent) == 1
    mac.layer.poll(PARENT, 0)
    assert len(mac.chip.sent) == 2


# --- power -----


def test_a_mac_that_is_stopped_is_silent_for_ever() -> None:
    mac = Mac()
    mac.layer.send_data(PARENT, b"x", None, 0)
    mac.layer.send_data(PARENT, b"y", None, 0)
    mac.layer.hold_data(CHILD, None, 0)
    mac.layer.stop(0)
    mac.layer.send_data(PARENT, b"z", None, 0)
    mac.layer.hold_data(CHILD, None, 0)
    mac.layer.poll(PARENT, 0)
    mac.finish()
    mac.layer.on_timeout(NEVER)
    assert len(mac.chip.sent) == 1
    assert mac.chip.aborted == 1
    assert mac.chip.listening is False
    assert mac.chip.held == frozenset()
    assert mac.done == []
    assert mac.expired == []


def test_a_mac_that_is_stopped_by_the_news_that_a_frame_is_done_sends_no_other() -> None:
    mac = Mac()
    mac.on_done = lambda: mac.layer.stop(0)
    mac.layer.send_data(PARENT, b"x", None, 0)
    mac.layer.send_data(PARENT, b"y", None, 0)
    mac.finish()
    assert len(mac.chip.sent) == 1


def test_a_sleepy_bridge_gets_several_held_messages_with_one_poll_interval() -> None:
    han, bridge = pair(node_type=NodeType.SLEEPY, poll=5 * SECOND)
    han.run(5 * SECOND)
    begin = han.now
    for number in range(3):
        han.hub.send(bridge.short, bytes([number]))
    han.run(6 * SECOND)
    assert bridge.payloads() == [b"\0", b"\1", b"\2"]
    polls = [start for start, psdu, *_ in han.frames if start > begin and decode(psdu).payload == POLL]
    assert polls[2] - polls[0] < 100 * MILLISECOND
