"""ZDO: announcements, addresses and descriptors.  Messages are those of `zdo`, without their sequence number.

An answer whose status is not success may end after it; what is missing then is 0, empty or None.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.octets import Reader
from emulator.ports.aps import SimpleDescriptor
from emulator.zigbee.frames.mac_commands import Capability

_NODE_DESCRIPTOR = struct.Struct("<BBBHBHHHB")
_SIMPLE_DESCRIPTOR = struct.Struct("<BHHB")
_NIBBLE = 0x0F


class LogicalType(IntEnum):
    """What a node is, in its node descriptor and in neighbour tables."""

    COORDINATOR = 0
    ROUTER = 1
    END_DEVICE = 2


class ZdoStatus(IntEnum):
    """Status of a ZDO response."""

    SUCCESS = 0x00
    INV_REQUESTTYPE = 0x80
    DEVICE_NOT_FOUND = 0x81
    INVALID_EP = 0x82
    NOT_ACTIVE = 0x83
    NOT_SUPPORTED = 0x84
    TIMEOUT = 0x85
    NO_MATCH = 0x86
    NO_ENTRY = 0x88
    NO_DESCRIPTOR = 0x89
    INSUFFICIENT_SPACE = 0x8A
    NOT_PERMITTED = 0x8B
    TABLE_FULL = 0x8C
    NOT_AUTHORIZED = 0x8D


@dataclass(frozen=True, slots=True)
class DeviceAnnce:
    """A device has joined, or has another short address."""

    cluster: ClassVar[int] = 0x0013
    short: int
    eui64: Eui64
    capability: Capability

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<HQB", self.short, self.eui64, int(self.capability))

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(_short(reader), _eui64(reader), Capability.from_int(reader.little(1, "capability")))


@dataclass(frozen=True, slots=True)
class NwkAddrReq:
    """Which short address has this EUI-64?  `extended`: and which children."""

    cluster: ClassVar[int] = 0x0000
    eui64: Eui64
    extended: bool = False
    start_index: int = 0

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<QBB", self.eui64, self.extended, self.start_index)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(_eui64(reader), _request_type(reader), reader.little(1, "start index"))


@dataclass(frozen=True, slots=True)
class IeeeAddrReq:
    """Which EUI-64 has this short address?  `extended`: and which children."""

    cluster: ClassVar[int] = 0x0001
    short: int
    extended: bool = False
    start_index: int = 0

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<HBB", self.short, self.extended, self.start_index)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(_short(reader), _request_type(reader), reader.little(1, "start index"))


@dataclass(frozen=True, slots=True)
class _AddrRsp:
    """Both addresses of a device; `children` is None where they were not asked for."""

    cluster: ClassVar[int]
    status: int
    eui64: Eui64
    short: int
    children: tuple[int, ...] | None = None
    start_index: int = 0

    def encode(self) -> bytes:
        """The fields."""
        fields = struct.pack("<BQH", self.status, self.eui64, self.short)
        if self.children is None:
            return fields
        if not self.children:
            return fields + b"\0"
        count = len(self.children)
        return fields + struct.pack(f"<BB{count}H", count, self.start_index, *self.children)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        status, eui64, short = reader.little(1, "status"), _eui64(reader), _short(reader)
        if not reader.remaining:
            return cls(status, eui64, short)
        count = reader.little(1, "children")
        if not count:
            return cls(status, eui64, short, ())
        start_index = reader.little(1, "start index")
        return cls(status, eui64, short, _shorts(reader, count), start_index)


@dataclass(frozen=True, slots=True)
class NwkAddrRsp(_AddrRsp):
    """Answer to `NwkAddrReq`."""

    cluster: ClassVar[int] = 0x8000


@dataclass(frozen=True, slots=True)
class IeeeAddrRsp(_AddrRsp):
    """Answer to `IeeeAddrReq`."""

    cluster: ClassVar[int] = 0x8001


@dataclass(frozen=True, slots=True)
class _AboutNode:
    """A request that names a node and nothing else."""

    cluster: ClassVar[int]
    short: int

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<H", self.short)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(_short(reader))


@dataclass(frozen=True, slots=True)
class NodeDescReq(_AboutNode):
    """Asks for a node descriptor."""

    cluster: ClassVar[int] = 0x0002


@dataclass(frozen=True, slots=True)
class PowerDescReq(_AboutNode):
    """Asks for a power descriptor."""

    cluster: ClassVar[int] = 0x0003


@dataclass(frozen=True, slots=True)
class ActiveEpReq(_AboutNode):
    """Asks for the endpoints of a node."""

    cluster: ClassVar[int] = 0x0005


@dataclass(frozen=True, slots=True)
class NodeDescriptor:
    """What a node is; sizes in octets.

    Attributes:
        logical_type: coordinator, router or end device.
        capability: as in association.
        manufacturer_code: assigned by the alliance.
        frequency_band: 0x08 is 2.4 GHz.
        maximum_buffer: largest ASDU without fragmentation.
        maximum_incoming_transfer: largest ASDU with it; likewise `maximum_outgoing_transfer`.
        server_mask: bit 0 primary trust centre; bits 9 to 15 stack compliance revision.
        descriptor_capability: extended lists, 0.
        complex_descriptor: there is one; likewise `user_descriptor`.
    """

    logical_type: LogicalType
    capability: Capability
    manufacturer_code: int
    frequency_band: int = 0x08
    maximum_buffer: int = 82
    maximum_incoming_transfer: int = 1500
    server_mask: int = 0
    maximum_outgoing_transfer: int = 1500
    descriptor_capability: int = 0
    complex_descriptor: bool = False
    user_descriptor: bool = False

    def encode(self) -> bytes:
        """13 octets."""
        return _NODE_DESCRIPTOR.pack(
            self.logical_type | self.complex_descriptor << 3 | self.user_descriptor << 4,
            self.frequency_band << 3,
            int(self.capability),
            self.manufacturer_code,
            self.maximum_buffer,
            self.maximum_incoming_transfer,
            self.server_mask,
            self.maximum_outgoing_transfer,
            self.descriptor_capability,
        )

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read 13 octets."""
        octets = reader.octets(_NODE_DESCRIPTOR.size, "node descriptor")
        kind, band, capability, manufacturer, buffer, incoming, mask, outgoing, lists = _NODE_DESCRIPTOR.unpack(octets)
        if kind & 7 > LogicalType.END_DEVICE:
            raise DecodeError("reserved logical type")
        return cls(
            LogicalType(kind & 7),
            Capability.from_int(capability),
            manufacturer,
            frequency_band=band >> 3,
            maximum_buffer=buffer,
            maximum_incoming_transfer=incoming,
            server_mask=mask,
            maximum_outgoing_transfer=outgoing,
            descriptor_capability=lists,
            complex_descriptor=bool(kind & 8),
            user_descriptor=bool(kind & 16),
        )


