"""The hub's device log: who may join, when, under which key, and what CS14 tells of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from emulator.core.clock import MINUTE, SECOND, VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.standards import Standards
from emulator.core.table import rows
from emulator.core.timers import Alarm
from emulator.devices.device_log.effects import (
    Admitted,
    Alert,
    CommandRefused,
    Effect,
    Forbid,
    KeyOrigin,
    LogReason,
    Permit,
    Refused,
    RemoveFromHan,
    RestorePan,
)
from emulator.devices.device_log.entries import ACTIONS, DeviceLogRules
from emulator.devices.device_log.life import DEVICE_LOG_LIFE, LogAction, LogEvent, Standing
from emulator.devices.device_log.log import MEMORY_OF_REFUSALS, DeviceLog
from emulator.devices.device_log.state import HISTORIC_LOG_SIZE, LOG_SIZE, DeviceLogState
from emulator.gbcs import dlms
from emulator.gbcs.use_cases import cs14
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey
from emulator.zigbee.security.keys import install_code_key, swap_out_key
from tests.devices.device_log.bench import (
    BRIDGE,
    CODE,
    KEY,
    METER,
    OTHER_CODE,
    OTHER_KEY,
    OTHER_PAN,
    PAN,
    TIMEOUT,
    add,
    all_of,
    device,
    new_log,
    only,
    remove,
    removed_and_added_again,
    restarted,
    restore,
    trust,
)

UNTIL = TIMEOUT * SECOND
HALF = UNTIL // 2
LIMIT = 20 * MINUTE
WITHOUT_CBKE = DeviceLogRules(key_establishment=False)

CODE_PERMIT = Permit(BRIDGE, install_code_key(CODE), UNTIL, KeyOrigin.INSTALL_CODE)
TRUST_PERMIT = Permit(BRIDGE, KEY, None, KeyOrigin.ESTABLISHED)
SLOW = RemoveFromHan(BRIDGE, LogReason.KEY_ESTABLISHMENT_NOT_FINISHED)


def told(effect: Effect) -> list[HashedKey]:
    assert isinstance(effect, Alert)
    return list(effect.log.devices)


# --- joining by install code -----------------------------------------------------------------------------------------


def test_an_added_device_may_join_under_its_install_code_until_the_time_out() -> None:
    log = new_log()
    _, effects = add(log)
    assert effects[1:] == (CODE_PERMIT,)
    assert told(effects[0]) == [HashedKey(BRIDGE)]
    assert log.standing(BRIDGE) is Standing.INVITED
    assert log.timers.next_timeout() == UNTIL
    assert log.knocked(BRIDGE, UNTIL - 1) == Admitted(install_code_key(CODE), KeyOrigin.INSTALL_CODE)


def test_after_the_time_out_it_may_not() -> None:
    log = new_log()
    add(log)
    assert log.knocked(BRIDGE, UNTIL) == Refused(LogReason.JOIN_TIMEOUT_OVER)
    assert log.on_timeout(UNTIL - 1) == ()
    assert log.on_timeout(UNTIL) == (Forbid(BRIDGE),)
    assert log.on_timeout(UNTIL) == ()
    assert log.timers.next_timeout() is None
    assert log.knocked(BRIDGE, UNTIL) == Refused(LogReason.JOIN_TIMEOUT_OVER)
    assert log.joined(BRIDGE, UNTIL) == (RemoveFromHan(BRIDGE, LogReason.JOIN_TIMEOUT_OVER),)
    assert log.key_established(BRIDGE, KEY, UNTIL) == (RemoveFromHan(BRIDGE, LogReason.JOIN_TIMEOUT_OVER),)


def test_what_joins_too_late_is_put_out_even_where_nobody_asked_for_the_time_out() -> None:
    log = new_log()
    add(log)
    assert log.joined(BRIDGE, UNTIL) == (Forbid(BRIDGE), RemoveFromHan(BRIDGE, LogReason.JOIN_TIMEOUT_OVER))


def test_a_stranger_is_refused_and_put_out_wherever_it_shows_up() -> None:
    log = new_log()
    add(log)
    assert log.knocked(METER, 0) == Refused(LogReason.NOT_IN_LOG)
    assert log.joined(METER, 0) == (RemoveFromHan(METER, LogReason.NOT_IN_LOG),)
    assert log.key_established(METER, KEY, 0) == (RemoveFromHan(METER, LogReason.NOT_IN_LOG),)
    assert log.heard(METER, -50, 200, 0, link_key=True) == ()
    assert log.left(METER, 0) == ()
    assert log.classified(METER, HanDeviceType.ESME, 0) == ()
    assert METER not in log
    assert log.standing(METER) is None


def test_key_establishment_makes_it_trusted_and_its_hashed_key_known() -> None:
    log = new_log()
    add(log)
    assert log.joined(BRIDGE, SECOND) == ()
    assert log.standing(BRIDGE) is Standing.JOINED
    effects = log.key_established(BRIDGE, KEY, 2 * SECOND)
    assert effects[0] == TRUST_PERMIT
    assert told(effects[1]) == [HashedKey(BRIDGE, swap_out_key(KEY))]
    assert log.standing(BRIDGE) is Standing.TRUSTED
    assert log.timers.next_timeout() is None
    assert log.knocked(BRIDGE, 10 * LIMIT) == Admitted(KEY, KeyOrigin.ESTABLISHED)
    assert log.joined(BRIDGE, 10 * LIMIT) == ()


def test_only_a_new_key_is_an_alert() -> None:
    log = new_log()
    trust(log)
    assert log.key_established(BRIDGE, KEY, 0) == (TRUST_PERMIT,)
    assert told(log.key_established(BRIDGE, OTHER_KEY, 0)[-1]) == [HashedKey(BRIDGE, swap_out_key(OTHER_KEY))]


def test_key_establishment_that_outlasts_the_time_out_to_join_may_finish() -> None:
    log = new_log()
    add(log)
    log.joined(BRIDGE, UNTIL - 1)
    assert log.on_timeout(UNTIL) == ()
    assert isinstance(log.knocked(BRIDGE, UNTIL), Admitted)
    assert log.joined(BRIDGE, UNTIL) == ()
    assert TRUST_PERMIT in log.key_established(BRIDGE, KEY, LIMIT)


def test_who_does_not_finish_key_establishment_in_time_must_leave() -> None:
    log = new_log()
    add(log)
    log.joined(BRIDGE, SECOND)
    log.joined(BRIDGE, 10 * MINUTE)  # a rejoin gives no more time
    assert log.on_timeout(SECOND + LIMIT - 1) == ()
    assert log.on_timeout(SECOND + LIMIT) == (SLOW, Forbid(BRIDGE))
    assert log.left(BRIDGE, SECOND + LIMIT) == ()
    assert log.knocked(BRIDGE, SECOND + LIMIT) == Refused(LogReason.JOIN_TIMEOUT_OVER)


def test_key_establishment_that_comes_too_late_is_not_trusted_even_where_nobody_asked_for_the_time_out() -> None:
    log = new_log()
    add(log)
    log.joined(BRIDGE, 0)
    effects = log.key_established(BRIDGE, KEY, LIMIT)
    assert effects == (SLOW, Forbid(BRIDGE), RemoveFromHan(BRIDGE, LogReason.JOIN_TIMEOUT_OVER))
    assert log.standing(BRIDGE) is Standing.LISTED


def test_who_was_too_slow_may_try_again_while_it_may_join() -> None:
    log = new_log()
    add(log, timeout=3600)
    log.joined(BRIDGE, 0)
    assert log.on_timeout(LIMIT) == (SLOW, replace(CODE_PERMIT, until=3600 * SECOND))
    assert log.joined(BRIDGE, LIMIT + 1) == ()
    assert log.timers.next_timeout() == 2 * LIMIT + 1


def test_without_a_limit_nobody_is_put_out() -> None:
    log = new_log(DeviceLogRules(join_limit=0))
    add(log)
    log.joined(BRIDGE, 0)
    assert log.on_timeout(UNTIL) == ()
    assert log.timers.next_timeout() is None


def test_new_time_to_join_does_not_concern_who_has_joined() -> None:
    log = removed_and_added_again()
    log.joined(BRIDGE, HALF)
    assert add(log, now=HALF)[1] == ()
    assert log.on_timeout(2 * HALF) == ()  # half of the new time
    assert log.standing(BRIDGE) is Standing.JOINED
    assert log.on_timeout(HALF + UNTIL) == ()
    assert log.left(BRIDGE, HALF + UNTIL) == (Forbid(BRIDGE),)


@pytest.mark.parametrize("at, then", [(0, CODE_PERMIT), (UNTIL, Forbid(BRIDGE))])
def test_who_leaves_before_it_is_trusted_may_join_again_while_there_is_time(at: int, then: Effect) -> None:
    log = new_log()
    add(log)
    log.joined(BRIDGE, 0)
    log.on_timeout(at)
    assert log.left(BRIDGE, at) == (then,)
    assert log.timers.next_timeout() == (UNTIL if at == 0 else None)


def test_who_is_trusted_and_leaves_may_come_back() -> None:
    log = new_log()
    trust(log)
    assert log.left(BRIDGE, 0) == ()
    assert log.knocked(BRIDGE, UNTIL) == Admitted(KEY, KeyOrigin.ESTABLISHED)


def test_without_key_establishment_the_key_of_the_install_code_is_the_link_key() -> None:
    log = new_log(WITHOUT_CBKE)
    add(log)
    permit, alert = log.joined(BRIDGE, 0)
    assert permit == Permit(BRIDGE, install_code_key(CODE), None, KeyOrigin.ESTABLISHED)
    assert told(alert) == [HashedKey(BRIDGE, swap_out_key(install_code_key(CODE)))]
    assert log.on_timeout(LIMIT) == ()
    assert log.joined(BRIDGE, LIMIT) == ()


# --- once more, and not at all ---------------------------------------------------------------------------------------


def test_adding_again_ignores_the_key_and_gives_new_time() -> None:
    log = new_log()
    add(log)
    log.on_timeout(UNTIL)
    _, effects = add(log, now=UNTIL, code=OTHER_CODE, device_type=HanDeviceType.CAD)
    assert effects == (replace(CODE_PERMIT, until=2 * UNTIL),)
    assert log.type_of(BRIDGE) is HanDeviceType.PPMID


def test_adding_a_trusted_device_again_lets_it_join_under_its_link_key_and_come_back_after_that() -> None:
    log = new_log()
    trust(log)
    _, effects = add(log, code=OTHER_CODE)
    assert effects == (replace(TRUST_PERMIT, until=UNTIL),)
    assert log.on_timeout(UNTIL) == (TRUST_PERMIT,)
    assert log.standing(BRIDGE) is Standing.TRUSTED


def test_no_time_is_no_permission() -> None:
    log = new_log()
    _, effects = add(log, timeout=0)
    assert told(*effects) == [HashedKey(BRIDGE)]
    assert log.knocked(BRIDGE, 0) == Refused(LogReason.JOIN_TIMEOUT_OVER)
    add(log)
    assert add(log, timeout=0)[1] == (Forbid(BRIDGE),)


def test_disabling_joining_ends_every_time_to_join_and_nobody_else_is_touched() -> None:
    log = new_log()
    trust(log, METER, device_type=HanDeviceType.ESME)
    add(log, METER)
    add(log)
    _, effects = add(log, device(1), joining=False)
    assert isinstance(effects[0], Alert)
    assert effects[1:] == (Permit(METER, KEY, None, KeyOrigin.ESTABLISHED), Forbid(BRIDGE))
    assert log.knocked(BRIDGE, 0) == Refused(LogReason.JOINING_DISABLED)
    assert log.knocked(device(1), 0) == Refused(LogReason.JOINING_DISABLED)
    assert log.joined(BRIDGE, 0) == (RemoveFromHan(BRIDGE, LogReason.JOINING_DISABLED),)
    assert isinstance(log.knocked(METER, 0), Admitted)
    assert add(log)[1] == (CODE_PERMIT,)


# --- the historic log ------------------------------------------------------------------------------------------------


def test_a_removed_device_must_leave_and_its_key_is_historic() -> None:
    log = new_log()
    trust(log)
    _, effects = remove(log)
    assert effects[0] == RemoveFromHan(BRIDGE, LogReason.REMOVED_FROM_LOG)
    assert told(effects[1]) == []
    assert BRIDGE not in log
    assert log.timers.next_timeout() is None
    assert [one.link_key for one in log.state.historic] == [KEY]
    assert log.knocked(BRIDGE, 0) == Refused(LogReason.NOT_IN_LOG)


def test_a_removed_device_that_had_no_key_of_its_own_is_not_historic() -> None:
    log = new_log()
    add(log)
    log.joined(BRIDGE, 0)
    remove(log)
    assert log.state.historic == ()
    assert log.on_timeout(LIMIT) == ()


def test_a_historic_device_has_half_the_time_for_its_old_key_and_the_rest_for_its_install_code() -> None:
    log = removed_and_added_again()
    assert log.resume(0) == (Permit(BRIDGE, KEY, HALF, KeyOrigin.HISTORIC),)
    assert log.knocked(BRIDGE, HALF - 1) == Admitted(KEY, KeyOrigin.HISTORIC)
    assert log.knocked(BRIDGE, HALF) == Admitted(install_code_key(OTHER_CODE), KeyOrigin.INSTALL_CODE)
    assert log.on_timeout(HALF) == (Permit(BRIDGE, install_code_key(OTHER_CODE), UNTIL, KeyOrigin.INSTALL_CODE),)
    assert log.on_timeout(UNTIL) == (Forbid(BRIDGE),)


@pytest.mark.parametrize("how", ["joins", "speaks"])
def test_a_historic_device_that_comes_in_the_first_half_is_trusted_under_its_old_key(how: str) -> None:
    log = removed_and_added_again()
    effects = log.joined(BRIDGE, 1) if how == "joins" else log.heard(BRIDGE, -50, 200, 1, link_key=True)
    assert effects[0] == TRUST_PERMIT
    assert told(effects[1]) == [HashedKey(BRIDGE, swap_out_key(KEY))]
    assert log.timers.next_timeout() is None


def test_a_historic_device_that_comes_in_the_second_half_is_like_any_other() -> None:
    log = removed_and_added_again()
    assert log.heard(BRIDGE, -50, 200, 1) == ()  # not under its link key
    at_half = log.heard(BRIDGE, -50, 200, HALF, link_key=True)
    assert only(at_half, Permit).origin is KeyOrigin.INSTALL_CODE
    assert log.heard(BRIDGE, -50, 200, HALF, link_key=True) == ()
    assert log.joined(BRIDGE, HALF) == ()
    assert log.standing(BRIDGE) is Standing.JOINED
    effects = log.key_established(BRIDGE, OTHER_KEY, HALF)
    assert told(effects[-1]) == [HashedKey(BRIDGE, swap_out_key(OTHER_KEY))]
    remove(log)
    assert [one.link_key for one in log.state.historic] == [OTHER_KEY]


def test_when_both_halves_passed_unnoticed_only_the_end_is_told() -> None:
    log = removed_and_added_again()
    assert log.on_timeout(UNTIL) == (Forbid(BRIDGE),)


def test_the_historic_log_holds_fifteen_and_the_oldest_gives_way() -> None:
    log = new_log()
    for number in range(HISTORIC_LOG_SIZE + 1):
        trust(log, device(number))
        remove(log, device(number))
    trust(log, device(3))
    remove(log, device(3))
    historic = [one.device for one in log.state.historic]
    assert historic == [*map(device, (1, 2)), *map(device, range(4, HISTORIC_LOG_SIZE + 1)), device(3)]


# --- limits ----------------------------------------------------------------------------------------------------------


def test_the_seventeenth_device_is_refused_until_one_goes() -> None:
    log = new_log()
    for number in range(LOG_SIZE):
        add(log, device(number), device_type=HanDeviceType.CAD)
    before = log.state
    assert add(log, device_type=HanDeviceType.CAD)[1] == (CommandRefused(BRIDGE, LogReason.LOG_FULL),)
    assert log.state == before
    assert log.knocked(BRIDGE, 0) == Refused(LogReason.LOG_FULL)
    assert add(log, device(0), device_type=HanDeviceType.CAD, now=1)[1]  # in the log already: welcome
    remove(log, device(0))
    assert CODE_PERMIT in add(log, device_type=HanDeviceType.CAD)[1]


def test_the_seventh_type_1_device_is_refused_whatever_it_is() -> None:
    log = new_log()
    types = [HanDeviceType.PPMID, HanDeviceType.HCALCS] * 3
    for number, device_type in enumerate(types):
        add(log, device(number), device_type=device_type)
    for device_type in set(types):
        assert add(log, device_type=device_type)[1] == (CommandRefused(BRIDGE, LogReason.TYPE_1_LIMIT),)
        assert log.knocked(BRIDGE, 0) == Refused(LogReason.TYPE_1_LIMIT)
    for device_type in (HanDeviceType.ESME, HanDeviceType.GSME, HanDeviceType.IHD, HanDeviceType.CAD):
        assert not all_of(add(log, Eui64(int(device_type)), device_type=device_type)[1], CommandRefused)
    remove(log, device(0))
    assert CODE_PERMIT in add(log)[1]
    assert isinstance(log.knocked(BRIDGE, 0), Admitted)


def test_how_many_are_allowed_and_how_long_they_may_take_are_standards() -> None:
    standards = Standards({"limits.type1_devices": 1, "cbke.join_limit_minutes": 0.5})
    rules = DeviceLogRules.of(standards, key_establishment=True)
    assert rules == DeviceLogRules(1, True, MINUTE // 2)
    assert DeviceLogRules.of(Standards(), key_establishment=True) == DeviceLogRules()
    log = new_log(rules)
    add(log, METER)
    assert only(add(log)[1], CommandRefused).reason is LogReason.TYPE_1_LIMIT
    log.joined(METER, 0)
    assert only(log.on_timeout(MINUTE // 2), RemoveFromHan).device == METER


def test_a_type_that_nobody_knows_is_refused() -> None:
    log = new_log()
    assert add(log, device_type=77)[1] == (CommandRefused(BRIDGE, LogReason.UNKNOWN_DEVICE_TYPE),)
    assert BRIDGE not in log


def test_why_a_device_was_refused_is_remembered_for_the_latest_ones_only() -> None:
    log = new_log()
    for number in range(MEMORY_OF_REFUSALS + 1):
        add(log, device(number), device_type=77)
    assert log.knocked(device(0), 0) == Refused(LogReason.NOT_IN_LOG)
    assert log.knocked(device(1), 0) == Refused(LogReason.UNKNOWN_DEVICE_TYPE)
    add(log, device(1))
    remove(log, device(1))
    assert log.knocked(device(1), 0) == Refused(LogReason.NOT_IN_LOG)


# --- firmware --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "device_type, reason",
    [
        (HanDeviceType.ESME, None),
        (HanDeviceType.PPMID, None),
        (HanDeviceType.HCALCS, LogReason.NO_FIRMWARE_FOR_TYPE),
        (HanDeviceType.CAD, LogReason.NO_FIRMWARE_FOR_TYPE),
        (HanDeviceType.IHD, LogReason.NO_FIRMWARE_FOR_TYPE),
    ],
)
def test_only_the_types_that_the_hub_serves_have_firmware(device_type: HanDeviceType, reason: LogReason | None) -> None:
    log = new_log()
    add(log, device_type=device_type)
    assert log.firmware_refusal(BRIDGE, ("esme", "gsme", "ppmid")) is reason


def test_who_is_not_in_the_log_or_not_classified_has_no_firmware() -> None:
    log = new_log()
    restore(log, HashedKey(BRIDGE, KEY))
    assert log.firmware_refusal(METER, ("ppmid",)) is LogReason.NOT_IN_LOG
    assert log.firmware_refusal(BRIDGE, ("ppmid",)) is LogReason.NOT_CLASSIFIED
    log.classified(BRIDGE, HanDeviceType.PPMID, 0)
    assert log.firmware_refusal(BRIDGE, ("ppmid",)) is None
    assert log.is_type_1(BRIDGE)
    assert not log.is_type_1(METER)


# --- swap-out --------------------------------------------------------------------------------------------------------


def test_a_restored_device_comes_back_under_its_hashed_key_and_establishes_a_new_one() -> None:
    log = new_log()
    hashed = HashedKey(BRIDGE, swap_out_key(KEY))
    _, effects = restore(log, hashed, HashedKey(METER))
    back = Permit(BRIDGE, swap_out_key(KEY), None, KeyOrigin.RESTORED)
    assert effects[:3] == (RestorePan(OTHER_PAN), back, Forbid(METER))
    assert told(effects[3]) == [hashed, HashedKey(METER)]
    assert log.extended_pan_id == OTHER_PAN
    assert log.knocked(BRIDGE, 10 * LIMIT) == Admitted(swap_out_key(KEY), KeyOrigin.RESTORED)
    assert log.joined(BRIDGE, 0) == ()
    assert log.on_timeout(LIMIT) == (SLOW, back)
    assert log.joined(BRIDGE, LIMIT) == ()
    effects = log.key_established(BRIDGE, OTHER_KEY, LIMIT)
    assert told(effects[-1])[0] == HashedKey(BRIDGE, swap_out_key(OTHER_KEY))


def test_a_restored_device_that_never_had_a_key_is_added_as_if_it_were_new() -> None:
    log = new_log()
    restore(log, HashedKey(BRIDGE))
    assert log.knocked(BRIDGE, 0) == Refused(LogReason.JOIN_TIMEOUT_OVER)
    assert add(log)[1] == (CODE_PERMIT,)  # no CS14: neither the entries nor their hashed keys change
    assert log.type_of(BRIDGE) is HanDeviceType.PPMID


def test_a_device_does_not_stand_in_its_own_way_when_type_1_is_full() -> None:
    log = new_log(DeviceLogRules(type_1_devices=1))
    restore(log, HashedKey(BRIDGE))
    log.classified(BRIDGE, HanDeviceType.PPMID, 0)
    assert add(log)[1] == (CODE_PERMIT,)


def test_a_restored_device_may_be_given_time_to_join_under_its_hashed_key() -> None:
    log = new_log()
    restore(log, HashedKey(BRIDGE, KEY))
    back = Permit(BRIDGE, KEY, None, KeyOrigin.RESTORED)
    assert add(log)[1] == (replace(back, until=UNTIL),)
    assert log.on_timeout(UNTIL) == (back,)


def test_restoring_takes_the_place_of_what_was_there() -> None:
    log = new_log()
    trust(log)
    trust(log, METER)
    remove(log, METER)
    add(log, METER)
    _, effects = restore(log, HashedKey(BRIDGE, OTHER_KEY))
    assert effects[0] == RemoveFromHan(METER, LogReason.NOT_IN_RESTORED_LOG)
    assert METER not in log
    assert log.standing(BRIDGE) is Standing.INVITED
    assert [one.device for one in log.state.historic] == [METER]


def test_what_cannot_be_restored_changes_nothing() -> None:
    log = new_log()
    trust(log)
    before = log.state
    many = [HashedKey(device(number)) for number in range(LOG_SIZE + 1)]
    assert restore(log, *many)[1] == (CommandRefused(None, LogReason.LOG_FULL),)
    twice = [HashedKey(METER, KEY), HashedKey(METER)]
    assert restore(log, *twice)[1] == (CommandRefused(None, LogReason.DEVICE_TWICE),)
    assert log.state == before


def test_a_restored_device_is_classed_once_and_the_seventh_of_type_1_must_leave() -> None:
    log = new_log()
    restore(log, *(HashedKey(device(number), KEY) for number in range(7)))
    for number in range(6):
        assert log.classified(device(number), HanDeviceType.PPMID, 0) == ()
        assert log.classified(device(number), HanDeviceType.IHD, 0) == ()
        assert log.type_of(device(number)) is HanDeviceType.PPMID
    effects = log.classified(device(6), HanDeviceType.HCALCS, 0)
    assert effects[0] == RemoveFromHan(device(6), LogReason.TYPE_1_LIMIT)
    assert len(told(effects[1])) == 6
    restore(log, HashedKey(device(6), KEY))
    assert log.classified(device(6), HanDeviceType.IHD, 0) == ()
    assert log.type_of(device(6)) is HanDeviceType.IHD


# --- alerts ----------------------------------------------------------------------------------------------------------


def test_the_alert_has_the_date_the_pan_and_the_counter_of_its_message() -> None:
    log = new_log()
    alert = only(add(log, now=3 * SECOND)[1], Alert)
    assert alert.date == VIRTUAL_EPOCH + timedelta(seconds=3)
    decoded = cs14.Alert.decode(alert.payload(4000))
    assert decoded == cs14.Alert(dlms.long_invoke_id(4000), dlms.date_time(alert.date), log.backup(3 * SECOND))
    assert decoded.log.extended_pan_id == PAN


# --- power cuts ------------------------------------------------------------------------------------------------------


def test_after_a_power_cut_the_hub_is_told_who_may_join_and_what_was_missed() -> None:
    log = new_log()
    trust(log, METER, device_type=HanDeviceType.ESME)
    add(log)
    add(log, device(1), timeout=3600)
    add(log, device(2), timeout=3600)
    log.joined(device(2), 0)
    log = restarted(log)
    assert log.timers.next_timeout() == UNTIL
    effects = log.resume(LIMIT)
    assert effects[:2] == (Forbid(BRIDGE), RemoveFromHan(device(2), LogReason.KEY_ESTABLISHMENT_NOT_FINISHED))
    assert [effect.device for effect in all_of(effects, Permit)] == [METER, device(1), device(2)]


def test_a_log_moves_the_alarm_of_its_hub_forward() -> None:
    alarm = Alarm()
    log = DeviceLog(DeviceLogState(PAN), alarm=alarm)
    add(log)
    assert alarm.at == UNTIL


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_table_names_every_standing_event_and_action() -> None:
    found = list(rows(DEVICE_LOG_LIFE))
    assert set(DEVICE_LOG_LIFE) == set(Standing)
    assert {event for _, event, _ in found} == set(LogEvent)
    assert {row.action for _, _, row in found} == set(LogAction) == set(ACTIONS)


def test_nobody_is_trusted_but_by_a_key() -> None:
    for standing, event, row in rows(DEVICE_LOG_LIFE):
        if row.next_state is Standing.TRUSTED and standing is not Standing.TRUSTED:
            assert event is LogEvent.KEY_ESTABLISHED
            assert row.action is LogAction.TRUST
        if standing is Standing.TRUSTED:
            assert row.next_state is Standing.TRUSTED


def test_a_device_that_is_only_listed_comes_in_by_invitation_alone() -> None:
    leaving = {
        event for event, row in DEVICE_LOG_LIFE[Standing.LISTED].items() if row.next_state is not Standing.LISTED
    }
    assert leaving == {LogEvent.INVITED}
