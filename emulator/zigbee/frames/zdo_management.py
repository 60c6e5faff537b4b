"""ZDO: binding and network management.  Messages are those of `zdo`, without their sequence number."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.octets import Reader

_GROUP_MODE = 0x01
_EXTENDED_MODE = 0x03
_NEIGHBOUR = struct.Struct("<QQHBBBB")
_LAST_SCAN_DURATION = 0x05
_CHANGE_CHANNEL = 0xFE
_CHANGE_PARAMETERS = 0xFF


@dataclass(frozen=True, slots=True)
class _Binding:
    """A source endpoint and cluster, and where its messages are to go: a group, or an endpoint of a device."""

    cluster: ClassVar[int]
    source: Eui64
    source_endpoint: int
    bound_cluster: int
    destination: Eui64 | None
    destination_endpoint: int | None = None
    group: int | None = None

    def encode(self) -> bytes:
        """The fields."""
        fields = struct.pack("<QBH", self.source, self.source_endpoint, self.bound_cluster)
        if self.group is not None:
            return fields + struct.pack("<BH", _GROUP_MODE, self.group)
        return fields + struct.pack("<BQB", _EXTENDED_MODE, self.destination, self.destination_endpoint)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        source, endpoint = Eui64(reader.little(8, "source")), reader.little(1, "source endpoint")
        bound, mode = reader.little(2, "cluster"), reader.little(1, "address mode")
        if mode == _GROUP_MODE:
            return cls(source, endpoint, bound, None, None, reader.little(2, "group"))
        if mode != _EXTENDED_MODE:
            raise DecodeError(f"reserved address mode {mode} in a binding")
        destination = Eui64(reader.little(8, "destination"))
        return cls(source, endpoint, bound, destination, reader.little(1, "destination endpoint"))


@dataclass(frozen=True, slots=True)
class BindReq(_Binding):
    """Make a binding."""

    cluster: ClassVar[int] = 0x0021


@dataclass(frozen=True, slots=True)
class UnbindReq(_Binding):
    """Remove a binding."""

    cluster: ClassVar[int] = 0x0022


@dataclass(frozen=True, slots=True)
class _StatusOnly:
    """An answer that is a status and nothing else."""

    cluster: ClassVar[int]
    status: int

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<B", self.status)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(reader.little(1, "status"))


@dataclass(frozen=True, slots=True)
class BindRsp(_StatusOnly):
    """Answer to `BindReq`."""

    cluster: ClassVar[int] = 0x8021


@dataclass(frozen=True, slots=True)
class UnbindRsp(_StatusOnly):
    """Answer to `UnbindReq`."""

    cluster: ClassVar[int] = 0x8022


@dataclass(frozen=True, slots=True)
class MgmtLeaveRsp(_StatusOnly):
    """Answer to `MgmtLeaveReq`."""

    cluster: ClassVar[int] = 0x8034


@dataclass(frozen=True, slots=True)
class MgmtPermitJoiningRsp(_StatusOnly):
    """Answer to `MgmtPermitJoiningReq`."""

    cluster: ClassVar[int] = 0x8036


@dataclass(frozen=True, slots=True)
class MgmtLqiReq:
    """Asks for the neighbour table from `start_index` on."""

    cluster: ClassVar[int] = 0x0031
    start_index: int = 0

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<B", self.start_index)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(reader.little(1, "start index"))


@dataclass(frozen=True, slots=True)
class NeighbourRecord:
    """One line of a neighbour table.

    Attributes:
        extended_pan_id: of its network.
        eui64: of the neighbour.
        short: of the neighbour.
        device_type: 0 coordinator, 1 router, 2 end device, 3 unknown.
        receiver_on_when_idle: 0 no, 1 yes, 2 unknown.
        relationship: 0 parent, 1 child, 2 sibling, 3 none, 4 previous child.
        permit_joining: 0 no, 1 yes, 2 unknown.
        depth: its distance from the coordinator.
        lqi: 0 to 255.
    """

    extended_pan_id: Eui64
    eui64: Eui64
    short: int
    device_type: int
    receiver_on_when_idle: int
    relationship: int
    permit_joining: int
    depth: int
    lqi: int

    def encode(self) -> bytes:
        """22 octets."""
        if self.device_type not in range(4) or self.receiver_on_when_idle not in range(4):
            raise ValueError("device type and receiver are two bits")
        if self.relationship not in range(8) or self.permit_joining not in range(4):
            raise ValueError("relationship is three bits, permit joining two")
        kind = self.device_type | self.receiver_on_when_idle << 2 | self.relationship << 4
        addresses = (self.extended_pan_id, self.eui64, self.short)
        return _NEIGHBOUR.pack(*addresses, kind, self.permit_joining, self.depth, self.lqi)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read 22 octets."""
        pan, eui64, short, kind, permit, depth, lqi = _NEIGHBOUR.unpack(octets)
        return cls(Eui64(pan), Eui64(eui64), short, kind & 3, kind >> 2 & 3, kind >> 4 & 7, permit & 3, depth, lqi)


