"""`althan gbcs`: what a GBCS message says, and whether its MAC and signature are good.

Building one is in `gbcs_build`, imported when asked for: a decode must start quickly.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core
import typer.main

from emulator.control.cli.options import Json
from emulator.core.errors import BadInput, DecodeError

if TYPE_CHECKING:
    from emulator.gbcs.crypto import PublicKey
    from emulator.gbcs.message import Message

READ_LIMIT = 512 * 1024
"""Characters of the longest input; the longest message has 64 KB, twice that in hex, and there may be blanks."""

_INVALID = 1
_SECRET_OCTETS = 32
_WHERE = "gbcs decode"
_ALLOWED = "hex digits, a file, or - for stdin"
_MESSAGE_STARTS = (b"\xdd", b"\xdf")
_WIDTH = 36


class _Commands(typer.core.TyperGroup):
    """Knows of `build` without importing it."""

    # The context class of typer is private, hence Any.
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - as above
        """Every command's name."""
        return [*super().list_commands(ctx), "build"]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
        """The command itself, imported now."""
        if cmd_name != "build":
            return super().get_command(ctx, cmd_name)
        command = typer.main.get_command(import_module("emulator.control.cli.gbcs_build").app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Commands,
    help="Decode, check and build GBCS messages.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _gbcs() -> None:
    """Commands below."""


@app.command()
def decode(
    message: Annotated[str, typer.Argument(metavar="HEX|FILE|-", help="A message in hex, or a file with one.")],
    pki: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Check with the parties' keys in this PKI, of ours or any.")
    ] = None,
    shared_secret: Annotated[
        str | None, typer.Option(metavar="HEX", help="Check the MAC with this x coordinate of the ECDH.")
    ] = None,
    signer_public_key: Annotated[
        str | None, typer.Option(metavar="HEX", help="Check the signature with this uncompressed point.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print every field of a GBCS message with its name.

    Exit status 1 where a key says that MAC or signature is not valid, 2 where it is no GBCS message.
    """
    from emulator.gbcs.describe import describe
    from emulator.gbcs.message import Message

    octets = _octets(message)
    try:
        decoded = Message.decode(octets)
    except DecodeError as error:
        raise BadInput(f"is no GBCS message: {error}", where=_name(message)) from error
    secret, signer = _keys(decoded, pki)
    if shared_secret is not None:
        secret = _secret(shared_secret)
    if signer_public_key is not None:
        signer = _point(signer_public_key)
    words = describe(decoded, shared_secret=secret, signer_public_key=signer)
    typer.echo(json.dumps(words) if as_json else "\n".join(_lines(words)))
    if any(words[part] == {"present": True, "valid": False} for part in ("mac", "signature")):
        raise typer.Exit(_INVALID)


def _name(message: str) -> str:
    """What errors call the input: its file, or its beginning."""
    longest = 40
    return message if len(message) <= longest else f"{message[:longest]}..."


def _octets(message: str) -> bytes:
    """The octets that the argument stands for."""
    if message == "-":
        return _from_text(sys.stdin.buffer.read(READ_LIMIT + 1), "stdin")
    hexadecimal = _hex(message)
    if hexadecimal is not None:
        return hexadecimal
    try:
        with Path(message).open("rb") as file:
            return _from_text(file.read(READ_LIMIT + 1), message)
    except (OSError, ValueError) as error:
        if not isinstance(error, FileNotFoundError) and isinstance(error, OSError):
            raise BadInput(f"cannot be read: {error.strerror}", where=_name(message), allowed=_ALLOWED) from error
        raise BadInput("is neither hex nor a file", where=_name(message), allowed=_ALLOWED) from error


def _from_text(content: bytes, where: str) -> bytes:
    """Hex digits with blanks and lines between them, or the message itself."""
    if len(content) > READ_LIMIT:
        raise BadInput(f"has more than {READ_LIMIT} characters", where=where)
    octets = _hex(content.decode("latin-1"))
    if octets is None and content.startswith(_MESSAGE_STARTS):
        return content
    if octets is None:
        raise BadInput("is no hex", where=where, allowed=_ALLOWED)
    return octets


def _hex(text: str) -> bytes | None:
    """The octets of hex digits with any white space; None where there is anything else, or nothing."""
    try:
        return bytes.fromhex("".join(text.split())) or None
    except ValueError:
        return None


def _secret(text: str) -> bytes:
    octets = _hex(text)
    if octets is None or len(octets) != _SECRET_OCTETS:
        raise BadInput("is no shared secret", where="--shared-secret", allowed=f"{_SECRET_OCTETS} octets in hex")
    return octets


def _point(text: str) -> PublicKey:
    from emulator.gbcs.crypto import public_key

    try:
        return public_key(_hex(text) or b"")
    except DecodeError as error:
        allowed = "04, x and y of a point on P-256, in hex"
        raise BadInput("is no public key", where="--signer-public-key", allowed=allowed) from error


def _keys(message: Message, folder: Path | None) -> tuple[bytes | None, PublicKey | None]:
    """The shared secret and the signer's key, as far as the folder has them."""
    if folder is None:
        return None, None
    from emulator.gbcs.pki_import import read_any_ring

    ring = read_any_ring(folder, {message.header.originator, message.header.recipient})
    secret = None if message.mac is None else ring.shared_secret_of(message)
    return secret, None if message.signature is None else ring.signer_of(message)


def _lines(words: dict[str, Any]) -> Iterator[str]:
    """One field a line, what is inside others indented."""
    from emulator.gbcs.message_codes import USE_CASES

    for name, value in words.items():
        if name in {"mac", "signature"}:
            yield _line(name, _protection(value))
        elif name == "use_case" and value is not None:
            title = USE_CASES.get(int(words["message_code"], 16))
            yield _line(name, f"{value}  {title.title}" if title and title.name == value else value)
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
        yield _line(f"{indent}{name}", _text(value))


def _text(value: object) -> str:
    if value is None or value in ({}, []):
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line(name: str, value: str) -> str:
    return f"{name:<{_WIDTH}}  {value}"
