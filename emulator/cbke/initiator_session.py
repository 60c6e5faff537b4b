"""What an initiator knows of its exchange, and what its actions do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emulator.cbke.agreement import Keys, Role
from emulator.cbke.checks import FINAL_STATUSES, Refusal
from emulator.cbke.credentials import Credentials
from emulator.cbke.effects import Established, Failed, ReadSuites, SendDefaultResponse
from emulator.cbke.exchange import Exchange
from emulator.cbke.initiator_table import INITIATOR_TRANSITIONS, InitiatorAction, InitiatorState, InitiatorTrigger
from emulator.cbke.settings import InitiatorSettings
from emulator.cbke.work import DeriveKeys, Ephemeral, GenerateEphemeral
from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.timers import Alarm
from emulator.zigbee.clusters.key_establishment import (
    SUITE_1,
    ConfirmKeyData,
    EphemeralData,
    InitiateKeyEstablishment,
)
from emulator.zigbee.frames.zcl_status import Status

A, T = InitiatorAction, InitiatorTrigger

_NO_MESSAGE: Final = InitiateKeyEstablishment(0, 0, 0, b"")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a try ended.

    Attributes:
        reason: machine-readable.
        status: of the Terminate sent or received.
        wait: µs for which the partner wants to be left alone.
        refusal: what the partner is told; None: nothing.
        final: another try is of no use.
    """

    reason: str
    status: int | None = None
    wait: int = 0
    refusal: Refusal | None = None
    final: bool = False


@dataclass(slots=True)
class Run:
    """What one try has come to so far; filled in from the top."""

    peer: InitiateKeyEstablishment = _NO_MESSAGE
    ephemeral: Ephemeral | None = None
    peer_point: bytes = b""
    keys: Keys | None = None
    sequence: int = 0


class InitiatorSession(Exchange):
    """As `initiator.Initiator`, which hands everything on to it."""

    def __init__(
        self,
        credentials: Iterable[Credentials],
        rng: random.Random,
        settings: InitiatorSettings,
        alarm: Alarm | None,
    ) -> None:
        super().__init__("cbke.initiator", credentials, rng, settings.memory, alarm)
        self.settings = settings
        self.state = InitiatorState.IDLE
        self.own = next(iter(self.credentials.values()))
        self.run = Run()
        self.tries = 0
        self.declined = 0
        """Suites that this partner has refused."""
        self.cause = Cause("")

    def fire(self, trigger: InitiatorTrigger, now: int) -> None:
        """Do what the table says; LocalProtocolError where it has no row."""
        row = INITIATOR_TRANSITIONS[self.state].get(trigger)
        if row is None:
            raise LocalProtocolError(f"key establishment: {trigger.value} while {self.state.value}")
        self.state = row.next_state
        self.deadline = None
        ACTIONS[row.action](self, now)

    def fail(self, cause: Cause, now: int) -> None:
        """The try ends here."""
        self.cause = cause
        final = cause.final or cause.status in FINAL_STATUSES
        self.fire(T.GIVEN_UP if final else T.FAILED, now)

    def refuse(self, refusal: Refusal, now: int) -> None:
        """The try ends here, and the partner is told."""
        self.fail(Cause(refusal.reason, refusal.status, refusal=refusal), now)

    def choose(self, suites: int | None, now: int) -> None:
        """Take the highest suite that both have; no attribute counts as every suite, 0 as suite 1."""
        best = self.best(self.suites if suites is None else suites or SUITE_1)
        if best is None:
            self.fail(Cause("no-common-suite", final=True), now)
        else:
            self.own = best
            self.fire(T.SUITE_CHOSEN, now)

    def best(self, suites: int) -> Credentials | None:
        """Our credentials in the highest of these suites that has not been refused."""
        common = [mask for mask in self.credentials if mask & suites & ~self.declined]
        return self.credentials[max(common)] if common else None

    def end(self, retry_at: int | None) -> None:
        """Tell the partner, if it is its fault, and the device; keep nothing."""
        assert self.partner is not None
        cause = self.cause
        if cause.refusal is not None:
            self.terminate(self.partner, cause.refusal)
        self.report("failed", cause.reason, self.partner, status=cause.status)
        self.out.append(Failed(self.partner, cause.reason, cause.status, retry_at))
        self.forget()

    def forget(self) -> None:
        super().forget()
        self.run = Run()


