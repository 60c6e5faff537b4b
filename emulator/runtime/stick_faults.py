"""What is made to go wrong between a virtual stick and its host: the octets of its line, and the stick by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import BadInput
from emulator.core.events import Report
from emulator.core.rng import Streams
from emulator.faults.serial_line import FaultyLine, LineFaults
from emulator.ncp.ash.frames import ResetCode
from emulator.ncp.lines.ends import Write, nowhere
from emulator.ncp.stick import Stick
from emulator.ports.schedule import Scheduler

FAULT_OPTION: Final = "--fault"
_PERCENT: Final = 100
_LONGEST_MS: Final = 60_000
_LONGEST_S: Final = 86_400
_LIMITS: Final = {
    "lose": (_PERCENT, "percent of octets"),
    "flip": (_PERCENT, "percent of octets"),
    "double": (_PERCENT, "percent of octets"),
    "delay": (_LONGEST_MS, "ms"),
    "jitter": (_LONGEST_MS, "ms"),
    "reset": (_LONGEST_S, "s"),
    "error": (_LONGEST_S, "s"),
}


@dataclass(frozen=True, slots=True)
class StickFaults:
    """What goes wrong.

    Attributes:
        line: both directions of the line, each by itself.
        reset: µs after which the stick resets by itself, once; None: it does not.
        error: µs after which its link fails with an ERROR frame, once; None: it does not.
    """

    line: LineFaults = field(default_factory=LineFaults)
    reset: int | None = None
    error: int | None = None


def parse_faults(texts: Iterable[str]) -> StickFaults:
    """`NAME=NUMBER`, each name once at most: lose, flip, double (percent), delay, jitter (ms), reset, error (s).

    Raises:
        BadInput: anything else.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in _LIMITS:
            raise BadInput(f"no fault is called {name!r}", where=FAULT_OPTION, allowed=_allowed())
        if name in found:
            raise BadInput(f"{name} is given twice", where=FAULT_OPTION, allowed="each once")
        found[name] = _number(name, number)
    lose, flip, double = (found.get(name, 0) / _PERCENT for name in ("lose", "flip", "double"))
    delay, jitter = (round(found.get(name, 0) * MILLISECOND) for name in ("delay", "jitter"))
    line = LineFaults(lose, flip, double, delay, jitter)
    reset, error = (None if name not in found else round(found[name] * SECOND) for name in ("reset", "error"))
    return StickFaults(line, reset, error)


def _number(name: str, text: str) -> float:
    most, unit = _LIMITS[name]
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise BadInput(f"{name} cannot be {text!r}", where=FAULT_OPTION, allowed=f"0 to {most} {unit}")
    return value


def _allowed() -> str:
    return ", ".join(f"{name}=N ({unit})" for name, (_, unit) in _LIMITS.items())


class FaultyEnd:
    """A stick at the end of a line on which things go wrong; a `LineEnd`.

    Args:
        stick: the stick.
        faults: what goes wrong.
        scheduler: what its octets come late by.
        streams, name: where chance comes from.
        report: told of everything that was done to the stick.
        settled: called after octets have arrived late.
    """

    def __init__(
        self,
        stick: Stick,
        faults: StickFaults,
        scheduler: Scheduler,
        streams: Streams,
        name: str,
        report: Report,
        settled: Callable[[], None],
    ) -> None:
        self._stick = stick
        self._scheduler = scheduler
        self._report = report
        self._settled = settled
        self._from_host = FaultyLine(faults.line, streams.stream(f"{name}/line/in"), report)
        self._from_stick = FaultyLine(faults.line, streams.stream(f"{name}/line/out"), report)
        self._write: Write = nowhere
        self._hosts = 0
        """How many have come: octets on their way to or from one that is gone are lost with it."""
        for after, do in ((faults.reset, self._reset), (faults.error, self._fail)):
            if after is not None:
                scheduler.call_at(scheduler.now + after, do)

    def connected(self, write: Write, now: int) -> None:
        """As `LineEnd`."""
        self._hosts += 1
        self._write = write
        self._stick.connected(self._outwards, now)

    def received(self, octets: bytes, now: int) -> None:
        """As `LineEnd`."""
        at, left = self._from_host.write(octets, now)
        if at <= now:
            self._stick.received(left, now)
        else:
            self._scheduler.call_at(at, self._arrive, left, self._hosts)

    def disconnected(self, now: int) -> None:
        """As `LineEnd`."""
        self._hosts += 1
        self._write = nowhere
        self._stick.disconnected(now)

    def _arrive(self, octets: bytes, host: int) -> None:
        if host == self._hosts:
            self._stick.received(octets, self._scheduler.now)
            self._settled()

    def _outwards(self, octets: bytes) -> None:
        now = self._scheduler.now
        at, left = self._from_stick.write(octets, now)
        if at <= now:
            self._write(left)
        else:
            self._scheduler.call_at(at, self._depart, left, self._hosts)

    def _depart(self, octets: bytes, host: int) -> None:
        if host == self._hosts:
            self._write(octets)

    def _reset(self) -> None:
        now = self._scheduler.now
        self._report("stick.fault", "reset", {}, now)
        self._stick.reset(ResetCode.WATCHDOG, now)
        self._settled()

    def _fail(self) -> None:
        now = self._scheduler.now
        self._report("stick.fault", "error", {}, now)
        self._stick.fail(ResetCode.ACK_TIMEOUTS, now)
        self._settled()
