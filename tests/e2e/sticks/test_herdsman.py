"""zigbee-herdsman with its ember adapter, as it comes, on a virtual stick over TCP.

It forms a network, lets an emulated bridge in by its install code, interviews it and updates it with its own server;
and it finds its network again.  herdsman 11.1.1 asks for a newer zigbee-on-host than 0.3.0, the newest that the npm
registry has given; package.json overrides that, and the little it takes from there is in 0.3.0 too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.core.eui64 import Eui64
from emulator.zigbee.clusters.definition import HOME_AUTOMATION_PROFILE
from emulator.zigbee.security.keys import complete_install_code
from tests.e2e.sticks.bench import BRIDGE, INSTALL_CODE, Bench, bench
from tests.e2e.sticks.outside import PATIENT, node_modules
from tests.e2e.sticks.test_zigpy import image_for

pytestmark = [pytest.mark.e2e, *PATIENT]

HERE = Path(__file__).with_name("herdsman")
CHANNEL = 20
LIMIT_S = 120
OLDEST, NEWEST = 13, 19


@pytest.fixture(scope="session")
def herdsman(pytestconfig: pytest.Config) -> Path:
    """A folder with zigbee-herdsman in its node_modules."""
    return node_modules(pytestconfig, HERE)


@dataclass(frozen=True, slots=True)
class Session:
    """herdsman at work, a step after the other."""

    process: asyncio.subprocess.Process

    async def step(self, name: str) -> dict[str, Any]:
        """What it says of the next step, which must be this one."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, await self.complaints()
        said: dict[str, Any] = json.loads(line)
        assert said["step"] == name, said
        return said

    async def complaints(self) -> str:
        """Its warnings and errors; it must have ended, or be about to."""
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def ended(self) -> None:
        """It is done, well, and without a complaint."""
        assert await self.complaints() == ""
        assert await self.process.wait() == 0


@asynccontextmanager
async def session(herdsman: Path, tested: Bench, folder: Path, **plan: object) -> AsyncIterator[Session]:
    whole = {"path": f"tcp://{tested.line.address}:{tested.line.port}", "channel": CHANNEL, "folder": str(folder)}
    process = await asyncio.create_subprocess_exec(
        "node",
        str(HERE / "controller.mjs"),
        str(herdsman),
        json.dumps({**whole, **plan}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Session(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def hexadecimal(eui64: Eui64) -> str:
    return f"0x{int(eui64):016x}"


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_it_lets_a_bridge_in_and_updates_it_to_the_last_octet(herdsman: Path, tmp_path: Path, version: int) -> None:
    async def main() -> None:
        async with bench(version) as tested:
            image = image_for(tested)
            file = tmp_path / "image.ota"
            file.write_bytes(image.octets)
            code = f"{int(BRIDGE):016x}|{complete_install_code(INSTALL_CODE).hex()}"
            async with session(herdsman, tested, tmp_path, installCode=code, image=str(file)) as host:
                await host.step("started")
                await host.step("permitted")
                tested.power_on()
                shown = await host.step("interviewed")
                profile = tested.bridge.profile
                assert (shown["eui64"], shown["type"]) == (hexadecimal(BRIDGE), "Router")
                assert (shown["model"], shown["maker"]) == (profile.model, profile.manufacturer_name)
                (endpoint,) = shown["endpoints"]
                assert endpoint["profile"] == HOME_AUTOMATION_PROFILE
                assert tuple(endpoint["in_clusters"]) == profile.endpoint.in_clusters
                assert tuple(endpoint["out_clusters"]) == profile.endpoint.out_clusters
                before = tested.bridge.version
                updated = await host.step("updated")
                await host.step("stopped")
                await host.ended()
            assert (updated["before"], updated["after"]) == (before, image.header.file_version)
            assert tested.bridge.version == image.header.file_version
            (received,) = tested.kinds("bridge.image-received")
            assert received.fields["sha256"] == image.sha256().hex()
            assert [event.reason for event in tested.kinds("ota.end")] == ["success"]
            assert tested.kinds("ezsp.refused") == []

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))


@pytest.mark.parametrize("version", [OLDEST, 16, NEWEST])
def test_it_forms_a_network_and_finds_it_again(herdsman: Path, tmp_path: Path, version: int) -> None:
    async def main() -> None:
        async with bench(version) as tested:
            results = []
            for _ in range(2):
                async with session(herdsman, tested, tmp_path) as host:
                    started = await host.step("started")
                    await host.step("stopped")
                    await host.ended()
                results.append(started.pop("result"))
                eui64 = tested.stick.chip.eui64
                assert (started["eui64"], started["firmware"]["ezsp"]) == (hexadecimal(eui64), version)
                network = tested.stick.chip.node.facts.network()
                assert network is not None
                assert (network.channel, network.pan_id) == (CHANNEL, started["network"]["panID"])
                kept = json.loads((tmp_path / "coordinator_backup.json").read_text())
                assert kept["network_key"]["key"] == network.network_key.hex()
            assert results == ["reset", "resumed"]
            assert tested.kinds("ezsp.refused") == []

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))
