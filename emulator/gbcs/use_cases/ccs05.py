"""CCS05 and CCS06 Read CHF Device Log and Check HAN Communications (service request 8.9).

Source: the CCS06 messages of RTDS 4.5.0; that the older CCS05 has the same content under
another message code is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader, ResultCode, Service
from emulator.gbcs.use_cases import chf_device_log as log
from emulator.gbcs.use_cases.chf_device_log import Attribute
from emulator.gbcs.use_cases.payload import ENTITY_ID_OCTETS, entity_id_octets, entity_id_of, entity_id_text

MESSAGE_CODE_CCS05 = 0x0004
MESSAGE_CODE_CCS06 = 0x010F

_REQUESTS = (log.get(Attribute.ACTIVE_DEVICES),)
_FIELDS = 14


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
        reader = DlmsReader(octets, "CCS05/CCS06 command")
        invoke_id = reader.request(_REQUESTS)
        reader.nothing("data")
        reader.end()
        return cls(invoke_id)

    def encode(self) -> bytes:
        """The octets."""
        return dlms.request(self.long_invoke_id, _REQUESTS, [dlms.NULL_DATA])

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {"long_invoke_id": log.invoke_id_text(self.long_invoke_id)}


@dataclass(frozen=True, slots=True)
class ActiveDevice:
    """A device in the log, and how it was heard.

    Attributes:
        entity_id: which device.
        status: eight bits.
        rssi: strongest, mean and weakest signal, dBm.
        lqi: best, mean and worst link quality, 0 to 255.
        last_communication: when, as DLMS writes it, 12 octets.
        hops: how far away.
        transmission_failures: frames that were lost.
        transmission_successes: frames that got through.
        application_version: the device's.
        stack_version: the device's.
    """

    entity_id: Eui64
    status: int
    rssi: tuple[int, int, int]
    lqi: tuple[int, int, int]
    last_communication: bytes
    hops: int
    transmission_failures: int
    transmission_successes: int
    application_version: int
    stack_version: int

    def __post_init__(self) -> None:
        if len(self.last_communication) != dlms.DATE_TIME_OCTETS:
            raise LocalProtocolError(f"a date-time has {dlms.DATE_TIME_OCTETS} octets")

    def encode(self) -> bytes:
        """The structure."""
        return dlms.structure(
            dlms.octet_string(entity_id_octets(self.entity_id)),
            dlms.bit_string(self.status),
            *(dlms.integer(value) for value in self.rssi),
            *(dlms.unsigned(value) for value in self.lqi),
            dlms.octet_string(self.last_communication),
            dlms.unsigned(self.hops),
            dlms.unsigned(self.transmission_failures),
            dlms.unsigned(self.transmission_successes),
            dlms.unsigned(self.application_version),
            dlms.unsigned(self.stack_version),
        )

    @classmethod
    def read(cls, reader: DlmsReader) -> Self:
        """The next one."""
        reader.structure(_FIELDS, "device")
        return cls(
            entity_id=entity_id_of(reader.octet_string("device: address", ENTITY_ID_OCTETS)),
            status=reader.bit_string("device: status"),
            rssi=(reader.integer("maximum RSSI"), reader.integer("average RSSI"), reader.integer("minimum RSSI")),
            lqi=(reader.unsigned("maximum LQI"), reader.unsigned("average LQI"), reader.unsigned("minimum LQI")),
            last_communication=reader.octet_string("last communication", dlms.DATE_TIME_OCTETS),
            hops=reader.unsigned("hops"),
            transmission_failures=reader.unsigned("transmission failures"),
            transmission_successes=reader.unsigned("transmission successes"),
            application_version=reader.unsigned("application version"),
            stack_version=reader.unsigned("stack version"),
        )

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        names = ("maximum", "average", "minimum")
        return {
            "entity_id": entity_id_text(self.entity_id),
            "status": f"{self.status:02x}",
            **{f"{name}_rssi": value for name, value in zip(names, self.rssi, strict=True)},
            **{f"{name}_lqi": value for name, value in zip(names, self.lqi, strict=True)},
            "last_communication": self.last_communication.hex(),
            "hops": self.hops,
            "transmission_failures": self.transmission_failures,
            "transmission_successes": self.transmission_successes,
            "application_version": self.application_version,
            "stack_version": self.stack_version,
        }


@dataclass(frozen=True, slots=True)
class Response:
    """The response.

    Attributes:
        long_invoke_id: the Command's.
        devices: the log; None where it could not be read.
        result: a ResultCode, or another octet.
    """

    long_invoke_id: int
    devices: tuple[ActiveDevice, ...] | None
    result: int = ResultCode.SUCCESS

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "CCS05/CCS06 response")
        invoke_id = reader.response(1)
        devices = None
        if not reader.is_nothing():
            devices = tuple(ActiveDevice.read(reader) for _ in range(reader.array("devices")))
        (result,) = reader.results((Service.GET,))
        return cls(invoke_id, devices, result)

    def encode(self) -> bytes:
        """The octets."""
        data = dlms.NULL_DATA if self.devices is None else dlms.array([one.encode() for one in self.devices])
        return dlms.response(self.long_invoke_id, [data], [(Service.GET, self.result)])

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": log.invoke_id_text(self.long_invoke_id),
            "devices": None if self.devices is None else [one.fields() for one in self.devices],
            **log.result_fields("result", self.result),
        }
