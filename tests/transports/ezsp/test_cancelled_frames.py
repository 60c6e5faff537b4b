"""Whoever is cancelled in the midst of a command leaves nothing behind that fails in nobody's hearing."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from emulator.core.rng import SeededStreams
from emulator.ncp.lines.memory import MemoryLine
from emulator.runtime.loop import run_virtual
from emulator.runtime.sticks.bench import BenchSettings, StickBench
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.stick import Stick


def left_behind(then: Callable[[Stick], Awaitable[None]]) -> list[dict[str, object]]:
    """What the loop alone was told, after a command was cancelled while its frame was on the line, and `then`."""

    async def main() -> list[dict[str, object]]:
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        bench = StickBench(BenchSettings(), SeededStreams(1))
        stick = bench.add()
        line = MemoryLine(stick.end, stick.enter)
        line.open()
        with offered(line) as address:
            host, _ = await open_stick(address, lambda _: None)
            line.write = lambda octets: None  # type: ignore[method-assign]  # the stick hears nothing
            asking = asyncio.create_task(host.ask("nop"))
            await asyncio.sleep(0.1)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            del line.write  # the method is there again
            await then(host)
            await host.close()
            await asyncio.sleep(1)
        line.close()
        bench.close()
        gc.collect()
        return told

    return run_virtual(main())


async def nothing(_: Stick) -> None:
    """Closed at once."""


@pytest.mark.parametrize("then", [nothing, Stick.reset], ids=["closed", "reset"])
def test_a_frame_that_nobody_waits_for_fails_in_silence(then: Callable[[Stick], Awaitable[None]]) -> None:
    assert left_behind(then) == []
