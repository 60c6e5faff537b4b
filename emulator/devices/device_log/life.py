"""Where a device of the hub's device log stands, as a table: from its entry in the log to a link key of its own."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class Standing(Enum):
    """How far a device has come."""

    LISTED = "listed"
    """In the log, but it may not join now."""
    INVITED = "invited"
    """It may join under one of its keys."""
    JOINED = "joined"
    """It was given the network key and has yet to finish key establishment."""
    TRUSTED = "trusted"
    """It has a trust centre link key of its own; it may come back under it at any time."""


class LogEvent(Enum):
    """What can happen to it."""

    INVITED = "invited"
    """It may join from now on, or once more."""
    NEXT_KEY = "next-key"
    """The time of one key is over, and that of another begins."""
    WINDOW_ENDED = "window-ended"
    """The time of its last key is over."""
    JOINED = "joined"
    KEY_ESTABLISHED = "key-established"
    """There is a trust centre link key, made by key establishment or found to be in use."""
    TOO_SLOW = "too-slow"
    LEFT = "left"


class LogAction(Enum):
    """What the log does; `device_log_entries.ACTIONS` has the code."""

    PERMIT = "permit"
    FORBID = "forbid"
    WATCH = "watch"
    """Give it a limited time for key establishment."""
    TRUST = "trust"
    EXPEL_UNINVITED = "expel-uninvited"
    EXPEL_SLOW = "expel-slow"
    NOTE = "note"
    """Nothing."""


S, E, A = Standing, LogEvent, LogAction

DEVICE_LOG_LIFE: Final[Table[Standing, LogEvent, LogAction]] = {
    S.LISTED: {
        E.INVITED: Row(A.PERMIT, S.INVITED),
        E.WINDOW_ENDED: Row(A.FORBID, S.LISTED),
        E.JOINED: Row(A.EXPEL_UNINVITED, S.LISTED),
        E.KEY_ESTABLISHED: Row(A.EXPEL_UNINVITED, S.LISTED),
    },
    S.INVITED: {
        E.INVITED: Row(A.PERMIT, S.INVITED),
        E.NEXT_KEY: Row(A.PERMIT, S.INVITED),
        E.WINDOW_ENDED: Row(A.FORBID, S.LISTED),
        E.JOINED: Row(A.WATCH, S.JOINED),
        E.KEY_ESTABLISHED: Row(A.TRUST, S.TRUSTED),
    },
    S.JOINED: {
        E.INVITED: Row(A.NOTE, S.JOINED),
        E.NEXT_KEY: Row(A.NOTE, S.JOINED),
        E.WINDOW_ENDED: Row(A.NOTE, S.JOINED),
        E.JOINED: Row(A.NOTE, S.JOINED),
        E.KEY_ESTABLISHED: Row(A.TRUST, S.TRUSTED),
        E.TOO_SLOW: Row(A.EXPEL_SLOW, S.LISTED),
        E.LEFT: Row(A.NOTE, S.LISTED),
    },
    S.TRUSTED: {
        E.INVITED: Row(A.PERMIT, S.TRUSTED),
        E.NEXT_KEY: Row(A.PERMIT, S.TRUSTED),
        E.KEY_ESTABLISHED: Row(A.TRUST, S.TRUSTED),
    },
}
"""What has no row changes nothing."""
