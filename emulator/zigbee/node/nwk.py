"""The NWK layer of a soft node: what is sent and forwarded to whom, what is received, and under which protection."""

from __future__ import annotations

from random import Random
from typing import NamedTuple, Protocol

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm
from emulator.ports.aps import BROADCAST_ALL, BROADCAST_ROUTERS, NodeType, Outcome
from emulator.ports.phy import TxResult
from emulator.zigbee.frames.nwk import MAX_RADIUS, NwkFrameType
from emulator.zigbee.node.broadcasting import Broadcasting
from emulator.zigbee.node.headers import NwkHeader, read_nwk_header
from emulator.zigbee.node.hop import FIRST_BROADCAST, Hop
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.neighbours import MAX_FAILURES, Neighbours
from emulator.zigbee.node.nwk_security import NwkSecurity, NwkSecurityUser
from emulator.zigbee.node.routing import Routes

_DATA, _COMMAND = NwkFrameType.DATA, NwkFrameType.COMMAND
_ACKED = TxResult.ACKED


class Heard(NamedTuple):
    """Whom a command frame was heard from: the neighbour that sent it last, which its protection proves."""

    previous_hop: int
    sender: Eui64
    lqi: int


class NwkUser(NwkSecurityUser, Protocol):
    """The layers above."""

    def nwk_received(self, header: NwkHeader, payload: bytes, previous_hop: int, rssi: int, lqi: int, now: int) -> None:
        """The plain payload of a data frame for us, or broadcast; `previous_hop`: the neighbour that sent it last."""

    def nwk_command(self, header: NwkHeader, payload: bytes, heard: Heard, now: int) -> None:
        """The plain payload of a command frame for us, or broadcast."""

    def nwk_plain_command(self, header: NwkHeader, payload: bytes, previous_hop: int, now: int) -> None:
        """A command that was not protected: somebody asks to come back, or we are answered."""

    def nwk_child_moved(self, child: int, now: int) -> None:
        """A sleeping child of ours speaks through somebody else."""

    def nwk_sent(self, context: object, outcome: Outcome, now: int) -> None:
        """What became of a frame sent with `context`."""

    def nwk_route_needed(self, destination: int, hop: Hop, now: int) -> None:
        """Find a route, then `forward` the hop, or report that there is none."""

    def nwk_link_failed(self, hop: Hop, now: int) -> None:
        """A frame that we forward for somebody else could not be passed on."""


