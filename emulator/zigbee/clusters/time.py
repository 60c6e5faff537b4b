"""The Time cluster: the hub's clock for the home area network.  Times are seconds since 2000-01-01 (`core.clock`)."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from emulator.zigbee.clusters.definition import AttributeDefinition, ClusterDefinition
from emulator.zigbee.frames.zcl_types import DataType

TIME_CLUSTER = 0x000A
INVALID_TIME = 0xFFFFFFFF


class TimeAttribute(IntEnum):
    """Attributes of the server."""

    TIME = 0x0000
    TIME_STATUS = 0x0001
    TIME_ZONE = 0x0002
    DST_START = 0x0003
    DST_END = 0x0004
    DST_SHIFT = 0x0005
    STANDARD_TIME = 0x0006
    LOCAL_TIME = 0x0007
    LAST_SET_TIME = 0x0008
    VALID_UNTIL_TIME = 0x0009


class TimeStatus(IntFlag):
    """Bits of `TimeAttribute.TIME_STATUS`; a hub has master and superseding (HenryGiraldo/gbcs)."""

    MASTER = 0x01
    SYNCHRONIZED = 0x02
    MASTER_ZONE_DST = 0x04
    SUPERSEDING = 0x08


TIME = ClusterDefinition(
    TIME_CLUSTER,
    "Time",
    (
        AttributeDefinition(TimeAttribute.TIME, "Time", DataType.UTC, writable=True, default=INVALID_TIME),
        AttributeDefinition(TimeAttribute.TIME_STATUS, "TimeStatus", DataType.BITMAP8, writable=True, default=0),
        AttributeDefinition(TimeAttribute.TIME_ZONE, "TimeZone", DataType.INT32, writable=True, default=0),
        AttributeDefinition(TimeAttribute.DST_START, "DstStart", DataType.UINT32, writable=True, default=INVALID_TIME),
        AttributeDefinition(TimeAttribute.DST_END, "DstEnd", DataType.UINT32, writable=True, default=INVALID_TIME),
        AttributeDefinition(TimeAttribute.DST_SHIFT, "DstShift", DataType.INT32, writable=True, default=0),
        AttributeDefinition(TimeAttribute.STANDARD_TIME, "StandardTime", DataType.UINT32, default=INVALID_TIME),
        AttributeDefinition(TimeAttribute.LOCAL_TIME, "LocalTime", DataType.UINT32, default=INVALID_TIME),
        AttributeDefinition(TimeAttribute.LAST_SET_TIME, "LastSetTime", DataType.UTC, default=INVALID_TIME),
        AttributeDefinition(
            TimeAttribute.VALID_UNTIL_TIME, "ValidUntilTime", DataType.UTC, writable=True, default=INVALID_TIME
        ),
    ),
)
