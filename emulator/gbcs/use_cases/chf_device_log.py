"""The object of a Communications Hub that holds its device log, and what messages say of the devices in it.

Source: the CCS messages of RTDS 4.5.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader, ResultCode, Service, Specification
from emulator.gbcs.use_cases.payload import (
    ENTITY_ID_OCTETS,
    entity_id_octets,
    entity_id_of,
    entity_id_text,
    name_of_code,
)

CLASS_ID = 0x0068
CURRENT = bytes.fromhex("00001E0300FF")
HISTORIC = bytes.fromhex("00001E0301FF")
"""Instances of the ZigBee network control object: 0-0:30.3.0.255 and 0-0:30.3.1.255."""

LINK_KEY_OCTETS = 16


class Attribute(IntEnum):
    """Attributes of the object."""

    ENABLE_DISABLE_JOINING = 2
    JOIN_TIMEOUT = 3
    ACTIVE_DEVICES = 4


class Method(IntEnum):
    """Methods of the object."""

    REGISTER_DEVICE = 1
    UNREGISTER_DEVICE = 2
    BACKUP_PAN = 4
    RESTORE_PAN = 5


class HanDeviceType(IntEnum):
    """Kinds of devices in the numbering of the CHF Device Log; CCS01 gives them."""

    ESME = 0
    GSME = 1
    HCALCS = 13
    IHD = 128
    CAD = 130
    PPMID = 132
    GPF = 254


def get(attribute: Attribute) -> Specification:
    """Read an attribute of the current log."""
    return Specification(Service.GET, CLASS_ID, CURRENT, attribute)


def put(attribute: Attribute) -> Specification:
    """Write an attribute of the current log."""
    return Specification(Service.SET, CLASS_ID, CURRENT, attribute)


def invoke(method: Method, instance: bytes = CURRENT) -> Specification:
    """Call a method."""
    return Specification(Service.ACTION, CLASS_ID, instance, method)


def result_fields(field: str, code: int) -> dict[str, Value]:
    """A result as number and name."""
    return {field: code, f"{field}_name": name_of_code(code, ResultCode)}


def invoke_id_text(invoke_id: int) -> str:
    """A long-invoke-id as people read it: eight hex digits."""
    return f"{invoke_id:08x}"


@dataclass(frozen=True, slots=True)
class HashedKey:
    """A device in the log, with the hash of its trust centre link key.

    Attributes:
        entity_id: which device.
        hashed_key: AES-MMO of the link key, 16 octets; empty where there is none yet.
    """

    entity_id: Eui64
    hashed_key: bytes = b""

    def __post_init__(self) -> None:
        if len(self.hashed_key) not in (0, LINK_KEY_OCTETS):
            raise LocalProtocolError(f"a hashed link key has {LINK_KEY_OCTETS} octets, not {len(self.hashed_key)}")

    def encode(self) -> bytes:
        """The structure."""
        return dlms.structure(dlms.octet_string(entity_id_octets(self.entity_id)), dlms.octet_string(self.hashed_key))

    @classmethod
    def read(cls, reader: DlmsReader) -> Self:
        """The next one."""
        reader.structure(2, "device")
        entity_id = entity_id_of(reader.octet_string("device: entity id", ENTITY_ID_OCTETS))
        return cls(entity_id, reader.octet_string("device: hashed link key", 0, LINK_KEY_OCTETS))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"entity_id": entity_id_text(self.entity_id), "hashed_link_key": self.hashed_key.hex() or None}


def encode_devices(devices: Sequence[HashedKey]) -> bytes:
    """An array of devices."""
    return dlms.array([device.encode() for device in devices])


def read_devices(reader: DlmsReader) -> tuple[HashedKey, ...]:
    """An array of devices."""
    return tuple(HashedKey.read(reader) for _ in range(reader.array("devices")))


@dataclass(frozen=True, slots=True)
class Backup:
    """A device log as it is backed up.

    Attributes:
        date_time: when, as DLMS writes it, 12 octets.
        extended_pan_id: of the HAN.
        devices: those in it.
    """

    date_time: bytes
    extended_pan_id: Eui64
    devices: tuple[HashedKey, ...]

    def __post_init__(self) -> None:
        if len(self.date_time) != dlms.DATE_TIME_OCTETS:
            raise LocalProtocolError(f"a date-time has {dlms.DATE_TIME_OCTETS} octets, not {len(self.date_time)}")

    def encode(self) -> bytes:
        """The structure."""
        pan = dlms.octet_string(entity_id_octets(self.extended_pan_id))
        return dlms.structure(dlms.octet_string(self.date_time), pan, encode_devices(self.devices))

    @classmethod
    def read(cls, reader: DlmsReader) -> Self:
        """The next one."""
        reader.structure(3, "device log")
        date_time = reader.octet_string("device log: date-time", dlms.DATE_TIME_OCTETS)
        pan = entity_id_of(reader.octet_string("device log: extended PAN id", ENTITY_ID_OCTETS))
        return cls(date_time, pan, read_devices(reader))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "date_time": self.date_time.hex(),
            "extended_pan_id": entity_id_text(self.extended_pan_id),
            "devices": [device.fields() for device in self.devices],
        }


@dataclass(frozen=True, slots=True)
class ActionResponse:
    """A Response that is the result of one method.

    Attributes:
        long_invoke_id: the Command's.
        result: a ResultCode, or another octet.
    """

    long_invoke_id: int
    result: int

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "response about the CHF Device Log")
        invoke_id = reader.response(1)
        reader.nothing("data")
        (result,) = reader.results((Service.ACTION,))
        return cls(invoke_id, result)

    def encode(self) -> bytes:
        """The octets."""
        return dlms.response(self.long_invoke_id, [dlms.NULL_DATA], [(Service.ACTION, self.result)])

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"long_invoke_id": invoke_id_text(self.long_invoke_id), **result_fields("result", self.result)}
