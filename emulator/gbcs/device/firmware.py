"""Firmware on a device: CS08 tells the version, CS09 that an image was activated, CS06 activates one.

CS06 is for meters and HCALCS (RTDS 4.5.0); a bridge or PPMID activates by itself what its hub hands over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.state import ScheduledCommand
from emulator.gbcs.device.use_case import Answer, Execution, Permit, Request, UseCase
from emulator.gbcs.refusal import Reason, Refused
from emulator.gbcs.roles import RemotePartyRole
from emulator.gbcs.use_cases import cs06, cs08, cs09
from emulator.gbcs.use_cases.payload import FUTURE_DATED_ACTIONED, FUTURE_DATED_NOT_ACTIONED, NEVER


def version_use_case(version: Callable[[], int | None], settings: DeviceSettings) -> UseCase:
    """CS08: a read, so a repeated counter does no harm unless the settings say otherwise."""
    ways = (Permit("b", RemotePartyRole.ACCESS_CONTROL_BROKER),)
    return UseCase(ways, partial(_read_version, version), replay_protected=not settings.cs08_repeats)


def _read_version(version: Callable[[], int | None], request: Request) -> Answer:
    cs08.Command.decode(request.command.payload)
    return Answer(cs08.Response.of(version()).encode(), request.state)


def activation_alert(
    settings: DeviceSettings, running: int, result: cs09.Result, at: datetime, attempted: int | None = None
) -> bytes:
    """The payload of the alert 0x8F8B.

    Args:
        settings: say which version it carries when the activation failed.
        running: the version that runs after the activation, or still runs after a failed one.
        result: how it went.
        at: when, UTC.
        attempted: the version that failed; carried instead where the settings say so.
    """
    failed = result is cs09.Result.FAILURE and settings.cs09_version_on_failure == "failed"
    version = attempted if failed and attempted is not None else running
    return cs09.Alert(at, version, result).encode()


class ActivationPort(Protocol):
    """The image that a meter or HCALCS holds."""

    def held_hash(self) -> bytes | None:
        """SHA-256 over the manufacturer image that it holds, 32 octets; None: it holds none."""

    def activate(self) -> bool:
        """Run it; whether that went well."""

    def version(self) -> int:
        """The version that runs now."""


@dataclass(frozen=True, slots=True)
class Activation:
    """CS06: at once, at a date, or no more.

    Attributes:
        port: the image.
        supplier: who may ask for it.
    """

    port: ActivationPort
    supplier: RemotePartyRole = RemotePartyRole.SUPPLIER

    def use_case(self) -> UseCase:
        """The use case."""
        return UseCase((Permit("a", self.supplier),), self._activate, dated=True, execute=self._execute)

    def _activate(self, request: Request) -> Answer:
        asked, state = cs06.Command.decode(request.command.payload), request.state
        code = request.command.header.message_code
        if asked.originator_counter != request.command.header.originator_counter:
            raise Refused(Reason.COUNTER_MISMATCH, "the counter in the payload is not that of the message")
        when = asked.execution_date_time
        if when is None:
            return Answer(cs06.Response(self._carry_out(asked)).encode(), state)
        waiting = None if when == NEVER else ScheduledCommand(when, request.command.encode())
        return Answer(cs06.Response().encode(), state.scheduling(code, waiting))

    def _execute(self, request: Request) -> Execution:
        asked = cs06.Command.decode(request.command.payload)
        outcome = self._carry_out(asked)
        good = outcome.response_code == cs06.ResponseCode.SUCCESS
        code = FUTURE_DATED_ACTIONED if good else FUTURE_DATED_NOT_ACTIONED
        at = request.date.replace(microsecond=0)
        alert = cs06.Alert(code, at, asked.originator_counter, outcome)
        return Execution(cs06.ALERT_MESSAGE_CODE, alert.encode(), replace(request.state))

    def _carry_out(self, asked: cs06.Command) -> cs06.ExecutionOutcome:
        return cs06.ExecutionOutcome(self._code(asked), self.port.version())

    def _code(self, asked: cs06.Command) -> cs06.ResponseCode:
        held = self.port.held_hash()
        if held is None:
            return cs06.ResponseCode.NO_IMAGE_HELD
        if held != asked.manufacturer_image_hash:
            return cs06.ResponseCode.HASH_MISMATCH
        return cs06.ResponseCode.SUCCESS if self.port.activate() else cs06.ResponseCode.ACTIVATION_FAILURE
