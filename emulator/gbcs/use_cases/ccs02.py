"""CCS02 Remove Device from CHF Device Log (service request 8.11).

Source: the CCS02 messages of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader
from emulator.gbcs.use_cases import chf_device_log as log
from emulator.gbcs.use_cases.chf_device_log import ActionResponse, Method
from emulator.gbcs.use_cases.payload import ENTITY_ID_OCTETS, entity_id_octets, entity_id_of, entity_id_text

MESSAGE_CODE = 0x0002

_REQUESTS = (log.invoke(Method.UNREGISTER_DEVICE),)

Response = ActionResponse
"""The response: the result of the method."""


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        long_invoke_id: `dlms.long_invoke_id` of the Originator Counter.
        device: which device must leave.
    """

    long_invoke_id: int
    device: Eui64

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "CCS02 command")
        invoke_id = reader.request(_REQUESTS)
        device = entity_id_of(reader.octet_string("device: address", ENTITY_ID_OCTETS))
        reader.end()
        return cls(invoke_id, device)

    def encode(self) -> bytes:
        """The octets."""
        return dlms.request(self.long_invoke_id, _REQUESTS, [dlms.octet_string(entity_id_octets(self.device))])

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": log.invoke_id_text(self.long_invoke_id),
            "device_entity_id": entity_id_text(self.device),
        }
