"""The states of a responder, what can happen in them, and what follows: data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table
from emulator.zigbee.clusters.key_establishment import (
    ConfirmKeyData,
    EphemeralData,
    KeyEstablishmentMessage,
)


class ResponderState(Enum):
    """Where a responder stands."""

    IDLE = "idle"
    AWAITING_EPHEMERAL = "awaiting-ephemeral"
    """Initiate Key Establishment Response is out."""
    COMPUTING = "computing"
    """Our ephemeral key and the keys are being computed."""
    AWAITING_CONFIRM = "awaiting-confirm"
    """Ephemeral Data Response is out."""
    SETTLING = "settling"
    """Confirm Key Data Response is out; nothing shows yet that the partner has it."""


class ResponderTrigger(Enum):
    """What can happen."""

    INITIATED = "initiated"
    """An Initiate Key Establishment Request that is taken."""
    INITIATED_AGAIN = "initiated-again"
    """The same, from the partner in the midst of an exchange."""
    EPHEMERAL = "ephemeral"
    """An Ephemeral Data Request that is taken."""
    COMPUTED = "computed"
    CONFIRMED = "confirmed"
    """A Confirm Key Data Request with the right MAC."""
    REPEATED = "repeated"
    """The partner's last message once more."""
    PROVEN = "proven"
    """The partner has our confirmation: an acknowledgement, a Default Response, or a frame under the new key."""
    FAILED = "failed"
    """Whatever ends an exchange: the partner, the stack, the clock, a refusal of ours, our own power."""


class ResponderAction(Enum):
    """What the responder does; `responder_session.ACTIONS` has the code."""

    ACCEPT = "accept"
    RESTART = "restart"
    COMPUTE = "compute"
    SEND_EPHEMERAL = "send-ephemeral"
    SEND_CONFIRM = "send-confirm"
    ANSWER_AGAIN = "answer-again"
    IGNORE = "ignore"
    ESTABLISH = "establish"
    END = "end"


S, T, A = ResponderState, ResponderTrigger, ResponderAction
_Row = Row[ResponderState, ResponderAction]

_ALWAYS: Final[dict[ResponderTrigger, _Row]] = {
    T.INITIATED_AGAIN: Row(A.RESTART, S.AWAITING_EPHEMERAL),
    T.FAILED: Row(A.END, S.IDLE),
}

RESPONDER_TRANSITIONS: Final[Table[ResponderState, ResponderTrigger, ResponderAction]] = {
    S.IDLE: {T.INITIATED: Row(A.ACCEPT, S.AWAITING_EPHEMERAL), T.FAILED: Row(A.END, S.IDLE)},
    S.AWAITING_EPHEMERAL: {
        T.REPEATED: Row(A.ANSWER_AGAIN, S.AWAITING_EPHEMERAL),
        T.EPHEMERAL: Row(A.COMPUTE, S.COMPUTING),
        **_ALWAYS,
    },
    S.COMPUTING: {
        T.REPEATED: Row(A.IGNORE, S.COMPUTING),
        T.COMPUTED: Row(A.SEND_EPHEMERAL, S.AWAITING_CONFIRM),
        **_ALWAYS,
    },
    S.AWAITING_CONFIRM: {
        T.REPEATED: Row(A.ANSWER_AGAIN, S.AWAITING_CONFIRM),
        T.CONFIRMED: Row(A.SEND_CONFIRM, S.SETTLING),
        **_ALWAYS,
    },
    S.SETTLING: {
        T.REPEATED: Row(A.ANSWER_AGAIN, S.SETTLING),
        T.PROVEN: Row(A.ESTABLISH, S.IDLE),
        **_ALWAYS,
    },
}
"""What has no row is not allowed there."""

EXPECTED: Final[dict[ResponderState, type[KeyEstablishmentMessage]]] = {
    S.AWAITING_EPHEMERAL: EphemeralData,
    S.AWAITING_CONFIRM: ConfirmKeyData,
}
"""The message that is in order; Initiate and Terminate always are."""
