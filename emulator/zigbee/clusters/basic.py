"""The Basic cluster: what a device is."""

from __future__ import annotations

from enum import IntEnum

from emulator.zigbee.clusters.definition import AttributeDefinition, ClusterDefinition, CommandDefinition, Side
from emulator.zigbee.frames.zcl_types import DataType

BASIC_CLUSTER = 0x0000
RESET_TO_FACTORY_DEFAULTS = 0x00


class BasicAttribute(IntEnum):
    """Attributes of the server."""

    ZCL_VERSION = 0x0000
    APPLICATION_VERSION = 0x0001
    STACK_VERSION = 0x0002
    HW_VERSION = 0x0003
    MANUFACTURER_NAME = 0x0004
    MODEL_IDENTIFIER = 0x0005
    DATE_CODE = 0x0006
    POWER_SOURCE = 0x0007
    LOCATION_DESCRIPTION = 0x0010
    PHYSICAL_ENVIRONMENT = 0x0011
    DEVICE_ENABLED = 0x0012
    SW_BUILD_ID = 0x4000


class PowerSource(IntEnum):
    """Values of `BasicAttribute.POWER_SOURCE`; bit 7 says that there is a battery besides."""

    UNKNOWN = 0x00
    MAINS_SINGLE_PHASE = 0x01
    MAINS_THREE_PHASE = 0x02
    BATTERY = 0x03
    DC_SOURCE = 0x04
    EMERGENCY_MAINS_CONSTANT = 0x05
    EMERGENCY_MAINS_AND_TRANSFER = 0x06


HUB_PHYSICAL_ENVIRONMENT = 0x01
"""What a hub's Basic cluster says of its surroundings (HenryGiraldo/gbcs, citing GBCS 10.2.2)."""

BASIC = ClusterDefinition(
    BASIC_CLUSTER,
    "Basic",
    (
        AttributeDefinition(BasicAttribute.ZCL_VERSION, "ZCLVersion", DataType.UINT8, default=3),
        AttributeDefinition(BasicAttribute.APPLICATION_VERSION, "ApplicationVersion", DataType.UINT8, default=0),
        AttributeDefinition(BasicAttribute.STACK_VERSION, "StackVersion", DataType.UINT8, default=0),
        AttributeDefinition(BasicAttribute.HW_VERSION, "HWVersion", DataType.UINT8, default=0),
        AttributeDefinition(
            BasicAttribute.MANUFACTURER_NAME, "ManufacturerName", DataType.CHARACTER_STRING, default=""
        ),
        AttributeDefinition(BasicAttribute.MODEL_IDENTIFIER, "ModelIdentifier", DataType.CHARACTER_STRING, default=""),
        AttributeDefinition(BasicAttribute.DATE_CODE, "DateCode", DataType.CHARACTER_STRING, default=""),
        AttributeDefinition(BasicAttribute.POWER_SOURCE, "PowerSource", DataType.ENUM8, default=PowerSource.UNKNOWN),
        AttributeDefinition(
            BasicAttribute.LOCATION_DESCRIPTION,
            "LocationDescription",
            DataType.CHARACTER_STRING,
            writable=True,
            default="",
        ),
        AttributeDefinition(
            BasicAttribute.PHYSICAL_ENVIRONMENT, "PhysicalEnvironment", DataType.ENUM8, writable=True, default=0
        ),
        AttributeDefinition(BasicAttribute.DEVICE_ENABLED, "DeviceEnabled", DataType.BOOL, writable=True, default=True),
        AttributeDefinition(BasicAttribute.SW_BUILD_ID, "SWBuildID", DataType.CHARACTER_STRING, default=""),
    ),
    (CommandDefinition(RESET_TO_FACTORY_DEFAULTS, "ResetToFactoryDefaults", Side.SERVER),),
)
