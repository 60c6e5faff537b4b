"""What a device says to the hub at regular intervals: reports of its own attributes, and reads of the hub's.

Each exchange ends in an event with what it took: `traffic.passed`, or `traffic.lost` with the reason.  Which endpoint
of the hub a cluster is served on is asked for once (Match Descriptor).

Assumption: a meter reports to the endpoint that serves Metering, the mirror, without asking for a mirror before; the
texts of Smart Energy were not at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import DecodeError
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.devices.endpoint import Endpoint
from emulator.devices.profile import TrafficTable
from emulator.ports.aps import COORDINATOR, ApsIndication, Outcome
from emulator.zigbee.frames.zcl import ZclFrame, decode
from emulator.zigbee.frames.zcl_foundation import (
    AttributeValue,
    DefaultResponse,
    FoundationCommand,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
    encode_foundation,
)
from emulator.zigbee.frames.zcl_status import Status

ANSWER_WAIT: Final = 30 * SECOND
"""µs after which an answer counts as lost; an acknowledgement of a sleepy device may take a third of it."""
LOOK_AGAIN: Final = MINUTE
"""µs between searches for a cluster that the hub did not name."""
FIRST_WITHIN: Final = MINUTE
"""µs in which the first exchange begins, so that devices do not all speak at once."""

REPORT: Final = "report"
READ: Final = "read"
NO_ANSWER: Final = "no-answer"


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One exchange under way: what, about which cluster, and since when (µs)."""

    what: str
    cluster: int
    began: int


class TrafficUser(Protocol):
    """Searches for it."""

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster; `server_found` or `server_missing` tells."""


class Traffic:
    """The traffic of one device with its hub.

    Args:
        user: searches for the hub's clusters.
        endpoint: to send from; its attributes are what is reported.
        tables: what is said, and how often.
        rng: the stream for the moments of the first exchanges.
        report: told how every exchange ended.
        alarm: moved forward by every deadline.
    """

    def __init__(
        self,
        user: TrafficUser,
        endpoint: Endpoint,
        tables: Sequence[TrafficTable],
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self._due: Timers[int] = Timers(alarm)
        self._waits: Timers[int] = Timers(alarm)
        self._user = user
        self._endpoint = endpoint
        self._tables = tuple(tables)
        self._rng = rng
        self._report = report
        self._served_at: dict[int, int] = {}
        self._by_handle: dict[int, _Exchange] = {}
        self._sequence_of: dict[int, int] = {}
        self._by_sequence: dict[int, _Exchange] = {}

    def start(self, now: int) -> None:
        """On the network: find the clusters, and speak from then on."""
        for cluster in self.clusters:
            if cluster not in self._served_at:
                self._user.find_service(cluster, now)
        for index, table in enumerate(self._tables):
            self._due.set(index, now + 1 + self._rng.randrange(min(table.every, FIRST_WITHIN)))

    def stop(self, _now: int) -> None:
        """Off the network, or without power: nothing is waited for."""
        self._due.clear()
        self._waits.clear()
        self._by_handle.clear()
        self._sequence_of.clear()
        self._by_sequence.clear()

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs."""
        return min(
            (at for at in (self._due.next_timeout(), self._waits.next_timeout()) if at is not None), default=None
        )

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for sequence in self._waits.due(now):
            self._lost(self._by_sequence.pop(sequence), NO_ANSWER, now)
        for index in self._due.due(now):
            self._speak(index, now)

    @property
    def clusters(self) -> tuple[int, ...]:
        """Those of the hub that it is about."""
        return tuple(dict.fromkeys(table.cluster for table in self._tables))

    # What the device hands on

    def answered(self, message: ApsIndication, now: int) -> bool:
        """A message for the endpoint; whether it answers a read of ours."""
        if not self._by_sequence:
            return False
        try:
            frame = decode(message.payload)
        except DecodeError:
            return False
        answers = not frame.cluster_specific and frame.command == ReadAttributesResponse.command
        exchange = self._by_sequence.get(frame.sequence) if answers and message.source == COORDINATOR else None
        if exchange is None or exchange.cluster != message.cluster:
            return False
        del self._by_sequence[frame.sequence]
        self._waits.cancel(frame.sequence)
        self._passed(exchange, now)
        return True

    def sent(self, handle: int, outcome: Outcome, now: int) -> bool:
        """What became of a message; whether it was one of these."""
        exchange = self._by_handle.pop(handle, None)
        if exchange is None:
            return False
        sequence = self._sequence_of.pop(handle, None)
        if sequence is not None and self._by_sequence.get(sequence) is not exchange:
            return True  # The answer was quicker than the acknowledgement.
        if outcome is not Outcome.DELIVERED:
            if sequence is not None:
                del self._by_sequence[sequence]
                self._waits.cancel(sequence)
            self._lost(exchange, outcome.value, now)
        elif sequence is None:
            self._passed(exchange, now)
        return True

    def received(self, _message: ApsIndication, _frame: ZclFrame, _now: int) -> bool:
        """It knows no command of its clusters."""
        return False

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """A read that the hub refuses stays unanswered, and is reported as lost."""

    def server_found(self, cluster: int, endpoint: int, _now: int) -> None:
        """The hub serves a cluster there."""
        self._served_at[cluster] = endpoint

    def server_missing(self, cluster: int, reason: str, now: int) -> None:
        """The hub does not serve it, or does not say; each exchange that falls due asks again."""
        self._report("traffic.discovery", reason, {"cluster": f"{cluster:04x}"}, now)

    # Speaking

    def _speak(self, index: int, now: int) -> None:
        table = self._tables[index]
        endpoint = self._served_at.get(table.cluster)
        if endpoint is None:
            self._user.find_service(table.cluster, now)
            self._due.set(index, now + min(table.every, LOOK_AGAIN))
            return
        self._due.set(index, now + table.every)
        if table.report:
            self._send(REPORT, table.cluster, endpoint, self._readings(table, now), now)
        if table.read:
            self._send(READ, table.cluster, endpoint, ReadAttributes(table.read), now)

    def _readings(self, table: TrafficTable, now: int) -> ReportAttributes:
        """The attributes as they are now."""
        read = self._endpoint.server.read(table.cluster, ReadAttributes(table.report), now)
        found = ((one.attribute, one.value) for one in read.records if one.status == Status.SUCCESS)
        return ReportAttributes(tuple(AttributeValue(number, value) for number, value in found if value is not None))

    def _send(self, what: str, cluster: int, endpoint: int, message: FoundationCommand, now: int) -> None:
        command, payload = encode_foundation(message)
        sequence = self._endpoint.next_sequence()
        frame = ZclFrame(False, what == REPORT, sequence, command, payload, disable_default_response=True)
        exchange = _Exchange(what, cluster, now)
        handle = self._endpoint.send(COORDINATOR, endpoint, cluster, frame, now, link_key=True)
        self._by_handle[handle] = exchange
        if what == READ:
            self._sequence_of[handle] = sequence
            self._by_sequence[sequence] = exchange
            self._waits.set(sequence, now + ANSWER_WAIT)

    def _passed(self, exchange: _Exchange, now: int) -> None:
        self._report("traffic.passed", None, _fields(exchange, now), now)

    def _lost(self, exchange: _Exchange, reason: str, now: int) -> None:
        self._report("traffic.lost", reason, _fields(exchange, now), now)


def _fields(exchange: _Exchange, now: int) -> dict[str, object]:
    return {"what": exchange.what, "cluster": f"{exchange.cluster:04x}", "us": now - exchange.began}
