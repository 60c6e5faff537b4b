"""The messages of one device of `mem:aps`, from its hand to that of whoever gets them.

A message on a plain path (one hop that loses nothing, both ends awake) is booked and put on the agenda once; everything
else is a `Transfer` or a `Broadcast`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.ports.aps import ApsIndication, ApsMessage, Outcome
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.airtime import ACK_FRAME, OCTET, UNIT_BACKOFF, frame_airtime
from emulator.transports.memory.aps_broadcast import Broadcast
from emulator.transports.memory.aps_keys import opens
from emulator.transports.memory.aps_transfer import Transfer
from emulator.zigbee.node.hop import FIRST_BROADCAST

if TYPE_CHECKING:
    from emulator.transports.memory.aps_network import Network, Path
    from emulator.transports.memory.aps_port import ApsAirPort

_PLAIN = timing.DATA
_LINK_KEY = timing.DATA + timing.LINK_KEY_OCTETS
_FIXED = timing.exchange(timing.MAX_PSDU) - OCTET * timing.MAX_PSDU
_PLAIN_ACK = timing.DATA_EXCHANGE
_LINK_KEY_ACK = timing.LINK_KEY_EXCHANGE
_PLAIN_ACK_AIRTIME = frame_airtime(_PLAIN)
_LINK_KEY_ACK_AIRTIME = frame_airtime(_LINK_KEY)
_HEADER_AIRTIME = frame_airtime(0)
_MAX_PSDU = timing.MAX_PSDU
_SLOTS = timing.BACKOFF_SLOTS


class Sending:
    """The sending half of one device, and the ways that it knows.

    Args:
        port: the device.
    """

    def __init__(self, port: ApsAirPort) -> None:
        self._port = port
        self._handle = 0
        self._paths: dict[int, Path] = {}
        self._draw = port.rng.random
        self._call_at = port.air.scheduler.call_at
        self._scheduler = port.air.scheduler
        self._topology = port.air.topology

    def send(self, message: ApsMessage, now: int) -> int:
        """One message of the device above; a handle that its `sent` will name."""
        self._handle = handle = self._handle + 1
        network = self._port.network
        destination = message.destination
        if network is None or destination >= FIRST_BROADCAST:
            self._send_otherwise(message, handle, now)
            return handle
        path = self._paths.get(destination)
        if path is None or path.version != network.version or path.topology_version != self._topology.version:
            path = self._find(network, destination)
        psdu = len(message.payload)
        if message.link_key:
            psdu += _LINK_KEY
            plain = path is not None and path.plain and path.key_fits
        else:
            psdu += _PLAIN
            plain = path is not None and path.plain
        if not plain or psdu > _MAX_PSDU or path is None:
            Transfer(self._port, message, handle).start(now)
            return handle
        draw = self._draw
        medium = network.medium
        end = max(now, medium.busy_until)
        end += _FIXED + OCTET * psdu + int(draw() * _SLOTS) * UNIT_BACKOFF
        if message.acknowledge:
            end += (_LINK_KEY_ACK if message.link_key else _PLAIN_ACK) + int(draw() * _SLOTS) * UNIT_BACKOFF
        medium.busy_until = end
        self._call_at(end, self._arrived, message, handle, path)
        return handle

    def send_own(self, message: ApsMessage, now: int) -> None:
        """Send a message of the stack itself; nobody hears of its outcome."""
        if self._port.network is not None:
            Transfer(self._port, message, 0).start(now)

    def finished(self, handle: int, outcome: Outcome, generation: int) -> None:
        """Tell the device what became of a message; handle 0 is the stack's own."""
        if handle and generation == self._port.generation:
            self._port.user.sent(handle, outcome, self._scheduler.now)

    def _send_otherwise(self, message: ApsMessage, handle: int, now: int) -> None:
        """A broadcast, or nothing at all in no network."""
        end, outcome = now, Outcome.DELIVERED
        if self._port.network is None:
            outcome = Outcome.NOT_JOINED
        elif message.link_key:
            outcome = Outcome.NO_KEY
        elif len(message.payload) > timing.MAX_ASDU:
            outcome = Outcome.TOO_LONG
        else:
            end = Broadcast(self._port, message, lambda target, _: self.deliver(target, message, None)).start(now)
        self._call_at(end, self.finished, handle, outcome, self._port.generation)

    # Ways

    def path_to(self, destination: int) -> Path | None:
        """The way to a short address as things are, None where there is none."""
        network, path = self._port.network, self._paths.get(destination)
        if network is None:
            return None
        if path is None or path.version != network.version or path.topology_version != self._topology.version:
            path = self._find(network, destination)
        return path

    def forget_paths(self) -> None:
        """The power is gone."""
        self._paths.clear()

    def _find(self, network: Network, destination: int) -> Path | None:
        path = network.path(self._port, destination)
        if path is not None:
            self._paths[destination] = path
        return path

    # At the other end

    def deliver(self, target: ApsAirPort, message: ApsMessage, path: Path | None) -> None:
        """Hand one of our messages to `target`; a broadcast has no path."""
        port = self._port
        rssi, lqi = self._strength(target) if path is None else (path.rssi, path.lqi)
        indication = ApsIndication(
            port.short, port.eui64, message.source_endpoint, message.destination_endpoint, message.profile,
            message.cluster, message.payload, message.link_key, path is None, rssi, lqi,
        )  # fmt: skip
        if message.destination_endpoint == 0:
            target.zdo(indication, self._scheduler.now)
        else:
            target.user.received(indication, self._scheduler.now)

    def _strength(self, target: ApsAirPort) -> tuple[int, int]:
        """How loud a broadcast is at `target`: from us, or else from the first router it hears."""
        hops = {hop.receiver.eui64: hop.link for hop in self._port.air.neighbours(target)}
        link = hops.get(self._port.eui64) or next(iter(hops.values()))
        return link.rssi, link.lqi

    def _arrived(self, message: ApsMessage, handle: int, path: Path) -> None:
        """A message on a plain path is there, and its acknowledgement is back."""
        port, target, now = self._port, path.target, self._scheduler.now
        if path.generation != port.generation:
            return
        if target.network is not path.network:
            Transfer(port, message, handle).lost(now)
            return
        if message.link_key and path.version != path.network.version and not opens(target, port, path.key, now):
            Transfer(port, message, handle).unread(now)
            return
        self._book(message, target)
        indication = ApsIndication(
            port.short, port.eui64, message.source_endpoint, message.destination_endpoint, message.profile,
            message.cluster, message.payload, message.link_key, False, path.rssi, path.lqi,
        )  # fmt: skip
        if message.destination_endpoint == 0:
            target.zdo(indication, now)
        else:
            target.user.received(indication, now)
        if path.generation == port.generation:
            port.user.sent(handle, Outcome.DELIVERED, now)

    def _book(self, message: ApsMessage, target: ApsAirPort) -> None:
        """Count the frames of a plain delivery: data one way, the APS acknowledgement back, a MAC one for each."""
        port = self._port
        there = _HEADER_AIRTIME + OCTET * (len(message.payload) + (_LINK_KEY if message.link_key else _PLAIN))
        back, frames = ACK_FRAME, 1
        if message.acknowledge:
            there += ACK_FRAME
            back += _LINK_KEY_ACK_AIRTIME if message.link_key else _PLAIN_ACK_AIRTIME
            frames = 2
        port.exchanged += there + back
        target.exchanged += there + back
        port.airtime += there
        port.frames += frames
        target.airtime += back
        target.frames += frames
