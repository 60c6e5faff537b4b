"""The initiator: asks for a key, as a device does that has joined.

A sans-IO machine: messages, results and `now` (µs) in, effects out.  What follows stands in `initiator_table`, what the
actions do in `initiator_session`; here it is found out what happened.  The new key is in force once the responder's MAC
has been found right, just before that is acknowledged.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from cryptography.hazmat.primitives.constant_time import bytes_eq

from emulator.cbke.agreement import Keys
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
from emulator.cbke.initiator_session import Cause, InitiatorSession
from emulator.cbke.initiator_table import EXPECTED, SILENT, InitiatorState, InitiatorTrigger
from emulator.cbke.settings import InitiatorSettings
from emulator.cbke.work import Ephemeral, Result
from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
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

S, T = InitiatorState, InitiatorTrigger


class Initiator:
    """One initiator; establishes a key with one partner at a time.

    Args:
        credentials: ours, one for each suite that we have.
        rng: for ephemeral keys, and for the jitter between tries.
        settings: how it goes about it.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        credentials: Iterable[Credentials],
        rng: random.Random,
        settings: InitiatorSettings | None = None,
        alarm: Alarm | None = None,
    ) -> None:
        self._session = InitiatorSession(credentials, rng, settings or InitiatorSettings(), alarm)

    @property
    def state(self) -> InitiatorState:
        """Where it stands."""
        return self._session.state

    @property
    def suites(self) -> int:
        """The value of our attribute KeyEstablishmentSuite."""
        return self._session.suites

    # What the device does

    def start(self, partner: int, now: int) -> list[Effect]:
        """Establish a key with `partner` (EUI-64), now; the tries before count no longer.

        Raises:
            LocalProtocolError: an exchange is under way.
        """
        session = self._session
        out = session.begin()
        if session.state not in {S.IDLE, S.WAITING}:
            raise LocalProtocolError(f"key establishment: started while {session.state.value}")
        session.partner = partner
        session.tries = session.declined = 0
        session.fire(T.STARTED, now)
        return out

    def stop(self, now: int) -> list[Effect]:
        """Off the air: whatever is under way has failed, and there is no other try."""
        out = self._session.begin()
        self._session.fire(T.STOPPED, now)
        return out

    def suites_read(self, suites: int | None, now: int) -> list[Effect]:
        """The partner's attribute KeyEstablishmentSuite; None: it says that it has none."""
        out = self._session.begin()
        if self._session.state is S.NEGOTIATING:
            self._session.choose(suites, now)
        return out

    def sent(self, message: KeyEstablishmentMessage, now: int, *, delivered: bool) -> list[Effect]:
        """Whether the message of a `Send` has been acknowledged; one that has not is the end of the try."""
        session = self._session
        out = session.begin()
        if session.was_under_way(message) and not delivered:
            session.fail(Cause("send-failed"), now)
        return out

    def computed(self, token: int, result: Result, now: int) -> list[Effect]:
        """What a `Compute` came to; one that is no longer wanted is passed over."""
        session = self._session
        out = session.begin()
        if token != session.token:
            session.report("dropped", "stale-result", session.partner)
        elif isinstance(result, Refusal):
            session.refuse(result, now)
        elif isinstance(result, Ephemeral):
            session.run.ephemeral = result
            session.fire(T.GENERATED, now)
        elif isinstance(result, Keys):
            session.run.keys = result
            session.fire(T.DERIVED, now)
        return out

    def next_timeout(self) -> int | None:
        """When `on_timeout` wants to be called (µs), or None."""
        return self._session.deadline

    def on_timeout(self, now: int) -> list[Effect]:
        """The deadline may have passed; a partner that keeps silent is told nothing."""
        session = self._session
        out = session.begin()
        if not session.take_due(now):
            return out
        if session.state is S.WAITING:
            session.fire(T.WAITED, now)
        else:
            computing = session.state in {S.GENERATING, S.DERIVING}
            session.fail(Cause("computing-too-slow" if computing else "timeout"), now)
        return out

    # What the partner does

    def received(self, sender: int, message: KeyEstablishmentMessage, sequence: int, now: int) -> list[Effect]:
        """A unicast message of the cluster from server to client, or a Terminate of either direction.

        Args:
            sender: EUI-64 that it came from.
            message: decoded; what cannot be decoded goes to `undecodable`.
            sequence: ZCL transaction sequence number.
            now: µs.
        """
        session = self._session
        out = session.begin()
        if session.state in SILENT:
            remembered = session.is_remembered(sender, message, now)
            session.drop("duplicate" if remembered else "no-exchange", sender, message)
        elif sender != session.partner:
            session.drop("not-the-partner", sender, message)
        elif isinstance(message, TerminateKeyEstablishment):
            self._terminated(message, now)
        elif message in (session.run.peer, EphemeralData(session.run.peer_point)):
            session.drop("duplicate", sender, message)
        elif EXPECTED.get(session.state) is not type(message):
            session.refuse(OUT_OF_ORDER, now)
        else:
            session.run.sequence = sequence
            session.last_taken = message
            self._take(sender, message, now)
        return out

    def undecodable(self, sender: int, now: int) -> list[Effect]:
        """A command of the cluster that does not decode."""
        session = self._session
        out = session.begin()
        if sender == session.partner and session.state not in SILENT:
            session.refuse(UNDECODABLE, now)
        else:
            session.report("dropped", "undecodable", sender)
        return out

    def default_response(self, sender: int, status: int, now: int) -> list[Effect]:
        """A ZCL Default Response to a command of ours in this cluster."""
        session = self._session
        out = session.begin()
        if sender == session.partner and session.state not in SILENT and status != Status.SUCCESS:
            session.fail(Cause("default-response"), now)
        return out

    def _terminated(self, message: TerminateKeyEstablishment, now: int) -> None:
        session = self._session
        final = False
        if message.status == TerminateStatus.UNSUPPORTED_SUITE:
            session.declined |= session.own.suite.mask
            final = session.best(message.suites) is None
        reason = "no-common-suite" if final else "terminated"
        session.fail(Cause(reason, message.status, message.wait * SECOND, final=final), now)

    def _take(self, sender: int, message: KeyEstablishmentMessage, now: int) -> None:
        """The message that is due."""
        if isinstance(message, InitiateKeyEstablishment):
            self._take_initiate(sender, message, now)
        elif isinstance(message, EphemeralData):
            self._take_ephemeral(message, now)
        elif isinstance(message, ConfirmKeyData):
            self._take_confirm(message, now)

    def _take_initiate(self, sender: int, message: InitiateKeyEstablishment, now: int) -> None:
        session = self._session
        refusal = refused_certificate(message.identity, session.own, sender, session.settings.date(now))
        if message.suite != session.own.suite.mask:
            session.refuse(UNSUPPORTED_SUITE, now)
        elif refusal is not None:
            session.refuse(refusal, now)
        else:
            session.run.peer = message
            session.fire(T.INITIATED, now)

    def _take_ephemeral(self, message: EphemeralData, now: int) -> None:
        session = self._session
        assert session.run.ephemeral is not None
        refusal = refused_point(message.point, session.own, session.run.ephemeral.point)
        if refusal is not None:
            session.refuse(refusal, now)
        else:
            session.run.peer_point = message.point
            session.fire(T.EPHEMERAL, now)

    def _take_confirm(self, message: ConfirmKeyData, now: int) -> None:
        session = self._session
        assert session.run.keys is not None
        if bytes_eq(message.mac, session.run.keys.macv):
            session.fire(T.CONFIRMED, now)
        else:
            session.refuse(BAD_KEY_CONFIRM, now)
