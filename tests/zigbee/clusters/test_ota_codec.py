"""The messages of the OTA cluster on the wire."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError
from emulator.zigbee.clusters import ota, ota_blocks
from emulator.zigbee.frames.zcl_status import Status, status_reason

U8 = st.integers(0, 0xFF)
U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
U64 = st.integers(0, 0xFFFFFFFFFFFFFFFF)
IDENTITIES = st.builds(ota.ImageIdentity, U16, U16, U32, U32)
REFUSING = U8.filter(lambda status: status != Status.SUCCESS)
NO_BLOCK = U8.filter(lambda status: status not in {Status.SUCCESS, Status.WAIT_FOR_DATA})
NOTIFIES = st.one_of(
    st.builds(ota.ImageNotify, U8),
    st.builds(ota.ImageNotify, U8, U16),
    st.builds(ota.ImageNotify, U8, U16, U16),
    st.builds(ota.ImageNotify, U8, U16, U16, U32),
)
BLOCK_RESPONSES = st.one_of(
    st.builds(ota_blocks.ImageBlock, U16, U16, U32, U32, st.binary(max_size=255)),
    st.builds(ota_blocks.WaitForData, U32, U32, st.none() | U16),
    st.builds(ota_blocks.BlockRefused, NO_BLOCK),
)

Codec = tuple[st.SearchStrategy[Any], Callable[[Any], bytes], Callable[[bytes], object]]
CODECS: dict[int, Codec] = {
    ota.IMAGE_NOTIFY: (NOTIFIES, ota.encode_image_notify, ota.decode_image_notify),
    ota.QUERY_NEXT_IMAGE_REQUEST: (
        st.builds(ota.QueryNextImageRequest, U16, U16, U32, st.none() | U16),
        ota.encode_query_next_image_request,
        ota.decode_query_next_image_request,
    ),
    ota.QUERY_NEXT_IMAGE_RESPONSE: (
        st.builds(ota.QueryNextImageResponse, st.just(0), IDENTITIES) | st.builds(ota.QueryNextImageResponse, REFUSING),
        ota.encode_query_next_image_response,
        ota.decode_query_next_image_response,
    ),
    ota.IMAGE_BLOCK_REQUEST: (
        st.builds(ota_blocks.ImageBlockRequest, U16, U16, U32, U32, U8, st.none() | U64, st.none() | U16),
        ota_blocks.encode_image_block_request,
        ota_blocks.decode_image_block_request,
    ),
    ota.IMAGE_PAGE_REQUEST: (
        st.builds(ota_blocks.ImagePageRequest, U16, U16, U32, U32, U8, U16, U16, st.none() | U64),
        ota_blocks.encode_image_page_request,
        ota_blocks.decode_image_page_request,
    ),
    ota.IMAGE_BLOCK_RESPONSE: (
        BLOCK_RESPONSES,
        ota_blocks.encode_image_block_response,
        ota_blocks.decode_image_block_response,
    ),
    ota.UPGRADE_END_REQUEST: (
        st.builds(ota.UpgradeEndRequest, U8, U16, U16, U32),
        ota.encode_upgrade_end_request,
        ota.decode_upgrade_end_request,
    ),
    ota.UPGRADE_END_RESPONSE: (
        st.builds(ota.UpgradeEndResponse, U16, U16, U32, U32, U32),
        ota.encode_upgrade_end_response,
        ota.decode_upgrade_end_response,
    ),
    ota.QUERY_SPECIFIC_FILE_REQUEST: (
        st.builds(ota.QuerySpecificFileRequest, U64, U16, U16, U32, U16),
        ota.encode_query_specific_file_request,
        ota.decode_query_specific_file_request,
    ),
    ota.QUERY_SPECIFIC_FILE_RESPONSE: (
        st.builds(ota.QuerySpecificFileResponse, st.just(0), IDENTITIES)
        | st.builds(ota.QuerySpecificFileResponse, REFUSING),
        ota.encode_query_specific_file_response,
        ota.decode_query_specific_file_response,
    ),
}


@pytest.mark.parametrize("command_id", CODECS)
@given(data=st.data())
def test_decoding_what_was_encoded_gives_the_same(command_id: int, data: st.DataObject) -> None:
    messages, encode, decode = CODECS[command_id]
    message = data.draw(messages)
    assert decode(encode(message)) == message


@pytest.mark.parametrize("command_id", CODECS)
@given(octets=st.binary(max_size=300))
def test_any_octets_are_a_message_or_a_decode_error(command_id: int, octets: bytes) -> None:
    _, encode, decode = CODECS[command_id]
    try:
        message = decode(octets)
    except DecodeError:
        return
    assert decode(encode(message)) == message


@pytest.mark.parametrize("command_id", CODECS)
@given(data=st.data())
def test_a_message_cut_short_anywhere_is_refused(command_id: int, data: st.DataObject) -> None:
    messages, encode, decode = CODECS[command_id]
    octets = encode(data.draw(messages))
    cut = data.draw(st.integers(0, len(octets) - 1))
    with contextlib.suppress(DecodeError):
        assert encode(decode(octets[:cut])) == octets[:cut], "a shorter message of the same command"


@pytest.mark.parametrize("command_id", CODECS)
@given(data=st.data())
def test_octets_left_over_are_refused(command_id: int, data: st.DataObject) -> None:
    messages, encode, decode = CODECS[command_id]
    message = data.draw(messages)
    octets = encode(message)
    refusing = octets[0] not in {Status.SUCCESS, Status.WAIT_FOR_DATA} and len(octets) == 1
    wait_grown = isinstance(message, ota_blocks.WaitForData) and message.minimum_block_period is None
    if refusing or wait_grown:
        return
    with pytest.raises(DecodeError):
        decode(octets + b"\0")


def test_every_command_of_the_cluster_has_a_decoder() -> None:
    assert set(ota_blocks.ALL_DECODERS) == ota.TO_SERVER | ota.TO_CLIENT == set(CODECS)


GOLDEN = [
    (ota.ImageNotify(100), "0064"),
    (ota.ImageNotify(100, 0x121D), "01641d12"),
    (ota.ImageNotify(100, 0x121D, 0x84), "02641d128400"),
    (ota.ImageNotify(100, 0x121D, 0x84, 0xACDCACDC), "03641d128400dcacdcac"),
    (ota.QueryNextImageRequest(0x121D, 0x84, 1), "001d12840001000000"),
    (ota.QueryNextImageRequest(0x121D, 0x84, 1, 0x1111), "011d128400010000001111"),
    (ota.QueryNextImageResponse(0x98), "98"),
    (ota.QueryNextImageResponse(0, ota.ImageIdentity(0x121D, 0x84, 2, 361)), "001d1284000200000069010000"),
    (ota_blocks.ImageBlockRequest(0x121D, 0x84, 2, 100, 50), "001d128400020000006400000032"),
    (
        ota_blocks.ImageBlockRequest(0x121D, 0x84, 2, 100, 50, 0x0102030405060708),
        "011d1284000200000064000000320807060504030201",
    ),
    (ota_blocks.ImageBlockRequest(0x121D, 0x84, 2, 100, 50, None, 250), "021d128400020000006400000032fa00"),
    (
        ota_blocks.ImageBlockRequest(0x121D, 0x84, 2, 100, 50, 0x0102030405060708, 250),
        "031d1284000200000064000000320807060504030201fa00",
    ),
    (ota_blocks.ImagePageRequest(0x121D, 0x84, 2, 0, 50, 1024, 20), "001d1284000200000000000000320004" + "1400"),
    (ota_blocks.ImageBlock(0x121D, 0x84, 2, 100, b"\xaa\xbb"), "001d128400020000006400000002aabb"),
    (ota_blocks.WaitForData(0x10, 0x20, 250), "971000000020000000fa00"),
    (ota_blocks.WaitForData(0x10, 0x20), "971000000020000000"),
    (ota_blocks.BlockRefused(0x95), "95"),
    (ota.UpgradeEndRequest(0, 0x121D, 0x84, 2), "001d12840002000000"),
    (ota.UpgradeEndResponse(0x121D, 0x84, 2, 0, 0), "1d12840002000000" + "00" * 8),
    (ota.UpgradeEndResponse(0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0xFFFFFFFF), "ff" * 8 + "00000000ffffffff"),
    (ota.QuerySpecificFileRequest(1, 0x121D, 0xFFC0, 2, 2), "01000000000000001d12c0ff020000000200"),
]


def _encode(message: object) -> bytes:
    name = type(message).__name__
    if name in {"ImageBlock", "WaitForData", "BlockRefused"}:
        return ota_blocks.encode_image_block_response(message)  # type: ignore[arg-type]  # told by name
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    encode: Callable[[object], bytes] = getattr(
        ota_blocks if "block" in snake or "page" in snake else ota, f"encode{snake}"
    )
    return encode(message)


@pytest.mark.parametrize("message, octets", GOLDEN, ids=[f"{type(m).__name__}-{i}" for i, (m, _) in enumerate(GOLDEN)])
def test_messages_look_on_the_wire_as_written_down(message: object, octets: str) -> None:
    assert _encode(message).hex() == octets


def test_a_block_whose_declared_size_is_not_that_of_its_data_is_refused() -> None:
    octets = bytearray(ota_blocks.encode_image_block(ota_blocks.ImageBlock(1, 2, 3, 4, bytes(50))))
    for declared in (0, 49, 51, 255):
        octets[13] = declared
        with pytest.raises(DecodeError, match="declared"):
            ota_blocks.decode_image_block_response(bytes(octets))


def test_fields_behind_a_refusing_status_are_let_pass() -> None:
    assert ota_blocks.decode_image_block_response(b"\x95" + bytes(13)) == ota_blocks.BlockRefused(0x95)
    assert ota.decode_query_next_image_response(b"\x98" + bytes(12)) == ota.QueryNextImageResponse(0x98)


def test_a_reserved_payload_type_of_notify_is_refused() -> None:
    with pytest.raises(DecodeError):
        ota.decode_image_notify(bytes((4, 100)) + bytes(8))


def test_reserved_bits_of_a_field_control_are_let_pass() -> None:
    request = ota_blocks.ImageBlockRequest(1, 2, 3, 4, 50)
    octets = bytes((0xF0,)) + ota_blocks.encode_image_block_request(request)[1:]
    assert ota_blocks.decode_image_block_request(octets) == request


def test_a_field_control_that_names_absent_fields_is_refused() -> None:
    octets = ota_blocks.encode_image_block_request(ota_blocks.ImageBlockRequest(1, 2, 3, 4, 50))
    for control in (1, 2, 3):
        with pytest.raises(DecodeError):
            ota_blocks.decode_image_block_request(bytes((control,)) + octets[1:])


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_reason(status: Status) -> None:
    assert status_reason(status) == status.name.lower().replace("_", "-")


def test_a_status_that_is_not_of_the_cluster_has_a_reason_too() -> None:
    assert status_reason(0xAB) == "status-ab"


def test_our_octets_are_what_zigpy_reads() -> None:
    general = pytest.importorskip("zigpy.zcl.clusters.general", reason="zigpy is not installed")
    block, rest = general.ImageBlockResponseCommand.deserialize(
        ota_blocks.encode_image_block(ota_blocks.ImageBlock(0x121D, 0x84, 2, 100, b"abc"))
    )
    assert (block.file_offset, bytes(block.image_data), rest) == (100, b"abc", b"")
    wait, rest = general.ImageBlockResponseCommand.deserialize(
        ota_blocks.encode_image_block_response(ota_blocks.WaitForData(5, 9, 250))
    )
    assert (wait.current_time, wait.request_time, wait.minimum_block_period, rest) == (5, 9, 250, b"")
    request, rest = general.ImageBlockCommand.deserialize(
        ota_blocks.encode_image_block_request(ota_blocks.ImageBlockRequest(1, 2, 3, 4, 50, None, 7))
    )
    assert (request.file_offset, request.maximum_data_size, request.minimum_block_period, rest) == (4, 50, 7, b"")
    page, rest = general.ImagePageCommand.deserialize(
        ota_blocks.encode_image_page_request(ota_blocks.ImagePageRequest(1, 2, 3, 4, 50, 1024, 20))
    )
    assert (page.page_size, page.response_spacing, rest) == (1024, 20, b"")
