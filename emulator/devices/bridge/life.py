"""The life of a bridge as a table: that of every device that joins, cuts of its power, and activation; data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.core.table import Row
from emulator.devices.joining.life import JOINER_LIFE, Life, LifeAction, LifeEvent, LifeTable

L, E, A = Life, LifeEvent, LifeAction
_Rows = Mapping[LifeEvent, Row[Life, LifeAction]]

_CUTS: Final[_Rows] = {
    E.POWER_CUT: Row(A.LOSE_POWER, L.OFF),
    E.RUN_DOWN: Row(A.GO_DEAD, L.OFF),
}

_BESIDE: Final[Mapping[Life, _Rows]] = {
    L.OFF: {},
    L.BOOTING: _CUTS,
    L.JOINING: _CUTS,
    L.ESTABLISHING: _CUTS,
    L.RUNNING: {**_CUTS, E.ACTIVATE: Row(A.WRITE_IMAGE, L.ACTIVATING)},
    L.ACTIVATING: {
        **_CUTS,
        E.POWER_OFF: Row(A.SHUT_DOWN, L.OFF),
        E.NETWORK_UP: Row(A.NOTE, L.ACTIVATING),
        E.TRUST_CENTRE_CHANGED: Row(A.NOTE, L.ACTIVATING),  # It boots next, and establishes keys then.
        E.NETWORK_DOWN: Row(A.NOTE, L.ACTIVATING),
        E.WRITTEN: Row(A.SWITCH_OVER, L.BOOTING),
    },
}
"""Rows beside those of every device that joins."""

LIFE: Final[LifeTable] = {state: {**JOINER_LIFE.get(state, {}), **_BESIDE[state]} for state in Life}
"""What has no row changes nothing."""
