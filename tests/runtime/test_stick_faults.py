"""What goes wrong between a virtual stick and its host comes to the right end, at the right time, and is told."""

from __future__ import annotations

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.rng import SeededStreams
from emulator.faults.serial_line import LineFaults
from emulator.ncp.ash.frames import ErrorFrame, ResetCode, RstAckFrame, RstFrame, encode
from emulator.ncp.ash.reader import AshReader
from emulator.ncp.stick import Stick
from emulator.runtime.engine import Engine
from emulator.runtime.loop import run_virtual
from emulator.runtime.stick_bench import BenchSettings, StickBench
from emulator.runtime.stick_faults import FaultyEnd, StickFaults, parse_faults

RST = encode(RstFrame())


def test_percent_and_seconds_become_what_the_parts_count_in() -> None:
    texts = ("lose=50", "flip=1", "double=0.5", "delay=2", "jitter=0.5", "reset=1.5", "error=3")
    line = LineFaults(0.5, 0.01, 0.005, 2 * MILLISECOND, MILLISECOND // 2)
    assert parse_faults(texts) == StickFaults(line, 3 * SECOND // 2, 3 * SECOND)
    assert parse_faults(()) == StickFaults()


class Desk:
    """A stick whose line has faults, in virtual time, and what its host reads with the moment it came."""

    def __init__(self, faults: StickFaults) -> None:
        self.engine = Engine()
        self.kinds: list[tuple[str, str | None]] = []
        self.read: list[tuple[int, object]] = []
        self.settled = 0
        self._reader = AshReader()
        self.end = FaultyEnd(stick(), faults, self.engine, SeededStreams(1), "stick", self._report, self._count)

    def _report(self, kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
        self.kinds.append((kind, reason))

    def _count(self) -> None:
        self.settled += 1

    def connect(self) -> None:
        self.end.connected(self._take, self.engine.now)

    def _take(self, octets: bytes) -> None:
        self.read += [(self.engine.now, frame) for frame in self._reader.feed(octets)]

    def write(self, octets: bytes) -> None:
        self.end.received(octets, self.engine.now)


def stick() -> Stick:
    """One with a chip that no other hears."""
    found: list[Stick] = []

    async def make() -> None:
        bench = StickBench(BenchSettings(), SeededStreams(1))
        found.append(bench.add().stick)
        bench.close()

    run_virtual(make())
    return found[0]


def test_octets_come_later_by_the_delay_in_each_direction() -> None:
    desk = Desk(StickFaults(LineFaults(delay=5 * MILLISECOND)))
    desk.connect()
    desk.engine.run_until(5 * MILLISECOND)
    assert desk.read == [(5 * MILLISECOND, RstAckFrame(ResetCode.POWER_ON))]
    desk.write(RST)
    desk.engine.run_until(20 * MILLISECOND)
    assert desk.read[1:] == [(15 * MILLISECOND, RstAckFrame(ResetCode.SOFTWARE))]
    assert desk.settled == 1


def test_what_was_on_its_way_to_a_host_that_left_does_not_reach_the_next_one() -> None:
    desk = Desk(StickFaults(LineFaults(delay=5 * MILLISECOND)))
    desk.connect()
    desk.write(RST)
    desk.end.disconnected(desk.engine.now)
    desk.engine.run_until(2 * MILLISECOND)
    desk.connect()
    desk.engine.run_until(SECOND)
    assert desk.read == [(7 * MILLISECOND, RstAckFrame(ResetCode.POWER_ON))]


@pytest.mark.parametrize(
    "faults, frame",
    [
        (StickFaults(reset=SECOND), RstAckFrame(ResetCode.WATCHDOG)),
        (StickFaults(error=SECOND), ErrorFrame(ResetCode.ACK_TIMEOUTS)),
    ],
    ids=["reset", "error"],
)
def test_a_stick_resets_or_fails_by_itself_once(faults: StickFaults, frame: object) -> None:
    desk = Desk(faults)
    desk.connect()
    desk.engine.run_until(10 * SECOND)
    assert desk.read[1:] == [(SECOND, frame)]
    assert [kind for kind, _ in desk.kinds] == ["stick.fault"]


def test_a_line_that_loses_everything_lets_nothing_through_and_says_so() -> None:
    desk = Desk(StickFaults(LineFaults(lose=1)))
    desk.connect()
    desk.write(RST)
    assert desk.read == []
    assert set(desk.kinds) == {("line.fault", "lost")}


def test_both_ends_of_a_bench_with_faults_go_through_them() -> None:
    async def main() -> None:
        bench = StickBench(BenchSettings(), SeededStreams(1))
        plain, faulty = bench.add(), bench.add(faults=StickFaults())
        assert plain.end is plain.stick
        assert isinstance(faulty.end, FaultyEnd)
        bench.close()

    run_virtual(main())
