"""What a run costs, counted while it runs: airtime, frames, retries, drops and progress of every device.

The medium and the runtime call `Metrics` once a frame; a call adds to integers and keeps nothing that grows with the
run.  `snapshot()` gives it all as one JSON-ready object, which the report draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict

from emulator.core.clock import MILLISECOND
from emulator.core.eui64 import eui64_text

PROGRESS_POINTS = 2_000
HISTORY_BUCKETS = 240

Device = int | str
"""A device: its EUI-64, or its name."""

Trouble = Literal["retries", "drops"]


class DeviceMetrics(TypedDict):
    """Of one device: µs and frames sent by frame class, retries and drops by reason, (µs, octets) of its download."""

    air_us: dict[str, int]
    frames: dict[str, int]
    retries: dict[str, int]
    drops: dict[str, int]
    progress: list[tuple[int, int]]


class History(TypedDict):
    """Retries and drops of all devices in each stretch of `bucket_us` µs, from the beginning of the run."""

    bucket_us: int
    retries: list[int]
    drops: list[int]


class MetricsSnapshot(TypedDict):
    """Everything that was counted, by the devices' names in the order in which they first did something."""

    devices: dict[str, DeviceMetrics]
    history: History


class ProgressTrack:
    """Points (µs, octets) of a download, thinned evenly: every n-th is kept, n doubles when there is no room."""

    __slots__ = ("_last", "_limit", "_points", "_seen", "_stride")

    def __init__(self, limit: int = PROGRESS_POINTS) -> None:
        self._limit = limit
        self._points: list[tuple[int, int]] = []
        self._stride = 1
        self._seen = 0
        self._last: tuple[int, int] | None = None

    def add(self, at: int, octets: int) -> None:
        """One more point."""
        self._last = (at, octets)
        if self._seen % self._stride == 0:
            self._points.append(self._last)
            # One place is kept free for the last point.
            if len(self._points) >= self._limit:
                del self._points[1::2]
                self._stride *= 2
        self._seen += 1

    def points(self) -> list[tuple[int, int]]:
        """The points kept, with the first and the last; at most the limit."""
        if self._last is None or self._points[-1] == self._last:
            return list(self._points)
        return [*self._points, self._last]


class TroubleHistory:
    """Retries and drops over time, in stretches that double in length when there would be too many of them."""

    def __init__(self, buckets: int = HISTORY_BUCKETS, bucket_us: int = 100 * MILLISECOND) -> None:
        self._limit = buckets
        self._width = bucket_us
        self._counts: dict[Trouble, list[int]] = {"retries": [], "drops": []}

    def add(self, trouble: Trouble, at: int) -> None:
        """One more at `at` (µs)."""
        index = at // self._width
        while index >= self._limit:
            self._halve()
            index = at // self._width
        counts = self._counts[trouble]
        if index >= len(counts):
            counts.extend([0] * (index + 1 - len(counts)))
        counts[index] += 1

    def snapshot(self) -> History:
        """The counts, both lists of one length."""
        length = max(len(counts) for counts in self._counts.values())
        retries, drops = (
            counts + [0] * (length - len(counts)) for counts in (self._counts["retries"], self._counts["drops"])
        )
        return History(bucket_us=self._width, retries=retries, drops=drops)

    def _halve(self) -> None:
        self._width *= 2
        for counts in self._counts.values():
            counts[:] = [sum(counts[start : start + 2]) for start in range(0, len(counts), 2)]


class Metrics:
    """Counts what happens in a run."""

    def __init__(self) -> None:
        # Frames and µs of every device and frame class; lists, so that counting makes no new object.
        self._sent: dict[Device, dict[str, list[int]]] = {}
        self._troubles: dict[Trouble, dict[Device, dict[str, int]]] = {"retries": {}, "drops": {}}
        self._progress: dict[Device, ProgressTrack] = {}
        self._history = TroubleHistory()

    def transmitted(self, source: Device, airtime_us: int, kind: str) -> None:
        """`source` has sent a frame of class `kind` (e.g. `data`, `ack`) that took `airtime_us` on the air."""
        try:
            sent = self._sent[source][kind]
        except KeyError:
            sent = self._sent.setdefault(source, {}).setdefault(kind, [0, 0])
        sent[0] += 1
        sent[1] += airtime_us

    def progress(self, device: Device, at: int, octets: int) -> None:
        """`device` has `octets` of its image at `at` (µs); fewer than before where it began anew."""
        track = self._progress.get(device)
        if track is None:
            track = self._progress[device] = ProgressTrack()
        track.add(at, octets)

    def retry(self, device: Device, at: int, reason: str) -> None:
        """`device` tries something again at `at` (µs)."""
        self._trouble("retries", device, at, reason)

    def drop(self, device: Device, at: int, reason: str) -> None:
        """`device` has dropped or lost something at `at` (µs)."""
        self._trouble("drops", device, at, reason)

    @property
    def frames(self) -> int:
        """Frames sent by all devices."""
        return sum(sent[0] for kinds in self._sent.values() for sent in kinds.values())

    def airtime(self, source: Device) -> int:
        """µs on the air that `source` has taken, under this address or name alone."""
        return sum(sent[1] for sent in self._sent.get(source, {}).values())

    def snapshot(self, names: Mapping[int, str] | None = None) -> MetricsSnapshot:
        """All of it, JSON-ready; `names` gives the names of devices that are known by EUI-64."""
        devices: dict[str, DeviceMetrics] = {}

        def of(device: Device) -> DeviceMetrics:
            name = device if isinstance(device, str) else (names or {}).get(device, eui64_text(device))
            return devices.setdefault(name, DeviceMetrics(air_us={}, frames={}, retries={}, drops={}, progress=[]))

        for device, kinds in self._sent.items():
            for kind, (frames, microseconds) in kinds.items():
                _add(of(device)["frames"], kind, frames)
                _add(of(device)["air_us"], kind, microseconds)
        for trouble, by_device in self._troubles.items():
            for device, reasons in by_device.items():
                for reason, count in reasons.items():
                    _add(of(device)[trouble], reason, count)
        for device, track in self._progress.items():
            of(device)["progress"] = track.points()
        return MetricsSnapshot(devices=devices, history=self._history.snapshot())

    def _trouble(self, trouble: Trouble, device: Device, at: int, reason: str) -> None:
        _add(self._troubles[trouble].setdefault(device, {}), reason, 1)
        self._history.add(trouble, at)


def _add(counts: dict[str, int], key: str, amount: int) -> None:
    counts[key] = counts.get(key, 0) + amount
