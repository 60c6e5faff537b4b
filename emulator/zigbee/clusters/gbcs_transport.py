"""How GBCS messages travel in a tunnel: the octet in front of them (HenryGiraldo/gbcs, Wireshark).

A transfer's data is a sub-command (1 octet) and what belongs to it.  That source has it for a gas meter with the
hub as tunnel server; that a bridge does the same is an assumption (switch `gbcs_transport`).
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.errors import DecodeError, LocalProtocolError

GET = 0x01
GET_RESPONSE = 0x02
PUT = 0x03
_MOST_REMAINING = 0xFF


@dataclass(frozen=True, slots=True)
class Get:
    """The client asks for the next message."""


@dataclass(frozen=True, slots=True)
class GetResponse:
    """The server's answer: a message, empty where there is none, and how many more there are."""

    remaining: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Put:
    """A message, sent unasked."""

    message: bytes


GbcsTransfer = Get | GetResponse | Put


def encode_transfer(transfer: GbcsTransfer) -> bytes:
    """The data of a Transfer Data; LocalProtocolError where `remaining` does not fit."""
    match transfer:
        case Get():
            return bytes((GET,))
        case GetResponse(remaining, message):
            if not 0 <= remaining <= _MOST_REMAINING:
                raise LocalProtocolError(f"{remaining} remaining messages do not fit one octet")
            return bytes((GET_RESPONSE, remaining)) + message
        case Put(message):
            return bytes((PUT,)) + message


def decode_transfer(data: bytes) -> GbcsTransfer:
    """The sub-command; DecodeError for an unknown one, or wrong octets after it."""
    if not data:
        raise DecodeError("GBCS transfer without octets")
    kind, body = data[0], data[1:]
    if kind == GET and not body:
        return Get()
    if kind == GET_RESPONSE and body:
        return GetResponse(body[0], body[1:])
    if kind == PUT:
        return Put(body)
    raise DecodeError(f"GBCS sub-command 0x{kind:02x} with {len(body)} octets")
