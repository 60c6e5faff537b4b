"""One radio, its timing and its address filter."""

from __future__ import annotations

import random

import pytest

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.phy import ENERGY_SPAN, TxResult
from emulator.transports.memory.airtime import (
    ACK_FRAME,
    ACK_WAIT,
    CCA,
    LONG_SPACING,
    TURNAROUND,
    UNIT_BACKOFF,
    frame_airtime,
)
from emulator.transports.memory.medium import NOISE_FLOOR
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.topology import Link
from emulator.zigbee.frames.mac import FrameType, MacFrame, decode, encode
from tests.transports.radios import CHANNEL, PAN, Air, Fixed, Station, data, data_request, eui64

ACKED, NO_ACK, NO_ACCESS = TxResult.ACKED, TxResult.NO_ACK, TxResult.CHANNEL_ACCESS_FAILURE


def pair(seed: int = 1) -> tuple[Air, Station, Station]:
    air = Air(seed)
    air.connect(1, 2)
    one, two = air.stations(1, 2)
    return air, one, two


def jam(air: Air, number: int, count: int) -> None:
    """Let a radio fill the channel with the longest frames, back to back, from now on."""
    jammer = Radio(air.medium, eui64(number), Fixed(0.0), CHANNEL)
    longest = data(number, 0xFFFF, bytes(116), acknowledge=False)

    def begin() -> None:
        air.medium.begin(jammer, longest, air.engine.now, 0)

    for index in range(count):
        air.engine.call_at(index * frame_airtime(len(longest)), begin)


def test_a_frame_lasts_32_microseconds_an_octet_with_six_octets_of_preamble() -> None:
    assert frame_airtime(127) == 133 * 32 == 4256
    assert frame_airtime(5) == ACK_FRAME == 352


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
def test_a_frame_and_its_acknowledgement_take_what_the_standard_says(draw: float) -> None:
    air = Air()
    air.connect(1, 2)
    one = Radio(air.medium, eui64(1), Fixed(draw), CHANNEL)
    two = Station(air, 2)
    one.address(PAN, 1, eui64(1))
    one.listen(True, 0)
    psdu = data(1, 2, bytes(60))
    one.submit(psdu, 0)
    air.engine.run_until(100_000)
    start = int(draw * 8) * UNIT_BACKOFF + CCA + TURNAROUND
    end = start + frame_airtime(len(psdu))
    assert [frame[0] for frame in air.frames] == [start, end + TURNAROUND]
    assert two.heard[0][0] == end


def test_the_result_comes_when_the_acknowledgement_has_ended() -> None:
    air, one, two = pair()
    one.send(data(1, 2))
    air.engine.run_until(100_000)
    received = two.heard[0][0]
    assert one.results == [(received + TURNAROUND + ACK_FRAME, ACKED, False)]


def test_without_an_acknowledgement_the_result_comes_after_the_wait_of_54_symbols() -> None:
    air, one, two = pair()
    two.radio.listen(False, 0)
    one.send(data(1, 2))
    air.engine.run_until(100_000)
    end = air.frames[0][0] + frame_airtime(len(air.frames[0][1]))
    assert one.results == [(end + ACK_WAIT, NO_ACK, False)]
    assert one.radio.counters.unacknowledged == 1


def test_a_frame_that_asks_for_no_acknowledgement_is_done_when_it_has_ended() -> None:
    air, one, two = pair()
    one.send(data(1, 2, acknowledge=False))
    air.engine.run_until(100_000)
    assert one.results == [(two.heard[0][0], ACKED, False)]
    assert len(air.frames) == 1


def test_the_next_frame_keeps_the_spacing() -> None:
    air, one, _ = pair()
    one.on_result = lambda _: one.send(data(1, 2, bytes(50), 2)) if len(one.results) == 1 else None
    one.send(data(1, 2, bytes(50)))
    air.engine.run_until(100_000)
    assert air.frames[2][0] >= one.results[0][0] + LONG_SPACING + CCA + TURNAROUND


def test_backoff_exponents_rise_from_three_to_five_and_the_fifth_busy_assessment_is_the_last() -> None:
    air = Air()
    air.connect(1, 2)
    air.hear(9, 1)
    one = Radio(air.medium, eui64(1), Fixed(0.999), CHANNEL)
    results: list[tuple[int, TxResult]] = []

    class User:
        def received(self, frame: object, now: int) -> None: ...

        def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
            results.append((now, result))

    one.attach(User())
    jam(air, 9, 20)
    one.submit(data(1, 2), 0)
    air.engine.run_until(200_000)
    waits = [7, 15, 31, 31, 31]
    assert results == [(sum(waits) * UNIT_BACKOFF + 5 * CCA, NO_ACCESS)]
    assert one.counters.busy == 5


