"""Finding out what a device shows of itself: its endpoints (Active_EP_req), then the simple descriptor of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import ApsIndication, ApsPort, SimpleDescriptor
from emulator.zigbee.frames.zdo import (
    ActiveEpReq,
    ActiveEpRsp,
    SimpleDescReq,
    SimpleDescRsp,
    ZdoMessage,
    ZdoStatus,
    decode_zdo,
)
from emulator.zigbee.node.zdo import zdo_message

RESPONSE_WAIT: Final = 10 * SECOND
"""µs for an answer: a sleepy device must fetch the request first."""
TRIES: Final = 3
NO_ANSWER: Final = "no-answer"
REFUSED: Final = "refused"


class DescriptorReadingUser(Protocol):
    """The device that wants to know."""

    def descriptors_read(self, device: Eui64, descriptors: tuple[SimpleDescriptor, ...], now: int) -> None:
        """All that it shows."""

    def descriptors_missing(self, device: Eui64, reason: str, now: int) -> None:
        """It does not say (`no-answer`), or will not (`refused`)."""


@dataclass(slots=True)
class _Reading:
    """One device being read: where it is, what is still to be asked, and what it has said.

    Attributes:
        endpoints: still to be asked for; None before it has said which it has.
    """

    device: Eui64
    short: int
    endpoints: list[int] | None = None
    found: list[SimpleDescriptor] = field(default_factory=list)
    tries: int = TRIES

    def request(self) -> ZdoMessage:
        """What to ask next."""
        return ActiveEpReq(self.short) if self.endpoints is None else SimpleDescReq(self.short, self.endpoints[0])


class DescriptorReading:
    """Readings under way, one a device.

    Args:
        port: the stack.
        user: who is told.
        alarm: moved forward by every deadline.
    """

    def __init__(self, port: ApsPort, user: DescriptorReadingUser, alarm: Alarm) -> None:
        self.timers: Timers[int] = Timers(alarm)
        self._port = port
        self._user = user
        self._sequence = 0
        self._asked: dict[int, _Reading] = {}

    def stop(self) -> None:
        """Power is gone."""
        self.timers.clear()
        self._asked.clear()

    def read(self, device: Eui64, short: int, now: int) -> None:
        """Ask a device, unless that is under way."""
        if not any(reading.device == device for reading in self._asked.values()):
            self._ask(_Reading(device, short), now)

    def received(self, message: ApsIndication, now: int) -> None:
        """A ZDO response."""
        if message.cluster not in (ActiveEpRsp.cluster, SimpleDescRsp.cluster):
            return
        try:
            sequence, response = decode_zdo(message.cluster, message.payload)
        except DecodeError:
            return
        reading = self._asked.get(sequence)
        if reading is None or message.source != reading.short or not _answers(response, reading):
            return
        del self._asked[sequence]
        self.timers.cancel(sequence)
        self._take(reading, response, now)

    def on_timeout(self, now: int) -> None:
        """Ask again, or give up."""
        for sequence in self.timers.due(now):
            reading = self._asked.pop(sequence)
            reading.tries -= 1
            if reading.tries:
                self._ask(reading, now)
            else:
                self._user.descriptors_missing(reading.device, NO_ANSWER, now)

    def _ask(self, reading: _Reading, now: int) -> None:
        self._sequence = sequence = (self._sequence + 1) & 0xFF
        self._asked[sequence] = reading
        self.timers.set(sequence, now + RESPONSE_WAIT)
        message = zdo_message(reading.short, sequence, reading.request())
        message.acknowledge = True
        self._port.send(message, now)

    def _take(self, reading: _Reading, response: ZdoMessage, now: int) -> None:
        reading.tries = TRIES
        if isinstance(response, ActiveEpRsp) and response.status == ZdoStatus.SUCCESS:
            reading.endpoints = list(response.endpoints)
        elif isinstance(response, SimpleDescRsp) and response.descriptor is not None and reading.endpoints:
            del reading.endpoints[0]
            reading.found.append(response.descriptor)
        else:
            self._user.descriptors_missing(reading.device, REFUSED, now)
            return
        if reading.endpoints:
            self._ask(reading, now)
        else:
            self._user.descriptors_read(reading.device, tuple(reading.found), now)


def _answers(response: ZdoMessage, reading: _Reading) -> bool:
    """Whether it is the kind of answer that is waited for."""
    return isinstance(response, ActiveEpRsp if reading.endpoints is None else SimpleDescRsp)
