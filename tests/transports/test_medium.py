"""Who receives what: overlapping frames, hidden nodes, losses, the capture."""

from __future__ import annotations

from functools import partial

import pytest

from emulator.ports.phy import TxResult
from emulator.transports.memory.airtime import frame_airtime
from emulator.transports.memory.topology import Link, Topology
from emulator.zigbee.frames.mac import FrameType, fcs_is_good, peek
from tests.transports.radios import Air, Station, data, eui64

ACKED, NO_ACK = TxResult.ACKED, TxResult.NO_ACK


def broadcast(number: int, octets: int = 50) -> bytes:
    return data(number, 0xFFFF, bytes([number]) * octets, acknowledge=False)


def overlapping(first_rssi: int, second_rssi: int, capture_db: int = 10) -> tuple[Air, Station]:
    """Radios 1 and 3, deaf to each other, send so that their frames overlap at 2."""
    air = Air(capture_db=capture_db)
    air.hear(1, 2, first_rssi)
    air.hear(3, 2, second_rssi)
    one, two, three = Station(air, 1, draw=0.0), Station(air, 2), Station(air, 3, draw=0.2)
    one.send(broadcast(1))
    three.send(broadcast(3))
    air.engine.run_until(100_000)
    starts = [frame[0] for frame in air.frames]
    assert starts[0] < starts[1] < starts[0] + frame_airtime(len(broadcast(1)))
    return air, two


@pytest.mark.parametrize("capture_db", [3, 10])
@pytest.mark.parametrize("stronger", [1, 3])
def test_of_two_overlapping_frames_one_survives_only_if_it_is_that_much_stronger(
    capture_db: int, stronger: int
) -> None:
    def rssi(number: int, difference: int) -> int:
        return -60 + (difference if number == stronger else 0)

    _, two = overlapping(rssi(1, capture_db), rssi(3, capture_db), capture_db)
    assert two.payloads == [bytes([stronger]) * 50]
    air, two = overlapping(rssi(1, capture_db - 1), rssi(3, capture_db - 1), capture_db)
    assert two.payloads == []
    assert air.lost == [("collision", "2"), ("collision", "2")]


def test_frames_that_do_not_overlap_are_both_received() -> None:
    air = Air()
    air.hear(1, 2)
    air.hear(3, 2)
    one, two, three = Station(air, 1, draw=0.0), Station(air, 2), Station(air, 3, draw=0.9)
    one.send(broadcast(1, 20))
    three.send(broadcast(3, 20))
    air.engine.run_until(100_000)
    assert len(two.heard) == 2


def test_a_short_frame_at_the_beginning_of_the_longest_one_spoils_it_even_if_another_begins_before_it_ends() -> None:
    air = Air()
    air.hear(1, 2)
    air.hear(3, 2)
    one, two, three, four = (Station(air, number, draw=0.0) for number in (1, 2, 3, 4))
    short, longest = broadcast(3, 0), broadcast(1, 116)
    three.send(short)
    end_of_short = 320 + frame_airtime(len(short))
    air.engine.call_at(end_of_short - 10 - 320, one.send, longest)
    end_of_longest = end_of_short - 10 + frame_airtime(127)
    air.engine.call_at(end_of_longest - 128 - 10, four.send, broadcast(4, 0))
    air.engine.run_until(100_000)
    assert len(air.frames) == 3
    assert two.payloads == []


def _send_more(station: Station, _: TxResult) -> None:
    if len(station.results) <= 40:
        station.send(data(station.number, 2, bytes(80), 1 + len(station.results)))


