"""A hub in the place of another one, through the Python API."""

from __future__ import annotations

import asyncio

import pytest

import emulator
from emulator.core.clock import HOUR, MINUTE
from emulator.core.errors import BadInput
from emulator.core.events import Event
from emulator.devices.device_log.life import Standing
from emulator.gbcs.use_cases.chf_device_log import Backup, HanDeviceType
from emulator.runtime.air import APS
from emulator.runtime.han import Han, HubHandle
from emulator.runtime.simulation import Simulation
from emulator.zigbee.security.keys import swap_out_key


async def whole_log(simulation: Simulation, han: Han) -> Backup:
    """The device log, once the hash of every key is in it."""

    def whole() -> bool:
        log = han.acb.device_log
        return log is not None and all(one.hashed_key for one in log.devices)

    assert await simulation.until(whole, simulation.now + MINUTE)
    assert han.acb.device_log is not None
    return han.acb.device_log


async def classed(simulation: Simulation, hub: HubHandle, han: Han) -> bool:
    log = hub.device.chf.log

    def all_are() -> bool:
        return all(log.type_of(bridge.eui64) is not None and bridge.is_up for bridge in han.bridges)

    return await simulation.until(all_are, simulation.now + 3 * HOUR)


def test_a_bridge_follows_to_the_hub_that_has_its_log_and_is_updated_there(seed: int) -> None:
    async def main() -> None:
        async with emulator.simulate(seed=seed, fidelity=APS, standards={"swap_out.bridges": "tunnelling"}) as sim:
            han = await sim.han()
            old, bridge = han.hub, han.bridges[0]
            key = bridge.device.port.link_key_with(old.eui64)
            assert key is not None
            log = await whole_log(sim, han)
            hub = sim.replace_hub(han)
            assert (han.hub, hub.name, old.is_up) == (hub, "hub-2", False)
            await han.acb.restore_device_log(hub, log)
            assert hub.device.port.link_key_with(bridge.eui64) == swap_out_key(key)
            assert await classed(sim, hub, han)
            assert hub.device.chf.log.type_of(bridge.eui64) is HanDeviceType.PPMID
            assert bridge.device.port.has_established_key(hub.eui64)
            assert (await han.acb.read_firmware_version(bridge)).firmware_version == bridge.version

    asyncio.run(main())


def test_a_device_that_was_off_comes_back_to_the_new_hub_when_it_is_on_again(seed: int) -> None:
    async def main() -> None:
        async with emulator.simulate(seed=seed, fidelity=APS) as sim:
            han = await sim.han()
            log = await whole_log(sim, han)
            han.bridges[0].power_off()
            hub = sim.replace_hub(han)
            await han.acb.restore_device_log(hub, log)
            await sim.sleep(3600)
            assert hub.device.chf.log.standing(han.bridges[0].eui64) is Standing.INVITED
            han.bridges[0].power_on()
            assert await classed(sim, hub, han)

    asyncio.run(main())


def test_a_device_that_was_not_in_the_log_stays_out_with_the_reason(seed: int) -> None:
    events: list[Event] = []

    async def main() -> None:
        async with emulator.simulate(seed=seed, fidelity=APS, sinks=[events.append]) as sim:
            han = await sim.han(bridges=["bridge-1", "bridge-2"])
            log = await whole_log(sim, han)
            known = tuple(one for one in log.devices if one.entity_id != han.bridges[1].eui64)
            hub = sim.replace_hub(han)
            await han.acb.restore_device_log(hub, Backup(log.date_time, log.extended_pan_id, known))
            await sim.sleep(3 * 3600)
            assert han.bridges[0].device.joiner.trust.keys.trust_centre == hub.eui64
            assert han.bridges[1].device.joiner.trust.keys.trust_centre != hub.eui64

    asyncio.run(main())
    assert {event.reason for event in events if event.kind == "hub.join-refused"} == {"no-link-key"}


def test_a_power_cut_of_the_new_hub_in_the_midst_of_it_costs_time_and_no_device(seed: int) -> None:
    async def main() -> None:
        async with emulator.simulate(seed=seed, fidelity=APS) as sim:
            han = await sim.han(bridges=["bridge-1", "ppmid"])
            log = await whole_log(sim, han)
            hub = sim.replace_hub(han)
            await han.acb.restore_device_log(hub, log)
            trusted = hub.device.chf.log.standing
            first = await sim.until(
                lambda: any(trusted(bridge.eui64) is Standing.TRUSTED for bridge in han.bridges), sim.now + 2 * HOUR
            )
            assert first
            hub.restart()
            assert await classed(sim, hub, han)
            assert hub.device.chf.log.extended_pan_id == log.extended_pan_id

    asyncio.run(main())


def test_a_channel_that_there_is_none_of_is_refused_and_the_old_hub_stays(seed: int) -> None:
    async def main() -> None:
        async with emulator.simulate(seed=seed, fidelity=APS) as sim:
            han = await sim.han()
            with pytest.raises(BadInput, match="channel"):
                sim.replace_hub(han, channel=27)
            with pytest.raises(BadInput, match="nope"):
                sim.replace_hub(han, "nope")
            assert han.hub.is_up

    asyncio.run(main())


def test_a_hub_that_is_off_puts_nobody_out_and_does_so_when_it_is_on_again(seed: int) -> None:
    events: list[Event] = []

    def removed() -> list[tuple[int, str | None]]:
        return [(event.at, event.reason) for event in events if event.kind == "hub.device-removed"]

    async def main() -> None:
        standards = {"cbke.join_limit_minutes": 1.0}
        async with emulator.simulate(seed=seed, fidelity=APS, standards=standards, sinks=[events.append]) as sim:
            han = await sim.han()
            hub, bridge = han.hub, han.bridges[0]
            bridge.power_off()
            log = await whole_log(sim, han)
            following = sim.replace_hub(han)
            await han.acb.restore_device_log(following, log)
            # It is given the network key and then cannot finish: its hub goes, and it with it.
            bridge.power_on()
            standing = following.device.chf.log.standing
            assert await sim.until(lambda: standing(bridge.eui64) is Standing.JOINED, sim.now + 2 * HOUR)
            bridge.power_off()
            following.power_off()
            await sim.sleep(600)
            assert removed() == []
            back = sim.now
            following.device.restart(sim.now)
            sim.arm(following.device)
            await sim.sleep(60)
            assert [reason for _, reason in removed()] == ["key-establishment-not-finished"]
            assert removed()[0][0] >= back
            assert not hub.is_up

    asyncio.run(main())
