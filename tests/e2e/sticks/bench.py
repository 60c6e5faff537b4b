"""Sticks for outside programs to use: served by `althan ncp serve`, or in this process beside an emulated bridge."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.core.eui64 import Eui64
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.bridge.model import Bridge, BridgeCredentials
from emulator.devices.profile import JoinerProfile
from emulator.devices.profile_loading import load_joiner
from emulator.ncp.lines.tcp import TcpLine
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.sticks.bench import BenchSettings, BenchStick, StickBench
from emulator.zigbee.clusters.definition import HOME_AUTOMATION_PROFILE
from emulator.zigbee.clusters.ota import OTA_CLUSTER
from emulator.zigbee.security.keys import install_code_key

INSTALL_CODE = bytes(range(16))
BRIDGE = Eui64(0x00DB_1200_0000_1001)
STOP_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Served:
    """What `althan ncp serve --json` has printed of one stick, and where the process writes."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """`althan ncp serve` with one stick, until the block is left; it must end by SIGTERM, and well."""
    command = [sys.executable, "-m", "emulator", "ncp", "serve", "--json", "--air", "instant", *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            yield Served(process, json.loads(line))
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=STOP_LIMIT_S)
            assert (process.returncode, err) == (0, ""), out
        finally:
            process.kill()


def run(folder: Path, *command: str, limit_s: float = 60) -> subprocess.CompletedProcess[str]:
    """An outside program, bounded in time."""
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=limit_s, check=False, stdin=subprocess.DEVNULL
    )


def home_automation(name: str = "bridge-1") -> JoinerProfile:
    """A bridge that speaks the profile of hosts that know no other, and is quick."""
    profile = load_joiner(name)
    endpoint = profile.endpoint.model_copy(update={"out_clusters": (OTA_CLUSTER,)})
    return profile.changed(
        profile_id=HOME_AUTOMATION_PROFILE, endpoint=endpoint, boot_time_s=0.1, verify_time_s=0.1, activation_time_s=0.1
    )


@dataclass(slots=True)
class Bench:
    """A stick on a TCP port and a bridge on its air, which is still off."""

    air: StickBench
    stick: BenchStick
    line: TcpLine
    bridge: Bridge
    driver: DeviceDriver
    events: list[Event] = field(default_factory=list)

    @property
    def socket(self) -> str:
        """As serial libraries have it."""
        return f"socket://{self.line.address}:{self.line.port}"

    def power_on(self) -> None:
        """Switch the bridge on."""
        self.air.clock.enter(self.bridge.power_on)
        self.air.clock.enter(lambda _: self.driver.arm())

    def kinds(self, kind: str) -> list[Event]:
        """What the bridge, a stick or the air reported of a kind."""
        return [event for event in self.events if event.kind == kind]


@asynccontextmanager
async def bench(version: int = 13, profile: JoinerProfile | None = None) -> AsyncIterator[Bench]:
    """Both, on an air without time; nothing of GBCS or key establishment, which such hosts do not know."""
    events: list[Event] = []
    streams = SeededStreams(1)
    air = StickBench(BenchSettings("instant"), streams, sinks=(events.append,))
    stick = air.add(version)
    line = TcpLine(stick.stick, stick.enter)
    await line.open("127.0.0.1", 0)
    port = air.port(BRIDGE, "bridge/stack")
    standards = Standards({"ota_aps_security": False, "gbcs_transport": "none", "image_signature": "none"})
    bridge = Bridge(
        port,
        profile or home_automation(),
        BridgeCredentials(install_code_key(INSTALL_CODE)),
        standards,
        random.Random(1),
        air.recorder.reporter("bridge"),
    )
    try:
        yield Bench(air, stick, line, bridge, DeviceDriver(air.engine, port, bridge), events)
    finally:
        await line.close()
        air.close()
