"""CCS01 Add Device to CHF Device Log (service request 8.11).

Source: the CCS01 messages of RTDS 4.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Value
from emulator.gbcs import dlms
from emulator.gbcs.dlms import DlmsReader, Service
from emulator.gbcs.use_cases import chf_device_log as log
from emulator.gbcs.use_cases.chf_device_log import Attribute, HanDeviceType, Method
from emulator.gbcs.use_cases.payload import (
    ENTITY_ID_OCTETS,
    code_fields,
    entity_id_octets,
    entity_id_of,
    entity_id_text,
)

MESSAGE_CODE = 0x0001

INSTALL_CODE_OCTETS = 16

_REQUESTS = (
    log.invoke(Method.REGISTER_DEVICE),
    log.put(Attribute.JOIN_TIMEOUT),
    log.put(Attribute.ENABLE_DISABLE_JOINING),
)
_SERVICES = tuple(request.service for request in _REQUESTS)
_BY_INSTALL_CODE = 1


@dataclass(frozen=True, slots=True)
class Command:
    """The command.

    Attributes:
        long_invoke_id: `dlms.long_invoke_id` of the Originator Counter.
        device: which device may join.
        install_code: 16 octets, without its CRC.
        device_type: a HanDeviceType, or another octet.
        join_timeout: for how long, seconds.
        joining: whether joining is enabled.
    """

    long_invoke_id: int
    device: Eui64
    install_code: bytes
    device_type: int
    join_timeout: int
    joining: bool = True

    def __post_init__(self) -> None:
        if len(self.install_code) != INSTALL_CODE_OCTETS:
            raise LocalProtocolError(f"an install code has {INSTALL_CODE_OCTETS} octets, not {len(self.install_code)}")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        what = "CCS01 command"
        reader = DlmsReader(octets, what)
        invoke_id = reader.request(_REQUESTS)
        reader.structure(4, "device")
        device = entity_id_of(reader.octet_string("device: address", ENTITY_ID_OCTETS))
        if reader.enumerated("device: kind of key") != _BY_INSTALL_CODE:
            raise DecodeError(f"{what}: device: kind of key: not an install code")
        install_code = reader.octet_string("device: install code", INSTALL_CODE_OCTETS)
        device_type = reader.enumerated("device: type")
        timeout = reader.long_unsigned("join timeout")
        joining = reader.boolean("enable or disable joining")
        reader.end()
        return cls(invoke_id, device, install_code, device_type, timeout, joining)

    def encode(self) -> bytes:
        """The octets."""
        device = dlms.structure(
            dlms.octet_string(entity_id_octets(self.device)),
            dlms.enumerated(_BY_INSTALL_CODE),
            dlms.octet_string(self.install_code),
            dlms.enumerated(self.device_type),
        )
        data = [device, dlms.long_unsigned(self.join_timeout), dlms.boolean(self.joining)]
        return dlms.request(self.long_invoke_id, _REQUESTS, data)

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": log.invoke_id_text(self.long_invoke_id),
            "device_entity_id": entity_id_text(self.device),
            "install_code": self.install_code.hex(),
            **code_fields("device_type", self.device_type, HanDeviceType),
            "join_timeout": self.join_timeout,
            "joining_enabled": self.joining,
        }


@dataclass(frozen=True, slots=True)
class Response:
    """The response: how each of three steps went; results are ResultCodes, or other octets.

    Attributes:
        long_invoke_id: the Command's.
        register_device: whether the device is in the log.
        join_timeout: whether the time-out was set.
        joining: whether joining was enabled.
    """

    long_invoke_id: int
    register_device: int
    join_timeout: int
    joining: int

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read it; DecodeError if the octets are anything else."""
        reader = DlmsReader(octets, "CCS01 response")
        invoke_id = reader.response(len(_SERVICES))
        for service in _SERVICES:
            reader.nothing(f"data of {Service(service).name}")
        return cls(invoke_id, *reader.results(_SERVICES))

    def encode(self) -> bytes:
        """The octets."""
        results = (self.register_device, self.join_timeout, self.joining)
        data = [dlms.NULL_DATA] * len(_SERVICES)
        return dlms.response(self.long_invoke_id, data, list(zip(_SERVICES, results, strict=True)))

    def fields(self) -> dict[str, Value]:
        """The fields by name, JSON-ready."""
        return {
            "long_invoke_id": log.invoke_id_text(self.long_invoke_id),
            **log.result_fields("register_device_result", self.register_device),
            **log.result_fields("join_timeout_result", self.join_timeout),
            **log.result_fields("joining_result", self.joining),
        }