def exchange_load(*, within_earshot: bool, seed: int) -> tuple[int, int]:
    """Two stations send a third 40 frames each as fast as they can: collisions at it, and frames given up."""
    air = Air(seed)
    air.connect(1, 2)
    air.connect(3, 2)
    if within_earshot:
        air.connect(1, 3)
    one, _two, three = air.stations(1, 2, 3)
    for station in (one, three):
        station.on_result = partial(_send_more, station)
        station.send(data(station.number, 2, bytes(80), 1))
    air.engine.run_until(5_000_000)
    assert len(one.results) == len(three.results) == 41
    collisions = sum(reason == "collision" for reason, to in air.lost if to == "2")
    return collisions, (one.outcomes + three.outcomes).count(NO_ACK)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hidden_nodes_lose_frames_and_the_same_two_within_earshot_do_not(seed: int) -> None:
    hidden, hidden_failures = exchange_load(within_earshot=False, seed=seed)
    heard, heard_failures = exchange_load(within_earshot=True, seed=seed)
    assert hidden > 40
    assert hidden_failures > 20
    # Those within earshot collide only where both find the channel free within one turnaround of each other.
    assert heard < hidden / 4
    assert heard_failures < hidden_failures / 4


def test_a_radio_that_sends_hears_nothing_meanwhile() -> None:
    air = Air()
    air.hear(1, 2)
    one, two = Station(air, 1, draw=0.0), Station(air, 2, draw=0.0)
    one.send(broadcast(1))
    # 2 looks in the turnaround of 1, when the channel is still silent.
    air.engine.call_at(150, two.send, broadcast(2))
    air.engine.run_until(100_000)
    assert [frame[0] for frame in air.frames] == [320, 470]
    assert two.heard == []
    assert air.lost == [("receiver-sending", "2")]


def test_a_station_within_earshot_waits_for_the_other() -> None:
    air = Air()
    air.connect(1, 3)
    one, three = Station(air, 1, draw=0.0), Station(air, 3, draw=0.5)
    one.send(broadcast(1, 100))
    three.send(broadcast(3, 100))
    air.engine.run_until(100_000)
    assert air.frames[1][0] >= air.frames[0][0] + frame_airtime(111)
    assert three.radio.counters.busy > 0


def repeated(loss_there: float, loss_back: float, seed: int, frames: int = 400) -> tuple[Station, Station, Air]:
    air = Air(seed)
    air.hear(1, 2, loss=loss_there)
    air.hear(2, 1, loss=loss_back)
    one, two = air.stations(1, 2)
    one.on_result = lambda _: one.send(data(1, 2)) if len(one.results) < frames else None
    one.send(data(1, 2))
    air.engine.run_until(10_000_000)
    return one, two, air


@pytest.mark.parametrize("seed", [1, 2])
def test_loss_is_drawn_for_each_frame_and_each_acknowledgement(seed: int) -> None:
    one, two, _ = repeated(0.3, 0.0, seed)
    assert 0.22 < one.outcomes.count(NO_ACK) / 400 < 0.38
    assert len(two.heard) == one.outcomes.count(ACKED)
    one, two, air = repeated(0.0, 0.3, seed)
    assert 0.22 < one.outcomes.count(NO_ACK) / 400 < 0.38
    assert len(two.heard) == 400
    assert air.lost.count(("loss", "1")) == one.outcomes.count(NO_ACK)


def test_nothing_is_lost_without_loss_and_everything_with_certain_loss() -> None:
    assert repeated(0.0, 0.0, 1)[0].outcomes == [ACKED] * 400
    assert repeated(1.0, 0.0, 1, 20)[0].outcomes == [NO_ACK] * 20


def test_one_way_links_carry_one_way() -> None:
    air = Air()
    air.hear(1, 2)
    one, two = air.stations(1, 2)
    one.send(data(1, 2))
    air.engine.run_until(100_000)
    assert len(two.heard) == 1
    assert one.outcomes == [NO_ACK]
    assert air.lost == [("out-of-earshot", "1")]


def test_rssi_and_lqi_are_those_of_the_link() -> None:
    air = Air()
    air.connect(1, 2, rssi=-80)
    one, two = air.stations(1, 2)
    one.send(data(1, 2))
    air.engine.run_until(100_000)
    assert (two.heard[0][1].rssi, two.heard[0][1].lqi) == (-80, 68)


@pytest.mark.parametrize("rssi, lqi", [(-20, 255), (-33, 255), (-34, 252), (-97, 0), (-120, 0)])
def test_lqi_says_how_far_a_signal_is_above_the_sensitivity(rssi: int, lqi: int) -> None:
    assert Link(rssi).lqi == lqi


