"""A battery by itself: what is drawn from it, and when it carries a write no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.timers import Alarm
from emulator.devices.bridge.battery import (
    PICOCOULOMBS_A_MAH,
    PICOCOULOMBS_A_MICROCOULOMB,
    Battery,
    BatteryRating,
    ChargeUse,
    RadioUse,
    milliampere_hours,
)
from emulator.devices.bridge.supply import BatterySupply
from emulator.devices.profile import BatteryTable
from emulator.image.flash import Cut, Flash, PowerCut, cut_at

TABLE = BatteryTable(
    capacity_mah=100,
    low_percent=20,
    idle_ma=6,
    transmit_ma=30,
    receive_ma=1,
    poll_uc=50,
    flash_write_uc=10,
)
RATING = BatteryRating.of(TABLE)
COST = RATING.flash_write


def battery(flash: Flash | None = None, charge: int | None = None, poll_interval: int = 0) -> Battery:
    return Battery(RATING, flash or Flash(), charge, poll_interval)


def reports() -> tuple[list[str | None], BatterySupply, Battery]:
    reasons: list[str | None] = []
    flash, alarm = Flash(), Alarm()
    one = Battery(BatteryRating.of(TABLE.model_copy(update={"capacity_mah": 1.0})), flash)
    supply = BatterySupply(one, flash, alarm, lambda _kind, reason, _fields, _now: reasons.append(reason))
    return reasons, supply, one


def until_cut(supply: BatterySupply) -> Iterator[int]:
    """When it looks, until there is nothing left."""
    while (at := supply.timers.next_timeout()) is not None:
        yield at
        try:
            supply.on_timeout(at)
        except PowerCut:
            return


# --- what is drawn ---------------------------------------------------------------------------------------------------


def test_a_profile_in_milliamperes_and_microcoulombs_is_counted_in_picocoulombs() -> None:
    expected = BatteryRating(
        capacity=100 * PICOCOULOMBS_A_MAH,
        low=20 * PICOCOULOMBS_A_MAH,
        idle=6_000,
        transmit=30_000,
        receive=1_000,
        poll=50 * PICOCOULOMBS_A_MICROCOULOMB,
        flash_write=10 * PICOCOULOMBS_A_MICROCOULOMB,
    )
    assert expected == RATING


def test_an_hour_at_six_milliamperes_takes_six_milliampere_hours() -> None:
    one = battery()
    one.switch(on=True, now=MINUTE)
    one.settle(MINUTE + HOUR)
    assert milliampere_hours(one.use.total) == 6.0
    assert one.percent == pytest.approx(94)


def test_a_device_that_is_off_draws_nothing() -> None:
    one = battery()
    one.switch(on=True, now=0)
    one.switch(on=False, now=HOUR)
    one.settle(50 * HOUR)
    one.switch(on=True, now=60 * HOUR)
    one.settle(61 * HOUR)
    assert milliampere_hours(one.use.total) == 12.0


def test_frames_cost_by_the_time_they_are_on_the_air() -> None:
    one = battery()
    one.radio = lambda: RadioUse(2 * SECOND, 5 * SECOND)
    one.settle(HOUR)
    assert one.use == ChargeUse(transmit=2 * SECOND * 30_000, receive=5 * SECOND * 1_000)


def test_every_write_to_flash_costs_the_same_and_those_from_before_nothing() -> None:
    flash = Flash()
    flash.erase("data", 100)
    one = battery(flash)
    for _ in range(3):
        flash.write(flash.region("data"), 0, b"octets")
    one.settle(0)
    assert one.use == ChargeUse(flash=3 * COST)


@pytest.mark.parametrize("interval, polls", [(0, 0), (SECOND, 90), (4 * SECOND, 22)])
def test_only_a_sleepy_device_pays_for_polls(interval: int, polls: int) -> None:
    one = battery(poll_interval=interval)
    one.switch(on=True, now=0)
    one.settle(90 * SECOND)
    assert one.use.polls == polls * RATING.poll


@given(st.lists(st.integers(0, HOUR), max_size=20), st.integers(1, 10 * SECOND))
def test_looking_often_does_not_change_what_is_drawn(looks: list[int], interval: int) -> None:
    often, once = battery(poll_interval=interval), battery(poll_interval=interval)
    for one in (often, once):
        one.switch(on=True, now=0)
    for now in sorted(looks):
        often.settle(now)
    for one in (often, once):
        one.settle(HOUR)
    assert (often.use, often.left) == (once.use, once.left)


def test_what_was_used_since_a_mark_is_the_difference_and_a_change_of_battery_does_not_hide_it() -> None:
    one = battery()
    one.switch(on=True, now=0)
    one.settle(HOUR)
    mark = one.use
    one.exchange(2 * HOUR)
    one.settle(3 * HOUR)
    assert milliampere_hours((one.use - mark).total) == 12.0
    assert one.percent == pytest.approx(94)


def test_the_charge_never_falls_below_nothing() -> None:
    one = battery(charge=5)
    one.switch(on=True, now=0)
    one.settle(HOUR)
    assert (one.left, one.is_empty, one.is_low) == (0, True, True)


@pytest.mark.parametrize("above, low", [(-1, True), (0, False), (1, False)])
def test_low_means_below_the_threshold(above: int, low: bool) -> None:
    assert battery(charge=RATING.low + above).is_low is low


# --- when it is gone -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "charge, cuts",
    [
        (0, [Cut.BEFORE]),
        (COST // 2 - 1, [Cut.BEFORE]),
        (COST // 2, [Cut.TORN]),
        (COST - 1, [Cut.TORN]),
        (COST, [Cut.AFTER]),
        (COST + 1, [None, Cut.BEFORE]),
        (3 * COST - 1, [None, None, Cut.TORN]),
    ],
)
def test_a_write_that_the_charge_does_not_carry_is_cut_where_it_ends(charge: int, cuts: list[Cut | None]) -> None:
    flash = Flash()
    flash.erase("data", 100)
    one = battery(flash, charge)
    first = flash.writes + 1
    assert [one.cut(first + number) for number in range(len(cuts))] == cuts


def test_the_flash_is_cut_by_the_battery_and_by_the_fault_that_was_there_before() -> None:
    flash = Flash(cut_at(2, Cut.AFTER))
    one = Battery(RATING, flash, 4 * COST)
    BatterySupply(one, flash, Alarm(), lambda *_: None)
    region = flash.region("data")
    flash.write(region, 0, b"1")
    with pytest.raises(PowerCut, match="after write 2"):
        flash.write(region, 0, b"2")
    flash.write(region, 0, b"3")
    with pytest.raises(PowerCut, match="after write 4"):
        flash.write(region, 0, b"4")
    one.settle(0)
    assert one.is_empty


def test_an_empty_battery_is_noticed_within_a_second_and_low_is_told_once() -> None:
    reasons, supply, one = reports()
    supply.switch_on(0)
    looks = list(until_cut(supply))
    gone = one.rating.capacity // one.rating.idle
    assert gone <= looks[-1] <= gone + SECOND
    assert reasons == ["low"]
    assert len(looks) < 60


def test_it_lasts_as_long_as_the_device_rests_at_most() -> None:
    one = battery(charge=10 * SECOND * RATING.idle)
    one.switch(on=True, now=0)
    assert one.lasts() == 10 * SECOND
    one.settle(4 * SECOND)
    assert one.lasts() == 6 * SECOND
    one.settle(MINUTE)
    assert one.lasts() == 0


def test_one_from_which_nothing_is_drawn_at_rest_has_no_end() -> None:
    rating = BatteryRating.of(TABLE.model_copy(update={"idle_ma": 0.0}))
    assert Battery(rating, Flash()).lasts() is None


def test_looks_are_an_hour_apart_while_there_is_plenty() -> None:
    assert battery().look_again() == HOUR
    assert battery(charge=10 * SECOND * (RATING.idle + RATING.transmit)).look_again() == 10 * SECOND


def test_a_battery_from_which_nothing_is_drawn_lasts() -> None:
    nothing = BatteryRating(capacity=10, low=1, idle=0, transmit=0, receive=0, poll=0, flash_write=0)
    one = Battery(nothing, Flash())
    one.switch(on=True, now=0)
    one.settle(1_000 * HOUR)
    assert (one.left, one.look_again(), one.cut(1_000)) == (10, HOUR, None)
