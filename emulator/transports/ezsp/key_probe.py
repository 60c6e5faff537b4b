"""Whether a link key that was just established works at the stick: one message under it, acknowledged under it.

No source proves where a stick wants such a key (`KeyMethod`), and one that took it in the wrong place drops in silence
whatever comes under it.  So the port finds out at once, and says so.  What is sent is a ZCL Default Response, which
nobody answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import Outcome

SAYS_NOTHING: Final = bytes((0x10, 0x00, 0x0B, 0x00, 0x00))
"""A Default Response of status SUCCESS to a read of attributes."""
PROBED: Final = "trust.link-key-probe"
_TRIES: Final = 3
_PAUSE: Final = 2 * SECOND
"""Before each try: the partner may need longer than we to put the key in force."""

Send = Callable[[Eui64, int], int | None]
"""Sends the message to an endpoint of a partner; its handle, None where the partner is not to be reached now."""


class KeyProbe:
    """The probes of one port; needs a running asyncio loop.

    Args:
        send: see `Send`.
        report: told `trust.link-key-probe`, with a reason where the key does not work.
        clock: µs.
    """

    def __init__(self, send: Send, report: Report, clock: Callable[[], int]) -> None:
        self._send = send
        self._report = report
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._endpoints: dict[Eui64, int] = {}
        self._timers: dict[Eui64, asyncio.TimerHandle] = {}
        self._sent: dict[int, tuple[Eui64, int]] = {}

    def heard(self, partner: Eui64, endpoint: int) -> None:
        """A partner establishes a key from this endpoint."""
        self._endpoints[partner] = endpoint

    def begin(self, partner: Eui64) -> None:
        """A key with this partner is in force at the stick."""
        if partner in self._endpoints:
            self._later(partner, 1)

    def settled(self, handle: int, outcome: Outcome) -> bool:
        """What became of a message; False if it is none of ours."""
        sent = self._sent.pop(handle, None)
        if sent is None:
            return False
        partner, tries = sent
        if outcome is Outcome.DELIVERED:
            self._tell(partner, tries, None)
        elif outcome is Outcome.NO_APS_ACK and tries >= _TRIES:
            self._tell(partner, tries, outcome.value)
        elif tries < _TRIES:
            self._later(partner, tries + 1)
        return True

    def stop(self) -> None:
        """Off the network: whatever was to be found out is not."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._sent.clear()

    def _later(self, partner: Eui64, tries: int) -> None:
        before = self._timers.pop(partner, None)
        if before is not None:
            before.cancel()
        self._timers[partner] = self._loop.call_later(_PAUSE / SECOND, self._try, partner, tries)

    def _try(self, partner: Eui64, tries: int) -> None:
        self._timers.pop(partner, None)
        handle = self._send(partner, self._endpoints[partner])
        if handle is not None:
            self._sent[handle] = (partner, tries)

    def _tell(self, partner: Eui64, tries: int, reason: str | None) -> None:
        self._report(PROBED, reason, {"partner": eui64_text(partner), "tries": tries}, self._clock())
