"""The in-memory air in its two fidelities, as the HANs of a run see it: something that has a port for each device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.rng import Streams
from emulator.devices.bridge.battery import RadioUse
from emulator.observe.metrics import DeviceMetrics, MetricsSnapshot
from emulator.ports.aps import ApsPort
from emulator.ports.schedule import Scheduler
from emulator.runtime.recorder import Recorder
from emulator.transports.memory.aps_air import ApsAir
from emulator.transports.memory.medium import Medium
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.soft_port import SoftPort
from emulator.transports.memory.topology import Topology

FRAMES = "frames"
APS = "aps"
FIDELITIES = (FRAMES, APS)

Capture = Callable[[int, bytes, int, int, int], None]
_KINDS = ("beacon", "data", "acknowledgement", "command")
_ALL_KINDS = "all"


class Air(Protocol):
    """Where the devices of a run meet."""

    topology: Topology

    @property
    def frames(self) -> int:
        """Frames sent so far, acknowledgements included."""

    def address(self, name: str) -> Eui64 | None:
        """The address that a device's stack has of itself; None where it takes any."""

    def port(self, eui64: Eui64, name: str) -> ApsPort:
        """A stack for one device."""

    def exchanged(self, eui64: Eui64) -> int:
        """Airtime (µs) of what a device sent and of what was sent to it, acknowledgements included."""

    def radio_use(self, eui64: Eui64) -> RadioUse:
        """How long a device's radio has sent and received so far; broadcasts that it heard are not counted."""

    def metrics(self) -> MetricsSnapshot:
        """What the recorder counted, with the airtime of every device."""


class FramesAir:
    """`mem:frames`: every frame on a medium, a soft node for each device."""

    def __init__(self, scheduler: Scheduler, streams: Streams, recorder: Recorder, capture: Capture | None) -> None:
        self.topology = Topology()
        self._scheduler = scheduler
        self._streams = streams
        self._recorder = recorder
        self._radios: dict[Eui64, Radio] = {}
        self._medium = Medium(
            scheduler,
            self.topology,
            streams.stream("air/loss"),
            capture=capture,
            report=recorder.reporter("air"),
            booked=self._book,
        )

    @property
    def frames(self) -> int:
        """Frames sent so far, acknowledgements included."""
        return sum(radio.counters.frames for radio in self._radios.values())

    def address(self, name: str) -> None:
        """Stacks in memory take any."""

    def port(self, eui64: Eui64, name: str) -> SoftPort:
        """A soft node on a radio of its own."""
        rng = self._streams.stream(f"{eui64_text(eui64)}/csma")
        radio = self._radios[eui64] = Radio(self._medium, eui64, rng)
        return SoftPort(self._scheduler, radio, self._streams, self._recorder.reporter(name))

    def exchanged(self, eui64: Eui64) -> int:
        """Airtime (µs) of what a device sent and of what was sent to it, acknowledgements included."""
        return self._radios[eui64].counters.exchanged

    def radio_use(self, eui64: Eui64) -> RadioUse:
        """How long a device's radio has sent and received so far."""
        counters = self._radios[eui64].counters
        return RadioUse(counters.airtime, counters.exchanged - counters.airtime)

    def metrics(self) -> MetricsSnapshot:
        """What the recorder counted; airtime by the type of the frame."""
        return self._recorder.metrics.snapshot(self._recorder.names)

    def _book(self, sender: Eui64, airtime: int, psdu: bytes) -> None:
        self._recorder.metrics.transmitted(sender, airtime, _KINDS[psdu[0] & 3])


class ApsLevelAir:
    """`mem:aps`: computed airtime and no frames."""

    def __init__(self, scheduler: Scheduler, streams: Streams, recorder: Recorder) -> None:
        self.topology = Topology()
        self._scheduler = scheduler
        self._recorder = recorder
        self._air = ApsAir(scheduler, self.topology, streams)

    @property
    def frames(self) -> int:
        """Frames that would have been sent so far, acknowledgements included."""
        self._air.settle(self._scheduler.now)
        return sum(port.frames for port in self._air.ports.values())

    def address(self, name: str) -> None:
        """Stacks in memory take any."""

    def port(self, eui64: Eui64, name: str) -> ApsPort:
        """A stack without frames."""
        return self._air.port(eui64, self._recorder.reporter(name))

    def exchanged(self, eui64: Eui64) -> int:
        """Airtime (µs) of what a device sent and of what was sent to it, acknowledgements included."""
        return self._air.ports[eui64].exchanged

    def radio_use(self, eui64: Eui64) -> RadioUse:
        """How long a device's radio has sent and received so far."""
        port = self._air.ports[eui64]
        port.settle(self._scheduler.now)
        return RadioUse(port.airtime, port.exchanged - (port.airtime - port.apart))

    def metrics(self) -> MetricsSnapshot:
        """What the recorder counted; airtime of frames of all types together."""
        self._air.settle(self._scheduler.now)
        snapshot = self._recorder.metrics.snapshot(self._recorder.names)
        for eui64, port in self._air.ports.items():
            name = self._recorder.names.get(eui64, eui64_text(eui64))
            nothing = DeviceMetrics(air_us={}, frames={}, retries={}, drops={}, progress=[])
            device = snapshot["devices"].setdefault(name, nothing)
            device["frames"][_ALL_KINDS] = port.frames
            device["air_us"][_ALL_KINDS] = port.airtime
        return snapshot
