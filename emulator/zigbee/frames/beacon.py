"""The payload of a beacon: what IEEE 802.15.4 puts there, then what ZigBee does.

Superframe specification (2 octets), GTS (1 and more), pending addresses (1 and more), then the ZigBee part of 15
octets: protocol identifier 0, stack profile and capacities (2), extended PAN identifier (8), transmit offset (3),
update identifier (1).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.octets import Reader

NO_BEACONS = 15
"""Beacon and superframe order of a network that sends beacons only when asked."""
NO_TRANSMIT_OFFSET = 0xFFFFFF
ZIGBEE_PRO = 2
"""Stack profile and protocol version both."""

_PAN_COORDINATOR = 0x4000
_ASSOCIATION_PERMIT = 0x8000
_BATTERY_LIFE_EXTENSION = 0x1000
_PROTOCOL_ID = 0
_ROUTER_CAPACITY = 0x0400
_END_DEVICE_CAPACITY = 0x8000
_NIBBLE = 0x0F
_GTS_DESCRIPTOR_OCTETS = 3
_MOST_PENDING = 7


@dataclass(frozen=True, slots=True)
class Beacon:
    """What a router tells those who look for a network.

    Attributes:
        association_permit: joining is allowed now.
        pan_coordinator: the sender is the PAN coordinator.
        router_capacity: it can take a router as a child.
        end_device_capacity: it can take an end device as a child.
        depth: its distance from the coordinator, 0 to 15.
        extended_pan_id: the network's.
        update_id: counts changes of PAN and channel.
        stack_profile: 2, ZigBee PRO.
        protocol_version: 2.
        transmit_offset: 0xFFFFFF without periodic beacons.
        beacon_order: 15 without periodic beacons; likewise `superframe_order`.
        final_slot: last slot of the contention access period.
        battery_life_extension: the bit of that name.
        pending_short: short addresses for which something is held.
        pending_extended: EUI-64s for which something is held.
    """

    association_permit: bool
    pan_coordinator: bool
    router_capacity: bool
    end_device_capacity: bool
    depth: int
    extended_pan_id: Eui64
    update_id: int = 0
    stack_profile: int = ZIGBEE_PRO
    protocol_version: int = ZIGBEE_PRO
    transmit_offset: int = NO_TRANSMIT_OFFSET
    beacon_order: int = NO_BEACONS
    superframe_order: int = NO_BEACONS
    final_slot: int = NO_BEACONS
    battery_life_extension: bool = False
    pending_short: tuple[int, ...] = ()
    pending_extended: tuple[Eui64, ...] = ()


def encode_beacon(beacon: Beacon) -> bytes:
    """The MAC payload of the beacon; LocalProtocolError for a field that does not fit."""
    _check_fields(beacon)
    try:
        return struct.pack("<HB", _superframe(beacon), 0) + _pending(beacon) + _zigbee(beacon)
    except (struct.error, OverflowError) as error:
        raise LocalProtocolError(f"beacon field out of range: {error}") from error


def _check_fields(beacon: Beacon) -> None:
    nibbles = (
        beacon.depth,
        beacon.stack_profile,
        beacon.protocol_version,
        beacon.beacon_order,
        beacon.superframe_order,
        beacon.final_slot,
    )
    if any(not 0 <= value <= _NIBBLE for value in nibbles):
        raise LocalProtocolError("a beacon field of four bits is out of range")
    if len(beacon.pending_short) + len(beacon.pending_extended) > _MOST_PENDING:
        raise LocalProtocolError("a beacon names at most seven pending addresses")


def _superframe(beacon: Beacon) -> int:
    return (
        beacon.beacon_order
        | beacon.superframe_order << 4
        | beacon.final_slot << 8
        | (_BATTERY_LIFE_EXTENSION if beacon.battery_life_extension else 0)
        | (_PAN_COORDINATOR if beacon.pan_coordinator else 0)
        | (_ASSOCIATION_PERMIT if beacon.association_permit else 0)
    )


def _pending(beacon: Beacon) -> bytes:
    short, extended = beacon.pending_short, beacon.pending_extended
    return struct.pack(f"<B{len(short)}H{len(extended)}Q", len(short) | len(extended) << 4, *short, *extended)


def _zigbee(beacon: Beacon) -> bytes:
    capacities = (
        beacon.stack_profile
        | beacon.protocol_version << 4
        | (_ROUTER_CAPACITY if beacon.router_capacity else 0)
        | beacon.depth << 11
        | (_END_DEVICE_CAPACITY if beacon.end_device_capacity else 0)
    )
    head = struct.pack("<BHQ", _PROTOCOL_ID, capacities, beacon.extended_pan_id)
    return head + beacon.transmit_offset.to_bytes(3, "little") + struct.pack("<B", beacon.update_id)


def decode_beacon(payload: bytes) -> Beacon:
    """The beacon, without GTS descriptors; DecodeError where it is not a ZigBee network's, too short or too long."""
    reader = Reader(payload)
    superframe = reader.little(2, "superframe specification")
    _skip_gts(reader)
    pending_short, pending_extended = _read_pending(reader)
    if reader.little(1, "protocol identifier") != _PROTOCOL_ID:
        raise DecodeError("beacon of another protocol than ZigBee")
    capacities = reader.little(2, "stack profile and capacities")
    beacon = Beacon(
        association_permit=bool(superframe & _ASSOCIATION_PERMIT),
        pan_coordinator=bool(superframe & _PAN_COORDINATOR),
        router_capacity=bool(capacities & _ROUTER_CAPACITY),
        end_device_capacity=bool(capacities & _END_DEVICE_CAPACITY),
        depth=capacities >> 11 & _NIBBLE,
        extended_pan_id=Eui64(reader.little(8, "extended PAN identifier")),
        transmit_offset=reader.little(3, "transmit offset"),
        update_id=reader.little(1, "update identifier"),
        stack_profile=capacities & _NIBBLE,
        protocol_version=capacities >> 4 & _NIBBLE,
        beacon_order=superframe & _NIBBLE,
        superframe_order=superframe >> 4 & _NIBBLE,
        final_slot=superframe >> 8 & _NIBBLE,
        battery_life_extension=bool(superframe & _BATTERY_LIFE_EXTENSION),
        pending_short=pending_short,
        pending_extended=pending_extended,
    )
    reader.finish("beacon")
    return beacon


def _skip_gts(reader: Reader) -> None:
    descriptors = reader.little(1, "GTS specification") & _MOST_PENDING
    if descriptors:
        reader.octets(1 + descriptors * _GTS_DESCRIPTOR_OCTETS, "GTS descriptors")


def _read_pending(reader: Reader) -> tuple[tuple[int, ...], tuple[Eui64, ...]]:
    counts = reader.little(1, "pending addresses")
    short, extended = counts & _MOST_PENDING, counts >> 4 & _MOST_PENDING
    if short + extended > _MOST_PENDING:
        raise DecodeError("beacon with more than seven pending addresses")
    return (
        tuple(reader.little(2, "pending short address") for _ in range(short)),
        tuple(Eui64(reader.little(8, "pending EUI-64")) for _ in range(extended)),
    )
