"""`althan gbcs send`: a message to a device of a running HAN, and what comes of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from emulator.control.cli.gbcs_input import read_octets
from emulator.control.cli.gbcs_text import checking_keys, field_line, message_lines
from emulator.control.cli.options import Json
from emulator.control.http.client import DEFAULT_URL, HanClient
from emulator.core.clock import DAY, SECOND
from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import parse_eui64
from emulator.gbcs.describe import describe
from emulator.gbcs.message import Message

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

DEFAULT_WAIT_S = 120.0

_LONGEST_WAIT_S = DAY // SECOND
_FAILURE = 1
_ANSWERED = "answered"


@app.command()
def send(
    message: Annotated[str, typer.Argument(metavar="HEX|FILE|-", help="A message in hex, or a file with one.")],
    url: Annotated[str, typer.Option(metavar="URL", help="Where althan serve says that it serves.")] = DEFAULT_URL,
    to: Annotated[
        str | None, typer.Option(metavar="EUI64", help="The device; the message's recipient if not given.")
    ] = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long to wait for the answer, in the time of the HAN.")
    ] = DEFAULT_WAIT_S,
    pki: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Check the answer with the parties' keys in this PKI.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a GBCS message to a device of a running HAN, and print its answer.

    Exit status 0 where it was answered, 1 where it was refused or not answered in time, or where a key says that the
    answer is not valid, 2 where there is no HAN.
    """
    if not 0 < wait <= _LONGEST_WAIT_S:
        raise BadInput(f"{wait:g} s is no time to wait", where="--wait", allowed=f"above 0, up to {_LONGEST_WAIT_S}")
    octets = read_octets(message)
    device = None if to is None else parse_eui64(to, where="--to")
    progress = _Progress(quiet=as_json)
    result = HanClient(url).send_gbcs(octets, device, wait, progress.show)
    words = _words(result["response"], pki)
    typer.echo(json.dumps({**result, "message": words}) if as_json else "\n".join(_lines(result, words)))
    if result["outcome"] != _ANSWERED or _not_valid(words):
        raise typer.Exit(_FAILURE)


class _Progress:
    """Says on stderr that an answer is waited for."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def show(self, waited: float) -> None:
        """One line."""
        if not self._quiet:
            sys.stderr.write(f"althan: waiting for the answer, {waited:.0f} s\n")
            sys.stderr.flush()


def _words(response: str | None, pki: Path | None) -> dict[str, Any] | None:
    """What the answer says, by name; None where there is none, or it cannot be decoded."""
    if response is None:
        return None
    try:
        decoded = Message.decode(bytes.fromhex(response))
    except (DecodeError, ValueError):
        return None
    secret, signer = checking_keys(decoded, pki)
    return dict(describe(decoded, shared_secret=secret, signer_public_key=signer))


def _not_valid(words: dict[str, Any] | None) -> bool:
    return words is not None and any(words[part]["valid"] is False for part in ("mac", "signature"))


def _lines(result: dict[str, Any], words: dict[str, Any] | None) -> list[str]:
    lines = [
        field_line("device", result["device"]),
        field_line("outcome", f"{result['outcome']} after {result['virtual_seconds']:.1f} s of the HAN's time"),
    ]
    lines += [field_line(name, result[name]) for name in ("reason", "detail") if result[name]]
    return [*lines, *(message_lines(words) if words is not None else ())]