def test_a_channel_that_is_free_at_the_fifth_assessment_is_used() -> None:
    air = Air()
    air.connect(1, 2)
    air.hear(9, 1)
    one = Radio(air.medium, eui64(1), Fixed(0.999), CHANNEL)
    two = Station(air, 2)
    fourth = (7 + 15 + 31 + 31) * UNIT_BACKOFF + 4 * CCA
    count = fourth // frame_airtime(127) + 1
    jam(air, 9, count)
    one.submit(data(1, 2), 0)
    air.engine.run_until(200_000)
    assert one.counters.busy == 4
    assert len(two.heard) == 1


def test_a_radio_out_of_earshot_is_no_reason_to_wait() -> None:
    air, one, two = pair()
    jam(air, 9, 20)
    one.send(data(1, 2))
    air.engine.run_until(200_000)
    assert one.outcomes == [ACKED]
    assert len(two.heard) == 1


def test_one_frame_at_a_time() -> None:
    _, one, _ = pair()
    one.send(data(1, 2))
    with pytest.raises(LocalProtocolError):
        one.send(data(1, 2))


def test_a_frame_of_128_octets_is_refused() -> None:
    _, one, _ = pair()
    with pytest.raises(LocalProtocolError):
        one.send(bytes(128))


def test_two_radios_do_not_stand_in_one_place() -> None:
    air, _, _ = pair()
    with pytest.raises(LocalProtocolError):
        Radio(air.medium, eui64(1), random.Random(1))


def test_a_radio_goes_by_the_eui64_that_it_was_given_last() -> None:
    air, one, two = pair()
    two.radio.address(PAN, 2, Eui64(5))
    for destination in (5, eui64(2)):
        one.send(frame(destination, extended=True))
        air.engine.run_for(SECOND)
    assert one.outcomes == [ACKED, NO_ACK]


# --- the address filter ----------------------------------------------------------------------------------------------


def frame(destination: int, *, pan: int = PAN, extended: bool = False, acknowledge: bool = True) -> bytes:
    return encode(
        MacFrame(
            FrameType.DATA, 1, pan, destination, PAN, 1, b"x", acknowledge=acknowledge, destination_extended=extended
        )
    )


@pytest.mark.parametrize(
    "psdu, heard, acknowledged",
    [
        pytest.param(frame(2), True, True, id="own short address"),
        pytest.param(frame(3), False, False, id="somebody else"),
        pytest.param(frame(eui64(2), extended=True), True, True, id="own EUI-64"),
        pytest.param(frame(eui64(3), extended=True), False, False, id="another EUI-64"),
        pytest.param(frame(2, pan=0x2222), False, False, id="another PAN"),
        pytest.param(frame(eui64(2), pan=0x2222, extended=True), False, False, id="own EUI-64 in another PAN"),
        pytest.param(frame(2, pan=0xFFFF), True, True, id="own short address in any PAN"),
        pytest.param(frame(0xFFFF), True, False, id="broadcast is never acknowledged"),
        pytest.param(frame(0xFFFF, pan=0xFFFF, acknowledge=False), True, False, id="broadcast to all PANs"),
        pytest.param(frame(0xFFFF, pan=0x2222), False, False, id="broadcast in another PAN"),
        pytest.param(frame(0xFFFF, extended=True), False, False, id="an EUI-64 of 65535 is no broadcast"),
        pytest.param(frame(2)[:-1] + bytes((frame(2)[-1] ^ 1,)), False, False, id="bad FCS"),
    ],
)
def test_the_address_filter(psdu: bytes, heard: bool, acknowledged: bool) -> None:
    air, one, two = pair()
    one.send(psdu)
    air.engine.run_until(100_000)
    assert bool(two.heard) is heard
    assert (len(air.frames) == 2) is acknowledged


@pytest.mark.parametrize("short", [0xFFFF, 0xFFFE])
def test_a_radio_without_a_short_address_is_not_addressed_by_that(short: int) -> None:
    air, one, two = pair()
    two.radio.address(PAN, short, eui64(2))
    one.send(frame(short))
    air.engine.run_until(100_000)
    assert len(air.frames) == 1


def test_octets_that_are_no_frame_are_sent_and_heard_by_nobody() -> None:
    air, one, two = pair()
    one.send(b"\x07\x00\x00\x00\x00")
    one.on_result = lambda _: None
    air.engine.run_until(100_000)
    assert one.outcomes == [ACKED]
    assert not two.heard


