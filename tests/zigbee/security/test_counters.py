from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from emulator.core.errors import LocalProtocolError
from emulator.zigbee.security.counters import (
    BLOCK,
    EXHAUSTED,
    OUT_OF_COUNTERS,
    OutgoingCounter,
)


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
