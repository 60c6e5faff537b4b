"""APS frames: data, commands and acknowledgements, with the extended header of fragments.

Header of data: frame control (1 octet), destination endpoint (1) or group (2), cluster (2), profile (2), source
endpoint (1), counter (1); of a command: frame control and counter; of an acknowledgement: as data, or as a command
where `ack_format` is set.  Then the extended header where the frame is a fragment.  Least significant octet first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from emulator.core.errors import DecodeError, LocalProtocolError

DATA_HEADER_OCTETS = 8
"""Octets of the header of a unicast data frame that is no fragment."""
ZDO_PROFILE = 0x0000


class ApsFrameType(IntEnum):
    """Bits 0 and 1 of the frame control field; inter-PAN (3) is not decoded here."""

    DATA = 0
    COMMAND = 1
    ACKNOWLEDGEMENT = 2


class DeliveryMode(IntEnum):
    """Bits 2 and 3 of the frame control field; 1 is reserved."""

    UNICAST = 0
    BROADCAST = 2
    GROUP = 3


class FragmentKind(IntEnum):
    """Bits 0 and 1 of the extended frame control field."""

    FIRST = 1
    LATER = 2


_TYPES = (ApsFrameType.DATA, ApsFrameType.COMMAND, ApsFrameType.ACKNOWLEDGEMENT)
_MODES = (DeliveryMode.UNICAST, None, DeliveryMode.BROADCAST, DeliveryMode.GROUP)
# Reaching an enumeration's member costs a tenth of a microsecond in Python 3.11, a name of the module nothing.
_DATA, _COMMAND = ApsFrameType.DATA, ApsFrameType.COMMAND
_UNICAST, _GROUP = DeliveryMode.UNICAST, DeliveryMode.GROUP
_ACK_FORMAT = 0x10
_SECURITY = 0x20
_ACKNOWLEDGE = 0x40
_EXTENDED = 0x80
_MODE_SHIFT = 2
# Header of unicast data, whatever security and acknowledgement say.
_PLAIN_DATA_MASK = 0xFF ^ (_SECURITY | _ACKNOWLEDGE)

_ENDPOINTS = struct.Struct("<BBHHBB")
_GROUP_DATA = struct.Struct("<BHHHBB")
_COUNTER_ONLY = struct.Struct("<BB")


@dataclass(frozen=True, slots=True)
class Fragment:
    """The extended header of one block of a fragmented message, or of its acknowledgement.

    Attributes:
        kind: the first block, or a later one.
        block: number of the block; in the first block of data, how many blocks there are.
        ack_bitfield: acknowledgements only: bit i set where block `block` + i has come; None in data.
    """

    kind: FragmentKind
    block: int
    ack_bitfield: int | None = None


@dataclass(frozen=True, slots=True)
class ApsFrame:
    """One APS frame.

    Attributes:
        type: data, command or acknowledgement.
        counter: 0 to 255, the originator's.
        delivery: unicast, broadcast or group.
        destination_endpoint: None in commands, their acknowledgements and group data; likewise `source_endpoint`,
            `cluster` and `profile` (the latter three are there in group data).
        payload: what follows the header; with `security`, the auxiliary header, ciphertext and MIC.
        security: protected on this layer.
        acknowledge: an acknowledgement is asked for.
        ack_format: the acknowledgement of a command, which names no endpoints.
        fragment: the extended header, None where there is none.
        group: the group address, group data only.
    """

    type: ApsFrameType
    counter: int
    delivery: DeliveryMode = DeliveryMode.UNICAST
    destination_endpoint: int | None = None
    source_endpoint: int | None = None
    cluster: int | None = None
    profile: int | None = None
    payload: bytes = b""
    security: bool = False
    acknowledge: bool = False
    ack_format: bool = False
    fragment: Fragment | None = None
    group: int | None = None


def encode_header(frame: ApsFrame) -> bytes:
    """The header alone; LocalProtocolError for a field that is missing or does not fit."""
    control = frame.type | frame.delivery << _MODE_SHIFT
    if frame.security:
        control |= _SECURITY
    if frame.acknowledge:
        control |= _ACKNOWLEDGE
    if frame.ack_format:
        control |= _ACK_FORMAT
    try:
        if frame.fragment is not None:
            return _encode_addressing(frame, control | _EXTENDED) + _encode_fragment(frame, frame.fragment)
        return _encode_addressing(frame, control)
    except struct.error as error:
        raise LocalProtocolError(f"APS header field missing or out of range: {error}") from error


def _encode_addressing(frame: ApsFrame, control: int) -> bytes:
    if frame.type is _COMMAND or frame.ack_format:
        return _COUNTER_ONLY.pack(control, frame.counter)
    if frame.delivery is _GROUP:
        return _GROUP_DATA.pack(
            control, frame.group, frame.cluster, frame.profile, frame.source_endpoint, frame.counter
        )
    return _ENDPOINTS.pack(
        control, frame.destination_endpoint, frame.cluster, frame.profile, frame.source_endpoint, frame.counter
    )


def _encode_fragment(frame: ApsFrame, fragment: Fragment) -> bytes:
    if (frame.type is ApsFrameType.ACKNOWLEDGEMENT) is (fragment.ack_bitfield is None):
        raise LocalProtocolError("the bitfield of blocks belongs in acknowledgements, and only there")
    header = struct.pack("<BB", fragment.kind, fragment.block)
    return header if fragment.ack_bitfield is None else header + struct.pack("<B", fragment.ack_bitfield)


def encode(frame: ApsFrame) -> bytes:
    """Header and payload."""
    return encode_header(frame) + frame.payload


def decode_header(data: bytes) -> tuple[ApsFrame, int]:
    """The frame without its payload, and the header's length in octets.

    Raises:
        DecodeError: inter-PAN, a reserved value, or too short.
    """
    if len(data) >= DATA_HEADER_OCTETS and not data[0] & _PLAIN_DATA_MASK:
        control, destination, cluster, profile, source, counter = _ENDPOINTS.unpack_from(data)
        frame = ApsFrame(
            _DATA,
            counter,
            _UNICAST,
            destination,
            source,
            cluster,
            profile,
            b"",
            control & _SECURITY != 0,
            control & _ACKNOWLEDGE != 0,
        )
        return frame, DATA_HEADER_OCTETS
    return _decode_general(data)


def decode(data: bytes) -> ApsFrame:
    """The frame with its payload, still protected where `security` is set; DecodeError as `decode_header`."""
    frame, octets = decode_header(data)
    return ApsFrame(
        frame.type,
        frame.counter,
        frame.delivery,
        frame.destination_endpoint,
        frame.source_endpoint,
        frame.cluster,
        frame.profile,
        data[octets:],
        frame.security,
        frame.acknowledge,
        frame.ack_format,
        frame.fragment,
        frame.group,
    )


def _decode_general(data: bytes) -> tuple[ApsFrame, int]:
    if not data:
        raise DecodeError("APS frame without octets")
    control = data[0]
    kind, mode = _check_control(control)
    destination, group, cluster, profile, source = None, None, None, None, None
    try:
        if kind is _COMMAND or control & _ACK_FORMAT:
            position = _COUNTER_ONLY.size
            _, counter = _COUNTER_ONLY.unpack_from(data)
        elif mode is _GROUP:
            position = _GROUP_DATA.size
            _, group, cluster, profile, source, counter = _GROUP_DATA.unpack_from(data)
        else:
            position = _ENDPOINTS.size
            _, destination, cluster, profile, source, counter = _ENDPOINTS.unpack_from(data)
    except struct.error as error:
        raise DecodeError("APS header cut short") from error
    fragment: Fragment | None = None
    if control & _EXTENDED:
        fragment, position = _decode_fragment(data, position, kind is ApsFrameType.ACKNOWLEDGEMENT)
    frame = ApsFrame(
        kind,
        counter,
        mode,
        destination,
        source,
        cluster,
        profile,
        b"",
        control & _SECURITY != 0,
        control & _ACKNOWLEDGE != 0,
        control & _ACK_FORMAT != 0,
        fragment,
        group,
    )
    return frame, position


def _check_control(control: int) -> tuple[ApsFrameType, DeliveryMode]:
    kind = control & 3
    if kind >= len(_TYPES):
        raise DecodeError("APS frame type inter-PAN or reserved")
    mode = _MODES[control >> _MODE_SHIFT & 3]
    if mode is None:
        raise DecodeError("reserved APS delivery mode")
    if control & _ACK_FORMAT and _TYPES[kind] is not ApsFrameType.ACKNOWLEDGEMENT:
        raise DecodeError("APS acknowledgement format in a frame that is none")
    return _TYPES[kind], mode


def _decode_fragment(data: bytes, position: int, acknowledgement: bool) -> tuple[Fragment | None, int]:
    if len(data) <= position:
        raise DecodeError("APS extended header cut short")
    kind = data[position] & 3
    if kind == 0:
        return None, position + 1
    if kind > FragmentKind.LATER:
        raise DecodeError("reserved APS fragmentation")
    end = position + (3 if acknowledgement else 2)
    if len(data) < end:
        raise DecodeError("APS extended header cut short")
    bitfield = data[position + 2] if acknowledgement else None
    return Fragment(FragmentKind(kind), data[position + 1], bitfield), end
