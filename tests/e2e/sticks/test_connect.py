"""The Python API on sticks: the ten lines of `simulate`, by `connect`; virtual sticks stand in for real ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import emulator
from emulator.core.errors import BadInput
from emulator.core.events import Event
from emulator.core.rng import SeededStreams
from emulator.image.catalogue import find_recipe
from emulator.ncp.lines.tcp import TcpLine
from emulator.runtime.sticks.bench import INSTANT, BenchSettings, StickBench
from tests.e2e.sticks.live import CODE, LIMIT_S, rig, virtually

SIZE = 2_000
QUICK = {"gbcs_get_interval": 0.5}


@virtually
async def test_the_ten_lines_of_the_design_work_on_sticks_and_nothing_is_left_of_them(tmp_path: Path) -> None:
    image, keys = find_recipe("b1").build(size=SIZE), list[str]()
    async with rig(tmp_path) as two, asyncio.timeout(LIMIT_S):
        hub, bridge = two.addresses
        before = asyncio.all_tasks()
        async with emulator.connect(
            hub, [bridge], standards=QUICK, keys=lambda _, label: keys.append(label)
        ) as sticks:  # fmt: skip
            han = await sticks.han(hub="hub", bridges=[two.profile])
            await han.hub.offer(image, to=han.bridges[0])
            outcome = await han.bridges[0].update_finished()
            version = await han.acb.read_firmware_version(han.bridges[0])
            assert sticks.now > 0
        assert asyncio.all_tasks() == before
        # Sticks that were switched off know nothing any more that a reset throws away.
        assert [stick.chip.ram.endpoints for stick in two.sticks] == [[], []]
    assert (outcome.activated, outcome.version, outcome.reason) == (True, "00020000", None)
    assert outcome.alert is not None
    assert (outcome.alert.alert_code, outcome.alert.result) == (0x8F8B, 0)
    assert str(version) == "00020000"
    assert any("network key" in label for label in keys)


@virtually
async def test_a_bridge_alone_joins_a_hub_that_is_somewhere_else(tmp_path: Path) -> None:
    async with rig(tmp_path) as two, asyncio.timeout(LIMIT_S):
        hub = two.hub(stick=two.stick(0, cbke=False, once=False))
        async with emulator.connect(
            bridges=[two.addresses[1]], standards=QUICK, key_establishment=False
        ) as sticks:  # fmt: skip
            bridge = await sticks.bridge(two.profile, install_code=CODE)
            assert bridge.install_code == CODE
            await hub.until(lambda: bridge.device.version == 0x0002_0000)
        await hub.end()


@virtually
async def test_two_bridges_of_a_profile_have_names_of_their_own_and_none_has_the_hubs(tmp_path: Path) -> None:
    async with rig(tmp_path) as two, asyncio.timeout(LIMIT_S):
        called_hub = tmp_path / "hub.toml"
        called_hub.write_text(two.profile.read_text().replace('name = "bridge-1"', 'name = "hub"'))
        async with emulator.connect(bridges=two.addresses, key_establishment=False) as sticks:
            with pytest.raises(BadInput, match="hub: there is a device of that name"):
                await sticks.bridge(called_hub)
            assert [(await sticks.bridge()).name for _ in two.addresses] == ["bridge-1", "bridge-1.2"]


@virtually
async def test_a_hub_whose_stick_is_lost_while_it_forms_forms_when_it_is_back(tmp_path: Path) -> None:
    async with rig(tmp_path) as two, asyncio.timeout(LIMIT_S):
        events: list[Event] = []

        def watch(event: Event) -> None:
            events.append(event)
            if event.kind == "hub.power":
                asyncio.get_running_loop().call_soon(sticks._sticks.taken["hub"].work.lost, "stick-unplugged")

        async with emulator.connect(two.addresses[0], sinks=[watch]) as sticks:
            assert (await sticks.han(bridges=[])).hub.is_up
    assert [event.reason for event in events if event.kind == "hub.network-down"] == ["stick-lost"]
    assert [event.kind for event in events].count("hub.network-up") == 1


async def test_sticks_are_named_as_on_the_command_line() -> None:
    bench, events = StickBench(BenchSettings(INSTANT), SeededStreams(3)), list[Event]()
    stick = bench.add()
    line = TcpLine(stick.end, stick.enter)
    await line.open("127.0.0.1", 0)
    try:
        async with emulator.connect(f"ezsp+tcp:127.0.0.1:{line.port}", sinks=[events.append]) as sticks:
            han = await sticks.han(bridges=[])
            assert han.hub.is_up
            assert han.hub.eui64 == stick.chip.eui64
            await sticks.sleep(0)
    finally:
        await line.close()
        bench.close()
    assert "hub.network-up" in [event.kind for event in events]


@virtually
async def test_what_cannot_be_is_said_and_takes_no_stick(tmp_path: Path) -> None:
    async with rig(tmp_path) as two, asyncio.timeout(LIMIT_S):
        hub, bridge = two.addresses
        async with emulator.connect(hub, [bridge], key_establishment=False) as sticks:
            with pytest.raises(BadInput, match="for 2 bridges there are 1 free sticks"):
                await sticks.han(bridges=["bridge-1", "bridge-2"])
            with pytest.raises(BadInput, match="channel 27"):
                await sticks.han(channel=27)
            with pytest.raises(BadInput, match="no-such-bridge"):
                await sticks.bridge("no-such-bridge")
            with pytest.raises(BadInput, match="install code"):
                await sticks.bridge(install_code=b"x")
            assert (await sticks.bridge()).name == "bridge-1"
            with pytest.raises(BadInput, match="for 1 bridges there are 0 free sticks"):
                await sticks.bridge()
        async with emulator.connect(bridges=[bridge]) as sticks:
            with pytest.raises(BadInput, match="no stick was connected for a hub"):
                await sticks.han()
        for address, words in (("ezsp+tcp:127.0.0.1:1", "127.0.0.1:1"), ("usb:1", "usb:1")):
            with pytest.raises(BadInput, match=words):
                async with emulator.connect(address):
                    raise AssertionError("nothing is there")
        with pytest.raises(BadInput, match="no-such-switch"):
            async with emulator.connect(standards={"no-such-switch": 1}):
                raise AssertionError("there is none")
