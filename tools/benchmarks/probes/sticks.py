"""Our hub and our bridge, each on a virtual stick through bellows, in this process and on an air that takes no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random
from time import perf_counter, process_time
from typing import Any, Final

from benchmarks.child import Measured
from emulator.core.clock import HOUR, MINUTE
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.model import Bridge, BridgeCredentials, Life
from emulator.devices.hub.life import HubLife
from emulator.devices.hub.model import CommsHub
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.gbcs.pki import generate_pki
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType
from emulator.image.build import build_image
from emulator.image.catalogue import recipe_matching
from emulator.image.file import OtaFile
from emulator.image.signature import not_checked
from emulator.ncp.lines.memory import MemoryLine
from emulator.ncp.lines.pty import PtyLine
from emulator.ncp.lines.tcp import TcpLine
from emulator.ports.aps import ApsMessage, NetworkSettings, NetworkUp, NodeType, StackConfiguration
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.sticks.bench import INSTANT, BenchSettings, BenchStick, StickBench
from emulator.transports.ezsp.memory_line import offered
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.uri import StickAddress, parse_stick
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, IMAGE_BLOCK_RESPONSE
from emulator.zigbee.security.keys import install_code_key

INSTALL_CODE: Final = bytes(range(16))
LIMIT_S: Final = 300
_COMMAND = 2
"""Octet of a ZCL frame that says which command it is."""


class Meter:
    """Times of one download, and how long the hub's host takes from each block request to its response."""

    def __init__(self) -> None:
        self.blocks = 0
        self.gaps: list[float] = []
        self._began = self._ended = (0.0, 0.0)
        self._asked: float | None = None

    def take(self, event: Event) -> None:
        """An event of the bridge."""
        if event.kind == "ota.started":
            self._began = (perf_counter(), process_time())
        elif event.kind == "ota.downloaded":
            self._ended = (perf_counter(), process_time())
            self.blocks = int(str(event.fields["blocks"]))

    def watch(self, stick: BenchStick) -> None:
        """Look at the stick of the hub: what it has handed to its line, and what it is told to send."""
        chip = stick.chip
        callback, send = chip.callback, chip.port.send

        def told(name: str, values: dict[str, Any], now: int) -> None:
            callback(name, values, now)
            if name == "incomingMessageHandler" and _is_block(values["messageContents"], IMAGE_BLOCK_REQUEST):
                self._asked = perf_counter()

        def sent(message: ApsMessage, now: int) -> int:
            if self._asked is not None and _is_block(message.payload, IMAGE_BLOCK_RESPONSE):
                self.gaps.append(perf_counter() - self._asked)
                self._asked = None
            return send(message, now)

        chip.callback = told
        chip.port.send = sent  # type: ignore[method-assign]  # the chip asks for it by name each time

    def measured(self) -> Measured:
        """Blocks a second, µs of processor time a block, and ms of the host's gap at 50 and 99 percent."""
        wall, cpu = (ended - began for ended, began in zip(self._ended, self._began, strict=True))
        gaps = sorted(self.gaps)
        return {
            "blocks": self.blocks,
            "rate": self.blocks / wall,
            "cpu": cpu / self.blocks * 1e6,
            "gap_median": gaps[len(gaps) // 2] * 1e3,
            "gap_p99": gaps[len(gaps) * 99 // 100] * 1e3,
        }


def _is_block(payload: bytes, command: int) -> bool:
    return len(payload) > _COMMAND and payload[_COMMAND] == command


def ours(*, size: int, block: int, acks: bool, link_key: bool, version: int) -> Measured:
    """Our bridge from our hub, over TCP.

    Args:
        size: octets of the image.
        block: octets of a block.
        acks: APS acknowledgements of OTA messages.
        link_key: OTA messages under the APS link key.
        version: of EZSP.
    """
    standards = Standards(
        {"ota_aps_acks": acks, "ota_aps_security": link_key, "image_signature": "none", "gbcs_transport": "none"}
    )
    return asyncio.run(asyncio.wait_for(_ours(size, block, standards, version), LIMIT_S))


async def _ours(size: int, block: int, standards: Standards, version: int) -> Measured:
    meter = Meter()
    async with on_the_air(meter) as air:
        hub_stick, hub_address = await air.tcp(version)
        hub_port = await air.opened(hub_address)
        meter.watch(hub_stick)
        bridge = await air.bridge(version, quick("bridge-1", block), standards)
        reporter, profile = air.bench.recorder.reporter("hub"), load_hub("hub")
        chf = generate_pki(SeededStreams(1), ()).identity(hub_port.eui64, RemotePartyRole.WAN_PROVIDER)
        hub = CommsHub(hub_port, profile, standards, Random(1), reporter, chf)
        driver = DeviceDriver(air.bench.clock, hub_port, hub)
        hub.power_on(NetworkSettings(15, 0x1A62, hub_port.eui64, bytes(range(16))), air.now)
        driver.arm()
        await until(lambda: hub.life is HubLife.RUNNING)
        hub.register(bridge.eui64, HanDeviceType.PPMID, INSTALL_CODE, HOUR // MINUTE * 60, air.now)
        air.power_on(bridge)
        await until(lambda: bridge.life is Life.RUNNING)
        hub.deliver_image(image_for(bridge.profile, size).octets, [bridge.eui64], air.now)
        driver.arm()
        await until(lambda: meter.blocks)
    return meter.measured()


def form(*, line: str, version: int) -> Measured:
    """A stick on a line that is opened by us and forms a network, in seconds.

    Args:
        line: `tcp`, `pty` or `memory`.
        version: of EZSP.
    """
    return asyncio.run(asyncio.wait_for(_form(line, version), LIMIT_S))


async def _form(line: str, version: int) -> Measured:
    async with on_the_air(Meter()) as air:
        address = await air.on_line(line, version)
        began = perf_counter()
        port = await air.opened(address)
        opened = perf_counter()
        up: list[object] = []
        port.attach(_Waiting(up))
        port.configure(StackConfiguration(NodeType.COORDINATOR, 0x1234, ()))
        port.form(NetworkSettings(15, 0x1A62, port.eui64, bytes(range(16))), air.now)
        await until(lambda: up)
        if not isinstance(up[0], NetworkUp):
            raise SystemExit(f"not formed: {up[0]}")
        return {"open": opened - began, "form": perf_counter() - opened}


class _Waiting:
    """Wants to know of the network alone."""

    def __init__(self, events: list[object]) -> None:
        self._events = events

    def received(self, message: object, now: int) -> None:
        """Nothing."""

    def sent(self, handle: int, outcome: object, now: int) -> None:
        """Nothing."""

    def network(self, event: object, now: int) -> None:  # noqa: ARG002 - ApsUser
        """Something happened."""
        self._events.append(event)


class OnTheAir:
    """Sticks and what was opened on them; `on_the_air` makes one and takes it down."""

    def __init__(self, bench: StickBench, stack: AsyncExitStack) -> None:
        self.bench = bench
        self._stack = stack
        self._drivers: dict[Bridge, DeviceDriver] = {}

    @property
    def now(self) -> int:
        """µs."""
        return self.bench.clock.now

    async def tcp(self, version: int) -> tuple[BenchStick, StickAddress]:
        """A stick on a TCP port."""
        stick = self.bench.add(version)
        line = TcpLine(stick.end, stick.enter)
        await line.open("127.0.0.1", 0)
        self._stack.push_async_callback(line.close)
        return stick, parse_stick(f"ezsp+tcp:127.0.0.1:{line.port}")

    async def on_line(self, kind: str, version: int) -> StickAddress:
        """A stick on a line of any kind."""
        if kind == "tcp":
            return (await self.tcp(version))[1]
        stick = self.bench.add(version)
        line = PtyLine(stick.end, stick.enter) if kind == "pty" else MemoryLine(stick.end, stick.enter)
        line.open()
        self._stack.callback(line.close)
        if isinstance(line, PtyLine):
            return parse_stick(f"ezsp:{line.path}")
        return self._stack.enter_context(offered(line))

    async def opened(self, address: StickAddress) -> EzspPort:
        """Our port on it."""
        report = self.bench.recorder.reporter("host")
        port = await open_port(partial(open_stick, address), Random(3), report, lambda: self.now)
        self._stack.push_async_callback(port.close)
        return port

    async def bridge(self, version: int, profile: JoinerProfile, standards: Standards) -> Bridge:
        """A bridge on a stick of its own, off."""
        _, address = await self.tcp(version)
        port = await self.opened(address)
        credentials = BridgeCredentials(install_code_key(INSTALL_CODE))
        report = self.bench.recorder.reporter("bridge")
        bridge = Bridge(port, profile, credentials, standards, Random(2), report, verifier=not_checked)
        self._drivers[bridge] = DeviceDriver(self.bench.clock, port, bridge)
        return bridge

    def power_on(self, bridge: Bridge) -> None:
        """Switch it on."""
        bridge.power_on(self.now)
        self._drivers[bridge].arm()


@asynccontextmanager
async def on_the_air(meter: Meter) -> AsyncIterator[OnTheAir]:
    """An empty bench."""
    bench = StickBench(BenchSettings(INSTANT), SeededStreams(7), sinks=(meter.take,))
    async with AsyncExitStack() as stack:
        stack.callback(bench.close)
        yield OnTheAir(bench, stack)


async def until(condition: Callable[[], object]) -> None:
    """Look every few milliseconds."""
    while not condition():  # noqa: ASYNC110 - what is waited for is told to a device, not to a task
        await asyncio.sleep(0.005)


def quick(name: str, block: int) -> JoinerProfile:
    """A product that does not take its time."""
    profile = load_joiner(name)
    ota = profile.ota.model_copy(update={"block_octets": block})
    return profile.changed(boot_time_s=0.1, verify_time_s=0.1, activation_time_s=0.1, ota=ota)


def image_for(profile: JoinerProfile, size: int) -> OtaFile:
    """An unsigned image of about so many octets, in one sub-element, as zigpy wants it."""
    body = Random(3).randbytes(size)
    header = recipe_matching(profile.manufacturer, profile.image_type).ota_header()
    return build_image(header, b"\0\0" + len(body).to_bytes(4, "little") + body)
