from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.zigbee.security.counters import (
    BLOCK,
    EXHAUSTED,
    OUT_OF_COUNTERS,
    REPLAYED,
    IncomingCounters,
    OutgoingCounter,
)

A, B = Eui64(0xA), Eui64(0xB)


class Restarts(RuleBasedStateMachine):
    """However often the power goes, a counter is used once."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = 0
        self.last = -1
        self.writes = 0
        self.sent = 0
        self.restarts = 0
        self.counter = OutgoingCounter(0, self.keep)

    def keep(self, reserved: int) -> None:
        self.memory = reserved
        self.writes += 1

    @rule(frames=st.integers(1, 3000))
    def send(self, frames: int) -> None:
        for _ in range(frames):
            used = self.counter.next()
            assert self.last < used < self.memory == self.counter.reserved
            self.last = used
        self.sent += frames

    @rule()
    def cut_the_power(self) -> None:
        self.counter = OutgoingCounter(self.memory, self.keep)
        self.restarts += 1
        assert self.writes <= self.sent // BLOCK + self.restarts + 1


TestRestarts = Restarts.TestCase


def test_counters_begin_where_they_are_told_and_rise_by_one() -> None:
    counter = OutgoingCounter(7)
    assert [counter.next() for _ in range(3)] == [7, 8, 9]
    assert counter.peek() == 10
    assert counter.reserved == 7 + BLOCK


def test_the_last_counter_is_never_sent() -> None:
    counter = OutgoingCounter(EXHAUSTED - 2)
    assert [counter.next(), counter.next()] == [EXHAUSTED - 2, EXHAUSTED - 1]
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match=OUT_OF_COUNTERS):
            counter.next()


@given(st.lists(st.integers(0, 40), max_size=30))
def test_only_a_counter_above_all_before_is_taken(counters: list[int]) -> None:
    incoming, highest = IncomingCounters(), -1
    for counter in counters:
        refusal = incoming.refusal(A, 0, counter)
        assert refusal == (None if counter > highest else REPLAYED)
        if refusal is None:
            incoming.accept(A, 0, counter)
            highest = counter


def test_a_frame_that_was_not_genuine_moves_nothing() -> None:
    incoming = IncomingCounters()
    assert incoming.refusal(A, 0, 1000) is None
    assert incoming.refusal(A, 0, 3) is None


def test_sources_and_keys_are_told_apart() -> None:
    incoming = IncomingCounters()
    incoming.accept(A, 0, 10)
    assert incoming.refusal(A, 0, 10) == REPLAYED
    assert incoming.refusal(A, 1, 10) is None
    assert incoming.refusal(B, 0, 10) is None


def test_the_last_counter_is_never_taken() -> None:
    assert IncomingCounters().refusal(A, 0, EXHAUSTED) == OUT_OF_COUNTERS


def test_a_replay_is_refused_after_a_restart_too() -> None:
    before = IncomingCounters()
    before.accept(A, 0, 10)
    after = IncomingCounters()
    after.restore(before.snapshot())
    assert after.refusal(A, 0, 10) == REPLAYED
    assert after.refusal(A, 0, 11) is None
    before.accept(A, 0, 99)
    assert after.refusal(A, 0, 11) is None


def test_forgetting_a_source_leaves_the_others() -> None:
    incoming = IncomingCounters()
    for source in (A, B):
        for key in (0, 1):
            incoming.accept(source, key, 10)
    incoming.forget(A, 0)
    assert [incoming.refusal(A, 0, 1), incoming.refusal(A, 1, 1)] == [None, REPLAYED]
    incoming.forget(B)
    assert [incoming.refusal(B, 0, 1), incoming.refusal(B, 1, 1)] == [None, None]
