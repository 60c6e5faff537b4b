"""The air of `mem:frames`: who receives what of the frames that radios send on their channels.

A transmission is entered when its sender has decided to send (it starts one turnaround later), and judged when it ends:
whatever overlaps it at a receiver destroys it there unless it is `capture_db` stronger.  So one event a frame suffices.
Every receiver draws its losses from a stream of its own: what is sent elsewhere does not change them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.rng import SeededStreams
from emulator.ports.phy import RxFrame
from emulator.transports.memory.airtime import CCA, OCTET, PHY_HEADER_OCTETS, TURNAROUND, frame_airtime
from emulator.zigbee.frames.mac import fcs_is_good

if TYPE_CHECKING:
    from emulator.ports.schedule import Scheduler
    from emulator.transports.memory.radio import Radio
    from emulator.transports.memory.topology import Link, Topology

DEFAULT_CAPTURE_DB = 10
NOISE_FLOOR = -100
"""What a radio measures on a channel where nothing is sent, dBm: a round figure a little below its sensitivity."""
_KEPT = frame_airtime(127) + TURNAROUND
"""How long (µs) a frame that has ended still matters: another, begun just before, may be judged so much later."""

Capture = Callable[[int, bytes, int, int, int], None]
"""Takes (start in µs, PSDU, RSSI in dBm, LQI, channel) of every frame sent."""

Booked = Callable[[Eui64, int, bytes], None]
"""Takes (sender, airtime in µs, PSDU) of every frame sent."""

Taken = Callable[[RxFrame, int], None]
"""Takes a frame that was overheard, and when it ended (µs)."""


class Transmission:
    """One frame on the air of one channel, from `start` to `end` (µs).

    Attributes:
        attempt: the sender's; once the sender has another one, this frame is history.
    """

    __slots__ = ("attempt", "channel", "end", "psdu", "sender", "start")

    def __init__(self, sender: Radio, psdu: bytes, start: int, attempt: int) -> None:
        self.sender = sender
        self.channel = sender.channel
        self.psdu = psdu
        self.start = start
        self.end = start + (PHY_HEADER_OCTETS + len(psdu)) * OCTET
        self.attempt = attempt


class Medium:
    """All channels, and the radios on them.

    Args:
        scheduler: the agenda of the run.
        topology: who hears whom.
        rng: the stream from which every receiver's stream of losses is made.
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
        self._losses = SeededStreams(rng.getrandbits(64))
        self._capture = capture
        self._report = report
        self._booked = booked
        self._radios: dict[Eui64, Radio] = {}
        self._sniffers: dict[Radio, Taken] = {}
        self._carriers: list[Radio] = []
        self._recent: dict[int, deque[Transmission]] = {}
        self._version = 0

    def add(self, radio: Radio) -> Callable[[], float]:
        """Put a radio on the air; what its losses are drawn from.

        Raises:
            LocalProtocolError: there is one with its address.
        """
        if radio.eui64 in self._radios:
            raise LocalProtocolError(f"{eui64_text(radio.eui64)} is on this air already")
        self._radios[radio.eui64] = radio
        self.changed()
        return self._losses.stream(eui64_text(radio.eui64)).random

    def changed(self) -> None:
        """A radio came or changed its channel: what was worked out about neighbourhoods is void."""
        self._version += 1

    def begin(self, sender: Radio, psdu: bytes, start: int, attempt: int) -> Transmission:
        """Enter a frame that starts at `start`; it is judged by `obstacle` when it has ended."""
        transmission = Transmission(sender, psdu, start, attempt)
        recent = self._recent.get(transmission.channel)
        if recent is None:
            recent = self._recent[transmission.channel] = deque()
        horizon = start - _KEPT
        while recent and recent[0].end < horizon:
            recent.popleft()
        recent.append(transmission)
        airtime = transmission.end - start
        counters = sender.counters
        counters.frames += 1
        counters.airtime += airtime
        counters.exchanged += airtime
        if self._booked is not None:
            self._booked(sender.eui64, airtime, psdu)
        if self._capture is not None:
            rssi, lqi = self._surveyed(sender).sniffed
            self._capture(start, psdu, rssi, lqi, transmission.channel)
        if self._sniffers:
            # When it ends is known once it has begun: on an air without time that is at once.
            self.scheduler.call_at(start, self._wait_for_end, transmission)
        return transmission

    def sniff(self, radio: Radio, take: Taken) -> None:
        """From now on let a radio have every frame that it hears on its channel."""
        self._sniffers[radio] = take

    def stop_sniffing(self, radio: Radio) -> bool:
        """End that; whether it had begun."""
        return self._sniffers.pop(radio, None) is not None

    def emit(self, radio: Radio, on: bool) -> None:
        """Begin or end a carrier on the radio's channel.

        Who hears it finds the channel busy, and gets no frame that ends meanwhile unless that is much stronger.
        """
        if radio in self._carriers:
            self._carriers.remove(radio)
        if on:
            self._carriers.append(radio)

    def _carrier_at(self, listener: Radio) -> int | None:
        """The strongest carrier of others that a radio hears on its channel, dBm."""
        on_channel = (radio for radio in self._carriers if radio is not listener and radio.channel == listener.channel)
        links = (self.topology.link(radio.eui64, listener.eui64) for radio in on_channel)
        return max((link.rssi for link in links if link is not None and not link.rate), default=None)

    def _wait_for_end(self, transmission: Transmission) -> None:
        if transmission.end > self.scheduler.now:
            self.scheduler.call_at(transmission.end, self._overheard, transmission)
        else:
            self._overheard(transmission)

    def _overheard(self, transmission: Transmission) -> None:
        """A frame has ended: let those have it who sniff and did hear it."""
        if not fcs_is_good(transmission.psdu):
            return
        for radio, take in list(self._sniffers.items()):
            link = self.topology.link(transmission.sender.eui64, radio.eui64)
            if link is None or link.rate or radio.channel != transmission.channel:
                continue
            if radio is not transmission.sender and self.obstacle(transmission, radio, link) is None:
                take(RxFrame(transmission.psdu, link.rssi, link.lqi), transmission.end)

    def busy(self, listener: Radio, now: int) -> bool:
        """Whether `listener` found the channel busy in the clear-channel assessment that ends `now`."""
        since = now - CCA
        for other in self._recent.get(listener.channel, ()):
            if other.end > since and other.start < now:
                sender = other.sender
                if sender is listener or sender in self._surveyed(listener).heard:
                    return True
        return bool(self._carriers) and self._carrier_at(listener) is not None

    def energy(self, listener: Radio, since: int, now: int) -> int:
        """The strongest frame of others on the listener's channel between two moments, dBm, or the noise floor."""
        carrier = self._carrier_at(listener)
        strongest = NOISE_FLOOR if carrier is None else carrier
        for other in self._recent.get(listener.channel, ()):
            if other.end <= since or other.start >= now:
                continue
            # Not from the survey: the sender may be on another channel by now.
            link = self.topology.link(other.sender.eui64, listener.eui64)
            if link is not None and not link.rate:
                strongest = max(strongest, link.rssi)
        return strongest

    def receivers(self, sender: Radio) -> list[tuple[Radio, Link]]:
        """Everyone on the sender's channel who hears it at all, well enough or not."""
        return self._surveyed(sender).hearers

    def partners(self, sender: Radio) -> list[tuple[Radio, Link]]:
        """Everyone to whom the sender has a link of its own, beside the air."""
        return self._surveyed(sender).partners

    def obstacle(self, transmission: Transmission, receiver: Radio, link: Link) -> str | None:
        """Why `receiver` did not get the frame that has just ended, or None if it did."""
        start, end = transmission.start, transmission.end
        if receiver.deaf_after(start):
            return "receiver-off"
        for other in self._recent[transmission.channel]:
            if other.end <= start or other.start >= end or other is transmission:
                continue
            if other.sender is receiver:
                return "receiver-sending"
            noise = self._surveyed(receiver).heard.get(other.sender)
            if noise is not None and noise.rssi > link.rssi - self.capture_db:
                return "collision"
        if self._carriers and (disturbed := self._carrier_against(receiver, link)) is not None:
            return disturbed
        return "loss" if link.loss and receiver.draw_loss() < link.loss else None

    def _carrier_against(self, receiver: Radio, link: Link) -> str | None:
        """Why a carrier keeps a frame from a receiver; None where it does not."""
        if receiver in self._carriers:
            return "receiver-sending"
        carrier = self._carrier_at(receiver)
        return "collision" if carrier is not None and carrier > link.rssi - self.capture_db else None

    def missed(self, answer: Transmission, receiver: Radio) -> str | None:
        """Why `receiver` did not get an acknowledgement, or None if it did."""
        link = self._surveyed(receiver).heard.get(answer.sender)
        return "out-of-earshot" if link is None else self.obstacle(answer, receiver, link)

    def lost(self, transmission: Transmission, receiver: Radio, reason: str) -> None:
        """Report a frame that its addressee did not get."""
        if self._report is not None:
            fields: dict[str, object] = {
                "from": eui64_text(transmission.sender.eui64),
                "to": eui64_text(receiver.eui64),
                "octets": len(transmission.psdu),
            }
            self._report("air.lost", reason, fields, transmission.end)

    def _surveyed(self, radio: Radio) -> Radio:
        """The radio, with what it knows of its neighbourhood up to date."""
        version = self._version + self.topology.version
        if radio.version != version:
            radio.version = version
            self._survey(radio)
        return radio

    def _survey(self, radio: Radio) -> None:
        """Work out who hears this radio and whom it hears, over the air and beside it."""
        on_channel = [other for other in self._radios.values() if other is not radio and other.channel == radio.channel]
        reached = [
            (other, link) for other in on_channel if (link := self.topology.link(radio.eui64, other.eui64)) is not None
        ]
        radio.hearers = [(other, link) for other, link in reached if not link.rate]
        radio.partners = [(other, link) for other, link in reached if link.rate]
        radio.heard = {
            other: link
            for other in on_channel
            if (link := self.topology.link(other.eui64, radio.eui64)) is not None and not link.rate
        }
        nearest = max((link for _, link in radio.hearers), key=lambda link: link.rssi, default=None)
        radio.sniffed = (0, 255) if nearest is None else (nearest.rssi, nearest.lqi)
