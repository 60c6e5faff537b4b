"""The hub's device log as messages see it: what is asked, what is answered, and the published messages themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import HOUR, SECOND, VIRTUAL_EPOCH
from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.devices.device_log.commands import COMMANDS, NOT_DONE, RESULTS, obey
from emulator.devices.device_log.effects import Alert, CommandRefused, Permit, RestorePan
from emulator.devices.device_log.log import DeviceLog
from emulator.devices.device_log.state import LOG_SIZE
from emulator.devices.device_log.traffic import REPORTING_WITHIN, DeviceStatus
from emulator.gbcs import dlms
from emulator.gbcs.dlms import ResultCode
from emulator.gbcs.message import Message
from emulator.gbcs.use_cases import ccs01, ccs02, ccs03, ccs05, ccs07
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey
from emulator.gbcs.use_cases.payload import Payload
from emulator.zigbee.security.keys import install_code_key, swap_out_key
from tests.devices.device_log.bench import (
    BRIDGE,
    CODE,
    INVOKE_ID,
    KEY,
    METER,
    OTHER_PAN,
    PAN,
    add,
    device,
    new_log,
    only,
    read,
    read_both,
    remove,
    restore,
    trust,
)

REFUSED = ResultCode.TEMPORARY_FAILURE


# --- results ---------------------------------------------------------------------------------------------------------


def test_adding_succeeds_in_all_three_steps() -> None:
    assert add(new_log())[0] == ccs01.Response(INVOKE_ID, 0, 0, 0)
    assert add(new_log(), joining=False)[0] == ccs01.Response(INVOKE_ID, 0, 0, 0)


def test_adding_what_is_there_already_succeeds() -> None:
    log = new_log()
    add(log)
    assert add(log)[0] == ccs01.Response(INVOKE_ID, 0, 0, 0)


def test_a_device_that_cannot_be_added_says_so_and_the_other_steps_are_not_done() -> None:
    log = new_log()
    for number in range(LOG_SIZE):
        add(log, device(number), device_type=HanDeviceType.CAD)
    response, effects = add(log)
    assert response == ccs01.Response(INVOKE_ID, REFUSED, NOT_DONE, NOT_DONE)
    assert len(effects) == 1
    assert add(log, device_type=77)[0].register_device == ResultCode.TYPE_UNMATCHED


def test_removing_succeeds_once() -> None:
    log = new_log()
    add(log)
    assert remove(log)[0].result == ResultCode.SUCCESS
    response, effects = remove(log)
    assert response == ccs02.Response(INVOKE_ID, ResultCode.OBJECT_UNDEFINED)
    assert only(effects, CommandRefused).device == BRIDGE


def test_restoring_says_whether_it_could_be_done() -> None:
    log = new_log()
    assert restore(log, HashedKey(METER, KEY))[0].result == ResultCode.SUCCESS
    assert restore(log, HashedKey(METER), HashedKey(METER))[0].result == ResultCode.TYPE_UNMATCHED
    many = [HashedKey(device(number)) for number in range(LOG_SIZE + 1)]
    assert restore(log, *many)[0].result == REFUSED


def test_no_refusal_is_a_success() -> None:
    assert [reason for reason, result in RESULTS.items() if result is ResultCode.SUCCESS] == [None]


# --- reads -----------------------------------------------------------------------------------------------------------


def test_both_logs_are_read_as_hashes_alone() -> None:
    log = new_log()
    trust(log)
    remove(log)
    add(log, METER, device_type=HanDeviceType.ESME)
    response = read_both(log, SECOND)
    assert response.current == log.backup(SECOND)
    assert response.historic is not None
    assert response.current is not None
    assert response.current.devices == (HashedKey(METER),)
    assert response.historic.devices == (HashedKey(BRIDGE, swap_out_key(KEY)),)
    assert response.historic.extended_pan_id == PAN
    restore(log, HashedKey(METER, KEY))
    restored = read_both(log).current
    assert restored is not None
    assert (restored.extended_pan_id, restored.devices) == (OTHER_PAN, (HashedKey(METER, KEY),))


@pytest.mark.parametrize("code", [ccs05.MESSAGE_CODE_CCS05, ccs05.MESSAGE_CODE_CCS06])
def test_how_devices_were_heard_is_read(code: int) -> None:
    log = new_log()
    trust(log)
    for rssi, lqi, at in ((-35, 247, 0), (-100, 2, 1), (-50, 39, 17 * SECOND)):
        log.heard(BRIDGE, rssi, lqi, at, hops=2)
    for delivered in (True, True, False):
        log.transmitted(BRIDGE, delivered=delivered)
    log.versions_read(BRIDGE, 3, 4)
    response = read(log, 20 * SECOND, code)
    assert response.devices is not None
    (told,) = response.devices
    assert told.entity_id == BRIDGE
    assert told.rssi == (-35, -62, -100)
    assert told.lqi == (247, 96, 2)
    assert told.last_communication == dlms.date_time(VIRTUAL_EPOCH.replace(second=17))
    assert (told.hops, told.transmission_failures, told.transmission_successes) == (2, 1, 2)
    assert (told.application_version, told.stack_version) == (3, 4)


def test_a_device_that_was_never_heard_has_no_date() -> None:
    log = new_log()
    add(log)
    devices = read(log).devices
    assert devices is not None
    assert devices[0].last_communication == dlms.NOT_SPECIFIED
    assert (devices[0].rssi, devices[0].lqi, devices[0].status) == ((0, 0, 0), (0, 0, 0), 0)


def test_what_does_not_fit_stops_at_its_limit() -> None:
    log = new_log()
    add(log)
    log.heard(BRIDGE, -200, 300, 0, hops=999)
    log.versions_read(BRIDGE, 256, -1)
    for _ in range(300):
        log.transmitted(BRIDGE, delivered=True)
        log.transmitted(BRIDGE, delivered=False)
    devices = read(log).devices
    assert devices is not None
    told = devices[0]
    assert (told.rssi, told.lqi, told.hops) == ((-128,) * 3, (255,) * 3, 255)
    assert (told.transmission_failures, told.transmission_successes) == (255, 255)
    assert (told.application_version, told.stack_version) == (255, 0)


def test_what_is_not_in_the_log_is_not_counted() -> None:
    log = new_log()
    log.heard(BRIDGE, -50, 200, 0)
    log.transmitted(BRIDGE, delivered=True)
    log.versions_read(BRIDGE, 1, 1)
    assert read(log).devices == ()
    add(log)
    assert log.state.traffic[BRIDGE].heard_frames == 0


def status(log: DeviceLog, now: int = 0) -> int:
    devices = read(log, now).devices
    assert devices is not None
    return devices[0].status


def test_the_status_tells_who_is_trusted_and_who_was_heard_lately() -> None:
    log = new_log()
    add(log)
    log.heard(BRIDGE, -50, 200, 0)
    assert status(log) == DeviceStatus.UNAUTHORISED_BUT_REPORTED | DeviceStatus.ACTIVELY_REPORTING
    trust(log)
    assert status(log, REPORTING_WITHIN) == 0xC8  # as in the published message
    assert status(log, REPORTING_WITHIN + 1) == DeviceStatus.AUTHORISED


def test_the_status_tells_who_came_by_a_swap_out() -> None:
    log = new_log()
    restore(log, HashedKey(BRIDGE, KEY))
    assert status(log) == 0
    trust(log)
    assert status(log, HOUR) == DeviceStatus.AUTHORISED | DeviceStatus.AUTHORISED_AFTER_SWAP_OUT


# --- bad input -------------------------------------------------------------------------------------------------------


PAYLOADS: dict[int, Payload] = {
    ccs01.MESSAGE_CODE: ccs01.Command(INVOKE_ID, METER, CODE, HanDeviceType.ESME, 90),
    ccs02.MESSAGE_CODE: ccs02.Command(INVOKE_ID, BRIDGE),
    ccs03.MESSAGE_CODE: ccs03.Command(INVOKE_ID, OTHER_PAN, (HashedKey(METER, KEY), HashedKey(BRIDGE))),
    ccs05.MESSAGE_CODE_CCS05: ccs05.Command(INVOKE_ID),
    ccs05.MESSAGE_CODE_CCS06: ccs05.Command(INVOKE_ID),
    ccs07.MESSAGE_CODE: ccs07.Command(INVOKE_ID),
}


def obeyed_or_undecodable(code: int, payload: bytes) -> None:
    log = new_log()
    trust(log)
    before = log.state
    try:
        answer = obey(log, code, payload, 0)
    except DecodeError:
        assert log.state == before
    else:
        assert answer.effects or log.state == before


def test_every_command_has_a_payload_here() -> None:
    assert PAYLOADS.keys() == COMMANDS.keys()


@given(st.sampled_from(sorted(COMMANDS)), st.binary(max_size=80))
def test_any_octets_are_obeyed_or_undecodable(code: int, payload: bytes) -> None:
    obeyed_or_undecodable(code, payload)


@given(st.sampled_from(sorted(COMMANDS)), st.integers(0, 100), st.integers(0, 0xFF))
def test_any_damage_of_one_octet_is_obeyed_or_undecodable(code: int, position: int, octet: int) -> None:
    payload = bytearray(PAYLOADS[code].encode())
    payload[position % len(payload)] = octet
    obeyed_or_undecodable(code, bytes(payload))


def test_other_messages_are_not_for_the_log() -> None:
    with pytest.raises(LocalProtocolError, match="0129"):
        obey(new_log(), 0x0129, b"", 0)


# --- published messages ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(vectors: Path) -> dict[str, Message]:
    messages = json.loads((vectors / "gbcs_rtds.json").read_text())["messages"]
    return {one["name"]: Message.decode(bytes.fromhex(one["hex"])) for one in messages}


def test_the_published_ccs01_is_answered_as_published(published: dict[str, Message]) -> None:
    log = new_log()
    command, response = (published[f"CCS01_8.11_SUCCESS_{kind}_GBCS"] for kind in ("COMMAND", "RESPONSE"))
    answer = obey(log, command.header.message_code, command.payload, 0)
    assert answer.payload == response.payload
    permit = only(answer.effects, Permit)
    assert permit.device == 0x00DB1234567890A0
    assert permit.link_key == install_code_key(b"0123456789ABCDEF")
    assert permit.until == 90 * SECOND


def test_the_published_ccs03_is_answered_as_published_and_its_log_is_that_of_the_published_cs14(
    published: dict[str, Message],
) -> None:
    log = new_log()
    command, response = (published[f"CCS03_8.12.1_SUCCESS_{kind}_GBCS"] for kind in ("COMMAND", "RESPONSE"))
    answer = obey(log, command.header.message_code, command.payload, 0)
    assert answer.payload == response.payload
    assert only(answer.effects, RestorePan).extended_pan_id == Eui64(0x140)
    alert = published["CS14_NA_8F12_ALERT_GBCS"]
    made = only(answer.effects, Alert).payload(alert.header.originator_counter)
    assert len(made) == len(alert.payload)
    assert made[:10] == alert.payload[:10]  # up to the date
    assert made[-58:] == alert.payload[-58:]  # the devices, with their hashed keys
