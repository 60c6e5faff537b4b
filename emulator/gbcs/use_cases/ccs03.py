"""CCS03 Restore CHF Device Log (service request 8.12.1): a new Communications Hub takes over the HAN of the old one.

Source: the CCS03 messages of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader
from emulator.gbcs.use_cases import chf_device_log as log
from emulator.gbcs.use_cases.chf_device_log import ActionResponse, HashedKey, Method
from emulator.gbcs.use_cases.payload import ENTITY_ID_OCTETS, entity_id_octets, entity_id_of, entity_id_text

MESSAGE_CODE = 0x0003

_REQUESTS = (log.invoke(Method.RESTORE_PAN),)

Response = ActionResponse
"""The response: the result of the method."""


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        long_invoke_id: `dlms.long_invoke_id` of the Originator Counter.
        extended_pan_id: of the old hub's HAN.
        devices: those in the old hub's log, as CS14 reported them last.
    """

    long_invoke_id: int
    extended_pan_id: Eui64
    devices: tuple[HashedKey, ...]

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "CCS03 command")
        invoke_id = reader.request(_REQUESTS)
        reader.structure(2, "backup data")
        pan = entity_id_of(reader.octet_string("extended PAN id", ENTITY_ID_OCTETS))
        devices = log.read_devices(reader)
        reader.end()
        return cls(invoke_id, pan, devices)

    def encode(self) -> bytes:
        """The octets."""
        pan = dlms.octet_string(entity_id_octets(self.extended_pan_id))
        data = dlms.structure(pan, log.encode_devices(self.devices))
        return dlms.request(self.long_invoke_id, _REQUESTS, [data])

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": log.invoke_id_text(self.long_invoke_id),
            "extended_pan_id": entity_id_text(self.extended_pan_id),
            "devices": [device.fields() for device in self.devices],
        }
