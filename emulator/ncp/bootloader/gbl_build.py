"""Makes GBL files: for tests, and images for virtual sticks.

An image for a virtual stick has no code in it.  What it has lies at an address where no chip has flash, and where a
real bootloader therefore writes nothing: flashed to a real stick by mistake it should leave everything there as it is
(read from GSDK 4.x, not tried).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from emulator.core.errors import BadInput
from emulator.ncp.bootloader.firmware_metadata import METADATA_LIMIT, FirmwareMetadata
from emulator.ncp.bootloader.gbl import FILE_HEADER, IMAGE_LIMIT, TAG_HEADER, VERSION_3
from emulator.ncp.bootloader.gbl_image import WORD, WORDS, ApplicationInfo, BootloaderVersion, TagId

NO_CODE: Final = b"An image for a virtual stick: there is no code in it.\n"
NOWHERE: Final = 0xF0000000
"""An address that is not in flash; one that lets no length run over the end of 32 bits, either."""
_ERASED: Final = b"\xff"
_VIRTUAL_APPLICATION: Final = ApplicationInfo()


def build_gbl(tags: Iterable[tuple[int, bytes]], kind: int = 0) -> bytes:
    """A file of these tags (identifier, contents) between a header and an end; in any order, so also a wrong file.

    Args:
        tags: whatever is to stand in it.
        kind: bits of the header; 0x001 says encrypted, 0x100 says signed.

    Raises:
        BadInput: it gets longer than any bootloader takes.
    """
    body = build_tag(TagId.HEADER, FILE_HEADER.pack(VERSION_3, kind))
    body += b"".join(build_tag(identifier, contents) for identifier, contents in tags)
    body += TAG_HEADER.pack(TagId.END, WORD.size)
    file = body + WORD.pack(zlib.crc32(body))
    if len(file) > IMAGE_LIMIT:
        raise BadInput(f"a firmware image of {len(file)} octets", allowed=f"up to {IMAGE_LIMIT}")
    return file


def build_tag(identifier: int, contents: bytes) -> bytes:
    """One tag, as it stands in a file."""
    return TAG_HEADER.pack(identifier, len(contents)) + contents


def build_firmware(
    metadata: FirmwareMetadata | None,
    program: bytes = NO_CODE,
    *,
    address: int = NOWHERE,
    application: ApplicationInfo = _VIRTUAL_APPLICATION,
) -> bytes:
    """An image with an application; a stick that runs it is what `metadata` says.

    Args:
        metadata: None: it has none.
        program: padded to whole words with 0xFF, as in erased flash.
        address: of the program, in flash.
        application: what the image says of it.

    Raises:
        BadInput: longer than any bootloader takes, more metadata than is read, or an address of more than 32 bits.
    """
    words = program + _ERASED * (-len(program) % WORD.size)
    tags = [(TagId.APPLICATION, application.encode()), (TagId.ERASE_PROGRAM, _word(address) + words)]
    if metadata is not None:
        octets = metadata.encode()
        if len(octets) > METADATA_LIMIT:
            raise BadInput(f"firmware metadata of {len(octets)} octets", allowed=f"up to {METADATA_LIMIT}")
        tags.append((TagId.METADATA, octets))
    return build_gbl(tags)


def build_bootloader(version: BootloaderVersion, program: bytes = NO_CODE, *, address: int = NOWHERE) -> bytes:
    """An image with a bootloader of that version.

    Raises:
        BadInput: longer than any bootloader takes, or an address of more than 32 bits.
    """
    return build_gbl([(TagId.BOOTLOADER, WORD.pack(version.word) + _word(address) + program)])


def _word(address: int) -> bytes:
    if not 0 <= address < WORDS:
        raise BadInput(f"address {address:#x}", allowed="32 bits")
    return WORD.pack(address)
