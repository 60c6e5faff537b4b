"""One EZSP session: the version agreed on, then commands answered one by one, and callbacks between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.core.events import Report
from emulator.ncp.chip import Answer, Chip
from emulator.ncp.commands.catalogue import Handler
from emulator.ncp.commands.configuration import stack_version
from emulator.ncp.ezsp.codec import (
    VERSION_COMMAND,
    Request,
    decode_request,
    encode_callback,
    encode_invalid_command,
    encode_response,
)
from emulator.ncp.ezsp.header import Refusal, ResponseFlag
from emulator.ncp.ezsp.status import Status

STACK_TYPE: Final = 2
"""Mesh."""


class Session:
    """What lies between ASH and the chip.

    Args:
        chip: carries the commands out.
        commands: by name.
        report: told of every command that is refused.

    Attributes:
        overflow: a callback was lost; the host hears of it with the next response.
    """

    def __init__(self, chip: Chip, commands: Mapping[str, Handler], report: Report) -> None:
        self.overflow = False
        self._chip = chip
        self._commands = commands
        self._report = report
        self._agreed = False
        self._sequence = 0

    def reset(self) -> None:
        """The stick starts anew: nothing is agreed on."""
        self.overflow = self._agreed = False
        self._sequence = 0

    def obey(self, frame: bytes, now: int) -> bytes | None:
        """A command of the host: the frame that answers it, None where nothing can."""
        version = self._chip.flash.version
        try:
            request = decode_request(version, frame, version_set=self._agreed)
        except Refusal as refusal:
            return self._refused(refusal, now)
        self._sequence = request.sequence
        if request.name == VERSION_COMMAND:
            return self._agree(request)
        handler = self._commands.get(request.name)
        if handler is None:
            unserved = Refusal("not-served", Status.ERROR_INVALID_FRAME_ID, request.sequence, legacy=request.legacy)
            self._report("ezsp.refused", unserved.reason, {"command": request.name}, now)
            return encode_invalid_command(version, unserved)
        if request.short:
            self._report("ezsp.short", None, {"command": request.name, "missing": list(request.missing)}, now)
        return self._answer(request, handler(self._chip, request.values, now))

    def callback(self, name: str, values: Mapping[str, Any]) -> bytes | None:
        """Something the host is to be told; None where it has not said yet what it understands."""
        if not self._agreed:
            return None
        return encode_callback(self._chip.flash.version, self._sequence, name, values)

    def _agree(self, request: Request) -> bytes:
        """`version`: the host is told ours; agreed is what it asks for in the format of ours."""
        version = self._chip.flash.version if self._chip.foreign_version is None else self._chip.foreign_version
        self._agreed = request["desiredProtocolVersion"] == self._chip.flash.version == version
        answer = {"protocolVersion": version, "stackType": STACK_TYPE, "stackVersion": stack_version(self._chip.flash)}
        return self._answer(request, answer)

    def _answer(self, request: Request, values: Answer) -> bytes:
        flags = ResponseFlag.OVERFLOW if self.overflow else ResponseFlag(0)
        self.overflow = False
        version, sequence = self._chip.flash.version, request.sequence
        return encode_response(version, sequence, request.name, values, legacy=request.legacy, flags=flags)

    def _refused(self, refusal: Refusal, now: int) -> bytes | None:
        fields: dict[str, object] = {} if refusal.frame_id is None else {"frame_id": f"{refusal.frame_id:04x}"}
        self._report("ezsp.refused", refusal.reason, fields, now)
        return encode_invalid_command(self._chip.flash.version, refusal)
