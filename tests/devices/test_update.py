"""Whole updates: what restarts, cuts, refusals and settings make of them."""

from __future__ import annotations

import pytest

from emulator.core.clock import HOUR, MINUTE
from emulator.core.standards import Standards
from emulator.devices.profile import OtaClientTable
from emulator.devices.profile_loading import load_joiner
from emulator.gbcs.use_cases.cs09 import Result
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_RESPONSE
from tests.devices.world import NEW, OLD, World, image

OCTETS = 2000
BLOCK = 50


@pytest.mark.parametrize("profile", ["bridge-1", "bridge-2", "bridge-3", "bridge-4", "ppmid"])
def test_every_product_is_updated_and_says_so(profile: str) -> None:
    world = World(profile)
    octets = image(OCTETS, profile)
    world.offer(octets)
    assert world.updated()
    (alert,) = world.alerts
    assert (alert.alert.firmware_version, alert.alert.result) == (NEW, Result.SUCCESS)
    assert world.status_of(world.member) == [("offered", None), ("transferred", None)]
    assert [each.fields["octets"] for each in world.of("bridge.image-received")] == [OCTETS]
    world.read_version(world.member)
    assert world.until(lambda: bool(world.readings), MINUTE)
    assert world.readings[0].response.firmware_version == NEW


