"""`althan cbke`: what a key establishment comes to, and certificates of a test CA for it.

The arithmetic is in `emulator.cbke`, how a test CA lies on disk in `emulator.cbke.authority_folder`.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json
from emulator.core.errors import BadInput

if TYPE_CHECKING:
    from emulator.cbke.authority import CertificateAuthority
    from emulator.cbke.authority_folder import TextFile
    from emulator.core.eui64 import Eui64
    from emulator.core.rng import Streams

READ_LIMIT = 64 * 1024
"""Octets of the longest input; an exchange of suite 2 has two thousand."""

_WIDTH = 16

app = typer.Typer(
    help="Compute a key establishment (CBKE), and issue test certificates for it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def compute(
    exchange: Annotated[str, typer.Argument(metavar="FILE|-", help="The exchange in JSON: a file, or - for stdin.")],
    as_json: Json = False,
) -> None:
    """Compute what an exchange comes to, as one side does.

    Out: both public keys, the shared secret, MAC key, key data (the new link key) and both MACs.

    In: suite (1 or 2), role (initiator or responder), ca_pub, and the objects initiator and responder with cert,
    private, ephemeral_private; of the side that is not the role's, cert and ephemeral_public will do.  All hex.
    """
    from emulator.cbke.transcript import compute as compute_transcript

    where = "stdin" if exchange == "-" else exchange
    results = compute_transcript(_object(_read(exchange), where), where)
    lines = "\n".join(f"{name:<{_WIDTH}}{value}" for name, value in results.items())
    typer.echo(json.dumps(results) if as_json else lines)


@app.command()
def issue(
    eui64: Annotated[list[str], typer.Option(metavar="EUI64", help="A device; several times for several.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder, or one made before, to add to.")],
    suite: Annotated[
        int | None, typer.Option(metavar="1|2", help="Crypto suite; that of the CA, or 2.", show_default=False)
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(metavar="FILE|DIR", help="This CA's private key, or a folder made before.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same keys every time; otherwise nobody can guess them.")
    ] = None,
) -> None:
    """Issue implicit certificates from a test CA.

    They are of use only to devices that are given its public key.

    Without --ca the CA in DIR goes on, or a new one begins.  What DIR holds stays: another certificate for a device
    that has one there is refused.
    """
    from emulator.cbke.authority_folder import authority_files, read_folder
    from emulator.core.rng import SeededStreams, SystemStreams

    streams: Streams = SystemStreams() if seed is None else SeededStreams(seed)
    devices = _devices(eui64)
    held = read_folder(out)
    authority = _authority(ca or (out if held else None), suite, streams)
    made = authority_files(authority) | _issued(authority, devices, streams, seeded=seed is not None)
    _write(out, held, made)
    typer.echo(f"{out}: {len(devices)} certificates of {authority.suite}")


def _read(name: str) -> bytes:
    try:
        if name == "-":
            octets = sys.stdin.buffer.read(READ_LIMIT + 1)
        else:
            with Path(name).open("rb") as file:
                octets = file.read(READ_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"cannot be read: {reason}", where=name, allowed="a file, or - for stdin") from error
    if len(octets) > READ_LIMIT:
        raise BadInput(f"has more than {READ_LIMIT} octets", where=name)
    return octets


def _object(octets: bytes, where: str) -> dict[str, object]:
    try:
        value = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise BadInput("is no JSON", where=where) from error
    if not isinstance(value, dict):
        raise BadInput("is no JSON object", where=where, allowed="one exchange")
    return value


def _devices(texts: list[str]) -> list[Eui64]:
    """The devices, each once."""
    from emulator.core.eui64 import parse_eui64

    return list(dict.fromkeys(parse_eui64(text, where="--eui64") for text in texts))


def _authority(source: Path | None, number: int | None, streams: Streams) -> CertificateAuthority:
    from emulator.cbke.authority import CertificateAuthority
    from emulator.cbke.authority_folder import read_authority
    from emulator.cbke.suite import SUITES

    default = 2
    if number is not None and number not in SUITES:
        raise BadInput(f"is {number}", where="--suite", allowed="1, 2")
    if source is None:
        return CertificateAuthority.generate(SUITES[number or default], streams)
    authority = read_authority(source)
    if number not in {None, authority.suite.number}:
        raise BadInput(f"is {number}, but the CA is of {authority.suite}", where="--suite")
    return authority


def _issued(
    authority: CertificateAuthority, devices: list[Eui64], streams: Streams, *, seeded: bool
) -> dict[str, TextFile]:
    from emulator.cbke.authority_folder import device_files
    from emulator.core.clock import VIRTUAL_EPOCH

    # One from today on would be of no use in virtual time, which begins at a date of its own.
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    valid_from = VIRTUAL_EPOCH if seeded else min(VIRTUAL_EPOCH, midnight)
    return device_files([authority.issue(device, streams, valid_from) for device in devices])


def _write(folder: Path, held: dict[str, TextFile], made: dict[str, TextFile]) -> None:
    """Add what was made to what was there; nothing that is there is overwritten by anything else."""
    from emulator.gbcs.folder_writing import FileContent, write_folder

    for name, one in made.items():
        if held.get(name, one) != one:
            allowed = "another folder, or devices that have no certificate in this one"
            raise BadInput(f"holds another {name} already", where=str(folder), allowed=allowed)
    files = {name: FileContent(one.text.encode("latin-1"), secret=one.secret) for name, one in (held | made).items()}
    write_folder(folder, files)
