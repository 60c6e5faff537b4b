"""The stick's end of a link, against single frames: resets, numbers, acknowledgements, rejections, flow, failure."""

from __future__ import annotations

import dataclasses

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.timers import NEVER, Alarm
from emulator.ncp.ash.effects import CallbackLost, Delivered, Down, Effect, ResetRequested, Up, WriteOctets
from emulator.ncp.ash.frames import (
    LONGEST_DATA,
    UG101_LONGEST_DATA,
    AckFrame,
    DataFrame,
    ErrorFrame,
    Frame,
    NakFrame,
    ResetCode,
    RstAckFrame,
    RstFrame,
    encode,
)
from emulator.ncp.ash.link import AshLink
from emulator.ncp.ash.link_table import LinkState
from emulator.ncp.ash.reader import DamagedFrame
from emulator.ncp.ash.settings import AshSettings
from tests.ncp.ash.host import Stick

NOW = 10 * SECOND
WAIT = 1_600 * MILLISECOND


def payload(number: int) -> bytes:
    return b"payload %d" % number


def connected(settings: AshSettings | None = None) -> Stick:
    stick = Stick(settings)
    stick.do(stick.link.reset(ResetCode.POWER_ON, 0), 0)
    stick.frames()
    stick.reports.clear()
    return stick


def hear(stick: Stick, *frames: Frame, now: int = NOW) -> list[Frame | DamagedFrame]:
    """What the link writes when it hears these."""
    stick.do(stick.link.received(b"".join(encode(frame) for frame in frames), now), now)
    return stick.frames()


def send(stick: Stick, *numbers: int, now: int = NOW, callback: bool = False) -> list[Frame | DamagedFrame]:
    for number in numbers:
        stick.do(stick.link.send(payload(number), now, callback=callback), now)
    return stick.frames()


def wait(stick: Stick, now: int) -> list[Frame | DamagedFrame]:
    stick.do(stick.link.on_timeout(now), now)
    return stick.frames()


def data(number: int, ack_number: int = 0, *, again: bool = False, what: int | None = None) -> DataFrame:
    return DataFrame(number, again, ack_number, payload(number if what is None else what))


def kinds(effects: list[Effect]) -> list[type[Effect]]:
    return [type(effect) for effect in effects]


# --- resets ----------------------------------------------------------------------------------------------------------


def test_a_stick_that_is_plugged_in_says_so() -> None:
    link = AshLink()
    effects = link.reset(ResetCode.POWER_ON, NOW)
    assert effects == [WriteOctets(bytes.fromhex("1a c1 02 02 9b 7b 7e")), Up(ResetCode.POWER_ON)]
    assert link.state is LinkState.CONNECTED
    assert link.next_timeout() is None


@pytest.mark.parametrize("noise", [b"", b"\n\n\n", b"\x1a" * 32, b"\x00\xff\x7e junk \x7e\x18 more", b"\x7d" * 900])
def test_a_reset_is_heard_after_any_noise(noise: bytes) -> None:
    link = AshLink()
    assert link.received(noise + b"\x1a" + encode(RstFrame()), NOW) == [ResetRequested()]
    assert link.state is LinkState.RESETTING
    assert kinds(link.reset(ResetCode.SOFTWARE, NOW)) == [WriteOctets, Up]


def test_before_a_reset_nothing_is_taken_and_nothing_is_said() -> None:
    stick = Stick()
    assert hear(stick, data(0), AckFrame(0), NakFrame(0)) == []
    assert stick.reasons("ash.dropped") == ["waiting-for-reset"] * 3
    assert send(stick, 1) == []
    assert stick.reasons("ash.lost") == ["waiting-for-reset"]
    assert stick.delivered == []


def test_wishes_for_a_reset_that_come_while_it_is_under_way_are_one() -> None:
    link = AshLink()
    assert link.received(encode(RstFrame()) * 3 + encode(data(0)), NOW) == [ResetRequested()]
    assert link.received(encode(RstFrame()), NOW + SECOND) == []
    link.reset(ResetCode.SOFTWARE, NOW + SECOND)
    assert link.received(encode(RstFrame()), NOW + SECOND) == [ResetRequested()]


