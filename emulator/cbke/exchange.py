"""What initiator and responder have in common: effects, one deadline, work by token, and who the partner is."""

from __future__ import annotations

import random
from collections.abc import Iterable

from emulator.cbke.authority import random_private_key
from emulator.cbke.checks import Refusal
from emulator.cbke.credentials import Credentials, suites_of
from emulator.cbke.effects import Compute, Effect, Report, Send
from emulator.cbke.suite import Suite
from emulator.cbke.work import Work
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import eui64_text
from emulator.core.events import Value
from emulator.core.timers import Alarm
from emulator.zigbee.clusters.key_establishment import KeyEstablishmentMessage, TerminateKeyEstablishment


class Exchange:
    """The base of both sides' sessions.

    Args:
        kind: first words of the reports.
        credentials: ours, one for each suite that we have.
        rng: ephemeral private keys are drawn from it.
        memory: µs for which repetitions are passed over after the end.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self, kind: str, credentials: Iterable[Credentials], rng: random.Random, memory: int, alarm: Alarm | None
    ) -> None:
        self.credentials = {one.suite.mask: one for one in credentials}
        if not self.credentials:
            raise LocalProtocolError("key establishment without credentials")
        self.suites = suites_of(self.credentials.values())
        self.rng = rng
        self.partner: int | None = None
        """EUI-64 of the other side; of the last exchange where none is under way."""
        self.out: list[Effect] = []
        self.deadline: int | None = None
        self.token = 0
        """Of the latest piece of work; the result of any other is for nothing."""
        self.last_taken: KeyEstablishmentMessage | None = None
        self._kind = kind
        self._memory = memory
        self._alarm = alarm
        self._under_way: KeyEstablishmentMessage | None = None
        self._remembered_until = 0

    def begin(self) -> list[Effect]:
        """A new list of effects, for the input that is at hand."""
        self.out = []
        return self.out

    def report(self, event: str, reason: str | None, peer: int | None, **fields: Value) -> None:
        """Say what happened."""
        about: dict[str, Value] = {} if peer is None else {"peer": eui64_text(peer)}
        self.out.append(Report(f"{self._kind}.{event}", reason, about | fields))

    def drop(self, reason: str, peer: int, message: KeyEstablishmentMessage) -> None:
        """Pass a message over."""
        self.report("dropped", reason, peer, command=message.command)

    # Messages

    def send(self, message: KeyEstablishmentMessage, sequence: int | None = None) -> None:
        """Send the partner a message of the exchange."""
        assert self.partner is not None
        self._under_way = message
        self.out.append(Send(self.partner, message, sequence))

    def terminate(self, to: int, refusal: Refusal, wait_seconds: int = 0, sequence: int | None = None) -> None:
        """Send anybody a Terminate."""
        message = TerminateKeyEstablishment(refusal.status, wait_seconds, self.suites)
        self.out.append(Send(to, message, sequence))

    def was_under_way(self, message: KeyEstablishmentMessage) -> bool:
        """Whether this is the last message of the exchange, told of for the first time."""
        if message is not self._under_way:
            return False
        self._under_way = None
        return True

    # Work

    def compute(self, work: Work) -> None:
        """Ask for a piece of work, the only one that counts from now on."""
        self.token += 1
        self.out.append(Compute(self.token, work))

    def draw(self, suite: Suite) -> int:
        """An ephemeral private key."""
        return random_private_key(suite, self.rng)

    # Time

    def wait(self, until: int) -> None:
        """Be called at `until` (µs)."""
        self.deadline = until
        if self._alarm is not None:
            self._alarm.by(until)

    def take_due(self, now: int) -> bool:
        """Whether the deadline has passed; it counts once."""
        if self.deadline is None or self.deadline > now:
            return False
        self.deadline = None
        return True

    # The end

    def remember(self, now: int) -> None:
        """Pass repetitions of the last message over for a while."""
        self._remembered_until = now + self._memory

    def is_remembered(self, sender: int, message: KeyEstablishmentMessage, now: int) -> bool:
        """Whether a message is such a repetition."""
        return sender == self.partner and message == self.last_taken and now < self._remembered_until

    def forget(self) -> None:
        """Results and outcomes still to come are for nothing."""
        self.token += 1
        self._under_way = None
