"""The few places where EZSP 13 and 14 to 19 differ in what is used here; everything else calls by the names of 13."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.transports.ezsp.callbacks import NEW_LAYOUT

SUPPORTED: Final = (13, 14, 16, 17, 18, 19)
NO_ALIAS: Final = 0xFFFF

_MESSAGE = {
    "type": "message_type", "indexOrDestination": "nwk", "apsFrame": "aps_frame", "messageTag": "message_tag",
    "messageContents": "message",
}  # fmt: skip
_RENAMED: Mapping[str, Mapping[str, str]] = {"sendUnicast": _MESSAGE, "sendBroadcast": _MESSAGE}
_ADDED: Mapping[str, Mapping[str, int]] = {
    "sendBroadcast": {"alias": NO_ALIAS, "sequence": 0},
    "leaveNetwork": {"options": 0},
    "findAndRejoinNetwork": {"reason": 0, "nodeType": 0},
}


def request_fields(version: int, command: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request as the version wants them.

    `findAndRejoinNetwork` takes a `nodeType` from EZSP 14 on; before, the stick knows it.
    """
    if version < NEW_LAYOUT:
        dropped = _ADDED.get(command, {})
        return {name: value for name, value in fields.items() if name not in dropped}
    names = _RENAMED.get(command, {})
    return {**_ADDED.get(command, {}), **{names.get(name, name): value for name, value in fields.items()}}
