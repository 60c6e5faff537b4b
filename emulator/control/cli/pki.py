"""`althan pki`: a test PKI in a folder, made, imported or shown.

What is made and how it lies on disk is in `emulator.gbcs.pki` and `emulator.gbcs.pki_folder`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json
from emulator.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.core.eui64 import Eui64
    from emulator.gbcs.key_ring import HeldCredential
    from emulator.gbcs.pki import StoredCredential

app = typer.Typer(
    help="Make, import, renew or show a test PKI.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the PKI.", show_default=False)]


@app.command()
def create(
    folder: Folder,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same keys every time; otherwise nobody can guess them.")
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(metavar="EUI64", help="Make this device, too; several times for several.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Import certificates and keys, in any files.")
    ] = None,
) -> None:
    """Make a test PKI, or import another one.

    What the folder held of an earlier PKI is replaced.  A folder that holds anything else is left alone.
    """
    from emulator.gbcs.pki_folder import check_target, write_pki

    check_target(folder)
    devices = _devices(device or [])
    credentials = _created(seed, devices) if source is None else _imported(source, seed, devices)
    write_pki(folder, credentials)
    private = sum(one.private_key is not None for one in credentials.values())
    typer.echo(f"{folder}: {len(credentials)} certificates, {private} private keys")


@app.command()
def show(folder: Folder, as_json: Json = False) -> None:
    """List everything in a PKI."""
    from emulator.gbcs.pki_folder import read_ring

    rows = [_row(one) for one in read_ring(folder).credentials]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    columns = ("file", "role_name", "key_usage", "subject_key_identifier", "not_before", "not_after", "private_key")
    typer.echo("\n".join(_table([list(columns), *([_text(row[column]) for column in columns] for row in rows)])))


@app.command()
def renew(
    folder: Folder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the PKI with the new credentials goes.")],
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="Whose credentials are made anew, e.g. supplier.")
    ] = "accessControlBroker",
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same keys every time.")] = None,
) -> None:
    """Make new credentials for an organisation, under the same authority, as CS02b hands them to devices.

    DIR stays as it is; the other folder gets everything in it, with the new credentials in place of the old ones.
    """
    from emulator.gbcs.pki_folder import check_target, stem_of, write_pki

    check_target(out)
    kept = _kept(folder)
    made = _renewed(folder, role, seed)
    write_pki(out, kept | {name: one for name, one in made.items() if name in kept})
    typer.echo("\n".join(f"{out}/{stem_of(name)}.pem" for name in made if name in kept))


def _kept(folder: Path) -> dict[str, StoredCredential]:
    from emulator.gbcs.pki import StoredCredential
    from emulator.gbcs.pki_folder import read_ring

    held = read_ring(folder).credentials
    return {one.name: StoredCredential(one.certificate.octets, one.private_key) for one in held}


def _renewed(folder: Path, text: str, seed: int | None) -> dict[str, StoredCredential]:
    """Both credentials of the first organisation of a role."""
    from emulator.core.errors import LocalProtocolError
    from emulator.core.eui64 import eui64_text
    from emulator.core.rng import SeededStreams, SystemStreams
    from emulator.gbcs.pki import StoredCredential
    from emulator.gbcs.pki_folder import load_pki, read_ring
    from emulator.gbcs.roles import RemotePartyRole, role_name

    roles = {role_name(role): role for role in RemotePartyRole}
    found = read_ring(folder).with_role(roles[text]) if text in roles else []
    if not found:
        allowed = ", ".join(name for name, role in roles.items() if name and read_ring(folder).with_role(role))
        raise BadInput(f"{text!r} is no organisation of {folder}", where="--role", allowed=allowed)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    streams = SystemStreams() if seed is None else SeededStreams(seed)
    try:
        identity = load_pki(folder, streams, today).renewed(found[0], roles[text], 2)
        made = {"digitalSignature": identity.digital_signature, "keyAgreement": identity.key_agreement}
        return {
            f"organisation/{eui64_text(found[0])}/{usage}": StoredCredential(one.certificate_octets, one.private_key)
            for usage, one in made.items()
        }
    except LocalProtocolError as error:
        raise BadInput(str(error), where=str(folder), allowed="a PKI with its issuing authority's key") from error


def _devices(texts: list[str]) -> list[Eui64]:
    from emulator.core.eui64 import parse_eui64

    return [parse_eui64(text, where="--device") for text in texts]


def _created(seed: int | None, devices: Iterable[Eui64]) -> dict[str, StoredCredential]:
    from emulator.core.clock import VIRTUAL_EPOCH
    from emulator.core.rng import SeededStreams, SystemStreams
    from emulator.gbcs.pki import generate_pki
    from emulator.gbcs.pki_folder import stored_credentials

    if seed is not None:
        return stored_credentials(generate_pki(SeededStreams(seed), list(devices), VIRTUAL_EPOCH))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return stored_credentials(generate_pki(SystemStreams(), list(devices), today))


def _imported(source: Path, seed: int | None, devices: list[Eui64]) -> dict[str, StoredCredential]:
    """What is found there, and the devices asked for that are not; their issuer is made where its key is not known."""
    from emulator.core.eui64 import eui64_text
    from emulator.gbcs.pki_import import import_pki

    if seed is not None and not devices:
        raise BadInput("makes nothing new", where="--seed", allowed="with --from only for --device")
    imported = import_pki(source)
    for reason in imported.left_out:
        typer.echo(f"althan: left out: {reason}", err=True)
    credentials = imported.credentials
    missing = [one for one in devices if f"device/{eui64_text(one)}/digitalSignature" not in credentials]
    if missing:
        made = _created(seed, missing)
        credentials |= {name: one for name, one in made.items() if name.startswith("device")}
    return credentials


def _row(held: HeldCredential) -> dict[str, object]:
    from emulator.core.eui64 import eui64_text
    from emulator.gbcs.pki_folder import CERTIFICATE_SUFFIX, stem_of
    from emulator.gbcs.roles import role_name

    certificate = held.certificate
    usage, identifier = certificate.extensions.key_usage, certificate.extensions.subject_key_identifier
    entity_id, role = certificate.entity_id, certificate.subject.role
    return {
        "file": stem_of(held.name) + CERTIFICATE_SUFFIX,
        "entity_id": None if entity_id is None else eui64_text(entity_id),
        "common_name": certificate.subject.common_name,
        "role": role,
        "role_name": None if role is None else role_name(role),
        "key_usage": None if usage is None else usage.value,
        "issuer": certificate.issuer.common_name,
        "serial_number": f"{certificate.serial:x}",
        "subject_key_identifier": None if identifier is None else identifier.hex(),
        "public_key": certificate.point.hex(),
        "not_before": f"{certificate.not_before:%Y-%m-%d}",
        "not_after": f"{certificate.not_after:%Y-%m-%d}",
        "private_key": held.private_key is not None,
    }


def _text(value: object) -> str:
    if value is None:
        return "-"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _table(rows: list[list[str]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
