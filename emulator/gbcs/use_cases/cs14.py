"""CS14 alert 0x8F12: the CHF Device Log has changed.

Source: the CS14 message of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from emulator.core.errors import LocalProtocolError
from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader
from emulator.gbcs.use_cases import chf_device_log as log
from emulator.gbcs.use_cases.chf_device_log import Backup

MESSAGE_CODE = 0x0018

ALERT_CODE = 0x8F12

_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert.

    Attributes:
        long_invoke_id: `dlms.long_invoke_id` of the Originator Counter.
        date_time: when, as DLMS writes it, 12 octets.
        log: what is in the log now.
        alert_code: 16 bits, 0x8F12.
    """

    long_invoke_id: int
    date_time: bytes
    log: Backup
    alert_code: int = ALERT_CODE

    def __post_init__(self) -> None:
        if len(self.date_time) != dlms.DATE_TIME_OCTETS:
            raise LocalProtocolError(f"a date-time has {dlms.DATE_TIME_OCTETS} octets, not {len(self.date_time)}")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "CS14 alert")
        invoke_id = reader.notification()
        reader.structure(_FIELDS, "alert")
        alert_code = reader.long_unsigned("alert code")
        date_time = reader.octet_string("date-time", dlms.DATE_TIME_OCTETS)
        backup = Backup.read(reader)
        reader.end()
        return cls(invoke_id, date_time, backup, alert_code)

    def encode(self) -> bytes:
        """The octets."""
        parts = (dlms.long_unsigned(self.alert_code), dlms.octet_string(self.date_time), self.log.encode())
        return dlms.notification(self.long_invoke_id, dlms.structure(*parts))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": log.invoke_id_text(self.long_invoke_id),
            "alert_code": f"{self.alert_code:04x}",
            "date_time": self.date_time.hex(),
            "log": self.log.fields(),
        }
