"""The layers of a node that is on the air, and which of them deals with what the MAC brings."""

from __future__ import annotations

from random import Random

from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm, AnyTimers
from emulator.ports.phy import Phy, TxResult
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import DataRequest
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.joining import Joiner
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child
from emulator.zigbee.node.node_counters import NodeCounters
from emulator.zigbee.node.stack import Stack


class Layers:
    """Everything volatile of one node; the `MacUser` of its MAC.

    Args:
        phy: the radio.
        eui64: the address of the node.
        rng, report, alarm, counters: of the node.

    Attributes:
        eui64: what the next MAC goes by.
        mac: None off the air.
        stack: None in no network; one that waits for its network key has a stack as well.
        joiner: what looks for a network, None where nothing does.
    """

    def __init__(
        self, phy: Phy, eui64: Eui64, rng: Random, report: Report, alarm: Alarm, counters: NodeCounters
    ) -> None:
        self.eui64 = eui64
        self.mac: MacLayer | None = None
        self.stack: Stack | None = None
        self.joiner: Joiner | None = None
        self._phy = phy
        self._rng = rng
        self._report = report
        self._alarm = alarm
        self._counters = counters
        self._timers: tuple[AnyTimers, ...] | None = None

    # Coming and going

    def start_mac(self, now: int, *, awake: bool) -> MacLayer:
        """Go on the air, in no network; `awake`: the receiver is always on."""
        self.mac = mac = MacLayer(
            self._phy, self.eui64, self, self._rng, self._report, self._alarm,
            receiver_on=awake, counters=self._counters,
        )  # fmt: skip
        self._timers = None
        mac.start(now)
        return mac

    def join_with(self, joiner: Joiner | None) -> None:
        """Who looks for a network from now on, or nobody."""
        self.joiner = joiner
        self._timers = None

    def put_on(self, stack: Stack) -> None:
        """Have a network above the MAC."""
        self.stack = stack
        self._timers = None

    def take_off(self) -> None:
        """Have none any more; nothing of the stack reaches the device from now on."""
        if self.stack is not None:
            self.stack.on = False
        self.stack = None
        self._timers = None

    def stop(self, now: int) -> None:
        """Go off the air, and forget everything."""
        self.take_off()
        if self.mac is not None:
            self.mac.stop(now)
        self.mac = self.joiner = None

    @property
    def member(self) -> Stack | None:
        """The stack where it can carry messages: in a network, and not on its way in or out."""
        stack = self.stack
        return None if stack is None or self.joiner is not None or not stack.on else stack

    # Time

    def timers(self) -> tuple[AnyTimers, ...]:
        """Everything that can fall due."""
        if self._timers is None:
            joining = () if self.joiner is None else (self.joiner.timers,)
            mac = () if self.mac is None else self.mac.timers()
            stack = () if self.stack is None else self.stack.timers()
            self._timers = (*joining, *mac, *stack)
        return self._timers

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        if self.joiner is not None:
            self.joiner.on_timeout(now)
        if self.mac is not None:
            self.mac.on_timeout(now)
        if self.stack is not None:
            self.stack.on_timeout(now)

    # What the MAC says

    def mac_data(self, source: int, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        """A data frame from a neighbour."""
        if self.stack is not None:
            self.stack.nwk.received(payload, source, rssi, lqi, now)

    def mac_received(self, frame: MacFrame, lqi: int, now: int) -> None:
        """A beacon, or a command that is not the MAC's own business."""
        if frame.type is FrameType.BEACON:
            if self.joiner is not None:
                self.joiner.beacon(frame, lqi, now)
            elif self.stack is not None:
                self.stack.beacon(frame, lqi, now)
        elif self.joiner is not None:
            self.joiner.command(frame, now)
        elif self.stack is not None:
            self.stack.mac_command(frame, now)

    def mac_sent(self, context: object, result: TxResult, now: int) -> None:
        """A frame is done."""
        stack = self.stack
        if isinstance(context, Hop):
            if stack is not None:
                stack.nwk.mac_sent(context, result, now)
        elif isinstance(context, Child):
            if stack is not None and result is TxResult.ACKED:
                stack.child_associated(context, now)
        elif self.joiner is not None:
            self.joiner.request_done(context, result, now)
        elif context is DataRequest and stack is not None and stack.on and stack.rejoiner is not None:
            stack.rejoiner.polled(result, now)

    def mac_expired(self, context: object, now: int) -> None:
        """Nobody fetched an indirect frame."""
        if isinstance(context, Hop) and self.stack is not None:
            self.stack.nwk.expired(context, now)

    def mac_polled(self, child: int, now: int) -> None:
        """Somebody asks what is held for it."""
        if self.stack is not None and self.joiner is None:
            self.stack.polled(child, now)

    def mac_payload(self, context: object, now: int) -> bytes | None:
        """The octets of a held frame."""
        assert isinstance(context, Hop)
        assert self.stack is not None
        return self.stack.nwk.protect(context, now)
