"""APS frame protection: AES-CCM* at level 5 under a link key or a key derived from one.

The auxiliary header is security control (1 octet), frame counter (4), source EUI-64 (8, where the control says
extended nonce), key sequence number (1, network key only).  As on the NWK layer the level bits are zero on the air
and 5 in nonce and authenticated header (checked with tshark).  Which form a stack sends for data is its choice: 17
octets with the source named, 9 without, and both are understood here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from emulator.core.aes import MIC_OCTETS, CcmStar
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64

OVERHEAD = 5 + MIC_OCTETS
"""Octets that protection adds to a frame which does not name its source."""


class KeyIdentifier(IntEnum):
    """Which key protects the frame."""

    DATA = 0
    """The link key itself."""
    NETWORK = 1
    KEY_TRANSPORT = 2
    """Derived from the link key; carries a network key."""
    KEY_LOAD = 3
    """Derived from the link key; carries a link key."""


_KEYS = (KeyIdentifier.DATA, KeyIdentifier.NETWORK, KeyIdentifier.KEY_TRANSPORT, KeyIdentifier.KEY_LOAD)
# Reaching an enumeration's member costs a tenth of a microsecond in Python 3.11, a name of the module nothing.
_NETWORK = KeyIdentifier.NETWORK
_LEVEL = 0x05
_LEVEL_MASK = 0x07
_KEY_SHIFT = 3
_EXTENDED_NONCE = 0x20

_SHORT = struct.Struct("<BI")
_EXTENDED = struct.Struct("<BIQ")
_NONCE = struct.Struct("<QIB")

# By key identifier, without and then with extended nonce.
_AUXILIARY_OCTETS = tuple(size + (key is _NETWORK) for size in (_SHORT.size, _EXTENDED.size) for key in _KEYS)


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """The auxiliary header of a protected frame.

    Attributes:
        control: security control as it enters nonce and authentication (level 5).
        key: which key protects it.
        counter: frame counter of the originator.
        source: the originator, None where the header does not name it.
        key_sequence: which network key, 0 for the others.
        octets: length of the header.
    """

    control: int
    key: KeyIdentifier
    counter: int
    source: Eui64 | None
    key_sequence: int
    octets: int


def secure(
    header: bytes,
    payload: bytes,
    cipher: CcmStar,
    counter: int,
    source: Eui64,
    key: KeyIdentifier = KeyIdentifier.DATA,
    extended_nonce: bool = True,
    key_sequence: int = 0,
) -> bytes:
    """What follows `header` on the air: auxiliary header, ciphertext, MIC.

    Args:
        header: the APS header, with its security bit set.
        payload: what is to be hidden.
        cipher: of the key that `key` says.
        counter: the outgoing frame counter of that key.
        source: the originator, part of the nonce in any case.
        key: which key the header names.
        extended_nonce: name the source in the header.
        key_sequence: for KeyIdentifier.NETWORK only.
    """
    control = key << _KEY_SHIFT | (_EXTENDED_NONCE if extended_nonce else 0)
    computed = control | _LEVEL
    auxiliary = _EXTENDED.pack(computed, counter, source) if extended_nonce else _SHORT.pack(computed, counter)
    if key is _NETWORK:
        auxiliary += key_sequence.to_bytes(1, "little")
    sealed = cipher.seal(_NONCE.pack(source, counter, computed), header + auxiliary, payload)
    return control.to_bytes(1, "little") + auxiliary[1:] + sealed


def parse_auxiliary(data: bytes, offset: int) -> Auxiliary:
    """The auxiliary header that begins at `offset`; DecodeError where it or the MIC is missing."""
    if len(data) < offset + OVERHEAD:
        raise DecodeError("APS auxiliary header cut short")
    control = data[offset] & ~_LEVEL_MASK | _LEVEL
    key = _KEYS[control >> _KEY_SHIFT & 3]
    octets = _AUXILIARY_OCTETS[control >> _KEY_SHIFT & 7]
    if len(data) < offset + octets + MIC_OCTETS:
        raise DecodeError("APS auxiliary header cut short")
    key_sequence = data[offset + octets - 1] if key is _NETWORK else 0
    if control & _EXTENDED_NONCE:
        _, counter, source = _EXTENDED.unpack_from(data, offset)
        return Auxiliary(control, key, counter, source, key_sequence, octets)
    _, counter = _SHORT.unpack_from(data, offset)
    return Auxiliary(control, key, counter, None, key_sequence, octets)


def open_(data: bytes, header_octets: int, auxiliary: Auxiliary, cipher: CcmStar, source: Eui64 | None = None) -> bytes:
    """The plain payload of the frame `data`, whose APS header has `header_octets`.

    Args:
        data: the whole APS frame.
        header_octets: length of its APS header.
        auxiliary: of the same frame.
        cipher: of the key that `auxiliary.key` says.
        source: the originator, needed where the auxiliary header does not name it.

    Raises:
        core.aes.MicError: not genuine.
        DecodeError: neither the header nor `source` says who the originator is.
    """
    named = auxiliary.source if auxiliary.source is not None else source
    if named is None:
        raise DecodeError("APS frame of an originator that is neither named nor known")
    end = header_octets + auxiliary.octets
    control = auxiliary.control
    nonce = _NONCE.pack(named, auxiliary.counter, control)
    authenticated = data[:header_octets] + control.to_bytes(1, "little") + data[header_octets + 1 : end]
    return cipher.open(nonce, authenticated, data[end:])
