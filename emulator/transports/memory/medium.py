"""The air of `mem:frames`: who receives what of the frames that radios send on their channels.

A transmission is entered when its sender has decided to send (it starts one turnaround later), and judged when it ends:
whatever overlaps it at a receiver destroys it there unless it is `capture_db` stronger.  So one event a frame suffices.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from emulator.core.eui64 import Eui64, eui64_text
from emulator.transports.memory.airtime import CCA, frame_airtime

if TYPE_CHECKING:
    from emulator.ports.schedule import Scheduler
    from emulator.transports.memory.radio import Radio
    from emulator.transports.memory.topology import Link, Topology

DEFAULT_CAPTURE_DB = 10
_LONGEST_FRAME = frame_airtime(127)

Capture = Callable[[int, bytes, int, int, int], None]
"""Takes (start in µs, PSDU, RSSI in dBm, LQI, channel) of every frame sent."""

Booked = Callable[[Eui64, int, bytes], None]
"""Takes (sender, airtime in µs, PSDU) of every frame sent."""

Report = Callable[[str, str | None, dict[str, object], int], None]
"""Takes (kind, reason, fields, now) of something that happened."""


class Transmission:
    """One frame on the air, from `start` to `end` (µs)."""

    __slots__ = ("end", "psdu", "sender", "start")

    def __init__(self, sender: Radio, psdu: bytes, start: int, end: int) -> None:
        self.sender = sender
        self.psdu = psdu
        self.start = start
        self.end = end


class Medium:
    """All channels, and the radios on them.

    Args:
        scheduler: the agenda of the run.
        topology: who hears whom.
        rng: the stream that loss is drawn from.
        capture: told of every frame sent, in the order of their starts; RSSI and LQI as the nearest listener has them.
        booked: told of the airtime of every frame.
        report: told of every frame that its addressee did not get, with the reason.
        capture_db: how much stronger than an overlapping frame one must be to be received all the same.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        topology: Topology,
        rng: Random,
        *,
        capture: Capture | None = None,
        report: Report | None = None,
        booked: Booked | None = None,
        capture_db: int = DEFAULT_CAPTURE_DB,
    ) -> None:
        self.scheduler = scheduler
        self.topology = topology
        self.capture_db = capture_db
        self._draw = rng.random
        self._capture = capture
        self._report = report
        self._booked = booked
        self._radios: dict[Eui64, Radio] = {}
        self._recent: dict[int, deque[Transmission]] = {}
        self._version = 0

    def add(self, radio: Radio) -> None:
        """Put a radio on the air."""
        self._radios[radio.eui64] = radio
        self.changed()

    def changed(self) -> None:
        """A radio came, went or changed its channel: what was worked out about neighbourhoods is void."""
        self._version += 1

    def begin(self, sender: Radio, psdu: bytes, start: int) -> Transmission:
        """Enter a frame that starts at `start`; it is judged by `receivers` or `reaches` when it has ended."""
        transmission = Transmission(sender, psdu, start, start + frame_airtime(len(psdu)))
        recent = self._recent.setdefault(sender.channel, deque())
        horizon = start - _LONGEST_FRAME
        while recent and recent[0].end < horizon:
            recent.popleft()
        recent.append(transmission)
        airtime = transmission.end - start
        sender.count(airtime)
        if self._booked is not None:
            self._booked(sender.eui64, airtime, psdu)
        if self._capture is not None:
            rssi, lqi = self._sniffed(sender)
            self._capture(start, psdu, rssi, lqi, sender.channel)
        return transmission

    def busy(self, listener: Radio, now: int) -> bool:
        """Whether `listener` found the channel busy in the clear-channel assessment that ends `now`."""
        since = now - CCA
        for other in self._recent.get(listener.channel, ()):
            if other.end > since and other.start < now:
                sender = other.sender
                if sender is listener or self._links(listener).get(sender) is not None:
                    return True
        return False

    def receivers(self, transmission: Transmission) -> list[tuple[Radio, Link]]:
        """Everyone on the channel who hears the sender at all, well enough or not."""
        sender = transmission.sender
        if sender.version != self._neighbourhood_version():
            self._survey(sender)
        return sender.hearers

    def obstacle(self, transmission: Transmission, receiver: Radio, link: Link) -> str | None:
        """Why `receiver` did not get the frame, or None if it did."""
        if receiver.deaf_after(transmission.start):
            return "receiver-off"
        start, end = transmission.start, transmission.end
        for other in self._recent[transmission.sender.channel]:
            if other is transmission or other.end <= start or other.start >= end:
                continue
            if other.sender is receiver:
                return "receiver-sending"
            noise = self._links(receiver).get(other.sender)
            if noise is not None and noise.rssi > link.rssi - self.capture_db:
                return "collision"
        return "loss" if link.loss and self._draw() < link.loss else None

    def reaches(self, transmission: Transmission, receiver: Radio) -> bool:
        """Whether one particular radio got the frame; for acknowledgements."""
        link = self._links(receiver).get(transmission.sender)
        return link is not None and self.obstacle(transmission, receiver, link) is None

    def lost(self, transmission: Transmission, receiver: Radio, reason: str) -> None:
        """Report a frame that its addressee did not get."""
        if self._report is not None:
            fields: dict[str, object] = {
                "from": eui64_text(transmission.sender.eui64),
                "to": eui64_text(receiver.eui64),
                "octets": len(transmission.psdu),
            }
            self._report("air.lost", reason, fields, transmission.end)

    def _neighbourhood_version(self) -> int:
        return self._version + self.topology.version

    def _links(self, listener: Radio) -> dict[Radio, Link]:
        if listener.version != self._neighbourhood_version():
            self._survey(listener)
        return listener.heard

    def _survey(self, radio: Radio) -> None:
        """Work out once who hears this radio and whom it hears."""
        radio.version = self._neighbourhood_version()
        on_channel = [other for other in self._radios.values() if other is not radio and other.channel == radio.channel]
        radio.hearers = [
            (other, link) for other in on_channel if (link := self.topology.link(radio.eui64, other.eui64)) is not None
        ]
        radio.heard = {
            other: link for other in on_channel if (link := self.topology.link(other.eui64, radio.eui64)) is not None
        }

    def _sniffed(self, sender: Radio) -> tuple[int, int]:
        if sender.version != self._neighbourhood_version():
            self._survey(sender)
            nearest = max((link for _, link in sender.hearers), key=lambda link: link.rssi, default=None)
            sender.sniffed = (nearest.rssi, nearest.lqi) if nearest is not None else (0, 255)
        return sender.sniffed
