"""How a device finds its way back, as a table: what starts it, what follows, and when it rests.

A rest is a state of its own, because whatever starts a rejoin can be forged or can go on for ever: in it nothing
starts another attempt before its time is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from emulator.core.table import Row, Table


class RejoinState(Enum):
    """Where it stands."""

    SETTLED = "settled"
    ORPHANED = "orphaned"
    SCANNING = "scanning"
    ASKING = "asking"
    AWAITING_KEY = "awaiting-key"
    RESTING = "resting"


class RejoinTrigger(Enum):
    """What drives it on."""

    PARENT_LOST = "parent-lost"
    NETWORK_LOST = "network-lost"
    KEY_MISSED = "key-missed"
    TRUST_CENTRE_LOST = "trust-centre-lost"
    WITHOUT_KEY = "without-network-key"
    """Somebody wants a trust centre rejoin, whatever the network key that we have is worth."""
    ASKED_TO = "asked-to"
    REALIGNED = "realigned"
    TIMEOUT = "timeout"
    NEXT_CHANNEL = "next-channel"
    FOUND = "found"
    NOBODY = "nobody"
    ACCEPTED = "accepted"
    KEY_TO_COME = "key-to-come"
    KEY_CAME = "key-came"
    HEARD_AGAIN = "heard-again"
    STILL_LOST = "still-lost"


class RejoinAction(Enum):
    """What is done."""

    CALL_PARENT = "call-parent"
    SCAN = "scan"
    SCAN_ON = "scan-on"
    """The next channel."""
    ASK = "ask"
    AWAIT_KEY = "await-key"
    GO_ON = "go-on"
    REST = "rest"
    SETTLE = "settle"


_S, _T, _A = RejoinState, RejoinTrigger, RejoinAction
_SCAN, _ASK, _REST = Row(_A.SCAN, _S.SCANNING), Row(_A.ASK, _S.ASKING), Row(_A.REST, _S.RESTING)
_GO_ON = Row(_A.GO_ON, _S.RESTING)

REJOIN: Table[RejoinState, RejoinTrigger, RejoinAction] = {
    _S.SETTLED: {
        _T.PARENT_LOST: Row(_A.CALL_PARENT, _S.ORPHANED),
        _T.NETWORK_LOST: _SCAN,
        _T.ASKED_TO: _SCAN,
        _T.TRUST_CENTRE_LOST: _SCAN,
        _T.WITHOUT_KEY: _SCAN,
        # With others who missed it too: not all at once.
        _T.KEY_MISSED: _REST,
    },
    _S.ORPHANED: {_T.REALIGNED: _GO_ON, _T.TIMEOUT: _SCAN},
    _S.SCANNING: {_T.NEXT_CHANNEL: Row(_A.SCAN_ON, _S.SCANNING), _T.FOUND: _ASK, _T.NOBODY: _REST},
    _S.ASKING: {
        _T.ACCEPTED: _GO_ON,
        _T.KEY_TO_COME: Row(_A.AWAIT_KEY, _S.AWAITING_KEY),
        _T.FOUND: _ASK,
        _T.NOBODY: _REST,
    },
    _S.AWAITING_KEY: {_T.KEY_CAME: _GO_ON, _T.FOUND: _ASK, _T.NOBODY: _REST},
    _S.RESTING: {
        _T.HEARD_AGAIN: Row(_A.SETTLE, _S.SETTLED),
        _T.STILL_LOST: _SCAN,
        _T.ASKED_TO: _SCAN,
        _T.TRUST_CENTRE_LOST: _SCAN,
        _T.WITHOUT_KEY: _SCAN,
    },
}
"""Whatever has no row comes too late, or too soon after the last time, and changes nothing."""

ENDINGS: Mapping[RejoinState, str] = {
    RejoinState.SCANNING: "no-beacon",
    RejoinState.ASKING: "no-rejoin-response",
    RejoinState.AWAITING_KEY: "no-key",
}
"""Why an attempt failed, by how far it came, where nothing more is known."""
