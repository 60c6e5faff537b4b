"""The NWK layer of a soft node: next hops, forwarding, broadcasts, protection under the network key."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from emulator.core.aes import CcmStar, MicError
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.timers import Timers
from emulator.ports.aps import BROADCAST_ALL, BROADCAST_ROUTERS, NodeType, Outcome
from emulator.ports.phy import TxResult
from emulator.zigbee.frames.nwk import MAX_RADIUS, NwkFrame, NwkFrameType, decode_header, encode_header
from emulator.zigbee.node.broadcasts import JITTER, PASSIVE_ACK_WAIT, Broadcasts
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.neighbours import MAX_FAILURES, Neighbours
from emulator.zigbee.node.routing import Routes
from emulator.zigbee.security import nwk as security

FIRST_BROADCAST = 0xFFF8

Report = Callable[[str, str | None, dict[str, object], int], None]


class Hop:
    """An NWK frame to be sent: header fields and plain payload, so that every hop protects it anew.

    Attributes:
        context: the upper layer's, for frames of our own; None for those we only forward.
        next_hop: the neighbour it went to last.
    """

    __slots__ = ("context", "destination", "next_hop", "payload", "radius", "secure", "sequence", "source", "type")

    def __init__(
        self,
        type: NwkFrameType,  # noqa: A002 - the field's name in the frame
        destination: int,
        source: int,
        radius: int,
        sequence: int,
        payload: bytes,
        context: object = None,
        secure: bool = True,
    ) -> None:
        self.type = type
        self.destination = destination
        self.source = source
        self.radius = radius
        self.sequence = sequence
        self.payload = payload
        self.context = context
        self.secure = secure
        self.next_hop = 0xFFFF


class NwkUser(Protocol):
    """The layers above."""

    def nwk_received(self, header: NwkFrame, payload: bytes, rssi: int, lqi: int, now: int) -> None:
        """The plain payload of a data frame for us, or broadcast."""

    def nwk_command(self, header: NwkFrame, payload: bytes, previous_hop: int, lqi: int, now: int) -> None:
        """The plain payload of a command frame for us, or broadcast."""

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
    ) -> None:
        self.neighbours = Neighbours()
        self.routes = Routes()
        self.broadcasts = Broadcasts()
        self.timers: Timers[tuple[str, int, int]] = Timers()
        self.forwarded = 0
        self._mac = mac
        self._memory = memory
        self._membership = membership
        self._router = node_type is not NodeType.SLEEPY
        self._user = user
        self._rng = rng
        self._report = report
        self._sequence = rng.randrange(256)
        self._cipher: CcmStar | None = None
        self.use_key()

    def use_key(self) -> None:
        """Take the network key that the membership has now."""
        key = self._membership.network_key
        self._cipher = CcmStar(key) if key else None

    def next_sequence(self) -> int:
        """A fresh NWK sequence number."""
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    # Sending

    def send(
        self, destination: int, payload: bytes, context: object, now: int, *, radius: int = 0, secure: bool = True
    ) -> None:
        """One data frame of our own; its outcome comes by `nwk_sent` unless `context` is None."""
        hop = Hop(
            NwkFrameType.DATA, destination, self._membership.short, radius or MAX_RADIUS, self.next_sequence(),
            payload, context, secure,
        )  # fmt: skip
        if destination >= FIRST_BROADCAST:
            self._broadcast(hop, now)
        else:
            self.forward(hop, now)

    def send_command(self, destination: int, payload: bytes, now: int, *, radius: int = MAX_RADIUS) -> None:
        """One command frame of our own, to a short address or as a broadcast."""
        hop = Hop(
            NwkFrameType.COMMAND, destination, self._membership.short, radius, self.next_sequence(), payload
        )  # fmt: skip
        if destination >= FIRST_BROADCAST:
            self.transmit(hop, BROADCAST_ALL, now)
        else:
            self.forward(hop, now)

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
        else:
            self._mac.send_data(next_hop, self.protect(hop), hop, now)

    def protect(self, hop: Hop) -> bytes:
        """The octets of a frame, protected under the network key with a fresh counter."""
        header = encode_header(
            NwkFrame(hop.type, hop.destination, hop.source, hop.radius, hop.sequence, b"", hop.secure)
        )
        if not hop.secure:
            return header + hop.payload
        assert self._cipher is not None
        counter = self._memory.nwk_outgoing.next()
        sequence = self._membership.key_sequence
        return header + security.secure(header, hop.payload, self._cipher, counter, self._mac.eui64, sequence)

    def _next_hop(self, destination: int, now: int) -> int | None:
        if not self._router:
            return self._membership.parent
        if self.neighbours.usable(destination, now) is not None:
            return destination
        route = self.routes.get(destination)
        return None if route is None else route.next_hop

    def _done(self, hop: Hop, outcome: Outcome, now: int) -> None:
        if hop.context is not None:
            self._user.nwk_sent(hop.context, outcome, now)

    def mac_sent(self, hop: Hop, result: TxResult, now: int) -> None:
        """The MAC is done with a frame."""
        if result is TxResult.ACKED:
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

    # Broadcasts

    def _broadcast(self, hop: Hop, now: int) -> None:
        if not self._router:
            self.transmit(hop, self._membership.parent, now)
            return
        self._enter_broadcast(hop, now)
        self._send_broadcast(hop, now)

    def _enter_broadcast(self, hop: Hop, now: int) -> None:
        missing = {neighbour.short for neighbour in self.neighbours.routers(now)}
        if hop.radius > 1:
            self.broadcasts.add(hop.source, hop.sequence, missing, hop, now)
            self.timers.set(("repeat", hop.source, hop.sequence), now + PASSIVE_ACK_WAIT)
        else:
            self.broadcasts.add(hop.source, hop.sequence, set(), hop, now)

    def _send_broadcast(self, hop: Hop, now: int) -> None:
        self.transmit(hop, BROADCAST_ALL, now)
        if hop.destination == BROADCAST_ALL:
            for child in self._memory.children.values():
                if child.sleepy and child.short != hop.source:
                    copy = Hop(hop.type, hop.destination, hop.source, hop.radius, hop.sequence, hop.payload)
                    self._mac.hold_data(child.short, copy, now)

    def _received_broadcast(
        self, header: NwkFrame, payload: bytes, previous_hop: int, rssi: int, lqi: int, now: int
    ) -> None:
        if header.source == self._membership.short:
            self.broadcasts.heard(header.source, header.sequence, previous_hop)
            return
        if self.broadcasts.heard(header.source, header.sequence, previous_hop):
            return
        hop = Hop(header.type, header.destination, header.source, header.radius - 1, header.sequence, payload)
        if self._router and hop.radius > 0:
            self._enter_broadcast(hop, now)
            self.broadcasts.heard(hop.source, hop.sequence, previous_hop)
            self.timers.set(("relay", hop.source, hop.sequence), now + self._rng.randrange(JITTER))
        else:
            self.broadcasts.add(hop.source, hop.sequence, set(), hop, now)
        if self._router or header.destination > BROADCAST_ROUTERS:
            self._user.nwk_received(header, payload, rssi, lqi, now)

    def on_timeout(self, now: int) -> None:
        """Relay or repeat the broadcasts that are due."""
        for action, source, sequence in self.timers.due(now):
            entry = self.broadcasts.get(source, sequence)
            if entry is None or not isinstance(entry.frame, Hop):
                continue
            if action == "relay":
                self._send_broadcast(entry.frame, now)
            elif entry.missing and entry.repeats:
                entry.repeats -= 1
                self.timers.set(("repeat", source, sequence), now + PASSIVE_ACK_WAIT)
                self.transmit(entry.frame, BROADCAST_ALL, now)

    # Receiving

    def received(self, data: bytes, previous_hop: int, rssi: int, lqi: int, now: int) -> None:
        """The payload of a MAC data frame."""
        try:
            header, octets = decode_header(data)
            payload = self._open(data, header, octets, now) if header.security else self._plain(data, octets)
        except DecodeError as error:
            self._drop("undecodable", previous_hop, now, error=str(error))
            return
        if payload is None:
            return
        self.neighbours.heard(previous_hop, lqi, now)
        self._dispatch(header, payload, previous_hop, rssi, lqi, now)

    def _dispatch(self, header: NwkFrame, payload: bytes, previous_hop: int, rssi: int, lqi: int, now: int) -> None:
        destination = header.destination
        if header.type is NwkFrameType.COMMAND:
            if destination == self._membership.short or destination >= FIRST_BROADCAST:
                self._user.nwk_command(header, payload, previous_hop, lqi, now)
            else:
                self._relay(header, payload, now)
        elif destination == self._membership.short:
            self._user.nwk_received(header, payload, rssi, lqi, now)
        elif destination >= FIRST_BROADCAST:
            self._received_broadcast(header, payload, previous_hop, rssi, lqi, now)
        else:
            self._relay(header, payload, now)

    def _relay(self, header: NwkFrame, payload: bytes, now: int) -> None:
        if not self._router or not header.security:
            self._drop("not-for-us", header.source, now)
        elif header.radius <= 1:
            self._drop("radius-exhausted", header.source, now)
        else:
            self.forwarded += 1
            self.forward(
                Hop(header.type, header.destination, header.source, header.radius - 1, header.sequence, payload), now
            )

    def _plain(self, data: bytes, octets: int) -> bytes | None:
        """Unprotected frames are for a device that waits for the network key, and for nobody else."""
        return None if self._cipher is not None else data[octets:]

    def _open(self, data: bytes, header: NwkFrame, octets: int, now: int) -> bytes | None:
        auxiliary = security.parse_auxiliary(data, octets)
        sender = auxiliary.source
        if self._cipher is None:
            return None
        if auxiliary.key_sequence != self._membership.key_sequence:
            self._drop("unknown-key", header.source, now, key_sequence=auxiliary.key_sequence)
            return None
        counters = self._memory.nwk_incoming
        if auxiliary.counter <= counters.get(sender, -1):
            self._drop("replayed-frame", header.source, now, counter=auxiliary.counter, sender=eui64_text(sender))
            return None
        try:
            payload = security.open_(data, octets, auxiliary, self._cipher)
        except MicError:
            self._drop("bad-mic", header.source, now)
            return None
        counters[Eui64(sender)] = auxiliary.counter
        return payload

    def _drop(self, reason: str, source: int, now: int, **fields: object) -> None:
        self._report("nwk.dropped", reason, {"from": f"{source:04x}", **fields}, now)


