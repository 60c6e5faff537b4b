"""What a host sends to many comes back to it, where its own stick is one of them.

A multicast was seen to come back from an EFR32MG24 with EmberZNet 8 (capture of an SLZB-06MG24 in the tests of the
public project zigbee-ninja): the APS frame as it was sent, the stick's own address without its EUI-64, LQI 255, RSSI 0,
no row of any table.  That broadcasts do the same, that only members hear their group, that a sleeping device is in no
broadcast to those awake, and that ZDO requests come back only to hosts that want to see any, are assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.commands.message_types import BROADCAST, MULTICAST, NO_INDEX, IncomingType
from emulator.ncp.commands.wanted import is_wanted
from emulator.ports.aps import BROADCAST_ALL, NodeType

LOOPBACKS: Final[Mapping[int, IncomingType]] = {
    MULTICAST: IncomingType.MULTICAST_LOOPBACK,
    BROADCAST: IncomingType.BROADCAST_LOOPBACK,
}
"""EmberOutgoingMessageType -> what it comes back as."""
_BEST_LQI, _NO_RSSI = 255, 0
_NO_EUI64: Final = 0


def is_addressed(chip: Chip, kind: int, destination: int, frame: Values) -> bool:
    """Whether the stick itself is one of those that its host sends to."""
    network = chip.node.facts.network()
    if network is None or (network.node_type is NodeType.SLEEPY and destination != BROADCAST_ALL):
        return False
    if kind == MULTICAST:
        rows = chip.ram.multicast.values()
        return any(row["endpoint"] and row["multicastId"] == frame["groupId"] for row in rows)
    return is_wanted(chip, frame["profileId"], frame["clusterId"])


def loopback(chip: Chip, kind: int, frame: Values, contents: bytes) -> Answer:
    """The fields of incomingMessageHandler."""
    network = chip.node.facts.network()
    assert network is not None
    return {
        "type": LOOPBACKS[kind],
        "apsFrame": frame,
        "lastHopLqi": _BEST_LQI,
        "lastHopRssi": _NO_RSSI,
        "sender": network.short,
        "senderEui64": _NO_EUI64,
        "bindingIndex": NO_INDEX,
        "addressIndex": NO_INDEX,
        "messageContents": contents,
    }
