"""Values for any field, drawn from a generator: the ends of the range more often than chance would have it."""

from __future__ import annotations

import random
import struct
from typing import Any

from emulator.ncp.ezsp.command import Command
from emulator.ncp.ezsp.lists import Counted, Greedy, Repeated
from emulator.ncp.ezsp.record import Record, SuccessRecord
from emulator.ncp.ezsp.wire import Integer, Octets, PrefixedOctets, StatusCode, Wire

GREEN_POWER_ADDRESS = frozenset({"applicationId", "id", "endpoint"})
MOST_OCTETS = 24
MOST_ITEMS = 5


def number(code: str, source: random.Random) -> int:
    bits = struct.calcsize(f"<{code}") * 8
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if code.islower() else (0, (1 << bits) - 1)
    return source.choice((low, high, source.randint(low, high), source.randint(low, high)))


def value_of(wire: Wire, source: random.Random) -> Any:
    match wire:
        case Integer() | StatusCode():
            assert wire.code is not None
            return number(wire.code, source)
        case Octets():
            return octets(wire.length, source)
        case PrefixedOctets():
            return octets(source.randint(0, MOST_OCTETS), source)
        case Repeated():
            return tuple(value_of(wire.item, source) for _ in range(wire.length))
        case Counted() | Greedy():
            return tuple(value_of(wire.item, source) for _ in range(source.randint(0, MOST_ITEMS)))
        case Record():
            return record_of(wire, source)
        case _:
            return source.choice((False, True))


def octets(length: int, source: random.Random) -> bytes:
    return bytes(source.randint(0, 255) for _ in range(length))


def record_of(record: Record, source: random.Random) -> dict[str, Any]:
    values = {field.name: value_of(field.wire, source) for field in record.fields}
    for field in record.fields:
        if field.count is not None:
            values[field.count] = len(values[field.name])
    if record.names == GREEN_POWER_ADDRESS:
        values["applicationId"] = source.choice((0, 2))
    if isinstance(record, SuccessRecord):
        return success_or_failure(record, values, source)
    return values


def success_or_failure(record: Record, values: dict[str, Any], source: random.Random) -> dict[str, Any]:
    if source.choice((False, True)):
        return {**values, "status": 0}
    return {**record.zero, "status": source.randint(1, 255)}


def both_ways(command: Command) -> tuple[tuple[str, Record], ...]:
    return ("request", command.request), ("response", command.response)
