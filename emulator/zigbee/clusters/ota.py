"""The OTA Upgrade cluster: its numbers, and the messages that are not sent for every block.

The per-block messages stand in `ota_blocks`; the two tables at the end name all of them.  Every payload is what follows
the ZCL header, little-endian.  Names are those of the ZigBee Cluster Library; the layouts agree with zigpy's and
Wireshark's (both checked), as the ZigBee document 095264 itself was not at hand.

A decoder takes exactly its fields: octets left over are a DecodeError.  Only behind a refusing status anything is let
pass, because products send the fields of the success case there, filled with zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct, error
from typing import Final

from emulator.core.errors import DecodeError
from emulator.zigbee.frames.zcl_status import Status

OTA_CLUSTER: Final = 0x0019

IMAGE_NOTIFY: Final = 0x00
QUERY_NEXT_IMAGE_REQUEST: Final = 0x01
QUERY_NEXT_IMAGE_RESPONSE: Final = 0x02
IMAGE_BLOCK_REQUEST: Final = 0x03
IMAGE_PAGE_REQUEST: Final = 0x04
IMAGE_BLOCK_RESPONSE: Final = 0x05
UPGRADE_END_REQUEST: Final = 0x06
UPGRADE_END_RESPONSE: Final = 0x07
QUERY_SPECIFIC_FILE_REQUEST: Final = 0x08
QUERY_SPECIFIC_FILE_RESPONSE: Final = 0x09

TO_SERVER: Final = frozenset((0x01, 0x03, 0x04, 0x06, 0x08))
"""Command identifiers that a client sends."""
TO_CLIENT: Final = frozenset((0x00, 0x02, 0x05, 0x07, 0x09))
"""Command identifiers that a server sends."""

ANY_MANUFACTURER: Final = 0xFFFF
ANY_IMAGE_TYPE: Final = 0xFFFF
ANY_FILE_VERSION: Final = 0xFFFFFFFF
ANY_STACK_VERSION: Final = 0xFFFF
DEVICE_SPECIFIC_TYPES: Final = range(0xFFC0, 0xFFFF)
"""Image types of files made for one device: credentials, configuration, log, picture."""
WAIT_FOR_COMMAND: Final = 0xFFFFFFFF
"""An upgrade time that is none: wait until the server says more."""
STACK_ZIGBEE_PRO: Final = 0x0002

QUERY_JITTER_MAXIMUM: Final = 100


class OtaAttribute(IntEnum):
    """Attribute identifiers; all stand on the client's side."""

    UPGRADE_SERVER_ID = 0x0000
    FILE_OFFSET = 0x0001
    CURRENT_FILE_VERSION = 0x0002
    CURRENT_ZIGBEE_STACK_VERSION = 0x0003
    DOWNLOADED_FILE_VERSION = 0x0004
    DOWNLOADED_ZIGBEE_STACK_VERSION = 0x0005
    IMAGE_UPGRADE_STATUS = 0x0006
    MANUFACTURER_ID = 0x0007
    IMAGE_TYPE_ID = 0x0008
    MINIMUM_BLOCK_PERIOD = 0x0009
    IMAGE_STAMP = 0x000A
    UPGRADE_ACTIVATION_POLICY = 0x000B
    UPGRADE_TIMEOUT_POLICY = 0x000C


class ImageUpgradeStatus(IntEnum):
    """Values of the attribute of that name."""

    NORMAL = 0x00
    DOWNLOAD_IN_PROGRESS = 0x01
    DOWNLOAD_COMPLETE = 0x02
    WAITING_TO_UPGRADE = 0x03
    COUNT_DOWN = 0x04
    WAIT_FOR_MORE = 0x05
    WAITING_FOR_EXTERNAL_EVENT = 0x06


class UpgradeActivationPolicy(IntEnum):
    """Who may start the activation."""

    SERVER = 0x00
    OUT_OF_BAND = 0x01


class UpgradeTimeoutPolicy(IntEnum):
    """What follows when the server never says when to activate."""

    APPLY = 0x00
    DO_NOT_APPLY = 0x01


