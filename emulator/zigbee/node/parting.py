"""Leaving for good: the neighbours are told, and the node is gone when that is out or takes too long."""

from __future__ import annotations

from typing import Protocol

from emulator.core.clock import MILLISECOND
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import BROADCAST_ALL
from emulator.zigbee.frames.nwk_commands import Leave, encode_command
from emulator.zigbee.node.nwk import NwkLayer

PARTING_WAIT = 500 * MILLISECOND
"""How long a node that leaves may take to say so."""


class PartingUser(Protocol):
    """The network management of the node."""

    def parted(self, reason: str, now: int) -> None:
        """The farewell is out, or takes too long; `reason` as it was given."""


class Parting:
    """The farewell of one node.

    Args:
        nwk: to say it with.
        user: told when it is over.
        alarm: of the node.

    Attributes:
        reason: why the node leaves; None as long as it does not.
    """

    def __init__(self, nwk: NwkLayer, user: PartingUser, alarm: Alarm) -> None:
        self.reason: str | None = None
        self.timers: Timers[str] = Timers(alarm)
        self._nwk = nwk
        self._user = user

    def begin(self, reason: str, now: int) -> None:
        """Say farewell to the neighbours."""
        self.reason = reason
        self.timers.set("parted", now + PARTING_WAIT)
        self._nwk.send_command(BROADCAST_ALL, encode_command(Leave()), now, radius=1, context=self)

    def said(self, now: int) -> None:
        """The farewell is out, or could not be sent."""
        reason, self.reason = self.reason, None
        self.timers.clear()
        if reason is not None:
            self._user.parted(reason, now)

    def timed_out(self, now: int) -> bool:
        """Whether the farewell takes too long; that is the end of it."""
        if not self.timers.due(now):
            return False
        self.said(now)
        return True
