"""Which payload a message carries: the table from message code and CRA flag to its value."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.gbcs.use_cases import cs08, cs09
from emulator.gbcs.use_cases.payload import Payload

PAYLOADS: Mapping[tuple[int, Cra], type[Payload]] = {
    (cs08.MESSAGE_CODE, Cra.COMMAND): cs08.Command,
    (cs08.MESSAGE_CODE, Cra.RESPONSE): cs08.Response,
    (cs09.MESSAGE_CODE, Cra.ALERT): cs09.Alert,
    (cs09.OTHER_MESSAGE_CODE, Cra.ALERT): cs09.Alert,
}


def decode_payload(message: Message) -> Payload | None:
    """The payload as a value; None for a kind of message not in the table, DecodeError for one that is damaged."""
    kind = PAYLOADS.get((message.header.message_code, message.header.cra))
    return kind.decode(message.payload) if kind else None
