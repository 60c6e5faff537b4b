"""Keys: what a host sets before a network, and asks for, imports and changes in one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.commands.configuration import KEY_TABLE_SIZE, configured
from emulator.ncp.ezsp.status import Status
from emulator.ports.aps import NodeType
from emulator.zigbee.node.facts import LinkKeyFacts
from emulator.zigbee.security.keys import WELL_KNOWN_LINK_KEY

_HAVE_PRECONFIGURED_KEY: Final = 0x0100
_SHARED_LINK_KEY: Final = 0x0084
"""Of the trust centre: global, and hashed with each device's EUI-64; the same bits in both bitmasks."""
_CURRENT_HAVE_KEY: Final = 0x0010
_ANYBODY: Final = 0xFFFF_FFFF_FFFF_FFFF
_NETWORK, _TC_LINK, _APP_LINK = 1, 2, 4
"""SecurityManagerKeyType, as far as it is served."""
_NOT_THERE: Final = 0xFF
_NO_KEY: Final = bytes(16)
_HAS_COUNTERS: Final = 0x0003
"""EmberKeyStructBitmask: has its frame counters, incoming and outgoing."""


def set_initial_security_state(chip: Chip, values: Values, _now: int) -> Answer:
    """`setInitialSecurityState`: before a network is formed or joined."""
    if chip.node.facts.network() is not None:
        return {"status": Status.INVALID_CALL}
    state = values["state"]
    chip.ram.security = state
    chip.flash.link_key = bytes(state["preconfiguredKey"]) if state["bitmask"] & _HAVE_PRECONFIGURED_KEY else b""
    return {"status": Status.SUCCESS}


