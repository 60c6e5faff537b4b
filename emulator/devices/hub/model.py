"""The Communications Hub: forms the HAN, is its trust centre, serves firmware, and carries GBCS octets unread.

The work is that of its parts: `coordinator`, its power and network; `trust_centre`, which looks after link keys;
`firmware`; `gbcs`, which carries what is for others; and `chf`, which is a GBCS device itself and has the device log.
This object carries between them, the stack and the DCC side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

from emulator.core.clock import VIRTUAL_EPOCH, zigbee_utc
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm
from emulator.devices.discovery import ServiceDiscovery
from emulator.devices.endpoint import Endpoint
from emulator.devices.gbcs_settings import device_settings
from emulator.devices.hub.chf import HubChf
from emulator.devices.hub.coordinator import Coordinator
from emulator.devices.hub.firmware import HubFirmware
from emulator.devices.hub.gbcs import HubGbcs
from emulator.devices.hub.gpf import Gpf
from emulator.devices.hub.kept import HubKept
from emulator.devices.hub.life import HubLife
from emulator.devices.hub.restored_devices import RestoredDevices
from emulator.devices.hub.setup import device_log, hub_configuration, serve_hub
from emulator.devices.hub.trust_centre import TrustCentre
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.profile import HubProfile
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.ports.aps import (
    ApsIndication,
    ApsPort,
    DeviceJoined,
    DeviceLeft,
    JoinRefused,
    NetworkEvent,
    NetworkSettings,
    Outcome,
)
from emulator.ports.gateway import HanGatewayUser
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT_CLUSTER
from emulator.zigbee.clusters.ota import OTA_CLUSTER, ImageIdentity
from emulator.zigbee.clusters.tunnelling import TUNNELLING, TUNNELLING_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, ReadAttributesResponse


class CommsHub:
    """One hub; a `HanGateway` for the DCC side.

    Args:
        port: its stack.
        profile: what it is.
        standards: the open questions.
        rng: the stream for its chance decisions.
        report: told of everything that happens to it.
        chf: the GBCS identity of its CHF.
        cbke: what it establishes keys with; None: devices stay under the key of their install code.
        epoch: the date of `now` = 0.
        kept: what it kept of an earlier life; None: it has had none.

    Attributes:
        coordinator, trust_centre, firmware, gbcs, chf: its parts.
        gpf: where the gas meter is mirrored; None where its profile has none.
    """

    def __init__(
        self,
        port: ApsPort,
        profile: HubProfile,
        standards: Standards,
        rng: Random,
        report: Report,
        chf: DeviceIdentity,
        *,
        cbke: KeyEstablishmentMeans | None = None,
        epoch: datetime = VIRTUAL_EPOCH,
        kept: HubKept | None = None,
    ) -> None:
        self.port = port
        self.profile = profile
        self.cbke = cbke
        self._report = report
        self._gateway_user: HanGatewayUser | None = None
        self._alarm = alarm = Alarm()
        formed = None if kept is None else kept.network
        self.coordinator = Coordinator(self, port, profile.boot_time, formed, report, alarm)
        self._discovery = ServiceDiscovery(port, profile.profile_id, self, alarm, clients=True)
        self._endpoint = endpoint = Endpoint(port, profile.endpoint.number, profile.profile_id, self, report)
        self.firmware = HubFirmware(self, port, endpoint, standards, rng, zigbee_utc(0, epoch), self._status, report)
        self.firmware.serves = profile.serves_bridges
        self.gbcs = HubGbcs(port, endpoint, self._upwards, standards, report, alarm)
        known = None if kept is None else kept.log
        log = device_log(port.eui64, standards, epoch, alarm, known, key_establishment=cbke is not None)
        identity = chf if kept is None else replace(chf, state=kept.chf)
        self.chf = HubChf(
            port, self.coordinator, identity, log, device_settings(standards), self._upwards, report, epoch
        )
        self._restored = RestoredDevices(port, self.chf, self.coordinator.classify_at, report, alarm)
        self.trust_centre = TrustCentre(
            port, endpoint, self.chf, self._restored, cbke, standards, rng, report, alarm
        )  # fmt: skip
        self.gpf: Gpf | None = None
        if profile.gpf is not None:
            self.gpf = Gpf(port, profile.profile_id, profile.gpf, self._is_gas_meter, report, endpoint.open_clusters)
        serve_hub(endpoint.server, endpoint.client, profile, epoch, cbke)
        port.attach(self)
        port.configure(hub_configuration(profile))

    @property
    def eui64(self) -> Eui64:
        """Its address."""
        return self.port.eui64

    @property
    def life(self) -> HubLife:
        """Where it stands in its life."""
        return self.coordinator.life

    @property
    def image_limit(self) -> int:
        """Octets of the largest image it loads."""
        return self.firmware.image_limit

    def kept(self) -> HubKept | None:
        """What it is to be made with, to go on in another life; None where its HAN was never up."""
        formed = self.coordinator.settings if self.coordinator.formed else None
        return None if formed is None else HubKept(formed, self.chf.log.state, self.chf.device.state)

    # Power and time

    def power_on(self, settings: NetworkSettings, now: int) -> None:
        """Power comes: form the HAN; the second time, boot and go on with it, whatever `settings` are."""
        self.coordinator.power_on(settings, now)

    def power_off(self, now: int, reason: str = "off") -> None:
        """Power goes: OTA sessions and tunnels are lost; images, the queue and what waits for devices are kept."""
        self.coordinator.power_off(now, reason)

    def restart(self, now: int) -> None:
        """Off and on again; LocalProtocolError where it was never on."""
        self.coordinator.restart(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; a little early after something was cancelled."""
        # Asked after every message, so only the firmware part, which changes with each block, is looked at.
        return self._alarm.earlier(self.firmware.next_timeout())

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.coordinator.on_timeout(now)
        self._discovery.on_timeout(now)
        self._restored.on_timeout(now)
        self.gbcs.on_timeout(now)
        self.firmware.on_timeout(now)
        if self.life is HubLife.RUNNING:  # Otherwise it does what fell due when it is back.
            self.chf.on_timeout(now)
        self.trust_centre.on_timeout(now)
        chf = (self.chf,) if self.life is HubLife.RUNNING else ()
        self._alarm.find(
            self.coordinator, self._discovery.timers, self._restored, self.gbcs, self.trust_centre, *chf
        )  # fmt: skip

    # The HAN

    def register(self, device: Eui64, device_type: int, install_code: bytes, join_timeout: int, now: int) -> None:
        """Put a device into the device log by hand, as CCS01 does, and let it join for so many seconds."""
        self.chf.register(device, device_type, install_code, join_timeout, now)

    def network(self, event: NetworkEvent, now: int) -> None:
        """Something about the HAN."""
        if isinstance(event, DeviceJoined):
            fields: dict[str, object] = {"device": eui64_text(event.eui64), "short": f"{event.short:04x}"}
            self._report("hub.device-joined", None, fields, now)
            self.chf.carry_out(self.chf.log.joined(event.eui64, now), now)
        elif isinstance(event, DeviceLeft):
            self._report("hub.device-left", event.reason, {"device": eui64_text(event.eui64)}, now)
            self.gbcs.tunnels.forget(event.eui64)
            self.firmware.device_left(event.eui64, event.reason, now)
            self.chf.carry_out(self.chf.log.left(event.eui64, now), now)
        elif isinstance(event, JoinRefused):
            reason = self.chf.why_refused(event, now)
            self._report("hub.join-refused", reason, {"device": eui64_text(event.eui64)}, now)
        else:
            self.coordinator.network(event, now)

    # The gateway

    def attach_gateway_user(self, user: HanGatewayUser) -> None:
        """Whom to tell."""
        self._gateway_user = user

    def deliver_image(self, image: bytes, targets: Sequence[Eui64], now: int) -> None:
        """An OTA file for devices of the HAN; BadInput where it is none, over the limit, or for nobody."""
        self.firmware.deliver(image, targets, now)

    def overwrite_image(self, image: bytes, targets: Sequence[Eui64], now: int) -> None:
        """Load an image at once: whoever was not through with the one in the block fails; BadInput as above."""
        self.firmware.overwrite(image, targets, now)

    def release_activation(self, device: Eui64, now: int) -> None:
        """Tell a device that was told to wait to activate now; LocalProtocolError where it has nothing to."""
        self.firmware.release(device, now)

    def deliver_gbcs(self, device: Eui64, octets: bytes, now: int) -> None:
        """A GBCS command for a device, or for the CHF; what comes while the hub is off waits."""
        if device != self.chf.entity_id:
            self.gbcs.tunnels.deliver(device, octets, now)
        elif self.life is HubLife.RUNNING:
            self.chf.received(octets, now)
        else:
            self.chf.hold(octets)

    def _status(self, device: Eui64, status: str, reason: str | None, now: int) -> None:
        if self._gateway_user is not None:
            self._gateway_user.image_status(device, status, reason, now)

    def _upwards(self, device: Eui64, octets: bytes, now: int) -> None:
        if self._gateway_user is not None:
            self._gateway_user.gbcs_from_device(device, octets, now)

    # What the stack, the endpoint and discovery say

    def received(self, message: ApsIndication, now: int) -> None:
        """A message from the HAN."""
        self.chf.heard(message, now)
        if not self.trust_centre.admits(message, now):
            return
        if message.destination_endpoint == 0:
            self._discovery.received(message, now)
            self._restored.received(message, now)
        elif self.gpf is not None and message.destination_endpoint == self.gpf.number:
            self.gpf.received(message, now)
        else:
            self._endpoint.received(message, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message of ours."""
        if not (self.firmware.sent(handle, outcome, now) or self.trust_centre.sent(handle, outcome, now)):
            self.gbcs.sent(handle, outcome, now)

    def cluster_command(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A cluster's own command; False if nothing here takes it."""
        device = message.source_eui64
        if message.cluster == KEY_ESTABLISHMENT_CLUSTER:
            return self.trust_centre.received(message, frame, now)
        if frame.server_to_client or device is None:
            return False
        if message.cluster == OTA_CLUSTER and self.profile.has_ota:
            self.firmware.received(device, message, frame, now)
            return True
        if message.cluster == TUNNELLING_CLUSTER and TUNNELLING.command(frame.command, Side.SERVER) is not None:
            self.gbcs.received(device, message, frame, now)
            return True
        return False

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """A device refused a command of ours, or has no other answer."""
        device = message.source_eui64
        if message.cluster == OTA_CLUSTER and device is not None and not frame.server_to_client:
            self.firmware.default_response(device, message, response, now)
        elif message.cluster == KEY_ESTABLISHMENT_CLUSTER:
            self.trust_centre.default_response(message, response, now)

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """The hub asks for none."""

    # What the parts ask for

    def _is_gas_meter(self, device: Eui64) -> bool:
        return self.chf.log.type_of(device) is HanDeviceType.GSME

    def firmware_refusal(self, device: Eui64) -> str | None:
        """Why a device may have no firmware, by what the device log says of it."""
        return self.chf.log.firmware_refusal(device, self.profile.ota.serves)

    def image_settled(self, device: Eui64, image: ImageIdentity, reason: str | None, now: int) -> None:
        """A device is through with an image."""
        self.chf.transferred(device, image, reason, now)

    def find_ota_client(self, short: int, now: int) -> None:
        """Find out where a device has its OTA client."""
        self._discovery.find(short, OTA_CLUSTER, now)

    def service_found(self, device: int, _cluster: int, endpoint: int, now: int) -> None:
        """A device has an OTA client."""
        self.firmware.client_found(device, endpoint, now)

    def service_missing(self, device: int, _cluster: int, reason: str, now: int) -> None:
        """A device has none, or does not say."""
        self.firmware.client_missing(device, reason, now)

    # What the coordinator says

    def serve(self, now: int) -> None:
        """The HAN is up."""
        self.firmware.start(now)
        self.gbcs.start(now)
        self.chf.resume(now)
        self._alarm.by(now)
        self._restored.classify(now)
        self.chf.obey_held(now)

    def stop_serving(self, now: int) -> None:
        """Off the air."""
        self._discovery.stop()
        self._restored.stop()
        self.firmware.stop()
        self.gbcs.stop()
        self.trust_centre.stop(now)

    def classify(self, now: int) -> None:
        """A device that did not say what it is, is to be asked once more."""
        self._restored.classify(now)
