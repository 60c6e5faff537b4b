"""What an update does to the traffic of the others: exchanges lost and latency, and who was cut off for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.core.clock import SECOND
from emulator.core.events import Event, Value
from emulator.devices.bridge.supply import BATTERY_EMPTY

PASSED = "traffic.passed"
LOST = "traffic.lost"

_STARTED = "ota.started"
_DOWN = "bridge.power"
_UP = "bridge.joined"
_ON = "on"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange of a device with the hub; times are µs of the run.

    Attributes:
        ended: when the answer or the acknowledgement came, or nobody waited any longer.
        lost: why nothing came of it; None where it passed.
    """

    device: str
    began: int
    ended: int
    lost: str | None


@dataclass(frozen=True, slots=True)
class Outage:
    """A bridge restarted, or ran out of charge: off the network from `down` to `up`, µs of the run."""

    bridge: str
    down: int
    up: int

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.up - self.down) / SECOND

    def touches(self, exchange: Exchange) -> bool:
        """Whether an exchange was under way during it."""
        return exchange.began < self.up and exchange.ended > self.down

    def within(self, since: int, until: int) -> int:
        """How much of it (µs) lies between two moments."""
        return max(0, min(self.up, until) - max(self.down, since))


@dataclass(frozen=True, slots=True)
class TrafficFigures:
    """The exchanges of one device in one span of time.

    Attributes:
        lost: those of which nothing came, except:
        cut_off: those lost while a bridge on their way was off.
        median_ms, slowest_ms: from question to answer, of those that passed; None where none did.
    """

    exchanges: int
    lost: int
    cut_off: int
    median_ms: float | None
    slowest_ms: float | None

    @property
    def lost_percent(self) -> float:
        """Of all exchanges; 0 where there was none."""
        return 100 * self.lost / self.exchanges if self.exchanges else 0.0

    def words(self) -> str:
        """For people."""
        parts = [f"{self.exchanges} exchanges, {self.lost} lost"]
        if self.cut_off:
            parts.append(f"{self.cut_off} more while a bridge on the way was off")
        if self.median_ms is not None and self.slowest_ms is not None:
            parts.append(f"latency {self.median_ms:,.0f} ms median, {self.slowest_ms:,.0f} ms at most")
        return ", ".join(parts)

    def figures(self, prefix: str) -> dict[str, Value]:
        """For programs."""
        return {
            f"{prefix}_exchanges": self.exchanges,
            f"{prefix}_lost": self.lost,
            f"{prefix}_cut_off": self.cut_off,
            f"{prefix}_median_ms": self.median_ms,
            f"{prefix}_slowest_ms": self.slowest_ms,
        }


class TrafficWatch:
    """Takes the events of a run, and remembers exchanges and restarts of bridges.

    Attributes:
        outages: those that are over.
        updates: when each bridge first asked for a block of an image, µs.
        run_down: when the battery of each bridge was empty, µs; those that did not run out are not there.
    """

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.outages: list[Outage] = []
        self.updates: dict[str, int] = {}
        self.run_down: dict[str, int] = {}
        self._down: dict[str, int] = {}

    def take(self, event: Event) -> None:
        """One event."""
        if event.kind in {PASSED, LOST}:
            span = event.fields["us"]
            assert isinstance(span, int)
            self.exchanges.append(Exchange(event.source, event.at - span, event.at, event.reason))
        elif event.kind == _DOWN and event.reason != _ON:
            self._down.setdefault(event.source, event.at)
            if event.reason == BATTERY_EMPTY:
                self.run_down.setdefault(event.source, event.at)
        elif event.kind == _UP and event.source in self._down:
            self.outages.append(Outage(event.source, self._down.pop(event.source), event.at))
        elif event.kind == _STARTED:
            self.updates.setdefault(event.source, event.at)

    def outages_until(self, now: int) -> list[Outage]:
        """All outages; one that is not over counts as if it ended `now` (µs)."""
        return [*self.outages, *(Outage(bridge, down, now) for bridge, down in self._down.items())]

    def seconds_off(self, bridge: str, since: int, until: int) -> float:
        """How long a bridge was off between two moments, µs of the run."""
        mine = (outage for outage in self.outages_until(until) if outage.bridge == bridge)
        return sum(outage.within(since, until) for outage in mine) / SECOND

    def has_passed(self, device: str, since: int) -> bool:
        """Whether an exchange of a device that began at `since` (µs) or later has passed."""
        return self.first_passed(device, since) is not None

    def first_passed(self, device: str, since: int) -> Exchange | None:
        """The first exchange of a device that began at `since` (µs) or later and passed."""
        found = (each for each in self.exchanges if each.device == device and each.began >= since)
        return min((each for each in found if each.lost is None), key=lambda each: each.ended, default=None)

    def figures(self, device: str, since: int, until: int, excused: Sequence[Outage] = ()) -> TrafficFigures:
        """The exchanges of a device that began from `since` to `until` (µs); losses in `excused` are kept apart."""
        mine = [each for each in self.exchanges if each.device == device and since <= each.began < until]
        lost = [each for each in mine if each.lost is not None]
        cut_off = sum(any(outage.touches(each) for outage in excused) for each in lost)
        spans = sorted((each.ended - each.began) / 1_000 for each in mine if each.lost is None)
        median = spans[len(spans) // 2] if spans else None
        return TrafficFigures(len(mine), len(lost) - cut_off, cut_off, median, spans[-1] if spans else None)

    def lost_in(self, device: str, outage: Outage) -> int:
        """How many exchanges of a device were lost in a restart."""
        return sum(each.device == device and each.lost is not None and outage.touches(each) for each in self.exchanges)
