"""The Key Establishment cluster: its messages.  Layouts as several implementations agree on them.

The same command identifiers serve requests (client to server) and responses (server to client); certificates, points
and MACs are opaque octets here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader
from emulator.zigbee.clusters.definition import AttributeDefinition, ClusterDefinition, CommandDefinition, Side
from emulator.zigbee.frames.zcl_types import DataType

KEY_ESTABLISHMENT_CLUSTER = 0x0800
KEY_ESTABLISHMENT_SUITE = 0x0000
"""Attribute on both sides: bit mask of the suites."""
SUITE_1 = 0x0001
SUITE_2 = 0x0002
CERTIFICATE_OCTETS = {SUITE_1: 48, SUITE_2: 74}
POINT_OCTETS = {SUITE_1: 22, SUITE_2: 37}
MAC_OCTETS = 16
_LONGEST_TIME = 0xFE


class TerminateStatus(IntEnum):
    """Why an exchange is given up."""

    UNKNOWN_ISSUER = 0x01
    BAD_KEY_CONFIRM = 0x02
    BAD_MESSAGE = 0x03
    NO_RESOURCES = 0x04
    UNSUPPORTED_SUITE = 0x05
    INVALID_CERTIFICATE = 0x06


@dataclass(frozen=True, slots=True)
class InitiateKeyEstablishment:
    """Begins an exchange, and answers that.

    Attributes:
        suite: exactly one bit.
        ephemeral_time: seconds the sender may need for its ephemeral data, 0 to 254.
        confirm_time: seconds the sender may need for its confirmation, 0 to 254.
        identity: the implicit certificate, 48 octets in suite 1, 74 in suite 2.
    """

    command: ClassVar[int] = 0x00
    suite: int
    ephemeral_time: int
    confirm_time: int
    identity: bytes

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<HBB", self.suite, self.ephemeral_time, self.confirm_time) + self.identity

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload; a suite that is not ours is let through, so that it can be refused as such."""
        suite = reader.little(2, "suite")
        times = reader.little(1, "ephemeral data time"), reader.little(1, "confirm key time")
        identity = reader.rest()
        if suite.bit_count() != 1 or max(times) > _LONGEST_TIME:
            raise DecodeError("key establishment suite or time out of range")
        if len(identity) != CERTIFICATE_OCTETS.get(suite, len(identity)):
            raise DecodeError(f"certificate of {len(identity)} octets in suite {suite}")
        return cls(suite, *times, identity)


@dataclass(frozen=True, slots=True)
class EphemeralData:
    """The sender's ephemeral public point, compressed: 22 octets in suite 1, 37 in suite 2."""

    command: ClassVar[int] = 0x01
    point: bytes

    def encode(self) -> bytes:
        """The payload."""
        return self.point

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        if reader.remaining not in POINT_OCTETS.values():
            raise DecodeError(f"ephemeral point of {reader.remaining} octets")
        return cls(reader.rest())


@dataclass(frozen=True, slots=True)
class ConfirmKeyData:
    """The sender's proof that it has the key: MACU in the request, MACV in the response, 16 octets."""

    command: ClassVar[int] = 0x02
    mac: bytes

    def encode(self) -> bytes:
        """The payload."""
        return self.mac

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.octets(MAC_OCTETS, "key confirmation"))


@dataclass(frozen=True, slots=True)
class TerminateKeyEstablishment:
    """Gives an exchange up.

    Attributes:
        status: as in `TerminateStatus`; others exist in the field.
        wait: seconds before which the other side must not try again.
        suites: bit mask of the suites that the sender has.
    """

    command: ClassVar[int] = 0x03
    status: int
    wait: int
    suites: int

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<BBH", self.status, self.wait, self.suites)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(1, "status"), reader.little(1, "wait time"), reader.little(2, "suites"))


KeyEstablishmentMessage = InitiateKeyEstablishment | EphemeralData | ConfirmKeyData | TerminateKeyEstablishment

_MESSAGES: dict[int, type[KeyEstablishmentMessage]] = {
    message.command: message
    for message in (InitiateKeyEstablishment, EphemeralData, ConfirmKeyData, TerminateKeyEstablishment)
}


def encode_key_establishment(message: KeyEstablishmentMessage) -> tuple[int, bytes]:
    """Command identifier and payload; LocalProtocolError for what the other side would not decode."""
    try:
        payload = message.encode()
        decode_key_establishment(message.command, payload)
    except (struct.error, DecodeError) as error:
        raise LocalProtocolError(f"key establishment field out of range: {error}") from error
    return message.command, payload


def decode_key_establishment(command: int, payload: bytes) -> KeyEstablishmentMessage:
    """The message; DecodeError for an unknown command, a wrong length or a field out of range."""
    kind = _MESSAGES.get(command)
    if kind is None:
        raise DecodeError(f"unknown key establishment command 0x{command:02x}")
    reader = Reader(payload)
    message = kind.decode(reader)
    reader.finish("key establishment message")
    return message


KEY_ESTABLISHMENT = ClusterDefinition(
    KEY_ESTABLISHMENT_CLUSTER,
    "Key Establishment",
    tuple(
        AttributeDefinition(
            KEY_ESTABLISHMENT_SUITE, "KeyEstablishmentSuite", DataType.ENUM16, side=side, default=SUITE_2
        )
        for side in (Side.SERVER, Side.CLIENT)
    ),
    tuple(
        CommandDefinition(kind.command, kind.__name__, side)
        for side in (Side.SERVER, Side.CLIENT)
        for kind in (InitiateKeyEstablishment, EphemeralData, ConfirmKeyData, TerminateKeyEstablishment)
    ),
)
