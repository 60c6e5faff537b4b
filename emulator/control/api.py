"""A HAN that keeps running while other programs look at it and talk to its devices: the one API under every way in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from emulator.core.clock import DAY, SECOND, date_at, seconds
from emulator.core.errors import BadInput, DecodeError, EmulatorError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.devices.device_log.life import Standing
from emulator.gbcs.device.security_log import SecurityLogEntry
from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.observe.han_map import HUB_SHORT
from emulator.runtime.exchange import EXCHANGE_LIMIT, ExchangeResult, GbcsExchange
from emulator.runtime.han import BridgeHandle, Han, HubHandle
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.pace import REAL, Pace, Speed
from emulator.runtime.simulation import Simulation

MOST_MESSAGES = 1_000
"""Messages from devices that are kept; the oldest give way."""
LONGEST_WAIT_S = DAY // SECOND
DEFAULT_WAIT_S = EXCHANGE_LIMIT / SECOND


class NoSuchDevice(BadInput):
    """An address that no device of the HAN has, or none of the kind that is needed."""


class HanStopped(EmulatorError):
    """The HAN ended before an answer came."""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device of the HAN, as it is now.

    Attributes:
        name: in the events of the run.
        kind: `hub`, `bridge`, `ppmid`, or one of the others around them.
        profile: the name of its profile.
        entity_id: who it is for GBCS, a hub by its CHF; None: no GBCS message reaches it.
        version: firmware that runs, 8 upper-case hex digits; None for a hub, which has none here.
        stage: what it is doing, in words for people.
        on_network: whether it is on the network and at work.
        short, parent: its address on the network and that of the device it joined through, four hex digits; None where
            it never joined.
        log_type, log_standing: what the hub's device log has it as, and how far it has come; None: not in the log.
        key_established_s: seconds of the run at which its link key of its own was established; None: it has none.
    """

    name: str
    kind: str
    profile: str
    eui64: Eui64
    entity_id: Eui64 | None
    version: str | None
    stage: str
    on_network: bool
    short: str | None = None
    parent: str | None = None
    log_type: str | None = None
    log_standing: str | None = None
    key_established_s: float | None = None


