"""The API under every way in: what there is, what comes up, what is refused, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import NamedTuple

import pytest

from emulator.control import api
from emulator.control.api import HanStopped, NoSuchDevice, ReceivedMessage, RunningHan
from emulator.core.errors import BadInput
from emulator.core.eui64 import Eui64, eui64_text
from emulator.gbcs.header import Cra
from emulator.image.catalogue import find_recipe
from emulator.runtime.exchange import ExchangeOutcome
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.pace import MAX, Speed
from emulator.runtime.simulation import Simulation
from tests.runtime.test_exchange import firmware_version_read, flipped


class World(NamedTuple):
    simulation: Simulation
    han: Han
    running: RunningHan

    @property
    def bridge(self) -> BridgeHandle:
        return self.han.bridges[0]

    def command(self, counter: int = 1_000) -> bytes:
        return firmware_version_read(self.simulation.pki(), self.bridge.eui64, counter)

    def messages_of_the_bridge(self) -> list[ReceivedMessage]:
        return [message for message in self.running.messages if message.device == self.bridge.eui64]


@pytest.fixture
async def world(seed: int) -> AsyncIterator[World]:
    async with Simulation(seed, fidelity="aps") as simulation:
        han = await simulation.han(bridges=["bridge-1", "ppmid"])
        running = RunningHan(simulation, han, MAX)
        keeping = asyncio.create_task(running.run())
        await asyncio.sleep(0)
        yield World(simulation, han, running)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def test_it_knows_the_han_and_every_device(world: World) -> None:
    status = world.running.status
    assert (status.fidelity, status.speed, status.virtual_seconds > 0) == ("aps", MAX, True)
    assert [(each.name, each.kind, each.on_network) for each in status.devices] == [
        ("hub", "hub", True),
        ("bridge-1", "bridge", True),
        ("ppmid", "ppmid", True),
    ]
    assert world.running.device(world.bridge.eui64) == status.devices[1]
    assert world.running.device(world.han.hub.eui64).version is None


async def test_a_device_that_lost_its_power_is_not_on_the_network(world: World) -> None:
    world.bridge.power_off()
    device = world.running.device(world.bridge.eui64)
    assert (device.on_network, device.stage) == (False, "off")


async def test_an_answer_comes_back_and_is_among_the_messages_that_came_up(world: World) -> None:
    result = await world.running.send_gbcs(world.command())
    (message,) = world.messages_of_the_bridge()
    assert result.outcome is ExchangeOutcome.ANSWERED
    assert message.octets == result.response
    assert (message.cra, message.message_code) == (Cra.RESPONSE, 0x0129)


async def test_alerts_are_among_the_messages_that_came_up(world: World) -> None:
    await world.han.hub.offer(find_recipe("b1").build(size=4_096), to=world.bridge)
    outcome = await world.bridge.update_finished()
    (message,) = world.messages_of_the_bridge()
    assert outcome.alert is not None
    assert (message.cra, message.octets) == (Cra.ALERT, outcome.alert.octets)


async def test_of_the_messages_that_came_up_the_newest_are_kept(world: World) -> None:
    for number in range(api.MOST_MESSAGES + 5):
        world.han.acb.gbcs_from_device(world.bridge.eui64, number.to_bytes(2), world.simulation.now)
    messages = world.running.messages
    assert (len(messages), messages[-1].octets) == (api.MOST_MESSAGES, (api.MOST_MESSAGES + 4).to_bytes(2))
    assert (messages[-1].cra, messages[-1].message_code) == (None, None)


async def test_what_a_device_refused_stands_in_its_security_log(world: World) -> None:
    result = await world.running.send_gbcs(flipped(world.command()))
    (entry,) = world.running.security_log(world.bridge.eui64)
    assert (entry.reason, entry.detail) == (result.reason, result.detail) == ("mac-invalid", result.detail)
    assert (entry.message_code, entry.originator) == ("0129", "90b3d51f30000002")


async def test_the_hub_is_known_by_its_radio_and_by_its_chf_and_keeps_a_log_too(world: World) -> None:
    hub = world.han.hub
    assert world.running.device(hub.eui64) == world.running.device(hub.entity_id)
    await world.running.send_gbcs(b"\x00", to=hub.entity_id)
    (entry,) = world.running.security_log(hub.eui64)
    assert entry.reason == "undecodable"


async def test_an_update_in_progress_is_hurried_though_nobody_waits(world: World) -> None:
    await world.han.hub.offer(find_recipe("b1").build(size=20_000), to=world.bridge)
    await world.simulation.until(lambda: world.bridge.is_updating)
    began = world.simulation.now
    async with asyncio.timeout(30):
        while world.bridge.is_updating:  # noqa: ASYNC110 - to wait for it in the run would itself hurry the run
            await asyncio.sleep(0.001)
    assert world.simulation.now - began > 4_000_000  # virtual time that the wall clock would still have to pass


async def test_an_address_that_no_device_has_is_told_from_other_bad_input(world: World) -> None:
    stranger = Eui64(0x00DB1234567890FF)
    with pytest.raises(NoSuchDevice, match=eui64_text(stranger)):
        world.running.device(stranger)
    with pytest.raises(NoSuchDevice):
        world.running.security_log(stranger)
    with pytest.raises(BadInput, match=eui64_text(stranger)):
        await world.running.send_gbcs(world.command(), to=stranger)


@pytest.mark.parametrize("wait", [0.0, -1.0, float("nan"), float("inf"), 86_401.0])
async def test_a_wait_that_is_none_is_bad_input(world: World, wait: float) -> None:
    with pytest.raises(BadInput, match="wait_seconds"):
        await world.running.send_gbcs(world.command(), wait_seconds=wait)


async def test_who_still_waits_when_it_stops_is_told_so(seed: int) -> None:
    async with Simulation(seed, fidelity="aps") as simulation:
        han = await simulation.han()
        running = RunningHan(simulation, han, Speed(0.001))
        keeping = asyncio.create_task(running.run())
        command = firmware_version_read(simulation.pki(), han.bridges[0].eui64)
        sending = asyncio.create_task(running.send_gbcs(command))
        await asyncio.sleep(0.05)
        assert not sending.done()
        running.stop()
        with pytest.raises(HanStopped):
            await sending
        with pytest.raises(HanStopped):
            await running.send_gbcs(command)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def test_who_gives_up_is_cancelled_and_nothing_more(world: World) -> None:
    world.bridge.power_off()
    sending = asyncio.create_task(world.running.send_gbcs(world.command(), wait_seconds=60))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
