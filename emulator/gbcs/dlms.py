"""As much of DLMS as the use cases of Communications Hubs need: access requests and responses, notifications, data.

Sources: the CCS and CS14 messages of RTDS 4.5.0.  Every use case knows just which data it expects, so there is no tree
of values: a reader is asked for one kind after the other, and anything else is a DecodeError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.octets import Reader
from emulator.gbcs.envelope import encode_length, read_length

DATE_TIME_OCTETS = 12
NOT_SPECIFIED = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
"""A date-time that says nothing."""

NULL_DATA = b"\x00"

_ANY = 0xFF
_NO_DEVIATION = b"\x80\x00"

_ARRAY = 0x01
_STRUCTURE = 0x02
_BOOLEAN = 0x03
_BIT_STRING = 0x04
_OCTET_STRING = 0x09
_INTEGER = 0x0F
_UNSIGNED = 0x11
_LONG_UNSIGNED = 0x12
_ENUM = 0x16

_ACCESS_REQUEST = 0xD9
_ACCESS_RESPONSE = 0xDA
_DATA_NOTIFICATION = 0x0F
_NO_DATE_TIME = b"\x00"
_NO_SPECIFICATIONS = b"\x00"
_CONFIRMED = 0x20
_INVOCATION_BITS = 24
_TRUE = 0xFF
_BYTE = 8


class Service(IntEnum):
    """What is done with an attribute or method."""

    GET = 1
    SET = 2
    ACTION = 3


class ResultCode(IntEnum):
    """How it went; names as DLMS has them for attributes and methods."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    OTHER_REASON = 250


@dataclass(frozen=True, slots=True)
class Specification:
    """One thing to do.

    Attributes:
        service: GET, SET or ACTION.
        class_id: of the object, 16 bits.
        instance: its OBIS code, 6 octets.
        member: the number of the attribute or method.
    """

    service: Service
    class_id: int
    instance: bytes
    member: int

    def encode(self) -> bytes:
        """The octets."""
        return bytes((self.service,)) + self.class_id.to_bytes(2, "big") + self.instance + bytes((self.member,))


def long_invoke_id(originator_counter: int) -> int:
    """The long-invoke-id of the Command with this Originator Counter: confirmed, and the counter's low 24 bits."""
    return _CONFIRMED << _INVOCATION_BITS | originator_counter & (1 << _INVOCATION_BITS) - 1


def date_time(date: datetime) -> bytes:
    """A date as DLMS writes it, 12 octets: UTC, whole seconds; day of week, deviation and status say nothing."""
    utc = date.astimezone(UTC)
    day = utc.year.to_bytes(2, "big") + bytes((utc.month, utc.day, _ANY))
    return day + bytes((utc.hour, utc.minute, utc.second, 0)) + _NO_DEVIATION + bytes((_ANY,))


# --- what is sent ----------------------------------------------------------------------------------------------------


def request(invoke_id: int, specifications: Sequence[Specification], data: Sequence[bytes]) -> bytes:
    """An access request; `data` has one encoded value to each specification."""
    specified = b"".join(specification.encode() for specification in specifications)
    head = bytes((_ACCESS_REQUEST,)) + _four(invoke_id) + _NO_DATE_TIME
    return head + encode_length(len(specifications)) + specified + encode_length(len(data)) + b"".join(data)


def response(invoke_id: int, data: Sequence[bytes], results: Sequence[tuple[Service, int]]) -> bytes:
    """An access response; `data` and `results` have one entry to each specification of the request."""
    outcome = b"".join(bytes((service, result)) for service, result in results)
    head = bytes((_ACCESS_RESPONSE,)) + _four(invoke_id) + _NO_DATE_TIME + _NO_SPECIFICATIONS
    return head + encode_length(len(data)) + b"".join(data) + encode_length(len(results)) + outcome


def notification(invoke_id: int, value: bytes) -> bytes:
    """A data notification without a date-time of its own."""
    return bytes((_DATA_NOTIFICATION,)) + _four(invoke_id) + _NO_DATE_TIME + value


def parts(number: int) -> bytes:
    """The start of a structure of so many values."""
    return bytes((_STRUCTURE,)) + encode_length(number)


def structure(*values: bytes) -> bytes:
    """Values of different kinds, encoded."""
    return parts(len(values)) + b"".join(values)


def array(values: Sequence[bytes]) -> bytes:
    """Values of one kind, encoded."""
    return bytes((_ARRAY,)) + encode_length(len(values)) + b"".join(values)


def octet_string(octets: bytes) -> bytes:
    """Octets."""
    return bytes((_OCTET_STRING,)) + encode_length(len(octets)) + octets


def bit_string(bits: int) -> bytes:
    """Eight bits, the first the most significant."""
    return bytes((_BIT_STRING, _BYTE, bits))


def boolean(value: bool) -> bytes:
    """True or false."""
    return bytes((_BOOLEAN, _TRUE if value else 0))


def integer(value: int) -> bytes:
    """A signed number of one octet."""
    return bytes((_INTEGER,)) + value.to_bytes(1, "big", signed=True)


def unsigned(value: int) -> bytes:
    """A number of one octet."""
    return bytes((_UNSIGNED, value))


