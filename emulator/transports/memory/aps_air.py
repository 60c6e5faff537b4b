"""The air of `mem:aps`: delivery of APS messages with computed airtime, no frames made.

A channel is one resource that is booked by one frame after the other, so nothing collides and nothing overtakes;
networks on one channel share it where their members hear each other.  Loss is drawn for every frame and every
acknowledgement, with the retries of the MAC.  What only repeats (link status, empty polls) makes no events: `settle`
books it by arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.rng import Streams
from emulator.ports.schedule import Scheduler
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.airtime import ACK_FRAME, MAX_FRAME_RETRIES, frame_airtime
from emulator.transports.memory.aps_network import Network
from emulator.transports.memory.aps_port import ApsAirPort
from emulator.transports.memory.topology import Link, Topology

if TYPE_CHECKING:
    from emulator.ports.aps import NetworkSettings


def _nothing(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
    """Nobody wants reports."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One frame's way between two radios, and its acknowledgement's way back."""

    sender: ApsAirPort
    receiver: ApsAirPort
    loss: float
    ack_loss: float
    link: Link


class Carried(NamedTuple):
    """How a frame fared on its hops.

    Attributes:
        end: when the channel is free again, µs.
        arrived: the last receiver has it.
        acknowledged: the first hop was acknowledged.
    """

    end: int
    arrived: bool
    acknowledged: bool


class ApsAir:
    """All networks and devices of a run.

    Args:
        scheduler: the agenda.
        topology: who hears whom.
        streams: randomness; every device draws from streams of its own.
    """

    def __init__(self, scheduler: Scheduler, topology: Topology, streams: Streams) -> None:
        self.scheduler = scheduler
        self.topology = topology
        self.streams = streams
        self.ports: dict[Eui64, ApsAirPort] = {}
        self.networks: list[Network] = []
        self._hearing: dict[Eui64, list[Hop]] = {}
        self._hearing_version = -1

    def port(self, eui64: Eui64, report: Report | None = None) -> ApsAirPort:
        """A new device on this air.

        Raises:
            LocalProtocolError: there is one with this address.
        """
        if eui64 in self.ports:
            raise LocalProtocolError(f"{eui64_text(eui64)} is on this air already")
        port = self.ports[eui64] = ApsAirPort(self, eui64, report or _nothing)
        self._hearing.clear()
        return port

    def network(self, settings: NetworkSettings, trust_centre: ApsAirPort) -> Network:
        """A new network."""
        network = Network(self, settings, trust_centre)
        self.networks.append(network)
        return network

    def neighbours(self, port: ApsAirPort) -> list[Hop]:
        """A hop to every device that hears `port` and is heard by it, in the order of connecting."""
        if self._hearing_version != self.topology.version:
            self._hearing.clear()
            self._hearing_version = self.topology.version
        known = self._hearing.get(port.eui64)
        if known is None:
            hops = (self.hop(port, self.ports.get(eui64)) for eui64, _ in self.topology.hearers(port.eui64))
            known = self._hearing[port.eui64] = [hop for hop in hops if hop is not None]
        return known

    def hop(self, sender: ApsAirPort, receiver: ApsAirPort | None) -> Hop | None:
        """The hop between two devices, if both hear each other."""
        if receiver is None:
            return None
        there = self.topology.link(sender.eui64, receiver.eui64)
        back = self.topology.link(receiver.eui64, sender.eui64)
        if there is None or back is None:
            return None
        return Hop(sender, receiver, there.loss, back.loss, there)

    def share(self, port: ApsAirPort) -> None:
        """`port` goes on the air: its network shares the channel with those within its earshot."""
        network = port.network
        if network is None:
            return
        for hop in self.neighbours(port):
            other = hop.receiver.network
            if other is not None and other is not network and other.channel == network.channel:
                network.share(other)

    # Carrying frames

    def carry(self, network: Network, hops: Sequence[Hop], psdu: int, now: int) -> Carried:
        """Send a frame of `psdu` octets over `hops`, each with the retries of the MAC, and book the channel for it."""
        end, medium = now, network.medium
        arrived = acknowledged = True
        for index, hop in enumerate(hops):
            if hop.link.rate:
                end, arrived, heard = self._hand_over(hop, psdu, end)
            else:
                end, arrived, heard = self._send(hop, psdu, max(end, medium.busy_until))
                medium.busy_until = end
            if index == 0:
                acknowledged = heard
            if not arrived:
                break
        return Carried(end, arrived, acknowledged)

    def _send(self, hop: Hop, psdu: int, at: int) -> tuple[int, bool, bool]:
        """One hop: when it is over, whether the frame arrived, whether its acknowledgement did."""
        rng = hop.sender.rng
        awake = hop.receiver.on_air
        arrived = acknowledged = False
        attempts = acks = 0
        begin = at
        while not acknowledged and attempts <= MAX_FRAME_RETRIES:
            attempts += 1
            at += timing.backoff(rng)
            if awake and not (hop.loss and rng.random() < hop.loss):
                arrived = True
                acks += 1
                acknowledged = not (hop.ack_loss and rng.random() < hop.ack_loss)
            at += timing.exchange(psdu) if acknowledged else timing.unanswered(psdu)
        _count(hop.sender, frame_airtime(psdu), attempts)
        _count(hop.receiver, ACK_FRAME, acks)
        airtime = attempts * frame_airtime(psdu) + acks * ACK_FRAME
        hop.sender.exchanged += airtime
        hop.receiver.exchanged += airtime
        if attempts > 1 or not acknowledged:
            self._complain(hop, attempts, acknowledged, at - begin, at)
        return at, arrived, acknowledged

    def _hand_over(self, hop: Hop, psdu: int, at: int) -> tuple[int, bool, bool]:
        """One hop over a link of its own, beside the air: when it is over, and twice whether the frame arrived."""
        begin, arrived, attempts = at, False, 0
        while not arrived and attempts <= MAX_FRAME_RETRIES:
            attempts += 1
            at += hop.link.delay(psdu)
            arrived = hop.receiver.on_air and not (hop.loss and hop.sender.rng.random() < hop.loss)
        if attempts > 1 or not arrived:
            self._complain(hop, attempts, arrived, at - begin, at)
        return at, arrived, arrived

    def _complain(self, hop: Hop, attempts: int, acknowledged: bool, span: int, now: int) -> None:
        kind = "aps.retry" if acknowledged else "aps.dropped"
        fields: dict[str, object] = {"to": eui64_text(hop.receiver.eui64), "frames": attempts, "us": span}
        hop.sender.report(kind, "no-ack", fields, now)

    def announce(self, network: Network, port: ApsAirPort, psdu: int, now: int) -> int:
        """Book one unacknowledged frame; when it is over."""
        medium = network.medium
        begin = max(now, medium.busy_until) + timing.backoff(port.rng)
        medium.busy_until = end = begin + timing.announcement(psdu)
        self.book(port, frame_airtime(psdu), 1)
        return end

    def book(self, port: ApsAirPort, airtime: int, frames: int) -> None:
        """Count `frames` of `airtime` µs each that belong to no exchange between two devices."""
        _count(port, airtime, frames)
        port.apart += airtime * frames

    def settle(self, now: int) -> None:
        """Book the link status commands and empty polls of every device up to `now`; call it before reading totals."""
        for port in self.ports.values():
            port.settle(now)


def _count(port: ApsAirPort, airtime: int, frames: int) -> None:
    port.frames += frames
    port.airtime += airtime * frames
