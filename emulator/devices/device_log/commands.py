"""The Commands of the DCC about the device log: payload in, payload of the Response out.

The hub has checked MAC and counter, and been told by the message code what it is.  Not found in any source, hence
assumptions: which result stands for which refusal, and that CCS01 stops at its first step that fails.  The published
error response of CCS01 (success, hardware fault, other reason) reads as if so, and the long-invoke-id of these messages
has the bit that, as general knowledge has it, asks to break on error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.devices.device_log.effects import CommandRefused, Effects, LogReason
from emulator.devices.device_log.log import DeviceLog
from emulator.gbcs.dlms import ResultCode
from emulator.gbcs.use_cases import ccs01, ccs02, ccs03, ccs05, ccs07

RESULTS: Final[Mapping[LogReason | None, ResultCode]] = {
    None: ResultCode.SUCCESS,
    LogReason.NOT_IN_LOG: ResultCode.OBJECT_UNDEFINED,
    LogReason.LOG_FULL: ResultCode.TEMPORARY_FAILURE,
    LogReason.TYPE_1_LIMIT: ResultCode.TEMPORARY_FAILURE,
    LogReason.UNKNOWN_DEVICE_TYPE: ResultCode.TYPE_UNMATCHED,
    LogReason.DEVICE_TWICE: ResultCode.TYPE_UNMATCHED,
}
"""The result that tells of a refusal."""

NOT_DONE: Final = ResultCode.OTHER_REASON
"""The result of a step that was not tried, because one before it failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of a Command.

    Attributes:
        payload: of the Response.
        effects: for the hub to carry out.
    """

    payload: bytes
    effects: Effects = ()


def obey(log: DeviceLog, message_code: int, payload: bytes, now: int) -> Answer:
    """Do what a Command asks.

    Raises:
        DecodeError: a payload that the message code does not have; nothing has changed.
        LocalProtocolError: a message code that is not about the log.
    """
    command = COMMANDS.get(message_code)
    if command is None:
        raise LocalProtocolError(f"message code {message_code:04x} is not about the device log")
    return command(log, payload, now)


def _add(log: DeviceLog, payload: bytes, now: int) -> Answer:
    """CCS01."""
    command = ccs01.Command.decode(payload)
    device = command.device
    reason, effects = log.add(device, command.device_type, command.install_code, now)
    if reason is not None:
        response = ccs01.Response(command.long_invoke_id, RESULTS[reason], NOT_DONE, NOT_DONE)
        return Answer(response.encode(), _refusal(device, reason))
    if command.joining:
        effects += log.permit_joining(device, command.join_timeout, now)
    else:
        effects += log.disable_joining(now)
    success = ResultCode.SUCCESS
    return Answer(ccs01.Response(command.long_invoke_id, success, success, success).encode(), effects)


def _remove(log: DeviceLog, payload: bytes, now: int) -> Answer:
    """CCS02."""
    command = ccs02.Command.decode(payload)
    reason, effects = log.remove(command.device, now)
    response = ccs02.Response(command.long_invoke_id, RESULTS[reason])
    return Answer(response.encode(), effects or _refusal(command.device, reason))


def _restore(log: DeviceLog, payload: bytes, now: int) -> Answer:
    """CCS03."""
    command = ccs03.Command.decode(payload)
    reason, effects = log.restore(command.extended_pan_id, command.devices, now)
    response = ccs03.Response(command.long_invoke_id, RESULTS[reason])
    return Answer(response.encode(), effects or _refusal(None, reason))


def _read(log: DeviceLog, payload: bytes, now: int) -> Answer:
    """CCS05 and CCS06."""
    command = ccs05.Command.decode(payload)
    return Answer(ccs05.Response(command.long_invoke_id, log.active_devices(now)).encode())


def _read_both(log: DeviceLog, payload: bytes, now: int) -> Answer:
    """CCS07."""
    command = ccs07.Command.decode(payload)
    response = ccs07.Response(command.long_invoke_id, log.backup(now), log.historic_backup(now))
    return Answer(response.encode())


def _refusal(device: Eui64 | None, reason: LogReason | None) -> Effects:
    return () if reason is None else (CommandRefused(device, reason),)


COMMANDS: Final[Mapping[int, Callable[[DeviceLog, bytes, int], Answer]]] = {
    ccs01.MESSAGE_CODE: _add,
    ccs02.MESSAGE_CODE: _remove,
    ccs03.MESSAGE_CODE: _restore,
    ccs05.MESSAGE_CODE_CCS05: _read,
    ccs05.MESSAGE_CODE_CCS06: _read,
    ccs07.MESSAGE_CODE: _read_both,
}
"""What to do, by message code."""
