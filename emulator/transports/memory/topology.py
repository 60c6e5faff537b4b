"""Who hears whom, how loud, and how much of it is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64

DEFAULT_RSSI = -50
SENSITIVITY = -97
_LQI_PER_DB = 4
_BITS = 8


@dataclass(frozen=True, slots=True)
class Link:
    """One direction between two radios.

    Attributes:
        rssi: signal strength at the receiver, dBm.
        loss: probability that a frame (data or acknowledgement) is not received, 0 to 1.
        rate: bits a second of a link of its own, beside the air: what goes over it is not on the air, and neither
            disturbs others nor is disturbed.  0: the link is over the air.
        latency: µs beside the time that `rate` takes; of a link of its own.
        lqi: link quality, 0 to 255: how far the signal is above the receiver's sensitivity.
    """

    rssi: int = DEFAULT_RSSI
    loss: float = 0.0
    rate: int = 0
    latency: int = 0
    lqi: int = field(init=False)

    def __post_init__(self) -> None:
        lqi = max(0, min(255, (self.rssi - SENSITIVITY) * _LQI_PER_DB))
        object.__setattr__(self, "lqi", lqi)

    def delay(self, octets: int) -> int:
        """µs that a frame takes over a link of its own."""
        return self.latency + octets * _BITS * SECOND // self.rate


class Topology:
    """The links of one run; a pair without a link does not hear each other at all."""

    def __init__(self) -> None:
        self._links: dict[tuple[Eui64, Eui64], Link] = {}
        self.version = 0
        """Counts changes, so that users may cache."""

    def connect(self, one: Eui64, other: Eui64, link: Link | None = None) -> None:
        """Let both hear each other over equal links."""
        self.set(one, other, link or Link())
        self.set(other, one, link or Link())

    def set(self, sender: Eui64, receiver: Eui64, link: Link | None) -> None:
        """Set one direction; None takes it away."""
        self.version += 1
        if link is None:
            self._links.pop((sender, receiver), None)
        else:
            self._links[sender, receiver] = link

    def link(self, sender: Eui64, receiver: Eui64) -> Link | None:
        """How `receiver` hears `sender`; None if not at all."""
        return self._links.get((sender, receiver))

    def links(self) -> Mapping[tuple[Eui64, Eui64], Link]:
        """Every link, by sender and receiver."""
        return MappingProxyType(self._links)

    def hearers(self, sender: Eui64) -> list[tuple[Eui64, Link]]:
        """Everyone who hears `sender`, in the order of connecting."""
        return [(receiver, link) for (source, receiver), link in self._links.items() if source == sender]

    def chain(self, devices: Iterable[Eui64], link: Link | None = None) -> None:
        """Connect each device with the next only: a route of as many hops."""
        for one, other in pairwise(devices):
            self.connect(one, other, link)
