"""What requests and answers look like, as JSON; the models are the schema.

Addresses and octets are lower-case hex without separators, versions 8 upper-case hex digits, times seconds of the run.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from emulator.control.api import DEFAULT_WAIT_S, LONGEST_WAIT_S, DeviceStatus, HanStatus, ReceivedMessage
from emulator.core.clock import SECOND
from emulator.core.eui64 import eui64_text
from emulator.gbcs.device.security_log import SecurityLogEntry
from emulator.gbcs.message_codes import message_code_text
from emulator.runtime.exchange import ExchangeOutcome, ExchangeResult

LONGEST_MESSAGE = 64 * 1024
"""Octets of the longest message that is taken."""

_HEX = r"^([0-9A-Fa-f]{2})+$"
_EUI64_CHARACTERS = 23


class Body(BaseModel):
    """One JSON object: no key but those named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GbcsRequest(Body):
    """A GBCS message for a device.

    Attributes:
        octets: the message in hex.
        to: EUI-64 of the device; the recipient that the message names, if left out.
        wait_seconds: of the run; how long to wait for the answer.
    """

    octets: Annotated[str, StringConstraints(pattern=_HEX, max_length=2 * LONGEST_MESSAGE)]
    to: Annotated[str, StringConstraints(max_length=_EUI64_CHARACTERS)] | None = None
    wait_seconds: Annotated[float, Field(gt=0, le=LONGEST_WAIT_S, allow_inf_nan=False)] = DEFAULT_WAIT_S


class GbcsResult(Body):
    """What came of it: `ExchangeResult`."""

    device: str
    outcome: ExchangeOutcome
    reason: str | None
    detail: str | None
    response: str | None
    virtual_seconds: float

    @classmethod
    def of(cls, result: ExchangeResult) -> Self:
        """As JSON has it."""
        return cls(
            device=eui64_text(result.device),
            outcome=result.outcome,
            reason=result.reason,
            detail=result.detail,
            response=None if result.response is None else result.response.hex(),
            virtual_seconds=result.virtual_seconds,
        )


class DeviceBody(Body):
    """A device: `DeviceStatus`."""

    name: str
    kind: str
    profile: str
    eui64: str
    entity_id: str | None
    version: str | None
    stage: str
    on_network: bool
    short: str | None
    parent: str | None
    log_type: str | None
    log_standing: str | None
    key_established_s: float | None

    @classmethod
    def of(cls, device: DeviceStatus) -> Self:
        """As JSON has it."""
        return cls(
            name=device.name,
            kind=device.kind,
            profile=device.profile,
            eui64=eui64_text(device.eui64),
            entity_id=None if device.entity_id is None else eui64_text(device.entity_id),
            version=device.version,
            stage=device.stage,
            on_network=device.on_network,
            short=device.short,
            parent=device.parent,
            log_type=device.log_type,
            log_standing=device.log_standing,
            key_established_s=device.key_established_s,
        )


class HanBody(Body):
    """The HAN: `HanStatus`."""

    virtual_seconds: float
    date: datetime
    speed: str
    fidelity: str
    devices: list[DeviceBody]

    @classmethod
    def of(cls, status: HanStatus) -> Self:
        """As JSON has it."""
        return cls(
            virtual_seconds=status.virtual_seconds,
            date=status.date,
            speed=str(status.speed),
            fidelity=status.fidelity,
            devices=[DeviceBody.of(device) for device in status.devices],
        )


class MessageBody(Body):
    """A message that came up: `ReceivedMessage`; `cra` is command, response or alert, `message_code` 4 hex digits."""

    virtual_seconds: float
    device: str
    cra: str | None
    message_code: str | None
    octets: str

    @classmethod
    def of(cls, message: ReceivedMessage) -> Self:
        """As JSON has it."""
        code = message.message_code
        return cls(
            virtual_seconds=message.at / SECOND,
            device=eui64_text(message.device),
            cra=None if message.cra is None else message.cra.name.lower(),
            message_code=None if code is None else message_code_text(code),
            octets=message.octets.hex(),
        )


class SecurityLogBody(Body):
    """Something that a device refused: `SecurityLogEntry`."""

    at: datetime
    reason: str
    detail: str
    originator: str
    message_code: str

    @classmethod
    def of(cls, entry: SecurityLogEntry) -> Self:
        """As JSON has it."""
        return cls(
            at=entry.at,
            reason=entry.reason,
            detail=entry.detail,
            originator=entry.originator,
            message_code=entry.message_code,
        )


class ErrorBody(Body):
    """Why there is nothing else: one line."""

    error: str
