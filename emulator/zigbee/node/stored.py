"""The memory of a node in a plain form, JSON-ready, for a file that outlives the program; keys are in it as they are.

Counters come back as a power cut leaves them: at the next one that has certainly not been used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from emulator.core.aes import CcmStar
from emulator.core.errors import BadInput, DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.zigbee.node.memory import Child, LinkKey, LinkKeyKind, Membership, NodeMemory
from emulator.zigbee.security.counters import EXHAUSTED, OutgoingCounter
from emulator.zigbee.security.keys import KEY_OCTETS

_SHORT: Final = 0xFFFF
_OCTET: Final = 0xFF
_CHANNELS: Final = (11, 26)

Stored = Mapping[str, Any]
Read = TypeVar("Read")


def stored_memory(memory: NodeMemory) -> dict[str, object]:
    """Everything of a memory that outlives a power cut."""
    return {
        "membership": None if memory.membership is None else _membership(memory.membership),
        "nwk_outgoing": memory.nwk_outgoing.reserved,
        "nwk_incoming": {eui64_text(device): counter for device, counter in memory.nwk_incoming.items()},
        "link_keys": {eui64_text(partner): _link_key(key) for partner, key in memory.link_keys.items()},
        "children": [_child(child) for child in memory.children.values()],
        "addresses": {eui64_text(device): short for device, short in memory.addresses.items()},
        "allowed": {eui64_text(device): key.hex() for device, key in memory.allowed.items()},
        "aps_counter": memory.aps_counter,
        "aps_floor": memory.aps_floor,
    }


def restored_memory(stored: object) -> NodeMemory:
    """What `stored_memory` made.

    Raises:
        DecodeError: it is anything else; the text says which part.
    """
    if not isinstance(stored, Mapping):
        raise DecodeError("memory of a node: no object")
    values: dict[str, Any] = {}
    for part, restore in _PARTS:
        try:
            values[part] = restore(stored[part])
        except (KeyError, TypeError, ValueError, AttributeError, BadInput, LocalProtocolError) as error:
            raise DecodeError(f"memory of a node: {part}: {error}") from error
    addresses: dict[Eui64, int] = values.pop("addresses")
    memory = NodeMemory(**values)
    for device, short in addresses.items():
        memory.learn(device, short)
    return memory


# --- there -----------------------------------------------------------------------------------------------------------


def _membership(membership: Membership) -> dict[str, object]:
    return {
        "channel": membership.channel,
        "pan_id": membership.pan_id,
        "extended_pan_id": eui64_text(membership.extended_pan_id),
        "short": membership.short,
        "parent": membership.parent,
        "trust_centre": eui64_text(membership.trust_centre),
        "network_key": membership.network_key.hex(),
        "key_sequence": membership.key_sequence,
        "depth": membership.depth,
        "next_key": membership.next_key.hex(),
        "next_sequence": membership.next_sequence,
        "update_id": membership.update_id,
    }


def _link_key(key: LinkKey) -> dict[str, object]:
    return {
        "key": key.key.hex(),
        "outgoing": key.outgoing.reserved,
        "incoming": key.incoming,
        "kind": key.kind.value,
    }


def _child(child: Child) -> dict[str, object]:
    return {
        "eui64": eui64_text(child.eui64),
        "short": child.short,
        "sleepy": child.sleepy,
        "timeout": child.timeout,
    }


# --- and back --------------------------------------------------------------------------------------------------------


def _number(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{value!r} is no number from {low} to {high}")
    return value


def _short(value: object) -> int:
    return _number(value, 0, _SHORT)


def _octet(value: object) -> int:
    return _number(value, 0, _OCTET)


def _incoming(value: object) -> int:
    return _number(value, -1, EXHAUSTED)


def _counter(value: object) -> OutgoingCounter:
    return OutgoingCounter(_number(value, 0, EXHAUSTED))


def _key(value: object) -> bytes:
    key = bytes.fromhex(str(value))
    if len(key) != KEY_OCTETS:
        raise ValueError(f"a key of {len(key)} octets, {KEY_OCTETS} are needed")
    return key


def _optional(value: object, read: Callable[[object], Read]) -> Read | None:
    return None if value is None else read(value)


def _by_device(stored: Mapping[str, object], read: Callable[[object], Read]) -> dict[Eui64, Read]:
    return {parse_eui64(device): read(value) for device, value in stored.items()}


def _membership_of(stored: Stored | None) -> Membership | None:
    if stored is None:
        return None
    return Membership(
        _number(stored["channel"], *_CHANNELS),
        _short(stored["pan_id"]),
        parse_eui64(stored["extended_pan_id"]),
        _short(stored["short"]),
        _short(stored["parent"]),
        parse_eui64(stored["trust_centre"]),
        _key(stored["network_key"]),
        _octet(stored["key_sequence"]),
        _octet(stored["depth"]),
        _key(stored["next_key"]) if stored["next_key"] else b"",
        _octet(stored["next_sequence"]),
        _octet(stored["update_id"]),
    )


def _link_key_of(value: object) -> LinkKey:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no link key")
    key = _key(value["key"])
    return LinkKey(
        key,
        CcmStar(key),
        _counter(value["outgoing"]),
        _incoming(value["incoming"]),
        kind=LinkKeyKind(value["kind"]),
    )


def _children(stored: list[Stored]) -> dict[int, Child]:
    children = [_child_of(one) for one in stored]
    return {child.short: child for child in children}


def _child_of(stored: Stored) -> Child:
    if not isinstance(stored["sleepy"], bool):
        raise TypeError(f"{stored['sleepy']!r} is neither true nor false")
    timeout = _optional(stored["timeout"], lambda value: _number(value, 0, 1 << 62))
    return Child(parse_eui64(stored["eui64"]), _short(stored["short"]), stored["sleepy"], timeout)


_PARTS: Final[tuple[tuple[str, Callable[[Any], object]], ...]] = (
    ("membership", _membership_of),
    ("nwk_outgoing", _counter),
    ("nwk_incoming", lambda value: _by_device(value, _incoming)),
    ("link_keys", lambda value: _by_device(value, _link_key_of)),
    ("children", _children),
    ("addresses", lambda value: _by_device(value, _short)),
    ("allowed", lambda value: _by_device(value, _key)),
    ("aps_counter", lambda value: _optional(value, _octet)),
    ("aps_floor", lambda value: _number(value, 0, EXHAUSTED)),
)
"""What there is, and how each is checked."""
