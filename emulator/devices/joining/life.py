"""The life of a device that joins a HAN as a table: power and network; data only.

States, events and actions are those of all such devices.  `JOINER_LIFE` is the whole life of one that takes no
firmware; those that do have rows beside it.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class Life(Enum):
    """Where a device stands in its life."""

    OFF = "off"
    BOOTING = "booting"
    JOINING = "joining"
    """Joining a network, or going on with the one it knows."""
    ESTABLISHING = "establishing"
    """On the network, without a link key of its own so far."""
    RUNNING = "running"
    ACTIVATING = "activating"
    """Writing a new image into place; it restarts after that."""


class LifeEvent(Enum):
    """What can happen to it."""

    POWER_ON = "power-on"
    POWER_OFF = "power-off"
    POWER_CUT = "power-cut"
    """The power went in the middle of a write to flash."""
    RUN_DOWN = "run-down"
    """Its battery is empty, in the middle of a write or at any time."""
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
    ACTIVATE = "activate"
    WRITTEN = "written"
    """The time that writing an image takes is over."""


class LifeAction(Enum):
    """What it does; `Joiner.actions` has the code."""

    BOOT = "boot"
    STAY_OFF = "stay-off"
    SHUT_DOWN = "shut-down"
    LOSE_POWER = "lose-power"
    GO_DEAD = "go-dead"
    RESUME = "resume"
    JOIN = "join"
    JOIN_LATER = "join-later"
    ESTABLISH = "establish"
    START_OVER = "start-over"
    """Stop whatever is under way, and establish keys."""
    RUN = "run"
    LOSE_NETWORK = "lose-network"
    WRITE_IMAGE = "write-image"
    SWITCH_OVER = "switch-over"
    NOTE = "note"
    """Nothing: it has been reported."""


L, E, A = Life, LifeEvent, LifeAction

LifeTable = Table[Life, LifeEvent, LifeAction]

JOINER_LIFE: Final[LifeTable] = {
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
