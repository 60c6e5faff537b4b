"""Devices that came out of another hub's device log: each is asked what it is, once it is known to hold its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.core.clock import MINUTE
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm
from emulator.devices.descriptor_reading import DescriptorReading
from emulator.devices.hub.chf import HubChf
from emulator.devices.hub.classification import classify
from emulator.ports.aps import ApsIndication, ApsPort, SimpleDescriptor

CLASSIFY_AGAIN: Final = MINUTE
"""µs between two attempts to find out what a device is."""

Again = Callable[[int], None]
"""Takes the moment (µs) at which `classify` is to be called again, if the hub is at work then."""


class RestoredDevices:
    """Those of one hub.

    Args:
        port: its stack.
        chf: has the device log.
        again: asks to be called again.
        report: told of what they are, and of who does not say.
        alarm: moved forward by every deadline.
    """

    def __init__(self, port: ApsPort, chf: HubChf, again: Again, report: Report, alarm: Alarm) -> None:
        self._port = port
        self._chf = chf
        self._again = again
        self._report = report
        self._descriptors = DescriptorReading(port, self, alarm)

    def classify(self, now: int) -> None:
        """Ask those that are on the HAN, and of which it is not known yet."""
        for device in self._chf.log.unclassified():
            short = self._port.short_of(device)
            if short is not None:
                self._descriptors.read(device, short, now)

    def stop(self) -> None:
        """Power is gone: nothing is waited for."""
        self._descriptors.stop()

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self._descriptors.timers.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Ask once more, or give up for now."""
        self._descriptors.on_timeout(now)

    def received(self, message: ApsIndication, now: int) -> None:
        """A message for the hub's ZDO."""
        self._descriptors.received(message, now)

    # What they show

    def descriptors_read(self, device: Eui64, descriptors: tuple[SimpleDescriptor, ...], now: int) -> None:
        """A device shows these simple descriptors: know what it is from now on."""
        found = classify(descriptors)
        fields: dict[str, object] = {
            "device": eui64_text(device),
            "type": found.device_type.name.lower(),
            "device_ids": [f"{one.device_id:04x}" for one in descriptors],
            "in_clusters": [f"{cluster:04x}" for one in descriptors for cluster in one.in_clusters],
            "out_clusters": [f"{cluster:04x}" for one in descriptors for cluster in one.out_clusters],
        }
        self._report("hub.device-classified", found.cause, fields, now)
        self._chf.carry_out(self._chf.log.classified(device, found.device_type, now), now)

    def descriptors_missing(self, device: Eui64, reason: str, now: int) -> None:
        """A device does not say what it is: it is asked again."""
        self._report("hub.not-classified", reason, {"device": eui64_text(device)}, now)
        self._again(now + CLASSIFY_AGAIN)
