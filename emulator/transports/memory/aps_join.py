"""Joining on `mem:aps`: scan, association and key transport as the soft node does them, in the time the frames take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.core.clock import SECOND
from emulator.core.eui64 import eui64_text
from emulator.ports.aps import JoinSettings
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.airtime import frame_airtime
from emulator.transports.memory.aps_network import Membership
from emulator.zigbee.node.association import MAX_CHILDREN
from emulator.zigbee.node.joining import (
    COLLECT_WAIT,
    KEY_POLL,
    KEY_WAIT,
    RESPONSE_WAIT,
    ROUND_PAUSE,
    ROUNDS,
    SCAN_DURATION,
)
from emulator.zigbee.node.neighbours import cost_of

if TYPE_CHECKING:
    from emulator.transports.memory.aps_air import Hop
    from emulator.transports.memory.aps_management import NetworkManagement
    from emulator.transports.memory.aps_network import Network
    from emulator.transports.memory.aps_port import ApsAirPort


@dataclass(frozen=True, slots=True)
class Candidate:
    """A parent whose beacon was heard; `up` and `down` are the hops to and from it."""

    network: Network
    parent: ApsAirPort
    up: Hop
    down: Hop
    depth: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """Good links first, then near the coordinator, then the better of equals."""
        lqi = self.down.link.lqi
        return cost_of(lqi), self.depth, -lqi


class Join:
    """One attempt to join, over several parents and rounds; ends in `joined` or `join_failed`.

    Args:
        port: who wants to join.
        settings: where.
        user: told of the end.
    """

    def __init__(self, port: ApsAirPort, settings: JoinSettings, user: NetworkManagement) -> None:
        self._port = port
        self._settings = settings
        self._user = user
        self._air = port.air
        self._generation = port.generation
        self._rounds = ROUNDS
        self._candidates: list[Candidate] = []
        self._reason = "no-beacon"
        self._awaiting: Candidate | None = None

    def start(self, now: int) -> None:
        """Begin a round: scan one channel after the other."""
        self._rounds -= 1
        self._reason = "no-beacon"
        self._candidates = []
        self._scan(0, now)

    def _later(self, when: int, step: Callable[..., None], *arguments: object) -> None:
        """Go on with `step(*arguments, now)`, unless the power goes meanwhile."""
        self._air.scheduler.call_at(when, self._go_on, step, arguments)

    def _go_on(self, step: Callable[..., None], arguments: tuple[object, ...]) -> None:
        if self._port.generation == self._generation:
            step(*arguments, self._air.scheduler.now)

    # Looking for a parent

    def _scan(self, index: int, now: int) -> None:
        channels = self._settings.channels
        if index == len(channels):
            self._candidates.sort(key=lambda candidate: candidate.rank, reverse=True)
            self._try_next_parent(now)
            return
        port, rng = self._port, self._port.rng
        self._air.book(port, frame_airtime(timing.BEACON_REQUEST), 1)
        for up in self._air.neighbours(port):
            network, down = up.receiver.network, self._air.hop(up.receiver, port)
            if network is None or down is None or network.channel != channels[index] or up.receiver.sleepy:
                continue
            if up.loss and rng.random() < up.loss:
                continue
            self._air.announce(network, up.receiver, timing.BEACON, now)
            if not (down.loss and rng.random() < down.loss):
                self._heard(network, up, down, now)
        self._later(now + SCAN_DURATION, self._scan, index + 1)

    def _heard(self, network: Network, up: Hop, down: Hop, now: int) -> None:
        """A beacon."""
        wanted = self._settings.extended_pan_id
        if wanted is not None and network.settings.extended_pan_id != wanted:
            return
        parent = up.receiver
        permitted, room = now < parent.permit_until, len(parent.children) < MAX_CHILDREN
        if permitted and room:
            self._candidates.append(Candidate(network, parent, up, down, network.depth(parent)))
        else:
            self._reason = "pan-full" if permitted else "joining-not-permitted"

    def _try_next_parent(self, now: int) -> None:
        if self._candidates:
            self._associate(self._candidates.pop(), now)
        elif self._rounds > 0 and self._reason != "key-refused":
            self._later(now + ROUND_PAUSE + self._port.rng.randrange(SECOND), self.start)
        else:
            self._user.join_failed(self._reason, now)

    def _fail(self, reason: str, now: int) -> None:
        """This parent led to nothing; the first thing that went wrong is told, unless a key was refused."""
        if self._reason == "no-beacon" or reason == "key-refused":
            self._reason = reason
        self._try_next_parent(now)

    # Association

    def _associate(self, choice: Candidate, now: int) -> None:
        asked = self._air.carry(choice.network, (choice.up,), timing.ASSOCIATION_REQUEST, now)
        if asked.arrived:
            self._later(asked.end + RESPONSE_WAIT, self._collect, choice)
        else:
            self._later(asked.end, self._fail, "no-association-response")

    def _collect(self, choice: Candidate, now: int) -> None:
        """Fetch the association response, which the parent holds as for a sleepy child."""
        polled = self._air.carry(choice.network, (choice.up,), timing.EXTENDED_DATA_REQUEST, now)
        if not polled.arrived:
            self._later(polled.end, self._fail, "no-association-response")
            return
        answered = self._air.carry(choice.network, (choice.down,), timing.ASSOCIATION_RESPONSE, polled.end)
        if answered.arrived:
            self._later(answered.end, self._decided, choice)
        else:
            self._later(now + COLLECT_WAIT, self._fail, "no-association-response")

    def _decided(self, choice: Candidate, now: int) -> None:
        parent, device = choice.parent, eui64_text(self._port.eui64)
        reason = None
        if now >= parent.permit_until:
            reason = "joining-not-permitted"
        elif len(parent.children) >= MAX_CHILDREN:
            reason = "pan-full"
        if reason is not None:
            parent.report("join.refused", reason, {"device": device}, now)
            self._fail(reason if reason == "pan-full" else "association-refused", now)
            return
        parent.children[self._port.eui64] = self._port.sleepy
        membership = Membership(choice.network, choice.network.address_for(self._port), parent.short)
        choice.network.addresses[self._port.eui64] = membership.short
        self._ask_for_key(choice, membership, now)

    # The network key

    def _ask_for_key(self, choice: Candidate, membership: Membership, now: int) -> None:
        """The parent tells the trust centre, which sends the key under the device's own link key."""
        network, parent, centre = choice.network, choice.parent, choice.network.trust_centre
        self._awaiting = choice
        self._later(now + KEY_WAIT, self._no_key, choice)
        told = network.relay(parent, centre, timing.UPDATE_DEVICE, now)
        if told is None or centre.network is not network:
            return
        self._air.scheduler.call_at(told, self._at_trust_centre, choice, membership)

    def _at_trust_centre(self, choice: Candidate, membership: Membership) -> None:
        network, port = choice.network, self._port
        centre, now = network.trust_centre, self._air.scheduler.now
        if not network.admit(port, membership.parent, now):
            self._forgotten_by(choice.parent)
            return
        passed = network.relay(centre, choice.parent, timing.TUNNEL, now)
        if passed is None:
            return
        if port.sleepy:
            passed += port.rng.randrange(KEY_POLL)
        given = self._air.carry(network, (choice.down,), timing.TRANSPORT_KEY, passed)
        if given.arrived:
            self._later(given.end, self._key_came, choice, membership)

    def _key_came(self, choice: Candidate, membership: Membership, now: int) -> None:
        port, centre = self._port, choice.network.trust_centre
        if self._awaiting is not choice:
            return
        self._awaiting = None
        key = port.configured().link_key
        if key is not None and centre.link_keys.get(port.eui64) == key:
            port.link_keys.take(centre.eui64, key)
            self._user.joined(membership, now)
            return
        port.report("join.refused", "key-refused", {}, now)
        self._forgotten_by(choice.parent)
        self._fail("key-refused", now)

    def _no_key(self, choice: Candidate, now: int) -> None:
        if self._awaiting is choice:
            self._awaiting = None
            self._forgotten_by(choice.parent)
            self._fail("no-key", now)

    def _forgotten_by(self, parent: ApsAirPort) -> None:
        parent.children.pop(self._port.eui64, None)
