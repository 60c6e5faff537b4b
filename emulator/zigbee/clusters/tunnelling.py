"""The Tunnelling cluster: its messages.  What travels inside for GBCS stands in `gbcs_transport`.

Request Tunnel and Close Tunnel go to the server; data and errors go both ways, with an identifier for each direction.
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

TUNNELLING_CLUSTER = 0x0704
CLOSE_TUNNEL_TIMEOUT = 0x0000
"""Attribute of the server: seconds of silence after which it closes a tunnel."""
GB_HRGP = 6
"""Protocol identifier of GBCS messages."""
NO_MANUFACTURER = 0xFFFF
MAX_TRANSFER = 1500
"""Octets of one transfer, header included, as one hub emulator says (HenryGiraldo/gbcs)."""
TRANSFER_HEADER_OCTETS = 2


class TunnelStatus(IntEnum):
    """Status of a Request Tunnel Response."""

    SUCCESS = 0x00
    BUSY = 0x01
    NO_MORE_TUNNEL_IDS = 0x02
    PROTOCOL_NOT_SUPPORTED = 0x03
    FLOW_CONTROL_NOT_SUPPORTED = 0x04


class TransferStatus(IntEnum):
    """Status of a Transfer Data Error."""

    NO_SUCH_TUNNEL = 0x00
    WRONG_DEVICE = 0x01
    DATA_OVERFLOW = 0x02


@dataclass(frozen=True, slots=True)
class RequestTunnel:
    """Asks the server for a tunnel; `maximum_transfer` is what the client takes in one transfer, in octets."""

    to_server: ClassVar[int | None] = 0x00
    to_client: ClassVar[int | None] = None
    protocol: int = GB_HRGP
    manufacturer: int = NO_MANUFACTURER
    flow_control: bool = False
    maximum_transfer: int = MAX_TRANSFER

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<BHBH", self.protocol, self.manufacturer, self.flow_control, self.maximum_transfer)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        protocol, manufacturer = reader.little(1, "protocol"), reader.little(2, "manufacturer")
        flow_control = reader.little(1, "flow control")
        if flow_control > 1:
            raise DecodeError(f"{flow_control} is no boolean")
        return cls(protocol, manufacturer, bool(flow_control), reader.little(2, "maximum transfer"))


@dataclass(frozen=True, slots=True)
class RequestTunnelResponse:
    """The server's answer; `status` as in `TunnelStatus`, `maximum_transfer` what the server takes."""

    to_server: ClassVar[int | None] = None
    to_client: ClassVar[int | None] = 0x00
    tunnel: int
    status: int
    maximum_transfer: int = MAX_TRANSFER

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<HBH", self.tunnel, self.status, self.maximum_transfer)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(2, "tunnel"), reader.little(1, "status"), reader.little(2, "maximum transfer"))


@dataclass(frozen=True, slots=True)
class CloseTunnel:
    """The client closes the tunnel."""

    to_server: ClassVar[int | None] = 0x01
    to_client: ClassVar[int | None] = None
    tunnel: int

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<H", self.tunnel)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(2, "tunnel"))


@dataclass(frozen=True, slots=True)
class TransferData:
    """Octets of the tunnelled protocol, either way."""

    to_server: ClassVar[int | None] = 0x02
    to_client: ClassVar[int | None] = 0x01
    tunnel: int
    data: bytes

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<H", self.tunnel) + self.data

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(2, "tunnel"), reader.rest())


@dataclass(frozen=True, slots=True)
class TransferDataError:
    """A transfer could not be taken; `status` as in `TransferStatus`."""

    to_server: ClassVar[int | None] = 0x03
    to_client: ClassVar[int | None] = 0x02
    tunnel: int
    status: int

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<HB", self.tunnel, self.status)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(2, "tunnel"), reader.little(1, "status"))


@dataclass(frozen=True, slots=True)
class TunnelClosureNotification:
    """The server has closed the tunnel after too long a silence."""

    to_server: ClassVar[int | None] = None
    to_client: ClassVar[int | None] = 0x06
    tunnel: int

    def encode(self) -> bytes:
        """The payload."""
        return struct.pack("<H", self.tunnel)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the payload."""
        return cls(reader.little(2, "tunnel"))


TunnelMessage = (
    RequestTunnel | RequestTunnelResponse | CloseTunnel | TransferData | TransferDataError | TunnelClosureNotification
)

_KINDS: tuple[type[TunnelMessage], ...] = (
    RequestTunnel,
    RequestTunnelResponse,
    CloseTunnel,
    TransferData,
    TransferDataError,
    TunnelClosureNotification,
)
_TO_SERVER = {kind.to_server: kind for kind in _KINDS if kind.to_server is not None}
_TO_CLIENT = {kind.to_client: kind for kind in _KINDS if kind.to_client is not None}


def encode_tunnelling(message: TunnelMessage, receiver: Side) -> tuple[int, bytes]:
    """Command identifier and payload; LocalProtocolError for a wrong direction or a field that does not fit."""
    command = message.to_server if receiver is Side.SERVER else message.to_client
    if command is None:
        raise LocalProtocolError(f"{type(message).__name__} is not for a {receiver.value}")
    try:
        return command, message.encode()
    except struct.error as error:
        raise LocalProtocolError(f"tunnelling field out of range: {error}") from error


def decode_tunnelling(command: int, payload: bytes, receiver: Side) -> TunnelMessage:
    """The message; DecodeError for a command that `receiver` does not take, or a payload that is none of it."""
    kind = (_TO_SERVER if receiver is Side.SERVER else _TO_CLIENT).get(command)
    if kind is None:
        raise DecodeError(f"unknown tunnelling command 0x{command:02x} to a {receiver.value}")
    reader = Reader(payload)
    message = kind.decode(reader)
    reader.finish("tunnelling message")
    return message


TUNNELLING = ClusterDefinition(
    TUNNELLING_CLUSTER,
    "Tunnelling",
    (AttributeDefinition(CLOSE_TUNNEL_TIMEOUT, "CloseTunnelTimeout", DataType.UINT16, default=0xFFFF),),
    (
        *(CommandDefinition(command, kind.__name__, Side.SERVER) for command, kind in _TO_SERVER.items()),
        *(CommandDefinition(command, kind.__name__, Side.CLIENT) for command, kind in _TO_CLIENT.items()),
    ),
)
