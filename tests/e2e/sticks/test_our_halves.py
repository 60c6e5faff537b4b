"""Our hub and our bridge, each on a stick of its own: CBKE, a whole update, the alert and CS08 through bellows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from hashlib import sha256
from random import Random

import pytest

from emulator.core.clock import HOUR, MINUTE, VIRTUAL_EPOCH
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.memory import BridgeMemory
from emulator.devices.bridge.model import Bridge, BridgeCredentials, Life
from emulator.devices.hub.life import HubLife
from emulator.devices.hub.model import CommsHub
from emulator.devices.joining.key_establishment import KeyEstablishmentMeans
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.gbcs.access_control_broker import AccessControlBroker, FirmwareActivationAlert, FirmwareVersionRead
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.gbcs.use_cases.cs09 import Result
from emulator.image.signature import not_checked
from emulator.ncp.ash.frames import ResetCode
from emulator.ncp.lines.tcp import TcpLine
from emulator.ports.aps import NetworkSettings
from emulator.runtime.computing import InlineComputer
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.han_setup import trusted_roles
from emulator.runtime.stick_bench import INSTANT, BenchSettings, BenchStick, StickBench
from emulator.runtime.stick_faults import StickFaults, parse_faults
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.uri import parse_stick
from emulator.zigbee.security.keys import install_code_key
from tests.devices.world import CHF, NEW, OLD, certificate, image, pki

pytestmark = pytest.mark.e2e

INSTALL_CODE = bytes(range(16))
OCTETS = 20_000
BLOCK = 50
LIMIT_S = 60


def quick_profile(name: str) -> JoinerProfile:
    return load_joiner(name).changed(boot_time_s=0.1, verify_time_s=0.1, activation_time_s=0.1)


Harm = Callable[[BenchStick, TcpLine], None]


def unplug(_: BenchStick, line: TcpLine) -> None:
    line.hang_up()


def reset(stick: BenchStick, _: TcpLine) -> None:
    stick.enter(lambda now: stick.stick.reset(ResetCode.WATCHDOG, now))


def fail(stick: BenchStick, _: TcpLine) -> None:
    stick.enter(lambda now: stick.stick.fail(ResetCode.ACK_TIMEOUTS, now))


class Halves:
    """A hub and a bridge that live outside their sticks, and the Access Control Broker behind the hub."""

    def __init__(
        self, ports: tuple[EzspPort, EzspPort], lines: tuple[TcpLine, TcpLine], bench: StickBench, name: str
    ) -> None:
        hub, bridge = ports
        self.lines = lines
        self.sticks = bench.sticks
        self.clock = bench.clock
        self.alerts: list[FirmwareActivationAlert] = []
        self.readings: list[FirmwareVersionRead] = []
        self.broker = AccessControlBroker(pki().access_control_broker.keys)
        self.broker.register(CHF, pki().device(CHF).public_keys)
        self.broker.register(bridge.eui64, pki().device(bridge.eui64).public_keys)
        self.standards = Standards({"gbcs_get_interval": 1.0})
        hub_means, bridge_means = self._means(hub), self._means(bridge)
        self.hub = CommsHub(
            hub,
            load_hub("hub"),
            self.standards,
            Random(1),
            bench.recorder.reporter("hub"),
            pki().identity(CHF, RemotePartyRole.WAN_PROVIDER),
            cbke=hub_means,
        )
        self.hub.attach_gateway_user(self)
        identity = pki().identity(bridge.eui64, *trusted_roles(self.standards))
        self.bridge = Bridge(
            bridge,
            quick_profile(name),
            BridgeCredentials(install_code_key(INSTALL_CODE), identity, bridge_means),
            self.standards,
            Random(2),
            bench.recorder.reporter("bridge"),
            memory=BridgeMemory(None),
            verifier=not_checked,
        )
        self.drivers = [DeviceDriver(self.clock, hub, self.hub), DeviceDriver(self.clock, bridge, self.bridge)]
        for means, driver in zip((hub_means, bridge_means), self.drivers, strict=True):
            means.computer.armed = driver.arm  # type: ignore[attr-defined]  # an InlineComputer

    def _means(self, port: EzspPort) -> KeyEstablishmentMeans:
        return KeyEstablishmentMeans((certificate(port.eui64),), InlineComputer(self.clock), epoch=VIRTUAL_EPOCH)

    def arm(self) -> None:
        for driver in self.drivers:
            driver.arm()

    def gbcs_from_device(self, device: object, octets: bytes, now: int) -> None:
        outcome = self.broker.receive(octets, now)
        if isinstance(outcome, FirmwareActivationAlert):
            self.alerts.append(outcome)
        elif isinstance(outcome, FirmwareVersionRead):
            self.readings.append(outcome)

    def image_status(self, device: object, status: str, reason: str | None, now: int) -> None:
        """The reports tell it too."""

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110 - what is waited for is told to a device, not to a task
                await asyncio.sleep(0.01)

    async def join(self) -> None:
        """Form the HAN, open it for the bridge alone, and wait until it is at work."""
        now = self.clock.now
        settings = NetworkSettings(15, 0x1A62, self.hub.eui64, bytes(range(16)))
        self.hub.power_on(settings, now)
        self.arm()
        await self.until(lambda: self.hub.life is HubLife.RUNNING)
        self.hub.register(self.bridge.eui64, HanDeviceType.PPMID, INSTALL_CODE, HOUR // MINUTE * 60, self.clock.now)
        self.bridge.power_on(self.clock.now)
        self.arm()
        await self.until(lambda: self.bridge.life is Life.RUNNING)

    async def update(self, octets: bytes) -> None:
        """Give the hub an image, and wait until the bridge runs it and has said so."""
        assert self.bridge.version == OLD
        self.hub.deliver_image(octets, [self.bridge.eui64], self.clock.now)
        self.arm()
        await self.until(lambda: self.alerts and self.bridge.life is Life.RUNNING)
        assert self.bridge.version == NEW
        assert [(each.alert.firmware_version, each.alert.result) for each in self.alerts] == [(NEW, Result.SUCCESS)]

    async def read_version(self) -> None:
        """CS08."""
        command = self.broker.command_cs08(self.bridge.eui64, pki().suppliers[0].entity_id, 1)
        self.hub.deliver_gbcs(self.bridge.eui64, command, self.clock.now)
        self.arm()
        await self.until(lambda: self.readings)

    async def harm_when(self, condition: Callable[[], object], whose: str, harm: Harm) -> None:
        """Do it to the stick of `hub`, `bridge` or `both` once."""
        await self.until(condition)
        for name, stick, line in zip(("hub", "bridge"), self.sticks, self.lines, strict=True):
            if whose in (name, "both"):
                harm(stick, line)


@asynccontextmanager
async def halves(
    version: int, events: list[Event], name: str = "bridge-1", faults: StickFaults | None = None
) -> AsyncIterator[Halves]:
    """Both, off."""
    bench = StickBench(BenchSettings(INSTANT), SeededStreams(7), sinks=(events.append,))
    ports = []
    lines = []
    async with AsyncExitStack() as stack:
        stack.callback(bench.close)
        for _ in range(2):
            stick = bench.add(version, faults=faults)
            line = TcpLine(stick.end, stick.enter)
            await line.open("127.0.0.1", 0)
            stack.push_async_callback(line.close)
            lines.append(line)
            opener = partial(open_stick, parse_stick(f"ezsp+tcp:127.0.0.1:{line.port}"))
            report = bench.recorder.reporter(f"{stick.name}/host")
            port = await open_port(opener, Random(3), report, lambda: bench.clock.now)
            stack.push_async_callback(port.close)
            ports.append(port)
        yield Halves((ports[0], ports[1]), (lines[0], lines[1]), bench, name)


@pytest.mark.parametrize("version, name", [(13, "bridge-1"), (18, "bridge-1"), (13, "ppmid")])
async def test_a_bridge_on_a_stick_is_updated_by_a_hub_on_another_and_says_so(version: int, name: str) -> None:
    events: list[Event] = []
    async with halves(version, events, name) as both:
        await both.join()
        assert "cbke.initiator.established" in kinds(events)
        octets = image(OCTETS, name)
        await both.update(octets)
        (received,) = [event for event in events if event.kind == "bridge.image-received"]
        assert received.fields["sha256"] == sha256(octets).hexdigest()
        await both.read_version()
        assert both.readings[0].response.firmware_version == NEW


@pytest.mark.parametrize("harm", [unplug, reset, fail])
@pytest.mark.parametrize("whose", ["hub", "bridge", "both"])
async def test_a_stick_that_is_lost_during_the_download_costs_no_block_that_was_there(whose: str, harm: Harm) -> None:
    events: list[Event] = []
    async with halves(13, events) as both:
        await both.join()
        half = OCTETS // BLOCK // 2
        harmed = asyncio.create_task(both.harm_when(lambda: both.bridge.counters.blocks >= half, whose, harm))
        await both.update(image(OCTETS))
        await harmed
        assert both.bridge.counters.blocks == OCTETS // BLOCK
        assert {"stick.lost", "stick.back"} <= kinds(events)


async def test_octets_that_are_lost_flipped_doubled_and_late_at_both_sticks_do_not_stop_an_update() -> None:
    events: list[Event] = []
    faults = parse_faults(("lose=0.02", "flip=0.02", "double=0.02", "jitter=2"))
    async with halves(13, events, faults=faults) as both:
        await both.join()
        octets = image(OCTETS)
        await both.update(octets)
        (received,) = [event for event in events if event.kind == "bridge.image-received"]
        assert received.fields["sha256"] == sha256(octets).hexdigest()
        assert "line.fault" in kinds(events)


def kinds(events: list[Event]) -> set[str]:
    return {event.kind for event in events}
