"""The messages of the OTA Upgrade cluster that are sent for every block or page: the hot path.

An update is some 15,000 of each, so there is one precompiled `Struct` a message, no table and no loop.  The machines in
`ota` go one step further and read the same layouts in place (`BLOCK_REQUEST`, `BLOCK`), without making a message at
all.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct, error
from typing import Final

from emulator.core.errors import DecodeError
from emulator.zigbee.clusters.ota import (
    DECODERS,
    IMAGE_BLOCK_REQUEST,
    IMAGE_BLOCK_RESPONSE,
    IMAGE_PAGE_REQUEST,
    Decoder,
    unpack,
)

BLOCK_REQUEST: Final = Struct("<BHHIIB")
"""Field control, manufacturer code, image type, file version, file offset, maximum data size."""
BLOCK: Final = Struct("<BHHIIB")
"""Status 0, manufacturer code, image type, file version, file offset, data size; the data follows."""
WAIT: Final = Struct("<BIIH")
"""Status WAIT_FOR_DATA, current time, request time, minimum block period."""

NODE_ADDRESS_PRESENT: Final = 0x01
BLOCK_PERIOD_PRESENT: Final = 0x02

_SUCCESS = 0x00
_WAIT_FOR_DATA = 0x97
_BLOCK_HEAD = BLOCK.size
_WAIT_OLD = Struct("<BII")
_PAGE = Struct("<BHHIIBHH")
_PAGE_ADDRESS = Struct("<BHHIIBHHQ")
_REQUEST_FORMS = (BLOCK_REQUEST, Struct("<BHHIIBQ"), Struct("<BHHIIBH"), Struct("<BHHIIBQH"))


@dataclass(frozen=True, slots=True)
class ImageBlockRequest:
    """Client to server: send me one block.

    Attributes:
        maximum_data_size: octets, 8 bits.
        request_node_address: EUI-64, or None where absent.
        minimum_block_period: ms, or None where absent.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    file_offset: int
    maximum_data_size: int
    request_node_address: int | None = None
    minimum_block_period: int | None = None


