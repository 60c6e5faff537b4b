"""The Access Control Broker of a run: commands down through a hub, alerts and responses up, and the fate of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import EmulatorError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.devices.hub.model import CommsHub
from emulator.gbcs.access_control_broker import (
    AccessControlBroker,
    Alerted,
    FirmwareActivationAlert,
    FirmwareVersionRead,
)
from emulator.gbcs.dlms import long_invoke_id
from emulator.gbcs.keys import EntityKeys, PublicKeys
from emulator.gbcs.message import Message
from emulator.gbcs.message_codes import message_code_text
from emulator.gbcs.pki import Pki
from emulator.gbcs.refusal import Refusal
from emulator.gbcs.use_cases import ccs01, ccs03, cs14
from emulator.gbcs.use_cases.ccs01 import INSTALL_CODE_OCTETS
from emulator.gbcs.use_cases.chf_device_log import Backup, HanDeviceType
from emulator.observe.summary import version_text
from emulator.runtime.outcome import Alert, VersionReading

if TYPE_CHECKING:
    from emulator.runtime.han import HubHandle
    from emulator.runtime.run import Run

CS08_LIMIT = 15 * MINUTE
JOIN_TIMEOUT_S = 3_600
"""Seconds for which CCS01 lets a device join; the most that a service request allows."""

Listener = Callable[[Eui64, bytes, int], bool]
"""Told of a message that came up: device, octets, `now`; whether it was for the listener and not for the broker."""


class Invited(Protocol):
    """A device that CCS01 can put into the hub's device log."""

    @property
    def eui64(self) -> Eui64:
        """Its address."""

    @property
    def install_code(self) -> bytes:
        """Without its CRC."""

    @property
    def han_device_type(self) -> HanDeviceType:
        """What it joins as."""


class Served(Protocol):
    """A bridge or a hub that can be sent Commands."""

    @property
    def name(self) -> str:
        """In messages."""

    @property
    def entity_id(self) -> Eui64:
        """Who it is for GBCS."""

    @property
    def speaks_gbcs(self) -> bool:
        """Whether it takes any."""


class ServedBridge(Served, Protocol):
    """A bridge whose alerts are received."""

    @property
    def eui64(self) -> Eui64:
        """Its address, which is its entity identifier too."""

    def take_alert(self, alert: Alert) -> None:
        """It raised 0x8F8B."""

    def give_up(self, reason: str) -> None:
        """The hub says that nothing comes of its image."""


class CannotRead(EmulatorError):
    """A CS08 read came to nothing."""


