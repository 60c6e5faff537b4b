"""EZSP frames at the stick's end: requests in, responses and callbacks out.

A host's tables may have more fields than the firmware it talks to, or fewer: a request that is too short has zeros for
what is missing, octets behind the last field are passed over, and the `Request` tells both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from emulator.core.errors import LocalProtocolError
from emulator.ncp.ezsp.command import Command, CommandTable
from emulator.ncp.ezsp.header import (
    MAX_FRAME_OCTETS,
    NO_FLAGS,
    Control,
    Header,
    Refusal,
    ResponseFlag,
    control_of,
    decode_header,
    encode_header,
)
from emulator.ncp.ezsp.record import Values
from emulator.ncp.ezsp.status import Status
from emulator.ncp.tables import commands

VERSION_COMMAND = "version"
_NOTHING: Values = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """A command of the host.

    Attributes:
        sequence: 8 bits, to be repeated in the response.
        name: of the command.
        values: every field that the command has in any version, by name; also by `request["field"]`.
        missing: names of the fields that the frame was too short for; their values are zero.
        trailing: octets behind the last field.
        legacy: whether the frame had the legacy header, and so must the response.
        control_octet: the control octet, see `control`.
    """

    sequence: int
    name: str
    values: Values
    missing: tuple[str, ...] = ()
    trailing: int = 0
    legacy: bool = False
    control_octet: int = 0

    @property
    def short(self) -> bool:
        """Whether fields are missing."""
        return bool(self.missing)

    @property
    def control(self) -> Control:
        """Sleep mode and network the control octet asks for."""
        return control_of(self.control_octet)

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 - the type is the field's
        return self.values[field]


def decode_request(version: int, octets: bytes, *, version_set: bool = True) -> Request:
    """A frame of the host.

    Args:
        version: the EZSP version the stick speaks.
        octets: the frame, as ASH delivers it.
        version_set: whether host and stick have agreed on the version; until then only `version` is a command.

    Raises:
        Refusal: the frame is no command of this version; the server answers it by `encode_invalid_command`.
    """
    header = decode_header(octets)
    command = _command(commands(version), header, version_set)
    values, missing, end = command.request.read_leniently(octets, header.end)
    if command.absent:
        values = MappingProxyType({**values, **command.absent})
    trailing = 0 if missing else len(octets) - end
    return Request(header.sequence, command.name, values, missing, trailing, header.legacy, header.control)


def encode_response(
    version: int,
    sequence: int,
    name: str,
    values: Mapping[str, Any] = _NOTHING,
    *,
    legacy: bool = False,
    flags: ResponseFlag = NO_FLAGS,
) -> bytes:
    """The response to a command.

    Args:
        version: the EZSP version the stick speaks.
        sequence: that of the command.
        name: that of the command, or `invalidCommand` or `noCallbacks`.
        values: fields by name; those not given are zero, those that only other versions carry are passed over.
        legacy: as the request was.
        flags: what the control octet tells.

    Raises:
        LocalProtocolError: no such command, a callback, a value that does not fit its field, or too long a frame.
    """
    command = commands(version).named(name)
    if command.is_callback:
        raise LocalProtocolError(f"{name} is a callback and answers nothing")
    header = encode_header(sequence, command.frame_id, legacy=legacy, flags=flags)
    return _bounded(name, header + command.encode_response(values))


def encode_callback(
    version: int,
    sequence: int,
    name: str,
    values: Mapping[str, Any] = _NOTHING,
    *,
    flags: ResponseFlag = NO_FLAGS,
) -> bytes:
    """An asynchronous callback; as `encode_response`, with the sequence of the last command."""
    command = commands(version).named(name)
    if not command.is_callback:
        raise LocalProtocolError(f"{name} is no callback")
    header = encode_header(sequence, command.frame_id, callback=True, flags=flags)
    return _bounded(name, header + command.encode_response(values))


def encode_invalid_command(version: int, refusal: Refusal) -> bytes | None:
    """The invalidCommand that answers a frame that is no command; None if the frame had no sequence to answer to."""
    if refusal.sequence is None:
        return None
    command = commands(version).named("invalidCommand")
    header = encode_header(refusal.sequence, command.frame_id, legacy=refusal.legacy)
    parameters = command.encode_response({"status": refusal.status})
    # Who speaks the legacy format knows a status of one octet only.
    return header + (parameters[:1] if refusal.legacy else parameters)


def _command(table: CommandTable, header: Header, version_set: bool) -> Command:
    command = table.by_id.get(header.frame_id)
    is_version = command is not None and command.name == VERSION_COMMAND
    if not version_set and not is_version:
        raise _refusal(header, "version-not-set", Status.ERROR_VERSION_NOT_SET)
    if header.legacy and not is_version:
        raise _refusal(header, "unsupported-control", Status.ERROR_UNSUPPORTED_CONTROL)
    if command is None:
        raise _refusal(header, "unknown-frame-id", Status.ERROR_INVALID_FRAME_ID)
    if not command.is_request:
        raise _refusal(header, "no-request", Status.ERROR_INVALID_FRAME_ID)
    return command


def _refusal(header: Header, reason: str, status: Status) -> Refusal:
    return Refusal(reason, status, header.sequence, legacy=header.legacy, frame_id=header.frame_id)


def _bounded(name: str, frame: bytes) -> bytes:
    if len(frame) > MAX_FRAME_OCTETS:
        raise LocalProtocolError(f"{name}: {len(frame)} octets are more than a frame of {MAX_FRAME_OCTETS} holds")
    return frame
