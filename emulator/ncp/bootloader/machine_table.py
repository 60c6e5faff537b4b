"""The states of the bootloader, what can happen in them, and what follows: data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class BootloaderState(Enum):
    """Where a bootloader stands."""

    OFF = "off"
    """The application runs, or nothing does."""
    MENU = "menu"
    OPENING = "opening"
    """An upload was chosen; what comes before the first `C` is thrown away."""
    UPLOADING = "uploading"
    CLOSING = "closing"
    """The transfer has ended; the message about it is not out yet."""


class BootloaderTrigger(Enum):
    """What can happen."""

    STARTED = "started"
    """Entered from the application, by a reset, or because there is no application to run."""
    STOPPED = "stopped"
    """No power, or a reset."""
    UPLOAD_CHOSEN = "upload-chosen"
    RUN_CHOSEN = "run-chosen"
    REPLACEMENT_CHOSEN = "replacement-chosen"
    """Run, with a newer bootloader in the image that has come last."""
    MENU_CHOSEN = "menu-chosen"
    """Any other octet, among them that of `ebl info`, which does nothing else."""
    WAITED = "waited"
    """The short wait of this state is over."""
    TRANSFER_ENDED = "transfer-ended"
    NO_SENDER = "no-sender"
    """Nobody has begun to send."""


class BootloaderAction(Enum):
    """What the bootloader does; `machine.ACTIONS` has the code."""

    START = "start"
    SHOW_MENU = "show-menu"
    STOP = "stop"
    OPEN = "open"
    RECEIVE = "receive"
    CLOSE = "close"
    CONCLUDE = "conclude"
    RUN = "run"
    REPLACE = "replace"


S, T, A = BootloaderState, BootloaderTrigger, BootloaderAction
_Row = Row[BootloaderState, BootloaderAction]

_ALWAYS: Final[dict[BootloaderTrigger, _Row]] = {
    T.STARTED: Row(A.START, S.MENU),
    T.STOPPED: Row(A.STOP, S.OFF),
}

BOOTLOADER_TRANSITIONS: Final[Table[BootloaderState, BootloaderTrigger, BootloaderAction]] = {
    S.OFF: _ALWAYS,
    S.MENU: {
        T.UPLOAD_CHOSEN: Row(A.OPEN, S.OPENING),
        T.RUN_CHOSEN: Row(A.RUN, S.OFF),
        T.REPLACEMENT_CHOSEN: Row(A.REPLACE, S.MENU),
        T.MENU_CHOSEN: Row(A.SHOW_MENU, S.MENU),
        **_ALWAYS,
    },
    S.OPENING: {T.WAITED: Row(A.RECEIVE, S.UPLOADING), **_ALWAYS},
    S.UPLOADING: {
        T.TRANSFER_ENDED: Row(A.CLOSE, S.CLOSING),
        T.NO_SENDER: Row(A.SHOW_MENU, S.MENU),
        **_ALWAYS,
    },
    S.CLOSING: {T.WAITED: Row(A.CONCLUDE, S.MENU), **_ALWAYS},
}
"""What has no row is not allowed there."""