@dataclass(frozen=True, slots=True)
class NodeDescRsp:
    """Answer to `NodeDescReq`."""

    cluster: ClassVar[int] = 0x8002
    status: int
    short: int
    descriptor: NodeDescriptor | None = None

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<BH", self.status, self.short) + (self.descriptor.encode() if self.descriptor else b"")

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        status, short = reader.little(1, "status"), _short(reader)
        return cls(status, short, NodeDescriptor.decode(reader) if reader.remaining else None)


@dataclass(frozen=True, slots=True)
class PowerDescRsp:
    """Answer to `PowerDescReq`: four fields of four bits.

    Attributes:
        status: success or not.
        short: the node.
        mode: 0 receiver in step with the node descriptor, 1 on periodically, 2 on when a user acts.
        sources: bit 0 mains, bit 1 rechargeable battery, bit 2 disposable battery.
        source: the one in use.
        level: 0 critical, 4 33 %, 8 66 %, 12 100 %.
    """

    cluster: ClassVar[int] = 0x8003
    status: int
    short: int
    mode: int = 0
    sources: int = 1
    source: int = 1
    level: int = 12

    def encode(self) -> bytes:
        """The fields."""
        fields = struct.pack("<BH", self.status, self.short)
        nibbles = (self.mode, self.sources, self.source, self.level)
        if any(not 0 <= nibble <= _NIBBLE for nibble in nibbles):
            raise ValueError("a field of the power descriptor is four bits")
        return fields + bytes((self.mode | self.sources << 4, self.source | self.level << 4))

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        status, short = reader.little(1, "status"), _short(reader)
        descriptor = reader.little(2, "power descriptor") if reader.remaining or not status else 0
        return cls(status, short, *(descriptor >> shift & _NIBBLE for shift in (0, 4, 8, 12)))


