"""ZCL frames: header and payload, for the commands of clusters and for those that all clusters share.

Header: frame control (1 octet), manufacturer code (2, only where its bit is set), transaction sequence number (1),
command (1).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from emulator.core.errors import DecodeError, LocalProtocolError

HEADER_OCTETS = 3
"""Octets of a header without manufacturer code."""

_TYPE_MASK = 0x03
_CLUSTER_SPECIFIC = 0x01
_MANUFACTURER = 0x04
_SERVER_TO_CLIENT = 0x08
_DISABLE_DEFAULT_RESPONSE = 0x10

_HEADER = struct.Struct("<BBB")
_MANUFACTURER_HEADER = struct.Struct("<BHBB")


class ZclFrame(NamedTuple):
    """One ZCL frame; a tuple, because four are made for every block of an update.

    Attributes:
        cluster_specific: the command is one of the cluster's own; else of `zcl_foundation`.
        server_to_client: direction.
        sequence: 0 to 255; an answer repeats that of its question.
        command: command identifier.
        payload: what follows the header.
        manufacturer: manufacturer code of a manufacturer-specific command.
        disable_default_response: the receiver is to answer with a default response only on failure.
    """

    cluster_specific: bool
    server_to_client: bool
    sequence: int
    command: int
    payload: bytes = b""
    manufacturer: int | None = None
    disable_default_response: bool = False


def encode(frame: ZclFrame) -> bytes:
    """Header and payload; LocalProtocolError for a field that does not fit."""
    control = _CLUSTER_SPECIFIC if frame.cluster_specific else 0
    if frame.server_to_client:
        control |= _SERVER_TO_CLIENT
    if frame.disable_default_response:
        control |= _DISABLE_DEFAULT_RESPONSE
    try:
        if frame.manufacturer is None:
            return _HEADER.pack(control, frame.sequence, frame.command) + frame.payload
        control |= _MANUFACTURER
        header = _MANUFACTURER_HEADER.pack(control, frame.manufacturer, frame.sequence, frame.command)
        return header + frame.payload
    except struct.error as error:
        raise LocalProtocolError(f"ZCL header field out of range: {error}") from error


def decode(data: bytes) -> ZclFrame:
    """The frame; DecodeError for a reserved frame type or too few octets.  Reserved bits are ignored."""
    if len(data) < HEADER_OCTETS:
        raise DecodeError("ZCL header cut short")
    control, sequence, command = _HEADER.unpack_from(data)
    if control & _TYPE_MASK > _CLUSTER_SPECIFIC:
        raise DecodeError("reserved ZCL frame type")
    manufacturer: int | None = None
    end = HEADER_OCTETS
    if control & _MANUFACTURER:
        end = _MANUFACTURER_HEADER.size
        if len(data) < end:
            raise DecodeError("ZCL header cut short")
        _, manufacturer, sequence, command = _MANUFACTURER_HEADER.unpack_from(data)
    return ZclFrame(
        control & _CLUSTER_SPECIFIC != 0,
        control & _SERVER_TO_CLIENT != 0,
        sequence,
        command,
        data[end:],
        manufacturer,
        control & _DISABLE_DEFAULT_RESPONSE != 0,
    )
