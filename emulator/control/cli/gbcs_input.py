"""A GBCS message as commands take it: hex, a file, or stdin."""

from __future__ import annotations

import sys
from pathlib import Path

from emulator.core.errors import BadInput

READ_LIMIT = 512 * 1024
"""Characters of the longest input; the longest message has 64 KB, twice that in hex, and there may be blanks."""

_ALLOWED = "hex digits, a file, or - for stdin"
_MESSAGE_STARTS = (b"\xdd", b"\xdf")


def name_of_input(message: str) -> str:
    """What errors call the input: its file, or its beginning."""
    longest = 40
    return message if len(message) <= longest else f"{message[:longest]}..."


def read_octets(message: str) -> bytes:
    """The octets that the argument stands for; BadInput where it is nothing of the kind."""
    if message == "-":
        return _from_text(sys.stdin.buffer.read(READ_LIMIT + 1), "stdin")
    hexadecimal = octets_of_hex(message)
    if hexadecimal is not None:
        return hexadecimal
    try:
        with Path(message).open("rb") as file:
            return _from_text(file.read(READ_LIMIT + 1), message)
    except (FileNotFoundError, ValueError) as error:
        raise BadInput("is neither hex nor a file", where=name_of_input(message), allowed=_ALLOWED) from error
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=name_of_input(message), allowed=_ALLOWED) from error


def _from_text(content: bytes, where: str) -> bytes:
    """Hex digits with blanks and lines between them, or the message itself."""
    if len(content) > READ_LIMIT:
        raise BadInput(f"has more than {READ_LIMIT} characters", where=where)
    octets = octets_of_hex(content.decode("latin-1"))
    if octets is None and content.startswith(_MESSAGE_STARTS):
        return content
    if octets is None:
        raise BadInput("is no hex", where=where, allowed=_ALLOWED)
    return octets


def octets_of_hex(text: str) -> bytes | None:
    """The octets of hex digits with any white space; None where there is anything else, or nothing."""
    try:
        return bytes.fromhex("".join(text.split())) or None
    except ValueError:
        return None
