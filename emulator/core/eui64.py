"""EUI-64 addresses: an integer inside the program, 16 lower-case hex digits for people.

ZigBee frames carry them least significant octet first, GBCS and certificates most significant first.
"""

from __future__ import annotations

from typing import NewType

from emulator.core.errors import BadInput

Eui64 = NewType("Eui64", int)

_DIGITS = 16


def parse_eui64(text: str, where: str = "EUI-64") -> Eui64:
    """Read `00:db:12:34:56:78:90:a4`, with `:`, `-` or no separators; BadInput otherwise."""
    digits = text.strip().lower().replace(":", "").replace("-", "")
    if len(digits) != _DIGITS or any(digit not in "0123456789abcdef" for digit in digits):
        raise BadInput(f"{text!r} is no EUI-64", where=where, allowed="16 hex digits")
    return Eui64(int(digits, 16))


def eui64_text(address: int) -> str:
    """16 lower-case hex digits, most significant first."""
    return f"{address:016x}"


def eui64_big(address: int) -> bytes:
    """8 octets, most significant first: GBCS entity identifiers and certificates."""
    return address.to_bytes(8, "big")


def eui64_little(address: int) -> bytes:
    """8 octets, least significant first: ZigBee frames."""
    return address.to_bytes(8, "little")
