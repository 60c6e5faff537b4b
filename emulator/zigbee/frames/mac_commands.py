"""MAC commands: the payload of a `FrameType.COMMAND` frame, command identifier first.

Which addresses, security and acknowledgement go with each is the sender's business (`zigbee/node`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader


@dataclass(frozen=True, slots=True)
class Capability:
    """The capability information octet of association, rejoin and device announcement."""

    alternate_pan_coordinator: bool = False
    full_function_device: bool = False
    mains_powered: bool = False
    receiver_on_when_idle: bool = False
    security: bool = False
    allocate_address: bool = False

    def __int__(self) -> int:
        return (
            self.alternate_pan_coordinator
            | self.full_function_device << 1
            | self.mains_powered << 2
            | self.receiver_on_when_idle << 3
            | self.security << 6
            | self.allocate_address << 7
        )

    @classmethod
    def from_int(cls, octet: int) -> Self:
        """Read the octet; its two reserved bits are ignored."""
        return cls(*(bool(octet >> bit & 1) for bit in (0, 1, 2, 3, 6, 7)))


class AssociationStatus(IntEnum):
    """Status of an association response, and of a NWK rejoin response."""

    SUCCESS = 0x00
    PAN_AT_CAPACITY = 0x01
    PAN_ACCESS_DENIED = 0x02


class DisassociationReason(IntEnum):
    """Why a device is dissociated."""

    COORDINATOR_WISHES = 0x01
    DEVICE_WISHES = 0x02


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """A device asks to join."""

    identifier: ClassVar[int] = 0x01
    capability: Capability

    def encode(self) -> bytes:
        """The command's fields."""
        return bytes((int(self.capability),))

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(Capability.from_int(reader.little(1, "capability")))


@dataclass(frozen=True, slots=True)
class AssociationResponse:
    """Answer to an association request: a short address (0xFFFF where refused) and an `AssociationStatus`."""

    identifier: ClassVar[int] = 0x02
    short: int
    status: int

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<HB", self.short, self.status)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(2, "short address"), reader.little(1, "association status"))


@dataclass(frozen=True, slots=True)
class Disassociation:
    """Disassociation notification, with a `DisassociationReason`."""

    identifier: ClassVar[int] = 0x03
    reason: int

    def encode(self) -> bytes:
        """The command's fields."""
        return struct.pack("<B", self.reason)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(reader.little(1, "disassociation reason"))


@dataclass(frozen=True, slots=True)
class _Bare:
    """A command without fields."""

    identifier: ClassVar[int]

    def encode(self) -> bytes:
        """The command's fields: none."""
        return b""

    @classmethod
    def decode(cls, reader: Reader) -> Self:  # noqa: ARG003 - the signature that all commands share
        """Read the command's fields: none."""
        return cls()


@dataclass(frozen=True, slots=True)
class DataRequest(_Bare):
    """A sleepy device asks its parent for what is held for it (a poll)."""

    identifier: ClassVar[int] = 0x04


@dataclass(frozen=True, slots=True)
class PanIdConflict(_Bare):
    """A device tells its coordinator of another network with the same PAN identifier."""

    identifier: ClassVar[int] = 0x05


@dataclass(frozen=True, slots=True)
class OrphanNotification(_Bare):
    """A device looks for its lost coordinator."""

    identifier: ClassVar[int] = 0x06


@dataclass(frozen=True, slots=True)
class BeaconRequest(_Bare):
    """An active scan asks for beacons."""

    identifier: ClassVar[int] = 0x07


@dataclass(frozen=True, slots=True)
class CoordinatorRealignment:
    """Answer to an orphan, or news of a changed PAN.

    Attributes:
        pan_id: of the network.
        coordinator: short address of the coordinator.
        channel: 11 to 26.
        short: the orphan's short address, 0xFFFF in a broadcast.
        channel_page: None where it is not sent.
    """

    identifier: ClassVar[int] = 0x08
    pan_id: int
    coordinator: int
    channel: int
    short: int
    channel_page: int | None = None

    def encode(self) -> bytes:
        """The command's fields."""
        page = b"" if self.channel_page is None else struct.pack("<B", self.channel_page)
        return struct.pack("<HHBH", self.pan_id, self.coordinator, self.channel, self.short) + page

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the command's fields."""
        return cls(
            reader.little(2, "PAN identifier"),
            reader.little(2, "coordinator"),
            reader.little(1, "channel"),
            reader.little(2, "short address"),
            reader.little(1, "channel page") if reader.remaining else None,
        )


MacCommand = (
    AssociationRequest
    | AssociationResponse
    | Disassociation
    | DataRequest
    | PanIdConflict
    | OrphanNotification
    | BeaconRequest
    | CoordinatorRealignment
)

_COMMANDS: dict[int, type[MacCommand]] = {
    command.identifier: command
    for command in (
        AssociationRequest,
        AssociationResponse,
        Disassociation,
        DataRequest,
        PanIdConflict,
        OrphanNotification,
        BeaconRequest,
        CoordinatorRealignment,
    )
}


def encode_command(command: MacCommand) -> bytes:
    """The MAC payload, identifier first; LocalProtocolError for a field that does not fit."""
    try:
        return bytes((command.identifier,)) + command.encode()
    except (struct.error, ValueError) as error:
        raise LocalProtocolError(f"MAC command field out of range: {error}") from error


def decode_command(payload: bytes) -> MacCommand:
    """The command; DecodeError for an unknown identifier, too few or too many octets."""
    reader = Reader(payload)
    identifier = reader.little(1, "MAC command identifier")
    kind = _COMMANDS.get(identifier)
    if kind is None:
        raise DecodeError(f"unknown MAC command 0x{identifier:02x}")
    command = kind.decode(reader)
    reader.finish("MAC command")
    return command
