"""What a device of `mem:aps` repeats while nothing happens (polls, link status): booked by arithmetic, no events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.airtime import ACK_FRAME, frame_airtime
from emulator.zigbee.node.neighbours import LINK_STATUS_PERIOD

if TYPE_CHECKING:
    from emulator.transports.memory.aps_network import Network
    from emulator.transports.memory.aps_port import ApsAirPort


class Idle:
    """The regular life of one device."""

    def __init__(self, port: ApsAirPort) -> None:
        self._port = port
        self._up_since = 0
        self._settled = 0
        self._fetched = 0
        self._fetched_at = -1

    def start(self, now: int) -> None:
        """The device came up; a sleepy one counts its polls from now on."""
        self._up_since = self._settled = now
        self._fetched = 0

    def next_poll(self, after: int) -> int | None:
        """When a sleepy device asks its parent next, at `after` (µs) or later; None while it is off."""
        interval = self._port.configured().poll_interval
        if self._port.network is None or interval <= 0:
            return None
        return self._up_since + max(1, -(-(after - self._up_since) // interval)) * interval

    def fetched(self, now: int) -> None:
        """The poll of this moment brought something and was booked with it."""
        if now != self._fetched_at:
            self._fetched_at = now
            self._fetched += 1

    def settle(self, network: Network, now: int) -> None:
        """Book what was repeated since the last time, or since the start."""
        since, self._settled = self._settled, now
        if self._port.sleepy:
            self._settle_polls(network, since, now)
        else:
            self._settle_link_status(network, since, now)

    def _settle_polls(self, network: Network, since: int, now: int) -> None:
        port, up = self._port, self._up_since
        interval = port.configured().poll_interval
        if interval <= 0:
            return
        polls = max(0, (now - up) // interval - (since - up) // interval - self._fetched)
        self._fetched = 0
        network.air.book(port, frame_airtime(timing.DATA_REQUEST), polls)
        parent = network.members.get(port.parent)
        if parent is not None:
            network.air.book(parent, ACK_FRAME, polls)

    def _settle_link_status(self, network: Network, since: int, now: int) -> None:
        octets = timing.LINK_STATUS + timing.LINK_STATUS_ENTRY * len(network.routers(self._port))
        times = now // LINK_STATUS_PERIOD - since // LINK_STATUS_PERIOD
        network.air.book(self._port, frame_airtime(min(octets, timing.MAX_PSDU)), times)