def _read_suites(session: InitiatorSession, now: int) -> None:
    assert session.partner is not None
    session.wait(now + session.settings.response_wait)
    if session.settings.read_suites:
        session.out.append(ReadSuites(session.partner))
    else:
        session.choose(None, now)


def _initiate(session: InitiatorSession, now: int) -> None:
    settings, own = session.settings, session.own
    session.report("started", None, session.partner, suite=own.suite.number, attempt=session.tries + 1)
    session.send(
        InitiateKeyEstablishment(own.suite.mask, settings.ephemeral_seconds, settings.confirm_seconds, own.octets)
    )
    session.wait(now + settings.response_wait)


def _generate(session: InitiatorSession, now: int) -> None:
    suite = session.own.suite
    session.compute(GenerateEphemeral(suite, session.draw(suite)))
    session.wait(now + session.settings.ephemeral_seconds * SECOND)


def _send_ephemeral(session: InitiatorSession, now: int) -> None:
    assert session.run.ephemeral is not None
    session.send(EphemeralData(session.run.ephemeral.point))
    session.wait(now + session.run.peer.ephemeral_time * SECOND + session.settings.allowance)


def _derive(session: InitiatorSession, now: int) -> None:
    run = session.run
    assert run.ephemeral is not None
    session.compute(DeriveKeys(Role.INITIATOR, session.own, run.ephemeral, run.peer.identity, run.peer_point))
    session.wait(now + session.settings.confirm_seconds * SECOND)


def _send_confirm(session: InitiatorSession, now: int) -> None:
    assert session.run.keys is not None
    session.send(ConfirmKeyData(session.run.keys.macu))
    session.wait(now + session.run.peer.confirm_time * SECOND + session.settings.allowance)


def _establish(session: InitiatorSession, now: int) -> None:
    """The key is stored before the responder is told so."""
    run, partner = session.run, session.partner
    assert run.keys is not None
    assert partner is not None
    session.out.append(Established(partner, run.keys.link_key))
    session.out.append(SendDefaultResponse(partner, ConfirmKeyData.command, Status.SUCCESS, run.sequence))
    session.report("established", None, partner, suite=session.own.suite.number)
    session.tries = 0
    session.remember(now)
    session.forget()


def _back_off(session: InitiatorSession, now: int) -> None:
    settings = session.settings
    delay = min(settings.retry_delay << session.tries, settings.retry_delay_limit)
    session.tries += 1
    if session.tries >= settings.tries:
        session.tries, delay = 0, settings.pause
    retry_at = now + max(delay, session.cause.wait) + session.rng.randint(0, settings.retry_jitter)
    session.end(retry_at)
    session.wait(retry_at)


def _give_up(session: InitiatorSession, now: int) -> None:  # noqa: ARG001 - the shape of every action
    session.end(None)


def _abandon(session: InitiatorSession, now: int) -> None:  # noqa: ARG001 - as above
    session.cause = Cause("stopped")
    session.end(None)


def _stop(session: InitiatorSession, now: int) -> None:  # noqa: ARG001 - as above
    session.forget()


ACTIONS: Final[dict[InitiatorAction, Callable[[InitiatorSession, int], None]]] = {
    A.READ_SUITES: _read_suites,
    A.INITIATE: _initiate,
    A.GENERATE: _generate,
    A.SEND_EPHEMERAL: _send_ephemeral,
    A.DERIVE: _derive,
    A.SEND_CONFIRM: _send_confirm,
    A.ESTABLISH: _establish,
    A.BACK_OFF: _back_off,
    A.GIVE_UP: _give_up,
    A.ABANDON: _abandon,
    A.STOP: _stop,
}