@pytest.mark.parametrize("after", [1, OCTETS // BLOCK // 2, OCTETS // BLOCK - 1])
@pytest.mark.parametrize("side", ["bridge", "hub"])
def test_a_restart_at_any_block_resumes_and_sends_next_to_nothing_again(side: str, after: int) -> None:
    world = World("bridge-1")
    octets = image(OCTETS)
    world.offer(octets)
    assert world.until(lambda: world.bridge.counters.blocks >= after)
    if side == "bridge":
        world.restart(world.member)
    else:
        world.restart_hub()
    assert world.updated()
    assert world.of("bridge.image-received")[-1].fields["octets"] == OCTETS
    assert len(world.of("bridge.activated")) == 1
    assert world.bridge.counters.blocks == OCTETS // BLOCK
    assert world.bridge.counters.bytes_resent <= 2 * BLOCK
    if side == "bridge":
        assert "resumed" in world.reasons("ota.started")
    assert len(world.alerts) == 1
    assert world.status_of(world.member)[-1] == ("transferred", None)


def test_a_bridge_restarted_while_it_writes_the_image_finishes_at_the_next_boot() -> None:
    world = World("bridge-1")
    world.offer(image(OCTETS))
    assert world.until(lambda: bool(world.of("ota.activating")))
    world.restart(world.member)
    assert world.updated(span=HOUR)
    assert len(world.of("bridge.activated")) == 1
    assert len(world.alerts) == 1


def test_a_bridge_without_transport_is_updated_and_raises_nothing() -> None:
    world = World("bridge-1", gbcs_transport="none")
    assert not world.bridge.speaks_gbcs
    world.offer(image(OCTETS))
    assert world.updated()
    world.run_for(HOUR)
    assert world.alerts == []
    assert world.reasons("gbcs.alert-withheld") == ["no-gbcs-transport"]
    assert world.of("gbcs.alert", "bridge-1") == []


@pytest.mark.parametrize("switch, version", [("running", OLD), ("failed", NEW)])
def test_an_activation_that_fails_is_told_with_the_version_the_switch_says(switch: str, version: int) -> None:
    world = World("bridge-1", cs09_version_on_failure=switch)
    world.offer(image(OCTETS))
    assert world.until(lambda: bool(world.of("ota.activating")))
    world.bridge.images.erase()
    assert world.until(lambda: bool(world.alerts))
    alert = world.alerts[0].alert
    assert (alert.result, alert.firmware_version) == (Result.FAILURE, version)
    assert world.bridge.version == OLD
    assert world.of("bridge.activated") == []
    assert world.reasons("bridge.activation-failed") == ["image-lost"]


@pytest.mark.parametrize("octets", [1, 2, 49, 50, 64, 65, 66, 100, 200, 255])
@pytest.mark.parametrize("secured", [True, False])
@pytest.mark.parametrize("acknowledged", [True, False])
def test_blocks_of_any_size_arrive(octets: int, secured: bool, acknowledged: bool) -> None:
    world = World("bridge-1", ota_block_octets=octets, ota_aps_acks=acknowledged, ota_aps_security=secured)
    world.offer(image(700))
    assert world.updated()
    cap = 255 if acknowledged else 56 if secured else 65
    ota = [message.payload for message in world.hub_sent if message.cluster == 0x0019]
    got = max(len(payload) for payload in ota if payload[2] == IMAGE_BLOCK_RESPONSE) - 17
    assert got == min(octets, cap, 700)
    assert world.of("ota.failed") == []


@pytest.mark.parametrize("pages", [True, False])
def test_a_sleepy_bridge_is_updated_by_its_polls(pages: bool) -> None:
    profile = load_joiner("bridge-4").changed(
        node="sleepy", poll_interval_s=0.5, ota=OtaClientTable(page_requests=pages, page_octets=300)
    )
    world = World(profile)
    began = world.now
    world.offer(image(OCTETS, profile))
    assert world.updated()
    assert world.now - began > OCTETS // BLOCK * 250_000
    assert len(world.alerts) == 1


def test_pages_bring_the_same_image_with_fewer_requests() -> None:
    profile = load_joiner("bridge-1").changed(ota=OtaClientTable(page_requests=True, page_octets=500))
    world = World(profile)
    world.offer(image(OCTETS))
    assert world.updated()
    requests = [message for message in world.member.sent if message.cluster == 0x0019 and message.payload[2] == 4]
    assert len(requests) == OCTETS // 500


def test_a_minimum_block_period_is_kept() -> None:
    profile = load_joiner("bridge-1").changed(ota=OtaClientTable(min_block_period_ms=500))
    world = World(profile)
    world.offer(image(OCTETS))
    assert world.updated()
    times = [each.at for each in (*world.of("ota.started"), *world.of("ota.downloaded"))]
    assert times[1] - times[0] >= (OCTETS // BLOCK - 1) * 500_000
    assert world.bridge.counters.pace_us > 0


# --- activation ---


def test_told_to_wait_a_bridge_waits_until_it_is_released() -> None:
    world = World("bridge-1", ota_activation="wait")
    world.offer(image(OCTETS))
    assert world.until(lambda: "wait-for-upgrade" in world.reasons("ota.waiting"))
    world.run_for(30 * MINUTE)
    assert world.bridge.version == OLD
    assert world.of("ota.activating") == []
    world.hub.release_activation(world.bridge.eui64, world.now)
    assert world.updated(span=5 * MINUTE)


def test_told_to_wait_for_ever_a_bridge_follows_its_timeout_policy() -> None:
    world = World("bridge-1", ota_activation="wait")
    world.offer(image(OCTETS))
    assert world.updated(span=6 * HOUR)
    assert world.now > 2 * HOUR


def test_a_held_bridge_is_still_known_after_a_restart_of_the_hub() -> None:
    world = World("bridge-1", ota_activation="wait")
    world.offer(image(OCTETS))
    assert world.until(lambda: "wait-for-upgrade" in world.reasons("ota.waiting"))
    world.restart_hub()
    assert world.updated(span=8 * HOUR)
    assert world.reasons("ota.failed") == []


# --- limits ---


@pytest.mark.e2e
def test_an_image_of_exactly_750_kb_is_taken() -> None:
    world = World("bridge-1")
    world.offer(image(768_000))
    assert world.updated()


def test_the_bridge_refuses_one_octet_over_its_limit_whatever_the_hub_holds() -> None:
    world = World(limit=1001)
    limited = world.join(world.add(standards=Standards({"limits.image_octets": 1000})))
    world.offer(image(1001))
    assert world.until(lambda: bool(world.of("ota.refused")))
    assert world.reasons("ota.refused") == ["image-too-large"]
    world.run_for(MINUTE)
    assert world.status_of(limited)[-1] == ("failed", "image-too-large")
    assert limited.bridge.images.identity is None
    assert world.bridge.version == OLD
    assert world.alerts == []


def test_the_bridge_takes_exactly_its_limit() -> None:
    world = World(limit=2000)
    world.join(world.add(standards=Standards({"limits.image_octets": 1000})))
    world.offer(image(1000))
    assert world.updated()