def test_a_reset_in_the_midst_of_things_begins_anew_with_number_0() -> None:
    stick = connected()
    hear(stick, data(0), data(1))
    send(stick, 1, 2, 3, 4, 5, 6)
    stick.do(stick.link.received(encode(data(2))[:-3], NOW), NOW)
    assert hear(stick, RstFrame()) == [NakFrame(2)], "without a Cancel Byte it is part of what was under way"
    stick.do(stick.link.received(b"\x1a" + encode(RstFrame()), NOW), NOW)
    assert stick.frames() == [RstAckFrame(ResetCode.SOFTWARE)]
    assert stick.link.unfinished == 0
    assert stick.reasons("ash.lost") == ["reset"]
    assert send(stick, 7) == [data(0, what=7)]
    assert hear(stick, data(0, 1)) == []
    assert stick.delivered == [payload(0)]


def test_a_stick_that_restarts_by_itself_has_forgotten_what_was_coming_in() -> None:
    stick = connected()
    octets = encode(data(0))
    stick.do(stick.link.received(octets[:5], NOW), NOW)
    stick.do(stick.link.reset(ResetCode.WATCHDOG, NOW), NOW)
    assert stick.frames() == [RstAckFrame(ResetCode.WATCHDOG)]
    assert hear(stick, data(0)) == []
    assert stick.delivered == [payload(0)]


@pytest.mark.parametrize("code", [-1, 256])
def test_a_code_that_is_no_octet_is_our_own_fault(code: int) -> None:
    link = AshLink()
    with pytest.raises(LocalProtocolError):
        link.reset(code, NOW)
    with pytest.raises(LocalProtocolError):
        link.fail(code, NOW)
    assert link.state is LinkState.WAITING


# --- what comes from the host ----------------------------------------------------------------------------------------


def test_frames_in_sequence_are_delivered_once_and_in_order_past_the_modulus() -> None:
    stick = connected()
    for number in range(20):
        hear(stick, data(number % 8, what=number))
    assert stick.delivered == [payload(number) for number in range(20)]


def test_an_acknowledgement_waits_20_ms_for_a_frame_to_go_with() -> None:
    stick = connected()
    assert hear(stick, data(0), data(1), now=NOW) == []
    assert stick.link.next_timeout() == NOW + 20 * MILLISECOND
    assert wait(stick, NOW + 20 * MILLISECOND - 1) == []
    assert wait(stick, NOW + 20 * MILLISECOND) == [AckFrame(2)]
    assert stick.link.next_timeout() is None


def test_the_oldest_acknowledgement_that_is_owed_says_when() -> None:
    stick = connected()
    hear(stick, data(0), now=NOW)
    hear(stick, data(1), now=NOW + 10 * MILLISECOND)
    assert wait(stick, NOW + 20 * MILLISECOND) == [AckFrame(2)]


def test_a_refusal_of_ours_acknowledges_what_came_before() -> None:
    stick = connected()
    assert hear(stick, data(0), data(2)) == [NakFrame(1)]
    assert stick.link.next_timeout() is None


def test_a_repetition_that_is_due_with_an_acknowledgement_carries_it() -> None:
    stick = connected(AshSettings(t_tx_ack_delay=WAIT))
    send(stick, 0)
    hear(stick, data(0))
    assert wait(stick, NOW + WAIT) == [data(0, 1, again=True)]


def test_an_acknowledgement_goes_with_a_frame_where_there_is_one() -> None:
    stick = connected()
    hear(stick, data(0))
    assert send(stick, 9) == [data(0, 1, what=9)]
    assert wait(stick, NOW + 20 * MILLISECOND) == []


def test_without_a_delay_an_acknowledgement_is_sent_at_once() -> None:
    stick = connected(AshSettings(t_tx_ack_delay=0))
    assert hear(stick, data(0)) == [AckFrame(1)]
    assert stick.link.next_timeout() is None


def test_a_frame_sent_again_in_sequence_is_delivered_and_acknowledged_at_once() -> None:
    stick = connected()
    assert hear(stick, data(0, again=True)) == [AckFrame(1)]
    assert stick.delivered == [payload(0)]


