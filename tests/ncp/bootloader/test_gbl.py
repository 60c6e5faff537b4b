from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import BadInput, DecodeError
from emulator.ncp.bootloader.gbl import IMAGE_LIMIT, GblError, GblFault, GblScanner, read_gbl
from emulator.ncp.bootloader.gbl_build import NOWHERE, build_bootloader, build_firmware, build_gbl, build_tag
from emulator.ncp.bootloader.gbl_image import ApplicationInfo, BootloaderVersion, TagId
from tests.ncp.bootloader.host import IMAGE, METADATA

APPLICATION = ApplicationInfo(1, 7, 9, bytes(range(16)))
HEADER = bytes.fromhex("eb17a603 08000000 00000003 00000000")
WORDS = st.integers(0, (1 << 32) - 1)
APPLICATIONS = st.builds(ApplicationInfo, WORDS, WORDS, WORDS, st.binary(min_size=16, max_size=16))


def end_for(body: bytes) -> bytes:
    covered = body + bytes.fromhex("fc0404fc 04000000")
    return covered + zlib.crc32(covered).to_bytes(4, "little")


def fault_of(file: bytes) -> GblFault:
    with pytest.raises(GblError) as caught:
        read_gbl(file)
    return caught.value.fault


def fault_or_none(file: bytes) -> GblFault | None:
    try:
        read_gbl(file)
    except GblError as error:
        return error.fault
    return None


def fault_in_blocks(file: bytes, limit: int = IMAGE_LIMIT) -> GblFault | None:
    """What a bootloader finds, to which the file comes in blocks of 128 octets."""
    scanner, grown = GblScanner(limit), bytearray()
    try:
        for start in range(0, len(file), 128):
            grown += file[start : start + 128].ljust(128, b"\xff")
            scanner.look(grown)
    except GblError as error:
        return error.fault
    return None if scanner.image else GblFault.TRUNCATED


# --- right files -----------------------------------------------------------------------------------------------------


def test_a_file_begins_as_those_of_real_firmware_do() -> None:
    # The first octets of a real image, as logged in NabuCasa/universal-silabs-flasher, issue 3.
    file = build_firmware(None, bytes(0xAC), address=0x4000)
    assert file[:60] == HEADER + bytes.fromhex("f40a0af4 1c000000 01000000") + bytes(24) + bytes.fromhex(
        "fd0303fd b0000000"
    )
    assert file[60:64] == bytes.fromhex("00400000")


def test_a_file_written_by_hand_is_read() -> None:
    body = HEADER + struct.pack("<II", 0xF40A0AF4, 28) + struct.pack("<III", 1, 7, 9) + bytes(range(16))
    body += struct.pack("<III", 0xFE0101FE, 8, 0x8000) + b"code" + struct.pack("<II", 0xF60808F6, 2) + b"{}"
    image = read_gbl(end_for(body))
    assert image.octets == end_for(body)
    assert image.application == APPLICATION
    assert image.metadata == b"{}"
    assert image.bootloader is None
    assert list(image.program()) == [(0x8000, b"code")]


@given(APPLICATIONS, st.binary(max_size=300), WORDS)
def test_what_is_built_is_read(application: ApplicationInfo, program: bytes, address: int) -> None:
    image = read_gbl(build_firmware(METADATA, program, address=address, application=application))
    assert image.application == application
    assert image.metadata == METADATA.encode()
    ((found, octets),) = image.program()
    assert found == address
    assert octets.startswith(program)
    assert set(octets[len(program) :]) <= {0xFF}
    assert len(octets) % 4 == 0


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 65535))
def test_a_bootloader_is_known_by_its_version(major: int, minor: int, customer: int) -> None:
    version = BootloaderVersion(major, minor, customer)
    image = read_gbl(build_bootloader(version))
    assert image.bootloader == version
    assert image.application is None
    assert image.metadata is None
    assert version.word == major << 24 | minor << 16 | customer


def test_padding_is_no_part_of_an_image() -> None:
    assert read_gbl(IMAGE + b"\xff" * 77).octets == IMAGE


def test_every_kind_of_program_data_is_taken() -> None:
    kinds = (TagId.PROGRAM, TagId.ERASE_PROGRAM, TagId.PROGRAM_LZ4, TagId.PROGRAM_LZMA)
    image = read_gbl(build_gbl([(kind, bytes(4) + bytes([number])) for number, kind in enumerate(kinds)]))
    assert [octets for _, octets in image.program()] == [b"\0", b"\1", b"\2", b"\3"]


