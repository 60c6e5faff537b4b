"""The session itself: nop, echo, random numbers, libraries, extensions, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.ezsp.status import Status

Handler = Callable[[Chip, Values, int], Answer]
"""Takes the chip, the fields of the command, and `now`; the fields of the response."""


class Departure(StrEnum):
    """What becomes of a stick whose session ends by a command."""

    BOOTLOADER = "bootloader"
    RESET = "reset"


Leave = Callable[[Departure, int], None]
"""Told while the command is obeyed; to be acted on once its answer is out."""

_BOOTLOADER_MODES: Final = (0, 1)
_PLAT: Final = 4
_MICRO: Final = 0x18
_PHY: Final = 0x0F
_WHOLE_WORD: Final = 0x10000


def nop(_chip: Chip, _values: Values, _now: int) -> Answer:
    """Nothing."""
    return {}


def echo(_chip: Chip, values: Values, _now: int) -> Answer:
    """The same back."""
    return {"echo": values["data"]}


def custom_frame(_chip: Chip, _values: Values, _now: int) -> Answer:
    """There is no extension of the stick's own firmware."""
    return {"status": Status.INVALID_CALL}


def get_xncp_info(_chip: Chip, _values: Values, _now: int) -> Answer:
    """As above."""
    return {"status": Status.INVALID_CALL}


def get_library_status(_chip: Chip, _values: Values, _now: int) -> Answer:
    """No library of key establishment is there, as on ordinary sticks: it is done on the host."""
    return {"status": 0}


def get_random_number(chip: Chip, _values: Values, _now: int) -> Answer:
    """16 random bits."""
    return {"status": Status.SUCCESS, "value": chip.rng.randrange(_WHOLE_WORD)}


def get_standalone_bootloader_version(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getStandaloneBootloaderVersionPlatMicroPhy`: 4, 4 and 8 bits of the version.

    A stick with an EFR32MG21 and bootloader 1.9.2 was seen to answer 0x1902, 4, 0x18 and 0x0F (public log of
    silabs-flasher); that other chips of the family answer the same three numbers is an assumption.
    """
    version = chip.flash.bootloader
    word = (version.major & 0xF) << 12 | (version.minor & 0xF) << 8 | version.customer & 0xFF
    return {"bootloaderVersion": word, "nodePlat": _PLAT, "nodeMicro": _MICRO, "nodePhy": _PHY}


def launch_standalone_bootloader(leave: Leave) -> Handler:
    """`launchStandaloneBootloader`: both modes, normal and recovery, end in the same menu (the HAL of EmberZNet)."""

    def launch(_chip: Chip, values: Values, now: int) -> Answer:
        if values["mode"] not in _BOOTLOADER_MODES:
            return {"status": Status.ERR_FATAL}
        leave(Departure.BOOTLOADER, now)
        return {"status": Status.SUCCESS}

    return launch


def reset_node(leave: Leave) -> Handler:
    """`resetNode`: as RST, but asked for by a command; that it is answered first is an assumption."""

    def reset(_chip: Chip, _values: Values, now: int) -> Answer:
        leave(Departure.RESET, now)
        return {}

    return reset


def token_factory_reset(chip: Chip, _values: Values, now: int) -> Answer:
    """`tokenFactoryReset`: the network, keys and tokens of the stack are forgotten, those of manufacturing stay."""
    chip.port.stop(now)
    chip.node.memory.forget()
    chip.flash.tokens.clear()
    chip.flash.node_type = None
    chip.flash.security_bitmask, chip.flash.link_key = 0, b""
    chip.kept()
    return {}
