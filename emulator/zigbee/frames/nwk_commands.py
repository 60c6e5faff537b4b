"""NWK commands: the payload of a `NwkFrameType.COMMAND` frame, identifier first, then its fields, little-endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.octets import Reader
from emulator.zigbee.frames.mac_commands import Capability

_MOST_LINKS = 31


class ManyToOne(IntEnum):
    """Whether a route request is for many-to-one routing; 3 is reserved."""

    NO = 0
    WITH_ROUTE_RECORDS = 1
    WITHOUT_ROUTE_RECORDS = 2


class NetworkStatusCode(IntEnum):
    """What went wrong with a frame that was to be forwarded."""

    NO_ROUTE_AVAILABLE = 0x00
    TREE_LINK_FAILURE = 0x01
    NON_TREE_LINK_FAILURE = 0x02
    LOW_BATTERY_LEVEL = 0x03
    NO_ROUTING_CAPACITY = 0x04
    NO_INDIRECT_CAPACITY = 0x05
    INDIRECT_TRANSACTION_EXPIRY = 0x06
    TARGET_DEVICE_UNAVAILABLE = 0x07
    TARGET_ADDRESS_UNALLOCATED = 0x08
    PARENT_LINK_FAILURE = 0x09
    VALIDATE_ROUTE = 0x0A
    SOURCE_ROUTE_FAILURE = 0x0B
    MANY_TO_ONE_ROUTE_FAILURE = 0x0C
    ADDRESS_CONFLICT = 0x0D
    VERIFY_ADDRESSES = 0x0E
    PAN_IDENTIFIER_UPDATE = 0x0F
    NETWORK_ADDRESS_UPDATE = 0x10
    BAD_FRAME_COUNTER = 0x11
    BAD_KEY_SEQUENCE_NUMBER = 0x12


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """Looks for a route; relayed as a broadcast, each hop adding its link cost to `path_cost`."""

    identifier: ClassVar[int] = 0x01
    request_id: int
    destination: int
    path_cost: int
    many_to_one: ManyToOne = ManyToOne.NO
    destination_eui64: Eui64 | None = None

    def encode(self) -> bytes:
        """The command's fields."""
        options = self.many_to_one << 3 | (0x20 if self.destination_eui64 is not None else 0)
        fields = struct.pack("<BBHB", options, self.request_id, self.destination, self.path_cost)
        return fields + _optional_eui64(self.destination_eui64)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        options = reader.little(1, "route request options")
        many_to_one = options >> 3 & 3
        if many_to_one > ManyToOne.WITHOUT_ROUTE_RECORDS:
            raise DecodeError("reserved many-to-one field")
        return cls(
            reader.little(1, "route request identifier"),
            reader.little(2, "destination"),
            reader.little(1, "path cost"),
            ManyToOne(many_to_one),
            _eui64(reader) if options & 0x20 else None,
        )


@dataclass(frozen=True, slots=True)
class RouteReply:
    """Goes back along the way of the route request; `originator` asked, `responder` was looked for."""

    identifier: ClassVar[int] = 0x02
    request_id: int
    originator: int
    responder: int
    path_cost: int
    originator_eui64: Eui64 | None = None
    responder_eui64: Eui64 | None = None

    def encode(self) -> bytes:
        """The command's fields."""
        options = (0x10 if self.originator_eui64 is not None else 0) | (0x20 if self.responder_eui64 is not None else 0)
        fields = struct.pack("<BBHHB", options, self.request_id, self.originator, self.responder, self.path_cost)
        return fields + _optional_eui64(self.originator_eui64) + _optional_eui64(self.responder_eui64)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        options = reader.little(1, "route reply options")
        return cls(
            reader.little(1, "route request identifier"),
            reader.little(2, "originator"),
            reader.little(2, "responder"),
            reader.little(1, "path cost"),
            _eui64(reader) if options & 0x10 else None,
            _eui64(reader) if options & 0x20 else None,
        )


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """Tells the originator of a frame that it could not be forwarded; `status` as in `NetworkStatusCode`."""

    identifier: ClassVar[int] = 0x03
    status: int
    destination: int

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<BH", self.status, self.destination)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(1, "network status"), reader.little(2, "destination"))


@dataclass(frozen=True, slots=True)
class Leave:
    """The sender leaves, or (`request`) the receiver is to leave; `rejoin`: and come back."""

    identifier: ClassVar[int] = 0x04
    rejoin: bool = False
    request: bool = False
    remove_children: bool = False

    def encode(self) -> bytes:
        """The command's fields."""
        return bytes((self.rejoin << 5 | self.request << 6 | self.remove_children << 7,))

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        options = reader.little(1, "leave options")
        return cls(bool(options & 0x20), bool(options & 0x40), bool(options & 0x80))


@dataclass(frozen=True, slots=True)
class RouteRecord:
    """The relays that a frame passed on its way to a concentrator, in that order."""

    identifier: ClassVar[int] = 0x05
    relays: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack(f"<B{len(self.relays)}H", len(self.relays), *self.relays)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        count = reader.little(1, "relay count")
        return cls(struct.unpack(f"<{count}H", reader.octets(count * 2, "relays")))


