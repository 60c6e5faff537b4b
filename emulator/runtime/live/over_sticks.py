"""A run over virtual sticks in this process: every device behind bellows, a TCP connection and a stick of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from emulator.core.events import EventSink
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.ncp.lines.tcp import TcpLine
from emulator.runtime.air import Capture
from emulator.runtime.live.air import StickAir
from emulator.runtime.live.run import KeySink, LiveRun, run_with_test_keys
from emulator.runtime.sticks.bench import BenchSettings, StickBench
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.uri import parse_stick

_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class OverSticks:
    """What such a run is to be.

    Attributes:
        names: of the devices, as the run calls them; each has a stick.
        version: of EZSP, that all sticks speak.
        bench: the air between them.
        seed: of everything random; the wall clock stays what it is, so no two runs are the same to the octet.
        key_establishment: whether devices establish link keys of their own.
    """

    names: Sequence[str]
    version: int
    bench: BenchSettings
    seed: int
    standards: Standards
    key_establishment: bool = True


@asynccontextmanager
async def over_sticks(
    plan: OverSticks,
    *,
    sinks: Sequence[EventSink] = (),
    capture: Capture | None = None,
    keys: KeySink | None = None,
    epoch: datetime | None = None,
) -> AsyncIterator[LiveRun]:
    """The run with its sticks open; every line, task and stick is gone when it is left.

    Args:
        plan: what it is to be.
        sinks: told of every event.
        capture: told of every frame.
        keys: told of every key that a capture needs.
        epoch: the date of its beginning, UTC; now if None.

    Raises:
        BadInput: no stick has that version of EZSP.
    """
    streams, epoch = SeededStreams(plan.seed), epoch or datetime.now(UTC)
    bench = StickBench(plan.bench, streams, sinks=tuple(sinks), capture=capture)
    ports: dict[str, EzspPort] = {}
    async with AsyncExitStack() as stack:
        stack.callback(bench.close)
        run = run_with_test_keys(
            bench.clock,
            bench.recorder,
            StickAir(bench.recorder, ports, bench.radios),
            streams,
            plan.standards,
            epoch,
            key_establishment=plan.key_establishment,
            keys=keys,
        )
        for name in plan.names:
            ports[name] = await _opened(name, bench, streams, plan.version, run.fail, stack)
        yield run


async def _opened(
    name: str,
    bench: StickBench,
    streams: SeededStreams,
    version: int,
    failed: Callable[[Exception], None],
    stack: AsyncExitStack,
) -> EzspPort:
    """The port of one more stick."""
    stick = bench.add(version)
    line = TcpLine(stick.end, stick.enter)
    await line.open(_LOOPBACK, 0)
    stack.push_async_callback(line.close)
    opener = partial(open_stick, parse_stick(f"ezsp+tcp:{_LOOPBACK}:{line.port}"))
    report, rng = bench.recorder.reporter(f"{name}/host"), streams.stream(f"{name}/host")
    port = await open_port(opener, rng, report, lambda: bench.clock.now, failed=failed)
    stack.push_async_callback(port.close)
    return port
