"""`althan image`: build, show, verify and spoil OTA files.

What the commands do is in `emulator.image`, imported when one runs; here are options, files and lines.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json, Settings
from emulator.core.errors import BadInput
from emulator.core.standards import Standards

if TYPE_CHECKING:
    from emulator.image.file import OtaFile
    from emulator.image.recipe import HeaderTable, Recipe
    from emulator.image.signature import Verifier
    from emulator.image.verify import Finding

app = typer.Typer(
    help="Build, show, verify and spoil OTA files.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

READ_LIMIT = 64 * 1024 * 1024
"""Octets of the largest file that is looked at, whoever made it; what a hub or bridge takes is far less."""

_VERSION_DIGITS = 8

ImageFile = Annotated[Path, typer.Argument(metavar="FILE", help="An OTA file.", show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write, a file or a folder.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="OCTETS", min=0, help="Largest file; else the standard limits.image_octets."),
]


@app.command()
def build(
    recipe: Annotated[str | None, typer.Option(metavar="FILE|NAME", help="A recipe, or one of ours by name.")] = None,
    payload: Annotated[Path | None, typer.Option(metavar="FILE", help="The manufacturer image, unsigned.")] = None,
    manufacturer: Annotated[str | None, typer.Option(metavar="CODE", help="Manufacturer code, e.g. 0x1B01.")] = None,
    image_type: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Image type, e.g. 0x00B1.")] = None,
    version: Annotated[str | None, typer.Option(metavar="VERSION", help="File version, e.g. 00020000.")] = None,
    hardware: Annotated[str | None, typer.Option(metavar="A..B", help="Hardware versions that may take it.")] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Header string, at most 32 octets.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="PEM", help="Sign with this P-256 private key.")] = None,
    size: Annotated[int | None, typer.Option(metavar="OCTETS", min=0, help="Make the whole file this long.")] = None,
    limit: Limit = None,
    settings: Settings = None,
    out: Out = None,
) -> None:
    """Build an image from a recipe or a payload.

    Options about the header, the key and the size go before what a recipe says.
    """
    from emulator.image.file import write_atomically

    chosen = _recipe(recipe, payload, _header_values(manufacturer, image_type, version, hardware, text), key)
    image = chosen.build(size, _limit(limit, settings))
    target = _target(out, _conventional_name(image), inputs=chosen.files())
    write_atomically(target, image.octets)
    typer.echo(f"{target}: {image.size} octets, version {image.header.version_text}, SHA-256 {image.sha256().hex()}")


@app.command()
def show(file: ImageFile, as_json: Json = False) -> None:
    """Show every field of an OTA file, of any maker."""
    from emulator.image.describe import describe

    image, before, after = _read_any(file)
    facts = describe(image)
    if as_json:
        around = {"file": str(file), "size": image.size, "sha256": image.sha256().hex()}
        wrapper = {"wrapper_octets_before": before, "wrapper_octets_after": after}
        typer.echo(json.dumps(around | wrapper | {fact.key: fact.value for fact in facts}))
        return
    lines = [("file", str(file)), ("size", f"{image.size} octets"), ("SHA-256", image.sha256().hex())]
    if before:
        lines.append(("wrapper", f"a maker's, {before} octets before the OTA file and {after} after it"))
    lines += [(fact.name, fact.text) for fact in facts]
    width = max(len(name) for name, _ in lines)
    for name, line in lines:
        typer.echo(f"{name:<{width}}  {line}")


@app.command()
def verify(
    file: ImageFile,
    recipe: Annotated[str | None, typer.Option(metavar="FILE|NAME", help="Expect its maker, type and key.")] = None,
    manufacturer: Annotated[str | None, typer.Option(metavar="CODE", help="Expect this manufacturer code.")] = None,
    image_type: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Expect this image type.")] = None,
    hardware: Annotated[str | None, typer.Option(metavar="VERSION", help="The device's hardware version.")] = None,
    newer_than: Annotated[str | None, typer.Option(metavar="VERSION", help="The version that runs.")] = None,
    trust: Annotated[Path | None, typer.Option(metavar="CERT|PEM", help="Whose signature is wanted.")] = None,
    limit: Limit = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Check an OTA file as a device would.

    Exit status 1 where it must be refused, 2 where it is no OTA file.  What is not expected is not checked.
    """
    from emulator.image.catalogue import find_recipe
    from emulator.image.file import read_image
    from emulator.image.verify import ImageExpectation
    from emulator.image.verify import verify as findings_of

    expected = find_recipe(recipe) if recipe is not None else None
    expectation = ImageExpectation(
        manufacturer_code=_given(manufacturer, "--manufacturer", expected.header.manufacturer if expected else None),
        image_type=_given(image_type, "--type", expected.header.image_type if expected else None),
        hardware_version=_given(hardware, "--hardware", None),
        current_version=_version(newer_than, "--newer-than") if newer_than is not None else None,
        limit=_limit(limit, settings),
        verifier=_verifier(expected, trust),
    )
    image = read_image(file, READ_LIMIT)
    findings = findings_of(image, expectation)
    _report(file, image, findings, expectation.checked, as_json=as_json)
    if findings:
        raise typer.Exit(1)


