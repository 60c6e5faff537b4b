"""A soft node on a radio of the in-memory air, driven by the agenda of the run: the `ApsPort` of `mem:frames`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.rng import Streams
from emulator.core.timers import NEVER
from emulator.ports.aps import ApsMessage, ApsUser, JoinSettings, NetworkSettings, StackConfiguration
from emulator.ports.phy import RxFrame, TxResult
from emulator.ports.schedule import Scheduler
from emulator.transports.memory.radio import Radio
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.node.node import Node
from emulator.zigbee.node.scanning import ScanKind, ScanUser


class SoftPort:
    """Passes calls through to the node and keeps its one timer on the agenda.

    What an `ApsPort` has, and what a virtual stick needs besides; calls that start nothing go to `node` directly.

    Args:
        scheduler: the agenda of the run.
        radio: what the node sends with.
        streams: randomness; the node takes streams named after its address.
        report: told of every drop, retry and refusal.
        memory: what the node kept from before, if anything.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        radio: Radio,
        streams: Streams,
        report: Report,
        memory: NodeMemory | None = None,
    ) -> None:
        self.node = Node(radio, radio.eui64, streams, report, memory)
        self.radio = radio
        self._scheduler = scheduler
        self._alarm = self.node.alarm
        self._armed = NEVER
        radio.attach(self)

    @property
    def eui64(self) -> Eui64:
        """The node's address."""
        return self.node.eui64

    def readdress(self, eui64: Eui64) -> None:
        """See `Node.readdress`; where it stands on the air stays the same."""
        self.node.readdress(eui64)

    def attach(self, user: ApsUser) -> None:
        self.node.attach(user)

    def configure(self, configuration: StackConfiguration) -> None:
        self.node.configure(configuration)

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self.node.keys.allow(device, link_key)

    def forbid(self, device: Eui64) -> None:
        self.node.keys.forbid(device)

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        self.node.keys.set_link_key(device, key, now)

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:
        self.node.keys.offer_link_key(device, key, now)

    def link_key_with(self, device: Eui64) -> bytes | None:
        return self.node.keys.link_key_with(device)

    def has_established_key(self, device: Eui64) -> bool:
        return self.node.keys.has_established_key(device)

    def short_of(self, device: Eui64) -> int | None:
        return self.node.keys.short_of(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        return self.node.keys.eui64_of(short)

    def form(self, settings: NetworkSettings, now: int) -> None:
        self.node.form(settings, now)
        self._arm()

    def permit_joining(self, until: int, now: int) -> None:
        self.node.permit_joining(until, now)
        self._arm()

    def remove(self, device: Eui64, now: int) -> None:
        self.node.remove(device, now)
        self._arm()

    def rotate_network_key(self, key: bytes, now: int) -> None:
        self.node.rotate_network_key(key, now)
        self._arm()

    def join(self, settings: JoinSettings, now: int) -> None:
        self.node.join(settings, now)
        self._arm()

    def rejoin(self, now: int) -> None:
        """Look for a place in the network that it is in, under the network key."""
        self.node.rejoin(now)
        self._arm()

    def rejoin_without_key(self, now: int) -> None:
        """A trust centre rejoin in the network that it is in, under the link key."""
        self.node.rejoin_without_key(now)
        self._arm()

    def seek_trust_centre(self, now: int) -> None:
        self.node.seek_trust_centre(now)
        self._arm()

    def resume(self, now: int) -> None:
        self.node.resume(now)
        self._arm()

    def stop(self, now: int) -> None:
        self.node.stop(now)

    def leave(self, now: int) -> None:
        self.node.leave(now)
        self._arm()

    def send(self, message: ApsMessage, now: int) -> int:
        handle = self.node.send(message, now)
        self._arm()
        return handle

    def acknowledge_fragment(self, source: int, counter: int, block: int, bitfield: int, now: int) -> None:
        """See `Node.acknowledge_fragment`."""
        self.node.acknowledge_fragment(source, counter, block, bitfield, now)
        self._arm()

    def scan(self, kind: ScanKind, channels: Iterable[int], duration: int, user: ScanUser, now: int) -> None:
        """See `Node.scan`."""
        self.node.scan(kind, channels, duration, user, now)
        self._arm()

    def stop_scan(self, now: int) -> None:
        """See `Node.stop_scan`."""
        self.node.stop_scan(now)
        self._arm()

    def sniff(self, channel: int, take: Callable[[RxFrame, int], None], now: int) -> None:
        """Hand over every frame on a channel, whoever it is for; the node is to be off the air."""
        self.radio.tune(channel, now)
        self.radio.sniff(take, now)

    def stop_sniffing(self, now: int) -> None:
        """End that; nothing where it has not begun."""
        self.radio.stop_sniffing(now)

    def transmit(self, psdu: bytes, now: int) -> None:
        """Send one frame as it is; the node is to be off the air.

        Raises:
            LocalProtocolError: the frame before it is not done yet.
        """
        self.radio.submit(psdu, now)

    def emit(self, on: bool) -> None:
        """Begin or end a carrier; the node is to be off the air."""
        self.radio.emit(on)

    def received(self, frame: RxFrame, now: int) -> None:
        """From the radio."""
        self.node.received(frame, now)
        self._arm()

    def transmitted(self, result: TxResult, pending: bool, now: int) -> None:
        """From the radio."""
        self.node.transmitted(result, pending, now)
        self._arm()

    def _arm(self) -> None:
        """Be woken no later than the node's earliest deadline; an early wake-up does no harm."""
        at = self._alarm.at
        if at < self._armed:
            self._armed = at
            self._scheduler.call_at(max(self._scheduler.now, at), self._wake, at)

    def _wake(self, armed: int) -> None:
        if armed != self._armed:
            return
        self._armed = NEVER
        self.node.on_timeout(self._scheduler.now)
        self._arm()
