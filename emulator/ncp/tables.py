"""The commands of every EZSP version, compiled from the tables of bellows; nobody else here sees those.

bellows describes the host's end, so its request schemas are what a stick receives and its response schemas what it
sends.  Three of its entries are corrected:

- startScan answers an sl_Status on EZSP 13 already (`ezspStartScan` of EmberZNet 7's host sources, and
  zigbee-herdsman); a host that expects one octet takes the first of the four.
- sendPanIdUpdate answers a truth value in every version (`ezspSendPanIdUpdate`, as above).
- radioTxPower of a network is a signed number of dBm (UG100, EmberNetworkParameters).

And in two places a value is brought into one form: getExtendedTimeout's answer is the truth value `extendedTimeout`,
which EZSP 14 and later send as a status, and a Green Power address is its 8 octets, whatever they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from bellows import ezsp, types  # type: ignore[import-untyped]

from emulator.core.errors import LocalProtocolError
from emulator.ncp.ezsp import names
from emulator.ncp.ezsp.command import Command, CommandTable
from emulator.ncp.ezsp.lists import Counted, Greedy, Repeated
from emulator.ncp.ezsp.record import Field, Record, SuccessRecord, Values
from emulator.ncp.ezsp.status import Status, StatusType
from emulator.ncp.ezsp.status_names import OTHER_NAMES
from emulator.ncp.ezsp.wire import Flag, FlagStatus, Integer, Octets, PrefixedOctets, StatusCode, SuccessFlag, Wire

VERSIONS = (13, 14, 16, 17, 18, 19)
"""The EZSP versions a virtual stick speaks."""

COUNTERS = 42
"""How many counters a stick reports; hosts read up to 42 (zigbee-herdsman), none minds more than it knows."""

_MODULES = MappingProxyType(
    {
        13: ezsp.v13.commands,
        14: ezsp.v14.commands,
        16: ezsp.v16.commands,
        17: ezsp.v17.commands,
        18: ezsp.v18.commands,
        19: ezsp.v19.commands,
    }
)

_STATUS_TYPES = MappingProxyType(
    {
        StatusType.EMBER: types.EmberStatus,
        StatusType.EZSP: types.EzspStatus,
        StatusType.SL: types.sl_Status,
    }
)

_BITS_IN_OCTET = 8


def _numbers(kind: StatusType) -> Mapping[Status, int]:
    members, other = _STATUS_TYPES[kind].__members__, OTHER_NAMES[kind]
    named = {status: other.get(status, status.name) for status in Status}
    return MappingProxyType({status: int(members[name]) for status, name in named.items() if name in members})


STATUS_NUMBERS: Mapping[StatusType, Mapping[Status, int]] = MappingProxyType(
    {kind: _numbers(kind) for kind in StatusType}
)
"""Type of a status field -> status -> its number there."""

_EMBER_STATUS = StatusCode(StatusType.EMBER, STATUS_NUMBERS[StatusType.EMBER], 1)
_EZSP_STATUS = StatusCode(StatusType.EZSP, STATUS_NUMBERS[StatusType.EZSP], 1)
_SL_STATUS = StatusCode(StatusType.SL, STATUS_NUMBERS[StatusType.SL], 4)
_EZSP_STATUS_OF_4 = StatusCode(StatusType.EZSP, STATUS_NUMBERS[StatusType.EZSP], 4)
_COUNTERS = Greedy(Integer(2), COUNTERS)

_GREEN_POWER_ADDRESS = Record(
    (Field("applicationId", Integer(1)), Field("id", Integer(8)), Field("endpoint", Integer(1)))
)

_CORRECTED: Mapping[tuple[str, str], Wire] = MappingProxyType(
    {
        ("startScan", "status"): _SL_STATUS,
        ("sendPanIdUpdate", "status"): SuccessFlag(),
        ("readCounters", "values"): _COUNTERS,
        ("readAndClearCounters", "values"): _COUNTERS,
        ("EmberNetworkParameters", "radioTxPower"): Integer(1, signed=True),
    }
)
"""Command or structure, and field as bellows calls it -> its type."""

_COUNTED_BY = MappingProxyType({"inputClusterList": "inputClusterCount", "outputClusterList": "outputClusterCount"})


class _Entry(NamedTuple):
    """A command as one version has it."""

    name: str
    frame_id: int
    request: Record
    response: Record


def commands(version: int) -> CommandTable:
    """The commands of an EZSP version; LocalProtocolError if it is none of `VERSIONS`."""
    try:
        return _tables()[version]
    except KeyError:
        raise LocalProtocolError(f"EZSP {version} is none of {', '.join(map(str, VERSIONS))}") from None


@cache
def identifiers(kind: str) -> Mapping[str, int]:
    """Names and numbers of one of EZSP's enumerations or bitmasks, called as in UG100: `EzspConfigId`, `EmberNodeType`.

    Names are those of bellows, which are UG100's without the prefix: `CONFIG_STACK_PROFILE`, `ROUTER`.

    Raises:
        LocalProtocolError: there is none of that name.
    """
    members = getattr(getattr(types, kind, None), "__members__", None)
    if members is None:
        raise LocalProtocolError(f"{kind} is no enumeration of EZSP")
    return MappingProxyType({name: int(member) for name, member in members.items()})


@cache
def _tables() -> Mapping[int, CommandTable]:
    entries = {version: list(_entries(version)) for version in VERSIONS}
    requests, responses = _fields_of_any_version(entries.values())
    return MappingProxyType(
        {
            version: CommandTable(version, (_command(entry, requests, responses) for entry in entries[version]))
            for version in VERSIONS
        }
    )


def _entries(version: int) -> Iterator[_Entry]:
    for name, (frame_id, request, response) in _MODULES[version].COMMANDS.items():
        yield _Entry(name, int(frame_id), _request(name, request), _response(name, response))


def _fields_of_any_version(tables: Iterable[list[_Entry]]) -> tuple[dict[str, dict[str, Any]], dict[str, set[str]]]:
    """Command -> the zero values of its request's fields, and the names of its response's, over all versions."""
    requests: dict[str, dict[str, Any]] = {}
    responses: dict[str, set[str]] = {}
    for entries in tables:
        for entry in entries:
            requests.setdefault(entry.name, {}).update(entry.request.zero)
            responses.setdefault(entry.name, set()).update(entry.response.names)
    return requests, responses


def _command(entry: _Entry, requests: Mapping[str, Values], responses: Mapping[str, set[str]]) -> Command:
    said = {**requests[entry.name], **names.ABSENT.get(entry.name, {})}
    absent = {name: value for name, value in said.items() if name not in entry.request.names}
    foreign = frozenset(responses[entry.name]) - entry.response.names
    return Command(entry.name, entry.frame_id, entry.request, entry.response, MappingProxyType(absent), foreign)


# --- schemas ---------------------------------------------------------------------------------------------------------


def _request(command: str, schema: Any) -> Record:  # noqa: ANN401 - bellows is untyped
    return Record(
        tuple(
            Field(names.request_field(command, name), wire, optional, _COUNTED_BY.get(name))
            for name, wire, optional in _fields(command, schema)
        )
    )


def _response(command: str, schema: Any) -> Record:  # noqa: ANN401 - bellows is untyped
    fields = tuple(
        _in_one_form(command, Field(names.response_field(command, name), wire, optional))
        for name, wire, optional in _fields(command, schema)
    )
    return SuccessRecord(fields) if command == "getTokenData" else Record(fields)


def _in_one_form(command: str, field: Field) -> Field:
    if command == "getExtendedTimeout" and field.wire is _SL_STATUS:
        return Field("extendedTimeout", FlagStatus(_SL_STATUS))
    # Hosts look for the EzspStatus in the first octet also where the field has four.
    if command == "invalidCommand" and field.wire is _SL_STATUS:
        return Field(field.name, _EZSP_STATUS_OF_4)
    return field


def _fields(owner: str, schema: Any) -> Iterator[tuple[str, Wire, bool]]:  # noqa: ANN401 - bellows is untyped
    """Name, type and whether it is optional of every field, with the structures taken apart that are to be."""
    for name, kind, optional in _members(schema):
        other_names = names.TAKEN_APART.get(kind.__name__)
        if other_names is None:
            yield name, _wire(owner, name, kind), optional
            continue
        for inner, inner_kind, _ in _members(kind):
            inner_name = names.camel_case(inner)
            yield other_names.get(inner_name, inner_name), _wire(kind.__name__, inner, inner_kind), False


def _members(schema: Any) -> Iterator[tuple[str, type[Any], bool]]:  # noqa: ANN401 - bellows is untyped
    """A schema is a dictionary, an empty tuple, or a class of structures."""
    if isinstance(schema, type):
        yield from ((field.name, field.type, bool(field.optional)) for field in schema.fields)  # type: ignore[attr-defined]
    else:
        yield from ((name, kind, False) for name, kind in dict(schema).items())


# --- types -----------------------------------------------------------------------------------------------------------


def _wire(owner: str, name: str, kind: Any) -> Wire:  # noqa: ANN401 - bellows is untyped
    return _CORRECTED.get((owner, name)) or _wire_of(kind)


@cache
def _wire_of(kind: Any) -> Wire:  # noqa: ANN401 - bellows is untyped
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if hasattr(kind, "_bits"):
        return Integer(kind._bits // _BITS_IN_OCTET, signed=kind._signed)
    for base, make in _BY_BASE.items():
        if issubclass(kind, base):
            return make(kind)
    raise LocalProtocolError(f"bellows has a type of fields that is not known here: {kind.__name__}")


def _structure(kind: Any) -> Wire:  # noqa: ANN401 - bellows is untyped
    if any(field.requires for field in kind.fields):
        raise LocalProtocolError(f"bellows has a conditional field that is not known here, in {kind.__name__}")
    bits = sum(getattr(field.type, "_bits", _BITS_IN_OCTET) for field in kind.fields)
    if any(getattr(field.type, "_bits", _BITS_IN_OCTET) % _BITS_IN_OCTET for field in kind.fields):
        return Integer(bits // _BITS_IN_OCTET)
    return Record(
        tuple(
            Field(names.camel_case(name), _wire(kind.__name__, name, member), optional)
            for name, member, optional in _members(kind)
        )
    )


def _fixed_list(kind: Any) -> Wire:  # noqa: ANN401 - bellows is untyped
    if kind._item_type is types.uint8_t:
        return Octets(kind._length)
    return Repeated(_wire_of(kind._item_type), kind._length)


_BY_TYPE: Mapping[type[Any], Wire] = MappingProxyType(
    {
        types.EmberStatus: _EMBER_STATUS,
        types.EzspStatus: _EZSP_STATUS,
        types.sl_Status: _SL_STATUS,
        types.Bool: Flag(),
        types.EmberGpAddress: _GREEN_POWER_ADDRESS,
    }
)

_BY_BASE: Mapping[type[Any], Callable[[Any], Wire]] = MappingProxyType(
    {
        types.EUI64: lambda _: Integer(8),
        types.EzspStruct: _structure,
        types.LVBytes: lambda kind: PrefixedOctets(kind._prefix_length),
        types.FixedList: _fixed_list,
        types.LVList: lambda kind: Counted(_wire_of(kind._item_type)),
        types.List: lambda kind: Greedy(_wire_of(kind._item_type)),
    }
)
"""In this order: an EUI-64 is a fixed list too."""
