"""Puts sticks into the scene that a point needs, and passes messages between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final

from emulator.core.clock import MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.ports.aps import (
    ApsIndication,
    ApsMessage,
    DeviceJoined,
    JoinSettings,
    NetworkDown,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
)
from emulator.transports.ezsp.callbacks import Callback
from emulator.transports.ezsp.check.findings import NotTried, Otherwise
from emulator.transports.ezsp.check.seat import ENDPOINT, SETTINGS, WITHIN, Seat

PROFILE: Final = ENDPOINT.profile
CLUSTER: Final = ENDPOINT.in_clusters[0]
_KEY_OCTETS: Final = 16
_EUI64_BITS: Final = 64
_PAN_IDS: Final = range(1, 0xFFF0)
_OPEN_FOR: Final = 10 * MINUTE
_TRIES: Final = 2
_OUTCOME_WITHIN: Final = SETTINGS.outcome_within + 25 * SECOND


class Scene(Enum):
    """How things stand before a point is tried."""

    EMPTY = "no stick is in a network"
    FORMED = "the hub has formed a network"
    OPEN = "it lets the joiner in, which is not there yet"
    ROUTER = "the joiner is in it, as a router"
    SLEEPY = "the joiner is in it, as a sleepy end device"


_JOINED: Final = {Scene.ROUTER: NodeType.ROUTER, Scene.SLEEPY: NodeType.SLEEPY}
_FORMED: Final = frozenset({Scene.FORMED, Scene.OPEN, Scene.ROUTER, Scene.SLEEPY})
_LETS_IN: Final = frozenset({Scene.OPEN, Scene.ROUTER, Scene.SLEEPY})

Order = tuple[int, ...]
"""Who plays what: the indices of hub, joiner and next hub among the sticks."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message: the sender's word (None: none came), and what the receiver's host was given."""

    outcome: Outcome | None
    received: ApsIndication | None

    @property
    def arrived(self) -> bool:
        """Both say so."""
        return self.outcome is Outcome.DELIVERED and self.received is not None

    def __str__(self) -> str:
        word = "no outcome" if self.outcome is None else self.outcome.value
        return f"{word}, {'received' if self.received is not None else 'not received'}"


