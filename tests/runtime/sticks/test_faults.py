"""What goes wrong between a virtual stick and its host comes to the right end, at the right time, and is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.ncp.ash.frames import AckFrame, DataFrame, ErrorFrame, NakFrame, ResetCode, RstAckFrame, RstFrame, encode
from emulator.ncp.ash.reader import AshReader
from emulator.ncp.chip import PACKET_BUFFERS
from emulator.runtime.loop import VirtualLoop
from emulator.runtime.sticks.bench import BenchSettings, StickBench
from emulator.runtime.sticks.faults import FaultyEnd, parse_faults

RST = encode(RstFrame())
VERSION_4 = b"\x00\x00\x00\x04"
"""The first EZSP command of every host."""


class Desk:
    """A stick whose line has faults, in virtual time, and what its host reads with the moment it came."""

    def __init__(self, loop: VirtualLoop, *faults: str) -> None:
        self.events: list[Event] = []
        self.read: list[tuple[int, object]] = []
        self.plugged = True
        self._loop = loop
        self._reader = AshReader()
        self.bench = StickBench(BenchSettings("instant"), SeededStreams(1), sinks=(self.events.append,))
        self.stick = self.bench.add(faults=parse_faults(faults))
        self.stick.lines.append(self)

    @property
    def now(self) -> int:
        return self.bench.clock.now

    def unplug(self) -> None:
        self.plugged = False

    def plug(self) -> None:
        self.plugged = True

    def connect(self) -> None:
        self.stick.enter(lambda now: self.stick.end.connected(self._take, now))

    def disconnect(self) -> None:
        self.stick.enter(self.stick.end.disconnected)

    def _take(self, octets: bytes) -> None:
        self.read += [(self.now, frame) for frame in self._reader.feed(octets)]

    def frames(self) -> list[object]:
        """What came since this was asked last."""
        frames = [frame for _, frame in self.read]
        self.read.clear()
        return frames

    def write(self, octets: bytes) -> None:
        self.stick.enter(lambda now: self.stick.end.received(octets, now))

    def pass_time(self, span: int) -> None:
        self._loop.run_until_complete(self._sleep(span))

    async def _sleep(self, span: int) -> None:
        await asyncio.sleep(span / SECOND)

    def kinds(self) -> list[tuple[str, str | None]]:
        return [(event.kind, event.reason) for event in self.events if event.kind.startswith(("line.", "stick."))]


@contextmanager
def desk(*faults: str) -> Iterator[Desk]:
    loop = VirtualLoop()

    async def made() -> Desk:
        return Desk(loop, *faults)

    try:
        found = loop.run_until_complete(made())
        yield found
        found.bench.close()
    finally:
        loop.close()


def ask_version(at: Desk, number: int = 0, acknowledges: int = 0) -> None:
    at.write(encode(DataFrame(number, False, acknowledges, VERSION_4)))


def answers(frames: list[object]) -> list[int]:
    """EZSP versions that were told."""
    return [frame.payload[3] for frame in frames if isinstance(frame, DataFrame)]


# --- the line --------------------------------------------------------------------------------------------------------


def test_octets_come_later_by_the_delay_in_each_direction() -> None:
    with desk("delay=5") as at:
        at.connect()
        at.pass_time(5 * MILLISECOND)
        assert at.read == [(5 * MILLISECOND, RstAckFrame(ResetCode.POWER_ON))]
        at.write(RST)
        at.pass_time(15 * MILLISECOND)
        assert at.read[1:] == [(15 * MILLISECOND, RstAckFrame(ResetCode.SOFTWARE))]


def test_what_was_on_its_way_to_a_host_that_left_does_not_reach_the_next_one() -> None:
    with desk("delay=5") as at:
        at.connect()
        at.write(RST)
        at.disconnect()
        at.pass_time(2 * MILLISECOND)
        at.connect()
        at.pass_time(SECOND)
        assert at.read == [(7 * MILLISECOND, RstAckFrame(ResetCode.POWER_ON))]


def test_a_line_that_loses_everything_lets_nothing_through_and_says_so() -> None:
    with desk("lose=100") as at:
        at.connect()
        at.write(RST)
        assert at.read == []
        assert set(at.kinds()) == {("line.fault", "lost")}


def test_a_delay_that_is_over_lets_nothing_overtake() -> None:
    with desk("delay=500@1s:1s") as at:
        at.pass_time(1900 * MILLISECOND)
        at.connect()
        at.pass_time(200 * MILLISECOND)
        at.write(RST)
        at.pass_time(SECOND)
        assert [when for when, _ in at.read] == [2400 * MILLISECOND, 2400 * MILLISECOND]


# --- frames ----------------------------------------------------------------------------------------------------------


def test_a_nak_storm_refuses_every_command_as_long_as_it_lasts_and_no_other_frame() -> None:
    with desk("nak=100@1s:1s") as at:
        at.connect()
        at.pass_time(SECOND + 1)
        at.frames()
        for _ in range(3):
            ask_version(at)
        assert at.frames() == [NakFrame(0)] * 3
        at.write(RST)
        assert at.frames() == [RstAckFrame(ResetCode.SOFTWARE)]
        at.pass_time(SECOND)
        ask_version(at)
        assert answers(at.frames()) == [13]
        assert at.kinds().count(("line.fault", "nak")) == 3


def test_acknowledgements_that_are_lost_make_a_stick_send_again_and_data_gets_through() -> None:
    with desk("lost-ack=100@0s:2s") as at:
        at.connect()
        ask_version(at)
        at.write(encode(AckFrame(1)))
        at.pass_time(1900 * MILLISECOND)
        assert answers(at.frames()) == [13, 13]
        at.pass_time(SECOND)
        at.write(encode(AckFrame(1)))
        at.pass_time(20 * SECOND)
        assert answers(at.frames()) == []


def test_frames_that_come_in_pieces_are_judged_whole() -> None:
    with desk("nak=100") as at:
        at.connect()
        at.frames()
        for octet in encode(DataFrame(0, False, 0, VERSION_4)):
            at.write(bytes((octet,)))
        assert at.frames() == [NakFrame(0)]


def test_a_share_of_frames_is_befallen_and_the_rest_is_not() -> None:
    with desk("nak=50") as at:
        at.connect()
        at.frames()
        number = naks = 0
        for _ in range(200):
            ask_version(at, number % 8, number % 8)
            frames = at.frames()
            naks += sum(isinstance(frame, NakFrame) for frame in frames)
            number += len(answers(frames))
        assert naks + number == 200
        assert 60 < naks < 140


# --- the stick -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault, frame",
    [
        ("reset=1", RstAckFrame(ResetCode.WATCHDOG)),
        ("reset@1s", RstAckFrame(ResetCode.WATCHDOG)),
        ("error=1", ErrorFrame(ResetCode.ACK_TIMEOUTS)),
    ],
)
def test_a_stick_resets_or_fails_by_itself_once(fault: str, frame: object) -> None:
    with desk(fault) as at:
        at.connect()
        at.pass_time(10 * SECOND)
        assert at.read[1:] == [(SECOND, frame)]
        assert [kind for kind, _ in at.kinds()] == ["stick.fault"]


def test_a_stick_that_hangs_says_nothing_and_hears_nothing_until_it_is_over() -> None:
    with desk("hang@1s:5s") as at:
        at.connect()
        at.pass_time(2 * SECOND)
        at.frames()
        at.write(RST)
        at.pass_time(3 * SECOND)
        assert at.frames() == []
        assert at.plugged
        at.pass_time(2 * SECOND)
        at.write(RST)
        assert at.frames() == [RstAckFrame(ResetCode.SOFTWARE)]


def test_a_stick_that_is_unplugged_has_no_power_until_it_is_plugged_in() -> None:
    with desk("unplug@1s:5s") as at:
        at.connect()
        at.pass_time(2 * SECOND)
        at.frames()
        assert not at.plugged
        at.write(RST)
        at.disconnect()
        at.connect()
        at.pass_time(3 * SECOND)
        assert at.frames() == []
        at.pass_time(2 * SECOND)
        assert at.plugged
        assert at.frames() == [RstAckFrame(ResetCode.POWER_ON)]


@pytest.mark.parametrize("faults", [("unplug@1s:5s", "unplug@2s:10s"), ("unplug@1s:11s", "eui64@2s:5s")])
def test_a_stick_that_is_unplugged_twice_is_away_until_both_are_over(faults: tuple[str, str]) -> None:
    with desk(*faults) as at:
        at.pass_time(11 * SECOND)
        assert not at.plugged
        at.pass_time(2 * SECOND)
        assert at.plugged


def test_another_stick_comes_back_in_its_place() -> None:
    with desk("eui64=00:db:12:00:00:00:00:07@1s:2s") as at:
        before = at.stick.chip.eui64
        at.connect()
        at.pass_time(4 * SECOND)
        assert at.stick.chip.eui64 == 0x00DB_1200_0000_0007 != before
        assert at.frames()[-1] == RstAckFrame(ResetCode.POWER_ON)
        ask_version(at)
        assert answers(at.frames()) == [13]


def test_another_stick_that_is_not_named_is_nobody_else() -> None:
    with desk("eui64@1s") as at:
        before = at.stick.chip.eui64
        at.pass_time(4 * SECOND)
        assert at.stick.chip.eui64 != before


def test_an_address_that_another_has_leaves_the_stick_that_was_there() -> None:
    with desk("eui64=00db120000000007@1s") as at:
        taken = at.bench.fresh_flash("other", 13)
        before = at.stick.chip.eui64
        taken.eui64 = type(taken.eui64)(0x00DB_1200_0000_0007)
        at.bench.port(taken.eui64, "other")
        at.pass_time(4 * SECOND)
        assert at.stick.chip.eui64 == before
        assert ("stick.fault", "no-such-stick") in at.kinds()
        assert at.plugged


@pytest.mark.parametrize("version", [16, 8, 20, 255])
def test_it_comes_back_with_another_version(version: int) -> None:
    with desk(f"version={version}@1s:2s") as at:
        before = at.stick.chip.eui64
        at.connect()
        at.pass_time(4 * SECOND)
        at.frames()
        ask_version(at)
        assert answers(at.frames()) == [version]
        assert at.stick.chip.eui64 == before


def test_a_stick_that_is_full_has_no_buffers_until_it_is_over() -> None:
    with desk("full@1s:1s") as at:
        assert at.stick.chip.free_buffers == PACKET_BUFFERS
        at.pass_time(1500 * MILLISECOND)
        assert at.stick.chip.free_buffers == 0
        at.pass_time(SECOND)
        assert at.stick.chip.free_buffers == PACKET_BUFFERS


def test_whatever_befalls_it_is_told_with_its_beginning_and_end() -> None:
    with desk("hang@1s:1s") as at:
        at.pass_time(3 * SECOND)
        assert at.kinds() == [("stick.fault", "hang"), ("stick.fault-over", "hang")]
        assert [event.at for event in at.events] == [SECOND, 2 * SECOND]


def test_what_befalls_one_stick_leaves_the_others_alone() -> None:
    loop = VirtualLoop()

    async def ends() -> list[object]:
        bench = StickBench(BenchSettings(), SeededStreams(1))
        faults = parse_faults(("1/lose=100",))
        found = [bench.add(faults=faults.of(index)).end for index in range(2)] + [bench.add().end]
        heard: list[bytes] = []
        for end in found:
            end.connected(heard.append, 0)
        bench.close()
        assert isinstance(found[0], FaultyEnd)
        assert not isinstance(found[2], FaultyEnd)
        return list(heard)

    try:
        heard: list[object] = loop.run_until_complete(ends())
    finally:
        loop.close()
    assert [bool(octets) for octets in heard] == [True, False, True]