@app.command()
def mutate(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A good OTA file.", show_default=False)] = None,
    how: Annotated[str | None, typer.Option(metavar="NAME", help="Which way to spoil it, see --list.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="PEM", help="Sign again what is not about signing.")] = None,
    at: Annotated[int | None, typer.Option(metavar="OCTET", help="For flip-octet and truncate.")] = None,
    limit: Limit = None,
    settings: Settings = None,
    out: Out = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the ways, and why each must be refused.")] = False,
) -> None:
    """Make a bad image from a good one."""
    from emulator.image.file import read_image, write_atomically
    from emulator.image.mutate import MUTATIONS
    from emulator.image.mutate import mutate as spoil
    from emulator.image.signature import load_signer

    if list_them:
        for mutation in MUTATIONS.values():
            typer.echo(f"{mutation.name:<20}  {mutation.reason:<18}  {mutation.what}")
        return
    if file is None or how is None:
        missing = "FILE" if file is None else "--how"
        raise BadInput("is missing", where=missing, allowed="FILE --how NAME, or --list")
    image = read_image(file, READ_LIMIT)
    signer = load_signer(key) if key is not None else None
    octets = spoil(image, how, signer=signer, limit=_limit(limit, settings), at=at)
    read = (file,) if key is None else (file, key)
    target = _target(out, f"{file.stem}-{how}{file.suffix}", inputs=read, beside=file.parent)
    write_atomically(target, octets)
    typer.echo(f"{target}: {len(octets)} octets, must be refused: {MUTATIONS[how].reason}")


def _read_any(path: Path) -> tuple[OtaFile, int, int]:
    """The OTA file in `path`, and how many octets of a maker's wrapper stand before and after it."""
    from emulator.image.errors import BadImage, ImageError
    from emulator.image.file import parse, read_octets, unwrap

    octets = read_octets(path, READ_LIMIT)
    try:
        return parse(octets), 0, 0
    except ImageError as error:
        found = unwrap(octets) if error.reason == "wrapped" else None
        if found is None:
            raise BadImage(error.reason, str(error), where=str(path)) from error
        return found.file, found.before, found.after


def _report(
    file: Path, image: OtaFile, findings: tuple[Finding, ...], checked: tuple[str, ...], *, as_json: bool
) -> None:
    if as_json:
        listed = [{"reason": finding.reason, "text": finding.text} for finding in findings]
        about = {"file": str(file), "size": image.size, "file_version": image.header.version_text}
        typer.echo(json.dumps(about | {"accepted": not findings, "checked": list(checked), "findings": listed}))
        return
    for finding in findings:
        typer.echo(f"{finding.reason}: {finding.text}")
    if not findings:
        typer.echo(f"{file}: nothing speaks against it (checked: {', '.join(checked)})")


def _limit(limit: int | None, settings: list[str] | None) -> int:
    """Octets of the largest file: the option's, else the standard's."""
    standards = Standards.parse(settings or [])
    return standards.number("limits.image_octets") if limit is None else limit


def _verifier(recipe: Recipe | None, trust: Path | None) -> Verifier:
    """Whom to trust: the key given, else the recipe's, else nobody is asked."""
    from emulator.image.signature import load_verifier, not_checked

    if trust is not None:
        return load_verifier(trust)
    signer = recipe.signer() if recipe is not None else None
    return signer.verifier() if signer is not None else not_checked


def _header_values(
    manufacturer: str | None, image_type: str | None, version: str | None, hardware: str | None, text: str | None
) -> dict[str, object]:
    """The options about the header that were given, as a recipe names them."""
    from emulator.image.header import header_string

    values: dict[str, object] = {}
    if manufacturer is not None:
        values["manufacturer"] = _number(manufacturer, "--manufacturer", 0xFFFF)
    if image_type is not None:
        values["image_type"] = _number(image_type, "--type", 0xFFFF)
    if version is not None:
        values["version"] = _version(version, "--version")
    if hardware is not None:
        values["hardware"] = _range(hardware)
    if text is not None:
        header_string(text)  # refuses what is too long
        values["text"] = text
    return values


def _recipe(name: str | None, payload: Path | None, values: dict[str, object], key: Path | None) -> Recipe:
    """The recipe asked for, with what the options say otherwise; or one made of options alone."""
    from dataclasses import replace

    from emulator.image.catalogue import find_recipe
    from emulator.image.recipe import PayloadTable, Recipe, SignatureTable

    if name is None:
        if payload is None:
            raise BadInput("nothing to build from", where="image build", allowed="--recipe FILE, or --payload FILE")
        recipe = Recipe(_header(values), PayloadTable(pattern="file", file=str(payload.absolute())))
    else:
        recipe = find_recipe(name)
        recipe = replace(recipe, header=recipe.header.model_copy(update=values))
        if payload is not None:
            recipe = replace(recipe, payload=PayloadTable(pattern="file", file=str(payload.absolute())))
    if key is not None:
        recipe = replace(recipe, signature=SignatureTable(scheme="ecdsa-p256", key=str(key.absolute())))
    return recipe


def _header(values: dict[str, object]) -> HeaderTable:
    from emulator.image.recipe import HeaderTable

    for name, option in (("manufacturer", "--manufacturer"), ("image_type", "--type"), ("version", "--version")):
        if name not in values:
            raise BadInput("is missing", where=option, allowed="needed with --payload, unless --recipe gives it")
    return HeaderTable.model_validate(values)


def _conventional_name(image: OtaFile) -> str:
    """MMMM-TTTT-VVVVVVVV.zigbee."""
    header = image.header
    return f"{header.manufacturer_code:04X}-{header.image_type:04X}-{header.version_text}.zigbee"


def _target(out: Path | None, name: str, inputs: tuple[Path, ...], beside: Path = Path()) -> Path:
    """Where to write; BadInput where that is one of the files read."""
    target = beside / name if out is None else out / name if out.is_dir() else out
    for read in inputs:
        if read.exists() and target.exists() and target.samefile(read):
            raise BadInput("would overwrite what is read", where=str(target), allowed="another --out")
    return target


def _number(text: str, option: str, highest: int) -> int:
    """A number, decimal or 0x…; BadInput where it is none, or does not fit."""
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= highest:
        raise BadInput(
            f"{text!r} is no number that fits", where=option, allowed=f"0 to 0x{highest:X}, decimal or 0x..."
        )
    return value


def _given(text: str | None, option: str, otherwise: int | None) -> int | None:
    return otherwise if text is None else _number(text, option, 0xFFFF)


def _version(text: str, option: str) -> int:
    """A file version: 8 hex digits as it is printed, else as any number."""
    is_printed_form = len(text) == _VERSION_DIGITS and all(digit in "0123456789abcdefABCDEF" for digit in text)
    return int(text, 16) if is_printed_form else _number(text, option, 0xFFFFFFFF)


def _range(text: str) -> list[int]:
    """`A..B`, or one version alone."""
    lowest, _, highest = text.partition("..")
    values = [_number(part, "--hardware", 0xFFFF) for part in (lowest, highest or lowest)]
    if values[0] > values[1]:
        raise BadInput(f"{text!r} begins above its end", where="--hardware", allowed="A..B, the lowest version first")
    return values
