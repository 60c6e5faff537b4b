"""The header of an OTA upgrade file; little-endian throughout.

Layout of the two published samples of DUIS requests 11.1 and 11.4 (sizes agree).  Great Britain's form is 60 octets
with field control 0x0004; the other optional fields are those of the ZigBee OTA cluster, as other makers' files show
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from construct import (  # type: ignore[import-untyped]  # it ships no types
    Bytes,
    ConstructError,
    If,
    Int8ul,
    Int16ul,
    Int32ul,
    Int64ul,
    Struct,
    this,
)

from emulator.core.errors import BadInput
from emulator.image.errors import ImageError

FILE_IDENTIFIER = 0x0BEEF11E
MAGIC = FILE_IDENTIFIER.to_bytes(4, "little")
HEADER_VERSION = 0x0100
STACK_ZIGBEE_PRO = 0x0002
FIXED_OCTETS = 56
HEADER_STRING_OCTETS = 32
GB_HEADER_OCTETS = 60
LONGEST_HEADER = 0xFFFF
WILDCARD_VERSION = 0xFFFFFFFF
"""Any version, in the messages of the OTA cluster: no image can have it."""

SECURITY_CREDENTIAL_VERSION = 0x0001
DEVICE_SPECIFIC_FILE = 0x0002
HARDWARE_VERSIONS = 0x0004
_KNOWN_BITS = SECURITY_CREDENTIAL_VERSION | DEVICE_SPECIFIC_FILE | HARDWARE_VERSIONS
_OPTIONAL_OCTETS = {SECURITY_CREDENTIAL_VERSION: 1, DEVICE_SPECIFIC_FILE: 8, HARDWARE_VERSIONS: 4}

STACK_NAMES = {0: "ZigBee 2006", 1: "ZigBee 2007", 2: "ZigBee Pro", 3: "ZigBee IP"}
CREDENTIAL_NAMES = {0: "Smart Energy 1.0", 1: "Smart Energy 1.1", 2: "Smart Energy 2.0"}

_FIXED = Struct(
    "file_identifier" / Int32ul,
    "header_version" / Int16ul,
    "header_length" / Int16ul,
    "field_control" / Int16ul,
    "manufacturer_code" / Int16ul,
    "image_type" / Int16ul,
    "file_version" / Int32ul,
    "stack_version" / Int16ul,
    "header_string" / Bytes(HEADER_STRING_OCTETS),
    "total_image_size" / Int32ul,
)
_OPTIONAL = Struct(
    "security_credential_version" / If(this._.field_control & SECURITY_CREDENTIAL_VERSION, Int8ul),
    "upgrade_file_destination" / If(this._.field_control & DEVICE_SPECIFIC_FILE, Int64ul),
    "minimum_hardware_version" / If(this._.field_control & HARDWARE_VERSIONS, Int16ul),
    "maximum_hardware_version" / If(this._.field_control & HARDWARE_VERSIONS, Int16ul),
)
_RANGES = {
    "header_version": 0xFFFF,
    "manufacturer_code": 0xFFFF,
    "image_type": 0xFFFF,
    "file_version": 0xFFFFFFFF,
    "stack_version": 0xFFFF,
    "total_image_size": 0xFFFFFFFF,
    "security_credential_version": 0xFF,
    "upgrade_file_destination": 0xFFFFFFFFFFFFFFFF,
    "minimum_hardware_version": 0xFFFF,
    "maximum_hardware_version": 0xFFFF,
    "reserved_bits": 0xFFFF,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtaHeader:
    """Every field of the header; a field that is None is absent from it.

    Attributes:
        manufacturer_code: 16 bits.
        image_type: 16 bits.
        file_version: 32 bits; the firmware version of the product list, printed as 8 hex digits.
        total_image_size: octets of the whole file, header included.
        header_string: exactly 32 octets, see `header_text`.
        security_credential_version: 8 bits.
        upgrade_file_destination: EUI-64 of the one device that the file is for.
        minimum_hardware_version: 16 bits; both hardware versions are there, or neither.
        maximum_hardware_version: 16 bits.
        reserved_bits: field control bits that mean nothing to us, kept as they came.
        extra: octets of the header after the fields we know, kept as they came.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    total_image_size: int = 0
    header_string: bytes = bytes(HEADER_STRING_OCTETS)
    stack_version: int = STACK_ZIGBEE_PRO
    header_version: int = HEADER_VERSION
    security_credential_version: int | None = None
    upgrade_file_destination: int | None = None
    minimum_hardware_version: int | None = None
    maximum_hardware_version: int | None = None
    reserved_bits: int = 0
    extra: bytes = b""

    def __post_init__(self) -> None:
        for name, highest in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= highest:
                raise BadInput(f"{value} does not fit", where=name, allowed=f"0 to 0x{highest:X}")
        if len(self.header_string) != HEADER_STRING_OCTETS:
            raise BadInput(f"{len(self.header_string)} octets", where="header_string", allowed="32 octets")
        if (self.minimum_hardware_version is None) != (self.maximum_hardware_version is None):
            raise BadInput("one hardware version without the other", where="hardware", allowed="both, or neither")
        if self.reserved_bits & _KNOWN_BITS:
            raise BadInput(f"0x{self.reserved_bits:04x}", where="reserved_bits", allowed="bits 3 to 15")
        if self.header_length > LONGEST_HEADER:
            raise BadInput(f"{len(self.extra)} octets", where="extra", allowed="a header of at most 65535 octets")

    @property
    def field_control(self) -> int:
        """Which optional fields are there, as bits."""
        bits = self.reserved_bits
        if self.security_credential_version is not None:
            bits |= SECURITY_CREDENTIAL_VERSION
        if self.upgrade_file_destination is not None:
            bits |= DEVICE_SPECIFIC_FILE
        if self.minimum_hardware_version is not None:
            bits |= HARDWARE_VERSIONS
        return bits

    @property
    def header_length(self) -> int:
        """Octets of the header, `extra` included."""
        return _known_octets(self.field_control) + len(self.extra)

    @property
    def header_text(self) -> str:
        r"""The header string for people: padding cut off, anything unprintable as `\xNN`."""
        text = self.header_string.rstrip(b"\0").decode("utf-8", "backslashreplace")
        return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)

    @property
    def version_text(self) -> str:
        """The file version as 8 upper-case hex digits."""
        return f"{self.file_version:08X}"

    def takes_hardware(self, version: int) -> bool:
        """Whether a device of that hardware version is in the range; every one is where there is no range."""
        low, high = self.minimum_hardware_version, self.maximum_hardware_version
        return low is None or high is None or low <= version <= high

    def encode(self) -> bytes:
        """The header's octets, `header_length` of them."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _FIXED_NAMES}
        fields["file_identifier"] = FILE_IDENTIFIER
        optional = {name: getattr(self, name) for name in _OPTIONAL_NAMES}
        fixed: bytes = _FIXED.build(fields)
        rest: bytes = _OPTIONAL.build(optional, field_control=self.field_control)
        return fixed + rest + self.extra

    @classmethod
    def decode(cls, octets: bytes) -> OtaHeader:
        """Read the header at the beginning of `octets`; what follows it is not looked at.

        Raises:
            ImageError: `empty`, `not-an-ota-file`, `truncated` or `header-length`.
        """
        _check_beginning(octets)
        try:
            fixed = _FIXED.parse(octets[:FIXED_OCTETS])
            known = _check_length(fixed.field_control, fixed.header_length, len(octets))
            optional = _OPTIONAL.parse(octets[FIXED_OCTETS:known], field_control=fixed.field_control)
        except ConstructError as error:
            raise ImageError("truncated", "the header ends early") from error
        values = {name: fixed[name] for name in _FIXED_NAMES if name not in _DERIVED_NAMES}
        values |= {name: optional[name] for name in _OPTIONAL_NAMES}
        reserved = fixed.field_control & ~_KNOWN_BITS
        return cls(**values, reserved_bits=reserved, extra=bytes(octets[known : fixed.header_length]))


_DERIVED_NAMES = ("header_length", "field_control")
_FIXED_NAMES = tuple(part.name for part in _FIXED.subcons if part.name != "file_identifier")
_OPTIONAL_NAMES = tuple(part.name for part in _OPTIONAL.subcons)


def header_string(text: str) -> bytes:
    """`text` in UTF-8, filled up with zeros to 32 octets; BadInput where it is longer."""
    octets = text.encode()
    if len(octets) > HEADER_STRING_OCTETS:
        raise BadInput(f"{text!r} has {len(octets)} octets", where="header string", allowed="at most 32 octets")
    return octets.ljust(HEADER_STRING_OCTETS, b"\0")


def _known_octets(field_control: int) -> int:
    """Octets of the fields that we know of, under that field control."""
    return FIXED_OCTETS + sum(size for bit, size in _OPTIONAL_OCTETS.items() if field_control & bit)


def _check_beginning(octets: bytes) -> None:
    if not octets:
        raise ImageError("empty", "the file is empty")
    if octets[:4] != MAGIC[: len(octets)]:
        begins = bytes(octets[:4]).hex()
        raise ImageError("not-an-ota-file", f"no OTA file: it begins with {begins}, an OTA file with {MAGIC.hex()}")
    if len(octets) < FIXED_OCTETS:
        raise ImageError("truncated", f"{len(octets)} octets, the shortest OTA header has {FIXED_OCTETS}")


def _check_length(field_control: int, header_length: int, there: int) -> int:
    """Octets of the known fields, once the header's length is found to be possible."""
    known = _known_octets(field_control)
    if header_length < known:
        raise ImageError(
            "header-length",
            f"header length {header_length}, but the fields of field control 0x{field_control:04x} take {known}",
        )
    if header_length > there:
        raise ImageError("truncated", f"header length {header_length}, but there are only {there} octets")
    return known
