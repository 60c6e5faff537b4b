"""Trust anchor cells and certificates as credential messages name them.

Source: the CS02a and CS02b messages of RTDS 4.5.0; codes from gbcs-parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.events import Value
from emulator.gbcs import der
from emulator.gbcs.certificate_reading import read_certificate
from emulator.gbcs.roles import KeyUsage, role_name
from emulator.gbcs.use_cases.payload import code_fields, date_text, entity_id_text

ROLE_MAXIMUM = 0x7F
CELL_USAGE_MAXIMUM = 0xFF
SUBJECT_KEY_IDENTIFIER_OCTETS = 8

_MOST_BITS = 9  # X.509's key usage has no more
_BITS = {KeyUsage.DIGITAL_SIGNATURE: "1", KeyUsage.KEY_AGREEMENT: "00001", KeyUsage.KEY_CERT_SIGN: "000001"}
_USAGES = {bits: usage for usage, bits in _BITS.items()}

KEY_USAGE = der.bit_string(_MOST_BITS)
ROLE = der.integer(ROLE_MAXIMUM)
CELL_USAGE = der.Optional(der.integer(CELL_USAGE_MAXIMUM), default=0)
CELL = der.sequence(role=ROLE, key_usage=KEY_USAGE, cell_usage=CELL_USAGE)


class CellUsage(IntEnum):
    """What a cell is for, beside the usage of its key."""

    MANAGEMENT = 0
    PREPAYMENT_TOP_UP = 1


class Status(IntEnum):
    """How it went for one role or one cell."""

    SUCCESS = 0
    BAD_CERTIFICATE = 5
    NO_TRUST_ANCHOR = 10
    INSUFFICIENT_MEMORY = 17
    TRUST_ANCHOR_NOT_FOUND = 25
    RESOURCES_BUSY = 30
    OTHER = 127


@dataclass(frozen=True, slots=True)
class TrustAnchorCell:
    """Which cell is meant.

    Attributes:
        role: a RemotePartyRole, or another number from 0 to 127.
        key_usage: what the key in it is for.
        cell_usage: a CellUsage, or another octet.
    """

    role: int
    key_usage: KeyUsage
    cell_usage: int = CellUsage.MANAGEMENT

    @classmethod
    def of(cls, value: Mapping[str, Any], what: str) -> Self:
        """From what `CELL` decodes to."""
        return cls(value["role"], key_usage_of(value["key_usage"], what), value["cell_usage"])

    def value(self) -> dict[str, object]:
        """What `CELL` encodes."""
        bits = key_usage_bits(self.key_usage)
        return {"role": int(self.role), "key_usage": bits, "cell_usage": int(self.cell_usage)}

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        usage = code_fields("cell_usage", self.cell_usage, CellUsage)
        return {**role_fields(self.role), "key_usage": self.key_usage.value, **usage}


def role_fields(role: int) -> dict[str, Value]:
    """A role as number and name."""
    return {"role": int(role), "role_name": role_name(role)}


def key_usage_bits(usage: KeyUsage) -> str:
    """The named bits of a key usage, as X.509 has them."""
    return _BITS[usage]


def key_usage_of(bits: str, what: str) -> KeyUsage:
    """The key usage of named bits; DecodeError names `what` for any that GBCS does not have."""
    usage = _USAGES.get(bits.rstrip("0"))
    if usage is None:
        raise DecodeError(f"{what}: key usage: no key has the bits {bits!r}")
    return usage


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate inside a message, as its octets: what it says must not change on the way.

    Attributes:
        octets: DER.
    """

    octets: bytes

    def __post_init__(self) -> None:
        if self.octets[:1] != b"\x30":
            raise LocalProtocolError("a certificate is a SEQUENCE")

    @classmethod
    def of(cls, octets: bytes, what: str) -> Self:
        """From the octets decoded; DecodeError names `what` where they are no SEQUENCE."""
        if octets[:1] != b"\x30":
            raise DecodeError(f"{what}: certificate: not a SEQUENCE")
        return cls(octets)

    def fields(self) -> dict[str, Value]:
        """What it says by name; `error` instead where it is none, and the octets in either case."""
        raw: dict[str, Value] = {"octets": self.octets.hex()}
        try:
            read = read_certificate(self.octets)
        except DecodeError as error:
            return raw | {"error": str(error)}
        identifier, usage = read.extensions.subject_key_identifier, read.extensions.key_usage
        entity_id, role = read.entity_id, read.subject.role
        return raw | {
            "entity_id": None if entity_id is None else entity_id_text(entity_id),
            "common_name": read.subject.common_name,
            "role": role,
            "role_name": None if role is None else role_name(role),
            "key_usage": None if usage is None else usage.value,
            "subject_key_identifier": None if identifier is None else identifier.hex(),
            "serial_number": f"{read.serial:x}",
            "not_before": date_text(read.not_before),
            "not_after": date_text(read.not_after),
        }
