"""The states of an XMODEM receiver, what can happen in them, and what follows: data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class XmodemState(Enum):
    """Where a receiver stands."""

    POLLING = "polling"
    """Asking for the first block with a `C`, time and again."""
    RECEIVING = "receiving"
    """The sender has begun a block, if not more."""
    ENDED = "ended"


class XmodemTrigger(Enum):
    """What can happen."""

    BLOCK_BEGUN = "block-begun"
    """SOH."""
    BLOCK_TAKEN = "block-taken"
    """The next block, undamaged, with nothing to be said against what is in it."""
    BLOCK_REPEATED = "block-repeated"
    """The last block's number once more."""
    BLOCK_DAMAGED = "block-damaged"
    """A wrong number, a number that is not confirmed, or a wrong check sum."""
    REFUSED = "refused"
    """The next block, undamaged, but what is in it will not do."""
    ENDED_WHOLE = "ended-whole"
    """EOT, and nothing is missing."""
    ENDED_EARLY = "ended-early"
    """EOT, and something is."""
    CANCELLED = "cancelled"
    """CAN, Ctrl-C or `C` from the sender."""
    NOT_A_HEADER = "not-a-header"
    """Any other octet where a block should begin."""
    SILENCE = "silence"
    """Too long a wait for a block, or for the rest of it."""
    STALLED = "stalled"
    """So many waits in a row that there is no sense in another."""


class XmodemAction(Enum):
    """What the receiver does; `xmodem.ACTIONS` has the code."""

    POLL = "poll"
    COLLECT = "collect"
    ACKNOWLEDGE = "acknowledge"
    ASK_AGAIN = "ask-again"
    COMPLETE = "complete"
    CANCEL = "cancel"


S, T, A = XmodemState, XmodemTrigger, XmodemAction
_Row = Row[XmodemState, XmodemAction]

_BETWEEN_BLOCKS: Final[dict[XmodemTrigger, _Row]] = {
    T.BLOCK_BEGUN: Row(A.COLLECT, S.RECEIVING),
    T.ENDED_EARLY: Row(A.CANCEL, S.ENDED),
    T.CANCELLED: Row(A.CANCEL, S.ENDED),
    T.NOT_A_HEADER: Row(A.CANCEL, S.ENDED),
    T.STALLED: Row(A.CANCEL, S.ENDED),
}

XMODEM_TRANSITIONS: Final[Table[XmodemState, XmodemTrigger, XmodemAction]] = {
    S.POLLING: {T.SILENCE: Row(A.POLL, S.POLLING), **_BETWEEN_BLOCKS},
    S.RECEIVING: {
        T.BLOCK_TAKEN: Row(A.ACKNOWLEDGE, S.RECEIVING),
        T.BLOCK_REPEATED: Row(A.ACKNOWLEDGE, S.RECEIVING),
        T.BLOCK_DAMAGED: Row(A.ASK_AGAIN, S.RECEIVING),
        T.REFUSED: Row(A.CANCEL, S.ENDED),
        T.ENDED_WHOLE: Row(A.COMPLETE, S.ENDED),
        T.SILENCE: Row(A.ASK_AGAIN, S.RECEIVING),
        **_BETWEEN_BLOCKS,
    },
    S.ENDED: {},
}
"""What has no row is not allowed there."""
