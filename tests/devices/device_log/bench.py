"""A device log on the bench: devices, and commands as the DCC sends them."""

from __future__ import annotations

import json
from typing import TypeVar

from emulator.core.eui64 import Eui64
from emulator.devices.device_log.commands import Answer, obey
from emulator.devices.device_log.effects import Effect, Effects
from emulator.devices.device_log.entries import DeviceLogRules
from emulator.devices.device_log.log import DeviceLog
from emulator.devices.device_log.state import DeviceLogState
from emulator.gbcs.dlms import long_invoke_id
from emulator.gbcs.use_cases import ccs01, ccs02, ccs03, ccs05, ccs07
from emulator.gbcs.use_cases.chf_device_log import HanDeviceType, HashedKey

PAN = Eui64(0xA)
OTHER_PAN = Eui64(0xB)
INVOKE_ID = long_invoke_id(1302)
BRIDGE = Eui64(0xB1)
METER = Eui64(0xE1)
CODE = bytes(range(16))
OTHER_CODE = bytes(range(16, 32))
KEY = b"made by CBKE - 1"
OTHER_KEY = b"made by CBKE - 2"
TIMEOUT = 90
"""Seconds, as in the published message."""

AnyEffect = TypeVar("AnyEffect", bound=Effect)


def device(number: int) -> Eui64:
    return Eui64(0x1000 + number)


def new_log(rules: DeviceLogRules | None = None) -> DeviceLog:
    return DeviceLog(DeviceLogState(PAN), rules)


def add(
    log: DeviceLog,
    device: Eui64 = BRIDGE,
    now: int = 0,
    *,
    device_type: int = HanDeviceType.PPMID,
    code: bytes = CODE,
    timeout: int = TIMEOUT,
    joining: bool = True,
) -> tuple[ccs01.Response, Effects]:
    command = ccs01.Command(INVOKE_ID, device, code, device_type, timeout, joining)
    answer = obey(log, ccs01.MESSAGE_CODE, command.encode(), now)
    return ccs01.Response.decode(answer.payload), answer.effects


def remove(log: DeviceLog, device: Eui64 = BRIDGE, now: int = 0) -> tuple[ccs02.Response, Effects]:
    answer = obey(log, ccs02.MESSAGE_CODE, ccs02.Command(INVOKE_ID, device).encode(), now)
    return ccs02.Response.decode(answer.payload), answer.effects


def restore(log: DeviceLog, *devices: HashedKey, now: int = 0) -> tuple[ccs03.Response, Effects]:
    command = ccs03.Command(INVOKE_ID, OTHER_PAN, devices)
    answer = obey(log, ccs03.MESSAGE_CODE, command.encode(), now)
    return ccs03.Response.decode(answer.payload), answer.effects


def read(log: DeviceLog, now: int = 0, code: int = ccs05.MESSAGE_CODE_CCS06) -> ccs05.Response:
    return ccs05.Response.decode(_only_read(obey(log, code, ccs05.Command(INVOKE_ID).encode(), now)))


def read_both(log: DeviceLog, now: int = 0) -> ccs07.Response:
    return ccs07.Response.decode(_only_read(obey(log, ccs07.MESSAGE_CODE, ccs07.Command(INVOKE_ID).encode(), now)))


def trust(
    log: DeviceLog, device: Eui64 = BRIDGE, link_key: bytes = KEY, *, device_type: int = HanDeviceType.PPMID
) -> None:
    """Add, join, establish a key."""
    add(log, device, device_type=device_type)
    log.joined(device, 0)
    log.key_established(device, link_key, 0)


def removed_and_added_again() -> DeviceLog:
    """The bridge is in the historic log with KEY, and in the log with OTHER_CODE."""
    log = new_log()
    trust(log)
    remove(log)
    add(log, code=OTHER_CODE)
    return log


def only(effects: Effects, kind: type[AnyEffect]) -> AnyEffect:
    (found,) = (effect for effect in effects if isinstance(effect, kind))
    return found


def all_of(effects: Effects, kind: type[AnyEffect]) -> list[AnyEffect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def restarted(log: DeviceLog, rules: DeviceLogRules | None = None) -> DeviceLog:
    """The log after a power cut: only what lay in flash, as JSON."""
    return DeviceLog(DeviceLogState.from_dict(json.loads(json.dumps(log.state.to_dict()))), rules)


def _only_read(answer: Answer) -> bytes:
    assert answer.effects == ()
    return answer.payload
