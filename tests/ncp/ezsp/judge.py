"""bellows as an independent judge: what its own types make of our octets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bellows import types  # type: ignore[import-untyped]
from bellows.ezsp import EZSP  # type: ignore[import-untyped]


def schema(version: int, name: str, way: str) -> Any:
    _, request, response = EZSP._BY_VERSION[version].COMMANDS[name]
    return request if way == "request" else response


def deserialized(kind: Any, octets: bytes) -> tuple[list[Any], bytes, bytes]:
    """The leaves of what bellows reads, what it leaves over, and what it makes of its own reading."""
    if isinstance(kind, type):
        value, rest = kind.deserialize(octets)  # type: ignore[attr-defined]
        return list(leaves(value)), rest, value.serialize()
    values, rest = types.deserialize_dict(octets, dict(kind))
    again = types.serialize_dict((), values, dict(kind))
    return [leaf for value in values.values() for leaf in leaves(value)], rest, again


def leaves(value: Any) -> Iterator[Any]:
    """Numbers and octets in their order, as plain Python."""
    if isinstance(value, types.EmberGpAddress):
        octets = value.serialize()
        yield from (octets[0], int.from_bytes(octets[1:9], "little"), octets[9])
    elif isinstance(value, types.EzspStruct):
        if any(field.type._bits % 8 for field in value.fields if hasattr(field.type, "_bits")):
            yield int.from_bytes(value.serialize(), "little")
            return
        for field, member in value.assigned_fields():
            # dBm, which bellows takes for unsigned in one of its structures.
            signed = field.name == "radioTxPower"
            yield from (int.from_bytes(member.serialize(), "little", signed=True),) if signed else leaves(member)
    elif isinstance(value, types.EUI64):
        yield int.from_bytes(value.serialize(), "little")
    elif isinstance(value, types.FixedList) and value._item_type is types.uint8_t:
        yield bytes(value)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, bytes):
        yield bytes(value)
    else:
        yield int(value)


def our_leaves(value: Any) -> Iterator[Any]:
    """The same of a value of ours."""
    if isinstance(value, Mapping):
        for member in value.values():
            yield from our_leaves(member)
    elif isinstance(value, tuple):
        for item in value:
            yield from our_leaves(item)
    elif isinstance(value, bytes):
        yield value
    else:
        yield int(value)
