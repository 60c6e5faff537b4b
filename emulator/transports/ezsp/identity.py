"""Who a stick is: what it says of itself, its chip and its firmware."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from emulator.core.eui64 import Eui64, eui64_text
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.ezsp.structures import eui64_of, sl_status

_VERSION_INFO: Final = 0x11
_VERSION_OCTETS: Final = 6
_STRING, _BOARD = 1, 2
"""Manufacturing tokens."""
_NEVER_WRITTEN: Final = b"\xff\x00"
_NO_BOOTLOADER: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class StickIdentity:
    """What a stick says of itself; None for what it does not say.

    Attributes:
        ezsp: version of the protocol.
        firmware: EmberZNet, e.g. `7.4.3.0 build 0`.
        manufacturer, board: manufacturing tokens MFG_STRING and MFG_BOARD_NAME.
        bootloader: its version, e.g. `1.9.2`.
        chip: platform, micro and PHY as numbers of Silicon Labs, e.g. `4/0x18/0x0f`.
    """

    eui64: Eui64
    ezsp: int
    firmware: str | None = None
    manufacturer: str | None = None
    board: str | None = None
    bootloader: str | None = None
    chip: str | None = None

    def to_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "eui64": eui64_text(self.eui64),
            "ezsp": self.ezsp,
            "firmware": self.firmware,
            "manufacturer": self.manufacturer,
            "board": self.board,
            "bootloader": self.bootloader,
            "chip": self.chip,
        }


async def identity_of(stick: Stick) -> StickIdentity:
    """Ask it; nothing of it changes.

    Raises:
        StickLost: it does not answer any more.
    """
    eui64 = eui64_of((await stick.ask("getEui64"))["eui64"])
    bootloader, chip = _hardware(await _asked(stick, "getStandaloneBootloaderVersionPlatMicroPhy"))
    return StickIdentity(
        eui64,
        stick.version,
        _firmware(await _asked(stick, "getValue", valueId=_VERSION_INFO)),
        _words(await _asked(stick, "getMfgToken", tokenId=_STRING)),
        _words(await _asked(stick, "getMfgToken", tokenId=_BOARD)),
        bootloader,
        chip,
    )


async def _asked(stick: Stick, command: str, **fields: object) -> Mapping[str, Any]:
    """The answer; nothing from a stick that does not know the command."""
    with suppress(StickRefused):
        return await stick.ask(command, **fields)
    return {}


def _firmware(answer: Mapping[str, Any]) -> str | None:
    """VERSION_INFO: build (16 bits, least significant octet first); major, minor, patch and special, an octet each."""
    value = bytes(answer.get("value", b""))
    if len(value) < _VERSION_OCTETS or sl_status(answer["status"]) != Status.OK:
        return None
    return f"{'.'.join(map(str, value[2:_VERSION_OCTETS]))} build {int.from_bytes(value[:2], 'little')}"


def _words(answer: Mapping[str, Any]) -> str | None:
    octets = bytes(answer.get("tokenData", b"")).rstrip(_NEVER_WRITTEN)
    if not octets:
        return None
    text = octets.decode("utf-8", "replace")
    return text if text.isprintable() and "�" not in text else f"0x{octets.hex()}"


def _hardware(answer: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Bootloader and chip; the version's digits are four bits each, and the last eight the patch."""
    word = int(answer.get("bootloader_version", _NO_BOOTLOADER))
    if word == _NO_BOOTLOADER:
        return None, None
    chip = f"{int(answer['nodePlat'])}/0x{int(answer['nodeMicro']):02x}/0x{int(answer['nodePhy']):02x}"
    return f"{word >> 12}.{word >> 8 & 0xF}.{word & 0xFF}", chip