def test_images_without_code_lie_outside_any_flash() -> None:
    ((address, octets),) = read_gbl(build_firmware(None)).program()
    assert address == NOWHERE
    assert address + len(octets) < 1 << 32, "a sum of 32 bits must not begin again at 0"


# --- wrong files -----------------------------------------------------------------------------------------------------

INFO = APPLICATION.encode()
WRONG = {
    "nothing": (b"", GblFault.TRUNCATED),
    "half-a-tag-header": (IMAGE[:7], GblFault.TRUNCATED),
    "text": (b"#!/bin/sh\n" * 20, GblFault.NOT_GBL),
    "ota-file": (bytes.fromhex("1ef1ee0b 00010038") + bytes(99), GblFault.NOT_GBL),
    "version-4": (HEADER[:8] + bytes.fromhex("00000004 00000000"), GblFault.VERSION),
    "encrypted": (build_gbl([], 0x001), GblFault.ENCRYPTED),
    "unknown-tag": (build_gbl([(0x12345678, b"")]), GblFault.UNKNOWN_TAG),
    "end-first": (end_for(b""), GblFault.NOT_GBL),
    "second-header": (build_gbl([(TagId.HEADER, HEADER[8:])]), GblFault.TAG_ORDER),
    "second-application": (build_gbl([(TagId.APPLICATION, INFO)] * 2), GblFault.TAG_ORDER),
    "application-too-late": (build_gbl([(TagId.METADATA, b""), (TagId.APPLICATION, INFO)]), GblFault.TAG_ORDER),
    "short-application": (build_gbl([(TagId.APPLICATION, INFO[1:])]), GblFault.LENGTH),
    "long-application": (build_gbl([(TagId.APPLICATION, INFO + b"x")]), GblFault.LENGTH),
    "program-without-address": (build_gbl([(TagId.PROGRAM, b"abc")]), GblFault.LENGTH),
    "bootloader-without-address": (build_gbl([(TagId.BOOTLOADER, b"abcdefg")]), GblFault.LENGTH),
    "long-end": (HEADER + build_tag(TagId.END, bytes(5)), GblFault.LENGTH),
    "reaches-too-far": (HEADER + struct.pack("<II", TagId.PROGRAM, IMAGE_LIMIT), GblFault.TOO_LONG),
    "reaches-to-the-moon": (HEADER + struct.pack("<II", TagId.METADATA, 0xFFFFFFFF), GblFault.TOO_LONG),
    "signed": (build_gbl([(TagId.SIGNATURE, bytes(64))], 0x100), GblFault.SIGNATURE),
    "bad-crc": (IMAGE[:-1] + bytes([IMAGE[-1] ^ 1]), GblFault.CRC),
    "no-end": (IMAGE[:-12], GblFault.TRUNCATED),
}


