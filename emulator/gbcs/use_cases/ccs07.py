"""CCS07 Read CHF Device Logs, the current one and the historic one (service request 8.9).

Source: the CCS07 messages of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader, ResultCode, Service
from emulator.gbcs.use_cases import chf_device_log as log
from emulator.gbcs.use_cases.chf_device_log import Backup, Method

MESSAGE_CODE = 0x00FE

_REQUESTS = (log.invoke(Method.BACKUP_PAN), log.invoke(Method.BACKUP_PAN, log.HISTORIC))
_SERVICES = (Service.ACTION, Service.ACTION)


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        long_invoke_id: `dlms.long_invoke_id` of the Originator Counter.
    """

    long_invoke_id: int

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "CCS07 command")
        invoke_id = reader.request(_REQUESTS)
        reader.nothing("data of the current log")
        reader.nothing("data of the historic log")
        reader.end()
        return cls(invoke_id)

    def encode(self) -> bytes:
        """The octets."""
        return dlms.request(self.long_invoke_id, _REQUESTS, [dlms.NULL_DATA] * len(_REQUESTS))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"long_invoke_id": log.invoke_id_text(self.long_invoke_id)}


@dataclass(frozen=True, slots=True)
class Response:
    """The response; results are ResultCodes, or other octets.

    Attributes:
        long_invoke_id: the Command's.
        current: the current log; None where it could not be read.
        historic: the devices of old; None where they could not be read.
        current_result: how the read of the current log went.
        historic_result: how the read of the historic log went.
    """

    long_invoke_id: int
    current: Backup | None
    historic: Backup | None
    current_result: int = ResultCode.SUCCESS
    historic_result: int = ResultCode.SUCCESS

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "CCS07 response")
        invoke_id = reader.response(len(_SERVICES))
        current = None if reader.is_nothing() else Backup.read(reader)
        historic = None if reader.is_nothing() else Backup.read(reader)
        return cls(invoke_id, current, historic, *reader.results(_SERVICES))

    def encode(self) -> bytes:
        """The octets."""
        data = [dlms.NULL_DATA if one is None else one.encode() for one in (self.current, self.historic)]
        results = (self.current_result, self.historic_result)
        return dlms.response(self.long_invoke_id, data, list(zip(_SERVICES, results, strict=True)))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": log.invoke_id_text(self.long_invoke_id),
            "current": None if self.current is None else self.current.fields(),
            "historic": None if self.historic is None else self.historic.fields(),
            **log.result_fields("current_result", self.current_result),
            **log.result_fields("historic_result", self.historic_result),
        }
