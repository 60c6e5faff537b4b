"""`althan gbcs`: what a GBCS message says, and whether its MAC and signature are good.

Building one is in `gbcs_build`, sending one in `gbcs_send`, imported when asked for: a decode must start quickly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.gbcs_input import name_of_input, octets_of_hex, read_octets
from emulator.control.cli.gbcs_text import checking_keys, message_lines
from emulator.control.cli.lazy import lazy_group
from emulator.control.cli.options import Json
from emulator.core.errors import BadInput, DecodeError

if TYPE_CHECKING:
    from emulator.gbcs.crypto import PublicKey

_INVALID = 1
_SECRET_OCTETS = 32
_ELSEWHERE = {"build": "emulator.control.cli.gbcs_build", "send": "emulator.control.cli.gbcs_send"}
"""Commands whose modules are imported when they are the one asked for."""


app = typer.Typer(
    cls=lazy_group(_ELSEWHERE),
    help="Decode, check, build and send GBCS messages.",
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

    octets = read_octets(message)
    try:
        decoded = Message.decode(octets)
    except DecodeError as error:
        raise BadInput(f"is no GBCS message: {error}", where=name_of_input(message)) from error
    secret, signer = checking_keys(decoded, pki)
    if shared_secret is not None:
        secret = _secret(shared_secret)
    if signer_public_key is not None:
        signer = _point(signer_public_key)
    words = describe(decoded, shared_secret=secret, signer_public_key=signer)
    typer.echo(json.dumps(words) if as_json else "\n".join(message_lines(words)))
    if any(words[part] == {"present": True, "valid": False} for part in ("mac", "signature")):
        raise typer.Exit(_INVALID)


def _secret(text: str) -> bytes:
    octets = octets_of_hex(text)
    if octets is None or len(octets) != _SECRET_OCTETS:
        raise BadInput("is no shared secret", where="--shared-secret", allowed=f"{_SECRET_OCTETS} octets in hex")
    return octets


def _point(text: str) -> PublicKey:
    from emulator.gbcs.crypto import public_key

    try:
        return public_key(octets_of_hex(text) or b"")
    except DecodeError as error:
        allowed = "04, x and y of a point on P-256, in hex"
        raise BadInput("is no public key", where="--signer-public-key", allowed=allowed) from error