@pytest.mark.parametrize("file, fault", WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_for_what_is_wrong_with_it(file: bytes, fault: GblFault) -> None:
    assert fault_of(file) is fault


def test_a_fault_is_a_decoding_error_that_names_itself() -> None:
    with pytest.raises(DecodeError, match=r"unknown-tag.*0x12345678"):
        read_gbl(build_gbl([(0x12345678, b"")]))


def test_a_declared_length_is_refused_before_anything_has_come() -> None:
    scanner = GblScanner(limit=1000)
    scanner.look(HEADER)
    with pytest.raises(GblError) as caught:
        scanner.look(HEADER + struct.pack("<II", TagId.PROGRAM, 1000))
    assert caught.value.fault is GblFault.TOO_LONG


def test_the_limit_is_that_of_the_whole_file() -> None:
    assert read_gbl(IMAGE, limit=len(IMAGE)).octets == IMAGE
    with pytest.raises(GblError) as caught:
        read_gbl(IMAGE, limit=len(IMAGE) - 1)
    assert caught.value.fault is GblFault.TOO_LONG


def test_another_block_after_the_end_is_refused() -> None:
    blocks = IMAGE.ljust(-(-len(IMAGE) // 128) * 128, b"\xff")
    assert fault_in_blocks(blocks) is None
    assert fault_in_blocks(blocks + bytes(128)) is GblFault.AFTER_END


def test_an_application_for_another_stick_is_refused() -> None:
    scanner = GblScanner(accepts=lambda application: application.product_id == bytes(16))
    scanner.look(build_firmware(None))
    assert scanner.image is not None
    scanner = GblScanner(accepts=lambda application: application.product_id == bytes(16))
    with pytest.raises(GblError) as caught:
        scanner.look(build_firmware(None, application=APPLICATION))
    assert caught.value.fault is GblFault.REJECTED


# --- for a bootloader that is not known ------------------------------------------------------------------------------

SIGNED = build_gbl([(TagId.APPLICATION, APPLICATION.encode()), (TagId.SIGNATURE, bytes(64))], 0x100)
ENCRYPTED = build_gbl([(TagId.ENCRYPTION, bytes(16)), (TagId.ENCRYPTED_TAGS, bytes(99))], 0x001)


def test_what_only_a_bootloader_with_keys_takes_is_left_to_it() -> None:
    signed, encrypted = (read_gbl(file, for_any=True) for file in (SIGNED, ENCRYPTED))
    assert (signed.signed, signed.encrypted, signed.application) == (True, False, APPLICATION)
    assert (encrypted.signed, encrypted.encrypted, encrypted.has_program) == (False, True, False)
    plain = read_gbl(IMAGE, for_any=True)
    assert (plain.signed, plain.encrypted, plain) == (False, False, read_gbl(IMAGE))


@pytest.mark.parametrize(
    "tags",
    [
        [(TagId.SE_UPGRADE, bytes(8)), (TagId.ENCRYPTION, bytes(16))],
        [(TagId.APPLICATION, APPLICATION.encode()), (TagId.SE_UPGRADE, bytes(8)), (TagId.BOOTLOADER, bytes(8))],
        [(TagId.VERSION_DEPENDENCY, bytes(8)), (TagId.DELTA_LZMA, bytes(8)), (TagId.CERTIFICATE, bytes(136))],
    ],
    ids=["secure-engine-first", "secure-engine-later", "delta"],
)
def test_tags_of_other_bootloaders_are_known(tags: list[tuple[int, bytes]]) -> None:
    assert fault_of(build_gbl(tags)) is GblFault.UNKNOWN_TAG
    assert [tag.identifier for tag in read_gbl(build_gbl(tags), for_any=True).tags][1:-1] == [tag for tag, _ in tags]


@pytest.mark.parametrize("file", [SIGNED, ENCRYPTED], ids=["signed", "encrypted"])
@given(st.data())
def test_of_such_a_file_too_no_changed_octet_goes_unnoticed(file: bytes, data: st.DataObject) -> None:
    changed = bytearray(file)
    changed[data.draw(st.integers(0, len(file) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(GblError):
        read_gbl(bytes(changed), for_any=True)


@given(st.integers(0, len(IMAGE) - 1), st.integers(1, 255))
def test_no_changed_octet_goes_unnoticed(position: int, change: int) -> None:
    file = bytearray(IMAGE)
    file[position] ^= change
    assert isinstance(fault_of(bytes(file)), GblFault)


@given(st.integers(0, len(IMAGE) - 1))
def test_no_shortened_file_is_an_image(length: int) -> None:
    assert fault_of(IMAGE[:length]) is GblFault.TRUNCATED


@given(st.integers(0, len(IMAGE) - 1), st.integers(0, 255))
def test_whole_or_in_blocks_a_file_has_the_same_fault(position: int, octet: int) -> None:
    file = bytearray(IMAGE)
    file[position] = octet
    padded = bytes(file).ljust(-(-len(file) // 128) * 128, b"\xff")
    assert fault_in_blocks(padded) in {fault_or_none(padded), GblFault.AFTER_END}


@given(st.binary(max_size=400), st.booleans())
def test_whatever_the_octets_nothing_but_its_own_error_comes_out(octets: bytes, plausible: bool) -> None:
    file = HEADER + octets if plausible else octets
    with suppress(GblError):
        assert read_gbl(file).octets == file[: len(read_gbl(file).octets)]


# --- what the builder does not make ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "numbers", [(256, 0, 0), (0, 256, 0), (0, 0, 65536), (-1, 0, 0)], ids=["major", "minor", "customer", "negative"]
)
def test_a_version_has_the_bits_that_it_has(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput):
        BootloaderVersion(*numbers)


def test_an_application_has_the_bits_that_it_has() -> None:
    with pytest.raises(BadInput):
        ApplicationInfo(version=1 << 32)
    with pytest.raises(BadInput):
        ApplicationInfo(product_id=bytes(15))
    with pytest.raises(DecodeError):
        ApplicationInfo.decode(bytes(27))


def test_no_image_is_made_that_no_bootloader_takes() -> None:
    with pytest.raises(BadInput):
        build_firmware(None, bytes(IMAGE_LIMIT))
    with pytest.raises(BadInput):
        build_firmware(None, address=1 << 32)
    with pytest.raises(BadInput):
        build_bootloader(BootloaderVersion(1, 2, 3), address=-1)
