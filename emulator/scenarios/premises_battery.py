"""What the devices behind a battery-fed bridge lose: in its update, once its charge is low, and once it is empty.

A bridge with little charge puts an update off and goes on serving until nothing is left, which is a power cut for good.
Where that is near, the run goes on until then and for a while after, so that it shows.
"""

from __future__ import annotations

from emulator.core.clock import HOUR, SECOND
from emulator.core.events import Event
from emulator.devices.bridge.battery import milliampere_hours
from emulator.devices.bridge.supply import BATTERY_EMPTY, LOW_BATTERY, BatterySupply
from emulator.observe.checklist import BatteryFed, LostBehind
from emulator.observe.summary import reason_text
from emulator.runtime.han import BridgeHandle
from emulator.runtime.outcome import Outcome
from emulator.runtime.simulation import Simulation
from emulator.scenarios.disturbance import TrafficWatch
from emulator.scenarios.premises_costs import MOST_LOST_PERCENT, UpdateCosts
from emulator.scenarios.premises_plan import PremisesPlan
from emulator.scenarios.steps import Steps

LAST_CHARGE = 6 * HOUR
"""µs at most for which a run goes on until a battery is empty; one that lasts longer is not waited for."""
UPDATE, LOW, EMPTY = "update", "low", "empty"
WANT_OF_CHARGE = frozenset({LOW_BATTERY, BATTERY_EMPTY})
"""Reasons of an update that does not come."""


class BatteryWatch:
    """Since when bridges run, and since when their batteries are low.

    Attributes:
        on, low: by bridge, µs of the run; one that began low is not in `low` before it puts an update off.
    """

    def __init__(self) -> None:
        self.on: dict[str, int] = {}
        self.low: dict[str, int] = {}

    def take(self, event: Event) -> None:
        """One event."""
        if (event.kind, event.reason) in {("bridge.battery", "low"), ("ota.deferred", LOW_BATTERY)}:
            self.low.setdefault(event.source, event.at)
        elif event.kind == "bridge.power" and event.reason == "on":
            self.on.setdefault(event.source, event.at)


