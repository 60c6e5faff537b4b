"""The states of an initiator, what can happen in them, and what follows: data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table
from emulator.zigbee.clusters.key_establishment import (
    ConfirmKeyData,
    EphemeralData,
    InitiateKeyEstablishment,
    KeyEstablishmentMessage,
)


class InitiatorState(Enum):
    """Where an initiator stands."""

    IDLE = "idle"
    NEGOTIATING = "negotiating"
    """The partner's suites are being read."""
    INITIATING = "initiating"
    """Initiate Key Establishment Request is out."""
    GENERATING = "generating"
    """Our ephemeral key is being computed."""
    EXCHANGING = "exchanging"
    """Ephemeral Data Request is out."""
    DERIVING = "deriving"
    """The keys are being computed."""
    CONFIRMING = "confirming"
    """Confirm Key Data Request is out."""
    WAITING = "waiting"
    """Before another try."""


class InitiatorTrigger(Enum):
    """What can happen."""

    STARTED = "started"
    STOPPED = "stopped"
    SUITE_CHOSEN = "suite-chosen"
    INITIATED = "initiated"
    """An Initiate Key Establishment Response that is taken."""
    GENERATED = "generated"
    EPHEMERAL = "ephemeral"
    """An Ephemeral Data Response that is taken."""
    DERIVED = "derived"
    CONFIRMED = "confirmed"
    """A Confirm Key Data Response with the right MAC."""
    FAILED = "failed"
    """Whatever ends a try: the partner, the stack, the clock, or a refusal of ours."""
    GIVEN_UP = "given-up"
    """The same where another try is of no use."""
    WAITED = "waited"


class InitiatorAction(Enum):
    """What the initiator does; `initiator_session.ACTIONS` has the code."""

    READ_SUITES = "read-suites"
    INITIATE = "initiate"
    GENERATE = "generate"
    SEND_EPHEMERAL = "send-ephemeral"
    DERIVE = "derive"
    SEND_CONFIRM = "send-confirm"
    ESTABLISH = "establish"
    BACK_OFF = "back-off"
    GIVE_UP = "give-up"
    ABANDON = "abandon"
    STOP = "stop"


S, T, A = InitiatorState, InitiatorTrigger, InitiatorAction
_Row = Row[InitiatorState, InitiatorAction]

_ENDS: Final[dict[InitiatorTrigger, _Row]] = {
    T.FAILED: Row(A.BACK_OFF, S.WAITING),
    T.GIVEN_UP: Row(A.GIVE_UP, S.IDLE),
    T.STOPPED: Row(A.ABANDON, S.IDLE),
}

INITIATOR_TRANSITIONS: Final[Table[InitiatorState, InitiatorTrigger, InitiatorAction]] = {
    S.IDLE: {
        T.STARTED: Row(A.READ_SUITES, S.NEGOTIATING),
        T.STOPPED: Row(A.STOP, S.IDLE),
    },
    S.NEGOTIATING: {T.SUITE_CHOSEN: Row(A.INITIATE, S.INITIATING), **_ENDS},
    S.INITIATING: {T.INITIATED: Row(A.GENERATE, S.GENERATING), **_ENDS},
    S.GENERATING: {T.GENERATED: Row(A.SEND_EPHEMERAL, S.EXCHANGING), **_ENDS},
    S.EXCHANGING: {T.EPHEMERAL: Row(A.DERIVE, S.DERIVING), **_ENDS},
    S.DERIVING: {T.DERIVED: Row(A.SEND_CONFIRM, S.CONFIRMING), **_ENDS},
    S.CONFIRMING: {T.CONFIRMED: Row(A.ESTABLISH, S.IDLE), **_ENDS},
    S.WAITING: {
        T.WAITED: Row(A.READ_SUITES, S.NEGOTIATING),
        T.STARTED: Row(A.READ_SUITES, S.NEGOTIATING),
        T.STOPPED: Row(A.STOP, S.IDLE),
    },
}
"""What has no row is not allowed there."""

EXPECTED: Final[dict[InitiatorState, type[KeyEstablishmentMessage]]] = {
    S.INITIATING: InitiateKeyEstablishment,
    S.EXCHANGING: EphemeralData,
    S.CONFIRMING: ConfirmKeyData,
}
"""The message that is in order; Terminate always is."""

SILENT: Final = frozenset((S.IDLE, S.NEGOTIATING, S.WAITING))
"""States in which nothing of ours waits for an answer of the cluster."""
