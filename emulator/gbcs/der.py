"""DER payloads by schema, on pyasn1: plain Python values in and out.

pyasn1's DER decoder takes longer lengths than needed, as some published messages have (`30 82 00 9F`).  It refuses what
could run away: indefinite lengths, deep nesting (from 0.6.3), lengths beyond the end.  What is encoded is minimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyasn1.codec.der import decoder as der_decoder
from pyasn1.codec.der import encoder as der_encoder
from pyasn1.codec.native import decoder as native_decoder
from pyasn1.codec.native import encoder as native_encoder
from pyasn1.error import PyAsn1Error, SubstrateUnderrunError
from pyasn1.type import constraint, namedtype, univ, useful
from pyasn1.type.base import Asn1Type

from emulator.core.errors import DecodeError

_TIME_FORMAT = "%Y%m%d%H%M%SZ"
_TIME_DIGITS = 14


def null() -> Asn1Type:
    """NULL; None in Python."""
    return univ.Null()


def integer(highest: int) -> Asn1Type:
    """INTEGER from 0 to `highest`."""
    return univ.Integer(subtypeSpec=constraint.ValueRangeConstraint(0, highest))


def octet_string(length: int) -> Asn1Type:
    """OCTET STRING of exactly so many octets; bytes in Python."""
    return univ.OctetString(subtypeSpec=constraint.ValueSizeConstraint(length, length))


def generalized_time() -> Asn1Type:
    """GeneralizedTime; `time_text` gives what to encode, `parse_time` takes the octets decoded."""
    return useful.GeneralizedTime()


def sequence(**fields: Asn1Type) -> Asn1Type:
    """SEQUENCE with these fields in this order; a dict in Python."""
    types = (namedtype.NamedType(name, schema) for name, schema in fields.items())
    return univ.Sequence(componentType=namedtype.NamedTypes(*types))


def encode(schema: Asn1Type, value: object) -> bytes:
    """The DER octets of a value that fits the schema."""
    octets: bytes = der_encoder.encode(native_decoder.decode(value, asn1Spec=schema))
    return octets


def decode(schema: Asn1Type, octets: bytes, what: str) -> object:
    """The value of octets that hold just one encoding of the schema; DecodeError names `what` otherwise."""
    try:
        found, rest = der_decoder.decode(octets, asn1Spec=schema)
    except SubstrateUnderrunError as error:
        raise DecodeError(f"{what}: cut short") from error
    except PyAsn1Error as error:
        raise DecodeError(f"{what}: not the structure or not the range of values that it has") from error
    if rest:
        raise DecodeError(f"{what}: {len(rest)} octets left over")
    value: object = native_encoder.encode(found)
    return value


def decode_fields(schema: Asn1Type, octets: bytes, what: str) -> Mapping[str, Any]:
    """As `decode`, for a schema made by `sequence`."""
    fields = decode(schema, octets, what)
    assert isinstance(fields, Mapping)
    return fields


def time_text(date: datetime) -> str:
    """A date as GBCS writes it in a GeneralizedTime: UTC, whole seconds, `YYYYMMDDhhmmssZ`."""
    utc = date.astimezone(UTC)
    return f"{utc.year:04d}{utc:%m%d%H%M%S}Z"  # %Y alone does not pad on every platform


def parse_time(octets: bytes, what: str) -> datetime:
    """The date of `YYYYMMDDhhmmssZ`; DecodeError names `what` for anything else."""
    digits, zone = octets[:-1], octets[-1:]
    if len(digits) != _TIME_DIGITS or not digits.isdigit() or zone != b"Z":
        raise DecodeError(f"{what}: {octets!r} is not YYYYMMDDhhmmssZ")
    try:
        return datetime.strptime(octets.decode("ascii"), _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise DecodeError(f"{what}: {octets!r} is no date") from error
