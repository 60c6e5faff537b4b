"""CS03 and CS04 on a PPMID: join with another device of the HAN, and part from it.

What a join does between the devices (the key that they agree on) is not modelled: the PPMID keeps a list of those that
it was joined with.  That it takes all four use cases, where RTDS 4.5.0 has two of them for a PPMID, is an assumption.
A bridge has none of this.
"""

from __future__ import annotations

from dataclasses import replace

from emulator.gbcs.device.state import JoinedDevice
from emulator.gbcs.device.use_case import Answer, Permit, Request, UseCase
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases import cs03, cs04

MOST_JOINED = 8
"""Devices that it can be joined with; the size of a PPMID's own log was not found."""

_SIGNED = (Permit("a", RemotePartyRole.ACCESS_CONTROL_BROKER),)
_WITH_MAC = (Permit("b", RemotePartyRole.ACCESS_CONTROL_BROKER),)


def join_use_case(message_code: int) -> UseCase:
    """The CS03 with this message code."""
    ways = _WITH_MAC if message_code == cs03.METHOD_B else _SIGNED
    return UseCase(ways, _join)


def part_use_case(message_code: int) -> UseCase:
    """The CS04 with this message code."""
    ways = _WITH_MAC if message_code == cs04.METHOD_B else _SIGNED
    return UseCase(ways, _part)


def _join(request: Request) -> Answer:
    asked, state = cs03.Command.decode(request.command.payload), request.state
    code = _judge(asked, request)
    if code is not cs03.ResponseCode.SUCCESS:
        return Answer(cs03.Response(code).encode(), state)
    joined = JoinedDevice(asked.other_device, asked.other_device_type)
    others = (one for one in state.joined if one.entity_id != joined.entity_id)
    return Answer(cs03.Response(code).encode(), replace(state, joined=(*others, joined)))


def _judge(asked: cs03.Command, request: Request) -> cs03.ResponseCode:
    state = request.state
    if asked.method not in set(cs03.METHODS.values()):
        return cs03.ResponseCode.INVALID_JOIN_METHOD_AND_ROLE
    if asked.method != cs03.METHODS[request.command.header.message_code]:
        return cs03.ResponseCode.INVALID_MESSAGE_CODE_FOR_JOIN_METHOD_AND_ROLE
    if asked.method == cs03.Method.METHOD_C and asked.certificate is None:
        return cs03.ResponseCode.INVALID_OR_MISSING_CERTIFICATE
    known = {one.entity_id: one.device_type for one in state.joined}
    if known.get(asked.other_device, asked.other_device_type) != asked.other_device_type:
        return cs03.ResponseCode.INCOMPATIBLE_WITH_EXISTING_ENTRY
    if asked.other_device not in known and len(known) >= MOST_JOINED:
        return cs03.ResponseCode.DEVICE_LOG_FULL
    return cs03.ResponseCode.SUCCESS


def _part(request: Request) -> Answer:
    asked, state = cs04.Command.decode(request.command.payload), request.state
    left = tuple(one for one in state.joined if one.entity_id != asked.other_device)
    found = len(left) < len(state.joined)
    code = cs04.ResponseCode.SUCCESS if found else cs04.ResponseCode.NOT_IN_DEVICE_LOG
    return Answer(cs04.Response(code).encode(), replace(state, joined=left))
