"""A bridge on a battery: an update waits for charge, and an empty battery never leaves half of one."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest

from emulator.core.clock import DAY, HOUR, MINUTE, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.devices.bridge.battery import Battery, RadioUse, milliampere_hours
from emulator.devices.bridge.model import Life
from emulator.devices.bridge.supply import BATTERY_EMPTY, LOW_BATTERY, BatterySupply
from emulator.devices.profile import BatteryTable, JoinerProfile
from emulator.devices.profile_loading import load_joiner
from emulator.gbcs.use_cases.cs09 import Result
from emulator.zigbee.frames.zcl import decode
from tests.devices.world import NEW, OLD, World, image

IMAGE = image(330, "bridge-4")
RUNNING = {OLD: bytes(32), NEW: hashlib.sha256(IMAGE).digest()}
FLASH_ALONE = BatteryTable(capacity_mah=1, low_percent=0, idle_ma=0, transmit_ma=0, receive_ma=0, flash_write_uc=10)
OTA_CLUSTER = 0x0019
QUERY, BLOCK_REQUEST = 0x01, 0x03


def profile(table: BatteryTable | None = None, **values: float) -> JoinerProfile:
    """A bridge 4 with another battery."""
    product = load_joiner("bridge-4")
    chosen = table or product.battery
    assert chosen is not None
    return product.changed(battery=chosen.model_copy(update=values))


def supply_of(world: World) -> BatterySupply:
    supply = world.bridge.supply
    assert supply is not None
    return supply


def battery_of(world: World) -> Battery:
    return supply_of(world).battery


def commands(world: World) -> list[int]:
    """What its OTA client sent."""
    return [
        decode(message.payload).command
        for message in world.member.sent
        if message.cluster == OTA_CLUSTER and decode(message.payload).cluster_specific
    ]


def change_battery(world: World) -> None:
    world.bridge.change_battery(world.now)
    world.arm()


# --- an offer is put off ---------------------------------------------------------------------------------------------


def test_a_bridge_low_on_charge_answers_the_notify_and_puts_the_offer_off() -> None:
    world = World(profile(charge_percent=9.9))
    world.offer(IMAGE)
    world.run_for(HOUR)
    assert world.reasons("ota.deferred") == [LOW_BATTERY]
    assert QUERY in commands(world)
    assert BLOCK_REQUEST not in commands(world)
    (deferred,) = world.of("ota.deferred")
    assert (deferred.fields["version"], deferred.fields["size"]) == (f"{NEW:08X}", 330)
    assert world.bridge.images.identity is None
    assert ("failed", LOW_BATTERY) not in world.status_of(world.member)
    assert not [status for status in world.status_of(world.member) if status[0] == "failed"]


def test_it_asks_again_at_every_poll_and_puts_it_off_while_the_charge_is_low() -> None:
    world = World(profile(charge_percent=9))
    world.offer(IMAGE)
    world.run_for(4 * DAY)
    assert set(world.reasons("ota.deferred")) == {LOW_BATTERY}
    assert len(world.of("ota.deferred")) >= 3
    assert world.bridge.version == OLD


def test_with_a_fresh_battery_it_takes_the_offer_up_at_its_next_poll() -> None:
    world = World(profile(charge_percent=9))
    world.offer(IMAGE)
    world.run_for(HOUR)
    change_battery(world)
    assert world.updated()
    assert world.reasons("bridge.battery") == ["changed"]
    assert world.reasons("ota.deferred") == [LOW_BATTERY]
    assert world.reasons("bridge.power") == ["on", "battery-change", "on", "restart", "on"]


@pytest.mark.parametrize("percent, taken", [(10.0, False), (10.1, True)])
def test_only_below_the_threshold_it_waits(percent: float, taken: bool) -> None:
    """What joining took is less than the tenth of a percent."""
    world = World(profile(charge_percent=percent))
    world.offer(IMAGE)
    world.run_for(10 * MINUTE)
    assert (world.bridge.version == NEW) is taken


def test_an_update_that_began_goes_on_below_the_threshold() -> None:
    world = World(profile())
    world.offer(IMAGE)
    assert world.until(lambda: bool(world.of("ota.started")))
    battery = battery_of(world)
    battery.left = battery.rating.low - 1
    assert world.updated()
    assert world.of("ota.deferred") == []


def test_a_download_cut_short_waits_for_charge_too_and_is_then_resumed_where_it_stopped() -> None:
    world = World(profile())
    world.offer(IMAGE)
    assert world.until(lambda: world.bridge.images.received >= 100)
    battery = battery_of(world)
    battery.left = battery.rating.low - 1
    world.restart(world.member)
    assert world.until(lambda: bool(world.of("ota.deferred")))
    received = world.bridge.images.received
    assert received >= 100
    change_battery(world)
    assert world.updated()
    resumed = world.of("ota.started")[-1]
    assert (resumed.reason, resumed.fields["offset"]) == ("resumed", received)


def test_a_bridge_without_a_battery_never_waits_and_has_none_to_change() -> None:
    world = World("bridge-1")
    assert world.bridge.hindrance(world.now) is None
    with pytest.raises(LocalProtocolError, match="without a battery"):
        world.bridge.change_battery(world.now)


# --- what is drawn ---------------------------------------------------------------------------------------------------


def test_an_update_draws_for_being_on_for_its_frames_and_for_its_writes() -> None:
    world = World(profile())
    air, battery = world.air.ports[world.bridge.eui64], battery_of(world)
    battery.radio = lambda: RadioUse(air.airtime, air.exchanged - air.airtime)
    battery.settle(world.now)
    began, mark = world.now, battery.use
    sent, received = battery.radio()
    writes = world.bridge.memory.flash.writes
    world.offer(IMAGE)
    assert world.updated()
    battery.settle(world.now)
    used, rating = battery.use - mark, battery.rating
    assert used.idle == (world.now - began) * rating.idle
    assert used.transmit == (air.airtime - sent) * rating.transmit > 0
    assert used.receive == (air.exchanged - air.airtime - received) * rating.receive > 0
    assert used.flash == (world.bridge.memory.flash.writes - writes) * rating.flash_write > 0
    assert used.polls == 0


def test_a_restart_gives_no_charge_back() -> None:
    world = World(profile())
    world.run_for(HOUR)
    battery = battery_of(world)
    battery.settle(world.now)
    before = battery.left
    world.restart(world.member)
    world.run_for(MINUTE)
    battery.settle(world.now)
    assert battery_of(world) is battery
    assert battery.left < before


def test_a_bridge_that_is_off_draws_nothing() -> None:
    world = World(profile())
    world.bridge.power_off(world.now)
    battery = battery_of(world)
    battery.settle(world.now)
    before = battery.left
    world.run_for(DAY)
    battery.settle(world.now)
    assert battery.left == before


# --- an empty battery ------------------------------------------------------------------------------------------------


def test_a_bridge_goes_off_when_its_charge_is_gone_and_stays_off() -> None:
    world = World(profile(capacity_mah=1.0, low_percent=50.0, transmit_ma=0.0, flash_write_uc=0.0))
    switched_on = world.of("bridge.power")[0].at
    world.run_for(HOUR)
    assert world.bridge.life is Life.OFF
    gone = world.of("bridge.power")[-1]
    assert gone.reason == BATTERY_EMPTY
    assert 0 <= gone.at - (switched_on + HOUR // 6) <= SECOND  # 1 mAh at 6 mA
    assert world.reasons("bridge.battery") == ["low", "empty"]
    assert world.of("bridge.battery")[-1].fields["used_mah"] == pytest.approx(1.0, abs=0.01)
    world.bridge.power_on(world.now)
    assert (world.bridge.life, world.reasons("bridge.power")[-1]) == (Life.OFF, BATTERY_EMPTY)
    world.run_for(HOUR)
    assert world.bridge.life is Life.OFF
    change_battery(world)
    assert world.until(lambda: world.bridge.life is Life.RUNNING, MINUTE)


def start(extra: int, writes: int) -> World:
    """The charge carries so many writes and `extra` picocoulombs more."""
    world = World(profile(FLASH_ALONE))
    battery = battery_of(world)
    battery.settle(world.now)
    battery.left = writes * battery.rating.flash_write + extra
    world.offer(IMAGE)
    return world


@cache
def writes_of_an_update() -> int:
    world = World(profile(FLASH_ALONE))
    before = world.bridge.memory.flash.writes
    world.offer(IMAGE)
    assert world.updated()
    world.run_for(HOUR)
    return world.bridge.memory.flash.writes - before


def went_dead(world: World) -> bool:
    return world.until(lambda: world.bridge.life is Life.OFF)


def check_what_runs(world: World) -> None:
    active = world.bridge.images.active
    assert active is not None
    assert RUNNING[active.file_version] == active.sha256


@pytest.mark.parametrize("extra", [0, 1, 5_000_000, 9_999_999], ids=["after", "before", "torn", "nearly whole"])
def test_exhaustion_in_any_write_of_an_update_leaves_the_old_or_the_new_image_and_one_alert(extra: int) -> None:
    first = 0 if extra else 1
    for number in range(first, writes_of_an_update() + first):
        world = start(extra, number)
        assert went_dead(world), number
        assert world.reasons("bridge.battery") == ["empty"]
        check_what_runs(world)
        version = world.bridge.version
        world.run_for(DAY)
        assert (world.bridge.life, world.bridge.version) == (Life.OFF, version)
        assert not [alert for alert in world.alerts if alert.alert.firmware_version != version]
        change_battery(world)
        assert world.updated(), (number, world.events[-5:])
        check_what_runs(world)
        world.run_for(HOUR)
        assert len(world.of("bridge.activated")) == 1
        assert [(alert.alert.firmware_version, alert.alert.result) for alert in world.alerts] == [(NEW, Result.SUCCESS)]


def test_the_event_of_exhaustion_says_which_write_was_cut() -> None:
    world = start(5_000_000, 4)
    assert went_dead(world)
    writes = world.bridge.memory.flash.writes
    assert world.of("bridge.battery")[-1].fields["cut"] == f"torn write {writes}"


def test_what_is_told_in_events_is_what_was_drawn() -> None:
    world = World(profile(charge_percent=50))
    world.run_for(HOUR)
    change_battery(world)
    told = world.of("bridge.battery")[-1].fields
    assert told["percent"] == 100
    assert told["used_mah"] == pytest.approx(milliampere_hours(battery_of(world).use.total), abs=0.01)
