"""The power is cut in every write to flash that an update makes: before, inside and after it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.eui64 import Eui64
from emulator.devices.bridge.memory import Activation, BridgeMemory, BridgeState
from emulator.devices.bridge.model import Life
from emulator.gbcs.device.counters import Counters
from emulator.gbcs.use_cases.cs09 import Result
from emulator.image.flash import Cut, Flash, PowerCut, cut_at
from emulator.zigbee.clusters.ota import ImageIdentity
from tests.devices.world import NEW, OLD, World, image, pki

IMAGE = image(330)
RUNNING = {OLD: bytes(32), NEW: hashlib.sha256(IMAGE).digest()}


def start() -> World:
    world = World("bridge-1")
    world.offer(IMAGE)
    return world


@cache
def writes_of_an_update() -> int:
    world = World("bridge-1")
    before = world.bridge.memory.flash.writes
    world.offer(IMAGE)
    assert world.updated()
    world.run_for(HOUR)
    return world.bridge.memory.flash.writes - before


def check_what_runs(world: World) -> None:
    active = world.bridge.images.active
    assert active is not None
    assert RUNNING[active.file_version] == active.sha256


def end_well(world: World) -> None:
    """The update comes to its end, and is told once, with a counter that the broker takes."""
    assert world.updated(), world.events[-10:]
    check_what_runs(world)
    world.run_for(HOUR)
    assert len(world.of("bridge.activated")) == 1
    assert [(alert.alert.firmware_version, alert.alert.result) for alert in world.alerts] == [(NEW, Result.SUCCESS)]
    assert set(world.refusals) <= {"counter-repeated"}
    state = world.bridge.memory.state
    assert (state.activating, state.unreported, state.alerts) == (None, None, ())
    assert state.gbcs is not None
    assert state.gbcs.counters.alert == 1


def was_cut(world: World) -> bool:
    """Power has gone, and is back."""
    if not world.until(lambda: "cut" in world.reasons("bridge.power")):
        return False
    return world.until(lambda: world.reasons("bridge.power")[-1] == "on")


def watch(world: World) -> None:
    """At no moment is there a success alert without activation, or anything but the old or the new image."""
    bridge, deliver = world.bridge, world.gbcs_from_device

    def look(device: object, octets: bytes, now: int) -> None:
        if device == bridge.eui64:
            assert bridge.version == NEW
        check_what_runs(world)
        deliver(device, octets, now)  # type: ignore[arg-type]  # passed on

    world.gbcs_from_device = look  # type: ignore[method-assign]  # the gateway's way up


@pytest.mark.parametrize("cut", list(Cut))
def test_a_cut_in_any_write_of_an_update_leaves_the_old_or_the_new_image_and_one_alert(cut: Cut) -> None:
    for number in range(1, writes_of_an_update() + 1):
        world = World("bridge-1")
        watch(world)
        flash = world.bridge.memory.flash
        flash.fault = cut_at(flash.writes + number, cut)
        world.offer(IMAGE)
        assert was_cut(world), f"write {number}"
        check_what_runs(world)
        end_well(world)


def test_cuts_in_two_writes_close_together_do_no_more_harm_than_one() -> None:
    for number in range(1, writes_of_an_update(), 2):
        world = World("bridge-1")
        flash = world.bridge.memory.flash
        first = flash.writes + number
        flash.fault = lambda write, first=first: Cut.TORN if write in {first, first + 1} else None
        world.offer(IMAGE)
        end_well(world)


@pytest.mark.parametrize("cut", list(Cut))
def test_a_cut_at_every_write_of_a_whole_update_in_turn_ends_all_the_same(cut: Cut) -> None:
    """Each boot gets one write further: the worst mains there is."""
    world = World("bridge-1")
    flash = world.bridge.memory.flash
    flash.fault = lambda write: cut if write % 7 == 0 else None
    world.offer(IMAGE)
    end_well(world)


def test_an_alert_that_did_not_reach_the_hub_before_a_cut_is_sent_after_it() -> None:
    world = start()
    assert world.until(lambda: bool(world.of("bridge.activated")))
    world.member.port.swallow = lambda message: message.cluster == 0x0704
    assert world.until(lambda: bool(world.of("gbcs.alert", "bridge-1")))
    world.run_for(SECOND)
    assert world.alerts == []
    world.bridge.power_off(world.now)
    world.run_for(HOUR)
    world.member.port.swallow = lambda _: False
    world.bridge.power_on(world.now)
    assert world.updated()
    assert world.reasons("gbcs.alert", "bridge-1") == [None, "sent-again"]
    kept = world.bridge.memory.state.gbcs
    assert kept is not None
    assert kept.counters.alert == 1


def test_the_counter_of_alerts_rises_from_one_update_to_the_next() -> None:
    world = World("bridge-1")
    for number, version in enumerate((NEW, NEW + 1, NEW + 2), 1):
        world.offer(image(330, version=version))
        assert world.updated(version)
        world.run_for(MINUTE)
        assert len(world.alerts) == number
    counters = [alert.message.header.originator_counter for alert in world.alerts]
    assert counters == sorted(set(counters))


@pytest.mark.parametrize("cut", list(Cut))
def test_after_a_cut_flash_alone_says_what_is_kept(cut: Cut) -> None:
    world = World("bridge-1")
    world.offer(IMAGE)
    assert world.until(lambda: bool(world.of("ota.verified")))
    flash = world.bridge.memory.flash
    flash.fault = cut_at(flash.writes + 1, cut)
    assert was_cut(world)
    assert world.until(lambda: world.bridge.life is Life.JOINING)
    assert world.bridge.memory.state == BridgeMemory(flash).state


def test_power_switched_off_during_a_cut_does_not_come_back_by_itself() -> None:
    world = World("bridge-1")
    flash = world.bridge.memory.flash
    flash.fault = cut_at(flash.writes + 5, Cut.TORN)
    world.offer(IMAGE)
    assert world.until(lambda: "cut" in world.reasons("bridge.power"))
    world.bridge.power_off(world.now)
    count = len(world.of("bridge.power"))
    world.run_for(HOUR)
    assert len(world.of("bridge.power")) == count


# --- the memory itself ---

STATE = BridgeState(
    ImageIdentity(1, 2, 3, 4),
    Activation(datetime(2026, 1, 1, tzinfo=UTC), 1, Result.FAILURE, 2),
    (b"one", b"two"),
    replace(pki().device_state(Eui64(1)), counters=Counters(7)),
)


def test_state_survives_being_written_down() -> None:
    again = BridgeState.decode(STATE.encode())
    assert again.encode() == STATE.encode()
    assert again.gbcs is not None
    assert again.gbcs.counters == Counters(7)
    assert replace(again, gbcs=None) == replace(STATE, gbcs=None)


@pytest.mark.parametrize("cut, kept", [(Cut.BEFORE, False), (Cut.TORN, False), (Cut.AFTER, True)])
def test_a_change_that_is_cut_is_made_wholly_or_not_at_all(cut: Cut, kept: bool) -> None:
    flash = Flash()
    memory = BridgeMemory(flash)
    memory.change(alerts=(b"old",))
    flash.fault = cut_at(flash.writes + 1, cut)
    with pytest.raises(PowerCut):
        memory.change(alerts=(b"new",), unreported=STATE.unreported)
    again = BridgeMemory(flash).state
    assert again == (
        BridgeState(alerts=(b"new",), unreported=STATE.unreported) if kept else BridgeState(alerts=(b"old",))
    )
