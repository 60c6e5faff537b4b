"""The responder: answers whoever asks for a key, one partner at a time, as a trust centre does.

A sans-IO machine: messages, results and `now` (µs) in, effects out.  What follows stands in `responder_table`, what the
actions do in `responder_session`; here it is found out what happened.

When it takes the new key into use is not settled: some do on sending their confirmation, some once that is
acknowledged.  This one understands the new key from then on, and keeps the old one until an acknowledgement, the
partner's Default Response or a frame under the new key shows that the partner has it; that goes with either order.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from cryptography.hazmat.primitives.constant_time import bytes_eq

from emulator.cbke.checks import (
    BAD_KEY_CONFIRM,
    OUT_OF_ORDER,
    UNDECODABLE,
    UNSUPPORTED_SUITE,
    Refusal,
    refused_certificate,
    refused_point,
)
from emulator.cbke.credentials import Credentials
from emulator.cbke.effects import Effect
from emulator.cbke.responder_session import ResponderSession, Run
from emulator.cbke.responder_table import EXPECTED, ResponderState, ResponderTrigger
from emulator.cbke.settings import ResponderSettings
from emulator.cbke.work import Answer, Result
from emulator.core.timers import Alarm
from emulator.zigbee.clusters.key_establishment import (
    ConfirmKeyData,
    EphemeralData,
    InitiateKeyEstablishment,
    KeyEstablishmentMessage,
    TerminateKeyEstablishment,
    TerminateStatus,
)
from emulator.zigbee.frames.zcl_status import Status

S, T = ResponderState, ResponderTrigger

_BUSY = Refusal(TerminateStatus.NO_RESOURCES, "busy")


class Responder:
    """One responder.

    Args:
        credentials: ours, one for each suite that we have.
        rng: for ephemeral keys.
        settings: how it goes about it.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        credentials: Iterable[Credentials],
        rng: random.Random,
        settings: ResponderSettings | None = None,
        alarm: Alarm | None = None,
    ) -> None:
        self._session = ResponderSession(credentials, rng, settings or ResponderSettings(), alarm)

    @property
    def state(self) -> ResponderState:
        """Where it stands."""
        return self._session.state

    @property
    def partner(self) -> int | None:
        """EUI-64 of the partner; None where no exchange is under way."""
        return None if self._session.state is S.IDLE else self._session.partner

    @property
    def suites(self) -> int:
        """The value of our attribute KeyEstablishmentSuite."""
        return self._session.suites

    # What the device does

    def stop(self, now: int) -> list[Effect]:
        """Off the air, or the partner has been removed: whatever is under way has failed."""
        session = self._session
        out = session.begin()
        if session.state is not S.IDLE:
            session.fail("stopped", now)
        return out

    def sent(self, message: KeyEstablishmentMessage, now: int, *, delivered: bool) -> list[Effect]:
        """Whether the message of a `Send` has been acknowledged.

        One that has not is the end of the exchange, except for the last: the partner may have that all the same.
        """
        session = self._session
        out = session.begin()
        if not session.was_under_way(message):
            return out
        if session.state is S.SETTLING:
            if delivered:
                session.fire(T.PROVEN, now)
            else:
                session.report("unconfirmed", "send-failed", session.partner)
        elif not delivered:
            session.fail("send-failed", now)
        return out

    def computed(self, token: int, result: Result, now: int) -> list[Effect]:
        """What a `Compute` came to; one that is no longer wanted is passed over."""
        session = self._session
        out = session.begin()
        if token != session.token:
            session.report("dropped", "stale-result", session.partner)
        elif isinstance(result, Refusal):
            assert session.partner is not None
            session.refuse(session.partner, result, now)
        elif isinstance(result, Answer):
            session.current.answer = result
            session.fire(T.COMPUTED, now)
        return out

    def authenticated(self, sender: int, now: int) -> list[Effect]:
        """A frame from `sender` has come that authenticates under the candidate key."""
        return self._proven(sender, now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` wants to be called (µs), or None."""
        return self._session.deadline

    def on_timeout(self, now: int) -> list[Effect]:
        """The deadline may have passed; a partner that keeps silent is told nothing."""
        session = self._session
        out = session.begin()
        if session.take_due(now):
            session.fail(_TIMEOUT_REASONS.get(session.state, "timeout"), now)
        return out

    # What the partner does

    def received(self, sender: int, message: KeyEstablishmentMessage, sequence: int, now: int) -> list[Effect]:
        """A unicast message of the cluster from client to server, or a Terminate of either direction.

        Args:
            sender: EUI-64 that it came from.
            message: decoded; what cannot be decoded goes to `undecodable`.
            sequence: ZCL transaction sequence number.
            now: µs.
        """
        session = self._session
        out = session.begin()
        if self._is_others(sender):
            self._others(sender, message, sequence)
            return out
        session.sequence = sequence
        if isinstance(message, TerminateKeyEstablishment):
            self._terminated(sender, message, now)
        elif session.state is S.IDLE and session.is_remembered(sender, message, now):
            session.drop("duplicate", sender, message)
        elif isinstance(message, InitiateKeyEstablishment):
            self._initiated(sender, message, now)
        elif session.state is S.IDLE:
            session.drop("no-exchange", sender, message)
            session.terminate(sender, OUT_OF_ORDER, sequence=sequence)
        else:
            self._go_on(sender, message, now)
        return out

    def undecodable(self, sender: int, sequence: int, now: int) -> list[Effect]:
        """A command of the cluster that does not decode."""
        session = self._session
        out = session.begin()
        if session.state is not S.IDLE and sender == session.partner:
            session.sequence = sequence
            session.refuse(sender, UNDECODABLE, now)
        else:
            session.report("dropped", "undecodable", sender)
            session.terminate(sender, UNDECODABLE, sequence=sequence)
        return out

    def default_response(self, sender: int, command: int, status: int, now: int) -> list[Effect]:
        """A ZCL Default Response to a command of ours in this cluster."""
        session = self._session
        if session.state is S.IDLE or sender != session.partner:
            return session.begin()
        if status == Status.SUCCESS:
            return self._proven(sender, now) if command == ConfirmKeyData.command else session.begin()
        out = session.begin()
        session.fail("default-response", now)
        return out

    def _proven(self, sender: int, now: int) -> list[Effect]:
        session = self._session
        out = session.begin()
        if session.state is S.SETTLING and sender == session.partner:
            session.fire(T.PROVEN, now)
        return out

    # Somebody who is not the partner

    def _is_others(self, sender: int) -> bool:
        return self._session.state is not S.IDLE and sender != self._session.partner

    def _others(self, sender: int, message: KeyEstablishmentMessage, sequence: int) -> None:
        """Nothing of theirs touches the exchange under way; who wants to begin one is told when to come again."""
        session = self._session
        if isinstance(message, InitiateKeyEstablishment):
            session.report("refused", _BUSY.reason, sender)
            session.terminate(sender, _BUSY, session.settings.busy_seconds, sequence)
        else:
            session.drop("not-the-partner", sender, message)

    # The partner

    def _terminated(self, sender: int, message: TerminateKeyEstablishment, now: int) -> None:
        session = self._session
        if session.state is S.IDLE:
            session.drop("no-exchange", sender, message)
        else:
            session.fail("terminated", now, message.status)

    def _initiated(self, sender: int, message: InitiateKeyEstablishment, now: int) -> None:
        session = self._session
        own = session.credentials.get(message.suite)
        date = session.settings.date(now)
        refusal = UNSUPPORTED_SUITE if own is None else refused_certificate(message.identity, own, sender, date)
        if refusal is not None or own is None:
            session.refuse(sender, refusal or UNSUPPORTED_SUITE, now)
        elif session.state is S.AWAITING_EPHEMERAL and message == session.last_taken:
            session.fire(T.REPEATED, now)
        elif session.state is not S.IDLE and not session.settings.restart:
            session.refuse(sender, OUT_OF_ORDER, now)
        else:
            trigger = T.INITIATED if session.state is S.IDLE else T.INITIATED_AGAIN
            session.partner = sender
            session.last_taken = message
            session.run = Run(message, own)
            session.fire(trigger, now)

    def _go_on(self, sender: int, message: KeyEstablishmentMessage, now: int) -> None:
        session = self._session
        if message == session.last_taken:
            session.fire(T.REPEATED, now)
        elif EXPECTED.get(session.state) is not type(message):
            session.refuse(sender, OUT_OF_ORDER, now)
        elif isinstance(message, EphemeralData):
            session.last_taken = message
            self._take_ephemeral(sender, message, now)
        elif isinstance(message, ConfirmKeyData):
            session.last_taken = message
            self._take_confirm(sender, message, now)

    def _take_ephemeral(self, sender: int, message: EphemeralData, now: int) -> None:
        session = self._session
        refusal = refused_point(message.point, session.current.own, None)
        if refusal is not None:
            session.refuse(sender, refusal, now)
        else:
            session.current.peer_point = message.point
            session.fire(T.EPHEMERAL, now)

    def _take_confirm(self, sender: int, message: ConfirmKeyData, now: int) -> None:
        session = self._session
        answer = session.current.answer
        assert answer is not None
        if bytes_eq(message.mac, answer.keys.macu):
            session.fire(T.CONFIRMED, now)
        else:
            session.refuse(sender, BAD_KEY_CONFIRM, now)


_TIMEOUT_REASONS = {S.COMPUTING: "computing-too-slow", S.SETTLING: "unconfirmed"}
