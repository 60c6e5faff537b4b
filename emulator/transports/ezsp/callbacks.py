"""What a stick says by itself, as values: the same for EZSP 13 and for 14 to 19.

The two frequent ones are read here from the octets of the frame, before bellows sees them: its own joining of fragments
reads the wrong fields from EZSP 14 on.  Both are little-endian; their layouts are those of bellows' command tables.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64

APS_FRAGMENT: Final = 0x8000
APS_LINK_KEY: Final = 0x0020
APS_RETRY: Final = 0x0040
APS_ROUTE_DISCOVERY: Final = 0x0100
APS_RESPONSE_REQUIRED: Final = 0x4000
NEW_LAYOUT: Final = 14
"""The first version with the other order of fields and four octets of status."""

_NO_EUI64: Final = (0, 0xFFFF_FFFF_FFFF_FFFF)
_FIRST_BROADCAST, _LAST_TYPE = 2, 5
_LOOPBACK = (3, 5)
_APS = "HHBBHHB"
_INCOMING_13 = struct.Struct(f"<B{_APS}BbHBB")
_INCOMING_14 = struct.Struct(f"<B{_APS}HQBBBbI")
_SENT_13 = struct.Struct(f"<BH{_APS}BB")
_SENT_14 = struct.Struct(f"<IBH{_APS}H")


@dataclass(frozen=True, slots=True)
class ApsHeader:
    """The APS part of a message; `options` as `EmberApsOption`, `group` a group or number and count of a fragment."""

    profile: int
    cluster: int
    source_endpoint: int
    destination_endpoint: int
    options: int
    group: int
    sequence: int


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """A message: to us alone, or (`broadcast`) to many; `own` is one of our own broadcasts coming back."""

    source: int
    source_eui64: Eui64 | None
    aps: ApsHeader
    payload: bytes
    lqi: int
    rssi: int
    broadcast: bool
    own: bool


@dataclass(frozen=True, slots=True)
class MessageSent:
    """What became of the message with `tag`; `status` as in `status`."""

    tag: int
    status: int


@dataclass(frozen=True, slots=True)
class StackStatus:
    """Something about the network: up, down, a parent lost, a join that failed."""

    status: int


@dataclass(frozen=True, slots=True)
class PollCompleted:
    """A sleepy device asked its parent; of those that fail, only what is more than pollForData tolerates is told."""

    status: int


@dataclass(frozen=True, slots=True)
class DeviceKnocked:
    """To a trust centre: a device joined, came back or left; `update` and `decision` as EmberZNet numbers them."""

    eui64: Eui64
    short: int
    parent: int
    update: int
    decision: int


@dataclass(frozen=True, slots=True)
class ChildChanged:
    """A child of ours came or went."""

    eui64: Eui64
    short: int
    joining: bool
    sleepy: bool


@dataclass(frozen=True, slots=True)
class KeySwitched:
    """Another network key is in force, with this sequence number."""

    sequence: int


@dataclass(frozen=True, slots=True)
class SenderEui64:
    """EZSP 13: the EUI-64 of who sent the message that comes next."""

    eui64: Eui64


@dataclass(frozen=True, slots=True)
class FrameHeard:
    """A frame on the channel, while the functions of manufacturing listen; its last two octets are not the FCS."""

    octets: bytes
    lqi: int
    rssi: int


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A callback whose octets are none."""

    name: str


Callback = (
    MessageArrived
    | MessageSent
    | StackStatus
    | PollCompleted
    | DeviceKnocked
    | ChildChanged
    | KeySwitched
    | SenderEui64
    | FrameHeard
    | NotUnderstood
)


def read_message_arrived(body: bytes, version: int) -> MessageArrived:
    """`incomingMessageHandler` without its header; DecodeError where octets are missing."""
    layout = _INCOMING_13 if version < NEW_LAYOUT else _INCOMING_14
    fields, payload = _split(layout, body)
    kind, aps, rest = fields[0], ApsHeader(*fields[1:8]), fields[8:]
    if version < NEW_LAYOUT:
        lqi, rssi, source, _, _ = rest
        eui64 = None
    else:
        source, number, _, _, lqi, rssi, _ = rest
        eui64 = None if number in _NO_EUI64 else Eui64(number)
    if kind > _LAST_TYPE:
        raise DecodeError(f"message of type {kind}")
    return MessageArrived(source, eui64, aps, payload, lqi, rssi, kind >= _FIRST_BROADCAST, kind in _LOOPBACK)


def read_message_sent(body: bytes, version: int) -> tuple[int, int]:
    """Tag and raw status of `messageSentHandler` without its header; DecodeError where octets are missing."""
    if version < NEW_LAYOUT:
        fields, _ = _split(_SENT_13, body)
        return fields[9], fields[10]
    fields, _ = _split(_SENT_14, body)
    return fields[10], fields[0]


def _split(layout: struct.Struct, body: bytes) -> tuple[tuple[int, ...], bytes]:
    """The fixed fields, and the counted octets after them."""
    end = layout.size + 1
    if len(body) < end or len(body) < end + body[layout.size]:
        raise DecodeError(f"callback of {len(body)} octets")
    return layout.unpack_from(body), bytes(body[end : end + body[layout.size]])
