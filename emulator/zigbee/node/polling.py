"""The regular polls of a sleeping device: what its parent holds for it comes no other way."""

from __future__ import annotations

from emulator.core.timers import Alarm, Timers
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Membership
from emulator.zigbee.node.rejoining import Rejoiner


class Polling:
    """Asks the parent once an interval, for as long as the device is in its network.

    Args:
        mac: to ask with.
        membership: names the parent.
        rejoiner: says when the device is away from its network.
        interval: µs.
        alarm: of the node.

    Attributes:
        interval: µs from the poll that comes next to the one after it.
    """

    def __init__(
        self, mac: MacLayer, membership: Membership, rejoiner: Rejoiner, interval: int, alarm: Alarm
    ) -> None:  # fmt: skip
        self.interval = interval
        self.timers: Timers[str] = Timers(alarm)
        self._mac = mac
        self._membership = membership
        self._rejoiner = rejoiner

    def start(self, now: int) -> None:
        """The device has a place at its parent: poll one interval from now."""
        self.timers.set("poll", now + self.interval)

    def on_timeout(self, now: int) -> None:
        """Ask, and again an interval later."""
        if self.timers.due(now):
            if not self._rejoiner.seeks_trust_centre:
                self._mac.poll(self._membership.parent, now)
            self.timers.set("poll", now + self.interval)
