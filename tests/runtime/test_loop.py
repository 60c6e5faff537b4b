"""The asyncio loop in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from emulator.runtime.engine import Engine
from emulator.runtime.loop import DeadlockError, run_virtual


def test_timers_fire_at_their_exact_moment() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        for delay in (0.0108, 0.0104, 0.0104001):
            loop.call_at(delay, lambda: seen.append(loop.time()))
        await asyncio.sleep(1)
        return [*seen, loop.time()]

    assert run_virtual(main()) == [0.0104, 0.0104001, 0.0108, 1.0]


def test_a_year_costs_nothing() -> None:
    async def main() -> float:
        await asyncio.sleep(365 * 86_400)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 365 * 86_400


def test_waiting_for_ever_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        run_virtual(main())


def test_the_same_program_runs_the_same_way_twice() -> None:
    async def walker(name: int, stream: random.Random, seen: list[tuple[int, float]]) -> None:
        for _ in range(20):
            await asyncio.sleep(stream.random())
            seen.append((name, asyncio.get_running_loop().time()))

    async def main() -> list[tuple[int, float]]:
        stream = random.Random(3)
        seen: list[tuple[int, float]] = []
        await asyncio.gather(*(walker(name, stream, seen) for name in range(50)))
        return seen

    first = run_virtual(main())
    assert len(first) == 1_000
    assert run_virtual(main()) == first


def test_timeouts_wait_for_and_task_groups_work() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await asyncio.sleep(10)
        seen.append(loop.time())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.25)
        seen.append(loop.time())
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(3))
            group.create_task(asyncio.sleep(1))
        return [*seen, loop.time()]

    assert run_virtual(main()) == [2.5, 2.75, 5.75]


@pytest.mark.parametrize("function, error", [(lambda: 6 * 7, None), ([].pop, IndexError)])
def test_an_executor_runs_its_work_inline(function: Callable[[], int], error: type[Exception] | None) -> None:
    async def main() -> int:
        return await asyncio.get_running_loop().run_in_executor(None, function)

    if error is None:
        assert run_virtual(main()) == 42
    else:
        with pytest.raises(error):
            run_virtual(main())


def test_an_engine_shares_the_clock() -> None:
    engine = Engine()

    async def main() -> list[float | str]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()
        engine.call_at(10_400, answer.set_result, "from the air")
        sleeping = loop.create_task(asyncio.sleep(0.0108))
        seen: list[float | str] = [await answer, loop.time(), engine.now]
        await sleeping
        return [*seen, loop.time(), engine.now]

    assert run_virtual(main(), engine) == ["from the air", 0.0104, 10_400, 0.0108, 10_800]


def test_an_event_may_set_a_timer_before_the_next_one() -> None:
    engine = Engine()

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []

        def set_timer() -> None:
            loop.call_later(0.0001, lambda: seen.append(loop.time()))

        engine.call_at(100, set_timer)
        await asyncio.sleep(1)
        return seen

    assert run_virtual(main(), engine) == [pytest.approx(0.0002, abs=1e-12)]


def test_a_deadlock_is_seen_only_after_the_last_event_of_the_engine() -> None:
    engine = Engine()
    seen: list[object] = []
    engine.call_at(5, seen.append, "event")

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        run_virtual(main(), engine)
    assert seen == ["event"]
