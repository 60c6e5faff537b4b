"""The states of a server's session with one client, what can happen in them, and what follows: data only.

A server obeys the client's offsets, so these states decide nothing about which octets are sent; they are what it knows
of how far the client is, and whether it still owes it anything.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class ServerState(Enum):
    """How far a client is with one image."""

    EXPECTED = "expected"
    """The image is for it; nothing has come of that yet."""
    OFFERED = "offered"
    SENDING = "sending"
    PAGING = "paging"
    """A page is being sent block by block."""
    DELIVERED = "delivered"
    """It has the image, verified, and was told when to activate."""
    HELD = "held"
    """The same, but it was told to wait."""
    FAILED = "failed"
    """It is through, without the image."""


class ServerTrigger(Enum):
    """What can happen to a session."""

    NOTIFY = "notify"
    QUERIED = "queried"
    """A query that an offer answers."""
    UNWANTED = "unwanted"
    """A query that shows that the image is not for that client after all."""
    REFUSED = "refused"
    """The client does not take the offer."""
    BLOCK_REQUESTED = "block-requested"
    PAGE_REQUESTED = "page-requested"
    PAGE_DUE = "page-due"
    PAGE_OVER = "page-over"
    ENDED = "ended"
    """Upgrade End with SUCCESS."""
    ENDED_AND_HELD = "ended-and-held"
    """The same, and the policy is to wait with the activation."""
    ENDED_WITHOUT = "ended-without"
    """Upgrade End with any other status but REQUIRE_MORE_IMAGE."""
    MORE_WANTED = "more-wanted"
    RELEASED = "released"
    NOTIFY_DUE = "notify-due"
    SILENT = "silent"
    EXPIRED = "expired"
    TAKEN_DOWN = "taken-down"


class ServerAction(Enum):
    """What the server does; `server_actions.ACTIONS` has the code."""

    IGNORE = "ignore"
    NOTIFY = "notify"
    OFFER = "offer"
    SEND_BLOCK = "send-block"
    BEGIN_PAGE = "begin-page"
    SEND_PAGE_BLOCK = "send-page-block"
    DELIVER = "deliver"
    ACKNOWLEDGE_DELIVERY = "acknowledge-delivery"
    ACKNOWLEDGE_FAILURE = "acknowledge-failure"
    RELEASE = "release"
    LOSE_SIGHT = "lose-sight"
    FAIL = "fail"


S, T, A = ServerState, ServerTrigger, ServerAction
_Row = Row[ServerState, ServerAction]


def _under_way(state: ServerState) -> dict[ServerTrigger, _Row]:
    """Rows while the client may still get the image."""
    return {
        T.NOTIFY: Row(A.NOTIFY, state),
        T.NOTIFY_DUE: Row(A.IGNORE, state),
        T.QUERIED: Row(A.OFFER, S.OFFERED),
        T.UNWANTED: Row(A.FAIL, S.FAILED),
        T.REFUSED: Row(A.FAIL, S.FAILED),
        T.BLOCK_REQUESTED: Row(A.SEND_BLOCK, S.SENDING),
        T.PAGE_REQUESTED: Row(A.BEGIN_PAGE, S.PAGING),
        T.ENDED: Row(A.DELIVER, S.DELIVERED),
        T.ENDED_AND_HELD: Row(A.DELIVER, S.HELD),
        T.ENDED_WITHOUT: Row(A.ACKNOWLEDGE_FAILURE, S.FAILED),
        T.MORE_WANTED: Row(A.ACKNOWLEDGE_DELIVERY, S.DELIVERED),
        T.SILENT: Row(A.LOSE_SIGHT, S.EXPECTED),
        T.EXPIRED: Row(A.FAIL, S.FAILED),
        T.TAKEN_DOWN: Row(A.FAIL, S.FAILED),
    }


def _through(state: ServerState) -> dict[ServerTrigger, _Row]:
    """Rows once the client is through; it may begin again all the same."""
    return {
        **_under_way(state),
        T.UNWANTED: Row(A.IGNORE, state),
        T.SILENT: Row(A.IGNORE, state),
        T.EXPIRED: Row(A.IGNORE, state),
        T.TAKEN_DOWN: Row(A.IGNORE, state),
    }


SERVER_TRANSITIONS: Final[Table[ServerState, ServerTrigger, ServerAction]] = {
    S.EXPECTED: {
        **_under_way(S.EXPECTED),
        T.NOTIFY_DUE: Row(A.NOTIFY, S.EXPECTED),
        T.SILENT: Row(A.IGNORE, S.EXPECTED),
    },
    S.OFFERED: _under_way(S.OFFERED),
    S.SENDING: _under_way(S.SENDING),
    S.PAGING: {
        **_under_way(S.PAGING),
        T.PAGE_DUE: Row(A.SEND_PAGE_BLOCK, S.PAGING),
        T.PAGE_OVER: Row(A.IGNORE, S.SENDING),
    },
    S.DELIVERED: {
        **_through(S.DELIVERED),
        T.RELEASED: Row(A.RELEASE, S.DELIVERED),
    },
    S.HELD: {
        **_through(S.HELD),
        T.RELEASED: Row(A.RELEASE, S.DELIVERED),
    },
    S.FAILED: _through(S.FAILED),
}

LOCAL_SERVER_TRIGGERS: Final = frozenset(
    (T.NOTIFY, T.NOTIFY_DUE, T.PAGE_DUE, T.PAGE_OVER, T.RELEASED, T.SILENT, T.EXPIRED, T.TAKEN_DOWN)
)
"""Those that are our own doing; where one has no row, the hub is at fault."""
