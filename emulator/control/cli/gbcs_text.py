"""What a GBCS message says, for people: one field a line; and the keys that check it, out of a PKI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.gbcs.crypto import PublicKey
    from emulator.gbcs.message import Message

_WIDTH = 36


def checking_keys(message: Message, folder: Path | None) -> tuple[bytes | None, PublicKey | None]:
    """The shared secret and the signer's key, as far as the folder has them."""
    if folder is None:
        return None, None
    from emulator.gbcs.pki_import import read_any_ring

    ring = read_any_ring(folder, {message.header.originator, message.header.recipient})
    secret = None if message.mac is None else ring.shared_secret_of(message)
    return secret, None if message.signature is None else ring.signer_of(message)


def message_lines(words: dict[str, Any]) -> Iterator[str]:
    """One field a line, what is inside others indented."""
    from emulator.gbcs.message_codes import USE_CASES

    for name, value in words.items():
        if name in {"mac", "signature"}:
            yield field_line(name, _protection(value))
        elif name == "use_case" and value is not None:
            title = USE_CASES.get(int(words["message_code"], 16))
            yield field_line(name, f"{value}  {title.title}" if title and title.name == value else value)
        else:
            yield from _field(name, value, "")


def _protection(value: dict[str, Any]) -> str:
    if not value["present"]:
        return "none"
    return {None: "present, not checked", True: "present, valid", False: "present, NOT VALID"}[value["valid"]]


def _field(name: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield f"{indent}{name}"
        for key, part in value.items():
            yield from _field(key, part, f"{indent}  ")
    elif isinstance(value, list) and value:
        for number, part in enumerate(value, 1):
            yield from _field(f"{name} {number}", part, indent)
    else:
        yield field_line(f"{indent}{name}", _text(value))


def _text(value: object) -> str:
    if value is None or value in ({}, []):
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def field_line(name: str, value: str) -> str:
    """A name and its value, the values one below the other."""
    return f"{name:<{_WIDTH}}  {value}"
