"""Generic alerts 0x1000 (critical, signed) and 0x1001 (not critical, with a MAC): alert code and time, and little more.

Source: the generic alerts of RTDS 4.5.0 in ZigBee form.  Which form a bridge uses was not found.  That the DLMS form of
other devices begins like the alert CS14 is an assumption; what follows the time in it is kept as octets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.events import Value
from emulator.core.octets import Reader
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader
from emulator.gbcs.use_cases.chf_device_log import invoke_id_text
from emulator.gbcs.use_cases.gbz import AlertHead, zigbee_time
from emulator.gbcs.use_cases.payload import date_text

CRITICAL_MESSAGE_CODE = 0x1000
NOT_CRITICAL_MESSAGE_CODE = 0x1001


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert in ZigBee form.

    Attributes:
        alert_code: 16 bits.
        time: when, seconds since 2000, 32 bits.
        components: how many parts follow.
        further: what follows, as it stands on the wire.
    """

    alert_code: int
    time: int
    components: int = 0
    further: bytes = b""

    @classmethod
    def of(cls, alert_code: int, date: datetime) -> Self:
        """The alert for a date."""
        return cls(alert_code, zigbee_time(date))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = Reader(octets)
        head = AlertHead.read(reader, "generic alert")
        return cls(head.alert_code, head.time, head.components, reader.rest())

    def encode(self) -> bytes:
        """The octets."""
        return AlertHead(self.components, self.alert_code, self.time).encode() + self.further

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "components": self.components,
            "alert_code": f"{self.alert_code:04x}",
            "date_time": date_text(AlertHead(self.components, self.alert_code, self.time).date),
            "further": self.further.hex(),
        }


_LEAST_PARTS = 2


@dataclass(frozen=True, slots=True)
class DlmsAlert:
    """An alert in DLMS form.

    Attributes:
        long_invoke_id: `dlms.long_invoke_id` of the Originator Counter.
        alert_code: 16 bits.
        date_time: when, as DLMS writes it, 12 octets.
        parts: values in the structure, these two among them.
        further: those after the two, as they stand on the wire.
    """

    long_invoke_id: int
    alert_code: int
    date_time: bytes
    parts: int = _LEAST_PARTS
    further: bytes = b""

    def __post_init__(self) -> None:
        if len(self.date_time) != dlms.DATE_TIME_OCTETS:
            raise LocalProtocolError(f"a date-time has {dlms.DATE_TIME_OCTETS} octets, not {len(self.date_time)}")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "generic alert")
        invoke_id = reader.notification()
        parts = reader.parts("alert")
        if parts < _LEAST_PARTS:
            raise DecodeError(f"generic alert: {parts} parts, without an alert code and a date-time")
        alert_code = reader.long_unsigned("alert code")
        date_time = reader.octet_string("date-time", dlms.DATE_TIME_OCTETS)
        return cls(invoke_id, alert_code, date_time, parts, reader.rest())

    def encode(self) -> bytes:
        """The octets."""
        value = dlms.parts(self.parts) + dlms.long_unsigned(self.alert_code) + dlms.octet_string(self.date_time)
        return dlms.notification(self.long_invoke_id, value + self.further)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": invoke_id_text(self.long_invoke_id),
            "alert_code": f"{self.alert_code:04x}",
            "date_time": self.date_time.hex(),
            "further": self.further.hex(),
        }