def long_unsigned(value: int) -> bytes:
    """A number of two octets."""
    return bytes((_LONG_UNSIGNED,)) + value.to_bytes(2, "big")


def enumerated(value: int) -> bytes:
    """One of a list, one octet."""
    return bytes((_ENUM, value))


def _four(invoke_id: int) -> bytes:
    if not 0 <= invoke_id < 1 << 32:
        raise LocalProtocolError(f"a long-invoke-id has 32 bits, not {invoke_id:#x}")
    return invoke_id.to_bytes(4, "big")


# --- what is received ------------------------------------------------------------------------------------------------


class DlmsReader(Reader):
    """Takes values of the kind asked for; DecodeError, beginning with `what`, for any other.

    Args:
        data: the whole payload.
        what: the message, as errors call it.
    """

    __slots__ = ("_what",)

    def __init__(self, data: bytes, what: str) -> None:
        super().__init__(data)
        self._what = what

    def request(self, specifications: Sequence[Specification]) -> int:
        """An access request for just these, up to its data; the long-invoke-id."""
        invoke_id = self._head(_ACCESS_REQUEST, "access request")
        expected = b"".join(specification.encode() for specification in specifications)
        self._expect(encode_length(len(specifications)) + expected, "access request specifications")
        self._expect(encode_length(len(specifications)), "number of data")
        return invoke_id

    def response(self, number: int) -> int:
        """An access response with so many data, up to these; the long-invoke-id."""
        invoke_id = self._head(_ACCESS_RESPONSE, "access response")
        self._expect(_NO_SPECIFICATIONS, "access response specifications")
        self._expect(encode_length(number), "number of data")
        return invoke_id

    def results(self, services: Sequence[Service]) -> tuple[int, ...]:
        """The results at the end of an access response, one for each of these services."""
        self._expect(encode_length(len(services)), "number of results")
        codes = []
        for service in services:
            self._expect(bytes((service,)), "service of a result")
            codes.append(self.big(1, f"{self._what}: result"))
        self.end()
        return tuple(codes)

    def notification(self) -> int:
        """A data notification, up to its value; the long-invoke-id."""
        return self._head(_DATA_NOTIFICATION, "data notification")

    def end(self) -> None:
        """Nothing more."""
        self.finish(self._what)

    def nothing(self, field: str) -> None:
        """Null data."""
        self._expect(NULL_DATA, field)

    def is_nothing(self) -> bool:
        """Whether null data comes next; it is read if so."""
        if self._data[self.position : self.position + 1] != NULL_DATA:
            return False
        self.nothing("null data")
        return True

    def structure(self, number: int, field: str) -> None:
        """The start of a structure of so many values."""
        self._expect(parts(number), field)

    def parts(self, field: str) -> int:
        """The start of a structure; how many values it has, no more than there are octets left."""
        self._expect(bytes((_STRUCTURE,)), field)
        return read_length(self, f"{self._what}: {field}")

    def array(self, field: str) -> int:
        """The start of an array; how many values it has, no more than there are octets left."""
        self._expect(bytes((_ARRAY,)), field)
        return read_length(self, f"{self._what}: {field}")

    def octet_string(self, field: str, *lengths: int) -> bytes:
        """Octets, of one of these lengths."""
        self._expect(bytes((_OCTET_STRING,)), field)
        length = read_length(self, f"{self._what}: {field}")
        if length not in lengths:
            raise DecodeError(f"{self._what}: {field}: {length} octets, not {' or '.join(map(str, lengths))}")
        return self.octets(length, f"{self._what}: {field}")

    def bit_string(self, field: str) -> int:
        """Eight bits."""
        self._expect(bytes((_BIT_STRING, _BYTE)), field)
        return self.big(1, f"{self._what}: {field}")

    def boolean(self, field: str) -> bool:
        """True or false."""
        return self._number(_BOOLEAN, 1, field) != 0

    def integer(self, field: str) -> int:
        """A signed number of one octet."""
        number = self._number(_INTEGER, 1, field)
        return number - 0x100 if number & 0x80 else number

    def unsigned(self, field: str) -> int:
        """A number of one octet."""
        return self._number(_UNSIGNED, 1, field)

    def long_unsigned(self, field: str) -> int:
        """A number of two octets."""
        return self._number(_LONG_UNSIGNED, 2, field)

    def enumerated(self, field: str) -> int:
        """One of a list, one octet."""
        return self._number(_ENUM, 1, field)

    def _head(self, tag: int, name: str) -> int:
        self._expect(bytes((tag,)), name)
        invoke_id = self.big(4, f"{self._what}: long-invoke-id")
        self._expect(_NO_DATE_TIME, "date-time")
        return invoke_id

    def _number(self, tag: int, octets: int, field: str) -> int:
        self._expect(bytes((tag,)), field)
        return self.big(octets, f"{self._what}: {field}")

    def _expect(self, octets: bytes, field: str) -> None:
        found = self.octets(len(octets), f"{self._what}: {field}")
        if found != octets:
            raise DecodeError(f"{self._what}: {field}: {found.hex()}, not {octets.hex()}")
