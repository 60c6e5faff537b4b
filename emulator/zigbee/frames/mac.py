"""IEEE 802.15.4-2006 frames as ZigBee uses them: no MAC security, frame check sequence included.

A frame on the air is the PSDU: frame control (2 octets), sequence (1), addressing (0 to 20), payload, FCS (2), at
most 127 octets; every field least significant octet first.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from emulator.core.errors import DecodeError, LocalProtocolError

MAX_PSDU = 127
"""aMaxPHYPacketSize, in octets."""
FCS_OCTETS = 2
BROADCAST_PAN = 0xFFFF
BROADCAST_ADDRESS = 0xFFFF
NO_SHORT_ADDRESS = 0xFFFE
"""The short address of a device that has been given none."""


class FrameType(IntEnum):
    """Bits 0 to 2 of the frame control field."""

    BEACON = 0
    DATA = 1
    ACKNOWLEDGEMENT = 2
    COMMAND = 3


_TYPES = (FrameType.BEACON, FrameType.DATA, FrameType.ACKNOWLEDGEMENT, FrameType.COMMAND)
# Reaching an enumeration's member costs a tenth of a microsecond in Python 3.11, a name of the module nothing.
_DATA = FrameType.DATA
_TYPE_MASK = 0x0007
_SECURITY = 0x0008
_PENDING = 0x0010
_ACKNOWLEDGE = 0x0020
_INTRA_PAN = 0x0040
_MODE_NONE, _MODE_RESERVED, _MODE_SHORT, _MODE_EXTENDED = range(4)
_DESTINATION_SHIFT = 10
_VERSION_SHIFT = 12
_SOURCE_SHIFT = 14
_LAST_VERSION = 1
_ADDRESS_OCTETS = {_MODE_SHORT: 2, _MODE_EXTENDED: 8}

# Data from a short address to a short address in one PAN: what nearly every frame of an update is.
_SHORT_DATA = FrameType.DATA | _INTRA_PAN | _MODE_SHORT << _DESTINATION_SHIFT | _MODE_SHORT << _SOURCE_SHIFT
_SHORT_DATA_ACK = _SHORT_DATA | _ACKNOWLEDGE
_SHORT_DATA_CONTROLS = (_SHORT_DATA_ACK, _SHORT_DATA)
_SHORT_HEADER = struct.Struct("<HBHHH")
_ACKNOWLEDGEMENT_FRAME = struct.Struct("<HB")
_CONTROL = struct.Struct("<HB")
_ACKNOWLEDGEMENT_OCTETS = 5
_SHORT_HEADER_OCTETS = _SHORT_HEADER.size

_REVERSED = bytes(sum(1 << 7 - bit for bit in range(8) if octet >> bit & 1) for octet in range(256))
"""Each octet with its bits in reverse, for `bytes.translate`: the library's CRC runs the other way round."""


@dataclass(frozen=True, slots=True)
class MacFrame:
    """One frame without its FCS.

    Attributes:
        type: beacon, data, acknowledgement or command.
        sequence: 0 to 255.
        destination_pan: None where the frame has no destination; likewise `destination`.
        source_pan: None where the frame has no source; likewise `source`.
        payload: what follows the MAC header.
        acknowledge: an acknowledgement is asked for.
        pending: the frame-pending bit.
        destination_extended: `destination` is an EUI-64, not a short address.
        source_extended: `source` is an EUI-64, not a short address.
    """

    type: FrameType
    sequence: int
    destination_pan: int | None
    destination: int | None
    source_pan: int | None
    source: int | None
    payload: bytes = b""
    acknowledge: bool = False
    pending: bool = False
    destination_extended: bool = False
    source_extended: bool = False


class Peek(NamedTuple):
    """The part of a PSDU that an address filter looks at; fields as in `MacFrame`."""

    type: FrameType
    sequence: int
    wants_acknowledgement: bool
    destination_pan: int | None
    destination: int | None
    destination_extended: bool
    source: int | None
    source_extended: bool


