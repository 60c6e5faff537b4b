"""`althan gbcs build`: a message of any use case, signed and with its MAC.

What a use case needs is in `gbcs_recipes`; here are options, keys and output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from emulator.control.cli.gbcs_recipes import CS02B, CS02B_OPTIONS, RECIPES, Options, Recipe, cs02b_recipe
from emulator.core.errors import BadInput, DecodeError, LocalProtocolError
from emulator.core.eui64 import Eui64, parse_eui64
from emulator.gbcs.assembly import assemble
from emulator.gbcs.header import Cra, GroupingHeader
from emulator.gbcs.key_ring import KeyRing
from emulator.gbcs.pem import certificates_in
from emulator.gbcs.pki_folder import read_file
from emulator.gbcs.pki_import import read_any_ring
from emulator.gbcs.roles import KeyUsage, RemotePartyRole, role_name
from emulator.gbcs.use_cases.ccs01 import INSTALL_CODE_OCTETS
from emulator.gbcs.use_cases.cells import CellUsage, Certificate, TrustAnchorCell
from emulator.gbcs.use_cases.chf_device_log import LINK_KEY_OCTETS, HashedKey
from emulator.gbcs.use_cases.payload import COUNTER_MAXIMUM, HASH_OCTETS, NEVER
from emulator.gbcs.use_cases.seq_numbers import SeqNumberChange

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Item = TypeVar("Item")

_SYMMETRIC_KEY_MOST = 64
_CELL_PARTS = 2
_PAYLOAD_MOST = 60_000


@app.command()
def build(
    use_case: Annotated[str | None, typer.Argument(metavar="USECASE", help="Which one, see --list.")] = None,
    pki: Annotated[Path | None, typer.Option(metavar="DIR", help="Whose keys, of ours or any.")] = None,
    to: Annotated[str | None, typer.Option(metavar="EUI64", help="The recipient; for an alert: the broker.")] = None,
    originator: Annotated[
        str | None, typer.Option("--from", metavar="EUI64", help="The originator, where it is not the usual one.")
    ] = None,
    counter: Annotated[
        int | None, typer.Option(metavar="N", help="Originator Counter; milliseconds since 1970 if not given.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--for", metavar="EUI64", help="Whom the broker asks for; a supplier of the PKI.")
    ] = None,
    user_counter: Annotated[
        int | None, typer.Option("--for-counter", metavar="N", help="That party's counter; the other one again.")
    ] = None,
    other: Annotated[str | None, typer.Option(metavar="EUI64", help="The other device that it is about.")] = None,
    kind: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="What the other device is: ppmid.")] = None,
    install_code: Annotated[str | None, typer.Option(metavar="HEX", help="16 octets, without a CRC.")] = None,
    join_timeout: Annotated[int | None, typer.Option(metavar="S", help="How long it may join: 3600.")] = None,
    pan: Annotated[str | None, typer.Option(metavar="EUI64", help="Extended PAN id.")] = None,
    entry: Annotated[
        list[str] | None, typer.Option(metavar="EUI64=HASH", help="A device in a log, with its hashed link key or not.")
    ] = None,
    role: Annotated[list[str] | None, typer.Option(metavar="ROLE", help="Whose credentials, e.g. supplier.")] = None,
    key_usage: Annotated[str | None, typer.Option(metavar="USAGE", help="digitalSignature or keyAgreement.")] = None,
    certificate: Annotated[list[Path] | None, typer.Option(metavar="PEM", help="A certificate to hand over.")] = None,
    cell: Annotated[
        list[str] | None, typer.Option(metavar="ROLE:USAGE", help="Its cell, where it is another than it says.")
    ] = None,
    path: Annotated[list[Path] | None, typer.Option(metavar="PEM", help="Certification path: the PKI's.")] = None,
    mode: Annotated[str | None, typer.Option(metavar="MODE", help="Of CS02b: number or name.")] = None,
    chf: Annotated[bool | None, typer.Option("--chf", help="CS02b to a Communications Hub.")] = None,
    no_time_checks: Annotated[
        bool | None, typer.Option("--no-time-checks", help="Certificates may have expired.")
    ] = None,
    new_floor: Annotated[int | None, typer.Option(metavar="N", help="Counter the new party begins above.")] = None,
    floor: Annotated[list[str] | None, typer.Option(metavar="ROLE=N", help="The same for another role.")] = None,
    symmetric_key: Annotated[str | None, typer.Option(metavar="HEX", help="Of the contingency key.")] = None,
    image_hash: Annotated[
        str | None, typer.Option("--hash", metavar="HEX", help="SHA-256 of a manufacturer image.")
    ] = None,
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="The OTA file instead, to be hashed.")] = None,
    version: Annotated[str | None, typer.Option(metavar="HEX", help="Firmware version, 8 digits.")] = None,
    result: Annotated[str | None, typer.Option(metavar="RESULT", help="How it went: success.")] = None,
    alert_code: Annotated[str | None, typer.Option(metavar="HEX", help="Alert code, 4 digits.")] = None,
    command_counter: Annotated[int | None, typer.Option(metavar="N", help="Of the command it is about.")] = None,
    when: Annotated[str | None, typer.Option(metavar="DATE", help="2026-01-31T12:00:00Z, or never to cancel.")] = None,
    payload: Annotated[str | None, typer.Option(metavar="HEX", help="The payload as it is.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the hex here.")] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the use cases and the options of each.")] = False,
) -> None:
    """Build a message, sign it and give it its MAC, as its use case has it; prints hex."""
    if list_them:
        typer.echo("\n".join(_list()))
        return
    if use_case is None or pki is None:
        missing = "USECASE" if use_case is None else "--pki"
        raise BadInput("is missing", where=missing, allowed="althan gbcs build USECASE --pki DIR, or --list")
    values = _given(
        other=_each(other, parse_eui64, "--other"),
        type=kind,
        install_code=_each(install_code, _exactly(INSTALL_CODE_OCTETS), "--install-code"),
        join_timeout=_each(join_timeout, _up_to(0xFFFF), "--join-timeout"),
        pan=_each(pan, parse_eui64, "--pan"),
        entry=_all(entry, _entry, "--entry"),
        role=_all(role, _role, "--role"),
        key_usage=_each(key_usage, _key_usage, "--key-usage"),
        certificate=_all(certificate, _certificate, "--certificate"),
        cell=_all(cell, _cell, "--cell"),
        path=_all(path, _certificate, "--path"),
        mode=mode,
        chf=chf,
        no_time_checks=no_time_checks,
        new_floor=_each(new_floor, _up_to(COUNTER_MAXIMUM), "--new-floor"),
        floor=_all(floor, _floor, "--floor"),
        symmetric_key=_each(symmetric_key, _octets(1, _SYMMETRIC_KEY_MOST), "--symmetric-key"),
        hash=_each(image_hash, _exactly(HASH_OCTETS), "--hash") or _each(image, _hash_of, "--image"),
        version=_each(version, _hexadecimal(8), "--version"),
        result=result,
        alert_code=_each(alert_code, _hexadecimal(4), "--alert-code"),
        command_counter=_each(command_counter, _up_to(COUNTER_MAXIMUM), "--command-counter"),
        when=_each(when, _date, "--when"),
        payload=_each(payload, _octets(0, _PAYLOAD_MOST), "--payload"),
    )
    now = datetime.now(UTC).replace(microsecond=0)
    number = int(datetime.now(UTC).timestamp() * 1_000) if counter is None else counter
    options = Options(values, _up_to(COUNTER_MAXIMUM)(number, "--counter"), now)
    ring = read_any_ring(pki)
    recipe = _recipe(use_case, values, options, ring)
    parties = _each(to, parse_eui64, "--to"), _each(originator, parse_eui64, "--from")
    behind = _each(user, parse_eui64, "--for"), _each(user_counter, _up_to(COUNTER_MAXIMUM), "--for-counter")
    header = _header(recipe, ring, options, parties, behind)
    _emit(_assembled(recipe, ring, options, header), out)


# --- what is built ---------------------------------------------------------------------------------------------------


def _list() -> list[str]:
    rows = {name: recipe.options for name, recipe in RECIPES.items()} | {CS02B: CS02B_OPTIONS}
    width = max(map(len, rows))
    return [f"{name:<{width}}  {' '.join(f'--{option}' for option in rows[name])}".rstrip() for name in sorted(rows)]


def _recipe(use_case: str, values: dict[str, Any], options: Options, ring: KeyRing) -> Recipe:
    name = use_case.lower()
    if name != CS02B and name not in RECIPES:
        raise BadInput(f"no use case is called {use_case!r}", allowed=", ".join(sorted([*RECIPES, CS02B])))
    recipe = cs02b_recipe(options, _issuers(ring)) if name == CS02B else RECIPES[name]
    for option in values:
        if option not in recipe.options:
            allowed = " ".join(f"--{one}" for one in recipe.options) or "none of its own"
            raise BadInput(f"is no option of {name}", where=f"--{option}", allowed=allowed)
    return recipe


def _issuers(ring: KeyRing) -> tuple[Certificate, ...]:
    """Those between organisations and their root."""
    return tuple(
        Certificate(one.certificate.octets)
        for one in ring.credentials
        if one.certificate.extensions.is_authority
        and not one.certificate.is_self_issued
        and one.certificate.subject.role == RemotePartyRole.ISSUING_AUTHORITY
    )


def _header(
    recipe: Recipe,
    ring: KeyRing,
    options: Options,
    parties: tuple[Eui64 | None, Eui64 | None],
    behind: tuple[Eui64 | None, int | None],
) -> GroupingHeader:
    to, originator = parties
    if recipe.cra is Cra.ALERT:
        recipient = _party(ring, recipe.party) if to is None else to
        if originator is None:
            raise BadInput("is missing", where="--from", allowed="the device that raises the alert")
        return GroupingHeader(Cra.ALERT, options.counter, originator, recipient, recipe.message_code)
    if to is None:
        raise BadInput("is missing", where="--to", allowed="the device that it is for")
    if originator is None:
        if recipe.between_devices:
            raise BadInput("is missing", where="--from", allowed="the device that sends it")
        originator = _party(ring, recipe.party)
    user, user_counter = behind
    if user is None and recipe.for_user and originator in ring.brokers():
        user = _party(ring, RemotePartyRole.SUPPLIER)
    if user is not None and user_counter is None:
        user_counter = options.counter
    return GroupingHeader(
        Cra.COMMAND, options.counter, originator, to, recipe.message_code, None, user, user_counter if user else None
    )


def _party(ring: KeyRing, role: RemotePartyRole) -> Eui64:
    """The first organisation of a role; a root has no identifier but 0."""
    if role is RemotePartyRole.ROOT:
        return Eui64(0)
    found = ring.with_role(role)
    if not found:
        raise BadInput(f"has no {role_name(role)}", where="--pki", allowed="--from, --to or --for say who else")
    return found[0]


def _assembled(recipe: Recipe, ring: KeyRing, options: Options, header: GroupingHeader) -> bytes:
    root = next((one for one in ring.credentials if one.name == "organisation-root"), None)
    signing_key = root.private_key if root is not None and recipe.signed_by_root else None
    mac_by = header.originator if recipe.between_devices else None
    try:
        payload = recipe.payload(options).encode()
        message = assemble(header, payload, recipe.shape, ring, mac_by=mac_by, signing_key=signing_key)
        return message.encode()
    except LocalProtocolError as error:
        raise BadInput(str(error), where="gbcs build") from error


def _emit(octets: bytes, out: Path | None) -> None:
    if out is None:
        typer.echo(octets.hex())
        return
    from emulator.image.file import write_atomically

    write_atomically(out, octets.hex().encode() + b"\n")
    typer.echo(f"{out}: {len(octets)} octets")


# --- options ---------------------------------------------------------------------------------------------------------


def _given(**values: object) -> dict[str, Any]:
    """The options that were given, as people type them."""
    return {name.replace("_", "-"): value for name, value in values.items() if value is not None}


def _each(value: Any, read: Callable[[Any, str], Item], option: str) -> Item | None:  # noqa: ANN401 - text, number or path
    return None if value is None else read(value, option)


def _all(values: Sequence[Any] | None, read: Callable[[Any, str], Item], option: str) -> list[Item] | None:
    return [read(value, option) for value in values] if values else None


def _up_to(highest: int) -> Callable[[int, str], int]:
    def read(value: int, option: str) -> int:
        if not 0 <= value <= highest:
            raise BadInput(f"{value} does not fit", where=option, allowed=f"0 to {highest}")
        return value

    return read


def _octets(least: int, most: int) -> Callable[[str, str], bytes]:
    def read(text: str, option: str) -> bytes:
        try:
            octets = bytes.fromhex(text)
        except ValueError:
            octets = b""
        if not least <= len(octets) <= most or (text.strip() and not octets):
            wanted = str(least) if least == most else f"{least} to {most}"
            raise BadInput(f"{text[:40]!r} cannot be used", where=option, allowed=f"{wanted} octets in hex")
        return octets

    return read


def _exactly(length: int) -> Callable[[str, str], bytes]:
    return _octets(length, length)


def _hexadecimal(digits: int) -> Callable[[str, str], int]:
    def read(text: str, option: str) -> int:
        plain = text.lower().removeprefix("0x")
        if len(plain) > digits or not plain or any(digit not in "0123456789abcdef" for digit in plain):
            raise BadInput(f"{text!r} cannot be used", where=option, allowed=f"up to {digits} hex digits")
        return int(plain, 16)

    return read


def _hash_of(path: Path, option: str) -> bytes:
    from emulator.image.file import read_image

    limit = 64 * 1024 * 1024
    _ = option
    return read_image(path, limit).manufacturer_image_sha256()


def _date(text: str, option: str) -> datetime:
    if text == "never":
        return NEVER
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        allowed = "2026-01-31T12:00:00Z, or never"
        raise BadInput(f"{text!r} is no date", where=option, allowed=allowed) from error
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def _entry(text: str, option: str) -> HashedKey:
    """`EUI64`, or `EUI64=HASH`."""
    device, _, key = text.partition("=")
    hashed = _exactly(LINK_KEY_OCTETS)(key, option) if key else b""
    return HashedKey(parse_eui64(device, where=option), hashed)


def _role(text: str, option: str) -> int:
    names = {name: int(role) for role in RemotePartyRole if (name := role_name(role)) and role <= RemotePartyRole.OTHER}
    if text in names:
        return names[text]
    if text.isdecimal() and int(text) <= RemotePartyRole.OTHER:
        return int(text)
    raise BadInput(f"{text!r} is no role", where=option, allowed=", ".join(names))


def _key_usage(text: str, option: str) -> KeyUsage:
    try:
        return KeyUsage(text)
    except ValueError as error:
        names = ", ".join(usage.value for usage in KeyUsage)
        raise BadInput(f"{text!r} is no key usage", where=option, allowed=names) from error


def _cell(text: str, option: str) -> TrustAnchorCell:
    """`ROLE:USAGE`; the usage `prePaymentTopUp` is key agreement for top-ups."""
    parts = text.split(":")
    if len(parts) != _CELL_PARTS:
        raise BadInput(f"{text!r} is no cell", where=option, allowed="ROLE:USAGE, e.g. supplier:keyAgreement")
    role = _role(parts[0], option)
    if parts[1] == "prePaymentTopUp":
        return TrustAnchorCell(role, KeyUsage.KEY_AGREEMENT, CellUsage.PREPAYMENT_TOP_UP)
    return TrustAnchorCell(role, _key_usage(parts[1], option))


def _floor(text: str, option: str) -> SeqNumberChange:
    """`ROLE=N`."""
    role, _, number = text.partition("=")
    if not number.isdecimal():
        raise BadInput(f"{text!r} is no floor", where=option, allowed="ROLE=N, e.g. supplier=1000")
    return SeqNumberChange(_role(role, option), _up_to(COUNTER_MAXIMUM)(int(number), option))


def _certificate(path: Path, option: str) -> Certificate:
    try:
        (octets,) = certificates_in(read_file(path))
    except (DecodeError, ValueError) as error:
        raise BadInput("holds not just one certificate", where=f"{option} {path}", allowed="a PEM file") from error
    return Certificate.of(octets, option)
