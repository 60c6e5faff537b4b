"""Awaiting in virtual time: determinism, cancelling, faults, ends."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from functools import partial

import pytest

from emulator.core.errors import LocalProtocolError
from emulator.runtime import pump as pump_module
from emulator.runtime.engine import Engine
from emulator.runtime.loop import run_virtual
from emulator.runtime.pump import NothingLeft, Pump
from emulator.runtime.recorder import Recorder

SECOND = 1_000_000


class World:
    """An engine with something on its agenda, and a pump."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.recorder = Recorder([])
        self.pump = Pump(self.engine, self.recorder)
        self.report = self.recorder.reporter("world")
        self.count = 0

    def counted(self, wanted: int) -> bool:
        """Whether it has come to that."""
        return self.count >= wanted

    def tick(self, every: int) -> None:
        """Count, say so, and do it again `every` µs later."""
        self.count += 1
        self.report("tick", None, {}, self.engine.now)
        self.engine.call_at(self.engine.now + every, self.tick, every)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    made.pump.start()
    yield made
    await made.pump.close()


async def test_time_runs_until_the_condition_holds_and_stops_at_that_very_moment(world: World) -> None:
    world.tick(1_000)
    assert await world.pump.until(lambda: world.count == 5, SECOND)
    assert (world.engine.now, world.count) == (4_000, 5)


async def test_at_the_limit_the_answer_is_no(world: World) -> None:
    world.tick(1_000)
    assert not await world.pump.until(lambda: False, 10_000)
    assert world.engine.now == 10_000


async def test_a_condition_that_holds_already_takes_no_time(world: World) -> None:
    world.tick(1_000)
    assert await world.pump.until(lambda: True)
    assert world.engine.now == 0


async def test_a_condition_that_comes_true_after_the_report_of_the_same_moment_is_seen(world: World) -> None:
    done: list[int] = []

    def act() -> None:
        world.report("acted", None, {}, world.engine.now)
        done.append(1)

    world.engine.call_at(500, act)
    world.engine.call_at(SECOND, lambda: None)
    assert await world.pump.until(lambda: bool(done), SECOND)
    assert world.engine.now == 500


async def test_time_stands_still_while_nobody_waits(world: World) -> None:
    world.tick(1_000)
    await world.pump.until(lambda: world.count == 3, SECOND)
    for _ in range(100):
        await asyncio.sleep(0)
    assert world.count == 3


async def test_where_nothing_can_happen_any_more_that_is_said(world: World) -> None:
    with pytest.raises(NothingLeft):
        await world.pump.until(lambda: False)
    world.tick(1_000)
    assert await world.pump.until(lambda: world.count == 2, SECOND)


@pytest.mark.parametrize("milliseconds", [0.0, 20.0])
async def test_several_waiters_go_on_at_their_own_moments(
    monkeypatch: pytest.MonkeyPatch, world: World, milliseconds: float
) -> None:
    monkeypatch.setattr(pump_module, "SLICE_MILLISECONDS", milliseconds)
    world.tick(1_000)
    log: list[tuple[str, int]] = []

    async def follow(name: str, step: int) -> None:
        for number in range(1, 4):
            await world.pump.until(partial(world.counted, number * step), SECOND)
            log.append((name, world.engine.now))

    await asyncio.gather(follow("a", 2), follow("b", 3), follow("c", 2))
    expected = [("a", 1_000), ("c", 1_000), ("b", 2_000), ("a", 3_000), ("c", 3_000)]
    assert log[:5] == expected
    assert sorted(log[5:]) == [("a", 5_000), ("b", 5_000), ("b", 8_000), ("c", 5_000)]


async def test_a_cancelled_wait_leaves_the_rest_alone(world: World) -> None:
    world.tick(1_000)
    waiting = asyncio.create_task(world.pump.until(lambda: False, 3_600 * SECOND))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    before = world.count
    assert await world.pump.until(lambda: world.count > before, 3_600 * SECOND)


async def test_a_wait_cut_short_by_the_wall_clock_leaves_the_rest_alone(world: World) -> None:
    world.tick(10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(world.pump.until(lambda: False), 0.01)
    before = world.count
    assert await world.pump.until(lambda: world.count > before)


async def test_a_fault_in_a_model_reaches_everybody_who_waits_with_its_traceback(world: World) -> None:
    def faulty_model() -> None:
        raise ZeroDivisionError("by a model")

    world.engine.call_at(700, faulty_model)
    waits = [world.pump.until(lambda: False, limit) for limit in (SECOND, 2 * SECOND)]
    first, second = await asyncio.gather(*waits, return_exceptions=True)
    assert isinstance(first, ZeroDivisionError)
    assert isinstance(second, ZeroDivisionError)
    assert "faulty_model" in "".join(traceback.format_exception(first))
    with pytest.raises(ZeroDivisionError):
        await world.pump.until(lambda: False, SECOND)


async def test_a_condition_that_fails_reaches_who_asked(world: World) -> None:
    world.tick(1_000)
    with pytest.raises(ZeroDivisionError):
        await world.pump.until(lambda: world.count > 2 and bool(1 // 0), SECOND)


async def test_outside_its_block_a_run_says_that_it_does_not_run() -> None:
    world = World()
    with pytest.raises(LocalProtocolError):
        await world.pump.until(lambda: True)
    world.pump.start()
    with pytest.raises(LocalProtocolError):
        world.pump.start()
    await world.pump.close()
    with pytest.raises(LocalProtocolError):
        await world.pump.until(lambda: True)


async def test_closing_cancels_who_waits_and_leaves_no_task_behind() -> None:
    world = World()
    world.tick(10)
    world.pump.start()
    waiting = asyncio.create_task(world.pump.until(lambda: False))
    await asyncio.sleep(0)
    await world.pump.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_it_runs_on_a_loop_in_virtual_time_as_well() -> None:
    async def main() -> int:
        world = World()
        world.tick(1_000)
        world.pump.start()
        await world.pump.until(lambda: world.count == 4, SECOND)
        await world.pump.close()
        return world.engine.now

    assert run_virtual(main()) == 3_000


async def test_who_shows_progress_is_called_while_time_runs(world: World) -> None:
    shown: list[int] = []
    world.pump.after_slice = lambda: shown.append(world.engine.now)
    world.tick(1_000)
    await world.pump.until(lambda: world.count == 100, SECOND)
    assert shown
    assert shown[-1] <= 99_000