@dataclass(frozen=True, slots=True)
class SimpleDescReq:
    """Asks for the simple descriptor of an endpoint."""

    cluster: ClassVar[int] = 0x0004
    short: int
    endpoint: int

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<HB", self.short, self.endpoint)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(_short(reader), reader.little(1, "endpoint"))


@dataclass(frozen=True, slots=True)
class SimpleDescRsp:
    """Answer to `SimpleDescReq`."""

    cluster: ClassVar[int] = 0x8004
    status: int
    short: int
    descriptor: SimpleDescriptor | None = None

    def encode(self) -> bytes:
        """The fields."""
        descriptor = b"" if self.descriptor is None else encode_simple_descriptor(self.descriptor)
        return struct.pack("<BHB", self.status, self.short, len(descriptor)) + descriptor

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        status, short = reader.little(1, "status"), _short(reader)
        length = reader.little(1, "descriptor length") if reader.remaining else 0
        if not length:
            return cls(status, short)
        inner = Reader(reader.octets(length, "simple descriptor"))
        descriptor = decode_simple_descriptor(inner)
        inner.finish("simple descriptor")
        return cls(status, short, descriptor)


def encode_simple_descriptor(descriptor: SimpleDescriptor) -> bytes:
    """Endpoint, profile, device, version (four bits), in clusters, out clusters."""
    if not 0 <= descriptor.device_version <= _NIBBLE:
        raise ValueError("device version is four bits")
    fixed = (descriptor.endpoint, descriptor.profile, descriptor.device_id, descriptor.device_version)
    return _SIMPLE_DESCRIPTOR.pack(*fixed) + _clusters(descriptor.in_clusters) + _clusters(descriptor.out_clusters)


def decode_simple_descriptor(reader: Reader) -> SimpleDescriptor:
    """Read a simple descriptor; DecodeError where it is cut short."""
    octets = reader.octets(_SIMPLE_DESCRIPTOR.size, "simple descriptor")
    endpoint, profile, device_id, version = _SIMPLE_DESCRIPTOR.unpack(octets)
    fixed = (endpoint, profile, device_id, version & _NIBBLE)
    return SimpleDescriptor(*fixed, _cluster_list(reader), _cluster_list(reader))


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """A node and a list of its endpoints."""

    cluster: ClassVar[int]
    status: int
    short: int
    endpoints: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<BHB", self.status, self.short, len(self.endpoints)) + bytes(self.endpoints)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        status, short = reader.little(1, "status"), _short(reader)
        count = reader.little(1, "endpoint count") if reader.remaining else 0
        return cls(status, short, tuple(reader.octets(count, "endpoints")))


@dataclass(frozen=True, slots=True)
class ActiveEpRsp(_Endpoints):
    """Answer to `ActiveEpReq`."""

    cluster: ClassVar[int] = 0x8005


@dataclass(frozen=True, slots=True)
class MatchDescRsp(_Endpoints):
    """Answer to `MatchDescReq`: the endpoints that match."""

    cluster: ClassVar[int] = 0x8006


@dataclass(frozen=True, slots=True)
class MatchDescReq:
    """Which endpoints have one of these clusters?"""

    cluster: ClassVar[int] = 0x0006
    short: int
    profile: int
    in_clusters: tuple[int, ...]
    out_clusters: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """The fields."""
        return struct.pack("<HH", self.short, self.profile) + _clusters(self.in_clusters) + _clusters(self.out_clusters)

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        """Read the fields."""
        return cls(_short(reader), reader.little(2, "profile"), _cluster_list(reader), _cluster_list(reader))


def _clusters(clusters: tuple[int, ...]) -> bytes:
    return struct.pack(f"<B{len(clusters)}H", len(clusters), *clusters)


def _cluster_list(reader: Reader) -> tuple[int, ...]:
    return _shorts(reader, reader.little(1, "cluster count"))


def _shorts(reader: Reader, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}H", reader.octets(count * 2, "list"))


def _short(reader: Reader) -> int:
    return reader.little(2, "short address")


def _eui64(reader: Reader) -> Eui64:
    return Eui64(reader.little(8, "EUI-64"))


def _request_type(reader: Reader) -> bool:
    kind = reader.little(1, "request type")
    if kind > 1:
        raise DecodeError(f"reserved request type {kind}")
    return kind == 1