def get_current_security_state(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getCurrentSecurityState`."""
    network = chip.node.facts.network()
    if network is None:
        return {"status": Status.NOT_JOINED}
    shared = chip.flash.security_bitmask & _SHARED_LINK_KEY
    state = {"bitmask": _CURRENT_HAVE_KEY | shared, "trustCenterLongAddress": int(network.trust_centre)}
    return {"status": Status.SUCCESS, "state": state}


# --- one key ---------------------------------------------------------------------------------------------------------


def export_key(chip: Chip, values: Values, _now: int) -> Answer:
    """`exportKey`: the network key, or the link key with or of the trust centre."""
    key = _key(chip, values["coreKeyType"])
    return {"status": Status.NOT_FOUND} if key is None else {"status": Status.SUCCESS, "key": key}


def _key(chip: Chip, kind: int) -> bytes | None:
    network = chip.node.facts.network()
    if kind == _NETWORK:
        return None if network is None else network.network_key
    if kind != _TC_LINK:
        return None
    if network is not None and network.node_type is not NodeType.COORDINATOR:
        return next((one.key for one in chip.node.facts.link_keys() if one.partner == network.trust_centre), None)
    return chip.flash.link_key or None


def import_key(chip: Chip, values: Values, now: int) -> Answer:
    """`importKey`: the link key with the trust centre, for a joiner, in force at once; of others its own one."""
    network = chip.node.facts.network()
    if values["coreKeyType"] != _TC_LINK:
        return {"status": Status.INVALID_CALL}
    key = bytes(values["key"])
    if network is None or network.node_type is NodeType.COORDINATOR:
        chip.flash.link_key = key
    else:
        chip.port.set_link_key(network.trust_centre, key, now)
    chip.kept()
    return {"status": Status.SUCCESS}


def get_network_key_info(chip: Chip, _values: Values, _now: int) -> Answer:
    """`getNetworkKeyInfo`."""
    network = chip.node.facts.network()
    if network is None:
        return {"status": Status.NOT_JOINED}
    info = {
        "networkKeySet": True,
        "alternateNetworkKeySet": network.next_key_sequence is not None,
        "networkKeySequenceNumber": network.key_sequence,
        "altNetworkKeySequenceNumber": network.next_key_sequence or 0,
        "networkKeyFrameCounter": chip.node.facts.frame_counters().nwk,
    }
    return {"status": Status.SUCCESS, "networkKeyInfo": info}


# --- the table of link keys ------------------------------------------------------------------------------------------


def _table(chip: Chip) -> list[LinkKeyFacts]:
    """The keys with others: for a joiner all but that with the trust centre, which has a place of its own."""
    network = chip.node.facts.network()
    own = None if network is None or network.node_type is NodeType.COORDINATOR else network.trust_centre
    return [one for one in chip.node.facts.link_keys() if one.partner != own]


def _metadata(known: LinkKeyFacts) -> Answer:
    return {
        "bitmask": _HAS_COUNTERS,
        "outgoingFrameCounter": known.outgoing,
        "incomingFrameCounter": max(known.incoming, 0),
    }


def _exported(index: int, known: LinkKeyFacts) -> Answer:
    return {
        "status": Status.SUCCESS,
        "eui64": int(known.partner),
        "plaintextKey": known.key,
        "keyData": _metadata(known),
        "coreKeyType": _APP_LINK,
        "keyIndex": index,
    }


def export_link_key_by_index(chip: Chip, values: Values, _now: int) -> Answer:
    """`exportLinkKeyByIndex`."""
    table, index = _table(chip), values["index"]
    return _exported(index, table[index]) if index < len(table) else {"status": Status.NOT_FOUND}


def export_link_key_by_eui(chip: Chip, values: Values, _now: int) -> Answer:
    """`exportLinkKeyByEui`."""
    found = _find(chip, values["eui64"])
    return {"status": Status.NOT_FOUND} if found is None else _exported(*found)


def _find(chip: Chip, eui64: int) -> tuple[int, LinkKeyFacts] | None:
    rows: Iterator[tuple[int, LinkKeyFacts]] = enumerate(_table(chip))
    return next(((index, known) for index, known in rows if known.partner == eui64), None)


def import_link_key(chip: Chip, values: Values, now: int) -> Answer:
    """`importLinkKey`: in force with that device at once, whatever the index."""
    if values["index"] >= configured(chip, KEY_TABLE_SIZE):
        return {"status": Status.INDEX_OUT_OF_RANGE}
    chip.port.set_link_key(Eui64(values["address"]), bytes(values["key"]), now)
    chip.kept()
    return {"status": Status.SUCCESS}


def find_key_table_entry(chip: Chip, values: Values, _now: int) -> Answer:
    """`findKeyTableEntry`: the index of a device's key; that of an empty row for address 0; 0xFF."""
    address = values["address"]
    if not address:
        used = len(_table(chip))
        return {"index": used if used < configured(chip, KEY_TABLE_SIZE) else _NOT_THERE}
    found = _find(chip, address)
    return {"index": _NOT_THERE if found is None else found[0]}


def erase_key_table_entry(chip: Chip, values: Values, _now: int) -> Answer:
    """`eraseKeyTableEntry`."""
    table, index = _table(chip), values["index"]
    if index >= len(table):
        return {"status": Status.INDEX_OUT_OF_RANGE}
    chip.node.memory.forget_link_key(table[index].partner)
    chip.kept()
    return {"status": Status.SUCCESS}


def clear_key_table(chip: Chip, _values: Values, _now: int) -> Answer:
    """`clearKeyTable`."""
    for known in _table(chip):
        chip.node.memory.forget_link_key(known.partner)
    chip.kept()
    return {"status": Status.SUCCESS}


def get_aps_key_info(chip: Chip, values: Values, _now: int) -> Answer:
    """`getApsKeyInfo`: of the key with a device, or with the trust centre."""
    network = chip.node.facts.network()
    partner = values["eui64"]
    if values["coreKeyType"] == _TC_LINK and network is not None:
        partner = int(network.trust_centre)
    known = next((one for one in chip.node.facts.link_keys() if one.partner == partner), None)
    if known is None:
        return {"status": Status.NOT_FOUND}
    return {"status": Status.SUCCESS, "eui64": int(known.partner), "keyData": _metadata(known)}


# --- who may join ----------------------------------------------------------------------------------------------------


def import_transient_key(chip: Chip, values: Values, now: int) -> Answer:
    """`importTransientKey`: the pre-configured link key of a device that may join, or of any.

    From a device that has another one in force it opens messages as well, and is in force from the first of them: that
    firmware does so is an assumption.
    """
    eui64, key = values["eui64"], bytes(values["plaintextKey"])
    if eui64 == _ANYBODY:
        chip.node.keys.allow_any(key, now)
        return {"status": Status.SUCCESS}
    if key == WELL_KNOWN_LINK_KEY:
        chip.node.keys.accept_well_known_key(True, now)
    device = Eui64(eui64)
    chip.ram.transient_keys[device] = key
    chip.port.allow(device, key)
    if chip.port.link_key_with(device) not in (None, key):
        chip.port.offer_link_key(device, key, now)
    return {"status": Status.SUCCESS}


def export_transient_key_by_eui(chip: Chip, values: Values, _now: int) -> Answer:
    """`exportTransientKeyByEui`; its incoming counter is the least that it takes now, 0 before anything came."""
    device = Eui64(values["eui64"])
    key = chip.ram.transient_keys.get(device)
    if key is None:
        return {"status": Status.NOT_FOUND}
    known = next((one for one in chip.node.facts.link_keys() if (one.partner, one.key) == (device, key)), None)
    answer: Answer = {"status": Status.SUCCESS, "plaintextKey": key, "eui64": values["eui64"]}
    if known is not None:
        answer["keyData"] = {**_metadata(known), "incomingFrameCounter": known.incoming + 1}
    return answer


def clear_transient_link_keys(chip: Chip, _values: Values, now: int) -> Answer:
    """`clearTransientLinkKeys`."""
    for device in chip.ram.transient_keys:
        chip.port.forbid(device)
        chip.port.offer_link_key(device, None, now)
    chip.ram.transient_keys.clear()
    chip.node.keys.allow_any(None, now)
    return {}


# --- in a network ----------------------------------------------------------------------------------------------------


def broadcast_next_network_key(chip: Chip, values: Values, now: int) -> Answer:
    """`broadcastNextNetworkKey`: here each device is given it alone, and all are told to switch some seconds later."""
    key = bytes(values["key"])
    try:
        chip.port.rotate_network_key(chip.rng.randbytes(len(_NO_KEY)) if key == _NO_KEY else key, now)
    except LocalProtocolError:
        return {"status": Status.INVALID_CALL}
    return {"status": Status.SUCCESS}


def broadcast_network_key_switch(_chip: Chip, _values: Values, _now: int) -> Answer:
    """`broadcastNetworkKeySwitch`: it comes by itself, see above."""
    return {"status": Status.SUCCESS}


def remove_device(chip: Chip, values: Values, now: int) -> Answer:
    """`removeDevice`."""
    if chip.node.facts.network() is None:
        return {"status": Status.NETWORK_DOWN}
    chip.port.remove(Eui64(values["targetLong"]), now)
    return {"status": Status.SUCCESS}
