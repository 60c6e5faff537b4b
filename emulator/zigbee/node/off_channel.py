"""A node off its channel: while it scans it neither sends nor hears anything of its network, and its layers wait."""

from __future__ import annotations

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Report
from emulator.core.timers import Alarm, AnyTimers
from emulator.ports.phy import RxFrame
from emulator.zigbee.node.layers import Layers
from emulator.zigbee.node.scanning import Scanner, ScanSettings, ScanUser


class OffChannel:
    """The scans of one node, one at a time.

    Args:
        layers: what waits meanwhile; in no network they come into being for a scan, and go with it.
        report: told of a scan that ends before its time.
        alarm: of the node.
    """

    def __init__(self, layers: Layers, report: Report, alarm: Alarm) -> None:
        self._layers = layers
        self._report = report
        self._alarm = alarm
        self._scanner: Scanner | None = None

    @property
    def scanning(self) -> bool:
        """Whether a scan is under way."""
        return self._scanner is not None

    def scan(self, settings: ScanSettings, user: ScanUser, now: int) -> None:
        """Leave the channel of the network until the scan is over.

        Raises:
            LocalProtocolError: another scan is under way, or the node joins, leaves or looks for its network.
        """
        layers, stack = self._layers, self._layers.stack
        leaves_or_looks = stack is not None and (stack.parting.reason is not None or stack.is_searching)
        if self.scanning or layers.joiner is not None or leaves_or_looks:
            raise LocalProtocolError("a node that scans, joins, leaves or looks for its network cannot scan")
        if stack is not None:
            stack.nwk.security.away = True
        mac = layers.mac or layers.start_mac(now, awake=True)
        self._scanner = Scanner(mac, settings, user, self._come_home, self._report, self._alarm)
        self._scanner.start(now)

    def stop(self, reason: str, now: int) -> None:
        """End a scan before its time; nothing where there is none."""
        if self._scanner is not None:
            self._scanner.stop(reason, now)

    def takes(self, frame: RxFrame, now: int) -> bool:
        """Whether a frame is kept from the layers."""
        return self._scanner is not None and self._scanner.takes(frame, now)

    def timers(self) -> tuple[AnyTimers, ...]:
        """Everything that can fall due, the layers' own where they do not wait."""
        scanner, mac = self._scanner, self._layers.mac
        if scanner is None or mac is None:
            return self._layers.timers()
        return scanner.timers, *mac.timers()

    def on_timeout(self, now: int) -> None:
        """Do whatever is due; of the layers, those above the MAC wait until a scan is over."""
        scanner, mac = self._scanner, self._layers.mac
        if scanner is None or mac is None:
            self._layers.on_timeout(now)
        else:
            mac.on_timeout(now)
            scanner.on_timeout(now)

    def _come_home(self, absence: int, now: int) -> None:
        """A scan is over: back to the channel of the network, or off the air."""
        self._scanner = None
        mac, stack = self._layers.mac, self._layers.stack
        if mac is None or stack is None:
            self._layers.stop(now)
            return
        membership = stack.membership
        stack.nwk.security.away = False
        stack.nwk.neighbours.was_deaf(absence)
        mac.tune(membership.channel, now)
        mac.set_address(membership.pan_id, membership.short)
        mac.receive_always(not stack.sleepy, now)
        self._alarm.by(now)