def test_the_frame_pending_bit_tells_a_child_that_something_is_held_for_it() -> None:
    air, one, two = pair()
    two.radio.hold_for(frozenset({1}))
    one.send(data_request(1, 2))
    air.engine.run_until(100_000)
    assert one.results[0][1:] == (ACKED, True)
    assert decode(air.frames[1][1]).pending


@pytest.mark.parametrize(
    "psdu, held",
    [(data_request(1, 2), frozenset({3})), (data(1, 2, b"\x04"), frozenset({1}))],
    ids=["other", "data"],
)
def test_nothing_is_pending_for_others_or_for_what_is_no_data_request(psdu: bytes, held: frozenset[int]) -> None:
    air, one, two = pair()
    two.radio.hold_for(held)
    one.send(psdu)
    air.engine.run_until(100_000)
    assert one.results[0][1:] == (ACKED, False)


def test_a_radio_that_is_off_or_elsewhere_hears_nothing() -> None:
    air, one, two = pair()
    two.radio.listen(False, 0)
    one.send(data(1, 2))
    air.engine.run_until(50_000)
    two.radio.listen(True, air.engine.now)
    two.radio.tune(20, air.engine.now)
    one.send(data(1, 2))
    air.engine.run_until(100_000)
    assert not two.heard
    assert one.outcomes == [NO_ACK, NO_ACK]


@pytest.mark.parametrize("switch", ["listen", "tune"])
def test_a_receiver_that_came_in_the_middle_of_a_frame_does_not_get_it(switch: str) -> None:
    air, one, two = pair()
    one.send(data(1, 2, bytes(100)))
    if switch == "listen":
        two.radio.listen(False, 0)
        air.engine.call_at(4_000, two.radio.listen, True, 4_000)
    else:
        two.radio.tune(20, 0)
        air.engine.call_at(4_000, two.radio.tune, CHANNEL, 4_000)
    air.engine.run_until(100_000)
    assert air.frames[0][0] < 4_000 < air.frames[0][0] + frame_airtime(111)
    assert not two.heard
    assert ("receiver-off", "2") in air.lost


def test_a_sender_that_retunes_in_the_middle_of_a_frame_reaches_nobody() -> None:
    air, one, two = pair()
    three = Station(air, 3)
    air.connect(1, 3)
    three.radio.tune(20, 0)
    one.send(data(1, 0xFFFF, bytes(100), acknowledge=False))
    air.engine.call_at(4_000, one.radio.tune, 20, 4_000)
    air.engine.run_until(100_000)
    assert not two.heard
    assert not three.heard
    assert one.outcomes == [ACKED]


# --- power down -----------------------------------------------------------------------------------------------------


def stages(acknowledged: bool) -> list[int]:
    """Moments in every stage of one exchange with `Fixed(0.5)` backoffs, each between two of its events."""
    start = 4 * UNIT_BACKOFF + CCA + TURNAROUND
    end = start + frame_airtime(len(data(1, 2, bytes(60))))
    middle = [100, start - TURNAROUND + 1, start + 10, end - 10, end + 10]
    return (
        [*middle, end + TURNAROUND + 10, end + TURNAROUND + ACK_FRAME - 1]
        if acknowledged
        else [*middle, end + ACK_WAIT - 1]
    )


@pytest.mark.parametrize(
    "listening, moment", [(on, moment) for on in (True, False) for moment in stages(acknowledged=on)]
)
def test_a_power_cut_at_any_stage_leaves_nothing_that_acts_on_the_same_frame_sent_again(
    listening: bool, moment: int
) -> None:
    air = Air()
    air.connect(1, 2)
    one, two = Station(air, 1, draw=0.5), Station(air, 2)
    two.radio.listen(listening, 0)
    psdu = data(1, 2, bytes(60))
    one.send(psdu)
    air.engine.run_until(moment)
    one.radio.abort()
    assert one.results == []
    one.send(psdu)
    air.engine.run_until(moment + 200_000)
    frames = [sent for sent in air.frames if sent[1] == psdu]
    last_end = frames[-1][0] + frame_airtime(len(psdu))
    expected = (last_end + TURNAROUND + ACK_FRAME, ACKED) if listening else (last_end + ACK_WAIT, NO_ACK)
    assert [result[:2] for result in one.results] == [expected]
    assert len(frames) == (1 if moment < 4 * UNIT_BACKOFF + CCA else 2)


