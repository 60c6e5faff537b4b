"""Tokens: those of manufacturing, of the host's application, and of the stack (NV3).

Most tokens of the stack are octets that a host has put there.  Three are more: the restored EUI-64, which a stick has
from the start (0xFF in every octet: none) and goes by from its next reset on; and the network management token and the
table of children, which are views of the network that the stick belongs to.  bellows 1.2.1 reads and writes them all.
It finds the restored EUI-64 under its old number or its new one, by firmware, so here it answers to either; and of the
table it says that setChildData leaves the last octet of a row 0, where rows that work have 0x80, so here it does.
"""

from __future__ import annotations

import struct
from typing import Final

from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.commands.network import end_devices
from emulator.ncp.ezsp.status import Status
from emulator.ncp.flash import RESTORED_EUI64, UNWRITTEN_EUI64
from emulator.zigbee.node.memory import Child, Membership

_APPLICATION: Final = -1
"""Stands for tokens of the host's application among those of the stack."""
_APPLICATION_OCTETS: Final = 8
_RESTORED_EUI64_BEFORE_NVM3: Final = 0x0000_E12A
_NETWORK_MANAGEMENT: Final = 0x0001_E125
_MANAGEMENT = struct.Struct("<IHBx")
"""Channels (a bit each), NWK manager, update id."""
_MANAGER: Final = 0x0000
_CHILD_TABLE: Final = 0x0001_0580
_CHILD = struct.Struct("<QHB")
"""EUI-64, short address, flags."""
_CHILD_IN_USE: Final = 0x80
_MOST_ROWS: Final = 0xFF


def get_mfg_token(chip: Chip, values: Values, _now: int) -> Answer:
    """A manufacturing token."""
    return {"tokenData": chip.flash.mfg_token(values["tokenId"])}


def set_mfg_token(chip: Chip, values: Values, _now: int) -> Answer:
    """Write one; most can be written once."""
    if not chip.flash.write_mfg_token(values["tokenId"], values["tokenData"]):
        return {"status": Status.INVALID_CALL}
    chip.kept()
    return {"status": Status.SUCCESS}


def get_token(chip: Chip, values: Values, _now: int) -> Answer:
    """A token of the host's application, 8 octets."""
    octets = chip.flash.tokens.get((_APPLICATION, values["tokenId"]), b"")
    return {"status": Status.SUCCESS, "tokenData": octets.ljust(_APPLICATION_OCTETS, b"\xff")}


def set_token(chip: Chip, values: Values, _now: int) -> Answer:
    """Write one."""
    taken = chip.flash.write_token(_APPLICATION, values["tokenId"], bytes(values["tokenData"]))
    chip.kept()
    return {"status": Status.SUCCESS if taken else Status.INVALID_CALL}


# --- of the stack ----------------------------------------------------------------------------------------------------


def get_token_data(chip: Chip, values: Values, _now: int) -> Answer:
    """`getTokenData`: one that was never written is not there, unless every stick has it."""
    octets = _token_data(chip, _place(values))
    return {"status": Status.INVALID_CALL} if octets is None else {"status": Status.SUCCESS, "value": octets}


def get_token_count(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getTokenCount`: how many tokens there are, whatever has several rows being one."""
    return {"count": len(_rows(chip))}


def get_token_info(chip: Chip, values: Values, _now: int) -> Answer:
    """`getTokenInfo`: which one is at an index, and its octets and rows; none of them is a counter here."""
    numbers = sorted(_rows(chip))
    if values["index"] >= len(numbers):
        return {"status": Status.INDEX_OUT_OF_RANGE}
    number = numbers[values["index"]]
    first, rows = _rows(chip)[number]
    octets = _token_data(chip, (number, first))
    info = {
        "nvm3Key": number,
        "isCnt": False,
        "isIdx": rows > 1,
        "size": len(octets or b""),
        "arraySize": min(rows, _MOST_ROWS),
    }
    return {"status": Status.SUCCESS, "tokenInfo": info}


def _rows(chip: Chip) -> dict[int, tuple[int, int]]:
    """Every token of the stack, with the first row of it that was written, and how many there are up to the last."""
    places = {place for place in chip.flash.tokens if place[0] != _APPLICATION} | {RESTORED_EUI64}
    if chip.node.memory.membership is not None:
        places.add((_NETWORK_MANAGEMENT, 0))
    places |= {(_CHILD_TABLE, index) for index in range(len(end_devices(chip)))}
    found: dict[int, tuple[int, int]] = {}
    for number, index in sorted(places):
        found[number] = (found[number][0] if number in found else index, index + 1)
    return found


def set_token_data(chip: Chip, values: Values, _now: int) -> Answer:
    """`setTokenData`: a token that every stick has takes its own length only."""
    place, octets = _place(values), values["tokenData"]
    if place == RESTORED_EUI64 and len(octets) != len(UNWRITTEN_EUI64):
        return {"status": Status.BAD_ARGUMENT}
    if place == (_NETWORK_MANAGEMENT, 0):
        return {"status": _set_management(chip, octets)}
    if place[0] == _CHILD_TABLE:
        return {"status": _set_child(chip, place[1], octets)}
    taken = chip.flash.write_token(*place, octets)
    chip.kept()
    return {"status": Status.SUCCESS if taken else Status.TABLE_FULL}


def _place(values: Values) -> tuple[int, int]:
    """Number and index, under the number that a token has now."""
    number, index = values["token"], values["index"]
    return (RESTORED_EUI64[0] if number == _RESTORED_EUI64_BEFORE_NVM3 else number), index


def _token_data(chip: Chip, place: tuple[int, int]) -> bytes | None:
    if place == RESTORED_EUI64:
        return chip.flash.tokens.get(place, UNWRITTEN_EUI64)
    if place == (_NETWORK_MANAGEMENT, 0):
        membership = chip.node.memory.membership
        return None if membership is None else _management(membership)
    if place[0] == _CHILD_TABLE:
        children = end_devices(chip)
        return _child(chip, children[place[1]]) if place[1] < len(children) else None
    return chip.flash.tokens.get(place)


def _child(chip: Chip, child: Child) -> bytes:
    flags = 0 if child.eui64 in chip.ram.half_set_children else _CHILD_IN_USE
    return _CHILD.pack(child.eui64, child.short, flags)


def _set_child(chip: Chip, index: int, octets: bytes) -> Status:
    """The flags of a row are taken; who it is, setChildData says."""
    children = end_devices(chip)
    if len(octets) != _CHILD.size or index >= len(children) or octets[:-1] != _child(chip, children[index])[:-1]:
        return Status.BAD_ARGUMENT
    if octets[-1] == _CHILD_IN_USE:
        chip.ram.half_set_children.discard(children[index].eui64)
    return Status.SUCCESS


def _management(membership: Membership) -> bytes:
    return _MANAGEMENT.pack(1 << membership.channel, _MANAGER, membership.update_id)


def _set_management(chip: Chip, octets: bytes) -> Status:
    """The update id is taken; channel and manager are what they are."""
    membership = chip.node.memory.membership
    if membership is None:
        return Status.INVALID_CALL
    if len(octets) != _MANAGEMENT.size:
        return Status.BAD_ARGUMENT
    membership.update_id = _MANAGEMENT.unpack(octets)[2]
    chip.kept()
    return Status.SUCCESS
