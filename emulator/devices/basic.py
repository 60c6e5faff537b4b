"""The Basic cluster of every device, from its profile."""

from __future__ import annotations

from emulator.devices.attributes import Reading
from emulator.devices.profile import DeviceProfile
from emulator.zigbee.clusters.basic import BasicAttribute, PowerSource
from emulator.zigbee.frames.zcl_types import Value


def basic_attributes(profile: DeviceProfile) -> dict[int, Value | Reading]:
    """What every device says of itself."""
    return {
        BasicAttribute.ZCL_VERSION: 3,
        BasicAttribute.HW_VERSION: profile.hardware_version >> 8,
        BasicAttribute.MANUFACTURER_NAME: profile.manufacturer_name,
        BasicAttribute.MODEL_IDENTIFIER: profile.model,
        BasicAttribute.POWER_SOURCE: (PowerSource.MAINS_SINGLE_PHASE if profile.mains_powered else PowerSource.BATTERY),
    }
