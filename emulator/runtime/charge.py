"""What an update drew from a bridge's battery."""

from __future__ import annotations

from typing import Final

from emulator.core.events import Event
from emulator.devices.bridge.battery import Battery, ChargeUse

_BEGINNING: Final = "ota.started"
_ENDS: Final = frozenset(
    (
        "ota.downloaded",
        "ota.failed",
        "bridge.activated",
        "bridge.activation-failed",
        "bridge.battery",
        "gbcs.alert",
    )
)


class ChargeMeter:
    """Follows the events of one bridge from its first request for data until it has told how the update ended.

    What happens after one of the ends is counted only if another end follows: the alert after the activation, the
    next try after a failure.

    Args:
        bridge: name of the bridge in events.
        battery: its battery.
    """

    def __init__(self, bridge: str, battery: Battery) -> None:
        self._bridge = bridge
        self._battery = battery
        self.reset()

    def reset(self) -> None:
        """Another update begins."""
        self._mark: ChargeUse | None = None
        self._over = False
        self.used = ChargeUse()
        """What the update drew so far."""

    def left_percent(self, now: int) -> float:
        """What is left of a fresh battery's charge."""
        self._battery.settle(now)
        return self._battery.percent

    def take(self, event: Event) -> None:
        """Look at one event."""
        if event.source != self._bridge or self._over:
            return
        if event.kind == _BEGINNING and self._mark is None:
            self._mark = self._use(event)
        elif event.kind in _ENDS and self._mark is not None:
            self.used = self._use(event) - self._mark
            self._over = event.kind == "gbcs.alert"

    def _use(self, event: Event) -> ChargeUse:
        self._battery.settle(event.at)
        return self._battery.use
