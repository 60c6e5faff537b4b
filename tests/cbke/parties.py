"""An initiator, a responder and the way between them, in virtual time; tests may stand in that way."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

from emulator.cbke.authority import CertificateAuthority
from emulator.cbke.credentials import Credentials
from emulator.cbke.effects import (
    Candidate,
    Compute,
    Effect,
    Established,
    Failed,
    ReadSuites,
    Report,
    Send,
    SendDefaultResponse,
)
from emulator.cbke.initiator import Initiator
from emulator.cbke.responder import Responder
from emulator.cbke.settings import InitiatorSettings, ResponderSettings
from emulator.cbke.suite import SUITES
from emulator.core.clock import MILLISECOND
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.zigbee.clusters.key_establishment import KeyEstablishmentMessage

BRIDGE = Eui64(0x00DB1234567890B1)
SECOND_BRIDGE = Eui64(0x00DB1234567890B2)
HUB = Eui64(0x00DB1234567890A1)
LATENCY = 10 * MILLISECOND


@cache
def authority(suite: int = 2, seed: int = 1) -> CertificateAuthority:
    return CertificateAuthority.generate(SUITES[suite], SeededStreams(seed))


@cache
def credentials(eui64: Eui64, suite: int = 2, seed: int = 1) -> Credentials:
    """Of one device, issued by the CA of that suite and seed."""
    return authority(suite, seed).issue(eui64, SeededStreams(seed))


def initiator(eui64: Eui64 = BRIDGE, suites: tuple[int, ...] = (2,), **settings: object) -> Initiator:
    held = [credentials(eui64, suite) for suite in suites]
    return Initiator(held, random.Random(eui64), InitiatorSettings(**settings))  # type: ignore[arg-type] # by name


def responder(suites: tuple[int, ...] = (2,), **settings: object) -> Responder:
    held = [credentials(HUB, suite) for suite in suites]
    return Responder(held, random.Random(HUB), ResponderSettings(**settings))  # type: ignore[arg-type] # by name


Tamper = Callable[[int, KeyEstablishmentMessage], KeyEstablishmentMessage | None]
"""Stands in the way: the sender's EUI-64 and its message in, what arrives out; None: nothing does."""


def pass_on(sender: int, message: KeyEstablishmentMessage) -> KeyEstablishmentMessage:
    return message


@dataclass
class Party:
    """One machine, and all effects it had."""

    eui64: int
    machine: Initiator | Responder
    effects: list[Effect] = field(default_factory=list)

    @property
    def keys(self) -> list[bytes]:
        return [one.link_key for one in self.effects if isinstance(one, Established)]

    @property
    def candidates(self) -> list[bytes]:
        return [one.link_key for one in self.effects if isinstance(one, Candidate)]

    @property
    def failures(self) -> list[str]:
        return [one.reason for one in self.effects if isinstance(one, Failed)]

    @property
    def messages(self) -> list[KeyEstablishmentMessage]:
        return [one.message for one in self.effects if isinstance(one, Send)]

    @property
    def dropped(self) -> list[str | None]:
        return [one.reason for one in self.effects if isinstance(one, Report) and one.kind.endswith(".dropped")]


class Way:
    """The hub and the bridges around it; whatever is sent arrives after LATENCY, and is acknowledged."""

    def __init__(self, hub: Responder, *bridges: tuple[int, Initiator], tamper: Tamper = pass_on) -> None:
        self.hub = Party(HUB, hub)
        self.bridges = [Party(eui64, machine) for eui64, machine in bridges]
        self.tamper = tamper
        self.acknowledged = True
        self.now = 0
        self._queue: deque[tuple[int, Callable[[], None]]] = deque()

    @property
    def bridge(self) -> Party:
        return self.bridges[0]

    def party(self, eui64: int) -> Party | None:
        """Whoever has that address; messages to nobody are lost."""
        return next((one for one in (self.hub, *self.bridges) if one.eui64 == eui64), None)

    def start(self, party: Party | None = None) -> None:
        party = party or self.bridge
        assert isinstance(party.machine, Initiator)
        self.take(party, party.machine.start(HUB, self.now))

    def take(self, party: Party, effects: list[Effect]) -> None:
        """Carry out what a machine asks for."""
        party.effects += effects
        for effect in effects:
            if isinstance(effect, Send):
                self.send(party, effect)
            elif isinstance(effect, SendDefaultResponse):
                self._later(partial(self._default_response, party.eui64, effect))
            elif isinstance(effect, ReadSuites):
                self._later(partial(self._suites, party))
            elif isinstance(effect, Compute):
                self._later(partial(self._computed, party, effect))

    def send(self, party: Party, effect: Send) -> None:
        self._later(partial(self._arrive, party.eui64, effect))
        if self.acknowledged:
            self._later(partial(self._sent, party, effect, delivered=True))

    def deliver(self, to: Party, sender: int, message: KeyEstablishmentMessage, sequence: int = 1) -> list[Effect]:
        """Put a message straight into a machine's ear."""
        effects = to.machine.received(sender, message, sequence, self.now)
        self.take(to, effects)
        return effects

    def _later(self, act: Callable[[], None]) -> None:
        self._queue.append((self.now + LATENCY, act))

    def _arrive(self, sender: int, effect: Send) -> None:
        to, message = self.party(effect.to), self.tamper(sender, effect.message)
        if to is not None and message is not None:
            self.deliver(to, sender, message, effect.sequence or 1)

    def _sent(self, party: Party, effect: Send, *, delivered: bool) -> None:
        self.take(party, party.machine.sent(effect.message, self.now, delivered=delivered))

    def _default_response(self, sender: int, effect: SendDefaultResponse) -> None:
        machine = self.hub.machine
        assert isinstance(machine, Responder)
        self.take(self.hub, machine.default_response(sender, effect.command, effect.status, self.now))

    def _suites(self, party: Party) -> None:
        assert isinstance(party.machine, Initiator)
        self.take(party, party.machine.suites_read(self.hub.machine.suites, self.now))

    def _computed(self, party: Party, effect: Compute) -> None:
        self.take(party, party.machine.computed(effect.token, effect.work(), self.now))

    def run(self, until: int | None = None) -> None:
        """Until nothing is on its way; or until then (µs), with the timers that fall due."""
        while True:
            at = self._queue[0][0] if self._queue else None
            timers = [] if until is None else [(one.machine.next_timeout(), one) for one in (self.hub, *self.bridges)]
            due = min(((when, index) for index, (when, _) in enumerate(timers) if when is not None), default=None)
            if due is not None and (at is None or due[0] < at) and until is not None and due[0] <= until:
                self.now = max(self.now, due[0])
                party = timers[due[1]][1]
                self.take(party, party.machine.on_timeout(self.now))
            elif at is not None and (until is None or at <= until):
                self.now, act = self._queue.popleft()
                act()
            else:
                break
        self.now = self.now if until is None else max(self.now, until)


def meeting(hub: Responder | None = None, bridge: Initiator | None = None, tamper: Tamper = pass_on) -> Way:
    """One bridge and the hub."""
    return Way(hub or responder(), (BRIDGE, bridge or initiator()), tamper=tamper)
