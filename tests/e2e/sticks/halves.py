"""Our hub and our bridge, each on a stick of its own, and the Access Control Broker behind the hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

from emulator.core.clock import HOUR, MILLISECOND, MINUTE, SECOND, VIRTUAL_EPOCH
from emulator.core.errors import BadInput
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
from emulator.ncp.lines.memory import MemoryLine
from emulator.ncp.lines.tcp import TcpLine
from emulator.ports.aps import NetworkSettings
from emulator.runtime.computing import InlineComputer
from emulator.runtime.device_making import trusted_roles
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.sticks.bench import INSTANT, REAL, BenchSettings, BenchStick, StickBench
from emulator.runtime.sticks.faults import FaultyEnd, StickFaults, parse_faults
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.uri import StickAddress, parse_stick
from emulator.zigbee.security.keys import install_code_key
from tests.devices.world import CHF, NEW, OLD, certificate, pki

INSTALL_CODE = bytes(range(16))
BLOCK = 50
HUB, BRIDGE = 0, 1
"""Which stick is whose."""
TCP, MEMORY = "tcp", "memory"
"""By TCP and on an air that takes no time, by the wall clock; or in memory and on a real air, in virtual time."""
_LIMIT_S = {TCP: 120, MEMORY: 3600}
_FDS = Path("/proc/self/fd")


def quick_profile(name: str) -> JoinerProfile:
    return load_joiner(name).changed(boot_time_s=0.1, verify_time_s=0.1, activation_time_s=0.1)


class Halves:
    """Both devices, outside their sticks.

    Attributes:
        failures: what the ports of hub and bridge gave their sticks up for.
    """

    def __init__(self, ports: list[EzspPort], bench: StickBench, profile: JoinerProfile, limit_s: float) -> None:
        hub, bridge = ports
        self.sticks = bench.sticks
        self.clock = bench.clock
        self.limit_s = limit_s
        self.failures: dict[int, BadInput] = {}
        self.alerts: list[FirmwareActivationAlert] = []
        self.readings: list[FirmwareVersionRead] = []
        self.statuses: list[tuple[str, str | None]] = []
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
            profile,
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
        self.statuses.append((status, reason))

    async def until(self, condition: Callable[[], object], step: int = 10 * MILLISECOND) -> None:
        async with asyncio.timeout(self.limit_s):
            while not condition():  # noqa: ASYNC110 - what is waited for is told to a device, not to a task
                await asyncio.sleep(step / SECOND)

    async def form(self) -> None:
        """Form the HAN, open for the bridge alone."""
        self.hub.power_on(NetworkSettings(15, 0x1A62, self.hub.eui64, bytes(range(16))), self.clock.now)
        self.arm()
        await self.until(lambda: self.hub.life is HubLife.RUNNING)
        self.hub.register(self.bridge.eui64, HanDeviceType.PPMID, INSTALL_CODE, HOUR // MINUTE * 60, self.clock.now)

    def begin_join(self) -> None:
        self.bridge.power_on(self.clock.now)
        self.arm()

    async def join(self) -> None:
        """Form the HAN, and wait until the bridge is at work in it."""
        await self.form()
        self.begin_join()
        await self.until(lambda: self.bridge.life is Life.RUNNING)

    def offer(self, octets: bytes) -> None:
        """Give the hub an image for the bridge."""
        self.hub.deliver_image(octets, [self.bridge.eui64], self.clock.now)
        self.arm()

    async def updated(self) -> None:
        """Wait until the bridge runs the image and has said so, once."""
        await self.until(lambda: self.alerts and self.bridge.life is Life.RUNNING)
        assert self.bridge.version == NEW
        assert [(each.alert.firmware_version, each.alert.result) for each in self.alerts] == [(NEW, Result.SUCCESS)]

    async def update(self, octets: bytes) -> None:
        """The whole of it."""
        assert self.bridge.version == OLD
        self.offer(octets)
        await self.updated()

    async def read_version(self) -> None:
        """CS08."""
        command = self.broker.command_cs08(self.bridge.eui64, pki().suppliers[0].entity_id, 1)
        self.hub.deliver_gbcs(self.bridge.eui64, command, self.clock.now)
        self.arm()
        await self.until(lambda: self.readings)

    async def strike_when(self, condition: Callable[[], object], fault: str, *sticks: int) -> None:
        """Let it befall these sticks once; its moment is when the condition is true, whatever it says."""
        (parsed,) = parse_faults((fault,)).faults
        await self.until(condition, MILLISECOND)
        for number in sticks:
            stick = self.sticks[number]
            assert isinstance(stick.end, FaultyEnd)
            stick.enter(partial(stick.end.strike, parsed))


@asynccontextmanager
async def halves(
    version: int = 13,
    events: list[Event] | None = None,
    profile: JoinerProfile | None = None,
    faults: StickFaults | None = None,
    wire: str = TCP,
) -> AsyncIterator[Halves]:
    """Both, off; nothing of them is left in the end."""
    sinks = () if events is None else (events.append,)
    failures: dict[int, BadInput] = {}
    async with nothing_left(), AsyncExitStack() as stack:
        bench = StickBench(BenchSettings(INSTANT if wire == TCP else REAL), SeededStreams(7), sinks=sinks)
        stack.callback(bench.close)
        ports = []
        for number in (HUB, BRIDGE):
            stick = bench.add(version, faults=faults or StickFaults())
            address = await (_by_tcp if wire == TCP else _in_memory)(stick, stack)
            report = bench.recorder.reporter(f"{stick.name}/host")
            failed = partial(failures.__setitem__, number)
            port = await open_port(
                partial(open_stick, address), Random(3), report, lambda: bench.clock.now, failed=failed
            )
            stack.push_async_callback(port.close)
            ports.append(port)
        both = Halves(ports, bench, profile or quick_profile("bridge-1"), _LIMIT_S[wire])
        both.failures = failures
        yield both


async def _by_tcp(stick: BenchStick, stack: AsyncExitStack) -> StickAddress:
    line = TcpLine(stick.end, stick.enter)
    await line.open("127.0.0.1", 0)
    stack.push_async_callback(line.close)
    stick.lines.append(line)
    return parse_stick(f"ezsp+tcp:127.0.0.1:{line.port}")


async def _in_memory(stick: BenchStick, stack: AsyncExitStack) -> StickAddress:
    line = MemoryLine(stick.end, stick.enter)
    line.open()
    stack.callback(line.close)
    stick.lines.append(line)
    return stack.enter_context(offered(line))


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Fails where a task, a file or a socket is left of what was done in it, or the loop alone was told of an error."""
    loop = asyncio.get_running_loop()
    tasks, files, told = asyncio.all_tasks(), _open_files(), list[dict[str, object]]()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: told.append(context))
    try:
        yield
        # What was cancelled or closed last gets its turns.
        for _ in range(3):
            await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(before)
    assert asyncio.all_tasks() - tasks == set()
    assert _open_files() - files == set()
    assert told == []


def _open_files() -> set[tuple[str, str]]:
    """Number and place of each; what has no place, e.g. a socket, is told apart by its kind and number."""
    found: set[tuple[str, str]] = set()
    for entry in _FDS.iterdir() if _FDS.exists() else ():
        try:
            found.add((entry.name, str(entry.readlink())))
        except FileNotFoundError:
            continue
    return found


def kinds(events: list[Event]) -> set[str]:
    return {event.kind for event in events}