class BatteryCosts:
    """Follows the battery-fed bridges of a premises, and notes what they cost those behind them.

    Args:
        simulation: the run.
        plan: what was asked for.
        traffic: knows what passed and what was lost.
        costs: knows who is behind whom.
        steps: where they are noted.
    """

    def __init__(
        self, simulation: Simulation, plan: PremisesPlan, traffic: TrafficWatch, costs: UpdateCosts, steps: Steps
    ) -> None:
        self._simulation = simulation
        self._plan = plan
        self._traffic = traffic
        self._costs = costs
        self._steps = steps
        self._watch = BatteryWatch()
        self._lost_behind: dict[BridgeHandle, tuple[LostBehind, ...]] = {}
        simulation.recorder.watchers.append(self._watch.take)

    # The update

    def is_to_wait(self, bridge: BridgeHandle) -> bool:
        """Whether the plan has it that the bridge has too little charge for an update now."""
        supply = bridge.device.supply
        if supply is None or self._plan.battery is None:
            return False
        return supply.is_empty(self._simulation.now) or supply.battery.is_low

    def waits_as_asked(self, bridge: BridgeHandle, outcome: Outcome) -> bool:
        """Whether an update did not come because the plan gave the bridge too little charge for it."""
        return outcome.reason in WANT_OF_CHARGE and self.is_to_wait(bridge)

    def expected(self, bridge: BridgeHandle) -> str:
        """What is to come of an update of a bridge that has too little charge."""
        table = bridge.device.profile.battery
        assert table is not None
        reason = BATTERY_EMPTY if bridge.name in self._traffic.run_down else LOW_BATTERY
        return f"{reason_text(reason)}: it began with {self._plan.battery:g} %, an update needs {table.low_percent:g} %"

    def charge_words(self, bridge: BridgeHandle) -> str:
        """What an update drew and what is left, to end a sentence with; empty for a bridge without a battery."""
        if bridge.charge is None:
            return ""
        used, left = bridge.charge.used.total, bridge.charge.left_percent(self._simulation.now)
        drawn = f"; {milliampere_hours(used):,.3f} mAh drawn" if used else ""
        return f"{drawn}; {_percent(left):g} % charge left"

    # What it costs

    async def tell(self, bridge: BridgeHandle, update_ended: int) -> None:
        """Note what those behind a bridge lost, once its battery has come to its end where that is near."""
        supply = bridge.device.supply
        if supply is None:
            return
        await self._until_empty(bridge.name, supply)
        parts = (self._in_update(bridge, update_ended), self._while_low(bridge), self._since_empty(bridge))
        self._lost_behind[bridge] = tuple(lost for part in parts for lost in part)

    @property
    def told(self) -> tuple[BatteryFed, ...]:
        """The battery-fed bridges of which `tell` has told, as they are now."""
        return tuple(self._as_told(bridge, lost) for bridge, lost in self._lost_behind.items())

    def _as_told(self, bridge: BridgeHandle, lost: tuple[LostBehind, ...]) -> BatteryFed:
        table, charge = bridge.device.profile.battery, bridge.charge
        assert table is not None
        assert charge is not None
        began = bridge.name in self._traffic.updates
        drawn = milliampere_hours(charge.used.total) if began else None
        left = _percent(charge.left_percent(self._simulation.now))
        return BatteryFed(bridge.name, table.charge_percent, left, drawn, lost)

    async def _until_empty(self, bridge: str, supply: BatterySupply) -> None:
        """And as long again as traffic was watched without an update."""
        if not supply.is_empty(self._simulation.now):
            lasts = supply.battery.lasts()
            if lasts is None or lasts > LAST_CHARGE:
                return
            await self._simulation.until(lambda: bridge in self._traffic.run_down, self._simulation.now + LAST_CHARGE)
        if bridge in self._traffic.run_down:
            await self._simulation.run_until((self._traffic.run_down[bridge] + self._plan.quiet) / SECOND)

    def _in_update(self, bridge: BridgeHandle, ended: int) -> list[LostBehind]:
        began = self._traffic.updates.get(bridge.name)
        if began is None:
            return []
        back = [each.up for each in self._traffic.outages if each.bridge == bridge.name and each.down >= began]
        until = max(back, default=min(ended, self._traffic.run_down.get(bridge.name, ended)))
        lost = self._lost(bridge.name, UPDATE, began, until)
        name = f"{bridge.name} on a battery, its update and restart; behind it: {self._names(bridge)}"
        expected = f"at most {MOST_LOST_PERCENT:g} % lost, beside what the restart costs"
        happened = f"{_words(lost)}{self.charge_words(bridge)}"
        self._steps.note(name, expected, happened, passed=self._is_served(bridge.name, began, until))
        return lost

    def _while_low(self, bridge: BridgeHandle) -> list[LostBehind]:
        since = self._low_since(bridge)
        if since is None:
            return []
        until = self._traffic.run_down.get(bridge.name, self._simulation.now)
        lost = self._lost(bridge.name, LOW, since, until)
        name = f"{bridge.name} has a low battery; behind it: {self._names(bridge)}"
        happened = f"from {since / SECOND:,.1f} s on: {_words(lost)}"
        if bridge.name not in self._traffic.run_down:
            happened += self.charge_words(bridge)
        passed = self._is_served(bridge.name, since, until)
        self._steps.note(name, "they are served all the same", happened, passed=passed)
        return lost

    def _since_empty(self, bridge: BridgeHandle) -> list[LostBehind]:
        since = self._traffic.run_down.get(bridge.name)
        if since is None:
            return []
        lost = self._lost(bridge.name, EMPTY, since, self._simulation.now)
        asked = self._plan.battery is not None
        wanted = f"they are cut off for good: it began with {self._plan.battery:g} %" if asked else "its charge lasts"
        self._steps.note(
            f"{bridge.name} has an empty battery; behind it: {self._names(bridge)}",
            wanted,
            f"from {since / SECOND:,.1f} s on: {_words(lost)}",
            passed=asked and all(each.lost == each.exchanges for each in lost),
            reason=BATTERY_EMPTY,
        )
        return lost

    def _low_since(self, bridge: BridgeHandle) -> int | None:
        table = bridge.device.profile.battery
        if table is not None and table.charge_percent < table.low_percent:
            return self._watch.on.get(bridge.name)
        return self._watch.low.get(bridge.name)

    def _lost(self, bridge: str, part: str, since: int, until: int) -> list[LostBehind]:
        off = self._traffic.seconds_off(bridge, since, until)
        found = []
        for device in self._costs.behind(bridge):
            figures = self._traffic.figures(device, since, until)
            counts = (figures.exchanges, figures.lost)
            found.append(LostBehind(device, part, _seconds(since), _seconds(until), *counts, round(off, 6)))
        return found

    def _is_served(self, bridge: str, since: int, until: int) -> bool:
        """Whether those behind it lost next to nothing while it was on."""
        return all(self._costs.is_bearable(device, since, until) for device in self._costs.behind(bridge))

    def _names(self, bridge: BridgeHandle) -> str:
        return ", ".join(self._costs.behind(bridge.name))


def _words(lost: list[LostBehind]) -> str:
    return "; ".join(
        f"{one.device} lost {one.lost} of {one.exchanges} exchanges, cut off for {one.cut_off_s:,.1f} s" for one in lost
    )


def _percent(left: float) -> float:
    return round(left, 3)


def _seconds(moment: int) -> float:
    return round(moment / SECOND, 6)
