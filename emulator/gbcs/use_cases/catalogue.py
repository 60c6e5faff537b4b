"""Which payload a message carries: the table from message code and CRA flag to its value.

Use cases are imported when a message of theirs is met: most runs see two of them, and a decode on the command line one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from emulator.gbcs.header import Cra
from emulator.gbcs.message import Message
from emulator.gbcs.use_cases.payload import Payload

Kind = tuple[int, Cra]
"""Message code and CRA flag."""


def _pair(command: str, response: str | None = None) -> dict[Cra, str]:
    return {Cra.COMMAND: f"{command}.Command", Cra.RESPONSE: f"{response or command}.Response"}


def _alert(module: str, name: str = "Alert") -> dict[Cra, str]:
    return {Cra.ALERT: f"{module}.{name}"}


CREDENTIALS_CODES = range(0x0100, 0x010A)
"""Message codes of CS02b, one a mode."""

_PLACES: Mapping[int, Mapping[Cra, str]] = {
    0x0001: _pair("ccs01"),
    0x0002: _pair("ccs02"),
    0x0003: _pair("ccs03"),
    0x0004: _pair("ccs05"),
    0x0008: _pair("cs02a"),
    0x000A: _pair("cs02c"),
    0x000B: _pair("cs02d"),
    0x000C: _pair("cs02e"),
    0x000D: _pair("cs03"),
    0x000E: _pair("cs03"),
    0x000F: _pair("cs04"),
    0x0010: _pair("cs04"),
    0x0012: _pair("cs06"),
    0x0013: _pair("cs07"),
    0x0018: _alert("cs14"),
    0x00AB: _pair("cs03"),
    0x00AF: _pair("cs03"),
    0x00CA: _alert("cs06"),
    0x00CB: _alert("cs02b_outcome"),
    0x00CE: _alert("firmware_receipt", "EsmeAlert"),
    0x00CF: _alert("firmware_receipt", "GsmeAlert"),
    0x00FE: _pair("ccs07"),
    **{code: _pair("cs02b", "cs02b_outcome") for code in CREDENTIALS_CODES},
    0x010F: _pair("ccs05"),
    0x0128: _alert("ccs08"),
    0x0129: _pair("cs08") | _alert("cs09"),
    0x012B: _alert("cs09"),
    0x1000: _alert("generic_alert"),
    0x1001: _alert("generic_alert"),
}
"""By message code, module and name of each payload that is read.

Not in it on purpose, so that their payload is passed on as it is: ECS52 and GCS38, the firmware versions of meters, and
PCS01 and PCS02, which PPMID and GSME exchange between themselves.
"""

_GENERIC_IN_DLMS_FORM = "generic_alert.DlmsAlert"
_GENERIC = (0x1000, 0x1001)
_DATA_NOTIFICATION = b"\x0f"


def kinds() -> Iterator[tuple[Kind, type[Payload]]]:
    """Every kind of message whose payload is read, with what it is read as."""
    return (((code, cra), _found(place)) for code, places in _PLACES.items() for cra, place in places.items())


def payload_type(message: Message) -> type[Payload] | None:
    """What the message's payload is read as; None for a kind of message not in the table."""
    code = message.header.message_code
    place = _PLACES.get(code, {}).get(message.header.cra)
    if place and code in _GENERIC and message.payload[:1] == _DATA_NOTIFICATION:
        place = _GENERIC_IN_DLMS_FORM
    return _found(place) if place else None


def _found(place: str) -> type[Payload]:
    module, name = place.split(".")
    payload: type[Payload] = getattr(import_module(f"emulator.gbcs.use_cases.{module}"), name)
    return payload


def decode_payload(message: Message) -> Payload | None:
    """The payload as a value; None for a kind of message not in the table, DecodeError for one that is damaged."""
    kind = payload_type(message)
    return kind.decode(message.payload) if kind else None
