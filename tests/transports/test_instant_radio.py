"""An air whose frames take no time: the same HAN as ever, with nothing to wait for but timers."""

from __future__ import annotations

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.ports.phy import RxFrame, TxResult
from emulator.runtime.engine import Engine
from emulator.transports.memory.airtime import frame_airtime
from emulator.transports.memory.instant_radio import InstantRadio
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.topology import Link, Topology
from emulator.zigbee.frames.mac import FrameType, MacFrame, encode

ONE, OTHER = Eui64(1), Eui64(2)
PAN = 0x1A62


class Chip:
    """A user of a radio that keeps what it is told."""

    def __init__(self, radio: InstantRadio, short: int) -> None:
        self.radio = radio
        self.received_frames: list[tuple[int, bytes]] = []
        self.results: list[tuple[int, TxResult, bool]] = []
        radio.attach(self)
        radio.listen(True, 0)
        radio.address(PAN, short, radio.eui64)

    def received(self, frame: RxFrame, now: int) -> None:
        self.received_frames.append((now, frame.psdu))

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        self.results.append((now, result, pending))


class Air:
    """Two radios within earshot."""

    def __init__(self, loss: float = 0.0) -> None:
        self.engine = Engine()
        self.topology = Topology()
        self.topology.connect(ONE, OTHER, Link(loss=loss))
        self.captured: list[bytes] = []
        streams = SeededStreams(1)
        medium = Medium(
            self.engine, self.topology, streams.stream("loss"), capture=lambda _, psdu, *__: self.captured.append(psdu)
        )
        self.one = Chip(InstantRadio(medium, ONE, streams.stream("one")), 1)
        self.other = Chip(InstantRadio(medium, OTHER, streams.stream("other")), 2)


def data(destination: int, payload: bytes = b"x", *, acknowledge: bool = True) -> bytes:
    return encode(MacFrame(FrameType.DATA, 7, PAN, destination, PAN, 1, payload, acknowledge=acknowledge))


def test_a_frame_and_its_acknowledgement_are_over_in_the_moment_they_begin() -> None:
    air = Air()
    air.one.radio.submit(data(2), 0)
    air.engine.run_until(0)
    assert [now for now, _ in air.other.received_frames] == [0]
    assert air.one.results == [(0, TxResult.ACKED, False)]
    assert len(air.captured) == 2


def test_their_airtime_is_booked_all_the_same() -> None:
    air = Air()
    psdu = data(2, bytes(50))
    air.one.radio.submit(psdu, 0)
    air.engine.run_until(0)
    assert air.one.radio.counters.airtime == frame_airtime(len(psdu))
    assert air.other.radio.counters.airtime == frame_airtime(5)


def test_a_lost_frame_is_not_acknowledged_and_a_stranger_takes_none() -> None:
    air = Air(loss=1.0)
    air.one.radio.submit(data(2), 0)
    air.engine.run_until(SECOND)
    assert [result for _, result, _ in air.one.results] == [TxResult.NO_ACK]
    air = Air()
    air.one.radio.submit(data(3), 0)
    air.engine.run_until(SECOND)
    assert air.other.received_frames == []
    assert [result for _, result, _ in air.one.results] == [TxResult.NO_ACK]


def test_both_may_speak_in_the_same_moment() -> None:
    air = Air()
    air.one.radio.submit(data(2), 0)
    air.other.radio.submit(encode(MacFrame(FrameType.DATA, 9, PAN, 1, PAN, 2, b"y", acknowledge=True)), 0)
    air.engine.run_until(0)
    assert len(air.one.received_frames) == len(air.other.received_frames) == 1
    assert [result for _, result, _ in (*air.one.results, *air.other.results)] == [TxResult.ACKED] * 2


def test_a_frame_given_up_before_it_was_sent_is_not_sent() -> None:
    air = Air()
    air.one.radio.submit(data(2), 0)
    air.one.radio.abort()
    air.engine.run_until(SECOND)
    assert (air.captured, air.one.results) == ([], [])
