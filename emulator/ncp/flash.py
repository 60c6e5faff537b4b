"""What a stick keeps without power, beside the memory of its stack: who it is, its firmware, and its tokens.

Numbers of manufacturing tokens are those of EZSP (Silicon Labs UG100); what a stick has in them, its maker decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.ncp.bootloader.gbl_image import BootloaderVersion
from emulator.ncp.bootloader.settings import DEFAULT_VERSION
from emulator.ncp.firmware import SERVED_VERSIONS, Firmware, StartFault
from emulator.ports.aps import NodeType

TOKENS: Final = 4_096
"""The most tokens of the stack that are kept."""
_UNWRITTEN: Final = 0xFF
UNWRITTEN_EUI64: Final = b"\xff" * 8
RESTORED_EUI64: Final = (0x0001_E12A, 0)
"""The token of the stack, by number and index, that a backup's EUI-64 is restored to; it can be written again."""


class MfgToken(IntEnum):
    """Manufacturing tokens that hosts read."""

    CUSTOM_VERSION = 0
    STRING = 1
    BOARD_NAME = 2
    MANUF_ID = 3
    PHY_CONFIG = 4
    BOOTLOAD_AES_KEY = 5
    ASH_CONFIG = 6
    STORAGE = 7
    CBKE_DATA = 9
    INSTALLATION_CODE = 10
    CUSTOM_EUI_64 = 12
    CTUNE = 13


TOKEN_SIZES: Final[Mapping[int, int]] = {
    MfgToken.CUSTOM_VERSION: 2,
    MfgToken.STRING: 16,
    MfgToken.BOARD_NAME: 16,
    MfgToken.MANUF_ID: 2,
    MfgToken.PHY_CONFIG: 2,
    MfgToken.BOOTLOAD_AES_KEY: 16,
    MfgToken.ASH_CONFIG: 40,
    MfgToken.STORAGE: 8,
    MfgToken.CBKE_DATA: 92,
    MfgToken.INSTALLATION_CODE: 20,
    MfgToken.CUSTOM_EUI_64: 8,
    MfgToken.CTUNE: 2,
}
"""Octets of each; one that was never written reads as 0xFF in all of them."""


@dataclass(slots=True)
class Flash:
    """The memory of one stick.

    Attributes:
        eui64: as the chip was made.
        version: EZSP version of the firmware; where that does not run, of the last one that did.
        mfg_tokens: by number, as far as they were written.
        tokens: of the stack (NV3), by number and index.
        node_type: what the stack was in its network; None before it was in one.
        security_bitmask: EmberInitialSecurityBitmask under which it joined or formed its network.
        link_key: its own pre-configured link key, 16 octets; empty where there is none.
        firmware: what was put into it last; None: what it was made with, which runs.
        bootloader: version of its bootloader.
    """

    eui64: Eui64
    version: int = SERVED_VERSIONS[0]
    mfg_tokens: dict[int, bytes] = field(default_factory=dict)
    tokens: dict[tuple[int, int], bytes] = field(default_factory=dict)
    node_type: NodeType | None = None
    security_bitmask: int = 0
    link_key: bytes = b""
    firmware: Firmware | None = None
    bootloader: BootloaderVersion = DEFAULT_VERSION

    @property
    def own_eui64(self) -> Eui64:
        """The EUI-64 that the stick goes by from its next start on: the restored one, the custom one, or its own.

        That the first comes before the second, bellows relies on.
        """
        for octets in (self.tokens.get(RESTORED_EUI64, UNWRITTEN_EUI64), self.mfg_token(MfgToken.CUSTOM_EUI_64)):
            if len(octets) == len(UNWRITTEN_EUI64) and octets != UNWRITTEN_EUI64:
                return Eui64(int.from_bytes(octets, "little"))
        return self.eui64

    @property
    def start_fault(self) -> StartFault | None:
        """Why the firmware does not run; None: it does."""
        return None if self.firmware is None else self.firmware.fault

    def install(self, firmware: Firmware) -> None:
        """Put this firmware in the place of what was there; everything else stays."""
        self.firmware = firmware
        self.version = firmware.version or self.version

    def mfg_token(self, number: int) -> bytes:
        """A manufacturing token; one that a stick does not have is empty."""
        size = TOKEN_SIZES.get(number, 0)
        return self.mfg_tokens.get(number, bytes((_UNWRITTEN,)) * size)

    def write_mfg_token(self, number: int, octets: bytes) -> bool:
        """Write one, which most can be but once; whether it was taken."""
        if number in self.mfg_tokens or len(octets) != TOKEN_SIZES.get(number):
            return False
        self.mfg_tokens[number] = octets
        return True

    def write_token(self, number: int, index: int, octets: bytes) -> bool:
        """Write a token of the stack; whether there was room."""
        key = (number, index)
        if key not in self.tokens and len(self.tokens) >= TOKENS:
            return False
        self.tokens[key] = octets
        return True

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, keys included."""
        return {
            "eui64": eui64_text(self.eui64),
            "ezsp": self.version,
            "mfg_tokens": {str(number): octets.hex() for number, octets in self.mfg_tokens.items()},
            "tokens": {f"{number}/{index}": octets.hex() for (number, index), octets in self.tokens.items()},
            "node_type": None if self.node_type is None else self.node_type.value,
            "security_bitmask": self.security_bitmask,
            "link_key": self.link_key.hex(),
            "firmware": None if self.firmware is None else self.firmware.to_dict(),
            "bootloader": self.bootloader.word,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Flash:
        """What `to_dict` made; DecodeError for anything else.

        The keys of firmware and bootloader may be missing, as in files of before there were any.
        """
        try:
            firmware = stored.get("firmware")
            flash = cls(
                parse_eui64(stored["eui64"]),
                stored["ezsp"],
                {int(number): bytes.fromhex(octets) for number, octets in stored["mfg_tokens"].items()},
                {_token_key(key): bytes.fromhex(octets) for key, octets in stored["tokens"].items()},
                None if stored["node_type"] is None else NodeType(stored["node_type"]),
                int(stored["security_bitmask"]),
                bytes.fromhex(stored["link_key"]),
                None if firmware is None else Firmware.from_dict(firmware),
                _bootloader(stored.get("bootloader", DEFAULT_VERSION.word)),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, BadInput) as error:
            raise DecodeError(f"flash of a stick: damaged: {error}") from error
        if flash.version not in SERVED_VERSIONS:
            raise DecodeError(f"flash of a stick: damaged: EZSP {flash.version}")
        if flash.firmware is not None and flash.firmware.version not in {None, flash.version}:
            raise DecodeError(f"flash of a stick: damaged: EZSP {flash.version} in firmware {flash.firmware.stack}")
        return flash


def _bootloader(word: int) -> BootloaderVersion:
    version = BootloaderVersion.from_word(word)
    if version.word != word:
        raise ValueError(f"bootloader {word}")
    return version


def _token_key(text: str) -> tuple[int, int]:
    number, _, index = text.partition("/")
    return int(number), int(index)
