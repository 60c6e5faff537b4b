"""The air of a run whose stacks are sticks: it is out there, and only what they say of it is known."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64
from emulator.devices.bridge.battery import RadioUse
from emulator.observe.metrics import MetricsSnapshot
from emulator.ports.aps import ApsPort
from emulator.runtime.recorder import Recorder
from emulator.transports.memory.radio import Radio
from emulator.transports.memory.topology import Topology


class StickAir:
    """As `Air`, over ports that are open.

    Args:
        recorder: of the run.
        ports: by the name of the device that has each.
        radios: those of virtual sticks by address, which say what they sent; a real one does not.

    Attributes:
        topology: nobody looks at it; who hears whom is for the real air to say.
    """

    def __init__(
        self, recorder: Recorder, ports: Mapping[str, ApsPort], radios: Mapping[Eui64, Radio] | None = None
    ) -> None:
        self.topology = Topology()
        self._recorder = recorder
        self._ports = ports
        self._radios = {} if radios is None else radios

    @property
    def frames(self) -> int:
        """Frames sent so far, acknowledgements included; 0 for real sticks."""
        return sum(radio.counters.frames for radio in self._radios.values())

    def address(self, name: str) -> Eui64 | None:
        """The address of a device's stick; None for whatever else there is."""
        port = self._ports.get(name)
        return None if port is None else port.eui64

    def port(self, eui64: Eui64, name: str) -> ApsPort:
        """The stick of a device; BadInput where it has none."""
        port = self._ports.get(name)
        if port is None or port.eui64 != eui64:
            raise BadInput("no stick is open for this device", where=name, allowed=", ".join(self._ports))
        return port

    def exchanged(self, eui64: Eui64) -> int:  # noqa: ARG002 - Air
        """Nothing: on instant air frames take no time, and a real stick does not say how long they took."""
        return 0

    def radio_use(self, eui64: Eui64) -> RadioUse:
        """How long a device's radio has sent and received so far; nothing for real sticks."""
        radio = self._radios.get(eui64)
        if radio is None:
            return RadioUse(0, 0)
        return RadioUse(radio.counters.airtime, radio.counters.exchanged - radio.counters.airtime)

    def metrics(self) -> MetricsSnapshot:
        """What the recorder counted."""
        return self._recorder.metrics.snapshot(self._recorder.names)
