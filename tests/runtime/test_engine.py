"""The agenda of discrete events."""

from __future__ import annotations

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.runtime.engine import Engine, SliceEnd


def _refill(engine: Engine, seen: list[int], step: int) -> None:
    seen.append(engine.now)
    engine.call_at(engine.now + step, _refill, engine, seen, step)


def _nothing() -> None:
    pass


def _stop(engine: Engine) -> None:
    engine.stop = True


def test_events_run_in_order_of_time() -> None:
    engine = Engine()
    seen: list[object] = []
    for when in (30, 10, 20):
        engine.call_at(when, seen.append, when)
    engine.run_until(100)
    assert seen == [10, 20, 30]
    assert engine.now == 100


def test_events_of_one_moment_run_in_the_order_asked_for() -> None:
    engine = Engine()
    seen: list[object] = []
    for name in "cab":
        engine.call_at(5, seen.append, name)
    engine.run_until(5)
    assert seen == ["c", "a", "b"]


def test_the_clock_is_exact_inside_an_event() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(7, lambda: seen.append(engine.now))
    engine.run_for(50)
    assert seen == [7]


def test_an_event_in_the_past_is_refused() -> None:
    engine = Engine()
    engine.run_until(10)
    with pytest.raises(LocalProtocolError, match="9 µs"):
        engine.call_at(9, _nothing)


def test_time_does_not_run_backwards() -> None:
    engine = Engine()
    engine.run_until(10)
    with pytest.raises(LocalProtocolError):
        engine.run_until(9)


def test_an_event_may_ask_for_another_at_the_same_moment() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(3, lambda: engine.call_at(3, seen.append, "second"))
    engine.run_until(3)
    assert seen == ["second"]


def test_a_slice_ends_after_the_event_that_stops_it() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(1, _stop, engine)
    engine.call_at(1, seen.append, "later")
    assert engine.run_slice() is SliceEnd.STOPPED
    assert (engine.now, seen) == (1, [])
    assert engine.run_slice() is SliceEnd.EMPTY
    assert seen == ["later"]


def test_a_slice_ends_where_nothing_is_left() -> None:
    engine = Engine()
    engine.call_at(4, _nothing)
    assert engine.run_slice() is SliceEnd.EMPTY
    assert engine.now == 4


def test_a_slice_reaches_its_virtual_end_and_leaves_what_comes_after() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(10, seen.append, 10)
    engine.call_at(11, seen.append, 11)
    assert engine.run_slice(until=10) is SliceEnd.REACHED
    assert (engine.now, seen, engine.next_event) == (10, [10], 11)
    assert engine.run_slice(until=20) is SliceEnd.REACHED
    assert engine.now == 20


def test_a_slice_gives_way_when_its_wall_time_is_used_up() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(0, _refill, engine, seen, 1)
    assert engine.run_slice(wall_milliseconds=0) is SliceEnd.BUDGET
    assert len(seen) == 64
    assert engine.run_slice(until=1_000, wall_milliseconds=60_000) is SliceEnd.REACHED
    assert seen == list(range(1_001))


def test_events_are_counted() -> None:
    engine = Engine()
    for when in range(5):
        engine.call_at(when, _nothing)
    engine.run_until(2)
    assert (engine.events, engine.pending) == (3, 2)


def test_an_exception_goes_to_whoever_runs_and_the_rest_stays() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(1, [].pop)
    engine.call_at(2, seen.append, "rest")
    with pytest.raises(IndexError):
        engine.run_slice()
    assert (engine.now, engine.events) == (1, 1)
    engine.run_slice()
    assert seen == ["rest"]


def test_a_step_runs_one_event() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(3, seen.append, 3)
    assert engine.step()
    assert (engine.now, seen) == (3, [3])
    assert not engine.step()
