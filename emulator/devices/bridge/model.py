"""An Alt HAN bridge that joined as a PPMID: fetches firmware, activates it, raises 0x8F8B, answers CS08.

It is a `Joiner` with more to its life (`life`): cuts of its power, and activation.  The work is that of its parts,
`firmware` and `gbcs`.  This object carries between them, the stack, what it runs on, and the memory that survives a
power cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from emulator.core.clock import SECOND, VIRTUAL_EPOCH
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.standards import Standards
from emulator.devices.bridge.firmware import BridgeFirmware, FirmwareRules
from emulator.devices.bridge.gbcs import BridgeGbcs
from emulator.devices.bridge.installed_firmware import InstalledFirmware
from emulator.devices.bridge.life import LIFE
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.setup import serve_bridge, shown_profile
from emulator.devices.bridge.stored_device import StoredDevice
from emulator.devices.bridge.supply import BATTERY_EMPTY, Mains, Supply, battery_supply
from emulator.devices.gbcs_settings import device_settings
from emulator.devices.joining.joiner import Joiner
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.joining.life import Life, LifeAction, LifeEvent
from emulator.devices.joining.stack import stack_configuration
from emulator.devices.profile import JoinerProfile
from emulator.devices.traffic import Traffic
from emulator.gbcs.device.identity import DeviceIdentity
from emulator.image.flash import PowerCut
from emulator.image.signature import Verifier, not_checked
from emulator.image.store import ImageStore
from emulator.ota.behaviour import WELL_BEHAVED, ClientBehaviour
from emulator.ota.client import OtaClient
from emulator.ota.counters import ClientCounters
from emulator.ports.aps import COORDINATOR, ApsIndication, ApsPort, NetworkEvent, NetworkUp, Outcome
from emulator.zigbee.clusters.ota import OTA_CLUSTER, ImageIdentity
from emulator.zigbee.clusters.tunnelling import TUNNELLING_CLUSTER

__all__ = ["Bridge", "BridgeCredentials", "Life"]

POWER_CUT_PAUSE: Final = 5 * SECOND
"""µs after which the power is back that went in the middle of a write."""


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
        joiner: the life of it, and its way to the hub.
        firmware, gbcs, traffic: its parts.
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
        self.cbke = credentials.cbke
        self._credentials = credentials
        self._report = report
        own = {
            LifeAction.LOSE_POWER: self._lose_power,
            LifeAction.GO_DEAD: self._go_dead,
            LifeAction.WRITE_IMAGE: self._write_image,
            LifeAction.SWITCH_OVER: self._switch_over,
        }
        self.joiner = joiner = Joiner(
            self, port, profile, credentials.cbke, standards, rng, report, life=LIFE, actions=own
        )  # fmt: skip
        self._endpoint = endpoint = joiner.endpoint
        self._alarm = alarm = joiner.alarm
        limit = standards.number("limits.image_octets")
        self._installed = InstalledFirmware(profile, self.memory, limit, epoch, report)
        rules = FirmwareRules(standards, verifier, behaviour)
        self.firmware = BridgeFirmware(self, endpoint, port, profile, self._installed, rules, rng, report)
        # Not before the firmware is installed: what the factory writes to flash costs no charge.
        self.supply = battery_supply(profile, self.memory.flash, alarm, report)
        self._power: Supply = self.supply or Mains()
        gbcs_device = None
        if credentials.gbcs is not None:
            settings = device_settings(standards)
            gbcs_device = StoredDevice(credentials.gbcs, lambda: self.version, profile, settings, self.memory, epoch)
        self.gbcs = BridgeGbcs(joiner, endpoint, self.memory, gbcs_device, profile, standards, report, alarm)
        self.traffic = Traffic(joiner, endpoint, profile.traffic, rng, report, alarm)
        joiner.add(self.firmware, OTA_CLUSTER)
        joiner.add(self.gbcs, TUNNELLING_CLUSTER)
        joiner.add(self.traffic, *self.traffic.clusters)
        serve_bridge(endpoint.server, endpoint.client, profile, self.firmware.attribute, credentials.cbke)
        port.attach(self)
        port.configure(stack_configuration(shown_profile(profile, standards), credentials.install_code_key))

    @property
    def eui64(self) -> Eui64:
        """Its address, which is its GBCS entity identifier too."""
        return self.port.eui64

    @property
    def life(self) -> Life:
        """Where it stands in its life."""
        return self.joiner.life

    @property
    def version(self) -> int:
        """The firmware version that runs."""
        return self._installed.version

    @property
    def images(self) -> ImageStore[ImageIdentity]:
        """The images in its flash."""
        return self._installed.images

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
        if self._power.is_empty(now):
            self._report("bridge.power", BATTERY_EMPTY, {}, now)
        else:
            self.joiner.step(LifeEvent.POWER_ON, now)

    def power_off(self, now: int, reason: str = "off") -> None:
        """Power goes: everything volatile is lost."""
        self.joiner.step(LifeEvent.POWER_OFF, now, reason)

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
            self.joiner.on_timeout(now)
            self.gbcs.on_timeout(now)
            self.traffic.on_timeout(now)
            self.firmware.on_timeout(now)
            self._power.on_timeout(now)
        except PowerCut as cut:
            self._power_lost(cut, now)
        self._alarm.find(self.joiner, self.gbcs, self.traffic, self._power)

    # What the stack says

    def network(self, event: NetworkEvent, now: int) -> None:
        """Joined, back, or out."""
        try:
            self.joiner.network(event, now)
        except PowerCut as cut:
            self._power_lost(cut, now)

    def received(self, message: ApsIndication, now: int) -> None:
        """A message from the HAN."""
        try:
            if message.destination_endpoint == 0:
                self.joiner.discovery.received(message, now)
            elif not self.traffic.answered(message, now):
                self._endpoint.received(message, now)
        except PowerCut as cut:
            self._power_lost(cut, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message of ours."""
        try:
            if not (
                self.firmware.sent(handle, outcome, now)
                or self.joiner.trust.sent(handle, outcome, now)
                or self.traffic.sent(handle, outcome, now)
            ):
                self.gbcs.sent(handle, outcome, now)
        except PowerCut as cut:
            self._power_lost(cut, now)

    def _power_lost(self, cut: PowerCut, now: int) -> None:
        """The flash says that the power is gone, or the battery does; from a battery alone it does not come back."""
        event = LifeEvent.RUN_DOWN if self._power.is_empty(now) else LifeEvent.POWER_CUT
        self.joiner.step(event, now, str(cut))

    # What the joiner says

    def switched_on(self, now: int) -> None:
        """Power has come."""
        self._power.switch_on(now)
        self._report("bridge.power", "on", {"version": f"{self.version:08X}"}, now)

    def booted(self, now: int) -> None:
        """Flash alone says what there is."""
        self.memory.reload()
        self._installed.boot(now)
        self.gbcs.boot()

    def switched_off(self, reason: str, now: int) -> None:
        """Power has gone."""
        self._power.switch_off(now)
        self._report("bridge.power", reason, {}, now)

    def joining(self, now: int) -> None:
        """It looks for a network to join."""
        self._report("bridge.joining", None, {}, now)

    def joined(self, event: NetworkUp, now: int) -> None:
        """It is on a network, or back on it."""
        self._report("bridge.joined", None, _whereabouts(event), now)

    def network_lost(self, reason: str, now: int) -> None:
        """It is on none, or did not get in."""
        self._report("bridge.network-down", reason, {}, now)

    def service_missing(self, cluster: int, reason: str, now: int) -> None:
        """The hub does not serve a cluster that it uses, or does not say."""
        self._report("bridge.discovery", reason, {"of": f"{COORDINATOR:04x}", "cluster": f"{cluster:04x}"}, now)

    # What the firmware asks for

    def find_service(self, cluster: int, now: int) -> None:
        """Find out where the hub serves a cluster."""
        self.joiner.find_service(cluster, now)

    def activate(self, image: ImageIdentity, now: int) -> None:
        """Write the image in the slot into place, and come back with it."""
        self._installed.decide(image)
        self.joiner.step(LifeEvent.ACTIVATE, now)

    def hindrance(self, now: int) -> str | None:
        """Why an image that is offered is not fetched now."""
        return self._power.hindrance(now)

    # What of its life is its own

    def _lose_power(self, now: int, write: str) -> None:
        """In the middle of a write; power comes back by itself."""
        self.joiner.shut_down(now, "cut")
        self._report("bridge.power", "cut-in-write", {"write": write}, now)
        self.joiner.step_at(now + POWER_CUT_PAUSE, LifeEvent.POWER_ON)

    def _go_dead(self, now: int, cut: str) -> None:
        """Nothing is left in the battery: whatever was being written is cut, and only a fresh one brings it back."""
        self.joiner.shut_down(now, BATTERY_EMPTY)
        self._power.ran_out(cut, now)

    def _write_image(self, now: int, _reason: str) -> None:
        self.joiner.step_at(now + self.profile.activation_time, LifeEvent.WRITTEN)

    def _switch_over(self, now: int, _reason: str) -> None:
        """Run what was written, and tell once we are back."""
        self.firmware.written(now)
        self.joiner.restart(now, "restart")


def _whereabouts(event: NetworkUp) -> dict[str, object]:
    return {
        "short": f"{event.short:04x}",
        "pan_id": f"{event.pan_id:04x}",
        "channel": event.channel,
        "parent": f"{event.parent:04x}",
    }
