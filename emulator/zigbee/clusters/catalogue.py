"""Every cluster that the emulator knows, in one explicit list."""

from __future__ import annotations

from emulator.zigbee.clusters.basic import BASIC
from emulator.zigbee.clusters.definition import ClusterDefinition
from emulator.zigbee.clusters.energy import MESSAGING, METERING, PREPAYMENT, PRICE
from emulator.zigbee.clusters.identify import IDENTIFY
from emulator.zigbee.clusters.keep_alive import KEEP_ALIVE
from emulator.zigbee.clusters.key_establishment import KEY_ESTABLISHMENT
from emulator.zigbee.clusters.ota_definition import OTA_UPGRADE
from emulator.zigbee.clusters.time import TIME
from emulator.zigbee.clusters.tunnelling import TUNNELLING

ALL_CLUSTERS: tuple[ClusterDefinition, ...] = (
    BASIC,
    IDENTIFY,
    TIME,
    OTA_UPGRADE,
    KEEP_ALIVE,
    PRICE,
    METERING,
    MESSAGING,
    TUNNELLING,
    PREPAYMENT,
    KEY_ESTABLISHMENT,
)


def cluster_definition(identifier: int) -> ClusterDefinition | None:
    """The definition, or None for a cluster that is not in the list."""
    return next((cluster for cluster in ALL_CLUSTERS if cluster.identifier == identifier), None)


def definition_of(identifier: int) -> ClusterDefinition:
    """The definition; a cluster that is not in the list has a number, and neither attributes nor commands."""
    return cluster_definition(identifier) or ClusterDefinition(identifier, f"0x{identifier:04x}")