def test_a_duplicate_is_acknowledged_at_once_and_not_delivered_again() -> None:
    stick = connected()
    hear(stick, data(0), data(1))
    assert hear(stick, data(0, again=True)) == [AckFrame(2)]
    assert hear(stick, data(1, again=True)) == [AckFrame(2)]
    assert stick.reasons("ash.dropped") == ["duplicate"] * 2
    assert stick.delivered == [payload(0), payload(1)]
    assert stick.link.next_timeout() is None


def test_a_gap_is_refused_once_until_the_missing_frame_comes() -> None:
    stick = connected()
    assert hear(stick, data(1)) == [NakFrame(0)]
    assert hear(stick, data(2), data(3)) == []
    assert stick.reasons("ash.rejected") == ["out-of-sequence"]
    assert stick.reasons("ash.dropped") == ["out-of-sequence"] * 2
    assert hear(stick, data(0, again=True), data(1, again=True)) == [AckFrame(1), AckFrame(2)]
    assert hear(stick, data(5)) == [NakFrame(2)]
    assert stick.delivered == [payload(0), payload(1)]


def test_a_damaged_data_frame_is_refused_once() -> None:
    stick = connected()
    octets = bytearray(encode(data(0)))
    octets[3] ^= 1
    stick.do(stick.link.received(bytes(octets) * 3, NOW), NOW)
    assert stick.frames() == [NakFrame(0)]
    assert stick.reasons("ash.rejected") == ["bad-crc"]
    assert stick.reasons("ash.dropped") == ["bad-crc"] * 2


@pytest.mark.parametrize(
    "octets, reason",
    [
        (b"\x81\x60\x58\x7e", "bad-crc"),
        (b"\x81\x7e", "too-short"),
        (b"\x18\x7e", "line-error"),
        (b"\x25\x11\x1a", "cancelled"),
        (b"\xc0\x00\x00\x00\x7e", "bad-crc"),
    ],
)
def test_other_damage_is_dropped_and_said_but_not_answered(octets: bytes, reason: str) -> None:
    stick = connected()
    stick.do(stick.link.received(octets, NOW), NOW)
    assert stick.frames() == []
    assert stick.reports == [("ash.dropped", reason)]


@pytest.mark.parametrize("frame", [RstAckFrame(ResetCode.SOFTWARE), ErrorFrame(ResetCode.ASSERT)])
def test_frames_that_only_a_stick_sends_are_dropped(frame: Frame) -> None:
    stick = connected()
    assert hear(stick, frame) == []
    assert stick.reports == [("ash.dropped", "not-from-a-host")]
    assert stick.link.state is LinkState.CONNECTED


def test_a_data_frame_with_an_impossible_acknowledgement_is_refused() -> None:
    stick = connected()
    send(stick, 0)
    assert hear(stick, data(0, 2)) == [NakFrame(0)]
    assert stick.reasons("ash.rejected") == ["bad-ack-number"]
    assert hear(stick, data(0, 1, again=True)) == [AckFrame(1)]
    assert stick.link.unfinished == 0


@pytest.mark.parametrize("frame", [AckFrame(2, not_ready=True), NakFrame(7, not_ready=True)])
def test_an_impossible_acknowledgement_by_itself_is_dropped_with_all_it_says(frame: Frame) -> None:
    stick = connected()
    send(stick, 0)
    assert hear(stick, frame) == []
    assert stick.reports == [("ash.dropped", "bad-ack-number")]
    assert send(stick, 1, callback=True) == [data(1)]


def test_no_command_is_taken_while_too_many_responses_wait() -> None:
    stick = connected(AshSettings(window=1, waiting_responses=2))
    send(stick, 0, 1, 2)
    assert hear(stick, data(0)) == [NakFrame(0)]
    assert stick.reasons("ash.rejected") == ["no-memory"]
    assert stick.delivered == []
    assert hear(stick, AckFrame(1)) == [data(1)]
    assert hear(stick, data(0, 1, again=True)) == [AckFrame(1)]
    assert stick.delivered == [payload(0)]


# --- what goes to the host -------------------------------------------------------------------------------------------