def test_the_capture_has_every_frame_in_the_order_of_their_starts_as_the_nearest_listener_has_them() -> None:
    air = Air(seed=3)
    for ends, rssi in (((1, 2), -70), ((1, 3), -60), ((2, 3), -50)):
        air.connect(*ends, rssi)
    stations = air.stations(1, 2, 3)
    for station in stations:
        for other in stations:
            if other is not station:
                air.engine.call_at(
                    station.number * 700 + other.number * 40_000, station.send, data(station.number, other.number)
                )
    air.engine.run_until(300_000)
    starts = [frame[0] for frame in air.frames]
    assert starts == sorted(starts)
    assert len(air.frames) >= 10
    strongest = {1: -60, 2: -50, 3: -50}
    for _, psdu, rssi, lqi, channel in air.frames:
        assert fcs_is_good(psdu)
        assert channel == 15
        assert lqi == Link(rssi).lqi
        if peek(psdu).type is FrameType.DATA:
            assert rssi == strongest[peek(psdu).source or 0]


def test_every_frame_is_booked_with_its_sender_and_airtime() -> None:
    air = Air()
    air.connect(1, 2)
    one, two = air.stations(1, 2)
    one.send(data(1, 2, bytes(40)))
    air.engine.run_until(100_000)
    assert [(sender, span) for sender, span, _ in air.booked] == [(eui64(1), 57 * 32), (eui64(2), 11 * 32)]
    assert one.radio.counters.frames == two.radio.counters.frames == 1
    assert (one.radio.counters.airtime, two.radio.counters.airtime) == (57 * 32, 11 * 32)
    assert one.radio.counters.exchanged == two.radio.counters.exchanged == 68 * 32


def busy_channel(seed: int, extra: bool) -> list[tuple[int, bytes]]:
    """What is sent on channel 15 by two lossy stations, perhaps with two others on channel 20."""
    air = Air(seed)
    air.connect(1, 2, loss=0.3)
    stations = air.stations(1, 2)
    if extra:
        air.connect(3, 4, loss=0.3)
        others = air.stations(3, 4)
        for station in others:
            station.radio.tune(20, 0)
        stations += others
    for first, second in zip(stations[::2], stations[1::2], strict=True):
        for index in range(30):
            air.engine.call_at(index * 20_000, first.send, data(first.number, second.number, bytes(20), index))
            air.engine.call_at(index * 20_000, second.send, data(second.number, first.number, bytes(20), index))
    air.engine.run_until(1_000_000)
    return [(start, psdu) for start, psdu, _, _, channel in air.frames if channel == 15]


def test_the_same_seed_gives_the_same_frames_and_another_seed_others() -> None:
    assert busy_channel(1, extra=False) == busy_channel(1, extra=False)
    assert busy_channel(1, extra=False) != busy_channel(2, extra=False)


def test_devices_on_another_channel_change_nothing_on_this_one() -> None:
    assert busy_channel(1, extra=True) == busy_channel(1, extra=False)


def test_a_topology_says_who_hears_whom_and_counts_its_changes() -> None:
    topology = Topology()
    topology.chain([eui64(1), eui64(2), eui64(3)])
    assert topology.link(eui64(1), eui64(2)) == Link()
    assert topology.link(eui64(1), eui64(3)) is None
    assert [receiver for receiver, _ in topology.hearers(eui64(2))] == [eui64(1), eui64(3)]
    before = topology.version
    topology.set(eui64(1), eui64(2), None)
    assert topology.link(eui64(1), eui64(2)) is None
    assert topology.link(eui64(2), eui64(1)) == Link()
    assert topology.version > before


def test_a_link_that_is_cut_or_moved_counts_from_then_on() -> None:
    air = Air()
    air.connect(1, 2)
    one, two = air.stations(1, 2)
    one.send(data(1, 2, sequence=1))
    air.engine.run_until(50_000)
    air.topology.set(eui64(1), eui64(2), None)
    one.send(data(1, 2, sequence=2))
    air.engine.run_until(100_000)
    assert one.outcomes == [ACKED, NO_ACK]
    assert len(two.heard) == 1