def test_a_power_cut_in_the_middle_of_a_frame_spoils_it() -> None:
    air, one, two = pair()
    one.send(data(1, 2, bytes(100)))
    air.engine.call_at(4_000, one.radio.abort)
    air.engine.run_until(100_000)
    assert air.frames[0][0] < 4_000
    assert not two.heard
    assert one.results == []


def test_after_power_down_no_result_comes() -> None:
    air, one, _ = pair()
    one.send(data(1, 2))
    one.radio.abort()
    air.engine.run_until(100_000)
    assert one.results == []
    assert air.frames == []


# --- energy ----------------------------------------------------------------------------------------------------------


def on_the_air(air: Air, number: int, start: int = 0, octets: int = 116, channel: int = CHANNEL) -> int:
    """Let a radio of its own send one frame from `start` on, without asking whether the channel is free; its end."""
    radio = Radio(air.medium, eui64(number), Fixed(0.0), channel)
    psdu = data(number, 0xFFFF, bytes(octets), acknowledge=False)

    def begin() -> None:
        air.medium.begin(radio, psdu, air.engine.now, 0)

    air.engine.call_at(start, begin)
    return start + frame_airtime(len(psdu))


def test_a_silent_channel_has_the_noise_floor() -> None:
    _, one, _ = pair()
    assert one.radio.energy(0, 0) == NOISE_FLOOR
    assert one.radio.energy(0, ENERGY_SPAN) == NOISE_FLOOR


def test_a_frame_is_measured_as_loud_as_it_comes_while_it_lasts_and_no_longer() -> None:
    air, one, _ = pair()
    air.hear(9, 1, rssi=-63)
    end = on_the_air(air, 9, start=1_000)
    air.engine.run_until(1_000)
    assert one.radio.energy(0, 1_000) == NOISE_FLOOR
    air.engine.run_until(end + ENERGY_SPAN)
    assert one.radio.energy(1_000, 1_001) == -63
    assert one.radio.energy(end - 1, end + 1) == -63
    assert one.radio.energy(end, end + ENERGY_SPAN) == NOISE_FLOOR


def test_the_loudest_of_several_counts() -> None:
    air, one, _ = pair()
    for number, rssi in ((7, -80), (8, -41), (9, -60)):
        air.hear(number, 1, rssi)
        on_the_air(air, number)
    air.engine.run_until(2_000)
    assert one.radio.energy(0, 2_000) == -41


def test_what_is_sent_on_another_channel_or_out_of_earshot_or_by_the_radio_itself_is_not_measured() -> None:
    air, one, _ = pair()
    air.hear(8, 1)
    on_the_air(air, 8, channel=CHANNEL + 1)
    on_the_air(air, 9)
    one.send(data(1, 0xFFFF, bytes(100), acknowledge=False))
    air.engine.run_until(5_000)
    assert len(air.frames) == 3
    assert one.radio.energy(1_000, 5_000) == NOISE_FLOOR


def test_a_frame_is_measured_though_its_sender_has_gone_to_another_channel() -> None:
    air, one, _ = pair()
    air.hear(9, 1, rssi=-70)
    end = on_the_air(air, 9)
    air.engine.run_until(end)
    assert air.medium.receivers(one.radio)
    (jammer,) = [radio for radio in air.medium._radios.values() if radio.eui64 == eui64(9)]
    jammer.tune(CHANNEL + 1, end)
    assert one.radio.energy(0, end) == -70


def test_the_channel_measured_is_the_one_that_the_radio_is_tuned_to() -> None:
    air, one, _ = pair()
    air.hear(9, 1, rssi=-70)
    end = on_the_air(air, 9, channel=CHANNEL + 1)
    air.engine.run_until(end)
    assert one.radio.energy(0, end) == NOISE_FLOOR
    one.radio.tune(CHANNEL + 1, end)
    assert one.radio.energy(0, end) == -70


def test_no_frame_is_forgotten_within_the_span_however_many_follow() -> None:
    air, one, _ = pair()
    air.hear(9, 1, rssi=-44)
    end = on_the_air(air, 9, octets=0)
    for number in range(10, 30):
        on_the_air(air, number, start=end + (number - 10) * 190, octets=0)
    now = end + ENERGY_SPAN - 1
    air.engine.run_until(now)
    assert one.radio.energy(now - ENERGY_SPAN, now) == -44


def test_a_link_of_its_own_is_not_on_the_air_and_not_measured() -> None:
    air, one, _ = pair()
    air.topology.connect(eui64(1), eui64(9), Link(-30, 0.0, 100_000, 1_000))
    end = on_the_air(air, 9)
    air.engine.run_until(end)
    assert one.radio.energy(0, end) == NOISE_FLOOR
