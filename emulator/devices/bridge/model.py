"""An Alt HAN bridge that joined as a PPMID: fetches firmware, activates it, raises 0x8F8B, answers CS08.

Its life stands in the table of `life`; the work is that of its parts, `firmware` and `gbcs`.  This
object carries between them, the stack, and the memory that survives a power cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from emulator.core.clock import SECOND, VIRTUAL_EPOCH
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.core.timers import Alarm, Timers
from emulator.devices.bridge.firmware import BridgeFirmware, FirmwareRules
from emulator.devices.bridge.gbcs import BridgeGbcs
from emulator.devices.bridge.life import LIFE, Life, LifeAction, LifeEvent
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.setup import serve_bridge, shown_profile
from emulator.devices.bridge.supply import BATTERY_EMPTY, battery_supply
from emulator.devices.discovery import ServiceDiscovery
from emulator.devices.endpoint import Endpoint
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.joining.stack import REJOIN_PAUSE, stack_configuration, watch_failures
from emulator.devices.joining.trust import CLUSTERS as TRUST_CLUSTERS
from emulator.devices.joining.trust import Trust
from emulator.devices.profile import JoinerProfile
from emulator.devices.traffic import Traffic
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.image.flash import PowerCut
from emulator.image.signature import Verifier, not_checked
from emulator.image.store import ImageStore
from emulator.ota.behaviour import WELL_BEHAVED, ClientBehaviour
from emulator.ota.client import OtaClient
from emulator.ota.counters import ClientCounters
from emulator.ports.aps import (
    COORDINATOR,
    NOT_JOINED,
    ApsIndication,
    ApsPort,
    JoinSettings,
    NetworkDown,
    NetworkEvent,
    NetworkUp,
    Outcome,
)
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT_CLUSTER
from emulator.zigbee.clusters.ota import OTA_CLUSTER, ImageIdentity
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER
from emulator.zigbee.frames.zcl import ZclFrame
from emulator.zigbee.frames.zcl_foundation import DefaultResponse, ReadAttributesResponse

__all__ = ["Bridge", "BridgeCredentials", "Life"]

POWER_CUT_PAUSE: Final = 5 * SECOND


@dataclass(frozen=True, slots=True)
class BridgeCredentials:
    """The keys of a bridge.

    Attributes:
        install_code_key: pre-configured trust centre link key, 16 octets.
        gbcs: what it was made with; None: it speaks no GBCS.
        cbke: what it establishes keys with; None: it goes without.
    """

    install_code_key: bytes
    gbcs: DeviceIdentity | None = None
    cbke: KeyEstablishmentMeans | None = None


class Bridge:
    """One bridge.

    Args:
        port: its stack.
        profile: what it is.
        credentials: its keys.
        standards: the open questions.
        rng: the stream for its jitter.
        report: told of everything that happens to it.
        memory: what it kept from before; a new device's if None.
        verifier: checks the manufacturer's signature of an image.
        behaviour: what its OTA client does wrong on purpose.
        epoch: the date of `now` = 0.

    Attributes:
        supply: its battery; None where its profile has none.
    """

    def __init__(
        self,
        port: ApsPort,
        profile: JoinerProfile,
        credentials: BridgeCredentials,
        standards: Standards,
        rng: Random,
        report: Report,
        *,
        memory: BridgeMemory | None = None,
        verifier: Verifier = not_checked,
        behaviour: ClientBehaviour = WELL_BEHAVED,
        epoch: datetime = VIRTUAL_EPOCH,
    ) -> None:
        self.port = port
        self.profile = profile
        self.memory = memory or BridgeMemory()
        self.life = Life.OFF
        self._credentials = credentials
        self.cbke = credentials.cbke
        self._report = report
        self._alarm = Alarm()
        self._timers: Timers[LifeEvent] = Timers(self._alarm)
        self._discovery = ServiceDiscovery(port, profile.profile_id, self, self._alarm)
        self._endpoint = Endpoint(port, profile.endpoint.number, profile.profile_id, self, report)
        rules = FirmwareRules(standards, verifier, behaviour, epoch)
        self.firmware = BridgeFirmware(
            self, self._endpoint, port.eui64, profile, self.memory, rules, rng, report
        )  # fmt: skip
        # Not before the firmware: what the factory writes to flash costs no charge.
        self.supply = battery_supply(profile, self.memory.flash, self._alarm, report)
        self.gbcs = BridgeGbcs(
            self,
            self._endpoint,
            self.memory,
            credentials.gbcs,
            lambda: self.version,
            profile,
            standards,
            epoch,
            report,
            self._alarm,
        )
        self.trust = Trust(
            self,
            port,
            self._endpoint,
            credentials.cbke,
            watch_failures(profile, standards),
            rng,
            report,
            self._alarm,
        )
        self.traffic = Traffic(self, self._endpoint, profile.traffic, rng, report, self._alarm)
        server, client = self._endpoint.server, self._endpoint.client
        serve_bridge(server, client, profile, self.firmware.attribute, credentials.cbke)
        port.attach(self)
        port.configure(stack_configuration(shown_profile(profile, standards), credentials.install_code_key))

    @property
    def eui64(self) -> Eui64:
        """Its address, which is its GBCS entity identifier too."""
        return self.port.eui64

    @property
    def version(self) -> int:
        """The firmware version that runs."""
        return self.firmware.version

    @property
    def images(self) -> ImageStore[ImageIdentity]:
        """The images in its flash."""
        return self.firmware.images

    @property
    def client(self) -> OtaClient | None:
        """Its OTA client, while it is on the network."""
        return self.firmware.client

    @property
    def counters(self) -> ClientCounters:
        """What its OTA clients counted, over restarts."""
        return self.firmware.counters

    @property
    def block_octets(self) -> int:
        """Octets it asks for in a block."""
        return self.firmware.block_octets

    @property
    def install_code_key(self) -> bytes:
        """The link key of its install code, under which a hub lets it in."""
        return self._credentials.install_code_key

    @property
    def speaks_gbcs(self) -> bool:
        """Whether it can raise alerts and answer commands."""
        return self.gbcs.speaks

    # Power and time

    def power_on(self, now: int) -> None:
        """Power comes: boot, then go on with the network it knows, or join one; an empty battery gives none."""
        if self.supply is not None and self.supply.is_empty(now):
            self._report("bridge.power", BATTERY_EMPTY, {}, now)
        else:
            self._step(LifeEvent.POWER_ON, now)

    def power_off(self, now: int, reason: str = "off") -> None:
        """Power goes: everything volatile is lost."""
        self._step(LifeEvent.POWER_OFF, now, reason)

    def restart(self, now: int) -> None:
        """Off and on again at once."""
        self.power_off(now, "restart")
        self.power_on(now)

    def change_battery(self, now: int) -> None:
        """Put a fresh battery in: power goes and comes, and like after any start the hub is asked for an image.

        Raises:
            LocalProtocolError: its profile has no battery.
        """
        if self.supply is None:
            raise LocalProtocolError("a bridge without a battery has none to be changed")
        self.power_off(now, "battery-change")
        self.supply.exchange(now)
        self.power_on(now)

    def next_timeout(self) -> int | None:
        """When `on_timeout` is to be called next, µs; a little early after something was cancelled."""
        # Asked after every message, so only the firmware part, which changes with each block, is looked at.
        return self._alarm.earlier(self.firmware.next_timeout())

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        try:
            for event in self._timers.due(now):
                self._step(event, now)
            self._discovery.on_timeout(now)
            self.trust.on_timeout(now)
            self.gbcs.on_timeout(now)
            self.traffic.on_timeout(now)
            self.firmware.on_timeout(now)
            if self.supply is not None:
                self.supply.on_timeout(now)
        except PowerCut as cut:
            self._power_lost(cut, now)
        others = () if self.supply is None else (self.supply.timers,)
        self._alarm.find(self._timers, self._discovery.timers, self.gbcs, self.trust, self.traffic, *others)

    # What the stack says

    def network(self, event: NetworkEvent, now: int) -> None:
        """Joined, back, or out."""
        try:
            if isinstance(event, NetworkUp):
                self._report("bridge.joined", None, _whereabouts(event), now)
                changed = self.trust.joined(event, now)
                self._step(LifeEvent.TRUST_CENTRE_CHANGED if changed else LifeEvent.NETWORK_UP, now)
            elif isinstance(event, NetworkDown) and event.reason == NOT_JOINED:
                self._step(LifeEvent.NOT_JOINED, now)
            elif isinstance(event, NetworkDown):
                self._report("bridge.network-down", event.reason, {}, now)
                self._step(LifeEvent.NETWORK_DOWN, now)
        except PowerCut as cut:
            self._power_lost(cut, now)

    def received(self, message: ApsIndication, now: int) -> None:
        """A message from the HAN."""
        try:
            if message.destination_endpoint == 0:
                self._discovery.received(message, now)
            elif not self.traffic.received(message, now):
                self._endpoint.received(message, now)
        except PowerCut as cut:
            self._power_lost(cut, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message of ours."""
        try:
            if not (
                self.firmware.sent(handle, outcome, now)
                or self.trust.sent(handle, outcome, now)
                or self.traffic.sent(handle, outcome, now)
            ):
                self.gbcs.sent(handle, outcome, now)
        except PowerCut as cut:
            self._power_lost(cut, now)

    # What the endpoint and discovery say

    def cluster_command(self, message: ApsIndication, frame: ZclFrame, now: int) -> bool:
        """A cluster's own command; False if nothing here takes it."""
        if message.cluster == KEY_ESTABLISHMENT_CLUSTER:
            return self.trust.received(message, frame, now)
        if not frame.server_to_client:
            return False
        if message.cluster == OTA_CLUSTER:
            return self.firmware.received(message, frame, now)
        return message.cluster == TUNNELLING_CLUSTER and self.gbcs.received(message, frame, now)

    def default_response(self, message: ApsIndication, frame: ZclFrame, response: DefaultResponse, now: int) -> None:
        """The hub refused a command of ours, or has no other answer."""
        if message.cluster == OTA_CLUSTER and frame.server_to_client:
            self.firmware.default_response(message, response, now)
        else:
            self.trust.default_response(message, response, now)

    def attributes_read(self, message: ApsIndication, response: ReadAttributesResponse, now: int) -> None:
        """The hub's attributes."""
        self.trust.attributes_read(message, response, now)

    def service_found(self, device: int, cluster: int, endpoint: int, now: int) -> None:
        """The hub serves a cluster that we use."""
        if cluster == OTA_CLUSTER:
            self.firmware.server_found(endpoint, self.port.eui64_of(device) or Eui64(0), now)
        elif cluster == TUNNELLING_CLUSTER:
            self.gbcs.server_found(endpoint, now)
        elif cluster in TRUST_CLUSTERS:
            self.trust.service_found(cluster, endpoint, now)
        else:
            self.traffic.server_found(cluster, endpoint)

    def service_missing(self, device: int, cluster: int, reason: str, now: int) -> None:
        """The hub does not serve a cluster that we use, or does not say; the part looks again later."""
        self._report("bridge.discovery", reason, {"of": f"{device:04x}", "cluster": f"{cluster:04x}"}, now)
        if cluster == TUNNELLING_CLUSTER:
            self.gbcs.server_missing(now)
        elif cluster in TRUST_CLUSTERS:
            self.trust.service_missing(cluster, reason, now)
        elif cluster != OTA_CLUSTER:
            self.traffic.server_missing(cluster, reason, now)

    # What the parts ask for

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster."""
        self._discovery.find(COORDINATOR, cluster, now)

    def keys_ready(self, now: int) -> None:
        """There is a link key with the hub under which everything may be used."""
        self._step(LifeEvent.KEY_ESTABLISHED, now)

    def activate(self, image: ImageIdentity, now: int) -> None:
        """Write the image in the slot into place, and come back with it."""
        # Kept first: from here on a cut does not undo the decision, the next boot carries it out.
        self.memory.change(activating=image)
        self._step(LifeEvent.ACTIVATE, now)

    def hindrance(self, now: int) -> str | None:
        """Why an image that is offered is not fetched now."""
        return None if self.supply is None else self.supply.hindrance(now)

    # Life

    def _power_lost(self, cut: PowerCut, now: int) -> None:
        """The flash says that the power is gone, or the battery does; from a battery alone it does not come back."""
        exhausted = self.supply is not None and self.supply.is_empty(now)
        self._step(LifeEvent.RUN_DOWN if exhausted else LifeEvent.POWER_CUT, now, str(cut))

    def _step(self, event: LifeEvent, now: int, reason: str = "") -> None:
        row = LIFE[self.life].get(event)
        if row is not None:
            self.life = row.next_state
            ACTIONS[row.action](self, now, reason)

    def _boot(self, now: int, _reason: str) -> None:
        self._timers.clear()
        if self.supply is not None:
            self.supply.switch_on(now)
        self._report("bridge.power", "on", {"version": f"{self.version:08X}"}, now)
        self._timers.set(LifeEvent.BOOTED, now + self.profile.boot_time)

    def _stay_off(self, _now: int, _reason: str) -> None:
        """Power will not come back by itself either."""
        self._timers.clear()

    def _shut_down(self, now: int, reason: str) -> None:
        self._stop_parts(now)
        self.port.stop(now)
        if self.supply is not None:
            self.supply.switch_off(now)
        self._report("bridge.power", reason, {}, now)

    def _lose_power(self, now: int, reason: str) -> None:
        """In the middle of a write; power comes back by itself."""
        self._shut_down(now, "cut")
        self._report("bridge.power", "cut-in-write", {"write": reason}, now)
        self._timers.set(LifeEvent.POWER_ON, now + POWER_CUT_PAUSE)

    def _go_dead(self, now: int, reason: str) -> None:
        """Nothing is left in the battery: whatever was being written is cut, and only a fresh one brings it back."""
        self._shut_down(now, BATTERY_EMPTY)
        if self.supply is not None:
            self.supply.ran_out(reason, now)

    def _resume(self, now: int, _reason: str) -> None:
        self.memory.reload()
        self.firmware.boot(now)
        self.gbcs.boot()
        self.port.resume(now)

    def _join(self, now: int, _reason: str) -> None:
        self._report("bridge.joining", None, {}, now)
        self.port.join(JoinSettings(), now)

    def _join_later(self, now: int, _reason: str) -> None:
        self._timers.set(LifeEvent.REJOIN_DUE, now + REJOIN_PAUSE)

    def _establish(self, now: int, _reason: str) -> None:
        self.trust.start(now)

    def _start_over(self, now: int, _reason: str) -> None:
        self._stop_parts(now)
        self.trust.start(now)

    def _run(self, now: int, _reason: str) -> None:
        """Find out what the hub serves, and start the parts."""
        self.trust.run(now)
        self.firmware.start(now)
        self.gbcs.start(now)
        self.traffic.start(now)

    def _lose_network(self, now: int, reason: str) -> None:
        self._stop_parts(now)
        self._join_later(now, reason)

    def _write_image(self, now: int, _reason: str) -> None:
        self._timers.set(LifeEvent.WRITTEN, now + self.profile.activation_time)

    def _switch_over(self, now: int, _reason: str) -> None:
        """Run what was written, and tell once we are back."""
        self.firmware.written(now)
        self._shut_down(now, "restart")
        self._boot(now, "")

    def _note(self, _now: int, _reason: str) -> None:
        """Nothing."""

    def _stop_parts(self, now: int) -> None:
        self._timers.clear()
        self._discovery.stop()
        self.firmware.stop()
        self.trust.stop(now)
        self.gbcs.stop(now)
        self.traffic.stop()


def _whereabouts(event: NetworkUp) -> dict[str, object]:
    return {
        "short": f"{event.short:04x}",
        "pan_id": f"{event.pan_id:04x}",
        "channel": event.channel,
        "parent": f"{event.parent:04x}",
    }


ACTIONS: Final[dict[LifeAction, Callable[[Bridge, int, str], None]]] = {
    LifeAction.BOOT: Bridge._boot,
    LifeAction.STAY_OFF: Bridge._stay_off,
    LifeAction.SHUT_DOWN: Bridge._shut_down,
    LifeAction.LOSE_POWER: Bridge._lose_power,
    LifeAction.GO_DEAD: Bridge._go_dead,
    LifeAction.RESUME: Bridge._resume,
    LifeAction.JOIN: Bridge._join,
    LifeAction.JOIN_LATER: Bridge._join_later,
    LifeAction.ESTABLISH: Bridge._establish,
    LifeAction.START_OVER: Bridge._start_over,
    LifeAction.RUN: Bridge._run,
    LifeAction.LOSE_NETWORK: Bridge._lose_network,
    LifeAction.WRITE_IMAGE: Bridge._write_image,
    LifeAction.SWITCH_OVER: Bridge._switch_over,
    LifeAction.NOTE: Bridge._note,
}
