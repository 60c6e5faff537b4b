"""An engine that follows the clock of an asyncio loop, event by event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from emulator.core.clock import MILLISECOND, SECOND
from emulator.runtime.engine import Engine
from emulator.runtime.loop import run_virtual
from emulator.runtime.wall_clock import WallClock


def run(scenario: Callable[[Engine, WallClock, list[int]], None], span: float) -> list[int]:
    """Let a scenario begin, and `span` seconds of the loop pass; what it noted."""
    noted: list[int] = []

    async def main() -> None:
        engine = Engine()
        clock = WallClock(engine)
        scenario(engine, clock, noted)
        await asyncio.sleep(span)
        clock.close()

    run_virtual(main())
    return noted


def test_events_run_when_the_loops_clock_says_so() -> None:
    def scenario(engine: Engine, clock: WallClock, noted: list[int]) -> None:
        clock.enter(lambda now: engine.call_at(now + 1_500, lambda: noted.append(engine.now)))
        clock.enter(lambda now: engine.call_at(now + 3 * SECOND, lambda: noted.append(engine.now)))

    assert run(scenario, 2.0) == [1_500]
    assert run(scenario, 3.0) == [1_500, 3 * SECOND]


def test_what_follows_at_once_has_been_done_when_the_call_is_over() -> None:
    def scenario(engine: Engine, clock: WallClock, noted: list[int]) -> None:
        clock.enter(lambda now: engine.call_at(now, lambda: engine.call_at(engine.now, lambda: noted.append(1))))
        noted.append(2)

    assert run(scenario, 0.1) == [1, 2]


def test_a_call_finds_the_engine_at_this_very_moment_and_what_was_due_before_it_done() -> None:
    def scenario(engine: Engine, clock: WallClock, noted: list[int]) -> None:
        engine.call_at(250, noted.append, -1)
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, lambda: clock.enter(noted.append))

    assert run(scenario, 1.0) == [-1, 500 * MILLISECOND]


def test_devices_outside_the_engine_have_their_calls_in_the_order_they_asked_for() -> None:
    def scenario(_: Engine, clock: WallClock, noted: list[int]) -> None:
        for number, at in enumerate((700, 300, 700, 300)):
            clock.call_at(at, noted.append, number)
        clock.call_at(SECOND, lambda: clock.call_at(0, lambda: noted.append(clock.now)))

    assert run(scenario, 2.0) == [1, 3, 0, 2, SECOND]


def test_an_earlier_event_is_not_kept_waiting_by_a_later_one() -> None:
    def scenario(engine: Engine, clock: WallClock, noted: list[int]) -> None:
        for at in (900, 100, 500):
            engine.call_at(at, lambda: noted.append(engine.now))
            clock.enter(lambda _: None)

    assert run(scenario, 0.01) == [100, 500, 900]


def test_closed_it_lets_time_stand_still() -> None:
    def scenario(engine: Engine, clock: WallClock, noted: list[int]) -> None:
        clock.enter(lambda now: engine.call_at(now + 10, noted.append, 1))
        clock.close()

    assert run(scenario, 1.0) == []


def test_an_event_that_fails_is_told_and_those_after_it_still_run() -> None:
    def scenario(engine: Engine, clock: WallClock, noted: list[int]) -> None:
        def fail() -> None:
            raise ValueError("no")

        clock.failure = lambda error: noted.append(len(str(error)))
        clock.enter(lambda now: engine.call_at(now + 10, fail))
        clock.enter(lambda now: engine.call_at(now + 20, noted.append, 7))

    assert run(scenario, 1.0) == [2, 7]


@pytest.mark.parametrize("begin", [0, 3 * SECOND])
def test_an_engine_that_has_run_before_goes_on_from_there(begin: int) -> None:
    async def main() -> int:
        engine = Engine()
        engine.run_until(begin)
        clock = WallClock(engine)
        await asyncio.sleep(1)
        return clock.now

    assert run_virtual(main()) == begin + SECOND
