"""A hub and a bridge, each recorded to a file of its own, and the broker behind the hub: in memory, or over sticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from emulator.core.clock import HOUR, SECOND, VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.model import Bridge, BridgeCredentials, Life
from emulator.devices.hub.life import HubLife
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.gbcs.access_control_broker import AccessControlBroker, FirmwareActivationAlert, FirmwareVersionRead
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.image.signature import not_checked
from emulator.ports.aps import ApsPort, NetworkSettings
from emulator.ports.schedule import Scheduler
from emulator.runtime.air import APS, Air, ApsLevelAir, FramesAir
from emulator.runtime.computing import InlineComputer
from emulator.runtime.device_making import trusted_roles
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.engine import Engine
from emulator.runtime.recorder import Recorder
from emulator.runtime.replay.recorded_device import Surroundings
from emulator.runtime.replay.recording import Recording
from emulator.transports.memory.topology import Link
from emulator.zigbee.security.keys import install_code_key
from tests.devices.world import CHF, NEW, certificate, image, pki

HUB = Eui64(0x00DB_0000_0000_0001)
BRIDGE = Eui64(0x00DB_0000_0000_1001)
INSTALL_CODE = bytes(range(16))
SEED = 5
OCTETS = 4_000
LIMIT = 4 * HOUR


def nobody(kind: str, reason: str | None, fields: dict[str, object], now: int) -> None:
    """What is reported is of no interest here."""


class RecordedDevices:
    """Both, off; `alerts` and `readings` are what the broker took."""

    def __init__(
        self,
        scheduler: Scheduler,
        recordings: Sequence[Recording],
        ports: Sequence[ApsPort],
        memory: BridgeMemory | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.recordings = recordings
        self.alerts: list[FirmwareActivationAlert] = []
        self.readings: list[FirmwareVersionRead] = []
        self.standards = Standards({"gbcs_get_interval": 1.0})
        self.computers: list[InlineComputer] = []
        self.hub = self._hub(recordings[0], ports[0])
        self.bridge = self._bridge(recordings[1], ports[1], memory or BridgeMemory())
        self.drivers: list[DeviceDriver] = []
        devices: list[Bridge | CommsHub] = [self.hub, self.bridge]
        for recording, device, computer in zip(recordings, devices, self.computers, strict=True):
            driver = DeviceDriver(scheduler, device.port, device)
            recording.watch(device)
            computer.armed = driver.arm
            self.drivers.append(driver)
        self.hub.attach_gateway_user(self)
        self.broker = AccessControlBroker(pki().access_control_broker.keys)
        for each in (CHF, self.bridge.eui64):
            self.broker.register(each, pki().device(each).public_keys)

    def _hub(self, recording: Recording, port: ApsPort) -> CommsHub:
        profile, rng = load_hub("hub"), SeededStreams(SEED).stream("hub/device")
        chf, means = pki().identity(CHF, RemotePartyRole.WAN_PROVIDER), self._means(port.eui64)
        around = Surroundings("hub", self.standards, rng)
        recorded_port, chf, cbke = recording.hub(around, port, profile, chf, means)
        return CommsHub(recorded_port, profile, self.standards, rng, nobody, chf, cbke=cbke)

    def _bridge(self, recording: Recording, port: ApsPort, memory: BridgeMemory) -> Bridge:
        rng = SeededStreams(SEED).stream("bridge/device")
        identity = pki().identity(port.eui64, *trusted_roles(self.standards))
        credentials = BridgeCredentials(install_code_key(INSTALL_CODE), identity, self._means(port.eui64))
        profile = load_joiner("bridge-1").changed(boot_time_s=0.1, verify_time_s=0.1, activation_time_s=0.1)
        around = Surroundings("bridge", self.standards, rng)
        recorded_port, credentials = recording.bridge(around, port, profile, credentials, memory)
        return Bridge(
            recorded_port, profile, credentials, self.standards, rng, nobody, memory=memory, verifier=not_checked
        )  # fmt: skip

    def _means(self, eui64: Eui64) -> KeyEstablishmentMeans:
        computer = InlineComputer(self.scheduler)
        self.computers.append(computer)
        return KeyEstablishmentMeans((certificate(eui64),), computer, epoch=VIRTUAL_EPOCH)

    def gbcs_from_device(self, device: object, octets: bytes, now: int) -> None:
        outcome = self.broker.receive(octets, now)
        if isinstance(outcome, FirmwareActivationAlert):
            self.alerts.append(outcome)
        elif isinstance(outcome, FirmwareVersionRead):
            self.readings.append(outcome)

    def image_status(self, device: object, status: str, reason: str | None, now: int) -> None:
        """The recording has it."""

    def arm(self) -> None:
        for driver in self.drivers:
            driver.arm()

    def close(self) -> None:
        for recording in self.recordings:
            recording.close()

    # What happens to them, one step after the other; each is over when the condition that it returns holds.

    def form(self) -> Callable[[], object]:
        self.hub.power_on(NetworkSettings(15, 0x1A62, self.hub.eui64, bytes(range(16))), self.scheduler.now)
        return lambda: self.hub.life is HubLife.RUNNING

    def join(self) -> Callable[[], object]:
        self.hub.register(self.bridge.eui64, HanDeviceType.PPMID, INSTALL_CODE, 3_600, self.scheduler.now)
        self.bridge.power_on(now=self.scheduler.now)
        return lambda: self.bridge.life is Life.RUNNING

    def offer(self) -> Callable[[], object]:
        self.hub.deliver_image(image(OCTETS), [self.bridge.eui64], self.scheduler.now)
        return lambda: self.bridge.counters.blocks >= OCTETS // 50 // 2

    def restart(self) -> Callable[[], object]:
        self.bridge.restart(self.scheduler.now)
        return lambda: self.alerts and self.bridge.life is Life.RUNNING and self.bridge.version == NEW

    def read_version(self) -> Callable[[], object]:
        command = self.broker.command_cs08(self.bridge.eui64, pki().suppliers[0].entity_id, 1)
        self.hub.deliver_gbcs(self.bridge.eui64, command, self.scheduler.now)
        return lambda: self.readings

    def whole_update(self) -> list[Callable[[], Callable[[], object]]]:
        """Join with key establishment, half of the image, a restart, the other half, the alert, CS08."""
        return [self.form, self.join, self.offer, self.restart, self.read_version]


class RecordedWorld(RecordedDevices):
    """Both on an air in memory."""

    def __init__(self, folder: Path, fidelity: str, suffix: str = ".jsonl", memory: BridgeMemory | None = None) -> None:
        self.engine = Engine()
        streams, recorder = SeededStreams(SEED), Recorder([])
        aps = fidelity == APS
        air: Air = (
            ApsLevelAir(self.engine, streams, recorder) if aps else FramesAir(self.engine, streams, recorder, None)
        )
        self.hub_file, self.bridge_file = folder / f"hub{suffix}", folder / f"bridge{suffix}"
        recordings = [Recording.open(path, lambda: self.engine.now) for path in (self.hub_file, self.bridge_file)]
        super().__init__(self.engine, recordings, [air.port(HUB, "hub"), air.port(BRIDGE, "bridge")], memory)
        air.topology.connect(HUB, BRIDGE, Link())

    def until(self, condition: Callable[[], object]) -> None:
        self.arm()
        while not condition():
            assert self.engine.now < LIMIT
            assert self.engine.step()

    def run(self) -> None:
        """The whole update; then the files are closed."""
        for step in self.whole_update():
            self.until(step())
        self.engine.run_for(SECOND)
        self.close()


@cache
def recorded(folder: Path, fidelity: str, suffix: str = ".jsonl") -> RecordedWorld:
    """A whole update, recorded once for all tests that want it."""
    world = RecordedWorld(folder, fidelity, suffix)
    world.run()
    return world
