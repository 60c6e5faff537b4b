"""The attributes that an OTA client shows."""

from __future__ import annotations

from typing import Final

from emulator.ota.settings import ClientIdentity, ClientSettings
from emulator.ota.slot import ImageSlot
from emulator.zigbee.clusters.ota import (
    ANY_FILE_VERSION,
    ANY_STACK_VERSION,
    ImageUpgradeStatus,
    OtaAttribute,
)

_NO_OFFSET: Final = 0xFFFFFFFF


def attribute_values(
    identity: ClientIdentity,
    settings: ClientSettings,
    slot: ImageSlot,
    status: ImageUpgradeStatus,
    server: int,
    current_version: int,
    period_ms: int | None,
) -> dict[int, int]:
    """Every attribute by identifier; what is not known has the value that the cluster gives the unknown, all ones."""
    image = slot.identity
    downloaded = image is not None and slot.received == image.image_size
    return {
        OtaAttribute.UPGRADE_SERVER_ID: server,
        OtaAttribute.FILE_OFFSET: slot.received if image else _NO_OFFSET,
        OtaAttribute.CURRENT_FILE_VERSION: current_version,
        OtaAttribute.CURRENT_ZIGBEE_STACK_VERSION: identity.stack_version,
        OtaAttribute.DOWNLOADED_FILE_VERSION: image.file_version if image and downloaded else ANY_FILE_VERSION,
        OtaAttribute.DOWNLOADED_ZIGBEE_STACK_VERSION: identity.stack_version if downloaded else ANY_STACK_VERSION,
        OtaAttribute.IMAGE_UPGRADE_STATUS: status,
        OtaAttribute.MANUFACTURER_ID: identity.manufacturer_code,
        OtaAttribute.IMAGE_TYPE_ID: identity.image_type,
        OtaAttribute.MINIMUM_BLOCK_PERIOD: period_ms or 0,
        OtaAttribute.IMAGE_STAMP: settings.image_stamp,
        OtaAttribute.UPGRADE_ACTIVATION_POLICY: settings.activation_policy,
        OtaAttribute.UPGRADE_TIMEOUT_POLICY: settings.timeout_policy,
    }