def fcs(octets: bytes) -> int:
    """The frame check sequence: CRC-16, polynomial 0x1021 reflected, initially 0 (CRC-16/KERMIT)."""
    return int.from_bytes(_fcs_octets(octets), "little")


def _fcs_octets(octets: bytes) -> bytes:
    return crc_hqx(octets.translate(_REVERSED), 0).to_bytes(FCS_OCTETS, "big").translate(_REVERSED)


def fcs_is_good(psdu: bytes) -> bool:
    """Whether the last two octets are the FCS of the others."""
    return len(psdu) > FCS_OCTETS and crc_hqx(psdu.translate(_REVERSED), 0) == 0


def acknowledgement(sequence: int, pending: bool) -> bytes:
    """The five octets that acknowledge the frame with `sequence`."""
    control = FrameType.ACKNOWLEDGEMENT | _PENDING if pending else FrameType.ACKNOWLEDGEMENT
    body = _ACKNOWLEDGEMENT_FRAME.pack(control, sequence)
    return body + _fcs_octets(body)


def encode(frame: MacFrame) -> bytes:
    """The PSDU, FCS included.

    Raises:
        LocalProtocolError: over 127 octets, or a field that does not fit.
    """
    try:
        header = _header(frame)
    except (struct.error, OverflowError) as error:
        raise LocalProtocolError(f"MAC header field out of range: {error}") from error
    body = header + frame.payload
    if len(body) > MAX_PSDU - FCS_OCTETS:
        raise LocalProtocolError(f"PSDU of {len(body) + FCS_OCTETS} octets, at most {MAX_PSDU} fit")
    return body + crc_hqx(body.translate(_REVERSED), 0).to_bytes(FCS_OCTETS, "big").translate(_REVERSED)


def _header(frame: MacFrame) -> bytes:
    if (
        frame.type is _DATA
        and frame.destination_pan == frame.source_pan
        and not (frame.destination_extended or frame.source_extended or frame.pending)
        and frame.destination is not None
        and frame.source is not None
    ):
        control = _SHORT_DATA_ACK if frame.acknowledge else _SHORT_DATA
        return _SHORT_HEADER.pack(control, frame.sequence, frame.destination_pan, frame.destination, frame.source)
    return _general_header(frame)


def _general_header(frame: MacFrame) -> bytes:
    destination = _mode(frame.destination_pan, frame.destination, frame.destination_extended)
    source = _mode(frame.source_pan, frame.source, frame.source_extended)
    intra_pan = bool(destination and source) and frame.destination_pan == frame.source_pan
    control = (
        frame.type
        | (_PENDING if frame.pending else 0)
        | (_ACKNOWLEDGE if frame.acknowledge else 0)
        | (_INTRA_PAN if intra_pan else 0)
        | destination << _DESTINATION_SHIFT
        | source << _SOURCE_SHIFT
    )
    header = _CONTROL.pack(control, frame.sequence)
    header += _address(destination, frame.destination_pan, frame.destination)
    return header + _address(source, None if intra_pan else frame.source_pan, frame.source)


def _mode(pan: int | None, address: int | None, extended: bool) -> int:
    if (pan is None) is not (address is None):
        raise LocalProtocolError("a MAC address needs its PAN, and a PAN its address")
    if address is None:
        if extended:
            raise LocalProtocolError("an absent MAC address cannot be extended")
        return _MODE_NONE
    return _MODE_EXTENDED if extended else _MODE_SHORT


def _address(mode: int, pan: int | None, address: int | None) -> bytes:
    if address is None:
        return b""
    prefix = b"" if pan is None else pan.to_bytes(2, "little")
    return prefix + address.to_bytes(_ADDRESS_OCTETS[mode], "little")


