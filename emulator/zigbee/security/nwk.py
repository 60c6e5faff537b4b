"""NWK frame protection: AES-CCM* at level 5 (encryption and a four-octet MIC) under the network key.

On the air the auxiliary header is security control (1 octet), frame counter (4), source EUI-64 (8), key sequence number
(1), least significant octet first, and the level bits of its security control are zero; nonce and authenticated header
have level 5 there (checked with tshark).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emulator.core.aes import MIC_OCTETS, CcmStar
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64

AUXILIARY_OCTETS = 14
OVERHEAD = AUXILIARY_OCTETS + MIC_OCTETS
"""Octets that protection adds to a frame."""

_LEVEL = 0x05
_LEVEL_MASK = 0x07
_KEY_MASK = 0x18
_NETWORK_KEY = 0x08
_EXTENDED_NONCE = 0x20
_ON_AIR = bytes([_NETWORK_KEY | _EXTENDED_NONCE])
_COMPUTED = _NETWORK_KEY | _EXTENDED_NONCE | _LEVEL

_AUXILIARY = struct.Struct("<BIQB")
_NONCE = struct.Struct("<QIB")


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """The auxiliary header of a protected frame.

    Attributes:
        control: security control as it enters nonce and authentication (level 5).
        counter: frame counter of the device that protected it.
        source: that device; for NWK frames it is the last hop, not the originator.
        key_sequence: which network key.
        octets: length of the header.
    """

    control: int
    counter: int
    source: Eui64
    key_sequence: int
    octets: int


def secure(header: bytes, payload: bytes, cipher: CcmStar, counter: int, source: Eui64, key_sequence: int) -> bytes:
    """What follows `header` on the air: auxiliary header, ciphertext, MIC."""
    auxiliary = _AUXILIARY.pack(_COMPUTED, counter, source, key_sequence)
    sealed = cipher.seal(_NONCE.pack(source, counter, _COMPUTED), header + auxiliary, payload)
    return _ON_AIR + auxiliary[1:] + sealed


def parse_auxiliary(data: bytes, offset: int) -> Auxiliary:
    """The auxiliary header at `offset`; DecodeError where it or the MIC is missing, or it is not the network key's."""
    if len(data) < offset + OVERHEAD:
        raise DecodeError("NWK auxiliary header cut short")
    control, counter, source, key_sequence = _AUXILIARY.unpack_from(data, offset)
    if control & (_KEY_MASK | _EXTENDED_NONCE) != _NETWORK_KEY | _EXTENDED_NONCE:
        raise DecodeError("NWK security control names no network key or no source")
    return Auxiliary(control & ~_LEVEL_MASK | _LEVEL, counter, source, key_sequence, AUXILIARY_OCTETS)


def open_(data: bytes, header_octets: int, auxiliary: Auxiliary, cipher: CcmStar) -> bytes:
    """The plain payload of the frame `data`, whose NWK header has `header_octets`; MicError where it is not genuine."""
    end = header_octets + AUXILIARY_OCTETS
    control = auxiliary.control
    nonce = _NONCE.pack(auxiliary.source, auxiliary.counter, control)
    authenticated = data[:header_octets] + control.to_bytes(1, "little") + data[header_octets + 1 : end]
    return cipher.open(nonce, authenticated, data[end:])
