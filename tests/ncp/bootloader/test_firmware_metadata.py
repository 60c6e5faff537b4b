from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput, DecodeError
from emulator.ncp.bootloader.firmware_metadata import METADATA_LIMIT, FirmwareMetadata, StackVersion, read_metadata
from emulator.ncp.bootloader.gbl import read_gbl
from emulator.ncp.bootloader.gbl_build import build_firmware, build_gbl
from emulator.ncp.bootloader.gbl_image import TagId
from tests.ncp.bootloader.host import IMAGE, METADATA

TEXTS = st.none() | st.text(max_size=20)
SOME = st.builds(
    FirmwareMetadata,
    st.sampled_from([1, 2]),
    sdk_version=TEXTS,
    ezsp_version=TEXTS,
    fw_type=TEXTS,
    fw_variant=TEXTS,
    baudrate=st.none() | st.integers(),
)


@given(SOME)
def test_what_an_image_is_given_it_says(metadata: FirmwareMetadata) -> None:
    assert read_metadata(read_gbl(build_firmware(metadata))) == metadata


def test_the_object_of_a_real_image_is_read() -> None:
    # As in Home Assistant's own tests of its firmware updates.
    found = FirmwareMetadata.decode(
        b'{"baudrate": 115200, "ezsp_version": "7.4.4.0", "fw_type": "zigbee_ncp", "fw_variant": null,'
        b' "metadata_version": 2, "sdk_version": "4.4.4"}'
    )
    assert found == FirmwareMetadata(2, "4.4.4", "7.4.4.0", "zigbee_ncp", None, 115200)
    assert found.stack == StackVersion(7, 4, 4, 0)
    assert found.speaks_ezsp


def test_a_stick_takes_its_version_of_ezsp_from_the_image() -> None:
    metadata = read_metadata(read_gbl(IMAGE))
    assert metadata == METADATA
    assert metadata is not None
    assert metadata.stack is not None
    assert metadata.stack.ezsp == 13


def test_an_image_may_say_nothing() -> None:
    assert read_metadata(read_gbl(build_firmware(None))) is None
    assert FirmwareMetadata().stack is None


@pytest.mark.parametrize("fw_type", ["ot-rcp", "zigbee_router", "gecko-bootloader", None])
def test_other_firmware_does_not_speak_ezsp(fw_type: str | None) -> None:
    assert not FirmwareMetadata(fw_type=fw_type).speaks_ezsp


def test_unknown_keys_are_passed_over() -> None:
    assert FirmwareMetadata.decode(b'{"metadata_version": 1, "ot_rcp_version": "x"}') == FirmwareMetadata(1)


WRONG = {
    "no-json": b"{",
    "no-text": b"\xff\xfe",
    "no-object": b"[]",
    "no-version": b"{}",
    "later-version": b'{"metadata_version": 3}',
    "version-is-text": b'{"metadata_version": "2"}',
    "version-is-true": b'{"metadata_version": true}',
    "text-is-number": b'{"metadata_version": 2, "ezsp_version": 7}',
    "number-is-text": b'{"metadata_version": 2, "baudrate": "115200"}',
    "number-is-broken": b'{"metadata_version": 2, "baudrate": 1.5}',
    "deep": b"[" * METADATA_LIMIT,
    "long": b'{"metadata_version": 2}'.ljust(METADATA_LIMIT + 1),
    "long-number": b'{"metadata_version": %s}' % (b"9" * 4070),
}


@pytest.mark.parametrize("octets", WRONG.values(), ids=WRONG)
def test_anything_else_is_a_decoding_error(octets: bytes) -> None:
    image = read_gbl(build_gbl([(TagId.METADATA, octets)]))
    with pytest.raises(DecodeError):
        read_metadata(image)


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_whatever_the_octets_nothing_but_a_decoding_error_comes_out(octets: bytes) -> None:
    with suppress(DecodeError):
        assert FirmwareMetadata.decode(octets).metadata_version in {1, 2}


def test_more_metadata_than_is_read_is_not_written() -> None:
    with pytest.raises(BadInput):
        build_firmware(FirmwareMetadata(fw_variant="x" * METADATA_LIMIT))


# --- versions --------------------------------------------------------------------------------------------------------

EZSP = {
    "6.10.3.0": None,
    "7.3.2.0": None,
    "7.4.0.0": 13,
    "7.4.3.0 build 0": 13,
    "7.5.1.0": 13,
    "8.0.2.0": 14,
    "8.1.0.0": 16,
    "8.1.1": 16,
    "8.2.1.0": 17,
    "8.2.2.0": 18,
    "9.0.0.0": 18,
    "9.1.0.0": 19,
    "10.0.0.0": None,
}


@pytest.mark.parametrize("text, ezsp", EZSP.items())
def test_each_release_of_the_stack_speaks_its_version_of_ezsp(text: str, ezsp: int | None) -> None:
    assert StackVersion.read(text).ezsp == ezsp


@given(st.builds(StackVersion, *[st.integers(0, 255)] * 4))
def test_a_stack_version_is_read_as_it_is_written(version: StackVersion) -> None:
    assert StackVersion.read(str(version)) == version


@pytest.mark.parametrize(
    "text", ["", "7", "7.4", "7.4.3.256", "7.4.3.0.1", "v7.4.3", "7.4.x", "\u0667.4.3.0", "7.4.3\n"]
)
def test_what_is_no_stack_version_is_a_decoding_error(text: str) -> None:
    with pytest.raises(DecodeError):
        StackVersion.read(text)
