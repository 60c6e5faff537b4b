"""The OTA Upgrade cluster as a definition: its attributes, which the client serves, and its commands."""

from __future__ import annotations

from emulator.zigbee.clusters.definition import AttributeDefinition, ClusterDefinition, CommandDefinition, Side
from emulator.zigbee.clusters.ota import (
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    IMAGE_NOTIFY,
    IMAGE_PAGE_REQUEST,
    OTA_CLUSTER,
    QUERY_NEXT_IMAGE_REQUEST,
    QUERY_NEXT_IMAGE_RESPONSE,
    QUERY_SPECIFIC_FILE_REQUEST,
    QUERY_SPECIFIC_FILE_RESPONSE,
    UPGRADE_END_REQUEST,
    UPGRADE_END_RESPONSE,
    OtaAttribute,
)
from emulator.zigbee.frames.zcl_types import DataType


def _attribute(identifier: OtaAttribute, name: str, kind: DataType) -> AttributeDefinition:
    return AttributeDefinition(identifier, name, kind, Side.CLIENT)


OTA_UPGRADE = ClusterDefinition(
    OTA_CLUSTER,
    "OTA Upgrade",
    (
        _attribute(OtaAttribute.UPGRADE_SERVER_ID, "UpgradeServerID", DataType.EUI64),
        _attribute(OtaAttribute.FILE_OFFSET, "FileOffset", DataType.UINT32),
        _attribute(OtaAttribute.CURRENT_FILE_VERSION, "CurrentFileVersion", DataType.UINT32),
        _attribute(OtaAttribute.CURRENT_ZIGBEE_STACK_VERSION, "CurrentZigBeeStackVersion", DataType.UINT16),
        _attribute(OtaAttribute.DOWNLOADED_FILE_VERSION, "DownloadedFileVersion", DataType.UINT32),
        _attribute(OtaAttribute.DOWNLOADED_ZIGBEE_STACK_VERSION, "DownloadedZigBeeStackVersion", DataType.UINT16),
        _attribute(OtaAttribute.IMAGE_UPGRADE_STATUS, "ImageUpgradeStatus", DataType.ENUM8),
        _attribute(OtaAttribute.MANUFACTURER_ID, "ManufacturerID", DataType.UINT16),
        _attribute(OtaAttribute.IMAGE_TYPE_ID, "ImageTypeID", DataType.UINT16),
        _attribute(OtaAttribute.MINIMUM_BLOCK_PERIOD, "MinimumBlockPeriod", DataType.UINT16),
        _attribute(OtaAttribute.IMAGE_STAMP, "ImageStamp", DataType.UINT32),
        _attribute(OtaAttribute.UPGRADE_ACTIVATION_POLICY, "UpgradeActivationPolicy", DataType.ENUM8),
        _attribute(OtaAttribute.UPGRADE_TIMEOUT_POLICY, "UpgradeTimeoutPolicy", DataType.ENUM8),
    ),
    (
        CommandDefinition(IMAGE_NOTIFY, "ImageNotify", Side.CLIENT),
        CommandDefinition(QUERY_NEXT_IMAGE_REQUEST, "QueryNextImageRequest", Side.SERVER),
        CommandDefinition(QUERY_NEXT_IMAGE_RESPONSE, "QueryNextImageResponse", Side.CLIENT),
        CommandDefinition(IMAGE_BLOCK_REQUEST, "ImageBlockRequest", Side.SERVER),
        CommandDefinition(IMAGE_PAGE_REQUEST, "ImagePageRequest", Side.SERVER),
        CommandDefinition(IMAGE_BLOCK_RESPONSE, "ImageBlockResponse", Side.CLIENT),
        CommandDefinition(UPGRADE_END_REQUEST, "UpgradeEndRequest", Side.SERVER),
        CommandDefinition(UPGRADE_END_RESPONSE, "UpgradeEndResponse", Side.CLIENT),
        CommandDefinition(QUERY_SPECIFIC_FILE_REQUEST, "QueryDeviceSpecificFileRequest", Side.SERVER),
        CommandDefinition(QUERY_SPECIFIC_FILE_RESPONSE, "QueryDeviceSpecificFileResponse", Side.CLIENT),
    ),
)
