"""One set of names, and one way to say it, out of six EZSP versions.

UG100 calls fields `apsFrame` and `messageTag`; bellows keeps those names up to EZSP 13 and writes what came later as
`aps_frame` and `message_tag`.  Here all names are of the first kind: mechanically where that is enough, by `RENAMED`
where a field has another name in another version.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NO_ALIAS = 0xFFFF
"""Source of a broadcast or multicast that is nobody else's."""

_TO_ALL_AWAKE = 0xFFFD
_NO_LIMIT = 7

_MESSAGE = {"messageType": "type", "nwk": "indexOrDestination", "message": "messageContents"}

RENAMED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sendUnicast": _MESSAGE,
        "sendBroadcast": {"message": "messageContents"},
        "sendMulticast": {"message": "messageContents"},
        "messageSentHandler": _MESSAGE,
        "incomingMessageHandler": {
            "messageType": "type",
            "nwk": "sender",
            "eui64": "senderEui64",
            "lqi": "lastHopLqi",
            "rssi": "lastHopRssi",
            "timestamp": "lastHopTimestamp",
            "message": "messageContents",
        },
        "setAddressTableInfo": {"index": "addressTableIndex", "nwk": "nodeId"},
        "getAddressTableInfo": {"index": "addressTableIndex", "nwk": "nodeId"},
        "setAddressTableRemoteNodeId": {"id": "nodeId"},
        "getApsKeyInfo": {"eui": "eui64"},
        "setLogicalAndRadioChannel": {"": "radioChannel"},
    }
)
"""Command -> name of a field, in either direction -> the name it has here."""

RENAMED_IN_REQUEST: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sendBroadcast": {"sequence": "nwkSequence"},
        "sendMulticast": {"sequence": "nwkSequence"},
    }
)
"""As `RENAMED`, for the request alone: the response has another `sequence`."""

RENAMED_IN_RESPONSE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "exportLinkKeyByEui": {"index": "keyIndex"},
    }
)
"""As `RENAMED`, for the response alone."""

TAKEN_APART: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "SlRxPacketInfo": {"senderShortId": "sender", "senderLongId": "senderEui64"},
        "SecurityManagerContextV13": {},
    }
)
"""Structures whose fields stand among the command's own, and the fields of theirs that have another name here."""

ABSENT: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "sendBroadcast": {"alias": NO_ALIAS},
        "sendMulticast": {"alias": NO_ALIAS, "broadcastAddr": _TO_ALL_AWAKE, "nonmemberRadius": _NO_LIMIT},
    }
)
"""Command -> what a field of the request says that the version does not carry, if that is not zero.

Up to EZSP 13 a multicast has no broadcast address: it goes to all that are awake (0xFFFD).  From 14 on it has no radius
for those outside the group: no limit, which is 7 (UG100, sendMulticast).
"""


def camel_case(name: str) -> str:
    """`aps_frame` as `apsFrame`; names of that kind stay as they are."""
    first, *others = name.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def request_field(command: str, name: str) -> str:
    """The name here of a field of a request."""
    return _renamed(command, camel_case(name), RENAMED_IN_REQUEST)


def response_field(command: str, name: str) -> str:
    """The name here of a field of a response or callback."""
    return _renamed(command, camel_case(name), RENAMED_IN_RESPONSE)


def _renamed(command: str, name: str, one_way: Mapping[str, Mapping[str, str]]) -> str:
    either_way = RENAMED.get(command, {})
    return one_way.get(command, {}).get(name, either_way.get(name, name))
