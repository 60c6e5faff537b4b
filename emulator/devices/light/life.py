"""The life of a light device as a table: power and network; data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class LightLife(Enum):
    """Where a light device stands in its life."""

    OFF = "off"
    BOOTING = "booting"
    JOINING = "joining"
    """Joining a network, or going on with the one it knows."""
    ESTABLISHING = "establishing"
    """On the network, without a link key of its own so far."""
    RUNNING = "running"


class LightEvent(Enum):
    """What can happen to it."""

    POWER_ON = "power-on"
    POWER_OFF = "power-off"
    BOOTED = "booted"
    NETWORK_UP = "network-up"
    TRUST_CENTRE_CHANGED = "trust-centre-changed"
    """On the network again, under another trust centre: nothing that was agreed with the one before holds."""
    NETWORK_DOWN = "network-down"
    NOT_JOINED = "not-joined"
    """The stack knows no network to go on with."""
    KEY_ESTABLISHED = "key-established"
    """It has a link key of its own with the hub, or needs none."""
    REJOIN_DUE = "rejoin-due"


class LightAction(Enum):
    """What it does; `model.ACTIONS` has the code."""

    BOOT = "boot"
    STAY_OFF = "stay-off"
    SHUT_DOWN = "shut-down"
    RESUME = "resume"
    JOIN = "join"
    JOIN_LATER = "join-later"
    ESTABLISH = "establish"
    START_OVER = "start-over"
    """Stop whatever is under way, and establish keys."""
    RUN = "run"
    LOSE_NETWORK = "lose-network"
    NOTE = "note"
    """Nothing: it has been reported."""


L, E, A = LightLife, LightEvent, LightAction

LIGHT_LIFE: Final[Table[LightLife, LightEvent, LightAction]] = {
    L.OFF: {
        E.POWER_ON: Row(A.BOOT, L.BOOTING),
        E.POWER_OFF: Row(A.STAY_OFF, L.OFF),
    },
    L.BOOTING: {
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.BOOTED: Row(A.RESUME, L.JOINING),
    },
    L.JOINING: {
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.NETWORK_UP: Row(A.ESTABLISH, L.ESTABLISHING),
        E.TRUST_CENTRE_CHANGED: Row(A.ESTABLISH, L.ESTABLISHING),
        E.NOT_JOINED: Row(A.JOIN, L.JOINING),
        E.NETWORK_DOWN: Row(A.JOIN_LATER, L.JOINING),
        E.REJOIN_DUE: Row(A.JOIN, L.JOINING),
    },
    L.ESTABLISHING: {
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.NETWORK_UP: Row(A.NOTE, L.ESTABLISHING),
        E.TRUST_CENTRE_CHANGED: Row(A.START_OVER, L.ESTABLISHING),
        E.NETWORK_DOWN: Row(A.LOSE_NETWORK, L.JOINING),
        E.KEY_ESTABLISHED: Row(A.RUN, L.RUNNING),
    },
    L.RUNNING: {
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.NETWORK_UP: Row(A.NOTE, L.RUNNING),
        E.TRUST_CENTRE_CHANGED: Row(A.START_OVER, L.ESTABLISHING),
        E.NETWORK_DOWN: Row(A.LOSE_NETWORK, L.JOINING),
    },
}
"""What has no row changes nothing."""
