"""A GBCS message from outside, handed to the hub for a device of its HAN or for its own CHF, and what comes of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Event
from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.runtime.han import TIME_LIMIT, BridgeHandle, Han, HubHandle
from emulator.runtime.simulation import Simulation

EXCHANGE_LIMIT: Final = 2 * MINUTE
"""µs of the run: four times the interval at which bridges ask their hub for messages."""

NO_TRANSPORT: Final = "no-gbcs-transport"

_REFUSED = "gbcs.refused"
_NOT_FINAL: Final = frozenset(("no-such-tunnel", "unprotected", "not-the-hub", "get-from-server"))
"""Reasons of the transport: the hub tries again, or it was another frame altogether."""


class ExchangeOutcome(StrEnum):
    """What came of a message."""

    ANSWERED = "answered"
    REFUSED = "refused"
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class ExchangeResult:
    """What came of a message.

    Attributes:
        device: whom it was handed to.
        reason: why there is no answer, machine-readable; None where there is one.
        detail: the same in words, where there are any.
        response: the answer as received; its MAC or signature is not checked here.
        virtual_seconds: how long it took in the time of the run.
    """

    device: Eui64
    outcome: ExchangeOutcome
    reason: str | None = None
    detail: str | None = None
    response: bytes | None = None
    virtual_seconds: float = 0.0


@dataclass(slots=True, eq=False)
class _Exchange:
    """One that is under way; `command` is None where the octets are no GBCS message."""

    device: Eui64
    command: Message | None
    began: int
    result: ExchangeResult | None = None

    def end(
        self,
        outcome: ExchangeOutcome,
        now: int,
        reason: str | None = None,
        detail: str | None = None,
        response: bytes | None = None,
    ) -> ExchangeResult:
        """It is over; the first end counts."""
        if self.result is None:
            span = (now - self.began) / SECOND
            self.result = ExchangeResult(self.device, outcome, reason, detail, response, span)
        return self.result

    def concerns(self, event: Event) -> bool:
        """Whether a refusal is about this message, as far as it says: only of what could be read is a counter known."""
        counter = event.fields.get("originator_counter")
        return counter is None or (self.command is not None and self.command.header.originator_counter == counter)


class GbcsExchange:
    """Hands GBCS messages to the devices of a HAN, the CHF among them, and waits for what comes of them.

    One message at a time is under way to each device: a refusal need not say which message it is about.

    Args:
        simulation: the run.
        han: whose hub carries them.
    """

    def __init__(self, simulation: Simulation, han: Han) -> None:
        self._simulation = simulation
        self._hub = han.hub.device
        self._chf = han.hub.entity_id
        devices: list[BridgeHandle | HubHandle] = [*han.relays, *han.bridges, han.hub]
        self._devices = {device.entity_id: device for device in devices}
        self._open: dict[Eui64, _Exchange] = {}
        self._turns: defaultdict[Eui64, asyncio.Lock] = defaultdict(asyncio.Lock)
        han.acb.listeners.append(self._take_message)
        simulation.recorder.watch(han.hub.name, self._watch_hub)
        for bridge in (*han.relays, *han.bridges):
            simulation.recorder.watch(bridge.name, partial(self._watch_device, bridge.entity_id))

    async def send(self, octets: bytes, to: Eui64 | None = None, limit: int = EXCHANGE_LIMIT) -> ExchangeResult:
        """Hand a message to the hub, and wait for the Response, a refusal, or the end of `limit` (µs of the run).

        Args:
            octets: the message as it is, good or bad: the device judges it.
            to: which device is to get it; its recipient if None.
            limit: how long to wait once it is handed over.

        Raises:
            BadInput: no device of the HAN is meant.
        """
        command = _decoded(octets)
        device = self._target(command, to)
        async with self._turns[device]:
            exchange = self._open[device] = _Exchange(device, command, self._simulation.now)
            try:
                return await self._outcome(exchange, octets, limit)
            finally:
                del self._open[device]

    def _target(self, command: Message | None, to: Eui64 | None) -> Eui64:
        if to is None and command is None:
            raise BadInput("is no GBCS message, so it names no recipient", where="octets", allowed="to: EUI-64")
        device = command.header.recipient if command is not None and to is None else to
        if device is None or device not in self._devices:
            allowed = ", ".join(eui64_text(each) for each in self._devices)
            what = f"no device of the HAN that takes GBCS messages is {eui64_text(device or 0)}"
            raise BadInput(what, where="to", allowed=allowed)
        return device

    async def _outcome(self, exchange: _Exchange, octets: bytes, limit: int) -> ExchangeResult:
        simulation, device = self._simulation, self._devices[exchange.device]
        if not device.speaks_gbcs:
            detail = f"there is no way for GBCS messages to {device.name}"
            return exchange.end(ExchangeOutcome.NO_ANSWER, simulation.now, NO_TRANSPORT, detail)
        self._hub.deliver_gbcs(exchange.device, octets, simulation.now)
        simulation.arm(self._hub)
        await simulation.until(lambda: exchange.result is not None, exchange.began + limit)
        off = "" if device.is_up else f"; {device.name} is not on the network"
        detail = f"nothing came within {limit / SECOND:g} s of the run{off}"
        return exchange.end(ExchangeOutcome.NO_ANSWER, simulation.now, TIME_LIMIT, detail)

    # What comes back

    def _take_message(self, device: Eui64, octets: bytes, now: int) -> bool:
        """A message came up: whether it is the Response to one of ours."""
        exchange = self._open.get(device)
        if exchange is None or exchange.command is None or exchange.result is not None:
            return False
        answer = _decoded(octets)
        if answer is None or not _answers(exchange.command, answer):
            return False
        exchange.end(ExchangeOutcome.ANSWERED, now, response=octets)
        return True

    def _watch_device(self, device: Eui64, event: Event) -> None:
        if event.kind == _REFUSED:
            self._refused(device, event)

    def _watch_hub(self, event: Event) -> None:
        """What the hub does not take, or cannot hand on, names the device; what its own CHF refuses names none."""
        if event.kind == _REFUSED:
            named = event.fields.get("device", eui64_text(self._chf))
            device = next((each for each in self._open if named == eui64_text(each)), None)
            if device is not None:
                self._refused(device, event)

    def _refused(self, device: Eui64, event: Event) -> None:
        exchange = self._open.get(device)
        if exchange is not None and event.reason not in _NOT_FINAL and exchange.concerns(event):
            exchange.end(ExchangeOutcome.REFUSED, event.at, event.reason, _detail(event))


def _decoded(octets: bytes) -> Message | None:
    try:
        return Message.decode(octets)
    except DecodeError:
        return None


def _answers(command: Message, answer: Message) -> bool:
    """Whether a message is the Response to a Command: titles swapped, counter and message code repeated."""
    asked, said = command.header, answer.header
    return (said.cra, said.originator_counter, said.message_code, said.originator, said.recipient) == (
        Cra.RESPONSE,
        asked.originator_counter,
        asked.message_code,
        asked.recipient,
        asked.originator,
    )


def _detail(event: Event) -> str:
    """The device's words, or what else the event says beside whom it is about."""
    detail = event.fields.get("detail")
    if isinstance(detail, str):
        return detail
    return ", ".join(f"{name} {value}" for name, value in event.fields.items() if name != "device")
