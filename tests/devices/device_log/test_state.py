"""The device log as it is stored: every kind of entry, back as it was, and damage told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.devices.device_log.effects import KeyOrigin
from emulator.devices.device_log.state import LOG_SIZE, DeviceLogState, Entry, JoinWindow
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey
from emulator.zigbee.security.keys import swap_out_key
from tests.devices.device_log.bench import (
    BRIDGE,
    CODE,
    KEY,
    METER,
    OTHER_CODE,
    OTHER_KEY,
    PAN,
    add,
    device,
    new_log,
    remove,
    removed_and_added_again,
    restarted,
    restore,
    trust,
)


def test_a_state_has_every_kind_of_device_in_json_and_back() -> None:
    log = removed_and_added_again()
    trust(log, METER, OTHER_KEY, device_type=HanDeviceType.ESME)
    add(log, device(1))
    log.joined(device(1), 0)
    log.heard(METER, -60, 100, 5, link_key=True, hops=2)
    log.transmitted(METER, delivered=False)
    assert restarted(log).state == log.state
    restore(log, HashedKey(BRIDGE, KEY), HashedKey(METER))
    assert restarted(log).state == log.state


def test_keys_are_not_shown() -> None:
    log = removed_and_added_again()
    text = repr([log.state, log.knocked(BRIDGE, 0), log.resume(0)])
    assert f"device={int(BRIDGE)}" in text
    assert not any(repr(secret) in text for secret in (KEY, swap_out_key(KEY), OTHER_CODE))


def damaged(key: str, value: object, where: str = "entry") -> dict[str, object]:
    log = new_log()
    trust(log, METER)
    remove(log, METER)
    trust(log)
    stored = log.state.to_dict()
    entries = stored["entries"]
    assert isinstance(entries, list)
    target = entries[0] if where == "entry" else stored
    assert key in target
    target[key] = value
    return stored


@pytest.mark.parametrize(
    "where, key, value",
    [
        ("state", "extended_pan_id", "x"),
        ("state", "entries", None),
        ("state", "entries", [{}]),
        ("state", "joining", "yes"),
        ("state", "historic", [["b1", "00"]]),
        ("state", "historic", [["00000000000000b1", "00"]]),
        ("state", "traffic", {"00000000000000b1": [1, 2]}),
        ("state", "traffic", {"00000000000000b1": ["x"] * 13}),
        ("state", "traffic", []),
        ("entry", "device", 7),
        ("entry", "device_type", "toaster"),
        ("entry", "install_code", "00"),
        ("entry", "added_at", "soon"),
        ("entry", "added_at", True),
        ("entry", "standing", "gone"),
        ("entry", "standing", "listed"),
        ("entry", "windows", [[1, 2]]),
        ("entry", "windows", [["00", 2, "install-code"]]),
        ("entry", "finish_by", "never"),
        ("entry", "link_key", ""),
        ("entry", "link_key", "00"),
        ("entry", "hashed_key", "00"),
        ("entry", "restored", 1),
    ],
)
def test_a_damaged_state_is_told_apart(where: str, key: str, value: object) -> None:
    with pytest.raises(DecodeError, match="stored device log: damaged"):
        DeviceLogState.from_dict(damaged(key, value, where))


def test_a_stored_device_that_may_join_has_a_key_for_it() -> None:
    log = new_log()
    add(log)
    entry = replace(log.state.entries[0], windows=())
    with pytest.raises(DecodeError, match="may join"):
        DeviceLogState.from_dict(replace(log.state, entries=(entry,)).to_dict())


def test_a_state_refuses_more_than_the_hub_has_room_for() -> None:
    entries = tuple(Entry(device(number), None, CODE, 0) for number in range(LOG_SIZE + 1))
    with pytest.raises(LocalProtocolError, match="16"):
        DeviceLogState(PAN, entries=entries)
    with pytest.raises(LocalProtocolError, match="different"):
        DeviceLogState(PAN, entries=entries[:1] * 2)
    with pytest.raises(LocalProtocolError, match="link key"):
        JoinWindow(b"short", None, KeyOrigin.RESTORED)
