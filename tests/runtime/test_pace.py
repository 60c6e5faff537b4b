"""Time against the wall clock: followed, many times as fast, or jumped over; never further than is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from emulator.core.clock import DAY, HOUR, SECOND
from emulator.core.errors import BadInput, LocalProtocolError
from emulator.runtime import pump as pump_module
from emulator.runtime.engine import Engine
from emulator.runtime.pace import MAX, REAL, Pace, Speed, parse_speed
from emulator.runtime.pump import Pump
from emulator.runtime.recorder import Recorder


class Wall:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class World:
    """A run with an event every second, which counts them, kept at a pace by a clock that is set by hand."""

    def __init__(self, speed: Speed) -> None:
        self.engine, self.wall, self.busy = Engine(), Wall(), False
        recorder = Recorder([])
        self.pump = Pump(self.engine, recorder)
        self.pace = Pace(self.engine, speed, lambda: self.busy, self.wall)
        self.report = recorder.reporter("world")
        self.moments: list[int] = []
        self.engine.call_at(SECOND, self._tick)

    def _tick(self) -> None:
        self.moments.append(self.engine.now)
        self.report("tick", None, {}, self.engine.now)
        self.engine.call_at(self.engine.now + SECOND, self._tick)

    async def turns(self, count: int) -> None:
        """Let the run have so many turns."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Until the run has come as far as it may."""
        before = -1
        while before != self.engine.now:
            before = self.engine.now
            await self.turns(200)


@asynccontextmanager
async def kept(speed: Speed) -> AsyncIterator[World]:
    world = World(speed)
    world.pump.start()
    keeping = asyncio.create_task(world.pump.keep(world.pace))
    await world.settle()
    try:
        yield world
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await world.pump.close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is set by hand, so there is nothing to pause for."""
    monkeypatch.setattr(pump_module, "PAUSE_SECONDS", 0)


# --- following the clock ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.0, 60.0, 0.25])
async def test_time_follows_the_wall_clock_so_many_times_as_fast(factor: float) -> None:
    async with kept(Speed(factor)) as world:
        assert world.engine.now == 0
        world.wall.seconds += 8
        await world.settle()
        assert world.engine.now == int(8 * factor * SECOND)
        assert len(world.moments) == int(8 * factor)


async def test_after_a_stall_everything_due_happens_at_its_own_moment_and_nothing_more() -> None:
    async with kept(REAL) as world:
        world.wall.seconds += 3_600
        await world.settle()
        assert world.engine.now == HOUR
        assert world.moments == [second * SECOND for second in range(1, 3_601)]


async def test_catching_up_leaves_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "SLICE_MILLISECONDS", 0.0)
    async with kept(REAL) as world:
        world.wall.seconds += 3_600
        turns = []
        while world.engine.now < HOUR:
            turns.append(world.engine.now)
            await asyncio.sleep(0)
        assert len(set(turns)) > 20


@pytest.mark.parametrize("speed", [REAL, Speed(10.0)])
async def test_who_waits_does_not_make_it_faster(speed: Speed) -> None:
    async with kept(speed) as world:
        waiting = asyncio.create_task(world.pump.until(lambda: len(world.moments) == 10, HOUR))
        world.wall.seconds += 9.5 / speed.factor
        await world.settle()
        assert not waiting.done()
        world.wall.seconds += 1 / speed.factor
        assert await waiting
        assert world.moments[-1] == 10 * SECOND


# --- as fast as it can -----------------------------------------------------------------------------------------------


async def test_at_max_a_wait_takes_no_wall_time_and_ends_at_the_very_moment() -> None:
    async with kept(MAX) as world:
        assert await world.pump.until(lambda: len(world.moments) == 86_400, 2 * DAY)
        assert world.engine.now == DAY


async def test_at_max_time_follows_the_wall_clock_where_nobody_waits() -> None:
    async with kept(MAX) as world:
        await world.pump.until(lambda: len(world.moments) == 100, HOUR)
        await world.settle()
        assert world.engine.now == 100 * SECOND
        world.wall.seconds += 2.5
        await world.settle()
        assert world.engine.now == 102_500_000


async def test_at_max_what_is_in_progress_is_hurried_too_and_little_more() -> None:
    async with kept(MAX) as world:
        world.busy = True
        await world.turns(5_000)
        assert len(world.moments) > 100
        world.busy = False
        reached = world.engine.now
        await world.settle()
        assert world.engine.now - reached <= SECOND


async def test_no_timer_falls_due_early_while_an_outside_answer_is_pending() -> None:
    async with kept(MAX) as world:
        waiting = asyncio.create_task(world.pump.until(lambda: len(world.moments) == 5, HOUR))
        with world.pace.outside_answer():
            await world.settle()
            assert world.moments == []
            world.wall.seconds += 2
            await world.settle()
            assert world.engine.now == 2 * SECOND
        assert await waiting


async def test_an_outside_answer_asked_for_in_the_middle_of_a_jump_ends_the_jump() -> None:
    async with kept(MAX) as world:
        owed = world.pace.outside_answer()
        world.engine.call_at(10 * SECOND, owed.__enter__)
        waiting = asyncio.create_task(world.pump.until(lambda: len(world.moments) == 100, HOUR))
        await world.settle()
        assert world.engine.now == 10 * SECOND
        owed.__exit__(None, None, None)
        assert await waiting


# --- ends ------------------------------------------------------------------------------------------------------------


async def test_a_fault_in_a_model_ends_the_keeping_though_nobody_waits() -> None:
    def faulty_model() -> None:
        raise ZeroDivisionError("by a model")

    world = World(REAL)
    world.pump.start()
    world.engine.call_at(SECOND, faulty_model)
    keeping = asyncio.create_task(world.pump.keep(world.pace))
    await world.settle()
    world.wall.seconds += 5
    with pytest.raises(ZeroDivisionError):
        await keeping
    await world.pump.close()


async def test_once_it_is_not_kept_any_more_time_stands_still_until_somebody_waits() -> None:
    world = World(REAL)
    world.pump.start()
    keeping = asyncio.create_task(world.pump.keep(world.pace))
    await world.settle()
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    world.wall.seconds += 5
    await world.settle()
    assert world.engine.now == 0
    assert await world.pump.until(lambda: len(world.moments) == 2, HOUR)
    await world.pump.close()
    with pytest.raises(LocalProtocolError):
        await world.pump.keep(world.pace)


# --- what a user types -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text,speed",
    [("real", REAL), ("1", REAL), ("max", MAX), ("60", Speed(60.0)), ("0.5", Speed(0.5))],
    ids=["real", "one", "max", "sixty", "half"],
)
def test_a_speed_is_read_and_written(text: str, speed: Speed) -> None:
    assert parse_speed(text) == speed
    assert parse_speed(str(speed)) == speed


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e9", "real "])
def test_anything_else_is_no_speed(text: str) -> None:
    with pytest.raises(BadInput, match="real, max, or a number"):
        parse_speed(text)
