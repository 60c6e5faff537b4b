"""Joining permitted for a while: here, and at every router, which is told again before it forgets."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.clock import SECOND
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import ApsMessage
from emulator.zigbee.node.zdo import LONGEST_PERMIT, permit_joining_request

PERMIT_RENEWAL = (LONGEST_PERMIT - 54) * SECOND
"""Routers are told to permit joining for a limited time, so they are told again."""


class PermitJoiningUser(Protocol):
    """The stack."""

    def permit_joining(self, until: int) -> None:
        """Let devices associate here."""

    def send_own(self, message: ApsMessage, now: int) -> None:
        """Send without telling anybody of the outcome."""


class PermitJoining:
    """How long the device above wants its network open.

    Args:
        user: the stack.
        rng: for ZDO sequence numbers.
        alarm: of the node.
    """

    def __init__(self, user: PermitJoiningUser, rng: Random, alarm: Alarm) -> None:
        self.timers: Timers[str] = Timers(alarm)
        self._user = user
        self._rng = rng
        self._until = 0

    def everywhere(self, until: int, now: int) -> None:
        """Let devices associate until `until` (µs), here and at every router."""
        self._until = until
        self._tell(now)

    def here(self, until: int) -> None:
        """Let devices associate until `until` (µs) with this node alone; nobody is told."""
        self.timers.cancel("permit")
        self._user.permit_joining(until)

    def on_timeout(self, now: int) -> None:
        """Tell the routers again."""
        if self.timers.due(now):
            self._tell(now)

    def _tell(self, now: int) -> None:
        until, user = self._until, self._user
        user.permit_joining(until)
        user.send_own(permit_joining_request(until - now, self._rng.randrange(256)), now)
        if until > now + PERMIT_RENEWAL:
            self.timers.set("permit", now + PERMIT_RENEWAL)
        else:
            self.timers.cancel("permit")
