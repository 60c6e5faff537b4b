"""`althan ncp`: virtual EZSP sticks for host software that takes them for real ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.control.cli.options import Json

if TYPE_CHECKING:
    from emulator.runtime.sticks.fault_plan import StickFaults

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

DEFAULT_LISTEN = "127.0.0.1:0"

_LISTEN_HELP = "Where to listen; port 0 = a free one for each stick, else this one and those after it."
_REMOTE_HELP = "Let --listen name an address that other machines reach: whoever does may use the sticks."
_AIR_HELP = "Frames take the time they take, or none (only timers do)."
_TOPOLOGY_HELP = "Everybody hears everybody, or each stick the next one only."
_FAULT_HELP = (
    "What goes wrong at every stick, or at one; repeatable. On its line, each way: lose, flip, double (percent of "
    "octets), nak, lost-ack (percent of frames), delay, jitter (ms). From a moment on: hang, full (no buffers), "
    "unplug; reset, error, once; eui64[=EUI64], version=N (unplugged, and another stick or firmware comes back). "
    "E.g. lose=2, nak=100@30s:5s, 1/unplug@2m:10s."
)
_FAULT_SHAPE = "[STICK/]NAME[=N][@MOMENT[:DURATION]]"
_STATE_HELP = "Keep the flash of every stick here, as stick-N.json, over restarts."
_SEED_HELP = "Everything random follows from it; without one nobody can guess keys and addresses."


@app.callback()
def ncp() -> None:
    """Virtual EZSP sticks."""


@app.command()
def serve(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help=_LISTEN_HELP)] = DEFAULT_LISTEN,
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help=_REMOTE_HELP)] = False,
    pty: Annotated[bool, typer.Option("--pty", help="A pseudo-terminal for every stick as well.")] = False,
    count: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="How many sticks.")] = 1,
    ezsp: Annotated[int, typer.Option(metavar="VERSION", help="EZSP version: 13, 14, 16 to 19.")] = 13,
    air: Annotated[str, typer.Option(metavar="real|instant", help=_AIR_HELP)] = "real",
    topology: Annotated[str, typer.Option(metavar="mesh|line", help=_TOPOLOGY_HELP)] = "mesh",
    loss: Annotated[float, typer.Option(metavar="PERCENT", help="Of frames, that every link loses.")] = 0.0,
    fault: Annotated[list[str] | None, typer.Option(metavar=_FAULT_SHAPE, help=_FAULT_HELP)] = None,
    state: Annotated[Path | None, typer.Option(metavar="DIR", help=_STATE_HELP)] = None,
    capture: Annotated[
        Path | None, typer.Option("-w", "--capture", metavar="FILE", help="Every frame on the air.")
    ] = None,
    events: Annotated[Path | None, typer.Option(metavar="FILE", help="One event a line.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help=_SEED_HELP)] = None,
    as_json: Json = False,
) -> None:
    """Put sticks on one air and serve them over TCP until interrupted or terminated.

    Prints where each is; with --json one object a line: stick, uri, socket, pty, eui64, ezsp, bootloader.  A stick
    takes one host at a time.
    """
    from emulator.control.cli.ncp_run import NcpPlan, carry_out
    from emulator.control.http.address import parse_address
    from emulator.runtime.sticks.bench import BenchSettings
    from emulator.scenarios.update_plan import check_loss

    check_loss(loss)
    plan = NcpPlan(
        address=parse_address(listen, "--listen"),
        allow_remote=allow_remote,
        pty=pty,
        count=count,
        ezsp=ezsp,
        bench=BenchSettings(air, topology, loss),
        faults=_faults(fault or (), count),
        state=state,
        capture=capture,
        events=events,
        seed=seed,
    )
    carry_out(plan, as_json=as_json)


def _faults(texts: Sequence[str], count: int) -> StickFaults | None:
    from emulator.core.errors import BadInput
    from emulator.runtime.sticks.fault_plan import FAULT_OPTION, parse_faults

    faults = parse_faults(texts)
    for fault in faults.faults:
        if fault.stick is not None and fault.stick >= count:
            raise BadInput(
                f"there is no stick {fault.stick}", where=FAULT_OPTION, allowed=f"0 to {count - 1}, by --count"
            )
    return faults if faults.faults else None