@dataclass(frozen=True, slots=True)
class MgmtLqiRsp:
    """Part of a neighbour table of `total` lines."""

    cluster: ClassVar[int] = 0x8031
    status: int
    total: int = 0
    start_index: int = 0
    neighbours: tuple[NeighbourRecord, ...] = ()

    def encode(self) -> bytes:
        """The fields."""
        fields = struct.pack("<BBBB", self.status, self.total, self.start_index, len(self.neighbours))
        return fields + b"".join(neighbour.encode() for neighbour in self.neighbours)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        status = reader.little(1, "status")
        if status and not reader.remaining:
            return cls(status)
        total, start, count = reader.octets(3, "neighbour table")
        body = reader.octets(count * _NEIGHBOUR.size, "neighbours")
        lines = (body[at : at + _NEIGHBOUR.size] for at in range(0, len(body), _NEIGHBOUR.size))
        return cls(status, total, start, tuple(NeighbourRecord.decode(line) for line in lines))


@dataclass(frozen=True, slots=True)
class MgmtLeaveReq:
    """The receiver, or its child `device`, is to leave; a `device` of 0 is the receiver."""

    cluster: ClassVar[int] = 0x0034
    device: Eui64
    remove_children: bool = False
    rejoin: bool = False

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<QB", self.device, self.remove_children << 6 | self.rejoin << 7)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        device, flags = Eui64(reader.little(8, "device")), reader.little(1, "leave flags")
        return cls(device, bool(flags & 0x40), bool(flags & 0x80))


@dataclass(frozen=True, slots=True)
class MgmtPermitJoiningReq:
    """Permit joining for `duration` seconds: 0 not at all, 0xFF until further notice."""

    cluster: ClassVar[int] = 0x0036
    duration: int
    trust_centre_significance: bool = True

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<BB", self.duration, self.trust_centre_significance)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(reader.little(1, "duration"), bool(reader.little(1, "trust centre significance")))


@dataclass(frozen=True, slots=True)
class MgmtNwkUpdateReq:
    """Scan channels, or change the network's channel or manager.

    Attributes:
        channels: mask, bit n for channel n.
        duration: 0 to 5 to scan, 0xFE to change the channel, 0xFF to change mask and manager.
        scan_count: how often to scan; None unless scanning.
        update_id: None when scanning.
        manager: short address; None unless it changes.
    """

    cluster: ClassVar[int] = 0x0038
    channels: int
    duration: int
    scan_count: int | None = None
    update_id: int | None = None
    manager: int | None = None

    def encode(self) -> bytes:
        """The fields."""
        present = (self.scan_count is not None, self.update_id is not None, self.manager is not None)
        if present != _fields_of(self.duration):
            raise ValueError("the fields do not go with the scan duration")
        fields = struct.pack("<IB", self.channels, self.duration)
        for value, layout in ((self.scan_count, "<B"), (self.update_id, "<B"), (self.manager, "<H")):
            fields += b"" if value is None else struct.pack(layout, value)
        return fields

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        channels, duration = reader.little(4, "channels"), reader.little(1, "scan duration")
        with_count, with_update, with_manager = _fields_of(duration)
        return cls(
            channels,
            duration,
            reader.little(1, "scan count") if with_count else None,
            reader.little(1, "update identifier") if with_update else None,
            reader.little(2, "network manager") if with_manager else None,
        )


def _fields_of(duration: int) -> tuple[bool, bool, bool]:
    """Whether scan count, update identifier and manager go with a scan duration."""
    return (
        duration <= _LAST_SCAN_DURATION,
        duration in {_CHANGE_CHANNEL, _CHANGE_PARAMETERS},
        duration == _CHANGE_PARAMETERS,
    )


@dataclass(frozen=True, slots=True)
class MgmtNwkUpdateNotify:
    """What a scan found: `energies` of the scanned channels in ascending order, 0 to 255."""

    cluster: ClassVar[int] = 0x8038
    status: int
    channels: int = 0
    transmissions: int = 0
    failures: int = 0
    energies: bytes = b""

    def encode(self) -> bytes:
        """The fields."""
        counts = (self.transmissions, self.failures, len(self.energies))
        return struct.pack("<BIHHB", self.status, self.channels, *counts) + self.energies

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        status = reader.little(1, "status")
        if status and not reader.remaining:
            return cls(status)
        channels = reader.little(4, "channels")
        transmissions, failures = reader.little(2, "transmissions"), reader.little(2, "failures")
        return cls(status, channels, transmissions, failures, reader.octets(reader.little(1, "count"), "energies"))
