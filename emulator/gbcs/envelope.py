"""What GBCS messages are wrapped in: BER lengths and the MAC Header.

Source: the messages of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader

SECURITY_CONTROL = 0x11
"""DLMS security control: authentication only, security suite 1."""

MAC_OCTETS = 12

MAC_HEADER_TAG = 0xDD
_PREFIX = bytes((MAC_HEADER_TAG, 0, 0, 0, 0, 0, 0))
_SECURITY_HEADER = bytes((SECURITY_CONTROL, 0, 0, 0, 0))
_SHORT_FORM_LIMIT = 0x80
_ONE_OCTET = 0x81
_ONE_OCTET_LIMIT = 0xFF
_TWO_OCTETS = 0x82
_TWO_OCTET_LIMIT = 0xFFFF


def encode_length(length: int) -> bytes:
    """The shortest BER form of a length: one to three octets; LocalProtocolError over 65535."""
    if length < _SHORT_FORM_LIMIT:
        return bytes((length,))
    if length <= _ONE_OCTET_LIMIT:
        return bytes((_ONE_OCTET, length))
    if length <= _TWO_OCTET_LIMIT:
        return bytes((_TWO_OCTETS,)) + length.to_bytes(2, "big")
    raise LocalProtocolError(f"{length} octets: a GBCS message has no room for more than {_TWO_OCTET_LIMIT}")


def read_length(reader: Reader, field: str) -> int:
    """A BER length of one to three octets, longer forms than needed included (`82 00 xx` is seen in the field).

    What it announces must be there: a length beyond the octets left is a DecodeError that names `field`.
    """
    first = reader.big(1, field)
    if first < _SHORT_FORM_LIMIT:
        length = first
    elif first in (_ONE_OCTET, _TWO_OCTETS):
        length = reader.big(first - _SHORT_FORM_LIMIT, field)
    else:
        raise DecodeError(f"{field}: {first:#04x} starts no length of one to three octets")
    if length > reader.remaining:
        raise DecodeError(f"{field}: announces {length} octets, {reader.remaining} left")
    return length


@dataclass(frozen=True, slots=True)
class MacHeader:
    """The 13 to 15 octets before the Grouping Header of a message with a MAC.

    Attributes:
        length: octets after the length field: five of security header, what is authenticated, and the MAC.
    """

    length: int

    @classmethod
    def around(cls, authenticated: bytes) -> MacHeader:
        """The header for Grouping Header, payload and signature part, encoded."""
        return cls(len(_SECURITY_HEADER) + len(authenticated) + MAC_OCTETS)

    def encode(self) -> bytes:
        """The octets, with the length in its shortest form."""
        return _PREFIX + encode_length(self.length) + _SECURITY_HEADER

    @classmethod
    def decode(cls, reader: Reader) -> MacHeader:
        """Read one off the start of a message, which must end where the header says; DecodeError otherwise.

        The five empty fields, the security control and the invocation counter (always 0) have one value each: the MAC
        does not cover all of them, so any other is refused here.
        """
        if reader.octets(len(_PREFIX), "MAC header") != _PREFIX:
            raise DecodeError("MAC header: not DD and six empty fields")
        length = read_length(reader, "MAC header: length")
        if length != reader.remaining:
            raise DecodeError(f"MAC header: length: announces {length} octets, {reader.remaining} follow")
        if reader.octets(len(_SECURITY_HEADER), "MAC header: security header") != _SECURITY_HEADER:
            raise DecodeError("MAC header: security header: not security control 11 and invocation counter 0")
        return cls(length)
