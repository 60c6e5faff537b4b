"""The same promises where every frame is on the air: restarts, sleep, fragments, several bridges."""

from __future__ import annotations

import pytest

from emulator.core.clock import MINUTE
from emulator.core.events import Event
from emulator.devices.profile import OtaClientTable
from emulator.devices.profile_loading import load_joiner
from emulator.image.signature import not_checked
from emulator.runtime.simulation import Simulation
from tests.devices.world import image

SIZE = 2000
BLOCK = 50

pytestmark = pytest.mark.e2e


def reasons(events: list[Event], kind: str) -> list[str | None]:
    return [event.reason for event in events if event.kind == kind]


@pytest.mark.parametrize("after", [1, SIZE // BLOCK // 2, SIZE // BLOCK - 1])
@pytest.mark.parametrize("side", ["bridge", "hub"])
async def test_a_restart_at_any_block_resumes(side: str, after: int) -> None:
    events: list[Event] = []
    async with Simulation(3, sinks=(events.append,)) as sim:
        han = await sim.han_of([(load_joiner("bridge-1"), not_checked)])
        (bridge,) = han.bridges
        await han.hub.offer(image(SIZE), bridge)
        # A condition is looked at with every event only; progress is one event a percent here.
        await sim.until(lambda: bridge.device.counters.blocks >= after, sim.now + MINUTE)
        (bridge if side == "bridge" else han.hub).restart()
        outcome = await bridge.update_finished()
        assert (outcome.activated, outcome.reason) == (True, None)
        assert bridge.device.counters.blocks == SIZE // BLOCK
        assert bridge.device.counters.bytes_resent <= 2 * BLOCK
        assert reasons(events, "bridge.activated") == [None]
        assert str(await han.acb.read_firmware_version(bridge)) == "00020000"


async def test_a_sleepy_bridge_is_updated() -> None:
    profile = load_joiner("bridge-4").changed(node="sleepy", poll_interval_s=0.25)
    async with Simulation(4) as sim:
        han = await sim.han_of([(profile, not_checked)])
        await han.hub.offer(image(1000, profile), han.bridges[0])
        outcome = await han.bridges[0].update_finished()
        assert outcome.activated, outcome


@pytest.mark.parametrize("octets", [1, 56, 57, 120, 255])
@pytest.mark.parametrize("acknowledged", [True, False])
async def test_blocks_of_any_size_arrive(octets: int, acknowledged: bool) -> None:
    standards = {"ota_block_octets": octets, "ota_aps_acks": acknowledged}
    events: list[Event] = []
    async with Simulation(5, standards=standards, sinks=(events.append,)) as sim:
        han = await sim.han_of([(load_joiner("bridge-1"), not_checked)])
        await han.hub.offer(image(600), han.bridges[0])
        outcome = await han.bridges[0].update_finished()
        assert outcome.activated, outcome
        assert han.bridges[0].device.counters.bytes_resent == 0
        assert "too-long" not in reasons(events, "ota.send-failed")


async def test_pages_work_on_the_air() -> None:
    profile = load_joiner("bridge-2").changed(ota=OtaClientTable(page_requests=True, page_octets=400))
    async with Simulation(6) as sim:
        han = await sim.han_of([(profile, not_checked)])
        await han.hub.offer(image(SIZE, profile), han.bridges[0])
        assert (await han.bridges[0].update_finished()).activated


async def test_products_take_turns_and_those_of_one_product_share() -> None:
    async with Simulation(7) as sim:
        names = ("bridge-1", "bridge-2", "bridge-1")
        han = await sim.han_of([(load_joiner(name), not_checked) for name in names])
        await han.hub.offer(image(SIZE), [han.bridges[0], han.bridges[2]])
        await han.hub.offer(image(SIZE, "bridge-2"), han.bridges[1])
        outcomes = [await bridge.update_finished() for bridge in han.bridges]
        assert [outcome.activated for outcome in outcomes] == [True] * 3


async def test_the_hubs_restart_does_not_lose_an_alert_on_the_air() -> None:
    async with Simulation(8) as sim:
        han = await sim.han_of([(load_joiner("bridge-1"), not_checked)])
        (bridge,) = han.bridges
        await han.hub.offer(image(600), bridge)
        await sim.until(lambda: bridge.version == "00020000", sim.now + MINUTE)
        han.hub.restart()
        outcome = await bridge.update_finished()
        assert outcome.activated
        assert outcome.alert is not None