class NotifyPayload(IntEnum):
    """Payload types of Image Notify: each has one field more than the one before."""

    JITTER = 0x00
    MANUFACTURER = 0x01
    IMAGE_TYPE = 0x02
    FILE_VERSION = 0x03


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """What an image is, as the messages say it: two that differ in any of these are never mixed.

    Attributes:
        manufacturer_code: 16 bits.
        image_type: 16 bits.
        file_version: 32 bits.
        image_size: octets of the whole file, 32 bits.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    image_size: int


@dataclass(frozen=True, slots=True)
class ImageNotify:
    """Server to client: there may be something for you.  Fields that are None are absent."""

    query_jitter: int
    manufacturer_code: int | None = None
    image_type: int | None = None
    new_file_version: int | None = None


@dataclass(frozen=True, slots=True)
class QueryNextImageRequest:
    """Client to server: is there a newer image?"""

    manufacturer_code: int
    image_type: int
    current_file_version: int
    hardware_version: int | None = None


@dataclass(frozen=True, slots=True)
class QueryNextImageResponse:
    """Server to client: `image` where the status is SUCCESS, None otherwise."""

    status: int
    image: ImageIdentity | None = None


@dataclass(frozen=True, slots=True)
class UpgradeEndRequest:
    """Client to server: the download is over, `status` says how."""

    status: int
    manufacturer_code: int
    image_type: int
    file_version: int


@dataclass(frozen=True, slots=True)
class UpgradeEndResponse:
    """Server to client: when to activate.

    Times are ZCL UTCTime in seconds.  Where `current_time` is 0, `upgrade_time` counts from now; 0xFFFFFFFF means wait.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    current_time: int
    upgrade_time: int


@dataclass(frozen=True, slots=True)
class QuerySpecificFileRequest:
    """Client to server: is there a file made for this one device?"""

    request_node_address: int
    manufacturer_code: int
    image_type: int
    file_version: int
    current_zigbee_stack_version: int


@dataclass(frozen=True, slots=True)
class QuerySpecificFileResponse:
    """Server to client: `image` where the status is SUCCESS, None otherwise."""

    status: int
    image: ImageIdentity | None = None


_NOTIFY = (Struct("<BB"), Struct("<BBH"), Struct("<BBHH"), Struct("<BBHHI"))
_QUERY = Struct("<BHHI")
_QUERY_HARDWARE = Struct("<BHHIH")
_OFFER = Struct("<BHHII")
_END_REQUEST = Struct("<BHHI")
_END_RESPONSE = Struct("<HHIII")
_SPECIFIC = Struct("<QHHIH")
_HARDWARE_VERSION_PRESENT = 0x01


def unpack(form: Struct, payload: bytes, name: str) -> tuple[int, ...]:
    """The fields of a payload that is exactly as long as `form`; DecodeError otherwise."""
    try:
        return form.unpack(payload)
    except error as problem:
        raise DecodeError(f"{name}: {len(payload)} octets, {form.size} expected") from problem


def encode_image_notify(message: ImageNotify) -> bytes:
    """Payload of Image Notify; its type is that of the last field that is there."""
    fields = (message.query_jitter, message.manufacturer_code, message.image_type, message.new_file_version)
    present = [field for field in fields if field is not None]
    kind = len(present) - 1
    return _NOTIFY[kind].pack(kind, *present)


def decode_image_notify(payload: bytes) -> ImageNotify:
    """Read Image Notify; a reserved payload type is a DecodeError."""
    if not payload or payload[0] >= len(_NOTIFY):
        raise DecodeError("image notify: no known payload type")
    return ImageNotify(*unpack(_NOTIFY[payload[0]], payload, "image notify")[1:])


def encode_query_next_image_request(message: QueryNextImageRequest) -> bytes:
    """Payload of Query Next Image Request."""
    fields = (message.manufacturer_code, message.image_type, message.current_file_version)
    if message.hardware_version is None:
        return _QUERY.pack(0, *fields)
    return _QUERY_HARDWARE.pack(_HARDWARE_VERSION_PRESENT, *fields, message.hardware_version)


