"""The words that faults of sticks are asked for by: each means one thing, and every other one is refused in a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import BadInput
from emulator.runtime.sticks.fault_plan import FaultKind, StickFault, StickFaults, parse_faults

K = FaultKind
MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    "text, fault",
    [
        ("lose=50", StickFault(K.LOSE, 0.5)),
        ("double=0.5", StickFault(K.DOUBLE, 0.005)),
        ("jitter=0.5", StickFault(K.JITTER, MILLISECOND / 2)),
        ("delay=2@1m:2", StickFault(K.DELAY, 2 * MILLISECOND, MINUTE, 2 * SECOND)),
        ("nak=100@30s:500ms", StickFault(K.NAK, 1, 30 * SECOND, SECOND // 2)),
        ("lost-ack=10", StickFault(K.LOST_ACK, 0.1)),
        ("hang@30s:5s", StickFault(K.HANG, 0, 30 * SECOND, 5 * SECOND)),
        ("full@1.5", StickFault(K.FULL, 0, 3 * SECOND // 2)),
        ("unplug@30s:5s", StickFault(K.UNPLUG, 0, 30 * SECOND, 5 * SECOND)),
        ("reset=1.5", StickFault(K.RESET, 0, 3 * SECOND // 2)),
        ("reset@90s", StickFault(K.RESET, 0, 90 * SECOND)),
        ("error=3", StickFault(K.ERROR, 0, 3 * SECOND)),
        ("version=16@30s", StickFault(K.VERSION, 16, 30 * SECOND)),
        ("eui64@2m:5s", StickFault(K.EUI64, 0, 2 * MINUTE, 5 * SECOND)),
        ("eui64=00:db:12:00:00:00:00:07@5", StickFault(K.EUI64, 0x00DB_1200_0000_0007, 5 * SECOND)),
        ("1/hang@30s", StickFault(K.HANG, 0, 30 * SECOND, None, 1)),
    ],
)
def test_a_fault_is_a_name_with_what_it_takes_and_when(text: str, fault: StickFault) -> None:
    assert parse_faults((text,)) == StickFaults((fault,))


def test_no_words_are_no_faults() -> None:
    assert parse_faults(()) == StickFaults()


def test_a_fault_may_come_again_at_another_moment_or_to_another_stick() -> None:
    texts = ("reset@1s", "reset@2s", "0/hang@3s", "1/hang@3s")
    assert len(parse_faults(texts).faults) == 4
    assert [fault.kind for fault in parse_faults(texts).of(1).faults] == [K.RESET, K.RESET, K.HANG]


@pytest.mark.parametrize(
    "text, told",
    [
        ("burn=1", "no fault is called 'burn'"),
        ("", "no fault is called ''"),
        ("lose", "lose has no amount"),
        ("lose=101", "lose cannot be '101'"),
        ("lose=-1", "lose cannot be '-1'"),
        ("lose=nan", "0 to 100 percent of octets"),
        ("delay=60001", "0 to 60000 ms"),
        ("nak=1e1", "percent of frames"),
        ("hang", "says no moment"),
        ("hang=3@5s", "hang@MOMENT, without an amount"),
        ("hang@5x", "hang cannot be at, or last, '5x'"),
        ("hang@5s:", "hang cannot be at, or last, ''"),
        ("hang@90000", "0 to 86400 s"),
        ("reset", "says no moment"),
        ("reset@5s:5s", "reset cannot last '5s'"),
        ("reset=5@6", "without an amount"),
        ("version@30s", "version has no amount"),
        ("version=13.5@30s", "version cannot be '13.5'"),
        ("version=3@30s", "4 to 255 EZSP version"),
        ("version=16", "says no moment"),
        ("eui64=12@30s", "eui64 cannot be '12'"),
        ("x/hang@1s", "no stick is called 'x'"),
        ("64/hang@1s", "0 to 63"),
        ("hang@1s:2s:3s", "hang cannot be at, or last, '1s:2s'"),
        ("a/b/c", "is no fault"),
    ],
)
def test_what_is_none_is_told_in_one_line_with_what_is_allowed(text: str, told: str) -> None:
    with pytest.raises(BadInput) as raised:
        parse_faults((text,))
    line = str(raised.value)
    assert told in line
    assert "--fault" in line
    assert "\n" not in line


def test_what_is_given_twice_for_one_moment_is_told() -> None:
    with pytest.raises(BadInput, match="given twice"):
        parse_faults(("lose=1", "lose=2"))


@given(st.text(st.sampled_from("lose=hang@1:/.smu64nak-x"), max_size=24))
def test_whatever_is_given_is_a_fault_or_bad_input(text: str) -> None:
    try:
        (fault,) = parse_faults((text,)).faults
    except BadInput:
        return
    assert fault.at >= 0
    assert fault.kind in K
