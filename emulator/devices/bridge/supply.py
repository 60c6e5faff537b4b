"""A bridge that runs on a battery: when an update has to wait for charge, and what happens when there is none.

An empty battery is a power cut like any other: `Flash` cuts a write that the charge does not carry, and the time at
which nothing is left is a cut as well.  What differs is that power does not come back by itself.
"""

from __future__ import annotations

from typing import Final

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
