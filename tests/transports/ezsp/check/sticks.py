"""Virtual sticks for the check, in virtual time, and ways to make one of them deviate from the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random
from typing import Any, TypeVar

from emulator.core.rng import SeededStreams
from emulator.ncp.chip import Chip, Values
from emulator.ncp.commands.catalogue import COMMANDS, Handler
from emulator.ncp.ezsp.status import Status
from emulator.ncp.lines.memory import MemoryLine
from emulator.runtime.loop import run_virtual
from emulator.runtime.sticks.bench import INSTANT, BenchSettings, BenchStick, StickBench
from emulator.transports.ezsp.check.findings import Finding, Trial
from emulator.transports.ezsp.check.point import Point
from emulator.transports.ezsp.check.points import POINTS
from emulator.transports.ezsp.check.run import empty_all, try_all
from emulator.transports.ezsp.check.seat import Seat
from emulator.transports.ezsp.check.stage import Stage
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick
from emulator.zigbee.node.facts import NetworkState

Result = TypeVar("Result")

CHANNEL = 20


class World:
    """A stage, and the virtual sticks and lines under it."""

    def __init__(self, stage: Stage, sticks: list[BenchStick], lines: list[MemoryLine]) -> None:
        self.stage = stage
        self.sticks = sticks
        self.lines = lines

    def deviate(self, stick: int, **handlers: Handler) -> None:
        """Let a stick obey commands in another way: its part of the catalogue is wrapped, nothing else."""
        session = self.sticks[stick].stick._session
        session._commands = {**session._commands, **handlers}

    def unknown(self, stick: int, *names: str) -> None:
        """Let a stick not know commands."""
        session = self.sticks[stick].stick._session
        session._commands = {name: one for name, one in session._commands.items() if name not in names}

    def tell(self, stick: int, name: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        """Let a stick say a callback in another way, or (None) not at all."""
        chip = self.sticks[stick].chip
        before = chip.callback

        def callback(said: str, values: dict[str, Any], now: int) -> None:
            changed = change(values) if said == name else values
            if changed is not None:
                before(said, changed, now)

        chip.callback = callback

    async def tried(self, *names: str) -> list[Finding]:
        """What comes of points, by name."""
        return await try_all(self.stage, [named(name) for name in names], Silence())

    async def left_empty(self) -> bool:
        """Whether the sticks can be, and are, left without a network."""
        assert await empty_all(self.stage.seats) == {}
        return not any(in_network(stick.chip) for stick in self.sticks)


class Silence:
    """Is told of trials and shows nothing."""

    def begun(self, point: Point, hub: str, number: int, trials: int) -> None:
        pass

    def ended(self, trial: Trial) -> None:
        pass


def named(name: str) -> Point:
    """A point of the table."""
    return next(point for point in POINTS if point.name == name)


def in_network(chip: Chip) -> bool:
    """On the air in a network, or ready to go on with one."""
    facts = chip.node.facts
    return facts.state is not NetworkState.NO_NETWORK or facts.remembers_network or bool(facts.link_keys())


def answers(value: Status) -> Handler:
    """Does nothing, and answers this status."""
    return lambda chip, values, now: {"status": value}


def changed(name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
    """Obeys as always, and answers something else."""

    def handler(chip: Chip, values: Values, now: int) -> dict[str, Any]:
        return change(COMMANDS[name](chip, values, now))

    return handler


@asynccontextmanager
async def world(*versions: int) -> AsyncIterator[World]:
    """A stick of each version, all on one air, each with a seat."""
    bench = StickBench(BenchSettings(INSTANT), SeededStreams(7))
    seats, lines = [], []
    async with AsyncExitStack() as stack:
        stack.callback(bench.close)
        for number, version in enumerate(versions, start=1):
            stick = bench.add(version)
            line = MemoryLine(stick.end, stick.enter)
            line.open()
            stack.callback(line.close)
            opener = partial(open_stick, stack.enter_context(offered(line)))
            seat = Seat(f"stick {number}", opener, Random(number), lambda: bench.clock.now)
            await seat.port.open()
            stack.push_async_callback(seat.port.close)
            seats.append(seat)
            lines.append(line)
        yield World(Stage(seats, CHANNEL, Random(9)), bench.sticks, lines)


def on_sticks(main: Callable[[World], Awaitable[Result]], *versions: int) -> Result:
    """Run it, give the sticks back, and see that no task is left."""

    async def whole() -> Result:
        async with world(*versions) as made:
            result = await main(made)
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    return run_virtual(whole())
