"""What a bridge runs on: the mains, or a battery, where an update may have to wait for charge, and there may be none.

An empty battery is a power cut like any other: `Flash` cuts a write that the charge does not carry, and the time at
which nothing is left is a cut as well.  What differs is that power does not come back by itself.
"""

from __future__ import annotations

from typing import Final, Protocol

from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.devices.bridge.battery import Battery, BatteryRating, milliampere_hours
from emulator.devices.profile import JoinerProfile
from emulator.image.flash import Cut, Flash, FlashFault, PowerCut
from emulator.ports.aps import NodeType

LOW_BATTERY: Final = "deferred-low-battery"
"""Why an offer is put off."""
BATTERY_EMPTY: Final = "battery-empty"

_LOOK: Final = "look"


class Supply(Protocol):
    """Where the power of a bridge comes from."""

    def hindrance(self, now: int) -> str | None:
        """Why an update cannot begin; None where it can."""

    def is_empty(self, now: int) -> bool:
        """Whether nothing is left."""

    def switch_on(self, now: int) -> None:
        """The bridge runs from now on."""

    def switch_off(self, now: int) -> None:
        """It does not."""

    def ran_out(self, cut: str, now: int) -> None:
        """The bridge has stopped for want of charge; `cut` says what was cut off."""

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""

    def on_timeout(self, now: int) -> None:
        """Do whatever is due.

        Raises:
            PowerCut: nothing is left.
        """


class Mains:
    """Power without end."""

    def hindrance(self, _now: int) -> str | None:
        return None

    def is_empty(self, _now: int) -> bool:
        return False

    def switch_on(self, now: int) -> None:
        """Nothing is counted."""

    def switch_off(self, now: int) -> None:
        """Nothing is counted."""

    def ran_out(self, cut: str, now: int) -> None:
        """It never does."""

    def next_timeout(self) -> int | None:
        return None

    def on_timeout(self, now: int) -> None:
        """Nothing ever is."""


class BatterySupply:
    """Power from a battery.

    Args:
        battery: the battery.
        flash: in which a write is cut that the charge does not carry; a fault set later takes the place of that.
        alarm: of the bridge.
        report: told when the charge gets low, when it is gone, and of a fresh battery.
    """

    def __init__(self, battery: Battery, flash: Flash, alarm: Alarm, report: Report) -> None:
        self.battery = battery
        self.timers: Timers[str] = Timers(alarm)
        self._report = report
        self._was_low = battery.is_low
        flash.fault = _either(battery.cut, flash.fault)

    def hindrance(self, now: int) -> str | None:
        """Why an update cannot begin; None where it can."""
        self.battery.settle(now)
        return LOW_BATTERY if self.battery.is_low else None

    def is_empty(self, now: int) -> bool:
        """Whether nothing is left."""
        self.battery.settle(now)
        return self.battery.is_empty

    def switch_on(self, now: int) -> None:
        """The bridge runs from now on."""
        self.battery.switch(on=True, now=now)
        self._look_later(now)

    def switch_off(self, now: int) -> None:
        """It does not."""
        self.battery.switch(on=False, now=now)
        self.timers.clear()

    def exchange(self, now: int) -> None:
        """Put a fresh battery in."""
        self.battery.exchange(now)
        self._was_low = self.battery.is_low
        self._tell("changed", now)

    def ran_out(self, cut: str, now: int) -> None:
        """The bridge has stopped for want of charge; `cut` says what was cut off."""
        self._tell("empty", now, {"cut": cut})

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return self.timers.next_timeout()

    def on_timeout(self, now: int) -> None:
        """Look whether anything is left.

        Raises:
            PowerCut: nothing is.
        """
        if not self.timers.due(now):
            return
        self.battery.settle(now)
        if self.battery.is_empty:
            raise PowerCut("no charge is left")
        if self.battery.is_low and not self._was_low:
            self._was_low = True
            self._tell("low", now)
        self._look_later(now)

    def _look_later(self, now: int) -> None:
        self.timers.set(_LOOK, now + self.battery.look_again())

    def _tell(self, reason: str, now: int, more: dict[str, object] | None = None) -> None:
        battery = self.battery
        fields: dict[str, object] = {
            "percent": round(battery.percent, 3),
            "used_mah": milliampere_hours(battery.use.total),
        }
        self._report("bridge.battery", reason, fields | (more or {}), now)


def battery_supply(profile: JoinerProfile, flash: Flash, alarm: Alarm, report: Report) -> BatterySupply | None:
    """The supply of a bridge whose profile has a battery; None where charge plays no part."""
    table = profile.battery
    if table is None:
        return None
    rating = BatteryRating.of(table)
    charge = round(rating.capacity * table.charge_percent / 100)
    interval = profile.poll_interval if profile.node_type is NodeType.SLEEPY else 0
    return BatterySupply(Battery(rating, flash, charge, interval), flash, alarm, report)


def _either(charge: FlashFault, other: FlashFault | None) -> FlashFault:
    """The first of two that cuts a write."""
    if other is None:
        return charge

    def fault(write: int) -> Cut | None:
        return charge(write) or other(write)

    return fault
