"""A GBL file once it has been read: its tags, and what the known ones hold, least significant octet first."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final

from emulator.core.errors import BadInput, DecodeError

WORD: Final = struct.Struct("<I")
WORDS: Final = 1 << 32
PRODUCT_ID_OCTETS: Final = 16
_APPLICATION: Final = struct.Struct("<III16s")
_HEADER: Final = struct.Struct("<II")
_ENCRYPTED: Final = 0x001
_SIGNED: Final = 0x100


class TagId(IntEnum):
    """The identifiers of the tags that are understood."""

    HEADER = 0x03A617EB
    APPLICATION = 0xF40A0AF4
    BOOTLOADER = 0xF50909F5
    METADATA = 0xF60808F6
    PROGRAM = 0xFE0101FE
    ERASE_PROGRAM = 0xFD0303FD
    PROGRAM_LZ4 = 0xFD0505FD
    PROGRAM_LZMA = 0xFD0707FD
    SIGNATURE = 0xF70A0AF7
    END = 0xFC0404FC
    VERSION_DEPENDENCY = 0x76A617EB
    SE_UPGRADE = 0x5EA617EB
    """For the secure engine of the chip."""
    DELTA = 0xF80A0AF8
    DELTA_LZ4 = 0xF80B0BF8
    DELTA_LZMA = 0xF80C0CF8
    ENCRYPTION = 0xFA0606FA
    ENCRYPTED_TAGS = 0xF90707F9
    CERTIFICATE = 0xF30B0BF3


PROGRAM_TAGS: Final = (TagId.PROGRAM, TagId.ERASE_PROGRAM, TagId.PROGRAM_LZ4, TagId.PROGRAM_LZMA)


class ApplicationType(IntFlag):
    """What an image says its application is (`APPLICATION_TYPE_…` of GSDK's application_properties.h)."""

    ZIGBEE = 0x01
    THREAD = 0x02
    FLEX = 0x04
    BLUETOOTH = 0x08
    MCU = 0x10
    BLUETOOTH_APP = 0x20
    BOOTLOADER = 0x40
    ZWAVE = 0x80


@dataclass(frozen=True, slots=True)
class GblTag:
    """One tag of a file.

    Attributes:
        identifier: a `TagId`.
        start: offset of its contents in the file.
        length: octets of its contents.
    """

    identifier: int
    start: int
    length: int

    @property
    def end(self) -> int:
        """Offset of what follows."""
        return self.start + self.length


@dataclass(frozen=True, slots=True, order=True)
class BootloaderVersion:
    """Of a bootloader: 8, 8 and 16 bits, of which `customer` is for whoever builds it.

    Raises:
        BadInput: a number of more bits.
    """

    major: int
    minor: int
    customer: int

    def __post_init__(self) -> None:
        numbers = (self.major, self.minor, self.customer)
        if not all(0 <= number < 1 << bits for number, bits in zip(numbers, (8, 8, 16), strict=True)):
            raise BadInput(f"bootloader version {numbers}", allowed="up to (255, 255, 65535)")

    @classmethod
    def from_word(cls, word: int) -> BootloaderVersion:
        """From its 32 bits."""
        return cls(word >> 24 & 0xFF, word >> 16 & 0xFF, word & 0xFFFF)

    @property
    def word(self) -> int:
        """As 32 bits."""
        return self.major << 24 | self.minor << 16 | self.customer


@dataclass(frozen=True, slots=True)
class ApplicationInfo:
    """What an image says of the application in it.

    Attributes:
        type: bits of `ApplicationType`, and others.
        version: 32 bits, the application's own.
        capabilities: 32 bits, the application's own.
        product_id: 16 octets.

    Raises:
        BadInput: a number of more than 32 bits, or a product id of another length.
    """

    type: int = 1
    version: int = 0
    capabilities: int = 0
    product_id: bytes = bytes(PRODUCT_ID_OCTETS)

    def __post_init__(self) -> None:
        if not all(0 <= number < WORDS for number in (self.type, self.version, self.capabilities)):
            raise BadInput("application info with a number of more than 32 bits")
        if len(self.product_id) != PRODUCT_ID_OCTETS:
            raise BadInput(f"a product id of {len(self.product_id)} octets", allowed=str(PRODUCT_ID_OCTETS))

    @classmethod
    def decode(cls, octets: bytes) -> ApplicationInfo:
        """From the 28 octets of its tag; DecodeError for any other number."""
        if len(octets) != _APPLICATION.size:
            raise DecodeError(f"application info: {len(octets)} octets instead of {_APPLICATION.size}")
        return cls(*_APPLICATION.unpack(octets))

    def encode(self) -> bytes:
        """The 28 octets of its tag."""
        return _APPLICATION.pack(self.type, self.version, self.capabilities, self.product_id)


@dataclass(frozen=True, slots=True)
class GblImage:
    """A whole file whose check sum is right.

    Attributes:
        octets: from the header to the end tag; whatever padding followed is gone.
        tags: all of them, in their order.
    """

    octets: bytes
    tags: tuple[GblTag, ...]

    @property
    def signed(self) -> bool:
        """Whether its header says so."""
        return bool(self._kind & _SIGNED)

    @property
    def encrypted(self) -> bool:
        """Whether its header says so; what is in it cannot be seen then."""
        return bool(self._kind & _ENCRYPTED)

    @property
    def _kind(self) -> int:
        kind: int = _HEADER.unpack_from(self.octets, self.tags[0].start)[1]
        return kind

    @property
    def application(self) -> ApplicationInfo | None:
        """What it says of its application; None: it says nothing."""
        octets = self._first(TagId.APPLICATION)
        return None if octets is None else ApplicationInfo.decode(octets)

    @property
    def bootloader(self) -> BootloaderVersion | None:
        """The version of the bootloader in it; None: there is none in it."""
        octets = self._first(TagId.BOOTLOADER)
        return None if octets is None else BootloaderVersion.from_word(WORD.unpack_from(octets)[0])

    @property
    def metadata(self) -> bytes | None:
        """The octets of its first metadata tag, which no bootloader looks at; None: there is none."""
        return self._first(TagId.METADATA)

    @property
    def has_program(self) -> bool:
        """Whether there is an application in it."""
        return any(tag.identifier in PROGRAM_TAGS for tag in self.tags)

    def program(self) -> Iterator[tuple[int, bytes]]:
        """Address and octets of every piece of program data, compressed ones as they are."""
        for tag in self.tags:
            if tag.identifier in PROGRAM_TAGS:
                octets = self.contents(tag)
                yield WORD.unpack_from(octets)[0], octets[WORD.size :]

    def contents(self, tag: GblTag) -> bytes:
        """The octets of one of its tags."""
        return self.octets[tag.start : tag.end]

    def _first(self, identifier: int) -> bytes | None:
        return next((self.contents(tag) for tag in self.tags if tag.identifier == identifier), None)
