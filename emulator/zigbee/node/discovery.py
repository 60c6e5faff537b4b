"""Commands between routers: finding routes, and telling each other how good the links are."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.clock import MILLISECOND
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import BROADCAST_ROUTERS, Outcome
from emulator.zigbee.frames.nwk import MAX_RADIUS, NwkFrameType
from emulator.zigbee.frames.nwk_commands import (
    Link,
    LinkStatus,
    NetworkStatus,
    NetworkStatusCode,
    RouteReply,
    RouteRequest,
    encode_command,
)
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.neighbours import LINK_STATUS_PERIOD, cost_of
from emulator.zigbee.node.nwk import NwkLayer
from emulator.zigbee.node.routing import DISCOVERY_TIME, Discovery

RELAY_JITTER = 64 * MILLISECOND
MOST_LINKS = 27
"""Links that one link status command has room for."""


class DiscoveryUser(Protocol):
    """The node."""

    def nwk_sent(self, context: object, outcome: Outcome, now: int) -> None:
        """What became of a frame that waited for a route."""

    def nobody_heard(self, now: int) -> None:
        """No router of the network was heard for as long as a neighbour counts."""


class RouteFinder:
    """Route discovery and link status of one router."""

    def __init__(
        self,
        nwk: NwkLayer,
        memory: NodeMemory,
        membership: Membership,
        user: DiscoveryUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.timers: Timers[tuple[str, int, int]] = Timers(alarm)
        self._nwk = nwk
        self._memory = memory
        self._membership = membership
        self._user = user
        self._rng = rng
        self._report = report
        self._relays: dict[tuple[int, int], Hop] = {}

    def start(self, now: int) -> None:
        """Tell the neighbours about the links from now on, first soon."""
        self.timers.set(("link-status", 0, 0), now + self._rng.randrange(LINK_STATUS_PERIOD // 15))

    # Finding

    def need(self, destination: int, hop: Hop, now: int) -> None:
        """Keep a frame until there is a route; ask for one."""
        discoveries = self._nwk.routes.discoveries
        discovery = discoveries.get(destination)
        if discovery is None:
            discovery = discoveries[destination] = Discovery()
            self._ask(destination, now)
        discovery.waiting.append(hop)

    def _ask(self, destination: int, now: int) -> None:
        identifier = self._nwk.routes.next_identifier()
        own = self._membership.short
        self._nwk.routes.better(own, identifier, own, 0, now)
        request = RouteRequest(identifier, destination, 0)
        self._nwk.counters.route_discoveries += 1
        self._nwk.send_command(BROADCAST_ROUTERS, encode_command(request), now)
        self.timers.set(("discovery", destination, 0), now + DISCOVERY_TIME)

    def _found(self, destination: int, now: int) -> None:
        self.timers.cancel(("discovery", destination, 0))
        self.timers.cancel(("ask", destination, 0))
        discovery = self._nwk.routes.discoveries.pop(destination, None)
        for hop in discovery.waiting if discovery is not None else ():
            assert isinstance(hop, Hop)
            self._nwk.forward(hop, now)

    def _again(self, destination: int, now: int) -> None:
        """No reply in time: ask again, or tell everyone who waited that there is no route."""
        discovery = self._nwk.routes.discoveries.get(destination)
        if discovery is None:
            return
        if discovery.retries > 0:
            discovery.retries -= 1
            # With jitter: whoever asked together with somebody out of earshot would do so every time.
            self.timers.set(("ask", destination, 0), now + self._rng.randrange(RELAY_JITTER))
            return
        del self._nwk.routes.discoveries[destination]
        self._report("nwk.dropped", "no-route", {"to": f"{destination:04x}"}, now)
        for hop in discovery.waiting:
            assert isinstance(hop, Hop)
            if hop.source != self._membership.short:
                self._tell_originator(hop, NetworkStatusCode.NO_ROUTE_AVAILABLE, now)
            elif hop.context is not None:
                self._user.nwk_sent(hop.context, Outcome.NO_ROUTE, now)

    # Requests and replies

    def request(self, header: NwkHeader, request: RouteRequest, previous_hop: int, lqi: int, now: int) -> None:
        """A route request came, from its originator or relayed."""
        originator = header.source
        if originator == self._membership.short:
            return
        cost = request.path_cost + self._link_cost(previous_hop, lqi)
        if not self._nwk.routes.better(originator, request.request_id, previous_hop, cost, now):
            return
        self._nwk.routes.set(originator, previous_hop, cost)
        if self._is_here(request.destination):
            reply = RouteReply(request.request_id, originator, request.destination, 0)
            self._nwk.send_command(previous_hop, encode_command(reply), now)
        elif header.radius > 1:
            relayed = RouteRequest(request.request_id, request.destination, cost)
            hop = Hop(
                NwkFrameType.COMMAND, BROADCAST_ROUTERS, originator, header.radius - 1, header.sequence,
                encode_command(relayed),
            )  # fmt: skip
            self._relays[originator, request.request_id] = hop
            self.timers.set(("relay", originator, request.request_id), now + self._rng.randrange(RELAY_JITTER))

    def reply(self, reply: RouteReply, previous_hop: int, lqi: int, now: int) -> None:
        """A route reply came on its way back to the originator of the request."""
        cost = reply.path_cost + self._link_cost(previous_hop, lqi)
        routes = self._nwk.routes
        if not routes.better_reply(reply.originator, reply.request_id, cost):
            return
        routes.set(reply.responder, previous_hop, cost)
        if reply.originator == self._membership.short:
            self._found(reply.responder, now)
            return
        back = routes.previous_hop(reply.originator, reply.request_id)
        if back is not None:
            onward = RouteReply(reply.request_id, reply.originator, reply.responder, cost)
            self._nwk.send_command(back, encode_command(onward), now, radius=MAX_RADIUS)

    def status(self, status: NetworkStatus) -> None:
        """A router further on could not pass a frame on."""
        self._nwk.routes.remove(status.destination)

    def link_failed(self, hop: Hop, now: int) -> None:
        """We could not pass a frame on: tell its originator."""
        self._nwk.routes.remove(hop.destination)
        self._tell_originator(hop, NetworkStatusCode.NON_TREE_LINK_FAILURE, now)

    def _tell_originator(self, hop: Hop, code: NetworkStatusCode, now: int) -> None:
        if hop.type is NwkFrameType.DATA:
            self._nwk.send_command(hop.source, encode_command(NetworkStatus(code, hop.destination)), now)

    def _is_here(self, destination: int) -> bool:
        return destination == self._membership.short or destination in self._memory.children

    def _link_cost(self, neighbour: int, lqi: int) -> int:
        known = self._nwk.neighbours.get(neighbour)
        return cost_of(lqi) if known is None else max(cost_of(lqi), known.outgoing_cost)

    # Link status

    def link_status(self, header: NwkHeader, status: LinkStatus, lqi: int, now: int) -> None:
        """A neighbouring router says whom it hears."""
        neighbour = self._nwk.neighbours.add(header.source, now, router=True)
        neighbour.lqi = lqi
        for link in status.links:
            if link.address == self._membership.short:
                neighbour.outgoing_cost = link.incoming_cost

    def _send_link_status(self, now: int) -> None:
        routers = self._nwk.neighbours.routers(now)[:MOST_LINKS]
        if not routers:
            self._user.nobody_heard(now)
        links = tuple(Link(known.short, known.incoming_cost, known.outgoing_cost) for known in routers)
        self._nwk.send_command(BROADCAST_ROUTERS, encode_command(LinkStatus(links)), now, radius=1)
        jitter = self._rng.randrange(LINK_STATUS_PERIOD // 8)
        self.timers.set(("link-status", 0, 0), now + LINK_STATUS_PERIOD - LINK_STATUS_PERIOD // 16 + jitter)

    def on_timeout(self, now: int) -> None:
        """Whatever is due."""
        for action, one, other in self.timers.due(now):
            if action == "link-status":
                self._send_link_status(now)
            elif action == "discovery":
                self._again(one, now)
            elif action == "ask":
                self._ask(one, now)
            else:
                hop = self._relays.pop((one, other), None)
                if hop is not None:
                    self._nwk.transmit(hop, 0xFFFF, now)
