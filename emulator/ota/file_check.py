"""Whether the first octets of a file are those of the image that was offered.

A client looks at them as they come in, long before the file is complete, so a lie costs it no more than a block or two.
 Layout: the published samples; `image.header` reads whole headers.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from emulator.ota.errors import Unacceptable
from emulator.zigbee.clusters.ota import ImageIdentity

FIXED_OCTETS: Final = 56
"""Octets of the fields that every header has."""

_FIXED = Struct("<IHHHHHIH32sI")
_RANGE = Struct("<HH")
_DESTINATION = Struct("<Q")
_MAGIC = 0x0BEEF11E
_CREDENTIALS_PRESENT = 0x0001
_DESTINATION_PRESENT = 0x0002
_HARDWARE_PRESENT = 0x0004
_NO_HARDWARE_VERSION = 0xFFFF


def check_fixed(octets: bytes, offered: ImageIdentity) -> int:
    """Compare the fixed fields with the offer.

    Args:
        octets: 56 or more from the beginning of the file.
        offered: what the server said it has.

    Returns:
        How many octets `check_optional` needs.

    Raises:
        Unacceptable: `header-mismatch` with the field, what was offered and what was found.
    """
    magic, _, length, control, manufacturer, image_type, version, _, _, size = _FIXED.unpack_from(octets)
    optional = FIXED_OCTETS + _optional_octets(control)
    _compare("file_identifier", _MAGIC, magic)
    _compare("manufacturer_code", offered.manufacturer_code, manufacturer)
    _compare("image_type", offered.image_type, image_type)
    _compare("file_version", offered.file_version, version)
    _compare("total_image_size", offered.image_size, size)
    if not optional <= length <= size:
        raise Unacceptable("header-mismatch", field="header_length", offered=optional, found=length)
    return optional


def check_optional(octets: bytes, hardware_version: int | None, eui64: int) -> None:
    """Compare what the optional fields ask for with this device.

    Args:
        octets: as many as `check_fixed` said.
        hardware_version: ours, or None: do not check.
        eui64: our address.

    Raises:
        Unacceptable: `wrong-hardware`, `wrong-destination`.
    """
    control = int.from_bytes(octets[8:10], "little")
    position = FIXED_OCTETS + (1 if control & _CREDENTIALS_PRESENT else 0)
    if control & _DESTINATION_PRESENT:
        (destination,) = _DESTINATION.unpack_from(octets, position)
        position += _DESTINATION.size
        if destination != eui64:
            raise Unacceptable("wrong-destination", destination=f"{destination:016x}")
    if control & _HARDWARE_PRESENT and hardware_version not in {None, _NO_HARDWARE_VERSION}:
        low, high = _RANGE.unpack_from(octets, position)
        if not low <= hardware_version <= high:
            raise Unacceptable("wrong-hardware", hardware=hardware_version, lowest=low, highest=high)


def _optional_octets(control: int) -> int:
    sizes = ((_CREDENTIALS_PRESENT, 1), (_DESTINATION_PRESENT, _DESTINATION.size), (_HARDWARE_PRESENT, _RANGE.size))
    return sum(size for bit, size in sizes if control & bit)


def _compare(name: str, offered: int, found: int) -> None:
    if offered != found:
        raise Unacceptable("header-mismatch", field=name, offered=offered, found=found)
