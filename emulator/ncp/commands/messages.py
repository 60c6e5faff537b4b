"""Messages out, and the addresses that they need."""

from __future__ import annotations

from typing import Final

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ncp.chip import Answer, Chip, Sending, Values
from emulator.ncp.commands.configuration import ADDRESS_TABLE_SIZE, APS_UNICAST_MESSAGE_COUNT, configured
from emulator.ncp.commands.loopback import LOOPBACKS, is_addressed, loopback
from emulator.ncp.commands.message_types import (
    BROADCAST,
    DIRECT,
    MULTICAST,
    OPTION_ENCRYPTION,
    OPTION_FRAGMENT,
    OPTION_RETRY,
    VIA_ADDRESS_TABLE,
)
from emulator.ncp.ezsp.status import Status
from emulator.ports.aps import BROADCAST_ALL, BROADCAST_ROUTERS, BROADCAST_RX_ON, ApsFragment, ApsMessage
from emulator.zigbee.node.aps import LINK_KEY_OVERHEAD, MAX_ASDU
from emulator.zigbee.node.hop import FIRST_BROADCAST

_BROADCASTS: Final = (BROADCAST_ROUTERS, BROADCAST_RX_ON, BROADCAST_ALL)
_NO_ADDRESS: Final = 0xFFFF


def send_unicast(chip: Chip, values: Values, now: int) -> Answer:
    """`sendUnicast`: to a short address, or to the device in a row of the address table."""
    named = values["indexOrDestination"]
    if values["type"] == DIRECT:
        # Real firmware's status for it is not known; a broadcast it is not.
        return {"status": Status.BAD_ARGUMENT} if named >= FIRST_BROADCAST else _send(chip, values, named, named, now)
    if values["type"] != VIA_ADDRESS_TABLE:
        return {"status": Status.INVALID_CALL}
    destination = _in_row(chip, named)
    if destination is None:
        return {"status": Status.BAD_ARGUMENT}
    return _send(chip, values, destination, named, now)


def _in_row(chip: Chip, index: int) -> int | None:
    """The short address of the device in a row; None where there is none, or it is not known.

    That such a message is refused at once is an assumption: firmware may look for the device first.
    """
    eui64, short, _ = chip.ram.addresses.get(index, (0, _NO_ADDRESS, False))
    if short < FIRST_BROADCAST:
        return short
    return chip.node.memory.addresses.get(Eui64(eui64))


def send_broadcast(chip: Chip, values: Values, now: int) -> Answer:
    """`sendBroadcast`: to one of the three broadcast addresses."""
    destination = values["destination"]
    if destination not in _BROADCASTS:
        return {"status": Status.BAD_ARGUMENT}
    return _send(chip, values, destination, destination, now, BROADCAST)


def send_multicast(chip: Chip, values: Values, now: int) -> Answer:
    """`sendMulticast`: to the members of a group, as far as `hops` reach.

    How far those that are no members pass it on is not told apart: an assumption.
    """
    destination = values["broadcastAddr"]
    if destination not in _BROADCASTS:
        return {"status": Status.BAD_ARGUMENT}
    return _send(chip, values, destination, values["apsFrame"]["groupId"], now, MULTICAST)


