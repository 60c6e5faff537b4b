"""Whether the trust centre is still there: its Keep-Alive cluster is read every so often, and missed after a few times.

The trust centre says itself how often that is to be, in the two attributes that are read.  A device that misses it
looks for the next one, and goes on doing so as often as it would have read.
"""

from __future__ import annotations

from random import Random
from typing import Final, Protocol

from emulator.core.clock import MINUTE, SECOND
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.devices.endpoint import Endpoint
from emulator.ports.aps import COORDINATOR, Outcome
from emulator.zigbee.clusters.keep_alive import KEEP_ALIVE_CLUSTER, TC_KEEP_ALIVE_BASE, TC_KEEP_ALIVE_JITTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import ReadAttributes, ReadAttributesResponse, encode_foundation

ANSWER_WAIT: Final = 30 * SECOND
"""µs after which an answer counts as missing."""
DEFAULT_BASE: Final = 10
"""Minutes between two reads, before the trust centre has said how many."""
DEFAULT_JITTER: Final = 300
"""Seconds that are added at most, likewise."""
NO_ANSWER: Final = "no-answer"

_READ: Final = "read"
_WAIT: Final = "wait"


class TrustCentreWatchUser(Protocol):
    """The device."""

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster; `server_found` or `server_missing` tells."""

    def trust_centre_lost(self, now: int) -> None:
        """It has not answered for long: look for another one."""


class TrustCentreWatch:
    """The watch of one device.

    Args:
        user: the device.
        endpoint: to read from.
        failures: reads in a row that must fail.
        rng: for the jitter.
        report: told of reads that fail.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        user: TrustCentreWatchUser,
        endpoint: Endpoint,
        failures: int,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.timers: Timers[str] = Timers(alarm)
        self._user = user
        self._endpoint = endpoint
        self._most = failures
        self._rng = rng
        self._report = report
        self._served_at: int | None = None
        self._handle: int | None = None
        self._failures = 0
        self._base = DEFAULT_BASE
        self._jitter = DEFAULT_JITTER

    def start(self, now: int) -> None:
        """There is a link key with the trust centre."""
        self._failures = 0
        self._later(now)

    def stop(self) -> None:
        """Off the network, or without power; with the next trust centre all is asked anew."""
        self.timers.clear()
        self._served_at = self._handle = None

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for step in self.timers.due(now):
            if step == _WAIT:
                self._failed(NO_ANSWER, now)
            elif self._served_at is None:
                self._user.find_service(KEEP_ALIVE_CLUSTER, now)
            else:
                self._read(self._served_at, now)

    # What the hub says

    def server_found(self, endpoint: int, now: int) -> None:
        """The trust centre serves the cluster there."""
        self._served_at = endpoint
        self._read(endpoint, now)

    def server_missing(self, reason: str, now: int) -> None:
        """It is silent, which is a failure; or it does not serve the cluster, and then there is nothing to watch."""
        if reason == NO_ANSWER:
            self._failed(reason, now)

    def attributes_read(self, response: ReadAttributesResponse, now: int) -> None:
        """It answers: all is well, and it may have changed its mind about how often."""
        if _WAIT not in self.timers:
            return
        self.timers.cancel(_WAIT)
        values = {one.attribute: one.value.value for one in response.records if one.value is not None}
        base, jitter = values.get(TC_KEEP_ALIVE_BASE), values.get(TC_KEEP_ALIVE_JITTER)
        if isinstance(base, int) and base:
            self._base = base
        if isinstance(jitter, int):
            self._jitter = jitter
        self._failures = 0
        self._later(now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; whether it was one of these."""
        if handle != self._handle:
            return False
        self._handle = None
        if outcome is not Outcome.DELIVERED and _WAIT in self.timers:
            self.timers.cancel(_WAIT)
            self._failed(outcome.value, now)
        return True

    # How

    def _read(self, endpoint: int, now: int) -> None:
        command, payload = encode_foundation(ReadAttributes((TC_KEEP_ALIVE_BASE, TC_KEEP_ALIVE_JITTER)))
        sequence = self._endpoint.next_sequence()
        frame = ZclFrame(False, False, sequence, command, payload, disable_default_response=True)
        self._handle = self._endpoint.send(COORDINATOR, endpoint, KEEP_ALIVE_CLUSTER, frame, now, link_key=True)
        self.timers.set(_WAIT, now + ANSWER_WAIT)

    def _failed(self, reason: str, now: int) -> None:
        self._failures += 1
        self._report("trust.keep-alive", reason, {"failures": self._failures}, now)
        self._later(now)
        if self._failures >= self._most:
            self._user.trust_centre_lost(now)

    def _later(self, now: int) -> None:
        span = self._base * MINUTE + self._rng.randrange(self._jitter + 1) * SECOND
        self.timers.set(_READ, now + span)
