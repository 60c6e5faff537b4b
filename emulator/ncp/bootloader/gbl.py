"""GBL files, version 3: the format of the images that a Gecko bootloader takes.

A sequence of tags, each an identifier and a length of four octets, least significant first, and that many octets.  The
header is the first and the end the last; the end holds the CRC-32 of all octets before it.  Source: Silicon Labs'
public parser (GSDK 4.x, platform/bootloader/parser/gbl), whose order of tags and whose refusals these are, for a chip
without a secure engine, without keys, and without delta updates: neither signed nor encrypted files are taken.
Compressed program data is taken as it is.  Lengths that the parser does not look at are held to what they must be.

`read_gbl(…, for_any=True)` is for whoever has a file for a stick that he does not know: everything that some
bootloader takes is taken, and what only a bootloader with the keys can tell is left to it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from emulator.core.errors import DecodeError
from emulator.ncp.bootloader.gbl_image import WORD, WORDS, ApplicationInfo, GblImage, GblTag, TagId

IMAGE_LIMIT: Final = 1536 * 1024
"""Octets: the whole flash of the largest chip of ZigBee sticks (EFR32MG24)."""
TAG_HEADER: Final = struct.Struct("<II")
FILE_HEADER: Final = struct.Struct("<II")
VERSION_3: Final = 0x03000000
_ENCRYPTED: Final = 0x00000001


class GblFault(Enum):
    """What is wrong with a file."""

    NOT_GBL = "not-a-gbl"
    """It does not begin with the header."""
    VERSION = "unsupported-version"
    ENCRYPTED = "encrypted"
    UNKNOWN_TAG = "unknown-tag"
    TAG_ORDER = "tag-order"
    """A tag after one that has to come later, or a second time where it may be there once."""
    LENGTH = "bad-length"
    """A length that its tag cannot have."""
    TOO_LONG = "too-long"
    """A tag that reaches beyond the largest file taken."""
    REJECTED = "rejected"
    """Not an application for this stick."""
    SIGNATURE = "no-key-for-signature"
    CRC = "bad-crc"
    AFTER_END = "data-after-end"
    TRUNCATED = "truncated"
    """The end has not come."""


class GblError(DecodeError):
    """A file that a bootloader does not take.

    Args:
        fault: what is wrong, for machines.
        detail: where, for people.
    """

    def __init__(self, fault: GblFault, detail: str = "") -> None:
        self.fault = fault
        super().__init__(f"GBL file: {fault.value}{f' ({detail})' if detail else ''}")


@dataclass(frozen=True, slots=True)
class _Rule:
    """Where a tag may stand, and how many octets it may hold; order 0 is anywhere."""

    order: int
    least: int
    most: int = WORDS - 1
    once: bool = False


_RULES: Final[dict[int, _Rule]] = {
    TagId.HEADER: _Rule(1, 8, 8, once=True),
    TagId.APPLICATION: _Rule(5, 28, 28, once=True),
    TagId.BOOTLOADER: _Rule(7, 8, once=True),
    TagId.METADATA: _Rule(8, 0),
    TagId.PROGRAM: _Rule(8, 4),
    TagId.ERASE_PROGRAM: _Rule(8, 4),
    TagId.PROGRAM_LZ4: _Rule(8, 4),
    TagId.PROGRAM_LZMA: _Rule(8, 4),
    TagId.SIGNATURE: _Rule(11, 64, 64, once=True),
    TagId.END: _Rule(12, 4, 4, once=True),
}
_ANY_RULES: Final[dict[int, _Rule]] = {
    **_RULES,
    TagId.VERSION_DEPENDENCY: _Rule(2, 0),
    TagId.SE_UPGRADE: _Rule(0, 8),  # before an encrypted part or after the application, as the bootloader was built
    TagId.ENCRYPTION: _Rule(4, 0, once=True),
    TagId.DELTA: _Rule(8, 4),
    TagId.DELTA_LZ4: _Rule(8, 4),
    TagId.DELTA_LZMA: _Rule(8, 4),
    TagId.ENCRYPTED_TAGS: _Rule(9, 0),
    TagId.CERTIFICATE: _Rule(10, 0, once=True),
}


class GblScanner:
    """Looks at a file while it grows, and finds fault as early as a bootloader does.

    Args:
        limit: octets of the largest file taken; no tag may reach beyond it, so a declared length is worth nothing
            until the octets are there.
        accepts: whether an application is one for this stick; None: every one is.
        for_any: take what any bootloader takes, and not only one without keys.
    """

    __slots__ = ("_accepts", "_for_any", "_limit", "_next", "_order", "_rules", "_seen", "_tags", "image")

    def __init__(
        self,
        limit: int = IMAGE_LIMIT,
        accepts: Callable[[ApplicationInfo], bool] | None = None,
        *,
        for_any: bool = False,
    ) -> None:
        self._limit = limit
        self._accepts = accepts
        self._for_any = for_any
        self._rules = _ANY_RULES if for_any else _RULES
        self._tags: list[GblTag] = []
        self._next = 0
        """Offset of the tag that is not whole yet."""
        self._order = 0
        self._seen = 0
        self.image: GblImage | None = None
        """The whole image, once its end has come."""

    def look(self, file: bytes | bytearray) -> None:
        """Look at everything that has come so far, which begins with what has been looked at before.

        Octets that come with the end tag are padding; any that come later are one fault more.

        Raises:
            GblError: the file is not to be taken, and will not be whatever follows.
        """
        if self.image is not None and len(file) > self._seen:
            raise GblError(GblFault.AFTER_END, f"{len(file) - self._seen} octets")
        self._seen = len(file)
        while self.image is None and (tag := self._tag_at(file, self._next)) is not None and tag.end <= len(file):
            self._tags.append(tag)
            self._next = tag.end
            self._close(tag, file)

    def _tag_at(self, file: bytes | bytearray, offset: int) -> GblTag | None:
        """The tag there, as soon as its identifier and its length are; its order counts from now on."""
        start = offset + TAG_HEADER.size
        if start > len(file):
            return None
        identifier, length = TAG_HEADER.unpack_from(file, offset)
        tag = GblTag(identifier, start, length)
        self._check(tag)
        return tag

    def _check(self, tag: GblTag) -> None:
        where = f"tag {tag.identifier:#010x} of {tag.length} octets at {tag.start}"
        if not self._tags and tag.identifier != TagId.HEADER:
            raise GblError(GblFault.NOT_GBL, where)
        rule = self._rules.get(tag.identifier)
        if rule is None:
            raise GblError(GblFault.UNKNOWN_TAG, where)
        if rule.order and rule.order < self._order:
            raise GblError(GblFault.TAG_ORDER, where)
        if not rule.least <= tag.length <= rule.most:
            raise GblError(GblFault.LENGTH, where)
        if tag.end > self._limit:
            raise GblError(GblFault.TOO_LONG, where)

    def _close(self, tag: GblTag, file: bytes | bytearray) -> None:
        """All octets of a tag are there."""
        rule = self._rules[tag.identifier]
        self._order = max(self._order, rule.order + rule.once)
        if tag.identifier == TagId.HEADER:
            _check_header(*FILE_HEADER.unpack_from(file, tag.start), for_any=self._for_any)
        elif tag.identifier == TagId.APPLICATION:
            self._check_application(ApplicationInfo.decode(bytes(file[tag.start : tag.end])))
        elif tag.identifier == TagId.SIGNATURE and not self._for_any:
            raise GblError(GblFault.SIGNATURE)
        elif tag.identifier == TagId.END:
            self._finish(tag, file)

    def _check_application(self, application: ApplicationInfo) -> None:
        if self._accepts is not None and not self._accepts(application):
            raise GblError(GblFault.REJECTED, f"product id {application.product_id.hex()}")

    def _finish(self, tag: GblTag, file: bytes | bytearray) -> None:
        octets = bytes(file[: tag.end])
        found = zlib.crc32(octets[: tag.start])
        if found != WORD.unpack_from(octets, tag.start)[0]:
            raise GblError(GblFault.CRC, f"the octets have {found:08x}")
        self.image = GblImage(octets, tuple(self._tags))


def read_gbl(octets: bytes, limit: int = IMAGE_LIMIT, *, for_any: bool = False) -> GblImage:
    """The image in a whole file; what follows its end is taken as padding.

    Args:
        octets: the file.
        limit: octets of the largest file taken.
        for_any: take what any bootloader takes, and not only one without keys.

    Raises:
        GblError: it is none that a bootloader takes.
    """
    scanner = GblScanner(limit, for_any=for_any)
    scanner.look(octets)
    if scanner.image is None:
        raise GblError(GblFault.TRUNCATED, f"{len(octets)} octets")
    return scanner.image


def _check_header(version: int, kind: int, *, for_any: bool) -> None:
    if version & 0xFF000000 != VERSION_3:
        raise GblError(GblFault.VERSION, f"{version:#010x}")
    if kind & _ENCRYPTED and not for_any:
        raise GblError(GblFault.ENCRYPTED)
