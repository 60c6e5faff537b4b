"""Carries out what `althan ncp serve` was asked for: sticks on an air, served until a signal ends it."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from emulator.control.http.address import Address
from emulator.core.errors import BadInput
from emulator.core.eui64 import eui64_text
from emulator.core.rng import SeededStreams, Streams, SystemStreams
from emulator.ncp.lines.pty import PtyLine
from emulator.ncp.lines.tcp import TcpLine
from emulator.observe.capture import CaptureWriter
from emulator.observe.event_log import EventLog
from emulator.observe.part_file import refused
from emulator.runtime.sticks.bench import BenchSettings, BenchStick, StickBench
from emulator.runtime.sticks.fault_plan import StickFaults
from emulator.runtime.sticks.state import addresses_in

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LISTEN = "--listen"
_LAST_PORT = 65_535
_FLUSH_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class NcpPlan:
    """What is to be served.

    Attributes:
        address: where the first stick listens; those after it at the ports after it, or at free ones for port 0.
        faults: what goes wrong at every stick.
        state: folder of what the sticks keep.
        capture, events: files of frames and events.
        seed: None: the system's randomness.
    """

    address: Address
    allow_remote: bool
    pty: bool
    count: int
    ezsp: int
    bench: BenchSettings
    faults: StickFaults | None
    state: Path | None
    capture: Path | None
    events: Path | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class _Served:
    """A stick and its lines."""

    stick: BenchStick
    tcp: TcpLine
    pty: PtyLine | None


def carry_out(plan: NcpPlan, *, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        BadInput: before anything is served.
    """
    if not (plan.address.is_loopback or plan.allow_remote):
        what = f"{plan.address.host} can be reached from other machines, and whoever does may use the sticks"
        raise BadInput(what, where=_LISTEN, allowed="127.0.0.1, ::1 or localhost; any with --allow-remote")
    if plan.address.port and plan.address.port + plan.count - 1 > _LAST_PORT:
        raise BadInput(f"{plan.count} ports from {plan.address.port} on", where=_LISTEN, allowed=f"up to {_LAST_PORT}")
    asyncio.run(_serve(plan, as_json))


async def _serve(plan: NcpPlan, as_json: bool) -> None:
    told = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    streams: Streams = SystemStreams() if plan.seed is None else SeededStreams(plan.seed)
    with _capture(plan.capture) as capture, _events(plan.events) as log:
        bench = StickBench(
            plan.bench,
            streams,
            sinks=() if log is None else (log,),
            capture=None if capture is None else capture.frame,
        )
        async with AsyncExitStack() as stack:
            stack.callback(bench.close)
            bench.reserve(() if plan.state is None else addresses_in(plan.state))
            for index in range(plan.count):
                served = await stack.enter_async_context(_opened(plan, bench, index))
                typer.echo(json.dumps(_facts(index, served)) if as_json else _words(index, served))
            if not as_json:
                typer.echo("Ctrl-C ends it")
            while not await _wanted(told):
                _flush(capture, log)


async def _wanted(told: asyncio.Event) -> bool:
    """Whether the end was wanted within a while."""
    with suppress(TimeoutError):
        return await asyncio.wait_for(told.wait(), _FLUSH_EVERY_S)
    return False


def _flush(*files: CaptureWriter | EventLog | None) -> None:
    """Let whoever looks at the files see what happened so far."""
    for file in files:
        if file is not None:
            file.flush()


@asynccontextmanager
async def _opened(plan: NcpPlan, bench: StickBench, index: int) -> AsyncIterator[_Served]:
    """One stick, reachable."""
    faults = None if plan.faults is None else plan.faults.of(index)
    stick = bench.add(plan.ezsp, _state_file(plan.state, index), faults)
    tcp = TcpLine(stick.end, stick.enter)
    pty = PtyLine(stick.end, stick.enter) if plan.pty else None
    stick.lines.append(tcp)
    await tcp.open(plan.address.host, plan.address.port + index if plan.address.port else 0)
    try:
        if pty is not None:
            pty.open()
        yield _Served(stick, tcp, pty)
    finally:
        await tcp.close()
        if pty is not None:
            pty.close()


def _state_file(folder: Path | None, index: int) -> Path | None:
    if folder is None:
        return None
    with refused(folder, "the folder cannot be created"):
        folder.mkdir(parents=True, exist_ok=True)
    return folder / f"stick-{index}.json"


@contextmanager
def _capture(path: Path | None) -> Iterator[CaptureWriter | None]:
    """A file that can be looked at while it grows."""
    if path is None:
        yield None
        return
    with refused(path, "cannot be written"):
        file = path.open("wb")
    with file:
        writer = CaptureWriter(file, epoch=datetime.now(UTC).replace(microsecond=0))
        yield writer
        writer.flush()


@contextmanager
def _events(path: Path | None) -> Iterator[EventLog | None]:
    if path is None:
        yield None
        return
    with refused(path, "cannot be written"):
        file = path.open("wb")
    with file:
        log = EventLog(file, utc=lambda: datetime.now(UTC).isoformat())
        yield log
        log.flush()


# --- what it prints --------------------------------------------------------------------------------------------------


def _facts(index: int, served: _Served) -> dict[str, object]:
    where = f"{served.tcp.address}:{served.tcp.port}"
    return {
        "stick": index,
        "uri": f"ezsp+tcp:{where}",
        "socket": f"socket://{where}",
        "pty": None if served.pty is None else served.pty.path,
        "eui64": eui64_text(served.stick.chip.eui64),
        "ezsp": served.stick.chip.flash.version,
        "bootloader": served.stick.chip.flash.start_fault is not None,
    }


def _words(index: int, served: _Served) -> str:
    facts = _facts(index, served)
    pty = "" if served.pty is None else f"  {served.pty.path}"
    runs = "in its bootloader" if facts["bootloader"] else f"EZSP {facts['ezsp']}"
    return f"stick {index}  {facts['socket']}{pty}  EUI-64 {facts['eui64']}  {runs}"
