"""ASH frames as values, and as the octets between two Flag Bytes.

UG101 2 to 4.3: a control byte, a data field in DATA, RSTACK and ERROR, CRC-CCITT (most significant octet first), a Flag
Byte.  Reserved bytes are escaped; the data field of DATA is randomised so that few of its octets are such.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from emulator.core.errors import DecodeError, LocalProtocolError

FLAG: Final = 0x7E
ESCAPE: Final = 0x7D
XON: Final = 0x11
XOFF: Final = 0x13
SUBSTITUTE: Final = 0x18
CANCEL: Final = 0x1A
RESERVED: Final = bytes((FLAG, ESCAPE, XON, XOFF, SUBSTITUTE, CANCEL))
"""UG101 4.2: never sent inside a frame but escaped."""

VERSION: Final = 2
"""Of ASH, in RSTACK and ERROR."""
MODULUS: Final = 8
"""Frame numbers are counted modulo this."""

SHORTEST_DATA: Final = 3
LONGEST_DATA: Final = 220
"""Octets of a DATA frame's data field, i.e. of an EZSP frame.

UG101 2.1 still says 3 to 128, but EZSP frames have been longer than that for long: hosts and firmware of EZSP 9 and
later take 220, and the callback that hands over a whole frame of 127 octets (mfglib) does not fit in 128.
"""
UG101_LONGEST_DATA: Final = 128
OVERHEAD: Final = 3
"""Octets of a frame besides its data field: control byte and CRC."""

_FLIP: Final = 0x20
_CRC_START: Final = 0xFFFF
_CRC_OCTETS: Final = 2

_RETRANSMITTED: Final = 0x08
_NOT_READY: Final = 0x08
_NUMBER: Final = MODULUS - 1
_FIRST_NOT_DATA: Final = 0x80
_ACK: Final = 0x80
_NAK: Final = 0xA0
_RST: Final = 0xC0
_RSTACK: Final = 0xC1
_ERROR: Final = 0xC2
_CODE_FIELD: Final = 2


class ResetCode(IntEnum):
    """UG101 6: why an NCP was reset, or why it failed; a chip's own codes begin at 0x80."""

    UNKNOWN = 0x00
    EXTERNAL = 0x01
    POWER_ON = 0x02
    WATCHDOG = 0x03
    ASSERT = 0x06
    BOOTLOADER = 0x09
    SOFTWARE = 0x0B
    """Of a reset that the host asked for by RST."""
    ACK_TIMEOUTS = 0x51
    """Exceeded maximum ACK timeout count: an error, never a reset."""
    CHIP_SPECIFIC = 0x80


class Damage(StrEnum):
    """What is wrong with octets that should be a frame; machine-readable."""

    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    BAD_CRC = "bad-crc"
    BAD_CONTROL = "bad-control"
    """A control byte that no frame has."""
    BAD_LENGTH = "bad-length"
    """A data field of a length that frames of this kind do not have."""
    LINE_ERROR = "line-error"
    """A Substitute Byte stands in it."""
    CANCELLED = "cancelled"
    """A Cancel Byte followed it: the sender's wish, no fault."""


class FrameError(DecodeError):
    """Octets that are no frame.

    Attributes:
        damage: what is wrong with them.
    """

    def __init__(self, damage: Damage, text: str) -> None:
        self.damage = damage
        super().__init__(f"ASH frame: {text}")


@dataclass(frozen=True, slots=True)
class DataFrame:
    """UG101 3.4, either way: an EZSP frame.

    Attributes:
        frame_number: frmNum, 0 to 7.
        retransmitted: reTx.
        ack_number: ackNum: the frame that is expected next, which acknowledges all before it.
        payload: the data field, not randomised, 3 to 220 octets.
    """

    frame_number: int
    retransmitted: bool
    ack_number: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class AckFrame:
    """UG101 3.5, either way: every DATA frame before `ack_number` has come.

    Attributes:
        ack_number: 0 to 7.
        not_ready: nRdy; from a host: send no callbacks for now.
    """

    ack_number: int
    not_ready: bool = False


@dataclass(frozen=True, slots=True)
class NakFrame:
    """UG101 3.6, either way: as ACK, and what follows has to be sent again."""

    ack_number: int
    not_ready: bool = False


@dataclass(frozen=True, slots=True)
class RstFrame:
    """UG101 3.1, from the host: reset."""


@dataclass(frozen=True, slots=True)
class RstAckFrame:
    """UG101 3.2, from the NCP: there has been a reset.

    Attributes:
        version: of ASH.
        code: a `ResetCode`, or a chip's own from 0x80 on.
    """

    code: int
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """UG101 3.3, from the NCP: a fatal error, nothing works before a reset."""

    code: int
    version: int = VERSION


Frame = DataFrame | AckFrame | NakFrame | RstFrame | RstAckFrame | ErrorFrame


def _sequence(length: int) -> bytes:
    """UG101 4.3: the output of an 8-bit linear feedback shift register."""
    out, value = bytearray(), 0x42
    for _ in range(length):
        out.append(value)
        value = (value >> 1) ^ (0xB8 if value & 1 else 0)
    return bytes(out)


_SEQUENCE: Final = _sequence(LONGEST_DATA)


