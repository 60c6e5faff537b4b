"""The Keep-Alive cluster: how a device finds out that its trust centre is gone.

The device reads both attributes from the trust centre every base + random jitter; failing that three times over it
looks for the network again.  How often is the device's business, not this module's.
"""

from __future__ import annotations

from emulator.zigbee.clusters.definition import AttributeDefinition, ClusterDefinition
from emulator.zigbee.frames.zcl_types import DataType

KEEP_ALIVE_CLUSTER = 0x0025
TC_KEEP_ALIVE_BASE = 0x0000
"""Minutes."""
TC_KEEP_ALIVE_JITTER = 0x0001
"""Seconds."""

KEEP_ALIVE = ClusterDefinition(
    KEEP_ALIVE_CLUSTER,
    "Keep-Alive",
    (
        AttributeDefinition(TC_KEEP_ALIVE_BASE, "TCKeepAliveBase", DataType.UINT8, default=10),
        AttributeDefinition(TC_KEEP_ALIVE_JITTER, "TCKeepAliveJitter", DataType.UINT16, default=300),
    ),
)
