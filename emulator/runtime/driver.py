"""Stands between a stack and its device, and keeps the device's one timer on the agenda."""

from __future__ import annotations

from typing import Protocol

from emulator.ports.aps import ApsIndication, ApsPort, NetworkEvent, Outcome
from emulator.ports.schedule import Scheduler

_NEVER = 1 << 62


class Device(Protocol):
    """A sans-IO device: an `ApsUser` with a timer."""

    def received(self, message: ApsIndication, now: int) -> None:
        """As `ApsUser`."""

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """As `ApsUser`."""

    def network(self, event: NetworkEvent, now: int) -> None:
        """As `ApsUser`."""

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""


class DeviceDriver:
    """An `ApsUser` that passes everything on and re-arms afterwards; `arm` does so after a call from outside."""

    def __init__(self, scheduler: Scheduler, port: ApsPort, device: Device) -> None:
        self._scheduler = scheduler
        self._device = device
        self._armed = _NEVER
        port.attach(self)

    def received(self, message: ApsIndication, now: int) -> None:
        self._device.received(message, now)
        self.arm()

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        self._device.sent(handle, outcome, now)
        self.arm()

    def network(self, event: NetworkEvent, now: int) -> None:
        self._device.network(event, now)
        self.arm()

    def arm(self) -> None:
        """Be woken no later than the device's earliest deadline; an early wake-up does no harm."""
        at = self._device.next_timeout()
        if at is not None and at < self._armed:
            self._armed = at
            now = self._scheduler.now
            self._scheduler.call_at(at if at > now else now, self._wake, at)

    def _wake(self, armed: int) -> None:
        if armed == self._armed:
            self._armed = _NEVER
            self._device.on_timeout(self._scheduler.now)
            self.arm()
