"""The header of an EZSP frame: sequence, control, frame id.

The first `version` of a host comes in the legacy format of 3 octets (sequence, control, frame id of one octet), as the
host cannot know what the stick speaks; it is answered in the same.  Everything else is in the extended format of 5
(sequence, control of 2 octets, frame id of 2 octets), least significant octet first.  Bits of the control octets are
those of UG100 and of the constants in zigbee-herdsman.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.ncp.ezsp.status import Status

MAX_FRAME_OCTETS = 220
"""The longest frame, header and all (EZSP_MAX_FRAME_LENGTH of EmberZNet 8, which is longer than that of 7)."""

_LEGACY_OCTETS = 3
_EXTENDED = struct.Struct("<BBBH")
_DIRECTION = 0x80
_ASYNCHRONOUS_CALLBACK = 0x10
_NETWORK_SHIFT = 5
_NETWORK_MASK = 0x03
_SLEEP_MODE_MASK = 0x03
_FORMAT_MASK = 0x03
_FORMAT = 0x01


class ResponseFlag(IntFlag):
    """What the control octet of a response or callback tells beside its kind.

    OVERFLOW: since the last response something was lost for lack of memory.  TRUNCATED: the response is cut short.
    PENDING_CALLBACKS: a callback waits to be fetched by `callback`.
    """

    OVERFLOW = 0x01
    TRUNCATED = 0x02
    PENDING_CALLBACKS = 0x04


NO_FLAGS = ResponseFlag(0)


class Refusal(DecodeError):
    """A frame that is no command; what an invalidCommand answers.

    Args:
        reason: why, machine-readable: `too-short`, `too-long`, `wrong-direction`, `unsupported-control`,
            `version-not-set`, `unknown-frame-id`, `no-request`.
        status: what the invalidCommand says.
        sequence: the sequence of the frame; None if it has not even that, then nothing can be answered.
        legacy: whether the frame was in the legacy format, and so must be the answer.
        frame_id: the frame id, as far as there was one.
    """

    def __init__(
        self, reason: str, status: Status, sequence: int | None, *, legacy: bool = False, frame_id: int | None = None
    ) -> None:
        named = "" if frame_id is None else f" (frame id 0x{frame_id:04x})"
        super().__init__(f"{reason}{named}")
        self.reason = reason
        self.status = status
        self.sequence = sequence
        self.legacy = legacy
        self.frame_id = frame_id


@dataclass(frozen=True, slots=True)
class Control:
    """What the control octet of a command asks for.

    Attributes:
        sleep_mode: 0 idle, 1 deep sleep, 2 power down, once the response is sent.
        network: index of the network the command is about.
    """

    sleep_mode: int = 0
    network: int = 0


class Header(NamedTuple):
    """The header of a command.

    Attributes:
        sequence: 8 bits, the response bears the same.
        control: the control octet, without the format.
        frame_id: 16 bits.
        legacy: whether it was in the legacy format.
        end: offset of the parameters.
    """

    sequence: int
    control: int
    frame_id: int
    legacy: bool
    end: int


def decode_header(octets: bytes) -> Header:
    """The header of a command; Refusal if it is none."""
    if len(octets) < _LEGACY_OCTETS:
        raise Refusal("too-short", Status.ERROR_TRUNCATED, octets[0] if octets else None)
    legacy = octets[2] & _FORMAT_MASK != _FORMAT
    if len(octets) > MAX_FRAME_OCTETS:
        raise Refusal("too-long", Status.ERROR_COMMAND_TOO_LONG, octets[0], legacy=legacy)
    if octets[1] & _DIRECTION:
        raise Refusal("wrong-direction", Status.ERROR_WRONG_DIRECTION, octets[0], legacy=legacy)
    return Header(octets[0], octets[1], octets[2], legacy, _LEGACY_OCTETS) if legacy else _extended(octets)


def control_of(octet: int) -> Control:
    """The control octet of a command, taken apart."""
    return Control(octet & _SLEEP_MODE_MASK, octet >> _NETWORK_SHIFT & _NETWORK_MASK)


def encode_header(
    sequence: int, frame_id: int, *, legacy: bool = False, callback: bool = False, flags: ResponseFlag = NO_FLAGS
) -> bytes:
    """The header of a response or, asynchronous, of a callback; LocalProtocolError if a number does not fit."""
    control = _DIRECTION | flags.value | (_ASYNCHRONOUS_CALLBACK if callback else 0)
    try:
        if legacy:
            return bytes((sequence, control, frame_id))
        return _EXTENDED.pack(sequence, control, _FORMAT, frame_id)
    except (struct.error, ValueError) as error:
        raise LocalProtocolError(f"EZSP header of sequence {sequence}, frame id {frame_id}: {error}") from None


def _extended(octets: bytes) -> Header:
    if len(octets) < _EXTENDED.size:
        raise Refusal("too-short", Status.ERROR_TRUNCATED, octets[0])
    sequence, control, format_octet, frame_id = _EXTENDED.unpack_from(octets)
    # Neither encrypted nor padded frames, nor bits that UG100 reserves.
    if format_octet != _FORMAT:
        raise Refusal("unsupported-control", Status.ERROR_UNSUPPORTED_CONTROL, sequence, frame_id=frame_id)
    return Header(sequence, control, frame_id, False, _EXTENDED.size)
