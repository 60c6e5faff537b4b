"""The Communications Hub: forms the HAN, is its trust centre, serves firmware, and carries GBCS octets unread.

Its life stands in the table of `life`; the work is that of its parts: `firmware`, `gbcs`, which carries
what is for others, and `chf`, which is a GBCS device itself and has the device log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Final

from emulator.cbke.responder import Responder
from emulator.cbke.settings import ResponderSettings
from emulator.core.clock import MINUTE, VIRTUAL_EPOCH, zigbee_utc
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm, Timers
from emulator.devices.bridge.gbcs import device_settings
from emulator.devices.descriptor_reading import DescriptorReading
from emulator.devices.device_log.entries import DeviceLogRules
from emulator.devices.device_log.life import Standing
from emulator.devices.device_log.log import DeviceLog
from emulator.devices.device_log.state import DeviceLogState
from emulator.devices.discovery import ServiceDiscovery
from emulator.devices.endpoint import Endpoint
from emulator.devices.hub.chf import HubChf
from emulator.devices.hub.firmware import HubFirmware
from emulator.devices.hub.gbcs import HubGbcs
from emulator.devices.hub.gpf import Gpf
from emulator.devices.hub.kept import HubKept
from emulator.devices.hub.life import HUB_LIFE, HubAction, HubEvent, HubLife
from emulator.devices.hub.setup import hub_configuration, serve_hub
from emulator.devices.joining.key_establishment import (
    CLUSTERS_WITHOUT_LINK_KEY,
    KeyEstablishment,
    KeyEstablishmentMeans,
)
from emulator.devices.profile import HubProfile
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.ports.aps import (
    ApsIndication,
    ApsPort,
    DeviceJoined,
    DeviceLeft,
    JoinRefused,
    NetworkDown,
    NetworkEvent,
    NetworkKeyChanged,
    NetworkSettings,
    NetworkUp,
    Outcome,
    SimpleDescriptor,
)
from emulator.ports.gateway import HanGatewayUser
from emulator.zigbee.clusters.definition import Side
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT_CLUSTER
from emulator.zigbee.clusters.ota import OTA_CLUSTER, ImageIdentity
from emulator.zigbee.clusters.tunnelling import TUNNELLING, TUNNELLING_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, ReadAttributesResponse

CLASSIFY_AGAIN: Final = MINUTE
"""µs between two attempts to find out what a device is."""


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
        self.life = HubLife.OFF
        self._report = report
        self._settings = None if kept is None else kept.network
        self._gateway_user: HanGatewayUser | None = None
        self._alarm = Alarm()
        self._timers: Timers[HubEvent] = Timers(self._alarm)
        self._discovery = ServiceDiscovery(port, profile.profile_id, self, self._alarm, clients=True)
        self._descriptors = DescriptorReading(port, self, self._alarm)
        self._endpoint = Endpoint(port, profile.endpoint.number, profile.profile_id, self, report)
        self.firmware = HubFirmware(
            self, port, self._endpoint, standards, rng, zigbee_utc(0, epoch), self._status, report
        )  # fmt: skip
        self.firmware.serves = profile.serves_bridges
        self.gbcs = HubGbcs(port, self._endpoint, self._upwards, standards, report, self._alarm)
        self.cbke = cbke
        self.keys: KeyEstablishment | None = None
        if cbke is not None:
            settings = replace(
                ResponderSettings.of(standards),
                ephemeral_seconds=cbke.ephemeral_seconds,
                confirm_seconds=cbke.confirm_seconds,
                epoch=cbke.epoch,
            )
            machine = Responder(cbke.credentials, rng, settings, self._alarm)
            self.keys = KeyEstablishment(port, self._endpoint, machine, self, cbke.computer, report)
            self._endpoint.open_clusters = cbke.open_clusters
        self.chf = self._make_chf(chf, standards, epoch, kept)
        self.gpf = self._make_gpf()
        self._held: list[bytes] = []
        serve_hub(self._endpoint.server, self._endpoint.client, profile, epoch, cbke)
        port.attach(self)
        port.configure(hub_configuration(profile))

    @property
    def eui64(self) -> Eui64:
        """Its address."""
        return self.port.eui64

    @property
    def image_limit(self) -> int:
        """Octets of the largest image it loads."""
        return self.firmware.image_limit

    def kept(self) -> HubKept | None:
        """What it is to be made with, to go on in another life; None where it was never on."""
        return None if self._settings is None else HubKept(self._settings, self.chf.log.state, self.chf.device.state)

    # Power and time

    def power_on(self, settings: NetworkSettings, now: int) -> None:
        """Power comes: form the HAN; the second time, boot and go on with it, whatever `settings` are."""
        first = self._settings is None
        self._settings = self._settings or settings
        self._step(HubEvent.FIRST_POWER if first else HubEvent.POWER_ON, now)

    def power_off(self, now: int, reason: str = "off") -> None:
        """Power goes: OTA sessions and tunnels are lost; images, the queue and what waits for devices are kept."""
        self._step(HubEvent.POWER_OFF, now, reason)

    def restart(self, now: int) -> None:
        """Off and on again; LocalProtocolError where it was never on."""
        if self._settings is None:
            raise LocalProtocolError("a hub that was never on has nothing to restart")
        self.power_off(now, "restart")
        self._step(HubEvent.POWER_ON, now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; a little early after something was cancelled."""
        # Asked after every message, so only the firmware part, which changes with each block, is looked at.
        return self._alarm.earlier(self.firmware.next_timeout())

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        for event in self._timers.due(now):
            self._step(event, now)
        self._discovery.on_timeout(now)
        self._descriptors.on_timeout(now)
        self.gbcs.on_timeout(now)
        self.firmware.on_timeout(now)
        if self.life is HubLife.RUNNING:  # Otherwise it does what fell due when it is back.
            self.chf.on_timeout(now)
        keys = () if self.keys is None else (self.keys,)
        for each in keys:
            each.on_timeout(now)
        asking = (self._discovery.timers, self._descriptors.timers)
        chf = (self.chf,) if self.life is HubLife.RUNNING else ()
        self._alarm.find(self._timers, *asking, self.gbcs, *chf, *keys)

    # The HAN

    def register(self, device: Eui64, device_type: int, install_code: bytes, join_timeout: int, now: int) -> None:
        """Put a device into the device log by hand, as CCS01 does, and let it join for so many seconds."""
        self.chf.register(device, device_type, install_code, join_timeout, now)

    def network(self, event: NetworkEvent, now: int) -> None:
        """Something about the HAN."""
        if isinstance(event, NetworkUp):
            self._report("hub.network-up", None, {"extended_pan_id": eui64_text(event.extended_pan_id)}, now)
            self._step(HubEvent.NETWORK_UP, now)
        elif isinstance(event, NetworkDown):
            self._report("hub.network-down", event.reason, {}, now)
            self._step(HubEvent.NETWORK_DOWN, now)
        elif isinstance(event, DeviceJoined):
            fields: dict[str, object] = {"device": eui64_text(event.eui64), "short": f"{event.short:04x}"}
            self._report("hub.device-joined", None, fields, now)
            self.chf.carry_out(self.chf.log.joined(event.eui64, now), now)
        elif isinstance(event, DeviceLeft):
            self._report("hub.device-left", event.reason, {"device": eui64_text(event.eui64)}, now)
            self.gbcs.tunnels.forget(event.eui64)
            self.firmware.device_left(event.eui64, event.reason, now)
            self.chf.carry_out(self.chf.log.left(event.eui64, now), now)
        elif isinstance(event, NetworkKeyChanged):
            self._report("hub.network-key-changed", None, {}, now)
        elif isinstance(event, JoinRefused):
            reason = self.chf.why_refused(event, now)
            self._report("hub.join-refused", reason, {"device": eui64_text(event.eui64)}, now)

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
            self._held.append(octets)

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
        if self.keys is not None:
            self.keys.heard(message, now)
        if message.destination_endpoint == 0:
            self._discovery.received(message, now)
            self._descriptors.received(message, now)
        elif self._too_early(message):
            fields: dict[str, object] = {"from": f"{message.source:04x}", "cluster": f"{message.cluster:04x}"}
            self._report("trust.dropped", "key-not-established", fields, now)
        elif self.gpf is not None and message.destination_endpoint == self.gpf.number:
            self.gpf.received(message, now)
        else:
            self._endpoint.received(message, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message of ours."""
        ours = self.firmware.sent(handle, outcome, now)
        if not ours and not (self.keys is not None and self.keys.sent(handle, outcome, now)):
            self.gbcs.sent(handle, outcome, now)

    def cluster_command(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A cluster's own command; False if nothing here takes it."""
        device = message.source_eui64
        if message.cluster == KEY_ESTABLISHMENT_CLUSTER:
            return self.keys is not None and self.keys.received(message, frame, now)
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
        elif message.cluster == KEY_ESTABLISHMENT_CLUSTER and self.keys is not None:
            self.keys.default_response(message, response, now)

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """The hub asks for none."""

    # Key establishment

    def key_established(self, partner: Eui64, link_key: bytes, now: int) -> None:
        """A device has a link key of its own; the stack has it already."""
        self.chf.carry_out(self.chf.log.key_established(partner, link_key, now), now)
        self._classify(now)

    def key_establishment_failed(self, partner: Eui64, reason: str, retry_at: int | None, now: int) -> None:
        """The device may try again; the log's time limit puts it out if it never succeeds."""

    def _too_early(self, message: ApsIndication) -> bool:
        """Whether a device uses what it may use only once it has a link key of its own."""
        device = message.source_eui64
        if self.keys is None or message.cluster in CLUSTERS_WITHOUT_LINK_KEY or device is None:
            return False
        return self.chf.log.standing(device) is not Standing.TRUSTED

    # The device log

    def _make_chf(
        self, identity: DeviceIdentity, standards: Standards, epoch: datetime, kept: HubKept | None
    ) -> HubChf:
        rules = DeviceLogRules.of(standards, key_establishment=self.keys is not None)
        state = DeviceLogState(self.port.eui64) if kept is None else kept.log
        log = DeviceLog(state, rules, epoch=epoch, alarm=self._alarm)
        if kept is not None:
            identity = replace(identity, state=kept.chf)
        return HubChf(self.port, self, identity, log, device_settings(standards), self._upwards, self._report, epoch)

    def _make_gpf(self) -> Gpf | None:
        table = self.profile.gpf
        if table is None:
            return None
        open_clusters = self._endpoint.open_clusters
        return Gpf(self.port, self.profile.profile_id, table, self._is_gas_meter, self._report, open_clusters)

    def _is_gas_meter(self, device: Eui64) -> bool:
        return self.chf.log.type_of(device) is HanDeviceType.GSME

    def restore_pan(self, extended_pan_id: Eui64, now: int) -> None:
        """The device log of the hub before this one was restored: its HAN is this one's now."""
        self._report("hub.restored", None, {"extended_pan_id": eui64_text(extended_pan_id)}, now)
        assert self._settings is not None
        self._settings = replace(self._settings, extended_pan_id=extended_pan_id)
        self._step(HubEvent.RESTORED, now)

    def firmware_refusal(self, device: Eui64) -> str | None:
        """Why a device may have no firmware, by what the device log says of it."""
        return self.chf.log.firmware_refusal(device, self.profile.ota.serves)

    def image_settled(self, device: Eui64, image: ImageIdentity, reason: str | None, now: int) -> None:
        """A device is through with an image."""
        self.chf.transferred(device, image, reason, now)

    # What restored devices are

    def _classify(self, now: int) -> None:
        """Look at the devices that came out of another hub's log, and have shown that they hold its keys."""
        for device in self.chf.log.unclassified():
            short = self.port.short_of(device)
            if short is not None:
                self._descriptors.read(device, short, now)

    def descriptors_read(self, device: Eui64, descriptors: tuple[SimpleDescriptor, ...], now: int) -> None:
        """What a device shows of itself."""
        self.chf.classified(device, descriptors, now)

    def descriptors_missing(self, device: Eui64, reason: str, now: int) -> None:
        """A device does not say what it is: it is asked again."""
        self._report("hub.not-classified", reason, {"device": eui64_text(device)}, now)
        self._timers.set(HubEvent.CLASSIFY_DUE, now + CLASSIFY_AGAIN)

    def _classify_again(self, now: int, _reason: str) -> None:
        self._classify(now)

    # Discovery

    def find_ota_client(self, short: int, now: int) -> None:
        """Find out where a device has its OTA client."""
        self._discovery.find(short, OTA_CLUSTER, now)

    def service_found(self, device: int, _cluster: int, endpoint: int, now: int) -> None:
        """A device has an OTA client."""
        self.firmware.client_found(device, endpoint, now)

    def service_missing(self, device: int, _cluster: int, reason: str, now: int) -> None:
        """A device has none, or does not say."""
        self.firmware.client_missing(device, reason, now)

    # Life

    def _step(self, event: HubEvent, now: int, reason: str = "") -> None:
        row = HUB_LIFE[self.life].get(event)
        if row is not None:
            self.life = row.next_state
            ACTIONS[row.action](self, now, reason)

    def _form(self, now: int, _reason: str) -> None:
        settings = self._settings
        assert settings is not None
        self._report("hub.power", "on", {"channel": settings.channel, "pan_id": f"{settings.pan_id:04x}"}, now)
        self.port.form(settings, now)

    def _boot(self, now: int, _reason: str) -> None:
        self._timers.set(HubEvent.BOOTED, now + self.profile.boot_time)

    def _stay_off(self, _now: int, _reason: str) -> None:
        """Nothing."""

    def _form_anew(self, now: int, _reason: str) -> None:
        assert self._settings is not None
        self._stop_parts(now)
        self.port.form(self._settings, now)

    def _stop_parts(self, now: int) -> None:
        self._timers.clear()
        self._discovery.stop()
        self._descriptors.stop()
        self.firmware.stop()
        self.gbcs.stop()
        if self.keys is not None:
            self.keys.stop(now)

    def _shut_down(self, now: int, reason: str) -> None:
        self._stop_parts(now)
        self.port.stop(now)
        self._report("hub.power", reason, {}, now)

    def _resume(self, now: int, _reason: str) -> None:
        self._report("hub.power", "on", {}, now)
        self.port.resume(now)

    def _serve(self, now: int, _reason: str) -> None:
        self.firmware.start(now)
        self.gbcs.start(now)
        self.chf.resume(now)
        self._alarm.by(now)
        self._classify(now)
        held, self._held = self._held, []
        for octets in held:
            self.chf.received(octets, now)

    def _note(self, _now: int, _reason: str) -> None:
        """Nothing."""


ACTIONS: Final[dict[HubAction, Callable[[CommsHub, int, str], None]]] = {
    HubAction.FORM: CommsHub._form,
    HubAction.FORM_ANEW: CommsHub._form_anew,
    HubAction.BOOT: CommsHub._boot,
    HubAction.STAY_OFF: CommsHub._stay_off,
    HubAction.SHUT_DOWN: CommsHub._shut_down,
    HubAction.RESUME: CommsHub._resume,
    HubAction.SERVE: CommsHub._serve,
    HubAction.CLASSIFY: CommsHub._classify_again,
    HubAction.NOTE: CommsHub._note,
}