@dataclass(frozen=True, slots=True)
class ImagePageRequest:
    """Client to server: send me the blocks of one page, one after another.

    Attributes:
        maximum_data_size: octets in one block, 8 bits.
        page_size: octets, 16 bits.
        response_spacing: ms between blocks, 16 bits.
        request_node_address: EUI-64, or None where absent.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    file_offset: int
    maximum_data_size: int
    page_size: int
    response_spacing: int
    request_node_address: int | None = None


@dataclass(frozen=True, slots=True)
class ImageBlock:
    """Server to client, status SUCCESS: `data` (at most 255 octets) from `file_offset` on."""

    manufacturer_code: int
    image_type: int
    file_version: int
    file_offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class WaitForData:
    """Server to client, status WAIT_FOR_DATA: ask again at `request_time`.

    Times are ZCL UTCTime in seconds; where `current_time` is 0, `request_time` counts from now.  `minimum_block_period`
    (ms) is None where absent, as in the first revisions of the cluster.
    """

    current_time: int
    request_time: int
    minimum_block_period: int | None = None


@dataclass(frozen=True, slots=True)
class BlockRefused:
    """Server to client, any other status, e.g. ABORT."""

    status: int


ImageBlockResponse = ImageBlock | WaitForData | BlockRefused


def encode_image_block_request(message: ImageBlockRequest) -> bytes:
    """Payload of Image Block Request."""
    address, period = message.request_node_address, message.minimum_block_period
    control = 0
    optional: tuple[int, ...] = ()
    if address is not None or period is not None:
        control = (address is not None) | (period is not None) << 1
        optional = tuple(field for field in (address, period) if field is not None)
    return _REQUEST_FORMS[control].pack(
        control,
        message.manufacturer_code,
        message.image_type,
        message.file_version,
        message.file_offset,
        message.maximum_data_size,
        *optional,
    )


def decode_image_block_request(payload: bytes) -> ImageBlockRequest:
    """Read Image Block Request; reserved bits of the field control are let pass."""
    try:
        control, manufacturer, image_type, version, offset, size = BLOCK_REQUEST.unpack(payload)
    except error:
        return _decode_long_request(payload)
    if control & (NODE_ADDRESS_PRESENT | BLOCK_PERIOD_PRESENT):
        raise DecodeError("image block request: the field control names fields that are not there")
    return ImageBlockRequest(manufacturer, image_type, version, offset, size)


def _decode_long_request(payload: bytes) -> ImageBlockRequest:
    """The same with optional fields."""
    control = payload[0] & (NODE_ADDRESS_PRESENT | BLOCK_PERIOD_PRESENT) if payload else 0
    fields = unpack(_REQUEST_FORMS[control], payload, "image block request")[1:]
    if control == BLOCK_PERIOD_PRESENT:
        manufacturer, image_type, version, offset, size, period = fields
        return ImageBlockRequest(manufacturer, image_type, version, offset, size, None, period)
    return ImageBlockRequest(*fields)


def encode_image_page_request(message: ImagePageRequest) -> bytes:
    """Payload of Image Page Request."""
    fields = (
        message.manufacturer_code,
        message.image_type,
        message.file_version,
        message.file_offset,
        message.maximum_data_size,
        message.page_size,
        message.response_spacing,
    )
    if message.request_node_address is None:
        return _PAGE.pack(0, *fields)
    return _PAGE_ADDRESS.pack(NODE_ADDRESS_PRESENT, *fields, message.request_node_address)


def decode_image_page_request(payload: bytes) -> ImagePageRequest:
    """Read Image Page Request; reserved bits of the field control are let pass."""
    with_address = bool(payload) and payload[0] & NODE_ADDRESS_PRESENT
    form = _PAGE_ADDRESS if with_address else _PAGE
    return ImagePageRequest(*unpack(form, payload, "image page request")[1:])


def encode_image_block(message: ImageBlock) -> bytes:
    """Payload of Image Block Response with data."""
    data = message.data
    return (
        BLOCK.pack(
            _SUCCESS,
            message.manufacturer_code,
            message.image_type,
            message.file_version,
            message.file_offset,
            len(data),
        )
        + data
    )


def encode_image_block_response(message: ImageBlockResponse) -> bytes:
    """Payload of Image Block Response."""
    if isinstance(message, ImageBlock):
        return encode_image_block(message)
    if isinstance(message, BlockRefused):
        return bytes((message.status,))
    if message.minimum_block_period is None:
        return _WAIT_OLD.pack(_WAIT_FOR_DATA, message.current_time, message.request_time)
    return WAIT.pack(_WAIT_FOR_DATA, message.current_time, message.request_time, message.minimum_block_period)


def decode_image_block_response(payload: bytes) -> ImageBlockResponse:
    """Read Image Block Response; the declared data size must be that of the octets there."""
    if not payload:
        raise DecodeError("image block response: empty")
    if payload[0] != _SUCCESS:
        return _decode_refusal(payload)
    try:
        _, manufacturer, image_type, version, offset, size = BLOCK.unpack_from(payload)
    except error as problem:
        raise DecodeError(f"image block response: {len(payload)} octets, {_BLOCK_HEAD} or more expected") from problem
    if size != len(payload) - _BLOCK_HEAD:
        raise DecodeError(f"image block response: {size} octets declared, {len(payload) - _BLOCK_HEAD} there")
    return ImageBlock(manufacturer, image_type, version, offset, payload[_BLOCK_HEAD:])


def _decode_refusal(payload: bytes) -> ImageBlockResponse:
    if payload[0] != _WAIT_FOR_DATA:
        return BlockRefused(payload[0])
    form = _WAIT_OLD if len(payload) == _WAIT_OLD.size else WAIT
    return WaitForData(*unpack(form, payload, "image block response")[1:])


ALL_DECODERS: Final[dict[int, Decoder]] = {
    **DECODERS,
    IMAGE_BLOCK_REQUEST: decode_image_block_request,
    IMAGE_PAGE_REQUEST: decode_image_page_request,
    IMAGE_BLOCK_RESPONSE: decode_image_block_response,
}
"""Decoder of every message of the cluster by command identifier."""