def decode_query_next_image_request(payload: bytes) -> QueryNextImageRequest:
    """Read Query Next Image Request; reserved bits of the field control are let pass."""
    hardware = bool(payload) and payload[0] & _HARDWARE_VERSION_PRESENT
    form = _QUERY_HARDWARE if hardware else _QUERY
    return QueryNextImageRequest(*unpack(form, payload, "query next image request")[1:])


def _encode_offer(status: int, image: ImageIdentity | None) -> bytes:
    if image is None:
        return bytes((status,))
    return _OFFER.pack(status, image.manufacturer_code, image.image_type, image.file_version, image.image_size)


def _decode_offer(payload: bytes, name: str) -> tuple[int, ImageIdentity | None]:
    if payload and payload[0] != Status.SUCCESS:
        return payload[0], None
    return Status.SUCCESS, ImageIdentity(*unpack(_OFFER, payload, name)[1:])


def encode_query_next_image_response(message: QueryNextImageResponse) -> bytes:
    """Payload of Query Next Image Response."""
    return _encode_offer(message.status, message.image)


def decode_query_next_image_response(payload: bytes) -> QueryNextImageResponse:
    """Read Query Next Image Response."""
    return QueryNextImageResponse(*_decode_offer(payload, "query next image response"))


def encode_upgrade_end_request(message: UpgradeEndRequest) -> bytes:
    """Payload of Upgrade End Request."""
    return _END_REQUEST.pack(message.status, message.manufacturer_code, message.image_type, message.file_version)


def decode_upgrade_end_request(payload: bytes) -> UpgradeEndRequest:
    """Read Upgrade End Request; the identity stands there whatever the status."""
    return UpgradeEndRequest(*unpack(_END_REQUEST, payload, "upgrade end request"))


def encode_upgrade_end_response(message: UpgradeEndResponse) -> bytes:
    """Payload of Upgrade End Response."""
    return _END_RESPONSE.pack(
        message.manufacturer_code, message.image_type, message.file_version, message.current_time, message.upgrade_time
    )


def decode_upgrade_end_response(payload: bytes) -> UpgradeEndResponse:
    """Read Upgrade End Response."""
    return UpgradeEndResponse(*unpack(_END_RESPONSE, payload, "upgrade end response"))


def encode_query_specific_file_request(message: QuerySpecificFileRequest) -> bytes:
    """Payload of Query Device Specific File Request."""
    return _SPECIFIC.pack(
        message.request_node_address,
        message.manufacturer_code,
        message.image_type,
        message.file_version,
        message.current_zigbee_stack_version,
    )


def decode_query_specific_file_request(payload: bytes) -> QuerySpecificFileRequest:
    """Read Query Device Specific File Request."""
    return QuerySpecificFileRequest(*unpack(_SPECIFIC, payload, "query device specific file request"))


def encode_query_specific_file_response(message: QuerySpecificFileResponse) -> bytes:
    """Payload of Query Device Specific File Response."""
    return _encode_offer(message.status, message.image)


def decode_query_specific_file_response(payload: bytes) -> QuerySpecificFileResponse:
    """Read Query Device Specific File Response."""
    return QuerySpecificFileResponse(*_decode_offer(payload, "query device specific file response"))


Decoder = Callable[[bytes], object]

DECODERS: Final[dict[int, Decoder]] = {
    IMAGE_NOTIFY: decode_image_notify,
    QUERY_NEXT_IMAGE_REQUEST: decode_query_next_image_request,
    QUERY_NEXT_IMAGE_RESPONSE: decode_query_next_image_response,
    UPGRADE_END_REQUEST: decode_upgrade_end_request,
    UPGRADE_END_RESPONSE: decode_upgrade_end_response,
    QUERY_SPECIFIC_FILE_REQUEST: decode_query_specific_file_request,
    QUERY_SPECIFIC_FILE_RESPONSE: decode_query_specific_file_response,
}
"""Decoder of each message of this module by command identifier; `ota_blocks.ALL_DECODERS` has every one."""
