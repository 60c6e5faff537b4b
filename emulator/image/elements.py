"""Sub-elements: the tagged parts that the ZigBee OTA format divides a file's body into.

Great Britain's images have none: the manufacturer image begins right after the header (published samples).  Other
makers' files have at least an upgrade image element.  Tag names as zigpy has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from emulator.core.errors import BadInput
from emulator.image.errors import ImageError

UPGRADE_IMAGE = 0x0000
MANUFACTURER_SPECIFIC = 0xF000
_HIGHEST_TAG = 0xFFFF

TAG_NAMES = {
    UPGRADE_IMAGE: "upgrade image",
    0x0001: "ECDSA signature (crypto suite 1)",
    0x0002: "ECDSA signing certificate (crypto suite 1)",
    0x0003: "image integrity code",
    0x0004: "picture data",
    0x0005: "ECDSA signature (crypto suite 2)",
    0x0006: "ECDSA signing certificate (crypto suite 2)",
}

_PREFIX = Struct("<HI")


@dataclass(frozen=True, slots=True)
class Element:
    """One tagged part: `tag` is 16 bits, `data` at most 2^32 - 1 octets."""

    tag: int
    data: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.tag <= _HIGHEST_TAG:
            raise BadInput(f"{self.tag} does not fit", where="element tag", allowed="0 to 0xffff")

    @property
    def name(self) -> str:
        """What the tag means."""
        if self.tag >= MANUFACTURER_SPECIFIC:
            return "manufacturer specific"
        return TAG_NAMES.get(self.tag, "reserved")

    def encode(self) -> bytes:
        """Tag (2 octets), length (4), data; little-endian."""
        return _PREFIX.pack(self.tag, len(self.data)) + self.data


def encode_elements(elements: tuple[Element, ...]) -> bytes:
    """One after another, nothing between them."""
    return b"".join(element.encode() for element in elements)


def parse_elements(body: bytes) -> tuple[Element, ...]:
    """Read `body` as elements, to its last octet.

    Raises:
        ImageError: `element-length` where a prefix or its data would go past the end.
    """
    elements = []
    position, end = 0, len(body)
    while position < end:
        if end - position < _PREFIX.size:
            raise ImageError("element-length", f"{end - position} octets left, an element takes at least 6")
        tag, length = _PREFIX.unpack_from(body, position)
        position += _PREFIX.size
        if length > end - position:
            raise ImageError(
                "element-length", f"element 0x{tag:04x} declares {length} octets, {end - position} are left"
            )
        elements.append(Element(tag, bytes(body[position : position + length])))
        position += length
    return tuple(elements)


def find_elements(body: bytes) -> tuple[Element, ...] | None:
    """The elements of `body`, or None where it is an undivided manufacturer image.

    An undivided image may read as elements by chance; one of zeros does, as upgrade images of no octets.  An upgrade
    image of no octets at the beginning therefore decides against elements.
    """
    if body.startswith(bytes(_PREFIX.size)):
        return None
    try:
        return parse_elements(body)
    except ImageError:
        return None
