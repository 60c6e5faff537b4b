"""How a scan goes, as a table: it lets out what was begun, visits channel after channel, and ends or is stopped."""

from __future__ import annotations

from enum import Enum

from emulator.core.table import Row, Table


class ScanState(Enum):
    """Where a scan stands."""

    DRAINING = "draining"
    """What was begun is still being sent."""
    LISTENING = "listening"
    OVER = "over"


class ScanTrigger(Enum):
    """What drives it on."""

    SENDING = "sending"
    SILENT = "silent"
    TIME_LEFT = "time-left"
    NEXT_CHANNEL = "next-channel"
    LAST_CHANNEL = "last-channel"
    STOPPED = "stopped"


class ScanAction(Enum):
    """What is done."""

    WAIT = "wait"
    VISIT = "visit"
    LISTEN_ON = "listen-on"
    FINISH = "finish"
    GIVE_UP = "give-up"


_S, _T, _A = ScanState, ScanTrigger, ScanAction
_GIVE_UP = Row(_A.GIVE_UP, _S.OVER)

SCAN: Table[ScanState, ScanTrigger, ScanAction] = {
    _S.DRAINING: {
        _T.SENDING: Row(_A.WAIT, _S.DRAINING),
        _T.SILENT: Row(_A.VISIT, _S.LISTENING),
        _T.STOPPED: _GIVE_UP,
    },
    _S.LISTENING: {
        _T.TIME_LEFT: Row(_A.LISTEN_ON, _S.LISTENING),
        _T.NEXT_CHANNEL: Row(_A.VISIT, _S.LISTENING),
        _T.LAST_CHANNEL: Row(_A.FINISH, _S.OVER),
        _T.STOPPED: _GIVE_UP,
    },
    _S.OVER: {},
}