def _send(chip: Chip, values: Values, destination: int, named: int, now: int, kind: int | None = None) -> Answer:
    """Send to `destination`, which messageSentHandler is to tell of as `named`; a unicast's kind is what it says."""
    frame, contents = values["apsFrame"], values["messageContents"]
    kind = values["type"] if kind is None else kind
    refusal = _refusal(chip, frame, contents, kind)
    if refusal is not None:
        return {"status": refusal}
    message = ApsMessage(
        destination, frame["destinationEndpoint"], frame["sourceEndpoint"], frame["profileId"], frame["clusterId"],
        contents,
        acknowledge=bool(frame["options"] & OPTION_RETRY),
        link_key=bool(frame["options"] & OPTION_ENCRYPTION),
        radius=values.get("hops" if kind == MULTICAST else "radius", 0),
        fragment=None if kind == MULTICAST else _fragment(frame),
        group=frame["groupId"] if kind == MULTICAST else None,
    )  # fmt: skip
    try:
        handle = chip.port.send(message, now)
    except LocalProtocolError:
        return {"status": Status.BAD_ARGUMENT}
    sequence = chip.node.counter_of(handle) or 0
    sent = {**frame, "sequence": sequence}
    chip.ram.sending[handle] = Sending(kind, named, sent, values["messageTag"], contents)
    if kind in LOOPBACKS and is_addressed(chip, kind, destination, sent):
        chip.callback("incomingMessageHandler", loopback(chip, kind, sent, contents), now)
    return {"status": Status.SUCCESS, "sequence": sequence}


def _refusal(chip: Chip, frame: Values, contents: bytes, kind: int) -> Status | None:
    """Why a message is not taken."""
    if chip.node.facts.network() is None:
        return Status.NETWORK_DOWN
    if not chip.free_buffers:
        return Status.NO_BUFFERS
    limit = MAX_ASDU - (LINK_KEY_OVERHEAD if frame["options"] & OPTION_ENCRYPTION else 0)
    if len(contents) > limit:
        return Status.MESSAGE_TOO_LONG
    if kind in (DIRECT, VIA_ADDRESS_TABLE) and len(chip.ram.sending) >= configured(chip, APS_UNICAST_MESSAGE_COUNT):
        return Status.MAX_MESSAGE_LIMIT_REACHED
    return None


def _fragment(frame: Values) -> ApsFragment | None:
    """Which block of a long message it is: `groupId` has the count (of the first) above the block's number."""
    if not frame["options"] & OPTION_FRAGMENT:
        return None
    count, block = divmod(frame["groupId"], 0x100)
    return ApsFragment(block, count if block == 0 else None, None if block == 0 else frame["sequence"])


def send_reply(chip: Chip, values: Values, now: int) -> Answer:
    """`sendReply`: the acknowledgement of blocks; other replies go out as messages of their own here."""
    frame = values["apsFrame"]
    if not frame["options"] & OPTION_FRAGMENT:
        return {"status": Status.INVALID_CALL}
    if not chip.free_buffers:
        return {"status": Status.NO_BUFFERS}
    bitfield, block = divmod(frame["groupId"], 0x100)
    try:
        chip.port.acknowledge_fragment(values["sender"], frame["sequence"], block, bitfield, now)
    except LocalProtocolError:
        return {"status": Status.BAD_ARGUMENT}
    return {"status": Status.SUCCESS}


def maximum_payload_length(_chip: Chip, _values: Values, _now: int) -> Answer:
    """`maximumPayloadLength`: of a message that is neither encrypted under a link key nor fragmented."""
    return {"apsLength": MAX_ASDU}


# --- addresses -------------------------------------------------------------------------------------------------------


def lookup_node_id_by_eui64(chip: Chip, values: Values, _now: int) -> Answer:
    """`lookupNodeIdByEui64`."""
    short = chip.node.memory.addresses.get(Eui64(values["eui64"]))
    if short is None:
        return {"status": Status.NOT_FOUND, "nodeId": _NO_ADDRESS}
    return {"status": Status.SUCCESS, "nodeId": short}


def lookup_eui64_by_node_id(chip: Chip, values: Values, _now: int) -> Answer:
    """`lookupEui64ByNodeId`."""
    eui64 = chip.node.memory.eui64_of(values["nodeId"])
    if eui64 is None:
        return {"status": Status.ERR_FATAL}
    return {"status": Status.SUCCESS, "eui64": int(eui64)}


