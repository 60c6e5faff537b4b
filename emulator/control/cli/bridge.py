"""`althan bridge run`: a ZigBee stick becomes a bridge that joins a HAN and is updated there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emulator.control.cli.live_options import (
    Ca,
    NoCbke,
    Once,
    Port,
    Record,
    SharedPkiFolder,
    StateFolder,
)
from emulator.control.cli.options import Json, ProfileFolders, Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_CODE_HELP = "Its install code, with or without CRC; that of the profile, or one of its own, if not given."
_CERTIFICATE_HELP = (
    "Its certificate of key establishment, for the stick's EUI-64; private key and CA's public key are in the same "
    "file, or beside it as `althan cbke issue` writes them."
)
_ISSUE_HELP = "Make a certificate of the test CA (--ca, or that in --pki) where it has none."


@app.callback()
def bridge() -> None:
    """Make a ZigBee stick a bridge."""


@app.command()
def run(
    port: Port,
    profile: Annotated[str, typer.Option(metavar="NAME", help="Profile of the bridge.")] = "bridge-1",
    install_code: Annotated[str | None, typer.Option(metavar="HEX", help=_CODE_HELP)] = None,
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help=_CERTIFICATE_HELP)] = None,
    issue_test_certificate: Annotated[bool, typer.Option("--issue-test-certificate", help=_ISSUE_HELP)] = False,
    pki: SharedPkiFolder = None,
    ca: Ca = None,
    no_cbke: NoCbke = False,
    state: StateFolder = None,
    once: Once = False,
    record: Record = None,
    settings: Settings = None,
    folders: ProfileFolders = None,
    as_json: Json = False,
) -> None:
    """Join a HAN as a bridge, take the image that the hub offers, activate it, raise the alert and answer CS08.

    It first prints what another hub needs to let it in.  It runs until interrupted or terminated; called again, it goes
    on where it was.
    """
    from emulator.control.cli.live_run import carry_out
    from emulator.control.live.bridge import run_bridge
    from emulator.control.live.plan import CODE_CRC_OCTETS, BridgePlan, StickPlan
    from emulator.core.standards import Standards
    from emulator.transports.ezsp.uri import parse_stick
    from emulator.zigbee.security.keys import parse_install_code

    code = None if install_code is None else parse_install_code(install_code, "--install-code")[:-CODE_CRC_OCTETS]
    plan = BridgePlan(
        StickPlan(
            port=parse_stick(port),
            state=state,
            pki=pki,
            ca=ca,
            cbke=not no_cbke,
            once=once,
            record=record,
            standards=Standards.parse(settings or []),
            folders=tuple(folders or ()),
        ),
        profile=profile,
        install_code=code,
        certificate=certificate,
        issue=issue_test_certificate,
    )
    raise typer.Exit(carry_out(lambda teller: run_bridge(plan, teller), once=once, as_json=as_json))
