"""Named deadlines: the earliest is known, what is due comes in order, and nothing piles up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.timers import NEVER, Alarm, Timers


def test_nothing_is_due_where_nothing_was_set() -> None:
    timers: Timers[str] = Timers()
    assert timers.next_timeout() is None
    assert timers.due(1 << 40) == []


def test_the_earliest_deadline_is_named_and_what_is_due_comes_in_its_order() -> None:
    timers: Timers[str] = Timers()
    timers.set("late", 30)
    timers.set("early", 10)
    timers.set("middle", 20)
    assert timers.next_timeout() == 10
    assert timers.due(20) == ["early", "middle"]
    assert timers.next_timeout() == 30


def test_equal_deadlines_fall_due_in_the_order_in_which_they_were_set() -> None:
    timers: Timers[str] = Timers()
    for key in ("b", "c", "a"):
        timers.set(key, 5)
    assert timers.due(5) == ["b", "c", "a"]


def test_a_deadline_set_again_counts_alone_whether_sooner_or_later() -> None:
    timers: Timers[str] = Timers()
    timers.set("one", 10)
    timers.set("one", 40)
    timers.set("other", 30)
    timers.set("other", 20)
    assert timers.next_timeout() == 20
    assert timers.due(39) == ["other"]
    assert timers.due(40) == ["one"]
    assert timers.due(1_000) == []


def test_one_that_was_cancelled_and_set_again_at_the_same_moment_falls_due_once() -> None:
    timers: Timers[str] = Timers()
    timers.set("key", 10)
    timers.cancel("key")
    assert "key" not in timers
    timers.set("key", 10)
    assert timers.due(10) == ["key"]
    assert timers.next_timeout() is None


def test_cancelling_a_stranger_is_nothing_and_clearing_forgets_all() -> None:
    timers: Timers[str] = Timers()
    timers.cancel("stranger")
    timers.set("key", 10)
    timers.clear()
    assert timers.next_timeout() is None
    assert timers.due(10) == []


def test_a_deadline_put_off_for_ever_takes_no_more_memory() -> None:
    timers: Timers[str] = Timers()
    timers.set("first", 0)
    for at in range(100_000):
        timers.set("session", 7_200_000_000 + at)
        timers.set("passing", at)
        timers.cancel("passing")
    assert len(timers._heap) < 100
    assert timers.next_timeout() == 0
    assert timers.due(1 << 40) == ["first", "session"]


def test_an_alarm_is_never_later_than_the_earliest_deadline_of_all_its_timers() -> None:
    alarm = Alarm()
    one: Timers[str] = Timers(alarm)
    other: Timers[int] = Timers(alarm)
    assert alarm.at == NEVER
    one.set("key", 50)
    other.set(1, 30)
    one.set("key", 70)
    assert alarm.at == 30
    alarm.by(40)
    assert alarm.at == 30
    alarm.by(20)
    assert alarm.at == 20


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(0, 50)), max_size=300))
def test_they_are_always_what_a_plain_dictionary_says(actions: list[tuple[str, int | None]]) -> None:
    timers: Timers[str] = Timers()
    plain: dict[str, int] = {}
    for key, at in actions:
        if at is None:
            timers.cancel(key)
            plain.pop(key, None)
        else:
            timers.set(key, at)
            plain[key] = at
        assert timers.next_timeout() == min(plain.values(), default=None)
    assert sorted(timers.due(25)) == sorted(key for key, at in plain.items() if at <= 25)
