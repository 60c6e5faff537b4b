"""What a run of `althan demo premises` is to be, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emulator.core.clock import MINUTE
from emulator.core.errors import BadInput
from emulator.core.standards import Standards
from emulator.devices.premises.loading import FurnishedPremises, load_premises
from emulator.devices.profile import JoinerProfile
from emulator.scenarios.update_plan import PlannedBridge, UpdatePlan, prepare

QUIET = 60 * MINUTE
"""µs without an update, to compare with; a gas meter speaks twice in them."""

_BATTERY = "--battery"
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class PremisesPlan:
    """One run.

    Attributes:
        preset: name or file of the premises.
        size: octets of the images built; None: as large as may be.
        min_block_period_ms: pause that the bridges ask for between two blocks; None: as the premises have it.
        quiet: µs of traffic before the update, to compare with.
        folders: of the user's own profiles and premises.
        battery: percent of a fresh one's charge that the batteries of bridges hold when the run begins; None: what
            their profiles say.
    """

    preset: str
    size: int | None = None
    min_block_period_ms: int | None = None
    fidelity: str = "frames"
    seed: int = 1
    quiet: int = QUIET
    standards: Standards = field(default_factory=Standards)
    folders: tuple[Path, ...] = ()
    battery: float | None = None


@dataclass(frozen=True, slots=True)
class PreparedPremises:
    """A plan with everything read and built.

    Attributes:
        furnished: where everything stands, and what it is.
        updates: what each bridge is offered, in the order of the premises.
    """

    plan: PremisesPlan
    furnished: FurnishedPremises
    updates: tuple[PlannedBridge, ...]


def prepare_premises(plan: PremisesPlan) -> PreparedPremises:
    """Read and build everything a plan needs.

    Raises:
        BadInput: premises, a profile or a size that cannot be used, or a set of bridges that is wrong.
    """
    furnished = load_premises(plan.preset, plan.folders)
    pause = plan.min_block_period_ms
    if pause is None:
        pause = furnished.premises.min_block_period_ms
    profiles = tuple(standing.profile for standing in furnished.premises.bridge)
    update = UpdatePlan(
        profiles=profiles,
        size=plan.size,
        min_block_period_ms=pause,
        fidelity=plan.fidelity,
        seed=plan.seed,
        standards=plan.standards,
        folders=plan.folders,
    )
    updates = _with_charge(prepare(update), plan)
    # The bridges of the HAN are those of the update: their profiles know the pause, and the charge.
    adapted = {
        standing.name: planned.profile for standing, planned in zip(furnished.premises.bridge, updates, strict=True)
    }
    furnished = FurnishedPremises(furnished.premises, furnished.profiles | adapted)
    return PreparedPremises(plan, furnished, updates)


def _with_charge(updates: Sequence[PlannedBridge], plan: PremisesPlan) -> tuple[PlannedBridge, ...]:
    """The bridges, with the charge that the plan gives those that run on a battery; BadInput where none does."""
    percent = plan.battery
    if percent is None:
        return tuple(updates)
    if not 0 < percent <= _WHOLE:
        raise BadInput(f"{percent:g} percent", where=_BATTERY, allowed=f"above 0, up to {_WHOLE}")
    if all(planned.profile.battery is None for planned in updates):
        what = f"no bridge of {plan.preset!r} runs on a battery"
        raise BadInput(what, where=_BATTERY, allowed="premises with a battery-fed bridge, e.g. gas-far-no-mains")
    return tuple(replace(planned, profile=_charged(planned.profile, percent)) for planned in updates)


def _charged(profile: JoinerProfile, percent: float) -> JoinerProfile:
    if profile.battery is None:
        return profile
    return profile.changed(battery=profile.battery.model_copy(update={"charge_percent": percent}))