class NwkLayer:
    """Volatile state of the NWK layer of one node that has, or is about to get, a network key."""

    def __init__(
        self,
        mac: MacLayer,
        memory: NodeMemory,
        membership: Membership,
        node_type: NodeType,
        user: NwkUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.counters = mac.counters
        self.neighbours = Neighbours(mac.counters)
        self.routes = Routes()
        self.broadcasting = Broadcasting(mac, memory, self.neighbours, self.transmit, rng, alarm)
        self._alarm = alarm
        self._mac = mac
        self._memory = memory
        self._membership = membership
        self._router = node_type is not NodeType.SLEEPY
        self._user = user
        self._report = report
        self._sequence = rng.randrange(256)
        self._failed: list[Hop] = []
        self.security = NwkSecurity(mac.eui64, memory, membership, user, self._drop)

    def next_sequence(self) -> int:
        """A fresh NWK sequence number."""
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    # Sending

    def send(
        self, destination: int, payload: bytes, context: object, now: int, *, radius: int = 0, secure: bool = True
    ) -> None:
        """One data frame of our own; its outcome comes later by `nwk_sent` unless `context` is None."""
        self._sequence = sequence = (self._sequence + 1) & 0xFF
        source = self._membership.short
        hop = Hop(_DATA, destination, source, radius or MAX_RADIUS, sequence, payload, context, secure)
        if destination < FIRST_BROADCAST:
            self.forward(hop, now)
        elif self._router:
            self.broadcasting.begin(hop, now)
        else:
            self.transmit(hop, self._membership.parent, now)

    def send_command(
        self, destination: int, payload: bytes, now: int, *, radius: int = MAX_RADIUS, context: object = None
    ) -> None:
        """One command frame of our own, to a short address or as a broadcast."""
        hop = Hop(_COMMAND, destination, self._membership.short, radius, self.next_sequence(), payload, context)
        if destination >= FIRST_BROADCAST:
            self.transmit(hop, BROADCAST_ALL if self._router else self._membership.parent, now)
        else:
            self.forward(hop, now)

    def send_to_neighbour(
        self, neighbour: int, payload: bytes, now: int, *, data: bool = False, secure: bool = True,
        source_eui64: Eui64 | None = None, context: object = None,
    ) -> None:  # fmt: skip
        """One frame of our own to whoever is within earshot and awake, known or not; no further."""
        hop = Hop(
            _DATA if data else _COMMAND, neighbour, self._membership.short, 1, self.next_sequence(), payload, context,
            secure, source_eui64,
        )  # fmt: skip
        hop.next_hop = neighbour
        octets = self.protect(hop, now)
        if octets is not None:
            self._mac.send_data(neighbour, octets, hop, now)

    def hold_command(self, neighbour: int, payload: bytes, now: int) -> None:
        """One command frame for whoever asks for it at a short address, until it expires."""
        hop = Hop(_COMMAND, neighbour, self._membership.short, 1, self.next_sequence(), payload)
        hop.next_hop = neighbour
        self._mac.hold_data(neighbour, hop, now)

    def forward(self, hop: Hop, now: int) -> None:
        """Send a frame on its way, looking for a route first where none is known."""
        next_hop = self._next_hop(hop.destination, now)
        if next_hop is not None:
            self.transmit(hop, next_hop, now)
        elif self._router:
            self._user.nwk_route_needed(hop.destination, hop, now)
        else:
            self._done(hop, Outcome.NO_ROUTE, now)

    def transmit(self, hop: Hop, next_hop: int, now: int) -> None:
        """Hand a frame to the MAC for one neighbour, or all (0xFFFF); held for a sleeping child."""
        hop.next_hop = next_hop
        child = self._memory.children.get(next_hop)
        if child is not None and child.sleepy:
            self._mac.hold_data(next_hop, hop, now)
            return
        octets = self.protect(hop, now)
        if octets is not None:
            self._mac.send_data(next_hop, octets, hop, now)

    def protect(self, hop: Hop, now: int) -> bytes | None:
        """The octets of a frame with a fresh counter; None where there is none, which its sender is told later."""
        try:
            return self.security.seal(hop)
        except LocalProtocolError as error:
            self._drop(str(error), hop.source, now)
            self._failed.append(hop)
            self._alarm.by(now)
            return None

    def _next_hop(self, destination: int, now: int) -> int | None:
        if not self._router:
            return self._membership.parent
        if self.neighbours.usable(destination, now) is not None:
            return destination
        route = self.routes.get(destination)
        return None if route is None else route.next_hop

    def _done(self, hop: Hop, outcome: Outcome, now: int) -> None:
        """Tell whoever sent a frame what became of it; once, also where a broadcast is repeated."""
        context, hop.context = hop.context, None
        if context is not None:
            self._user.nwk_sent(context, outcome, now)

    def mac_sent(self, hop: Hop, result: TxResult, now: int) -> None:
        """The MAC is done with a frame."""
        if result is _ACKED:
            self._done(hop, Outcome.DELIVERED, now)
            return
        neighbour = self.neighbours.get(hop.next_hop)
        if neighbour is not None:
            neighbour.failures += 1
            if neighbour.failures >= MAX_FAILURES:
                self.routes.remove_through(hop.next_hop)
        if hop.source != self._membership.short:
            self._user.nwk_link_failed(hop, now)
        self._done(hop, Outcome.NEXT_HOP_FAILED, now)

    def expired(self, hop: Hop, now: int) -> None:
        """A sleeping child did not fetch a frame."""
        self._done(hop, Outcome.EXPIRED, now)

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.broadcasting.on_timeout(now)
        if self._failed:
            failed, self._failed = self._failed, []
            for hop in failed:
                self._done(hop, Outcome.NEXT_HOP_FAILED, now)

    # Receiving

    def received(self, data: bytes, previous_hop: int, rssi: int, lqi: int, now: int) -> None:
        """The payload of a MAC data frame."""
        try:
            header, octets = read_nwk_header(data)
            taken = self.security.open(data, header, octets, now)
        except DecodeError as error:
            self._drop("undecodable", previous_hop, now, error=str(error))
            return
        if taken is None:
            return
        payload, sender = taken
        self.neighbours.heard(previous_hop, sender, lqi, now)
        if sender is not None and sender not in self._memory.addresses and sender in self._memory.link_keys:
            # A trust centre out of a backup knows its devices by their keys alone.
            self._memory.learn(sender, previous_hop)
        if header.destination == self._membership.short and header.type is _DATA:
            self._user.nwk_received(header, payload, previous_hop, rssi, lqi, now)
        elif sender is not None:
            self._dispatch(header, payload, Heard(previous_hop, sender, lqi), rssi, now)
        elif header.type is _DATA:
            self._user.nwk_received(header, payload, previous_hop, rssi, lqi, now)
        else:
            self._user.nwk_plain_command(header, payload, previous_hop, now)

    def _dispatch(self, header: NwkHeader, payload: bytes, heard: Heard, rssi: int, now: int) -> None:
        previous_hop, destination = heard.previous_hop, header.destination
        if header.source >= FIRST_BROADCAST:
            self._drop("broadcast-source", previous_hop, now)
        elif destination < FIRST_BROADCAST and destination != self._membership.short:
            self._relay(header, payload, now)
        elif header.type is _COMMAND:
            self._user.nwk_command(header, payload, heard, now)
        else:
            self._received_broadcast(header, payload, previous_hop, rssi, heard.lqi, now)

    def _received_broadcast(
        self, header: NwkHeader, payload: bytes, previous_hop: int, rssi: int, lqi: int, now: int
    ) -> None:
        known = self.broadcasting.heard(header.source, header.sequence, previous_hop)
        if known or header.source == self._membership.short:
            return
        child = self._memory.children.get(header.source)
        if child is not None and child.sleepy and previous_hop != header.source:
            self._user.nwk_child_moved(header.source, now)
        hop = Hop(header.type, header.destination, header.source, header.radius - 1, header.sequence, payload)
        if self._router and hop.radius > 0:
            self.broadcasting.relay(hop, previous_hop, now)
        else:
            self.broadcasting.note(hop, now)
        if self._router or header.destination > BROADCAST_ROUTERS:
            self._user.nwk_received(header, payload, previous_hop, rssi, lqi, now)

    def _relay(self, header: NwkHeader, payload: bytes, now: int) -> None:
        if not self._router:
            self._drop("not-for-us", header.source, now)
        elif header.radius <= 1:
            self._drop("radius-exhausted", header.source, now)
        else:
            self.counters.relayed += 1
            self.forward(
                Hop(header.type, header.destination, header.source, header.radius - 1, header.sequence, payload), now
            )

    def _drop(self, reason: str, source: int, now: int, **fields: object) -> None:
        self._report("nwk.dropped", reason, {"from": f"{source:04x}", **fields}, now)
