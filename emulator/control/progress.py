"""Live progress of updates on stderr: bytes, percent, rate, blocks sent again, and the time of the run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from emulator.core.clock import SECOND

if TYPE_CHECKING:
    from rich.live import Live

    from emulator.runtime.han import BridgeHandle
    from emulator.runtime.run import Run

ETA_FROM = 0.10
"""A share of the image below which nobody should believe an estimate."""
_LINE_EVERY = 2.0
"""Seconds between lines where stderr is no terminal."""
_SHORT_REAL = 0.05
"""Seconds below which a ratio of times says nothing."""


class Progress(Protocol):
    """Something that shows how far bridges are."""

    def show(self, run: Run, bridges: Sequence[BridgeHandle], sizes: Sequence[int]) -> None:
        """Show it as it is now; `sizes` are the octets of the bridges' images."""


class Silence:
    """Shows nothing."""

    def show(self, run: Run, bridges: Sequence[BridgeHandle], sizes: Sequence[int]) -> None:
        """Nothing."""


class Meter:
    """Turns the state of the bridges into lines.

    Args:
        real: whether the time of the run is that of the wall clock.
    """

    def __init__(self, *, real: bool) -> None:
        self._real = real
        self._began = perf_counter()

    def clocks(self, run: Run) -> str:
        """Virtual against real time, where they are not the same."""
        if self._real:
            return f"{run.now / SECOND:,.1f} s"
        virtual, real = run.now / SECOND, perf_counter() - self._began
        ratio = f" ({virtual / real:.0f}x)" if real > _SHORT_REAL else ""
        return f"virtual {virtual:,.1f} s, real {real:.1f} s{ratio}"

    def bridges(self, run: Run, bridges: Sequence[BridgeHandle], sizes: Sequence[int]) -> list[str]:
        """A line for each bridge."""
        width = max((len(bridge.name) for bridge in bridges), default=0)
        pairs = zip(bridges, sizes, strict=True)
        unit = "s" if self._real else "s virtual"
        return [f"{bridge.name:<{width}}  {_state(run.now, bridge, size, unit)}" for bridge, size in pairs]


def _state(now: int, bridge: BridgeHandle, size: int, unit: str) -> str:
    received, total = bridge.progress
    if not 0 < received < total:
        return f"{bridge.stage}, version {bridge.version}"
    rate = bridge.usage.rate(received, now)
    resent = -(-bridge.usage.counters.bytes_resent // bridge.device.block_octets)
    parts = [
        f"{received:>7,} of {size:,} bytes {received / size:4.0%}",
        f"{rate:5,.0f} bytes/s",
        f"{resent} blocks re-sent",
    ]
    if received >= ETA_FROM * size and rate > 0:
        parts.append(f"ETA {(size - received) / rate:,.0f} {unit}")
    return ", ".join(parts)


class Lines:
    """For a log: a line for each bridge every other second, on stderr."""

    def __init__(self, *, real: bool = False) -> None:
        self._meter = Meter(real=real)
        self._last = perf_counter()

    def show(self, run: Run, bridges: Sequence[BridgeHandle], sizes: Sequence[int]) -> None:
        """The lines, if it is time for them."""
        now = perf_counter()
        if now - self._last < _LINE_EVERY:
            return
        self._last = now
        clocks = self._meter.clocks(run)
        lines = self._meter.bridges(run, bridges, sizes)
        sys.stderr.write("".join(f"{line}, {clocks}\n" for line in lines))
        sys.stderr.flush()


class Display:
    """For a terminal: the meter's lines, renewed in place."""

    def __init__(self, live: Live, *, real: bool = False) -> None:
        self._live = live
        self._meter = Meter(real=real)

    def show(self, run: Run, bridges: Sequence[BridgeHandle], sizes: Sequence[int]) -> None:
        """Renew them."""
        from rich.text import Text

        lines = (*self._meter.bridges(run, bridges, sizes), self._meter.clocks(run))
        self._live.update(Text("\n".join(lines)))


@contextmanager
def progress_on_stderr(*, quiet: bool, real: bool = False) -> Iterator[Progress]:
    """Progress for as long as the block runs; nothing is left of it on a terminal afterwards.

    Args:
        quiet: show nothing.
        real: the time of the run is that of the wall clock.
    """
    if quiet:
        yield Silence()
    elif not sys.stderr.isatty():
        yield Lines(real=real)
    else:
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), refresh_per_second=10, transient=True) as live:
            yield Display(live, real=real)
