"""What the update of a set of bridges costs the others: their traffic without it and during it, and in the restarts.

How much traffic an update may cost nobody has written down: the limit here is ours.
"""

from __future__ import annotations

from emulator.core.clock import MINUTE, SECOND
from emulator.core.events import Value
from emulator.devices.premises.model import Premises
from emulator.runtime.simulation import Simulation
from emulator.scenarios.disturbance import Outage, TrafficFigures, TrafficWatch
from emulator.scenarios.steps import Steps

NEXT_MESSAGE = 35 * MINUTE
"""µs for which a device's next exchange is waited for; a gas meter speaks every half hour."""
MOST_LOST_PERCENT = 1.0
"""Of the exchanges of a device that an update may cost, beside those while a bridge was off: a limit of ours."""


class UpdateCosts:
    """Compares, and notes a step for each comparison.

    Args:
        simulation: the run.
        premises: who is behind whom.
        traffic: knows what passed and what was lost.
        steps: where they are noted.
    """

    def __init__(self, simulation: Simulation, premises: Premises, traffic: TrafficWatch, steps: Steps) -> None:
        self._simulation = simulation
        self._premises = premises
        self._traffic = traffic
        self._steps = steps
        self._bearable: dict[str, float] = {}

    async def until_passed(self, device: str, since: int, span: int) -> None:
        """Wait until an exchange of a device has passed that began at `since` (µs) or later; `span` µs at most.

        One that is cut off for good is not waited for.
        """
        limit = self._simulation.now + span
        await self._simulation.until(lambda: self._traffic.has_passed(device, since) or device in self.cut_off, limit)

    def behind(self, bridge: str) -> tuple[str, ...]:
        """The devices that do not reach the hub without that bridge, by name."""
        return tuple(standing.name for standing in self._premises.behind(bridge))

    @property
    def cut_off(self) -> frozenset[str]:
        """The devices behind a bridge whose battery is empty."""
        return frozenset(device for bridge in self._traffic.run_down for device in self.behind(bridge))

    def is_bearable(self, device: str, since: int, until: int) -> bool:
        """Whether a device lost no more between two moments (µs) than an update may cost, or than without one."""
        limit = self._bearable.get(device, MOST_LOST_PERCENT)
        return self._figures(device, since, until).lost_percent <= limit

    def compare(self, device: str, quiet: tuple[int, int], update: tuple[int, int]) -> None:
        """The traffic of a device in two spans of time (µs), without and during the update."""
        without, during = self._figures(device, *quiet), self._figures(device, *update)
        self._bearable[device] = max(MOST_LOST_PERCENT, without.lost_percent)
        self._steps.note(
            f"traffic of {device} without and during the update",
            f"at most {MOST_LOST_PERCENT:g} % lost, beside what a restart costs",
            f"without: {without.words()}; during: {during.words()}",
            passed=self.is_bearable(device, *update),
            figures=without.figures("without") | during.figures("during"),
        )

    async def restarted(self, bridge: str, since: int) -> None:
        """How long whoever is behind a bridge was cut off while it restarted, `since` (µs) or later."""
        behind = self.behind(bridge)
        outages = [each for each in self._traffic.outages if each.bridge == bridge and each.down >= since]
        longest = max(outages, key=lambda outage: outage.seconds, default=None)
        name = f"{bridge} restarts; behind it: {', '.join(behind)}"
        if longest is None:
            self._steps.note(name, "they come back", "it did not restart", passed=False)
            return
        told = [await self._after(device, longest) for device in behind]
        figures: dict[str, Value] = {"cut_off_s": longest.seconds}
        figures |= {f"{device}_next_message_s": after for device, (_, after) in zip(behind, told, strict=True)}
        self._steps.note(
            name,
            "they come back",
            f"cut off for {longest.seconds:.1f} s; {'; '.join(words for words, _ in told)}",
            passed=all(after is not None or one in self.cut_off for one, (_, after) in zip(behind, told, strict=True)),
            figures=figures,
        )

    async def _after(self, device: str, outage: Outage) -> tuple[str, float | None]:
        """What an outage cost a device, and after how many seconds its next message passed."""
        await self.until_passed(device, outage.down, NEXT_MESSAGE)
        lost, first = self._traffic.lost_in(device, outage), self._traffic.first_passed(device, outage.down)
        if first is None:
            return f"{device} lost {lost}, and nothing passed since", None
        after = (first.ended - outage.down) / SECOND
        return f"{device} lost {lost}, its next message passed {after:,.1f} s after the restart began", after

    async def still_there(self) -> None:
        """Whether the far devices are served after all, but for those that are cut off for good."""
        since, cut_off = self._simulation.now, self.cut_off
        left = [standing.name for standing in self._premises.far if standing.name not in cut_off]
        if not left:
            return
        for device in left:
            await self.until_passed(device, since, NEXT_MESSAGE)
        silent = [device for device in left if not self._traffic.has_passed(device, since)]
        served = f"the traffic of {', '.join(left) if cut_off else 'all'} passes"
        happened = f"silent: {', '.join(silent)}" if silent else served
        self._steps.note("the far devices after the update", "their traffic passes", happened, passed=not silent)

    def _figures(self, device: str, since: int, until: int) -> TrafficFigures:
        """What was lost while a bridge on the way was off is kept apart."""
        outages = self._traffic.outages_until(self._simulation.now)
        return self._traffic.figures(
            device, since, until, [each for each in outages if device in self.behind(each.bridge)]
        )