def set_extended_timeout(chip: Chip, values: Values, _now: int) -> Answer:
    """`setExtendedTimeout`: the soft node knows its sleepy children itself, so it is kept and no more."""
    timeouts = chip.ram.extended_timeouts
    (timeouts.add if values["extendedTimeout"] else timeouts.discard)(values["remoteEui64"])
    return {"status": Status.SUCCESS}


def get_extended_timeout(chip: Chip, values: Values, _now: int) -> Answer:
    """`getExtendedTimeout`."""
    return {"extendedTimeout": values["remoteEui64"] in chip.ram.extended_timeouts}


def replace_address_table_entry(chip: Chip, values: Values, _now: int) -> Answer:
    """`replaceAddressTableEntry`."""
    index = values["addressTableIndex"]
    if index >= configured(chip, ADDRESS_TABLE_SIZE):
        return {"status": Status.ADDRESS_TABLE_INDEX_OUT_OF_RANGE}
    eui64, short, extended = chip.ram.addresses.get(index, (0, _NO_ADDRESS, False))
    chip.ram.addresses[index] = (values["newEui64"], values["newId"], values["newExtendedTimeout"])
    return {"status": Status.SUCCESS, "oldEui64": eui64, "oldId": short, "oldExtendedTimeout": extended}


def get_address_table_remote_node_id(chip: Chip, values: Values, _now: int) -> Answer:
    """`getAddressTableRemoteNodeId`."""
    return {"nodeId": chip.ram.addresses.get(values["addressTableIndex"], (0, _NO_ADDRESS, False))[1]}


def get_address_table_remote_eui64(chip: Chip, values: Values, _now: int) -> Answer:
    """`getAddressTableRemoteEui64`."""
    return {"eui64": chip.ram.addresses.get(values["addressTableIndex"], (0, _NO_ADDRESS, False))[0]}


def set_address_table_remote_eui64(chip: Chip, values: Values, _now: int) -> Answer:
    """`setAddressTableRemoteEui64`: its short address is looked up where it is known."""
    index, eui64 = values["addressTableIndex"], values["eui64"]
    if index >= configured(chip, ADDRESS_TABLE_SIZE):
        return {"status": Status.ADDRESS_TABLE_INDEX_OUT_OF_RANGE}
    short = chip.node.memory.addresses.get(Eui64(eui64), _NO_ADDRESS)
    chip.ram.addresses[index] = (eui64, short, False)
    return {"status": Status.SUCCESS}


def set_address_table_remote_node_id(chip: Chip, values: Values, _now: int) -> Answer:
    """`setAddressTableRemoteNodeId`."""
    index = values["addressTableIndex"]
    eui64, _, extended = chip.ram.addresses.get(index, (0, _NO_ADDRESS, False))
    chip.ram.addresses[index] = (eui64, values["nodeId"], extended)
    return {}


def address_table_entry_is_active(_chip: Chip, _values: Values, _now: int) -> Answer:
    """`addressTableEntryIsActive`: a row can be changed at any time here."""
    return {"active": False}


def get_address_table_info(chip: Chip, values: Values, _now: int) -> Answer:
    """`getAddressTableInfo`, and what EZSP 13 has instead."""
    index = values["addressTableIndex"]
    if index >= configured(chip, ADDRESS_TABLE_SIZE):
        return {"status": Status.INDEX_OUT_OF_RANGE, "nodeId": _NO_ADDRESS}
    eui64, short, _ = chip.ram.addresses.get(index, (0, _NO_ADDRESS, False))
    return {"status": Status.SUCCESS, "nodeId": short, "eui64": eui64}


def set_address_table_info(chip: Chip, values: Values, _now: int) -> Answer:
    """`setAddressTableInfo`."""
    index = values["addressTableIndex"]
    if index >= configured(chip, ADDRESS_TABLE_SIZE):
        return {"status": Status.INDEX_OUT_OF_RANGE}
    chip.ram.addresses[index] = (values["eui64"], values["nodeId"], False)
    return {"status": Status.SUCCESS}
