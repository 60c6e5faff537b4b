"""APS commands: the payload of an `ApsFrameType.COMMAND` frame, command identifier first.

Numbers are least significant octet first.  Keys are 16 octets in the order in which people write them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.octets import Reader

KEY_OCTETS = 16


class KeyType(IntEnum):
    """Which key a command is about; the first octet of transport, request, verify and confirm key."""

    STANDARD_NETWORK = 0x01
    APPLICATION_LINK_REQUEST = 0x02
    """As `RequestKey` names it; when transported it is 0x03."""
    APPLICATION_LINK = 0x03
    TRUST_CENTRE_LINK = 0x04


class UpdateDeviceStatus(IntEnum):
    """What a router tells the trust centre of a device."""

    SECURED_REJOIN = 0x00
    UNSECURED_JOIN = 0x01
    DEVICE_LEFT = 0x02
    TRUST_CENTRE_REJOIN = 0x03


@dataclass(frozen=True, slots=True)
class TransportNetworkKey:
    """Transport-Key with the standard network key; a destination of 0 goes with a broadcast."""

    identifier: ClassVar[int] = 0x05
    key: bytes
    key_sequence: int
    destination: Eui64
    source: Eui64

    def encode(self) -> bytes:
        """The command's fields."""
        prefix = struct.pack("<B", KeyType.STANDARD_NETWORK) + _key(self.key)
        return prefix + struct.pack("<BQQ", self.key_sequence, self.destination, self.source)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields after the key type."""
        return cls(reader.octets(KEY_OCTETS, "key"), reader.little(1, "key sequence"), _eui64(reader), _eui64(reader))


@dataclass(frozen=True, slots=True)
class TransportTrustCentreLinkKey:
    """Transport-Key with a trust centre link key for `destination`."""

    identifier: ClassVar[int] = 0x05
    key: bytes
    destination: Eui64
    source: Eui64

    def encode(self) -> bytes:
        """The command's fields."""
        prefix = struct.pack("<B", KeyType.TRUST_CENTRE_LINK) + _key(self.key)
        return prefix + struct.pack("<QQ", self.destination, self.source)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields after the key type."""
        return cls(reader.octets(KEY_OCTETS, "key"), _eui64(reader), _eui64(reader))


@dataclass(frozen=True, slots=True)
class TransportApplicationLinkKey:
    """Transport-Key with a link key that the receiver shares with `partner`; `initiator`: the receiver asked for it."""

    identifier: ClassVar[int] = 0x05
    key: bytes
    partner: Eui64
    initiator: bool

    def encode(self) -> bytes:
        """The command's fields."""
        prefix = struct.pack("<B", KeyType.APPLICATION_LINK) + _key(self.key)
        return prefix + struct.pack("<QB", self.partner, self.initiator)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields after the key type."""
        return cls(reader.octets(KEY_OCTETS, "key"), _eui64(reader), bool(reader.little(1, "initiator flag")))


TransportKey = TransportNetworkKey | TransportTrustCentreLinkKey | TransportApplicationLinkKey


@dataclass(frozen=True, slots=True)
class UpdateDevice:
    """A router tells the trust centre of `device`; `status` as in `UpdateDeviceStatus`."""

    identifier: ClassVar[int] = 0x06
    device: Eui64
    short: int
    status: int

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<QHB", self.device, self.short, self.status)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(_eui64(reader), reader.little(2, "short address"), reader.little(1, "status"))


@dataclass(frozen=True, slots=True)
class RemoveDevice:
    """The trust centre tells a router that its child `target`, or the router itself, is to go."""

    identifier: ClassVar[int] = 0x07
    target: Eui64

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<Q", self.target)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(_eui64(reader))


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Asks for a key: `KeyType.TRUST_CENTRE_LINK`, or APPLICATION_LINK_REQUEST with the partner's address."""

    identifier: ClassVar[int] = 0x08
    key_type: int
    partner: Eui64 | None = None

    def encode(self) -> bytes:
        """The command's fields."""
        if (self.key_type == KeyType.APPLICATION_LINK_REQUEST) is (self.partner is None):
            raise ValueError("a partner belongs in the request of an application link key, and only there")
        return struct.pack("<B", self.key_type) + (b"" if self.partner is None else struct.pack("<Q", self.partner))

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        key_type = reader.little(1, "key type")
        return cls(key_type, _eui64(reader) if key_type == KeyType.APPLICATION_LINK_REQUEST else None)


