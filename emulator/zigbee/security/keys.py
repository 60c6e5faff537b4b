"""Keys and where they come from: install codes, and the keys derived from a link key.

Check vectors: a published install code and its key, and the keyed hashes of the well-known key.
"""

from __future__ import annotations

from binascii import crc_hqx

from emulator.core.aes import aes_mmo, hmac_aes_mmo
from emulator.core.errors import BadInput

KEY_OCTETS = 16
WELL_KNOWN_LINK_KEY = b"ZigBeeAlliance09"
"""The link key that every ZigBee device knows, for networks without install codes."""

UNKNOWN_DEVICE = "unknown-device"
NO_LINK_KEY = "no-link-key"
WELL_KNOWN_KEY = "well-known-key"

CODE_OCTETS = (6, 8, 12, 16)
"""How long an install code can be, without its CRC."""

_CRC_OCTETS = 2
_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_ALLOWED = "6, 8, 12 or 16 octets, with or without their CRC"


def install_code_crc(code: bytes) -> bytes:
    """The two octets that follow a code: CRC-16/X-25, least significant first."""
    crc = crc_hqx(code.translate(_REVERSED), 0xFFFF) ^ 0xFFFF
    return crc.to_bytes(_CRC_OCTETS, "big").translate(_REVERSED)


def complete_install_code(code: bytes, where: str = "install code") -> bytes:
    """The code with its CRC, which may be there already.

    Eight octets are six with a CRC where the last two are the CRC of the others, else eight without.

    Raises:
        BadInput: a length that no install code has, or a wrong CRC.
    """
    body, crc = code[:-_CRC_OCTETS], code[-_CRC_OCTETS:]
    if len(body) in CODE_OCTETS and crc == install_code_crc(body):
        return code
    if len(code) in CODE_OCTETS:
        return code + install_code_crc(code)
    if len(body) in CODE_OCTETS:
        raise BadInput(f"CRC {crc.hex()} is wrong", where=where, allowed=install_code_crc(body).hex())
    raise BadInput(f"{len(code)} octets are no install code", where=where, allowed=_ALLOWED)


def parse_install_code(text: str, where: str = "install code") -> bytes:
    """Read hex digits, blanks, `-` and `:` between them allowed; the code with its CRC, BadInput otherwise."""
    digits = "".join(text.split()).replace("-", "").replace(":", "")
    try:
        code = bytes.fromhex(digits)
    except ValueError as error:
        raise BadInput(f"{text!r} is not hex", where=where, allowed=_ALLOWED) from error
    return complete_install_code(code, where)


def install_code_key(code: bytes, where: str = "install code") -> bytes:
    """The pre-configured link key: AES-MMO of the code and its CRC; BadInput as `complete_install_code`."""
    return aes_mmo(complete_install_code(code, where))


def unfit_for_join(link_key: bytes | None) -> str | None:
    """Why a device may not be given the network key under this pre-configured link key; None where it may.

    Great Britain joins by install code only, and what goes under the well-known key is for everybody to read.
    """
    if link_key is None:
        return UNKNOWN_DEVICE
    return WELL_KNOWN_KEY if link_key == WELL_KNOWN_LINK_KEY else None


def unfit_for_rejoin(link_key: bytes | None) -> str | None:
    """Why a device may not be given the network key again under this link key; None where it may."""
    return NO_LINK_KEY if link_key is None else unfit_for_join(link_key)


def transport_key(link_key: bytes) -> bytes:
    """The key under which the trust centre sends a network key."""
    return hmac_aes_mmo(link_key, b"\x00")


def load_key(link_key: bytes) -> bytes:
    """The key under which the trust centre sends a link key."""
    return hmac_aes_mmo(link_key, b"\x02")


def verify_key_hash(link_key: bytes) -> bytes:
    """What a device sends in Verify-Key to show that it has the link key."""
    return hmac_aes_mmo(link_key, b"\x03")


def swap_out_key(link_key: bytes) -> bytes:
    """The link key for meeting the next trust centre: AES-MMO of the old one (general knowledge, unchecked)."""
    return aes_mmo(link_key)