def decode(psdu: bytes) -> MacFrame:
    """The frame.

    Raises:
        DecodeError: bad FCS, MAC security, a reserved type, mode or version, or too short.
    """
    if not FCS_OCTETS < len(psdu) <= MAX_PSDU or crc_hqx(psdu.translate(_REVERSED), 0):
        raise DecodeError("bad FCS or length of PSDU")
    control = psdu[0] | psdu[1] << 8
    if control in _SHORT_DATA_CONTROLS and len(psdu) >= _SHORT_HEADER_OCTETS + FCS_OCTETS:
        _, sequence, pan, destination, source = _SHORT_HEADER.unpack_from(psdu)
        payload = psdu[_SHORT_HEADER_OCTETS:-FCS_OCTETS]
        return MacFrame(_DATA, sequence, pan, destination, pan, source, payload, control == _SHORT_DATA_ACK)
    peeked, source_pan, header_octets = _general(psdu)
    return MacFrame(
        peeked.type,
        peeked.sequence,
        peeked.destination_pan,
        peeked.destination,
        source_pan,
        peeked.source,
        psdu[header_octets:-FCS_OCTETS],
        peeked.wants_acknowledgement,
        bool(control & _PENDING),
        peeked.destination_extended,
        peeked.source_extended,
    )


def peek(psdu: bytes) -> Peek:
    """What an address filter needs, without checking the FCS; DecodeError where even that is missing."""
    if len(psdu) >= _SHORT_HEADER_OCTETS + FCS_OCTETS:
        control, sequence, pan, destination, source = _SHORT_HEADER.unpack_from(psdu)
        if control in _SHORT_DATA_CONTROLS:
            return Peek(_DATA, sequence, control == _SHORT_DATA_ACK, pan, destination, False, source, False)
    return _general(psdu)[0]


def _general(psdu: bytes) -> tuple[Peek, int | None, int]:
    """The addressing, the source's PAN and where the payload begins, for any frame."""
    if len(psdu) < _ACKNOWLEDGEMENT_OCTETS:
        raise DecodeError(f"PSDU of {len(psdu)} octets is no frame")
    control, sequence = _CONTROL.unpack_from(psdu)
    kind, destination_mode, source_mode = _check_control(control)
    body = psdu[:-FCS_OCTETS]
    intra_pan = bool(control & _INTRA_PAN and destination_mode and source_mode)
    pan, destination, position = _take_address(body, _CONTROL.size, destination_mode, destination_mode != _MODE_NONE)
    own_pan = source_mode != _MODE_NONE and not intra_pan
    source_pan, source, position = _take_address(body, position, source_mode, own_pan)
    peeked = Peek(
        kind,
        sequence,
        bool(control & _ACKNOWLEDGE),
        pan,
        destination,
        destination_mode == _MODE_EXTENDED,
        source,
        source_mode == _MODE_EXTENDED,
    )
    return peeked, pan if intra_pan else source_pan, position


def _check_control(control: int) -> tuple[FrameType, int, int]:
    kind = control & _TYPE_MASK
    destination_mode = control >> _DESTINATION_SHIFT & 3
    source_mode = control >> _SOURCE_SHIFT
    if kind >= len(_TYPES):
        raise DecodeError(f"reserved MAC frame type {kind}")
    if control & _SECURITY:
        raise DecodeError("MAC security, which ZigBee does not use")
    if _MODE_RESERVED in (destination_mode, source_mode):
        raise DecodeError("reserved MAC addressing mode")
    if control >> _VERSION_SHIFT & 3 > _LAST_VERSION:
        raise DecodeError("MAC frame version after 2006")
    return _TYPES[kind], destination_mode, source_mode


def _take_address(body: bytes, position: int, mode: int, with_pan: bool) -> tuple[int | None, int | None, int]:
    if mode == _MODE_NONE:
        return None, None, position
    after_pan = position + 2 if with_pan else position
    end = after_pan + _ADDRESS_OCTETS[mode]
    if end > len(body):
        raise DecodeError("MAC header cut short")
    pan = int.from_bytes(body[position:after_pan], "little") if with_pan else None
    return pan, int.from_bytes(body[after_pan:end], "little"), end