@dataclass(frozen=True, slots=True)
class SwitchKey:
    """From now on the network key with this sequence number."""

    identifier: ClassVar[int] = 0x09
    key_sequence: int

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<B", self.key_sequence)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(1, "key sequence"))


@dataclass(frozen=True, slots=True)
class Tunnel:
    """An APS frame that a router passes on to `destination`, which has no network key yet."""

    identifier: ClassVar[int] = 0x0E
    destination: Eui64
    frame: bytes

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<Q", self.destination) + self.frame

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(_eui64(reader), reader.rest())


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A device shows that it has the trust centre link key: `digest` is `security.keys.verify_key_hash` of it."""

    identifier: ClassVar[int] = 0x0F
    key_type: int
    source: Eui64
    digest: bytes

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<BQ", self.key_type, self.source) + _key(self.digest)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(1, "key type"), _eui64(reader), reader.octets(KEY_OCTETS, "hash"))


@dataclass(frozen=True, slots=True)
class ConfirmKey:
    """The trust centre's answer to `VerifyKey`; status 0 for success."""

    identifier: ClassVar[int] = 0x10
    status: int
    key_type: int
    destination: Eui64

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<BBQ", self.status, self.key_type, self.destination)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(1, "status"), reader.little(1, "key type"), _eui64(reader))


ApsCommand = TransportKey | UpdateDevice | RemoveDevice | RequestKey | SwitchKey | Tunnel | VerifyKey | ConfirmKey

_TRANSPORT_KEY = TransportNetworkKey.identifier
_TRANSPORT_KEYS: dict[int, type[TransportKey]] = {
    KeyType.STANDARD_NETWORK: TransportNetworkKey,
    KeyType.TRUST_CENTRE_LINK: TransportTrustCentreLinkKey,
    KeyType.APPLICATION_LINK: TransportApplicationLinkKey,
}
_COMMANDS: dict[int, type[ApsCommand]] = {
    command.identifier: command
    for command in (UpdateDevice, RemoveDevice, RequestKey, SwitchKey, Tunnel, VerifyKey, ConfirmKey)
}


def encode_command(command: ApsCommand) -> bytes:
    """The APS payload, identifier first; LocalProtocolError for a field that does not fit."""
    try:
        return bytes((command.identifier,)) + command.encode()
    except (struct.error, ValueError) as error:
        raise LocalProtocolError(f"APS command field out of range: {error}") from error


def decode_command(payload: bytes) -> ApsCommand:
    """The command; DecodeError for an unknown identifier or key type, too few or too many octets."""
    reader = Reader(payload)
    identifier = reader.little(1, "APS command identifier")
    kind: type[ApsCommand] | None
    if identifier == _TRANSPORT_KEY:
        kind = _TRANSPORT_KEYS.get(reader.little(1, "key type"))
    else:
        kind = _COMMANDS.get(identifier)
    if kind is None:
        raise DecodeError(f"unknown APS command or key type, command 0x{identifier:02x}")
    command = kind.decode(reader)
    reader.finish("APS command")
    return command


def _key(key: bytes) -> bytes:
    if len(key) != KEY_OCTETS:
        raise ValueError(f"{len(key)} octets where 16 belong")
    return key


def _eui64(reader: Reader) -> Eui64:
    return Eui64(reader.little(8, "EUI-64"))
