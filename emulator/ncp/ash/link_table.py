"""The states of the stick's end, what can happen in them, and what follows: data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class LinkState(Enum):
    """Where the link stands (UG101 5 and 6)."""

    WAITING = "waiting-for-reset"
    """Neither side has reset it yet."""
    RESETTING = "resetting"
    """The host has asked for a reset, and the stick is at it."""
    CONNECTED = "connected"
    FAILED = "failed"

    # By identity, as members are the only ones of their value: Enum's own works a hash of the name out each time.
    __hash__ = object.__hash__


class LinkTrigger(Enum):
    """What can happen."""

    STARTED = "started"
    """The stick has been reset and is ready."""
    FAULT = "fault"
    """The stick says that it has failed."""
    SEND = "send"
    """The stick has an EZSP frame for the host."""
    RST = "rst"
    DATA = "data"
    ACK = "ack"
    NAK = "nak"
    FOREIGN = "foreign"
    """A frame that only a stick sends."""
    DAMAGED_DATA = "damaged-data"
    """What looks like a DATA frame with something wrong."""
    DAMAGED = "damaged"
    """Anything else with something wrong."""
    ACK_DUE = "ack-due"
    """An acknowledgement has waited long enough for a DATA frame to go with."""
    ACK_LATE = "ack-late"
    """Of a DATA frame of ours."""
    ACK_GIVEN_UP = "ack-given-up"
    """The same, once too often in a row."""
    READY_AGAIN = "ready-again"
    """A host that was not ready has been left alone long enough."""

    __hash__ = object.__hash__  # as above


class LinkAction(Enum):
    """What the link does; `link_actions.ACTIONS` has the code."""

    COME_UP = "come-up"
    REQUEST_RESET = "request-reset"
    FAIL = "fail"
    REPEAT_ERROR = "repeat-error"
    QUEUE = "queue"
    LOSE = "lose"
    TAKE_DATA = "take-data"
    TAKE_ACK = "take-ack"
    TAKE_NAK = "take-nak"
    REJECT = "reject"
    DROP = "drop"
    ACKNOWLEDGE = "acknowledge"
    RESEND = "resend"
    RELEASE = "release"

    __hash__ = object.__hash__  # as above


S, T, A = LinkState, LinkTrigger, LinkAction
_Row = Row[LinkState, LinkAction]

_FRAMES: Final = (T.DATA, T.ACK, T.NAK, T.FOREIGN)
_DAMAGE: Final = (T.DAMAGED_DATA, T.DAMAGED)


def _always(state: LinkState) -> dict[LinkTrigger, _Row]:
    """What is the same wherever the link stands, as far as `state` does not say otherwise."""
    return {
        T.STARTED: Row(A.COME_UP, S.CONNECTED),
        T.FAULT: Row(A.FAIL, S.FAILED),
        T.RST: Row(A.REQUEST_RESET, S.RESETTING),
        T.SEND: Row(A.LOSE, state),
        **dict.fromkeys((*_FRAMES, *_DAMAGE), Row(A.DROP, state)),
    }


LINK_TRANSITIONS: Final[Table[LinkState, LinkTrigger, LinkAction]] = {
    S.WAITING: _always(S.WAITING),
    S.RESETTING: {**_always(S.RESETTING), T.RST: Row(A.DROP, S.RESETTING)},
    S.CONNECTED: {
        **_always(S.CONNECTED),
        T.SEND: Row(A.QUEUE, S.CONNECTED),
        T.DATA: Row(A.TAKE_DATA, S.CONNECTED),
        T.ACK: Row(A.TAKE_ACK, S.CONNECTED),
        T.NAK: Row(A.TAKE_NAK, S.CONNECTED),
        T.DAMAGED_DATA: Row(A.REJECT, S.CONNECTED),
        T.ACK_DUE: Row(A.ACKNOWLEDGE, S.CONNECTED),
        T.ACK_LATE: Row(A.RESEND, S.CONNECTED),
        T.ACK_GIVEN_UP: Row(A.FAIL, S.FAILED),
        T.READY_AGAIN: Row(A.RELEASE, S.CONNECTED),
    },
    # UG101 6: every frame but RST is answered by ERROR; what is damaged is no frame.
    S.FAILED: {**_always(S.FAILED), **dict.fromkeys(_FRAMES, Row(A.REPEAT_ERROR, S.FAILED))},
}
"""What has no row is not allowed there."""
