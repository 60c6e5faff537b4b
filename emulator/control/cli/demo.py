"""`althan demo`: the main job, with live progress and a summary; and other demos, each a command of its own below."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.lazy import lazy_group
from emulator.control.cli.options import Json, ProfileFolders, Settings
from emulator.core.standards import Standards

_ELSEWHERE = {
    "credentials": "emulator.control.cli.demo_credentials",
    "premises": "emulator.control.cli.demo_premises",
    "swap-out": "emulator.control.cli.demo_swap_out",
}
"""Demos beside the main job, by the module that has each."""

app = typer.Typer(
    cls=lazy_group(_ELSEWHERE),
    invoke_without_command=True,
    subcommand_metavar="[DEMO]",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

DEFAULT_FOLDER = Path("althan-demo")
DEFAULT_SEED = 1

_IMAGE_HELP = "Offer this OTA file instead of a built one; the bridge becomes the product that it is for."
_SIZE_HELP = "Octets of the image that is built (768000, the limit, if not given)."
_PROFILE_HELP = "Profile of a bridge; several times for several bridges in one HAN."
_LOSS_HELP = "Percent of frames, and of acknowledgements, that each link loses."
_LEAN_HELP = "64-octet blocks, no APS acknowledgements, no link key, instead of Great Britain's 50 with both."
_STICKS_HELP = "Hub and bridges each behind bellows and a virtual stick, by the wall clock."


@app.callback()
def demo(
    context: typer.Context,
    image: Annotated[Path | None, typer.Option(metavar="FILE", help=_IMAGE_HELP)] = None,
    trust: Annotated[
        Path | None, typer.Option(metavar="CERT|PEM", help="Check the signature of --image with this key.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="With --image: keep the profile as it is.")] = False,
    size: Annotated[int | None, typer.Option(metavar="BYTES", help=_SIZE_HELP)] = None,
    profile: Annotated[list[str] | None, typer.Option(metavar="NAME", help=_PROFILE_HELP)] = None,
    loss: Annotated[float, typer.Option(metavar="PERCENT", help=_LOSS_HELP)] = 0.0,
    block_size: Annotated[int | None, typer.Option(metavar="N", help="Octets asked for in one block.")] = None,
    page_requests: Annotated[bool | None, typer.Option(help="Ask for pages instead of blocks.")] = None,
    min_block_period: Annotated[
        int | None, typer.Option(metavar="MS", help="Ask for no block sooner than this after the one before.")
    ] = None,
    aps_acks: Annotated[bool | None, typer.Option(help="APS acknowledgements of OTA messages.")] = None,
    ota_link_key: Annotated[bool | None, typer.Option(help="OTA messages under the APS link key.")] = None,
    lean: Annotated[bool, typer.Option("--lean", help=_LEAN_HELP)] = False,
    hops: Annotated[int, typer.Option(metavar="N", help="Hops from hub to bridges; relays are bridges too.")] = 1,
    fidelity: Annotated[str, typer.Option(metavar="frames|aps", help="Every frame, or APS level.")] = "frames",
    seed: Annotated[int, typer.Option(metavar="N", help="Everything random follows from it.")] = DEFAULT_SEED,
    over_sticks: Annotated[bool, typer.Option("--over-sticks", help=_STICKS_HELP)] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files of the run go.")] = DEFAULT_FOLDER,
    settings: Settings = None,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Update a bridge over the emulated air, from join to CS08.

    An emulated Communications Hub forms a HAN, the bridge joins it as a PPMID with its install code, downloads the
    image, verifies and activates it, restarts, raises the alert 0x8F8B and answers a CS08 read.
    """
    if context.invoked_subcommand is not None:
        return
    from emulator.control.cli.demo_run import carry_out
    from emulator.scenarios.update_plan import LEAN_BLOCK, UpdatePlan

    plan = UpdatePlan(
        profiles=tuple(profile or ("bridge-1",)),
        image=image,
        size=size,
        trust=trust,
        strict=strict,
        loss=loss,
        block_octets=block_size if block_size is not None or not lean else LEAN_BLOCK,
        page_requests=page_requests,
        min_block_period_ms=min_block_period,
        hops=hops,
        fidelity=fidelity,
        seed=seed,
        standards=_standards(settings or [], lean, aps_acks, ota_link_key),
        folders=tuple(folders or ()),
    )
    raise typer.Exit(carry_out(plan, out, as_json=as_json, over_sticks=over_sticks))


def _standards(settings: list[str], lean: bool, aps_acks: bool | None, ota_link_key: bool | None) -> Standards:
    """The switches of the run: `--lean` first, then `--set`, then the options that name one."""
    chosen = Standards.parse(settings)
    named: dict[str, object] = {"ota_aps_acks": False, "ota_aps_security": False} if lean else {}
    named |= chosen.non_defaults()
    named |= {
        name: value
        for name, value in (("ota_aps_acks", aps_acks), ("ota_aps_security", ota_link_key))
        if value is not None
    }
    return Standards(named)
