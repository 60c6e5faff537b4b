"""A premises as a HAN that is moved into: who joins when, behind whom, and what its bridges ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.core.events import Event
from emulator.devices.premises.loading import FurnishedPremises, load_premises, premises_paths
from emulator.devices.profile import JoinerProfile
from emulator.runtime.han import BridgeHandle
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.simulation import Simulation
from emulator.scenarios.premises_site import let_everybody_in, site_of, with_pause


def pauses(furnished: FurnishedPremises) -> dict[str, int | None]:
    """What every bridge and PPMID asks for, in ms."""
    profiles = furnished.profiles.items()
    return {name: each.ota.min_block_period_ms for name, each in profiles if isinstance(each, JoinerProfile)}


def test_the_pause_of_the_premises_is_that_of_its_bridges_alone() -> None:
    furnished = load_premises("ppmid-far")
    before, after = pauses(furnished), pauses(with_pause(furnished))
    assert after == before | {"bridge-intake": 100, "bridge-flat": 100}
    assert after["ppmid"] == before["ppmid"] != 100


def test_premises_without_a_pause_leave_it_to_the_profiles(tmp_path: Path) -> None:
    lines = premises_paths()["gas-far"].read_text(encoding="utf-8").splitlines()
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(line for line in lines if not line.startswith("min_block_period_ms")), encoding="utf-8")
    furnished = load_premises(path)
    assert with_pause(furnished) is furnished


@pytest.mark.parametrize("preset", sorted(premises_paths()))
async def test_the_near_devices_join_first_then_the_bridges_outwards_then_the_far_devices(
    preset: str, seed: int
) -> None:
    furnished, events = load_premises(preset), list[Event]()
    premises = furnished.premises
    async with Simulation(seed, fidelity="aps", sinks=[events.append]) as simulation:
        han, setup = simulation.site(site_of(furnished, simulation.standards))
        await let_everybody_in(setup, han, premises)
        members: list[BridgeHandle | LightHandle] = [*han.bridges, *han.others]
        absent = [each.name for each in members if not each.is_up]
    near = [standing.name for standing in premises.device if premises.at_hub(standing)]
    order = [*near, *(standing.name for standing in (*premises.bridge, *premises.far))]
    assert [each.source for each in events if each.kind in {"bridge.joining", "device.joining"}] == order
    assert absent == []
