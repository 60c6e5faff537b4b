"""Everything that happens in a run passes here: to the files, the counters, and whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import cast

from emulator.core.events import Event, EventSink, Report, Value
from emulator.observe.metrics import Metrics

_RETRIES = frozenset(("mac.retry", "aps.retry", "ota.block.resent"))
_DROPS = frozenset(("mac.dropped", "nwk.dropped", "aps.dropped", "zcl.dropped", "ota.dropped", "ota.server.dropped"))


class Recorder:
    """Hands events on.

    Attributes:
        metrics: counts of the run.
        names: every device's name in events, by its address.
        watchers: told of every event.
        noticed: called once an event has been handed to everybody, by whoever waits for a condition.
        started, ended: wall clock of the first and the last event, seconds; never part of an event.
    """

    def __init__(self, sinks: list[EventSink]) -> None:
        self.metrics = Metrics()
        self.names: dict[int, str] = {}
        self.watchers: list[EventSink] = []
        self.noticed: Callable[[], None] | None = None
        self.started = 0.0
        self.ended = 0.0
        self._sinks = sinks
        self._watchers_of: dict[str, list[EventSink]] = {}

    def reporter(self, source: str) -> Report:
        """A function that reports in the name of `source`."""

        def report(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
            self.take(Event(now, source, kind, reason, cast("Mapping[str, Value]", fields)))

        return report

    def watch(self, source: str, watcher: EventSink) -> None:
        """Hand every event of `source` to `watcher` as well."""
        self._watchers_of.setdefault(source, []).append(watcher)

    def take(self, event: Event) -> None:
        """Hand one event on."""
        self.ended = perf_counter()
        if not self.started:
            self.started = self.ended
        self._count(event)
        for sink in self._sinks:
            sink(event)
        for watcher in self._watchers_of.get(event.source, ()):
            watcher(event)
        for watcher in self.watchers:
            watcher(event)
        if self.noticed is not None:
            self.noticed()

    @property
    def wall_seconds(self) -> float:
        """From the first event to the last."""
        return self.ended - self.started

    def _count(self, event: Event) -> None:
        kind = event.kind
        if kind == "ota.progress":
            octets = event.fields.get("octets")
            if isinstance(octets, int):
                self.metrics.progress(event.source, event.at, octets)
        elif kind in _RETRIES:
            self.metrics.retry(event.source, event.at, event.reason or kind)
        elif kind in _DROPS:
            self.metrics.drop(event.source, event.at, event.reason or kind)
        elif kind == "air.lost":
            self.metrics.drop(self._hearer(event), event.at, event.reason or kind)

    def _hearer(self, event: Event) -> str:
        """Who did not get a frame that was lost on the air."""
        address = str(event.fields.get("to", ""))
        return self.names.get(int(address, 16), address) if address else event.source
