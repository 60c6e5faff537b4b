"""Arguments and results of an `ApsPort` and its device as JSON, and back: lossless, readable, nothing but known types.

Numbers, texts, lists and None stand for themselves.  Everything else is an object with one key, its type: octets are
`{"hex": "00ff"}`, a tuple `{"tuple": [...]}`, a member of an enumeration `{"Outcome": "delivered"}`, a date
`{"utc": "2026-..."}`, and a value of `ports.aps` `{"ApsMessage": {...}}` with the fields that differ from defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from enum import Enum
from typing import Any, Final

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.ports import aps

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_RECORDS: Final[Mapping[str, type[Any]]] = {
    each.__name__: each
    for each in (
        aps.ApsFragment, aps.ApsIndication, aps.ApsMessage, aps.DeviceJoined, aps.DeviceLeft, aps.JoinRefused,
        aps.JoinSettings, aps.NetworkDown, aps.NetworkKeyChanged, aps.NetworkSettings, aps.NetworkUp,
        aps.SimpleDescriptor, aps.StackConfiguration,
    )
}  # fmt: skip
_ENUMS: Final[Mapping[str, type[Enum]]] = {
    each.__name__: each for each in (aps.ApplicationZdo, aps.NodeType, aps.Outcome)
}
_DEEPEST: Final = 16


def _plain(value: Any) -> Json:  # noqa: ANN401 - any value
    return value  # type: ignore[no-any-return]  # chosen by its type


_ENCODERS: Final[dict[type, Callable[[Any], Json]]] = {
    type(None): _plain,
    bool: _plain,
    int: _plain,
    float: _plain,
    str: _plain,
    bytes: lambda value: {"hex": value.hex()},
    list: lambda value: [encode(each) for each in value],
    tuple: lambda value: {"tuple": [encode(each) for each in value]},
    datetime: lambda value: {"utc": value.isoformat()},
}


def encode(value: object) -> Json:
    """A value as JSON.

    Raises:
        LocalProtocolError: it is of a type that recordings do not hold.
    """
    encoder = _ENCODERS.get(type(value)) or _encoder_of(type(value))
    return encoder(value)


def _encoder_of(kind: type) -> Callable[[Any], Json]:
    """Found once for a type."""
    name = kind.__name__
    if _RECORDS.get(name) is kind:
        encoder = _record_encoder(name, kind)
    elif _ENUMS.get(name) is kind:
        encoder = _enum_encoder(name)
    elif issubclass(kind, bytearray | memoryview):
        encoder = _octets
    elif issubclass(kind, int):
        encoder = int
    else:
        raise LocalProtocolError(f"a recording does not hold values of type {name}")
    _ENCODERS[kind] = encoder
    return encoder


def _octets(value: bytearray | memoryview) -> Json:
    return {"hex": bytes(value).hex()}


def _enum_encoder(name: str) -> Callable[[Enum], Json]:
    return lambda value: {name: value.value}


def _record_encoder(name: str, kind: type) -> Callable[[Any], Json]:
    known = [(each.name, _default(each)) for each in fields(kind)]

    def encode_record(value: Any) -> Json:  # noqa: ANN401 - of that kind
        held: dict[str, Json] = {}
        for field, default in known:
            item = getattr(value, field)
            if item != default or type(item) is not type(default):
                held[field] = encode(item)
        return {name: held}

    return encode_record


def _default(field: Field[Any]) -> object:
    """What a field is left out for; a sentinel equal to nothing where it has no default."""
    return field.default if field.default is not MISSING else MISSING


def decode(value: Json) -> Any:  # noqa: ANN401 - any value
    """What `encode` made JSON of.

    Raises:
        DecodeError: it is none of that.
    """
    try:
        return _decode(value, 0)
    except (TypeError, ValueError, KeyError, AttributeError, LocalProtocolError) as error:
        raise DecodeError(f"recorded value: {error}") from error


def _decode(value: Json, depth: int) -> Any:  # noqa: ANN401 - as above
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return [_decode(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError(f"an object with {len(value)} keys")
    ((name, held),) = value.items()
    return _decode_typed(name, held, depth)


def _decode_typed(name: str, held: Json, depth: int) -> Any:  # noqa: ANN401 - as above
    if name == "hex" and isinstance(held, str):
        return bytes.fromhex(held)
    if name == "tuple" and isinstance(held, list):
        return tuple(_decode(each, depth + 1) for each in held)
    if name == "utc" and isinstance(held, str):
        return datetime.fromisoformat(held)
    if name in _ENUMS:
        return _ENUMS[name](held)
    if name in _RECORDS and isinstance(held, dict):
        return _RECORDS[name](**{key: _decode(each, depth + 1) for key, each in held.items()})
    raise ValueError(f"{name!r} is no type of recordings")