def randomise(data: bytes) -> bytes:
    """Exclusive or with the pseudo-random sequence; the same again undoes it.  At most 220 octets."""
    length = len(data)
    mask = int.from_bytes(_SEQUENCE[:length], "big")
    return (int.from_bytes(data, "big") ^ mask).to_bytes(length, "big")


_ESCAPES: Final = {bytes((octet,)): bytes((ESCAPE, octet ^ _FLIP)) for octet in RESERVED}
_TO_ESCAPE: Final = re.compile(b"[" + re.escape(RESERVED) + b"]")
_ESCAPED: Final = re.compile(rb"\x7D+([^\x7D]?)")


def stuff(octets: bytes) -> bytes:
    """UG101 4.2: the same with reserved bytes escaped."""
    return _TO_ESCAPE.sub(lambda match: _ESCAPES[match[0]], octets)


def unstuff(octets: bytes) -> bytes:
    """Undo `stuff`.  Any octet may be escaped; an Escape Byte before another one, or at the end, has no effect."""
    if ESCAPE not in octets:
        return octets
    return _ESCAPED.sub(lambda match: bytes((match[1][0] ^ _FLIP,)) if match[1] else b"", octets)


def looks_like_data(control: int) -> bool:
    """Whether the control byte of a frame, damaged or not, is that of a DATA frame."""
    return control < _FIRST_NOT_DATA


def encode(frame: Frame) -> bytes:
    """The octets to send, Flag Byte included.

    Raises:
        LocalProtocolError: a field that does not fit.
    """
    body = _body(frame)
    return stuff(body + crc_hqx(body, _CRC_START).to_bytes(_CRC_OCTETS, "big")) + bytes((FLAG,))


def _body(frame: Frame) -> bytes:
    if isinstance(frame, DataFrame):
        _check(SHORTEST_DATA <= len(frame.payload) <= LONGEST_DATA, "length of the data field", len(frame.payload))
        number, again = _number(frame.frame_number), _RETRANSMITTED if frame.retransmitted else 0
        return bytes((number << 4 | again | _number(frame.ack_number),)) + randomise(frame.payload)
    if isinstance(frame, AckFrame | NakFrame):
        kind = _ACK if isinstance(frame, AckFrame) else _NAK
        return bytes((kind | (_NOT_READY if frame.not_ready else 0) | _number(frame.ack_number),))
    if isinstance(frame, RstFrame):
        return bytes((_RST,))
    _check(0 <= frame.version <= 0xFF, "version", frame.version)  # noqa: PLR2004 - an octet
    _check(0 <= frame.code <= 0xFF, "code", frame.code)  # noqa: PLR2004 - as above
    return bytes((_RSTACK if isinstance(frame, RstAckFrame) else _ERROR, frame.version, frame.code))


def _number(number: int) -> int:
    _check(0 <= number < MODULUS, "frame number", number)
    return number


def _check(fits: bool, what: str, value: int) -> None:
    if not fits:
        raise LocalProtocolError(f"ASH frame: {what} {value} does not fit")


def decode(octets: bytes, longest_data: int = LONGEST_DATA) -> Frame:
    """A frame, from its control byte to its CRC, escapes undone and without a Flag Byte.

    Args:
        octets: of any length.
        longest_data: octets taken as the data field of a DATA frame, at most 220.

    Raises:
        FrameError: they are none, and what is wrong with them.
    """
    if len(octets) < OVERHEAD:
        raise FrameError(Damage.TOO_SHORT, f"{len(octets)} octets, at least {OVERHEAD} wanted")
    if len(octets) > longest_data + OVERHEAD:
        raise FrameError(Damage.TOO_LONG, f"{len(octets)} octets, at most {longest_data + OVERHEAD} wanted")
    # Over a whole frame with its CRC behind it, this CRC comes to nothing.
    if crc_hqx(octets, _CRC_START):
        raise FrameError(Damage.BAD_CRC, f"CRC of {len(octets)} octets is wrong")
    control, data = octets[0], octets[1:-_CRC_OCTETS]
    if control < _FIRST_NOT_DATA:
        _expect(len(data) >= SHORTEST_DATA, "DATA", data)
        number, again = control >> 4, bool(control & _RETRANSMITTED)
        return DataFrame(number, again, control & _NUMBER, randomise(data))
    return _decode_short(control, data)


def _decode_short(control: int, data: bytes) -> Frame:
    """Anything but DATA.  Bit 4 of ACK and NAK is reserved and may be either (UG101 2.1)."""
    if control < _RST:
        kind, name = (NakFrame, "NAK") if control >= _NAK else (AckFrame, "ACK")
        _expect(not data, name, data)
        return kind(control & _NUMBER, bool(control & _NOT_READY))
    if control == _RST:
        _expect(not data, "RST", data)
        return RstFrame()
    if control not in {_RSTACK, _ERROR}:
        raise FrameError(Damage.BAD_CONTROL, f"no frame has control byte {control:02X}")
    _expect(len(data) == _CODE_FIELD, "RSTACK or ERROR", data)
    return (RstAckFrame if control == _RSTACK else ErrorFrame)(data[1], data[0])


def _expect(right: bool, name: str, data: bytes) -> None:
    if not right:
        raise FrameError(Damage.BAD_LENGTH, f"{name} with a data field of {len(data)} octets")
