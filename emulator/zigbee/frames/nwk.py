"""NWK frames of ZigBee PRO (protocol version 2): the header and what it carries.

Header: frame control (2 octets), destination (2), source (2), radius (1), sequence (1), then, each only where its bit
is set, destination EUI-64 (8), source EUI-64 (8), source route (2 and 2 a relay); least significant octet first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64

HEADER_OCTETS = 8
"""Octets of a header without EUI-64s and source route."""
MAX_RADIUS = 30
"""Twice nwkMaxDepth (15), the usual radius."""


class NwkFrameType(IntEnum):
    """Bits 0 and 1 of the frame control field; inter-PAN (3) is not for the network layer."""

    DATA = 0
    COMMAND = 1


_TYPES = (NwkFrameType.DATA, NwkFrameType.COMMAND)
_VERSION = 2 << 2
_VERSION_MASK = 0x003C
_DISCOVER = 0x0040
_DISCOVER_RESERVED = 0x0080
_MULTICAST = 0x0100
_SECURITY = 0x0200
_SOURCE_ROUTE = 0x0400
_DESTINATION_EUI64 = 0x0800
_SOURCE_EUI64 = 0x1000
_END_DEVICE_INITIATOR = 0x2000
_OPTIONAL_FIELDS = _SOURCE_ROUTE | _DESTINATION_EUI64 | _SOURCE_EUI64
_REFUSED = _MULTICAST | _DISCOVER_RESERVED | _VERSION_MASK | 2

_HEADER = struct.Struct("<HHHBB")
_EUI64 = struct.Struct("<Q")
_ROUTE_PREFIX = struct.Struct("<BB")


@dataclass(frozen=True, slots=True)
class NwkFrame:
    """One NWK frame.

    Attributes:
        type: data or command.
        destination: short address, or 0xFFFC to 0xFFFF for a broadcast.
        source: short address of the originator.
        radius: hops it may still go.
        sequence: 0 to 255, the originator's.
        payload: what follows the header; with `security`, the auxiliary header, ciphertext and MIC.
        security: protected under the network key.
        destination_eui64: where the header names it.
        source_eui64: where the header names it.
        discover_route: routers may look for a route.
        source_route: relays, the one nearest the destination first; None where the header has no source route.
        relay_index: the relay that forwards it next.
        end_device_initiator: a child that is an end device originated it.
    """

    type: NwkFrameType
    destination: int
    source: int
    radius: int
    sequence: int
    payload: bytes = b""
    security: bool = False
    destination_eui64: Eui64 | None = None
    source_eui64: Eui64 | None = None
    discover_route: bool = False
    source_route: tuple[int, ...] | None = None
    relay_index: int = 0
    end_device_initiator: bool = False


def encode_header(frame: NwkFrame) -> bytes:
    """The header alone; LocalProtocolError for a field that does not fit."""
    control = _VERSION | frame.type
    if frame.security:
        control |= _SECURITY
    if frame.discover_route:
        control |= _DISCOVER
    if frame.end_device_initiator:
        control |= _END_DEVICE_INITIATOR
    try:
        if frame.destination_eui64 is None and frame.source_eui64 is None and frame.source_route is None:
            return _HEADER.pack(control, frame.destination, frame.source, frame.radius, frame.sequence)
        extra, bits = _encode_optional(frame)
        return _HEADER.pack(control | bits, frame.destination, frame.source, frame.radius, frame.sequence) + extra
    except struct.error as error:
        raise LocalProtocolError(f"NWK header field out of range: {error}") from error


def _encode_optional(frame: NwkFrame) -> tuple[bytes, int]:
    extra, bits = b"", 0
    if frame.destination_eui64 is not None:
        extra, bits = _EUI64.pack(frame.destination_eui64), _DESTINATION_EUI64
    if frame.source_eui64 is not None:
        extra, bits = extra + _EUI64.pack(frame.source_eui64), bits | _SOURCE_EUI64
    if frame.source_route is not None:
        relays = frame.source_route
        if frame.relay_index >= max(len(relays), 1):
            raise LocalProtocolError("relay index beyond the source route")
        extra += struct.pack(f"<BB{len(relays)}H", len(relays), frame.relay_index, *relays)
        bits |= _SOURCE_ROUTE
    return extra, bits


def encode(frame: NwkFrame) -> bytes:
    """Header and payload."""
    return encode_header(frame) + frame.payload


def decode_header(data: bytes) -> tuple[NwkFrame, int]:
    """The frame without its payload, and the header's length in octets.

    Raises:
        DecodeError: inter-PAN, another protocol version, multicast, a reserved value, or too short.
    """
    if len(data) < HEADER_OCTETS:
        raise DecodeError("NWK header cut short")
    control, destination, source, radius, sequence = _HEADER.unpack_from(data)
    if (control ^ _VERSION) & _REFUSED:
        _refuse(control)
    destination_eui64: Eui64 | None = None
    source_eui64: Eui64 | None = None
    source_route: tuple[int, ...] | None = None
    relay_index, position = 0, HEADER_OCTETS
    if control & _OPTIONAL_FIELDS:
        destination_eui64, source_eui64, position = _decode_eui64s(data, control)
        if control & _SOURCE_ROUTE:
            source_route, relay_index, position = _decode_route(data, position)
    frame = NwkFrame(
        _TYPES[control & 1],
        destination,
        source,
        radius,
        sequence,
        b"",
        control & _SECURITY != 0,
        destination_eui64,
        source_eui64,
        control & _DISCOVER != 0,
        source_route,
        relay_index,
        control & _END_DEVICE_INITIATOR != 0,
    )
    return frame, position


def decode(data: bytes) -> NwkFrame:
    """The frame with its payload, still protected where `security` is set; DecodeError as `decode_header`."""
    frame, octets = decode_header(data)
    return NwkFrame(
        frame.type,
        frame.destination,
        frame.source,
        frame.radius,
        frame.sequence,
        data[octets:],
        frame.security,
        frame.destination_eui64,
        frame.source_eui64,
        frame.discover_route,
        frame.source_route,
        frame.relay_index,
        frame.end_device_initiator,
    )


def _refuse(control: int) -> None:
    if control & 2:
        raise DecodeError("NWK frame type inter-PAN or reserved")
    if control & _VERSION_MASK != _VERSION:
        raise DecodeError("NWK protocol version is not 2")
    if control & _MULTICAST:
        raise DecodeError("NWK multicast, which is not supported")
    raise DecodeError("reserved NWK route discovery")


def _decode_eui64s(data: bytes, control: int) -> tuple[Eui64 | None, Eui64 | None, int]:
    destination: Eui64 | None = None
    source: Eui64 | None = None
    position = HEADER_OCTETS
    wanted = (control & _DESTINATION_EUI64 != 0) + (control & _SOURCE_EUI64 != 0)
    if len(data) < position + wanted * 8:
        raise DecodeError("NWK header cut short")
    if control & _DESTINATION_EUI64:
        destination = Eui64(_EUI64.unpack_from(data, position)[0])
        position += 8
    if control & _SOURCE_EUI64:
        source = Eui64(_EUI64.unpack_from(data, position)[0])
        position += 8
    return destination, source, position


def _decode_route(data: bytes, position: int) -> tuple[tuple[int, ...], int, int]:
    if len(data) < position + 2:
        raise DecodeError("NWK source route cut short")
    count, index = _ROUTE_PREFIX.unpack_from(data, position)
    end = position + 2 + count * 2
    if end > len(data):
        raise DecodeError("NWK source route cut short")
    if index >= max(count, 1):
        raise DecodeError("NWK relay index beyond the source route")
    return struct.unpack_from(f"<{count}H", data, position + 2), index, end