@dataclass(frozen=True, slots=True)
class RejoinRequest:
    """A device that was on the network asks for a parent."""

    identifier: ClassVar[int] = 0x06
    capability: Capability

    def encode(self) -> bytes:
        """The command's fields."""
        return bytes((int(self.capability),))

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(Capability.from_int(reader.little(1, "capability")))


@dataclass(frozen=True, slots=True)
class RejoinResponse:
    """Answer to a rejoin request; `status` as in `mac_commands.AssociationStatus`."""

    identifier: ClassVar[int] = 0x07
    short: int
    status: int

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<HB", self.short, self.status)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(2, "short address"), reader.little(1, "rejoin status"))


@dataclass(frozen=True, slots=True)
class Link:
    """A neighbour as a router hears it: costs are 1 (best) to 7, 0 for unknown."""

    address: int
    incoming_cost: int
    outgoing_cost: int


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A router's neighbours by ascending address; `first` and `last` say which part of a long list this is."""

    identifier: ClassVar[int] = 0x08
    links: tuple[Link, ...] = ()
    first: bool = True
    last: bool = True

    def encode(self) -> bytes:
        """The command's fields."""
        if len(self.links) > _MOST_LINKS:
            raise ValueError("a link status names at most 31 links")
        fields = [bytes((len(self.links) | self.first << 5 | self.last << 6,))]
        for link in self.links:
            if not (0 <= link.incoming_cost <= 7 and 0 <= link.outgoing_cost <= 7):  # noqa: PLR2004 - three bits
                raise ValueError("a link cost is 0 to 7")
            fields.append(struct.pack("<HB", link.address, link.incoming_cost | link.outgoing_cost << 4))
        return b"".join(fields)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        options = reader.little(1, "link status options")
        body = reader.octets((options & _MOST_LINKS) * 3, "links")
        links = tuple(Link(address, cost & 7, cost >> 4 & 7) for address, cost in struct.iter_unpack("<HB", body))
        return cls(links, bool(options & 0x20), bool(options & 0x40))


@dataclass(frozen=True, slots=True)
class EndDeviceTimeoutRequest:
    """An end device says after how long a silence its parent may forget it.

    Attributes:
        timeout: 0 is 10 s, n of 1 to 14 is 2^n minutes.
        configuration: 0.
    """

    identifier: ClassVar[int] = 0x0B
    timeout: int
    configuration: int = 0

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<BB", self.timeout, self.configuration)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(1, "requested timeout"), reader.little(1, "end device configuration"))


@dataclass(frozen=True, slots=True)
class EndDeviceTimeoutResponse:
    """The parent's answer: status 0 for success, and which keep-alive methods it knows.

    Attributes:
        status: 0 success, 1 incorrect value, 2 unsupported feature.
        data_poll_keep_alive: a MAC data poll counts as a sign of life.
        timeout_request_keep_alive: an end device timeout request does.
    """

    identifier: ClassVar[int] = 0x0C
    status: int
    data_poll_keep_alive: bool = True
    timeout_request_keep_alive: bool = False

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<BB", self.status, self.data_poll_keep_alive | self.timeout_request_keep_alive << 1)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        status, parent = reader.octets(2, "end device timeout response")
        return cls(status, bool(parent & 1), bool(parent & 2))


NwkCommand = (
    RouteRequest
    | RouteReply
    | NetworkStatus
    | Leave
    | RouteRecord
    | RejoinRequest
    | RejoinResponse
    | LinkStatus
    | EndDeviceTimeoutRequest
    | EndDeviceTimeoutResponse
)

_COMMANDS: dict[int, type[NwkCommand]] = {
    command.identifier: command
    for command in (
        RouteRequest,
        RouteReply,
        NetworkStatus,
        Leave,
        RouteRecord,
        RejoinRequest,
        RejoinResponse,
        LinkStatus,
        EndDeviceTimeoutRequest,
        EndDeviceTimeoutResponse,
    )
}


def encode_command(command: NwkCommand) -> bytes:
    """The NWK payload, identifier first; LocalProtocolError for a field that does not fit."""
    try:
        return bytes((command.identifier,)) + command.encode()
    except (struct.error, ValueError) as error:
        raise LocalProtocolError(f"NWK command field out of range: {error}") from error


def decode_command(payload: bytes) -> NwkCommand:
    """The command; DecodeError for an unknown identifier, too few or too many octets."""
    reader = Reader(payload)
    identifier = reader.little(1, "NWK command identifier")
    kind = _COMMANDS.get(identifier)
    if kind is None:
        raise DecodeError(f"unknown NWK command 0x{identifier:02x}")
    command = kind.decode(reader)
    reader.finish("NWK command")
    return command


def _optional_eui64(address: Eui64 | None) -> bytes:
    return b"" if address is None else struct.pack("<Q", address)


def _eui64(reader: Reader) -> Eui64:
    return Eui64(reader.little(8, "EUI-64"))
