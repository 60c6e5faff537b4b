"""A radio that hands over everything on its channel, whoever it is for."""

from __future__ import annotations

import random

from emulator.core.clock import SECOND
from emulator.ports.phy import RxFrame
from emulator.transports.memory.instant_radio import InstantRadio
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.topology import Link
from emulator.zigbee.frames.mac import FrameType, peek
from tests.transports.radios import CHANNEL, Air, Station, data, eui64

DATA, ACK = FrameType.DATA, FrameType.ACKNOWLEDGEMENT
LATER = 1 * SECOND
SNIFFER = 3


class Sniffer:
    """A radio of that kind, and what it took."""

    def __init__(self, air: Air, kind: type[Radio] = Radio) -> None:
        self.radio = kind(air.medium, eui64(SNIFFER), random.Random(1), CHANNEL)
        self.taken: list[tuple[int, RxFrame]] = []
        self.begin(0)

    def begin(self, now: int) -> None:
        self.radio.sniff(lambda frame, at: self.taken.append((at, frame)), now)

    @property
    def kinds(self) -> list[FrameType]:
        return [peek(frame.psdu).type for _, frame in self.taken]


def scene(*links: tuple[int, int]) -> tuple[Air, Sniffer, Station, Station]:
    air = Air()
    for one, other in ((1, 2), *links):
        air.connect(one, other)
    sender, receiver = air.stations(1, 2)
    return air, Sniffer(air), sender, receiver


def test_it_takes_a_frame_and_its_acknowledgement_as_they_were_on_the_air() -> None:
    air, sniffer, one, two = scene((1, SNIFFER), (2, SNIFFER))
    one.send(data(1, 2))
    air.engine.run_until(LATER)
    assert sniffer.kinds == [DATA, ACK]
    assert [frame.psdu for _, frame in sniffer.taken] == [frame[1] for frame in air.frames]
    assert (sniffer.taken[0][0], sniffer.taken[1][0]) == (two.heard[0][0], one.results[0][0])


def test_it_takes_what_it_can_hear_only() -> None:
    air, sniffer, one, _ = scene((2, SNIFFER))
    one.send(data(1, 2))
    air.engine.run_until(LATER)
    assert sniffer.kinds == [ACK]


def test_what_it_loses_it_does_not_take() -> None:
    air, sniffer, one, _ = scene()
    air.topology.connect(eui64(1), eui64(SNIFFER), Link(loss=1.0))
    one.send(data(1, 2))
    air.engine.run_until(LATER)
    assert sniffer.taken == []


def test_it_is_on_one_channel_at_a_time() -> None:
    air, sniffer, one, _ = scene((1, SNIFFER))
    sniffer.radio.tune(CHANNEL + 1, 0)
    one.send(data(1, 2))
    air.engine.run_until(LATER)
    assert sniffer.taken == []
    sniffer.radio.tune(CHANNEL, LATER)
    one.send(data(1, 2))
    air.engine.run_until(2 * LATER)
    assert sniffer.kinds == [DATA]


def test_it_acknowledges_nothing_that_is_for_its_address() -> None:
    air, sniffer, one, _ = scene((1, SNIFFER))
    sniffer.radio.address(0x1234, 0x0003, eui64(SNIFFER))
    sniffer.begin(0)
    one.send(data(1, SNIFFER))
    air.engine.run_until(LATER)
    assert sniffer.kinds == [DATA]
    assert len(air.frames) == 1


def test_afterwards_it_takes_nothing_and_its_receiver_is_off() -> None:
    air, sniffer, one, _ = scene((1, SNIFFER))
    sniffer.radio.stop_sniffing(0)
    one.send(data(1, 2))
    air.engine.run_until(LATER)
    assert sniffer.taken == []
    assert sniffer.radio.deaf_after(LATER)


def test_ending_what_has_not_begun_leaves_the_receiver_as_it_is() -> None:
    air, _, one, two = scene()
    two.radio.stop_sniffing(0)
    one.send(data(1, 2))
    air.engine.run_until(LATER)
    assert len(two.heard) == 1


def test_on_an_air_without_time_the_acknowledgement_still_comes_second() -> None:
    air = Air()
    for one, other in ((1, 2), (1, SNIFFER), (2, SNIFFER)):
        air.connect(one, other)
    sniffer = Sniffer(air, InstantRadio)
    sender, receiver = (InstantRadio(air.medium, eui64(number), random.Random(0), CHANNEL) for number in (1, 2))
    for number, radio in ((1, sender), (2, receiver)):
        radio.address(0x1A62, number, eui64(number))
        radio.listen(True, 0)
    sender.submit(data(1, 2), 0)
    air.engine.run_until(LATER)
    assert sniffer.kinds == [DATA, ACK]