class AcbHandle:
    """The Access Control Broker: reads firmware versions, receives alerts; a `HanGatewayUser`.

    Args:
        run: whose it is.
        hub: through which it speaks.
        pki: everybody's keys.
        last_counter: the counter of the last Command that devices may have had from it.

    Attributes:
        listeners: told of every message that comes up, before the broker itself.
        device_log: the hub's device log as CS14 told it last: what CCS03 gives the next hub.
    """

    def __init__(self, run: Run, hub: CommsHub, pki: Pki, last_counter: int = 0) -> None:
        self.listeners: list[Listener] = []
        self.device_log: Backup | None = None
        self._run = run
        self._hub = hub
        self._pki = pki
        self._broker = AccessControlBroker(pki.access_control_broker.keys, last_counter=last_counter)
        self._supplier = pki.suppliers[0].entity_id
        self._supplier_counter = last_counter
        self._bridges: dict[Eui64, ServedBridge] = {}
        self._readings: dict[Eui64, VersionReading] = {}
        self._answers: dict[int, Message] = {}
        self._chf = Eui64(0)
        self._report = run.recorder.reporter("acb")
        hub.attach_gateway_user(self)

    def serve(self, bridge: ServedBridge, keys: PublicKeys | None = None) -> None:
        """Know a bridge and its public keys: those given, or those of the PKI of the run."""
        self._bridges[bridge.eui64] = bridge
        self._broker.register(bridge.eui64, keys or self._pki.device(bridge.eui64).public_keys)

    def serve_hub(self, chf: Eui64) -> None:
        """Know a hub's own public keys."""
        self._chf = chf
        self._broker.register(chf, self._pki.device(chf).public_keys)

    def move(self, hub: HubHandle) -> None:
        """Another hub stands in the place of the one before; what that one told of its device log is kept."""
        self._hub = hub.device
        self.serve_hub(hub.entity_id)
        hub.device.attach_gateway_user(self)

    async def restore_device_log(self, hub: HubHandle, log: Backup) -> Message:
        """CCS03: give a hub the HAN and the device log of the one before it; the Response.

        Raises:
            CannotRead: no answer.
        """
        counter = self._broker.last_counter + 1
        asked = ccs03.Command(long_invoke_id(counter), log.extended_pan_id, log.devices)
        return await self.command(hub, ccs03.MESSAGE_CODE, asked.encode())

    def adopt(self, keys: EntityKeys) -> None:
        """Go on with other keys of its own, after CS02b has made devices trust them."""
        self._broker.adopt(keys)

    async def read_firmware_version(self, bridge: ServedBridge, limit: int = CS08_LIMIT) -> VersionReading:
        """CS08, on behalf of a supplier: what the bridge says it runs.

        Raises:
            CannotRead: no answer within `limit` (µs of the run), or the bridge speaks no GBCS.
        """
        self._check_transport(bridge)
        now = self._run.now
        self._supplier_counter += 1
        self._readings.pop(bridge.eui64, None)
        command = self._broker.command_cs08(bridge.eui64, self._supplier, self._supplier_counter)
        self._deliver(bridge.eui64, command)
        await self._run.until(lambda: bridge.eui64 in self._readings, now + limit)
        reading = self._readings.get(bridge.eui64)
        if reading is None:
            raise CannotRead(f"{bridge.name}: no answer to CS08 within {limit / SECOND:.0f} s")
        return reading

    async def command(
        self,
        to: Served,
        message_code: int,
        payload: bytes,
        *,
        signed: bool = False,
        limit: int = CS08_LIMIT,
    ) -> Message:
        """Any Command, on behalf of a supplier; the Response, its protection checked.

        Args:
            to: a bridge, or a hub, whose CHF is meant.
            message_code: of the use case.
            payload: its content.
            signed: whether it is critical.
            limit: µs of the run.

        Raises:
            CannotRead: no answer within `limit`; a device answers nothing that it refuses.
        """
        self._check_transport(to)
        device = to.entity_id
        command = self._broker.command(device, message_code, payload, signed=signed, user=self._supplier)
        counter = Message.decode(command).header.originator_counter
        self._deliver(device, command)
        await self._run.until(lambda: counter in self._answers, self._run.now + limit)
        answer = self._answers.pop(counter, None)
        if answer is None:
            raise CannotRead(f"{to.name}: no answer to {message_code_text(message_code)} within {limit / SECOND:.0f} s")
        return answer

    def invite(self, bridge: Invited, join_timeout: int = JOIN_TIMEOUT_S) -> None:
        """CCS01: put a device into the hub's device log, and let it join for so many seconds.

        CCS01 has room for install codes of 16 octets only: a shorter one is told the hub by hand.
        """
        kind = bridge.han_device_type
        if len(bridge.install_code) != INSTALL_CODE_OCTETS:
            self._hub.register(bridge.eui64, kind, bridge.install_code, join_timeout, self._run.now)
            self._run.arm(self._hub)
            return
        counter = self._broker.last_counter + 1
        asked = ccs01.Command(long_invoke_id(counter), bridge.eui64, bridge.install_code, kind, join_timeout)
        command = self._broker.command(self._chf, ccs01.MESSAGE_CODE, asked.encode(), user=self._supplier)
        self._deliver(self._chf, command)

    @staticmethod
    def _check_transport(to: Served) -> None:
        if not to.speaks_gbcs:
            raise CannotRead(f"{to.name}: there is no way for GBCS messages to it (gbcs_transport)")

    def _deliver(self, device: Eui64, command: bytes) -> None:
        code = message_code_text(Message.decode(command).header.message_code)
        fields: dict[str, object] = {"message_code": code, "device": eui64_text(device), "octets": command.hex()}
        self._report("acb.command", None, fields, self._run.now)
        self._hub.deliver_gbcs(device, command, self._run.now)
        self._run.arm(self._hub)

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        """A GBCS message came through the hub."""
        taken = [listener(device, octets, now) for listener in self.listeners]
        if any(taken):
            return
        outcome = self._broker.receive(octets, now)
        fields: dict[str, object] = {"device": eui64_text(device), "octets": octets.hex()}
        if isinstance(outcome, Refusal):
            self._report("acb.refused", outcome.reason.value, fields, now)
            return
        code = message_code_text(outcome.message.header.message_code)
        if isinstance(outcome, FirmwareActivationAlert):
            bridge = self._bridges.get(outcome.device)
            if bridge is not None:
                bridge.take_alert(_alert(outcome, octets))
            self._report("acb.alert", None, {"alert_code": f"{outcome.alert.alert_code:04x}", **fields}, now)
        elif isinstance(outcome, Alerted):
            if outcome.message.header.message_code == cs14.MESSAGE_CODE:
                self.device_log = cs14.Alert.decode(outcome.message.payload).log
            self._report("acb.alert", None, {"message_code": code, **fields}, now)
        else:
            if isinstance(outcome, FirmwareVersionRead):
                self._readings[outcome.device] = _reading(outcome, octets)
            else:
                self._answers[outcome.command.header.originator_counter] = outcome.message
            self._report("acb.response", None, {"message_code": code, **fields}, now)

    def image_status(self, device: Eui64, status: str, reason: str | None, now: int) -> None:
        """The hub tells how it stands with an image."""
        bridge = self._bridges.get(device)
        if bridge is not None and status == "failed":
            bridge.give_up(reason or status)
        self._report("hub.image", reason, {"device": eui64_text(device), "status": status}, now)


def _alert(received: FirmwareActivationAlert, octets: bytes) -> Alert:
    alert = received.alert
    return Alert(
        received.message.header.message_code,
        alert.alert_code,
        alert.result,
        version_text(alert.firmware_version),
        alert.activation_date_time,
        octets,
    )


def _reading(received: FirmwareVersionRead, octets: bytes) -> VersionReading:
    response = received.response
    return VersionReading(
        received.message.header.message_code,
        version_text(response.firmware_version),
        response.response_code,
        received.command.encode(),
        octets,
    )
