"""The way back on `mem:aps`: another parent, the network key for one that missed it, another trust centre.

As the soft node does it, in the time that the frames take.  A sleeping device notices that its parent is gone when it
is switched off, when something it was to fetch expires, or when a message of its own fails: its empty polls are
arithmetic here and notice nothing.  Routers need no parent, because ways are looked for anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core.eui64 import eui64_text
from emulator.ports.aps import JoinRefused, JoinSettings
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.airtime import frame_airtime
from emulator.transports.memory.aps_keys import next_trust_centre_key
from emulator.transports.memory.aps_network import Membership
from emulator.zigbee.node.association import MAX_CHILDREN
from emulator.zigbee.node.joining import SCAN_DURATION
from emulator.zigbee.node.neighbours import cost_of
from emulator.zigbee.node.rejoin_table import RejoinTrigger
from emulator.zigbee.node.rejoining import MOST_POLL_FAILURES
from emulator.zigbee.node.rests import Rests
from emulator.zigbee.security.keys import NO_LINK_KEY, WELL_KNOWN_KEY, unfit_for_rejoin

if TYPE_CHECKING:
    from emulator.transports.memory.aps_air import Hop
    from emulator.transports.memory.aps_network import Network
    from emulator.transports.memory.aps_port import ApsAirPort

_SEEKING = RejoinTrigger.TRUST_CENTRE_LOST


class Rejoin:
    """What one device does to stay in its network; one attempt at a time, and a rest after each.

    Args:
        port: the device.
    """

    def __init__(self, port: ApsAirPort) -> None:
        self._port = port
        self._generation = -1
        self._token = object()
        self._cause: RejoinTrigger | None = None
        self._resting = False
        self._rests = Rests(port.rng)
        self._free_at = 0

    # What starts it

    def parent_may_be_gone(self, now: int) -> None:
        """Look whether it is, once so many polls have failed that the device would know."""
        poll = self._port.idle.next_poll(now) if self._port.sleepy else None
        if poll is not None:
            interval = self._port.configured().poll_interval
            self._later(poll + (MOST_POLL_FAILURES - 1) * interval, self._port.generation)

    def check_parent(self, now: int) -> None:
        """Something that went through the parent failed: look for another one if it is gone."""
        if self._port.sleepy and self._port.network is not None and not self._parent_is_there():
            self.start(RejoinTrigger.PARENT_LOST, now)

    def start(self, cause: RejoinTrigger, now: int) -> None:
        """Something is wrong with our place in the network; nothing happens where that is being dealt with."""
        port = self._port
        if self._is_busy(cause, now) or port.network is None or port.network.trust_centre is port:
            return
        if cause is _SEEKING and (unfit := unfit_for_rejoin(next_trust_centre_key(port))) is not None:
            port.report("rejoin.failed", unfit, {}, now)
            return
        self._cause, self._generation = cause, port.generation
        self._rests.begin(now)
        port.report("rejoin.started", cause.value, {}, now)
        together = cause is RejoinTrigger.KEY_MISSED
        self._go_on_at(now + (self._rests.span() if together else 0))

    def _is_busy(self, cause: RejoinTrigger, now: int) -> bool:
        """Whether an attempt is under way, or a rest after one that only a lost trust centre ends."""
        under_way = self._cause is not None and self._generation == self._port.generation
        if cause is _SEEKING:
            return under_way and not self._resting
        return under_way or now < self._free_at

    def _later(self, when: int, generation: int) -> None:
        self._port.air.scheduler.call_at(when, self._check_again, generation)

    def _check_again(self, generation: int) -> None:
        if generation == self._port.generation:
            self.check_parent(self._port.air.scheduler.now)

    def _go_on_at(self, when: int) -> None:
        self._token = token = object()
        self._port.air.scheduler.call_at(when, self._attempt, token)

    def _goes_on(self, token: object) -> bool:
        """Whether nothing has come between: neither a power cut nor another attempt."""
        return token is self._token and self._generation == self._port.generation

    def _parent_is_there(self) -> bool:
        port = self._port
        network = port.network
        parent = None if network is None else network.members.get(port.parent)
        return parent is not None and parent.network is network and self._port.air.hop(port, parent) is not None

    # One attempt

    def _attempt(self, token: object) -> None:
        port, cause = self._port, self._cause
        network, now = port.network, port.air.scheduler.now
        if not self._goes_on(token) or network is None or cause is None:
            return
        self._resting = False
        if cause is RejoinTrigger.PARENT_LOST and self._parent_is_there():
            self._cause = None
            return
        end, places = self._scan(network, now)
        reason = "no-beacon"
        for place, up in places:
            if cause is RejoinTrigger.PARENT_LOST and up.receiver.keys.sequence == port.keys.sequence:
                failed, end = self._under_the_network_key(place, up, end)
            else:
                failed, end = self._without_it(place, up, end)
            if failed is None:
                port.air.scheduler.call_at(end, self._arrived, token, place, up.receiver)
                return
            reason = failed
        self._failed(reason, end)

    def _scan(self, ours: Network, now: int) -> tuple[int, list[tuple[Network, Hop]]]:
        """Routers that answer, the best first, with the network each is in; and when the scan is over.

        They are those of our network; or, for a device that seeks another trust centre, those of networks with the same
        extended PAN id on any channel, ours the last.
        """
        port, air = self._port, self._port.air
        channels = len(JoinSettings().channels) if self._cause is _SEEKING else 1
        air.book(port, frame_airtime(timing.BEACON_REQUEST), channels)
        heard: list[tuple[tuple[bool, int, int, int, int], tuple[Network, Hop]]] = []
        for index, up in enumerate(air.neighbours(port)):
            router, down = up.receiver, air.hop(up.receiver, port)
            network = router.network
            if down is None or network is None or not network.relays(router) or not self._is_looked_for(network, ours):
                continue
            air.announce(network, router, timing.BEACON, now)
            known = port.eui64 in router.children
            if known or len(router.children) < MAX_CHILDREN:
                lqi = down.link.lqi
                rank = (network is ours, cost_of(lqi), network.depth(router), -lqi, index)
                heard.append((rank, (network, up)))
        heard.sort(key=lambda each: each[0])
        return now + channels * SCAN_DURATION, [place for _, place in heard]

    def _is_looked_for(self, network: Network, ours: Network) -> bool:
        same_name = network.settings.extended_pan_id == ours.settings.extended_pan_id
        return network is ours or (self._cause is _SEEKING and same_name)

    def _under_the_network_key(self, network: Network, up: Hop, now: int) -> tuple[str | None, int]:
        answered, end = self._ask(network, up, now, security=timing.NWK_SECURITY_OCTETS)
        if not answered:
            return "no-rejoin-response", end
        network.relay(up.receiver, network.trust_centre, timing.UPDATE_DEVICE, end)
        return None, end

    def _without_it(self, network: Network, up: Hop, now: int) -> tuple[str | None, int]:
        """A trust centre rejoin: why it came to nothing, or None; and when that is known."""
        port, centre, parent = self._port, network.trust_centre, up.receiver
        ours = next_trust_centre_key(port) if self._cause is _SEEKING else port.link_keys.get(centre.eui64)
        reason = unfit_for_rejoin(ours)
        if reason is not None:
            return reason, now
        answered, end = self._ask(network, up, now, security=0)
        if not answered:
            return "no-rejoin-response", end
        told = network.relay(parent, centre, timing.UPDATE_DEVICE, end)
        if told is None or centre.network is not network:
            return "no-key", end
        theirs = centre.link_keys.get(port.eui64)
        refusal = unfit_for_rejoin(theirs)
        if refusal is not None:
            self._refuse(centre, refusal, told)
            return "no-key", told
        passed = network.relay(centre, parent, timing.TUNNEL, told)
        down = port.air.hop(parent, port)
        if passed is None or down is None:
            return "no-key", told
        given = port.air.carry(network, (down,), timing.TRANSPORT_KEY, passed)
        if not given.arrived:
            return "no-key", given.end
        return None if ours == theirs else "key-refused", given.end

    def _ask(self, network: Network, up: Hop, now: int, *, security: int) -> tuple[bool, int]:
        """The request and its answer: whether both arrived, and when that is over."""
        air, down = self._port.air, self._port.air.hop(up.receiver, self._port)
        asked = air.carry(network, (up,), timing.REJOIN_REQUEST + security, now)
        if not asked.arrived or down is None:
            return False, asked.end
        answered = air.carry(network, (down,), timing.REJOIN_RESPONSE + security, asked.end)
        return answered.arrived, answered.end

    def _refuse(self, centre: ApsAirPort, reason: str, now: int) -> None:
        device = self._port.eui64
        centre.report("rejoin.refused", reason, {"device": eui64_text(device)}, now)
        event = JoinRefused(device, reason)
        self._port.air.scheduler.call_at(now, centre.tell, event, centre.generation)

    # What comes of it

    def _arrived(self, token: object, network: Network, parent: ApsAirPort) -> None:
        port, cause, now = self._port, self._cause, self._port.air.scheduler.now
        if not self._goes_on(token) or port.network is None or cause is None:
            return
        for member in network.members.values():
            member.children.pop(port.eui64, None)
        parent.children[port.eui64] = port.sleepy
        port.report("rejoin.done", cause.value, {"parent": f"{parent.short:04x}"}, now)
        self._end(now)
        if cause is _SEEKING:
            port.management.swapped(network, parent, now)
            return
        port.management.moved(Membership(network, port.short, parent.short), network.trust_centre.keys, now)

    def _failed(self, reason: str, when: int) -> None:
        self._port.air.scheduler.call_at(when, self._give_up, reason, self._token)

    def _give_up(self, reason: str, token: object) -> None:
        now = self._port.air.scheduler.now
        if not self._goes_on(token):
            return
        self._port.report("rejoin.failed", reason, {}, now)
        if reason in (NO_LINK_KEY, WELL_KNOWN_KEY) or self._cause is _SEEKING:
            self._end(now)
        else:
            self._resting = True
            rest = self._rests.span()
            self._rests.begin(now)
            self._go_on_at(now + rest)

    def _end(self, now: int) -> None:
        self._cause = None
        self._free_at = now + self._rests.span()
