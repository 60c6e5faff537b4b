"""What a responder knows of its exchange, and what its actions do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emulator.cbke.checks import Refusal
from emulator.cbke.credentials import Credentials
from emulator.cbke.effects import Candidate, Established, Failed, Send
from emulator.cbke.exchange import Exchange
from emulator.cbke.responder_table import RESPONDER_TRANSITIONS, ResponderAction, ResponderState, ResponderTrigger
from emulator.cbke.settings import ResponderSettings
from emulator.cbke.work import Answer, AnswerEphemeral
from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.timers import Alarm
from emulator.zigbee.clusters.key_establishment import (
    ConfirmKeyData,
    EphemeralData,
    InitiateKeyEstablishment,
    KeyEstablishmentMessage,
)

A = ResponderAction


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an exchange ended.

    Attributes:
        partner: whom it was with.
        reason: machine-readable.
        status: of the Terminate received.
        refusal: what the partner is told; None: nothing.
    """

    partner: int
    reason: str
    status: int | None = None
    refusal: Refusal | None = None


@dataclass(slots=True)
class Run:
    """What one exchange has come to so far; filled in from the top.

    Attributes:
        peer: the Initiate Request.
        own: our credentials in its suite.
        peer_point: the partner's ephemeral key.
        answer: our own, and the keys.
    """

    peer: InitiateKeyEstablishment
    own: Credentials
    peer_point: bytes = b""
    answer: Answer | None = None


class ResponderSession(Exchange):
    """As `responder.Responder`, which hands everything on to it."""

    def __init__(
        self,
        credentials: Iterable[Credentials],
        rng: random.Random,
        settings: ResponderSettings,
        alarm: Alarm | None,
    ) -> None:
        super().__init__("cbke.responder", credentials, rng, settings.memory, alarm)
        self.settings = settings
        self.state = ResponderState.IDLE
        self.run: Run | None = None
        self.cause = Cause(0, "")
        self.sequence = 0
        """Transaction sequence number of the request at hand."""
        self.last_reply: KeyEstablishmentMessage | None = None

    @property
    def current(self) -> Run:
        """The exchange under way."""
        assert self.run is not None
        return self.run

    def fire(self, trigger: ResponderTrigger, now: int) -> None:
        """Do what the table says; LocalProtocolError where it has no row."""
        row = RESPONDER_TRANSITIONS[self.state].get(trigger)
        if row is None:
            raise LocalProtocolError(f"key establishment: {trigger.value} while {self.state.value}")
        self.state = row.next_state
        ACTIONS[row.action](self, now)

    def fail(self, reason: str, now: int, status: int | None = None) -> None:
        """The exchange ends here, and the partner is told nothing."""
        assert self.partner is not None
        self.cause = Cause(self.partner, reason, status)
        self.fire(ResponderTrigger.FAILED, now)

    def refuse(self, partner: int, refusal: Refusal, now: int) -> None:
        """The exchange ends here, before it has begun maybe, and the partner is told."""
        self.cause = Cause(partner, refusal.reason, refusal.status, refusal)
        self.fire(ResponderTrigger.FAILED, now)

    def reply(self, message: KeyEstablishmentMessage) -> None:
        """Answer the request at hand."""
        self.last_reply = message
        self.send(message, self.sequence)

    def forget(self) -> None:
        super().forget()
        self.deadline = None
        self.run = None
        self.last_reply = None


def _accept(session: ResponderSession, now: int) -> None:
    settings, run = session.settings, session.current
    suite = run.own.suite
    session.report("started", None, session.partner, suite=suite.number)
    session.reply(
        InitiateKeyEstablishment(suite.mask, settings.ephemeral_seconds, settings.confirm_seconds, run.own.octets)
    )
    session.wait(now + run.peer.ephemeral_time * SECOND + settings.allowance)


def _restart(session: ResponderSession, now: int) -> None:
    """End the old exchange as any other, with its candidate key, and begin the new one."""
    assert session.partner is not None
    begun = session.current
    session.report("failed", "restarted", session.partner, status=None)
    session.out.append(Failed(session.partner, "restarted"))
    session.forget()
    session.run = begun
    _accept(session, now)


def _compute(session: ResponderSession, now: int) -> None:
    run = session.current
    private_key = session.draw(run.own.suite)
    session.compute(AnswerEphemeral(run.own, private_key, run.peer.identity, run.peer_point))
    session.wait(now + session.settings.ephemeral_seconds * SECOND)


def _send_ephemeral(session: ResponderSession, now: int) -> None:
    run = session.current
    assert run.answer is not None
    session.reply(EphemeralData(run.answer.point))
    session.wait(now + run.peer.confirm_time * SECOND + session.settings.allowance)


def _send_confirm(session: ResponderSession, now: int) -> None:
    """The partner may use the new key as soon as it has this, so frames under it must be understood before."""
    answer = session.current.answer
    assert answer is not None
    assert session.partner is not None
    session.out.append(Candidate(session.partner, answer.keys.link_key))
    session.reply(ConfirmKeyData(answer.keys.macv))
    session.wait(now + session.settings.settling)


def _answer_again(session: ResponderSession, now: int) -> None:  # noqa: ARG001 - the shape of every action
    """Under the sequence number of the repetition; the outcome of the first answer counts for this one, too."""
    assert session.partner is not None
    assert session.last_reply is not None
    session.out.append(Send(session.partner, session.last_reply, session.sequence))


def _ignore(session: ResponderSession, now: int) -> None:  # noqa: ARG001 - as above
    session.report("dropped", "duplicate", session.partner)


def _establish(session: ResponderSession, now: int) -> None:
    run = session.current
    assert run.answer is not None
    assert session.partner is not None
    session.out.append(Established(session.partner, run.answer.keys.link_key))
    session.report("established", None, session.partner, suite=run.own.suite.number)
    session.remember(now)
    session.forget()


def _end(session: ResponderSession, now: int) -> None:  # noqa: ARG001 - as above
    cause = session.cause
    if cause.refusal is not None:
        session.terminate(cause.partner, cause.refusal, sequence=session.sequence)
    session.report("failed", cause.reason, cause.partner, status=cause.status)
    session.out.append(Failed(cause.partner, cause.reason, cause.status))
    session.forget()


ACTIONS: Final[dict[ResponderAction, Callable[[ResponderSession, int], None]]] = {
    A.ACCEPT: _accept,
    A.RESTART: _restart,
    A.COMPUTE: _compute,
    A.SEND_EPHEMERAL: _send_ephemeral,
    A.SEND_CONFIRM: _send_confirm,
    A.ANSWER_AGAIN: _answer_again,
    A.IGNORE: _ignore,
    A.ESTABLISH: _establish,
    A.END: _end,
}
