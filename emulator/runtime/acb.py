"""The Access Control Broker of a run: commands down through a hub, alerts and responses up, and the fate of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import EmulatorError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.devices.comms_hub import CommsHub
from emulator.gbcs.access_control_broker import AccessControlBroker, FirmwareActivationAlert, FirmwareVersionRead
from emulator.gbcs.pki import Pki
from emulator.observe.summary import version_text
from emulator.runtime.outcome import Alert, VersionReading

if TYPE_CHECKING:
    from emulator.runtime.han import BridgeHandle
    from emulator.runtime.simulation import Simulation

CS08_LIMIT = 15 * MINUTE


class CannotRead(EmulatorError):
    """A CS08 read came to nothing."""


class AcbHandle:
    """The Access Control Broker: reads firmware versions, receives alerts; a `HanGatewayUser`."""

    def __init__(self, simulation: Simulation, hub: CommsHub, pki: Pki) -> None:
        self._simulation = simulation
        self._hub = hub
        self._pki = pki
        self._broker = AccessControlBroker(pki.access_control_broker.keys)
        self._supplier = pki.suppliers[0].entity_id
        self._supplier_counter = 0
        self._bridges: dict[Eui64, BridgeHandle] = {}
        self._readings: dict[Eui64, VersionReading] = {}
        self._report = simulation.recorder.reporter("acb")
        hub.attach_gateway_user(self)

    def serve(self, bridge: BridgeHandle) -> None:
        """Know a bridge's public keys."""
        self._bridges[bridge.eui64] = bridge
        self._broker.register(bridge.eui64, self._pki.device(bridge.eui64).public_keys)

    async def read_firmware_version(self, bridge: BridgeHandle, limit: int = CS08_LIMIT) -> VersionReading:
        """CS08, on behalf of a supplier: what the bridge says it runs.

        Raises:
            CannotRead: no answer within `limit` (µs of the run), or the bridge speaks no GBCS.
        """
        if not bridge.device.speaks_gbcs:
            raise CannotRead(f"{bridge.name}: there is no way for GBCS messages to it (gbcs_transport)")
        now = self._simulation.now
        self._supplier_counter += 1
        self._readings.pop(bridge.eui64, None)
        command = self._broker.command_cs08(bridge.eui64, self._supplier, self._supplier_counter)
        fields: dict[str, object] = {"device": eui64_text(bridge.eui64), "octets": command.hex()}
        self._report("acb.command", None, {"message_code": "0129", **fields}, now)
        self._hub.deliver_gbcs(bridge.eui64, command, now)
        self._simulation.arm(self._hub)
        await self._simulation.until(lambda: bridge.eui64 in self._readings, now + limit)
        reading = self._readings.get(bridge.eui64)
        if reading is None:
            raise CannotRead(f"{bridge.name}: no answer to CS08 within {limit / SECOND:.0f} s")
        return reading

    def gbcs_from_device(self, device: Eui64, octets: bytes, now: int) -> None:
        """A GBCS message came through the hub."""
        outcome = self._broker.receive(octets, now)
        fields: dict[str, object] = {"device": eui64_text(device), "octets": octets.hex()}
        if isinstance(outcome, FirmwareActivationAlert):
            bridge = self._bridges.get(outcome.device)
            if bridge is not None:
                bridge.take_alert(_alert(outcome, octets))
            self._report("acb.alert", None, {"alert_code": f"{outcome.alert.alert_code:04x}", **fields}, now)
        elif isinstance(outcome, FirmwareVersionRead):
            self._readings[outcome.device] = _reading(outcome, octets)
            self._report("acb.response", None, {"message_code": "0129", **fields}, now)
        else:
            self._report("acb.refused", outcome.reason.value, fields, now)

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
