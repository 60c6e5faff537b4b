"""The life of a Communications Hub as a table: power and its network; data only."""

from __future__ import annotations

from enum import Enum
from typing import Final

from emulator.core.table import Row, Table


class HubLife(Enum):
    """Where a hub stands in its life."""

    OFF = "off"
    BOOTING = "booting"
    STARTING = "starting"
    """Forming its network, or going on with it."""
    RUNNING = "running"


class HubEvent(Enum):
    """What can happen to it."""

    FIRST_POWER = "first-power"
    POWER_ON = "power-on"
    POWER_OFF = "power-off"
    BOOTED = "booted"
    CLASSIFY_DUE = "classify-due"
    """A device of a restored log is to be asked once more what it is."""
    RESTORED = "restored"
    """CCS03: the HAN of the hub before this one is to be formed anew."""
    NETWORK_UP = "network-up"
    NETWORK_DOWN = "network-down"


class HubAction(Enum):
    """What it does; `coordinator.ACTIONS` has the code."""

    FORM = "form"
    FORM_ANEW = "form-anew"
    CLASSIFY = "classify"
    BOOT = "boot"
    STAY_OFF = "stay-off"
    SHUT_DOWN = "shut-down"
    RESUME = "resume"
    SERVE = "serve"
    NOTE = "note"
    """Nothing: it has been reported."""


L, E, A = HubLife, HubEvent, HubAction

HUB_LIFE: Final[Table[HubLife, HubEvent, HubAction]] = {
    L.OFF: {
        E.FIRST_POWER: Row(A.FORM, L.STARTING),
        E.POWER_ON: Row(A.BOOT, L.BOOTING),
        E.POWER_OFF: Row(A.STAY_OFF, L.OFF),
    },
    L.BOOTING: {
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.BOOTED: Row(A.RESUME, L.STARTING),
    },
    L.STARTING: {
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.NETWORK_UP: Row(A.SERVE, L.RUNNING),
        E.NETWORK_DOWN: Row(A.NOTE, L.STARTING),
    },
    L.RUNNING: {
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.RESTORED: Row(A.FORM_ANEW, L.STARTING),
        E.CLASSIFY_DUE: Row(A.CLASSIFY, L.RUNNING),
        E.NETWORK_UP: Row(A.NOTE, L.RUNNING),
        E.NETWORK_DOWN: Row(A.NOTE, L.STARTING),
    },
}
"""What has no row changes nothing."""