@dataclass(frozen=True, slots=True)
class HanStatus:
    """A HAN, as it is now.

    Attributes:
        virtual_seconds: time of the run since it began.
        date: the date of the run.
        devices: the hub first.
    """

    virtual_seconds: float
    date: datetime
    speed: Speed
    fidelity: str
    devices: Sequence[DeviceStatus]


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A GBCS message that a device sent up through the hub; nothing of it has been checked.

    Attributes:
        at: when, µs of the run.
        device: who sent it.
        octets: the message.
        cra: Command, Response or Alert; None where it could not be decoded.
        message_code: None likewise.
    """

    at: int
    device: Eui64
    octets: bytes
    cra: Cra | None = None
    message_code: int | None = None


class RunningHan:
    """One HAN of a run that is kept going.

    Args:
        simulation: the run, inside its `async with`.
        han: the HAN; its devices have joined.
        speed: how quickly time goes while `run` runs.
    """

    def __init__(self, simulation: Simulation, han: Han, speed: Speed = REAL) -> None:
        self._simulation = simulation
        self._han = han
        self._speed = speed
        self._bridges = {bridge.eui64: bridge for bridge in (*han.relays, *han.bridges)}
        self._messages: deque[ReceivedMessage] = deque(maxlen=MOST_MESSAGES)
        self._exchanges: set[asyncio.Future[ExchangeResult]] = set()
        self._stopped = False
        han.acb.listeners.append(self._note_message)
        self._exchange = GbcsExchange(simulation, han)

    async def run(self) -> None:
        """Let time go on until the caller is cancelled; a fault of a model is raised here."""
        pace = Pace(self._simulation.engine, self._speed, self._is_busy)
        await self._simulation.keep(pace)

    def stop(self) -> None:
        """Whoever still waits for an answer is told that none will come."""
        self._stopped = True
        for exchange in self._exchanges:
            exchange.cancel()

    # What there is

    @property
    def status(self) -> HanStatus:
        """The HAN with its devices, as it is now."""
        now = self._simulation.now
        others = map(self._other_status, self._han.others)
        devices = [self._hub_status(), *map(self._bridge_status, self._bridges.values()), *others]
        simulation, date = self._simulation, date_at(now, self._simulation.epoch)
        return HanStatus(now / SECOND, date, self._speed, simulation.fidelity, devices)

    @property
    def messages(self) -> Sequence[ReceivedMessage]:
        """What devices sent last, the newest at the end."""
        return tuple(self._messages)

    def device(self, eui64: Eui64) -> DeviceStatus:
        """One device; NoSuchDevice where the HAN has none with that address."""
        if self._is_hub(eui64):
            return self._hub_status()
        for other in self._han.others:
            if other.eui64 == eui64:
                return self._other_status(other)
        return self._bridge_status(self._bridge(eui64))

    def security_log(self, eui64: Eui64) -> Sequence[SecurityLogEntry]:
        """What a device refused, the newest at the end; NoSuchDevice where none with that address keeps a log."""
        chf = self._han.hub.device.chf
        if chf is not None and self._is_hub(eui64):
            return chf.security_log
        return self._bridge(eui64).device.gbcs.security_log

    # What can be done

    async def send_gbcs(
        self, octets: bytes, to: Eui64 | None = None, wait_seconds: float = DEFAULT_WAIT_S
    ) -> ExchangeResult:
        """Hand a GBCS message to the hub for a device, and wait for what comes of it.

        Args:
            octets: the message, good or bad: the device judges it.
            to: the device; the message's recipient if None.
            wait_seconds: of the run; how long to wait for the answer.

        Raises:
            BadInput: no device of the HAN is meant, or the wait is not between 0 and a day.
            HanStopped: the HAN ended meanwhile.
        """
        if not 0 < wait_seconds <= LONGEST_WAIT_S:
            allowed = f"above 0, up to {LONGEST_WAIT_S}"
            raise BadInput(f"{wait_seconds:g} s is no time to wait", where="wait_seconds", allowed=allowed)
        if self._stopped:
            raise HanStopped("the HAN has stopped")
        exchange = asyncio.ensure_future(self._exchange.send(octets, to, seconds(wait_seconds)))
        self._exchanges.add(exchange)
        try:
            return await exchange
        except asyncio.CancelledError:
            if self._stopped:
                raise HanStopped("the HAN was stopped before an answer came") from None
            raise
        finally:
            self._exchanges.discard(exchange)

    def _bridge(self, eui64: Eui64) -> BridgeHandle:
        bridge = self._bridges.get(eui64)
        if bridge is None:
            allowed = ", ".join(map(eui64_text, self._bridges))
            raise NoSuchDevice(f"no bridge or PPMID is {eui64_text(eui64)}", where="eui64", allowed=allowed)
        return bridge

    def _is_hub(self, eui64: Eui64) -> bool:
        """Whether that is the hub, by the address of its radio or the entity identifier of its CHF."""
        return eui64 in {self._han.hub.eui64, self._han.hub.entity_id}

    def _hub_status(self) -> DeviceStatus:
        hub = self._han.hub
        profile, stage = hub.device.profile, hub.device.life.value
        entity, short = _entity(hub), HUB_SHORT if hub.is_up else None
        return DeviceStatus(hub.name, profile.kind, profile.name, hub.eui64, entity, None, stage, hub.is_up, short)

    def _bridge_status(self, bridge: BridgeHandle) -> DeviceStatus:
        profile = bridge.device.profile
        return DeviceStatus(
            bridge.name,
            profile.kind,
            profile.name,
            bridge.eui64,
            _entity(bridge),
            bridge.version,
            bridge.stage,
            bridge.is_up,
            bridge.short,
            bridge.parent,
            *self._logged(bridge.eui64),
        )

    def _other_status(self, other: LightHandle) -> DeviceStatus:
        profile = other.device.profile
        return DeviceStatus(
            other.name,
            profile.kind,
            profile.name,
            other.eui64,
            None,
            None,
            other.stage,
            other.is_up,
            other.short,
            other.parent,
            *self._logged(other.eui64),
        )

    def _logged(self, device: Eui64) -> tuple[str | None, str | None, float | None]:
        """Type and standing of a device in the hub's device log, and since when it has had a key (seconds)."""
        hub = self._han.hub
        device_type, standing = hub.device.chf.log.type_of(device), hub.device.chf.log.standing(device)
        type_name = None if device_type is None else device_type.name.lower()
        at = hub.keys_established.get(device) if standing is Standing.TRUSTED else None
        return type_name, None if standing is None else standing.value, None if at is None else at / SECOND

    def _is_busy(self) -> bool:
        return any(bridge.is_updating for bridge in self._bridges.values())

    def _note_message(self, device: Eui64, octets: bytes, now: int) -> bool:
        """Keep what came up; it is for others all the same."""
        try:
            header = Message.decode(octets).header
        except DecodeError:
            self._messages.append(ReceivedMessage(now, device, octets))
        else:
            self._messages.append(ReceivedMessage(now, device, octets, header.cra, header.message_code))
        return False


def _entity(device: BridgeHandle | HubHandle) -> Eui64 | None:
    return device.entity_id if device.speaks_gbcs else None
