"""A run by the wall clock, as those see it who wait for something in it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from emulator.core.clock import SECOND
from emulator.core.errors import BadInput
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.gbcs.pki import generate_pki
from emulator.runtime.computing import ThreadComputer
from emulator.runtime.engine import Engine
from emulator.runtime.live.air import StickAir
from emulator.runtime.live.run import LiveRun
from emulator.runtime.loop import run_virtual
from emulator.runtime.recorder import Recorder
from emulator.runtime.wall_clock import WallClock


def a_run() -> LiveRun:
    recorder, streams = Recorder([]), SeededStreams(1)
    epoch = datetime(2026, 11, 1, tzinfo=UTC)
    return LiveRun(
        WallClock(Engine()), recorder, StickAir(recorder, {}), streams, Standards(), epoch,
        generate_pki(streams, ()), None,
    )  # fmt: skip


def test_a_wait_ends_when_what_was_waited_for_is_reported() -> None:
    async def main() -> None:
        run, happened = a_run(), list[int]()
        report = run.recorder.reporter("x")

        def happen() -> None:
            happened.append(run.now)
            report("x.happened", None, {}, run.now)

        run.clock.call_at(5 * SECOND, happen)
        assert await run.until(lambda: bool(happened), 60 * SECOND)
        assert run.now < 6 * SECOND

    run_virtual(main())


def test_a_wait_ends_at_its_limit_and_one_for_something_unreported_soon_after_it_happened() -> None:
    async def main() -> None:
        run = a_run()
        assert not await run.until(lambda: False, 3 * SECOND)
        assert 3 * SECOND <= run.now < 4 * SECOND
        assert await run.until(lambda: run.now > 10 * SECOND)
        assert run.now < 11 * SECOND

    run_virtual(main())


def test_whoever_waits_is_told_that_nothing_will_go_on_and_so_is_whoever_waits_later() -> None:
    async def main() -> None:
        run = a_run()
        waiting = asyncio.create_task(run.until(lambda: False))
        await asyncio.sleep(1)
        run.fail(BadInput("the stick is gone"))
        for wait in (waiting, run.until(lambda: True)):
            with pytest.raises(BadInput, match="the stick is gone"):
                await wait

    run_virtual(main())


def test_a_computation_is_handed_back_with_the_time_and_dropped_once_time_stands_still() -> None:
    async def main() -> None:
        run, results, armed = a_run(), list[tuple[int, int]](), list[None]()
        computer = ThreadComputer(run.clock)
        computer.armed = lambda: armed.append(None)
        computer.compute(lambda: 42, lambda result, now: results.append((result, now)))
        await asyncio.sleep(1)
        assert [result for result, _ in results] == [42]
        assert armed == [None]
        computer.compute(lambda: 43, lambda result, now: results.append((result, now)))
        run.clock.close()
        await asyncio.sleep(1)
        assert [result for result, _ in results] == [42]

    run_virtual(main())