class Stage:
    """The sticks and the scene.

    Args:
        seats: one to three.
        channel: where networks are formed.
        rng: for keys, PAN ids and contents.

    Attributes:
        network: the one that the hub has formed, or will.
        key: the joiner's pre-configured link key.
        heard_of_join: what the hub's stick said while the joiner came.
        announced: whether the hub's host saw its announcement.
    """

    def __init__(self, seats: Sequence[Seat], channel: int, rng: Random) -> None:
        self.seats = tuple(seats)
        self.channel = channel
        self.rng = rng
        self.heard_of_join: list[Callback] = []
        self.announced = False
        self.network = self.new_network()
        self.key = self.new_key()
        self._order: Order = tuple(range(len(self.seats)))
        self._now: tuple[Scene, Order] | None = None
        self._failures: dict[tuple[Scene, Order], list[str]] = {}

    @property
    def hub(self) -> Seat:
        """Who forms networks."""
        return self.seats[self._order[0]]

    @property
    def joiner(self) -> Seat:
        """Who joins them."""
        return self.seats[self._order[1]]

    @property
    def next_hub(self) -> Seat:
        """Who takes over from the hub."""
        return self.seats[self._order[2]]

    def new_key(self) -> bytes:
        """A key that nobody has had."""
        return self.rng.randbytes(_KEY_OCTETS)

    def new_device(self) -> Eui64:
        """An EUI-64 that no device has."""
        return Eui64(self.rng.getrandbits(_EUI64_BITS - 2) + 1)

    def new_network(self, extended_pan_id: Eui64 | None = None) -> NetworkSettings:
        """Settings of a network that nobody has had."""
        extended = extended_pan_id or self.new_device()
        return NetworkSettings(self.channel, self.rng.choice(_PAN_IDS), extended, self.new_key())

    # Scenes

    async def set(self, scene: Scene, order: Order) -> None:
        """Make it so, from nothing unless it is so already; NotTried where it cannot be made."""
        if self._now == (scene, order):
            return
        self._now, self._order = None, order
        failures = self._failures.setdefault((scene, order), [])
        if len(failures) >= _TRIES:
            raise NotTried(failures[-1])
        try:
            await self._build(scene)
        except NotTried as error:
            failures.append(str(error))
            raise
        self._now = scene, order

    def spoil(self) -> None:
        """The scene is not as it was: it is made anew."""
        self._now = None

    def turned_into(self, scene: Scene) -> None:
        """A point has made another scene of it."""
        self._now = scene, self._order

    def clear(self) -> None:
        """Nobody has heard anything."""
        for seat in self.seats:
            seat.clear()

    async def _build(self, scene: Scene) -> None:
        for seat in self.seats:
            problem = await seat.empty()
            if problem is not None:
                raise NotTried(f"{seat.name}: {problem}")
        if scene in _FORMED:
            await self._must_form()
        if scene in _LETS_IN:
            await self.let_in(self.hub, self.joiner.eui64, self.key)
        if scene in _JOINED:
            result = await self.join(_JOINED[scene])
            if isinstance(result, NetworkDown):
                raise NotTried(f"no joiner to try it with: {result.reason} ({self.joiner.statuses()})")

    async def _must_form(self) -> None:
        self.network, self.key = self.new_network(), self.new_key()
        result = await self.form(self.hub, self.network)
        if isinstance(result, NetworkDown):
            raise NotTried(f"no network to try it in: {result.reason} ({self.hub.statuses()})")

    async def form(self, seat: Seat, network: NetworkSettings) -> NetworkUp | NetworkDown:
        """Form a network; how that ends."""
        seat.clear()
        seat.configure(NodeType.COORDINATOR)
        seat.port.form(network, seat.clock())
        return await seat.network_result()

    async def let_in(self, hub: Seat, device: Eui64, key: bytes | None) -> None:
        """Open a network, to a device under a key, or to nobody."""
        if key is not None:
            hub.port.allow(device, key)
        hub.port.permit_joining(hub.clock() + _OPEN_FOR, hub.clock())
        await hub.settled()

    async def join(self, node_type: NodeType, key: bytes | None = None) -> NetworkUp | NetworkDown:
        """Let the joiner join; how that ends."""
        self.clear()
        joiner, hub = self.joiner, self.hub
        joiner.configure(node_type, key or self.key)
        where = JoinSettings((self.channel,), self.network.extended_pan_id)
        joiner.port.join(where, joiner.clock())
        result = await joiner.network_result()
        if isinstance(result, NetworkUp):
            joined = await hub.until(lambda: next((e for e in hub.events if isinstance(e, DeviceJoined)), None))
            self.announced = joined is not None
            await hub.settled()
            self.heard_of_join = list(hub.heard)
        return result

    # Messages

    async def deliver(
        self, sender: Seat, receiver: Seat, *, octets: int = 8, link_key: bool = False, acknowledge: bool = True
    ) -> Delivery:
        """Send a message nobody has seen before, and look at both ends."""
        payload = self.rng.randbytes(octets)
        message = ApsMessage(
            self.short_of(receiver, sender), ENDPOINT.endpoint, ENDPOINT.endpoint, PROFILE, CLUSTER, payload,
            acknowledge=acknowledge, link_key=link_key,
        )  # fmt: skip
        handle = sender.port.send(message, sender.clock())
        outcome = await sender.until(lambda: sender.outcomes.get(handle), _OUTCOME_WITHIN)
        patience = WITHIN if outcome is Outcome.DELIVERED else 0
        received = await receiver.until(
            lambda: next((each for each in receiver.messages if each.payload == payload), None), patience
        )
        return Delivery(outcome, received)

    async def deliver_both_ways(self, *, octets: int = 8, link_key: bool = False) -> str:
        """One message each way, acknowledged; Otherwise where one does not arrive."""
        for sender, receiver in ((self.joiner, self.hub), (self.hub, self.joiner)):
            delivery = await self.deliver(sender, receiver, octets=octets, link_key=link_key)
            if not delivery.arrived:
                raise Otherwise(f"{sender.name} to {receiver.name}: {delivery}")
        return "delivered both ways"

    def short_of(self, device: Seat, to: Seat) -> int:
        """The short address under which one stick's host knows the other stick."""
        short = to.port.short_of(device.eui64)
        if short is None:
            raise NotTried(f"the host of {to.name} does not know the short address of {device.name}")
        return short
