"""Firmware Distribution Receipt Alerts: a meter has an image and has checked it; 0x00CE of an ESME, 0x00CF of a GSME.

Source: the two alerts of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader
from emulator.gbcs.use_cases.chf_device_log import invoke_id_text
from emulator.gbcs.use_cases.gbz import AlertHead, zigbee_time
from emulator.gbcs.use_cases.payload import HASH_OCTETS, date_text

ESME_MESSAGE_CODE = 0x00CE
GSME_MESSAGE_CODE = 0x00CF

VERIFIED = 0x8F72
VERIFICATION_FAILED = 0x8F1C
"""Alert codes."""

_FIELDS = 3


def _check_hash(octets: bytes) -> None:
    if len(octets) != HASH_OCTETS:
        raise LocalProtocolError(f"a manufacturer image hash has {HASH_OCTETS} octets, not {len(octets)}")


@dataclass(frozen=True, slots=True)
class EsmeAlert:
    """The alert of an ESME, in DLMS form.

    Attributes:
        long_invoke_id: `dlms.long_invoke_id` of the Originator Counter.
        alert_code: 0x8F72 verified, 0x8F1C not.
        date_time: when, as DLMS writes it, 12 octets.
        manufacturer_image_hash: as the meter worked it out, 32 octets.
    """

    long_invoke_id: int
    alert_code: int
    date_time: bytes
    manufacturer_image_hash: bytes

    def __post_init__(self) -> None:
        _check_hash(self.manufacturer_image_hash)
        if len(self.date_time) != dlms.DATE_TIME_OCTETS:
            raise LocalProtocolError(f"a date-time has {dlms.DATE_TIME_OCTETS} octets, not {len(self.date_time)}")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "firmware receipt alert")
        invoke_id = reader.notification()
        reader.structure(_FIELDS, "alert")
        alert_code = reader.long_unsigned("alert code")
        date_time = reader.octet_string("date-time", dlms.DATE_TIME_OCTETS)
        image_hash = reader.octet_string("manufacturer image hash", HASH_OCTETS)
        reader.end()
        return cls(invoke_id, alert_code, date_time, image_hash)

    def encode(self) -> bytes:
        """The octets."""
        parts = (dlms.long_unsigned(self.alert_code), dlms.octet_string(self.date_time))
        image_hash = dlms.octet_string(self.manufacturer_image_hash)
        return dlms.notification(self.long_invoke_id, dlms.structure(*parts, image_hash))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": invoke_id_text(self.long_invoke_id),
            "alert_code": f"{self.alert_code:04x}",
            "date_time": self.date_time.hex(),
            "manufacturer_image_hash": self.manufacturer_image_hash.hex(),
        }


@dataclass(frozen=True, slots=True)
class GsmeAlert:
    """The alert of a GSME, in ZigBee form.

    Attributes:
        alert_code: 0x8F72 verified, 0x8F1C not.
        time: when, seconds since 2000, 32 bits.
        manufacturer_image_hash: as the meter worked it out, 32 octets.
        components: 1 in the published one.
    """

    alert_code: int
    time: int
    manufacturer_image_hash: bytes
    components: int = 1

    def __post_init__(self) -> None:
        _check_hash(self.manufacturer_image_hash)

    @classmethod
    def of(cls, alert_code: int, date: datetime, manufacturer_image_hash: bytes) -> Self:
        """The alert for a date."""
        return cls(alert_code, zigbee_time(date), manufacturer_image_hash)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "firmware receipt alert"
        reader = DlmsReader(octets, what)
        head = AlertHead.read(reader, what)
        image_hash = reader.octet_string("manufacturer image hash", HASH_OCTETS)
        reader.end()
        return cls(head.alert_code, head.time, image_hash, head.components)

    def encode(self) -> bytes:
        """The octets."""
        head = AlertHead(self.components, self.alert_code, self.time)
        return head.encode() + dlms.octet_string(self.manufacturer_image_hash)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        head = AlertHead(self.components, self.alert_code, self.time)
        return {
            "components": self.components,
            "alert_code": f"{self.alert_code:04x}",
            "date_time": date_text(head.date),
            "manufacturer_image_hash": self.manufacturer_image_hash.hex(),
        }