def test_no_more_is_sent_than_the_window_allows() -> None:
    stick = connected()
    assert send(stick, *range(8)) == [data(number) for number in range(5)]
    assert stick.link.unfinished == 8
    assert hear(stick, AckFrame(2)) == [data(5), data(6)]
    assert hear(stick, data(0, 7)) == [data(7, 1)], "with the acknowledgement of what let it go"
    assert hear(stick, AckFrame(0)) == []
    assert stick.link.unfinished == 0
    assert stick.link.next_timeout() is None


def test_a_refusal_makes_everything_from_there_on_be_sent_again() -> None:
    stick = connected()
    send(stick, 0, 1, 2, 3)
    assert hear(stick, NakFrame(2)) == [data(2, again=True), data(3, again=True)]
    assert stick.reasons("ash.resent") == ["nak"]
    assert stick.link.unfinished == 2


def test_a_refusal_starts_the_wait_anew() -> None:
    stick = connected()
    send(stick, 0)
    hear(stick, NakFrame(0), now=NOW + SECOND)
    assert stick.link.next_timeout() == NOW + SECOND + stick.link.t_rx_ack


def test_a_refusal_where_nothing_is_missing_is_nothing() -> None:
    stick = connected()
    assert hear(stick, NakFrame(0)) == []
    assert stick.reports == []
    assert stick.link.next_timeout() is None


def test_what_is_sent_again_carries_the_latest_acknowledgement() -> None:
    stick = connected()
    send(stick, 0)
    hear(stick, data(0), data(1))
    assert hear(stick, NakFrame(0)) == [data(0, 2, again=True)]
    assert wait(stick, NOW + 20 * MILLISECOND) == []


def test_what_is_not_acknowledged_is_sent_again_in_time() -> None:
    stick = connected()
    send(stick, 0, 1)
    assert stick.link.next_timeout() == NOW + WAIT
    assert wait(stick, NOW + WAIT - 1) == []
    assert wait(stick, NOW + WAIT) == [data(0, again=True), data(1, again=True)]
    assert stick.reasons("ash.resent") == ["timeout"]


def test_a_partial_acknowledgement_starts_the_wait_anew() -> None:
    stick = connected()
    send(stick, 0, 1)
    hear(stick, AckFrame(1), now=NOW + SECOND)
    assert stick.link.next_timeout() == NOW + SECOND + stick.link.t_rx_ack
    assert stick.link.t_rx_ack == WAIT * 7 // 8 + SECOND // 2


