"""Opens what a device on a stick needs: stick, the folder with what was kept, its log, and a clock that goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import SystemRandom
from typing import Final

from emulator.control.live.plan import DEFAULT_STATE, StickPlan
from emulator.core.errors import BadInput
from emulator.core.eui64 import eui64_text
from emulator.core.events import Event, EventSink
from emulator.gbcs.pki import Pki
from emulator.observe.event_log import EventLog
from emulator.observe.part_file import refused
from emulator.runtime.engine import Engine
from emulator.runtime.key_authority import KeyAuthority
from emulator.runtime.live.air import StickAir
from emulator.runtime.live.download_times import DownloadTimes
from emulator.runtime.live.kept_streams import KeptStreams
from emulator.runtime.live.run import LiveRun
from emulator.runtime.live.state import Kept, LiveState
from emulator.runtime.recorder import Recorder
from emulator.runtime.replay.recording import Recording
from emulator.runtime.wall_clock import WallClock
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.settings import EzspSettings, KeyMethod
from emulator.transports.ezsp.uri import StickAddress

EVENTS: Final = "events.jsonl"
KEEP_EVERY_S: Final = 0.5
_TELLING: Final = frozenset(
    ("trust.link-key", "hub.device-joined", "hub.device-left", "hub.device-log", "bridge.joined", "hub.network-up")
)
"""Events after which something is another than before that must not be lost."""
_STOP_WITHIN_S: Final = 3.0
_MICROSECOND: Final = 1e-6


@dataclass(slots=True)
class Opened:
    """A stick that is open, and everything around it.

    Attributes:
        name: of the device on it.
        address: where the stick is.
        state: the folder; kept: what is in it.
        recording: of the run, where it is recorded.
        kept_of_device: gives what the device keeps, JSON-ready.
        times: where the time of downloads goes.
    """

    name: str
    address: StickAddress
    port: EzspPort
    state: LiveState
    kept: Kept
    clock: WallClock
    recorder: Recorder
    streams: KeptStreams
    times: DownloadTimes
    recording: Recording | None = None
    kept_of_device: Callable[[], Mapping[str, object]] = dict
    _failed: Callable[[Exception], None] | None = None

    def run(self, plan: StickPlan, pki: Pki, authority: KeyAuthority | None) -> LiveRun:
        """The run, once its keys are there."""
        air = StickAir(self.recorder, {self.name: self.port})
        run = LiveRun(
            self.clock, self.recorder, air, self.streams, plan.standards, self.kept.epoch, pki, authority
        )  # fmt: skip
        self._failed = run.fail
        return run

    def failed(self, error: Exception) -> None:
        """The stick is gone for good."""
        if self._failed is not None:
            self._failed(error)

    def keep(self) -> None:
        """Write whatever has changed; BadInput where that cannot be done."""
        self.kept.host = self.port.memory
        device = self.kept_of_device()
        if device:
            self.kept.device = device
        self.state.keep()


@asynccontextmanager
async def opened(plan: StickPlan, role: str, tell: EventSink, tx_power: int | None = None) -> AsyncIterator[Opened]:
    """Everything a device needs; the stick is given back, and what is to be kept written, when it is left.

    Args:
        plan: what was asked for.
        role: `hub` or `bridge`.
        tell: told of every event.
        tx_power: dBm; None: as ever.

    Raises:
        BadInput: the stick or the folder cannot be used; one line with the remedy.
    """
    sinks: list[EventSink] = [tell]
    recorder = Recorder(sinks)
    late: list[Opened] = []
    async with AsyncExitStack() as stack:
        port, recording = await _stick(plan, role, recorder, late, tx_power, stack)
        state = LiveState(_folder(plan, role, port), role)
        stack.callback(state.close)
        kept = state.begin(role, port.eui64)
        port.remember(kept.host)
        log = stack.enter_context(_log(state.folder))
        sinks.append(log)
        clock, streams = _clock(kept), KeptStreams(kept.root, kept.starts)
        stack.callback(clock.close)
        times = _times(plan, role, port, recorder)
        one = Opened(role, plan.port, port, state, kept, clock, recorder, streams, times, recording)
        late.append(one)
        stack.callback(one.keep)
        await stack.enter_async_context(_keeping(one, log))
        yield one


async def _stick(
    plan: StickPlan, role: str, recorder: Recorder, late: list[Opened], tx_power: int | None, stack: AsyncExitStack
) -> tuple[EzspPort, Recording | None]:
    """The stick, and the recording of it; the clock is there `late`, as only the stick says which folder has it."""

    def now() -> int:
        return late[0].clock.now if late else 0

    recording = None
    if plan.record is not None:
        recording = Recording.open(plan.record, now)
        stack.callback(recording.close)
    port = await open_port(
        partial(open_stick, plan.port, tap=None if recording is None else recording.serial),
        SystemRandom(),
        recorder.reporter(f"{role}/host"),
        now,
        settings=_settings(plan, tx_power),
        failed=lambda error: late[0].failed(error) if late else None,
    )
    stack.push_async_callback(port.close)
    return port, recording


def _times(plan: StickPlan, role: str, port: EzspPort, recorder: Recorder) -> DownloadTimes:
    """Follows the messages and events of every download."""
    times = DownloadTimes(recorder.reporter(role), None if plan.port.is_tcp else plan.port.baud)
    port.tap = times
    recorder.watch(role, times.take)
    return times


def _settings(plan: StickPlan, tx_power: int | None) -> EzspSettings:
    settings = EzspSettings(keys_method=KeyMethod(plan.standards.word("keys.method")))
    return settings if tx_power is None else replace(settings, tx_power=tx_power)


def _folder(plan: StickPlan, role: str, port: EzspPort) -> Path:
    return plan.state or DEFAULT_STATE / f"{role}-{eui64_text(port.eui64)}"


def _clock(kept: Kept) -> WallClock:
    """A clock that has gone on since the epoch."""
    engine = Engine()
    engine.run_until(max(0, round((datetime.now(UTC) - kept.epoch).total_seconds() / _MICROSECOND)))
    return WallClock(engine)


@contextmanager
def _log(folder: Path) -> Iterator[EventLog]:
    """The event log of the folder, which goes on where the last run ended."""
    path = folder / EVENTS
    with refused(path, "cannot be written"):
        file = path.open("ab")
    log = EventLog(file, utc=lambda: datetime.now(UTC).isoformat())
    try:
        yield log
    finally:
        with suppress(OSError):
            log.flush()
            file.close()


@asynccontextmanager
async def _keeping(one: Opened, log: EventLog) -> AsyncIterator[None]:
    """What is to be kept is written soon after it has changed, and now and then."""
    due = asyncio.Event()

    def notice(event: Event) -> None:
        if event.kind in _TELLING:
            due.set()

    one.recorder.watchers.append(notice)
    task = asyncio.create_task(_keep_again_and_again(one, log, due))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_again_and_again(one: Opened, log: EventLog, due: asyncio.Event) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(due.wait(), KEEP_EVERY_S)
        due.clear()
        try:
            one.keep()
            with refused(one.state.folder, "cannot be written"):
                log.flush()
        except BadInput as error:
            one.failed(error)
            return


async def stop(one: Opened, power_off: Callable[[int], None]) -> None:
    """Switch the device off in order, and wait until its stick is off the air, a while at most."""
    one.clock.enter(power_off)
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_WITHIN_S):
            await one.port.settled()
