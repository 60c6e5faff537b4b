"""Our hub and our bridge, each on a stick of its own: CBKE, a whole update, the alert and CS08 through bellows."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest

from emulator.core.events import Event
from emulator.runtime.sticks.faults import parse_faults
from tests.devices.world import NEW, image
from tests.e2e.sticks.halves import BLOCK, BRIDGE, HUB, halves, kinds, quick_profile

pytestmark = pytest.mark.e2e

OCTETS = 20_000


@pytest.mark.parametrize("version, name", [(13, "bridge-1"), (18, "bridge-1"), (13, "ppmid")])
async def test_a_bridge_on_a_stick_is_updated_by_a_hub_on_another_and_says_so(version: int, name: str) -> None:
    events: list[Event] = []
    async with halves(version, events, quick_profile(name)) as both:
        await both.join()
        assert "cbke.initiator.established" in kinds(events)
        octets = image(OCTETS, name)
        await both.update(octets)
        (received,) = [event for event in events if event.kind == "bridge.image-received"]
        assert received.fields["sha256"] == sha256(octets).hexdigest()
        await both.read_version()
        assert both.readings[0].response.firmware_version == NEW


# `test_stick_faults` has every other way, at every moment, in virtual time.
@pytest.mark.parametrize(
    "fault, whose",
    [("unplug@0s:200ms", (HUB,)), ("reset@0s", (BRIDGE,)), ("error@0s", (HUB, BRIDGE))],
    ids=["hub-unplug", "bridge-reset", "both-error"],
)
async def test_a_stick_that_is_lost_during_the_download_costs_no_block_that_was_there(
    fault: str, whose: tuple[int, ...]
) -> None:
    events: list[Event] = []
    async with halves(13, events) as both:
        await both.join()
        half = OCTETS // BLOCK // 2
        struck = asyncio.create_task(both.strike_when(lambda: both.bridge.counters.blocks >= half, fault, *whose))
        await both.update(image(OCTETS))
        await struck
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
