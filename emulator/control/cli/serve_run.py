"""Carries out what `althan serve` was asked for: a HAN set up, announced, and served until a signal ends it."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from emulator.control.api import DeviceStatus, RunningHan
from emulator.control.cli.until_told import until_told
from emulator.control.http.address import Address, address_of, listening_socket
from emulator.control.http.application import application
from emulator.control.http.bodies import DeviceBody
from emulator.control.http.server import served
from emulator.control.progress import Progress, progress_on_stderr
from emulator.control.shared_pki import SharedPki
from emulator.core.errors import BadInput
from emulator.core.eui64 import eui64_text
from emulator.core.standards import Standards
from emulator.devices.premises.loading import load_premises
from emulator.devices.profile_loading import load_joiner
from emulator.devices.profile_ota import signature_verifier
from emulator.runtime.han import Han
from emulator.runtime.pace import Speed
from emulator.runtime.simulation import Built, Simulation
from emulator.scenarios.premises_site import let_everybody_in, site_of, with_pause

DEFAULT_SEED = 1
_LISTEN = "--listen"


@dataclass(frozen=True, slots=True)
class ServePlan:
    """What is to be served.

    Attributes:
        address: where to listen.
        allow_remote: whether other machines may reach it.
        profiles: names or files, one for each bridge.
        hub: the hub's.
        premises: name or file of the premises to be served in the place of these; None: these.
        seed: of the run; None: the usual one, and keys that nobody can guess.
        pki: folder of the PKI; None: the run makes its own, which nobody else gets.
    """

    address: Address
    allow_remote: bool
    profiles: tuple[str, ...]
    hub: str
    premises: str | None
    speed: Speed
    seed: int | None
    fidelity: str
    pki: Path | None
    standards: Standards
    folders: tuple[Path, ...]


def carry_out(plan: ServePlan, *, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        BadInput: before anything is served.
    """
    if not (plan.address.is_loopback or plan.allow_remote):
        what = f"{plan.address.host} can be reached from other machines, and whoever does may use it without a password"
        raise BadInput(what, where=_LISTEN, allowed="127.0.0.1, ::1 or localhost; any with --allow-remote")
    with listening_socket(plan.address, _LISTEN) as listener:
        asyncio.run(until_told(_serve(plan, listener, as_json)))


async def _serve(plan: ServePlan, listener: socket.socket, as_json: bool) -> None:
    seed = DEFAULT_SEED if plan.seed is None else plan.seed
    shared = None if plan.pki is None else SharedPki(plan.pki, plan.seed)
    async with Simulation(
        seed,
        fidelity=plan.fidelity,
        standards=plan.standards,
        profiles=plan.folders,
        pki=None if shared is None else shared.pki,
        epoch=datetime.now(UTC).replace(microsecond=0),
    ) as simulation:
        han = await _joined(simulation, plan, shared, quiet=as_json)
        running = RunningHan(simulation, han, plan.speed)
        async with served(application(running), listener):
            _announce(running, plan, address_of(listener), as_json)
            try:
                await running.run()
            finally:
                running.stop()


async def _joined(simulation: Simulation, plan: ServePlan, shared: SharedPki | None, *, quiet: bool) -> Han:
    """The HAN with everybody on it; joining takes no more wall time than it has to, whatever the speed."""
    with progress_on_stderr(quiet=quiet) as progress:

        def built(han: Han) -> None:
            if shared is not None:
                shared.publish()
            _show_progress(simulation, han, progress)

        if plan.premises is None:
            han = await _bridges_joined(simulation, plan, built)
        else:
            han = await _premises_joined(simulation, plan.premises, plan, built)
        simulation.after_slice(None)
    return han


async def _bridges_joined(simulation: Simulation, plan: ServePlan, built: Built) -> Han:
    """A hub and the bridges that the plan names."""
    profiles = [load_joiner(each, plan.folders) for each in plan.profiles]
    members = [(profile, signature_verifier(profile, plan.standards)) for profile in profiles]
    return await simulation.han_of(members, hub=plan.hub, built=built)


async def _premises_joined(simulation: Simulation, premises: str, plan: ServePlan, built: Built) -> Han:
    """A whole premises: hub, bridges, and the devices around them."""
    furnished = with_pause(load_premises(premises, plan.folders))
    han, setup = simulation.site(site_of(furnished, plan.standards))
    built(han)
    await let_everybody_in(setup, han, furnished.premises)
    return han


def _show_progress(simulation: Simulation, han: Han, progress: Progress) -> None:
    sizes = [0] * len(han.bridges)
    simulation.after_slice(lambda: progress.show(simulation, han.bridges, sizes))


# --- what it prints --------------------------------------------------------------------------------------------------


def _announce(running: RunningHan, plan: ServePlan, address: Address, as_json: bool) -> None:
    """The devices, and then where they are served: whoever reads that line knows all and can begin."""
    devices, url = running.status.devices, f"http://{address}"
    pki = None if plan.pki is None else str(plan.pki)
    if as_json:
        lines = [json.dumps({"event": "device", **DeviceBody.of(each).model_dump()}) for each in devices]
        lines.append(json.dumps({"event": "serving", "url": url, "speed": str(plan.speed), "pki": pki}))
    else:
        name = max(len(each.name) for each in devices)
        profile = max(len(each.profile) for each in devices)
        lines = [_device_line(each, name, profile) for each in devices]
        lines.append(f"serving {url} at speed {plan.speed}{f', PKI in {pki}' if pki else ''}; Ctrl-C ends it")
    typer.echo("\n".join(lines))  # flushes


def _device_line(device: DeviceStatus, name: int, profile: int) -> str:
    version = "" if device.version is None else f", version {device.version}"
    chf = "" if device.entity_id in {None, device.eui64} else f", CHF {eui64_text(device.entity_id or 0)}"
    what = f"{device.name:<{name}}  {device.profile:<{profile}}"
    return f"{what}  {eui64_text(device.eui64)}  {device.stage}{version}{chf}"