def test_the_wait_follows_what_acknowledgements_take_and_has_a_floor() -> None:
    stick = connected()
    expected = WAIT
    for number in range(12):
        now = NOW + number * SECOND
        send(stick, number, now=now)
        hear(stick, AckFrame((number + 1) % 8), now=now + 2 * MILLISECOND)
        expected = max(expected * 7 // 8 + 1 * MILLISECOND, 400 * MILLISECOND)
        assert stick.link.t_rx_ack == expected
    assert expected == 400 * MILLISECOND


def test_where_several_frames_are_acknowledged_the_newest_is_what_is_measured() -> None:
    stick = connected()
    send(stick, 0, now=NOW)
    send(stick, 1, now=NOW + SECOND)
    hear(stick, AckFrame(2), now=NOW + SECOND + 10 * MILLISECOND)
    assert stick.link.t_rx_ack == WAIT * 7 // 8 + 5 * MILLISECOND


def test_a_refusal_counts_as_an_answer_in_time_once() -> None:
    stick = connected()
    send(stick, 0)
    hear(stick, NakFrame(0), NakFrame(0), now=NOW + 100 * MILLISECOND)
    assert stick.link.t_rx_ack == WAIT * 7 // 8 + 50 * MILLISECOND


def test_the_wait_doubles_with_every_timeout_and_has_a_ceiling() -> None:
    stick = connected(AshSettings(ack_timeouts=0))
    send(stick, 0)
    moments = []
    for _ in range(4):
        moment = stick.link.next_timeout()
        assert moment is not None
        moments.append(moment)
        wait(stick, moment)
    assert [later - earlier for earlier, later in zip([NOW, *moments], moments, strict=False)] == [
        1_600 * MILLISECOND,
        3_200 * MILLISECOND,
        3_200 * MILLISECOND,
        3_200 * MILLISECOND,
    ]


def test_a_late_acknowledgement_of_what_was_sent_again_measures_nothing() -> None:
    stick = connected()
    send(stick, 0)
    wait(stick, NOW + WAIT)
    hear(stick, AckFrame(1), now=NOW + WAIT + MILLISECOND)
    assert stick.link.t_rx_ack == 2 * WAIT


def test_the_fourth_timeout_in_a_row_is_the_end() -> None:
    stick = connected()
    send(stick, 0)
    for _ in range(3):
        assert wait(stick, stick.link.next_timeout() or 0) == [data(0, again=True)]
    assert wait(stick, stick.link.next_timeout() or 0) == [ErrorFrame(ResetCode.ACK_TIMEOUTS)]
    assert stick.failed == ResetCode.ACK_TIMEOUTS
    assert stick.reasons("ash.down") == ["ack-timeouts"]
    assert stick.reasons("ash.lost") == ["failed"]
    assert stick.link.next_timeout() is None


def test_timeouts_that_do_not_come_in_a_row_are_not_the_end() -> None:
    stick = connected()
    for number in range(6):
        send(stick, number)
        for _ in range(3):
            wait(stick, stick.link.next_timeout() or 0)
        hear(stick, AckFrame((number + 1) % 8))
    assert stick.link.state is LinkState.CONNECTED


def test_refusals_alone_do_not_make_up_for_timeouts() -> None:
    stick = connected()
    send(stick, 0)
    for _ in range(4):
        hear(stick, NakFrame(0))
        wait(stick, stick.link.next_timeout() or 0)
    assert stick.link.state is LinkState.FAILED


@pytest.mark.parametrize("length", [0, 2, UG101_LONGEST_DATA + 1, LONGEST_DATA + 1])
def test_a_payload_that_is_no_ezsp_frame_is_our_own_fault(length: int) -> None:
    stick = connected(AshSettings(longest_data=UG101_LONGEST_DATA))
    with pytest.raises(LocalProtocolError):
        stick.link.send(bytes(length), NOW)
    assert stick.link.unfinished == 0


# --- a host that is not ready ----------------------------------------------------------------------------------------


def test_callbacks_wait_while_the_host_is_not_ready_and_responses_do_not() -> None:
    stick = connected()
    assert hear(stick, AckFrame(0, not_ready=True)) == []
    assert send(stick, 0, 1, callback=True) == []
    assert send(stick, 2) == [data(0, what=2)]
    assert hear(stick, AckFrame(1)) == [data(1, what=0), data(2, what=1)]


def test_a_host_that_is_not_ready_is_taken_at_its_word_for_one_second() -> None:
    stick = connected()
    hear(stick, AckFrame(0, not_ready=True))
    send(stick, 0, callback=True)
    hear(stick, AckFrame(0, not_ready=True), now=NOW + SECOND // 2)
    assert wait(stick, NOW + SECOND) == []
    assert wait(stick, NOW + SECOND + SECOND // 2) == [data(0)]
    assert stick.reports == [("ash.callbacks-resumed", "not-ready-too-long")]


def test_a_refusal_can_say_not_ready_too_and_callbacks_under_way_are_sent_again_all_the_same() -> None:
    stick = connected()
    send(stick, 0, callback=True)
    assert hear(stick, NakFrame(0, not_ready=True)) == [data(0, again=True)]
    assert send(stick, 1, callback=True) == []
    assert hear(stick, data(0, 1)) == [], "a DATA frame says nothing of it"
    assert stick.link.unfinished == 1


def test_callbacks_and_responses_keep_their_order_where_nothing_is_held_back() -> None:
    stick = connected(AshSettings(window=1))
    send(stick, 0)
    send(stick, 1, callback=True)
    send(stick, 2)
    assert hear(stick, AckFrame(1)) == [data(1)]
    assert hear(stick, AckFrame(2)) == [data(2)]


def test_callbacks_beyond_the_buffers_are_lost_and_the_stick_is_told() -> None:
    stick = connected(AshSettings(waiting_callbacks=2))
    hear(stick, AckFrame(0, not_ready=True))
    send(stick, 0, 1, 2, callback=True)
    assert stick.lost == [payload(2)]
    assert stick.reasons("ash.lost") == ["too-many-callbacks"]
    assert hear(stick, AckFrame(0)) == [data(0), data(1)]
    assert send(stick, 3, callback=True) == [data(2, what=3)]


def test_after_a_reset_the_host_is_ready() -> None:
    stick = connected()
    hear(stick, AckFrame(0, not_ready=True))
    hear(stick, RstFrame())
    assert send(stick, 0, callback=True) == [data(0)]
    assert stick.link.next_timeout() == NOW + WAIT


# --- failure ---------------------------------------------------------------------------------------------------------


def test_a_link_that_has_failed_answers_everything_but_a_reset_by_its_error() -> None:
    stick = connected()
    send(stick, 0)
    stick.do(stick.link.fail(ResetCode.ASSERT, NOW), NOW)
    error = ErrorFrame(ResetCode.ASSERT)
    assert stick.frames() == [error]
    assert stick.failed == ResetCode.ASSERT
    assert hear(stick, data(0), AckFrame(1), NakFrame(1)) == [error] * 3
    assert stick.reasons("ash.dropped") == ["failed"] * 3
    assert stick.delivered == []
    assert hear(stick, RstFrame()) == [RstAckFrame(ResetCode.SOFTWARE)]
    assert stick.failed is None


def test_what_is_damaged_is_not_answered_even_then() -> None:
    stick = connected()
    stick.do(stick.link.fail(ResetCode.CHIP_SPECIFIC + 5, NOW), NOW)
    assert stick.frames() == [ErrorFrame(0x85)]
    stick.do(stick.link.received(b"\x25\x00\x00\x00\x7e", NOW), NOW)
    assert stick.frames() == []


def test_frames_for_a_host_of_a_failed_link_are_lost_and_callbacks_named() -> None:
    link = AshLink()
    link.fail(ResetCode.ASSERT, NOW)
    assert link.send(payload(0), NOW) == []
    assert link.send(payload(1), NOW, callback=True) == [CallbackLost(payload(1))]


def test_everything_due_at_once_is_done_once_and_nothing_after_the_end() -> None:
    stick = connected(AshSettings(ack_timeouts=1, t_tx_ack_delay=WAIT))
    send(stick, 0)
    stick.do(stick.link.received(encode(data(0)) + encode(AckFrame(0, not_ready=True)), NOW), NOW)
    assert wait(stick, NOW + 10 * SECOND)[-1] == ErrorFrame(ResetCode.ACK_TIMEOUTS)
    assert stick.link.state is LinkState.FAILED


# --- around it -------------------------------------------------------------------------------------------------------


def test_effects_stand_in_the_order_in_which_they_are_to_be_done() -> None:
    link = AshLink()
    link.reset(ResetCode.POWER_ON, NOW)
    effects = link.received(encode(data(0)) + encode(data(1, again=True)) + encode(RstFrame()), NOW)
    assert kinds(effects) == [Delivered, Delivered, WriteOctets, ResetRequested]
    assert kinds(link.fail(ResetCode.ASSERT, NOW)) == [WriteOctets, Down]


def test_deadlines_move_the_alarm() -> None:
    alarm = Alarm()
    link = AshLink(alarm=alarm)
    link.reset(ResetCode.POWER_ON, NOW)
    assert alarm.at == NEVER
    link.send(payload(0), NOW)
    assert alarm.at == NOW + WAIT
    link.received(encode(data(0)), NOW)
    assert alarm.at == NOW + 20 * MILLISECOND


@pytest.mark.parametrize(
    "name, value",
    [
        ("window", 0),
        ("window", 8),
        ("longest_data", 2),
        ("longest_data", 221),
        ("ack_timeouts", -1),
        ("t_rx_ack_initial", 3_201 * MILLISECOND),
        ("t_rx_ack_least", 1_601 * MILLISECOND),
        ("t_tx_ack_delay", -1),
        ("t_remote_not_ready", -1),
        ("waiting_responses", 0),
        ("waiting_callbacks", 0),
    ],
)
def test_settings_that_cannot_be_are_named_with_what_is_allowed(name: str, value: int) -> None:
    with pytest.raises(BadInput, match=r"^ash\.\w+: -?\d+ \(allowed: .+\)$"):
        dataclasses.replace(AshSettings(), **{name: value})
