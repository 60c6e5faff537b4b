"""Who may join now: a network that is open until a moment, though a stick opens it for four minutes at most."""

from __future__ import annotations

import asyncio
from typing import Final

from emulator.core.clock import SECOND
from emulator.transports.ezsp import keys
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.outgoing import Outgoing
from emulator.transports.ezsp.setup import trust_centre_policy
from emulator.transports.ezsp.stick import Stick
from emulator.zigbee.node.zdo import permit_joining_request

_LONGEST_S: Final = 254
_RENEWED_AFTER_S: Final = 200


class PermitJoining:
    """Permission to join, renewed as long as it is to last.

    Args:
        host: of the port.
        outgoing: tells the routers.
    """

    def __init__(self, host: Host, outgoing: Outgoing) -> None:
        self._host = host
        self._outgoing = outgoing
        self._loop = asyncio.get_running_loop()
        self._until = 0
        self._timer: asyncio.TimerHandle | None = None
        self._interrupted = False
        """Whether the stick was lost while it was open."""

    def until(self, moment: int) -> None:
        """Let devices join until then (µs)."""
        self._until = moment
        self._queue()

    def forget(self) -> None:
        """The network is down: nobody may join."""
        self._until, self._interrupted = 0, False
        self._cancel()

    def stick_lost(self) -> None:
        """It has forgotten that the network is open."""
        self._interrupted = self._interrupted or self._timer is not None
        self._cancel()

    def network_up(self) -> None:
        """Once the stick is back, whoever may join may join again."""
        interrupted, self._interrupted = self._interrupted, False
        if interrupted and self._until > self._host.clock():
            self._queue()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _queue(self) -> None:
        self._host.work.queue(Job(self._permit))

    async def _permit(self, stick: Stick) -> None:
        """Open or close, here and at every router, and come again while it is to stay open."""
        self._cancel()
        host = self._host
        if not host.up:
            return
        left = max(0, self._until - host.clock())
        duration = min(_LONGEST_S, -(-left // SECOND))
        if host.is_trust_centre:
            for device, key in host.memory.allowed.items():
                await keys.allow(stick, device, key)
            await trust_centre_policy(stick, joining=duration > 0)
        await stick.must("permitJoining", duration=duration)
        self._outgoing.send_own(permit_joining_request(left, host.transaction()))
        if duration:
            again = _RENEWED_AFTER_S if duration == _LONGEST_S else left / SECOND
            self._timer = self._loop.call_later(again, self._queue)
