"""Why a message was refused, in a form that machines read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from emulator.core.errors import EmulatorError
from emulator.gbcs.message import Message


class Reason(StrEnum):
    """Every reason for which a device or the Access Control Broker refuses a message."""

    UNDECODABLE = "undecodable"
    WRONG_TARGET = "wrong-target"
    WRONG_ORIGINATOR = "wrong-originator"
    NOT_A_COMMAND = "not-a-command"
    UNEXPECTED_COMMAND = "unexpected-command"
    UNKNOWN_USE_CASE = "unknown-use-case"
    WRONG_SHAPE = "wrong-shape"
    MAC_INVALID = "mac-invalid"
    SIGNATURE_INVALID = "signature-invalid"
    PAYLOAD_UNDECODABLE = "payload-undecodable"
    COUNTER_REPEATED = "counter-repeated"
    UNSOLICITED_RESPONSE = "unsolicited-response"
    MODE_NOT_ALLOWED = "mode-not-allowed"
    WRONG_MESSAGE_CODE = "wrong-message-code"
    COUNTER_MISMATCH = "counter-mismatch"
    TOO_LONG = "too-long"
    SUPPLEMENTARY_MISMATCH = "supplementary-mismatch"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that changed nothing.

    Attributes:
        at: µs since the run began.
        reason: why.
        detail: the same in words.
        message: what was decoded; None where nothing could be.
        alert: what tells the Access Control Broker of it, ready to send; None: nothing does.
    """

    at: int
    reason: Reason
    detail: str
    message: Message | None = None
    alert: bytes | None = None


class Refused(EmulatorError):
    """Leaves the checks of a message at the first that fails; never leaves this package."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
