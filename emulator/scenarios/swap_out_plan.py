"""What a run of `althan demo swap-out` is to be, checked before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from emulator.core.errors import BadInput
from emulator.core.standards import Standards
from emulator.devices.premises.loading import FurnishedPremises, load_premises
from emulator.devices.profile import HubProfile, JoinerProfile
from emulator.devices.profile_loading import load_hub
from emulator.image.build import check_limit
from emulator.image.catalogue import recipe_matching
from emulator.image.file import OtaFile
from emulator.image.recipe import Recipe
from emulator.scenarios.update_plan import SMALLEST_IMAGE

SETTINGS: Final = ("mp170", "tunnelling")
"""What bridges can show of themselves: the values of the switch `swap_out.bridges`."""
IMAGE_OCTETS: Final = 8_192
"""Of the images built: what is to be seen is whether they come through at all."""


@dataclass(frozen=True, slots=True)
class SwapOutPlan:
    """One run.

    Attributes:
        setting: of `swap_out.bridges`.
        preset: name or file of the premises.
        hub: profile of the new hub.
        size: octets of the images built.
        folders: of the user's own profiles and premises.
    """

    setting: str
    preset: str = "ppmid-far"
    hub: str = "hub"
    size: int = IMAGE_OCTETS
    fidelity: str = "frames"
    seed: int = 1
    standards: Standards = field(default_factory=Standards)
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedSwapOut:
    """A plan with everything read and built.

    Attributes:
        furnished: where everything stands, and what it is.
        hub: the new one.
        standards: those of the plan, with its setting.
        images: by the name of the bridge or PPMID: one for before the swap-out, and a newer one for after it.
    """

    plan: SwapOutPlan
    furnished: FurnishedPremises
    hub: HubProfile
    standards: Standards
    images: dict[str, tuple[OtaFile, OtaFile]]


def prepare_swap_out(plan: SwapOutPlan) -> PreparedSwapOut:
    """Read and build everything a plan needs.

    Raises:
        BadInput: a setting, premises, a profile or a size that cannot be used.
    """
    if plan.setting not in SETTINGS:
        raise BadInput(f"no setting is called {plan.setting!r}", where="--setting", allowed=", ".join(SETTINGS))
    if plan.size < SMALLEST_IMAGE:
        raise BadInput(f"{plan.size} octets", where="--size", allowed=f"{SMALLEST_IMAGE} octets or more")
    standards = plan.standards.replaced({"swap_out.bridges": plan.setting})
    limit = standards.number("limits.image_octets")
    check_limit(plan.size, limit, "--size")
    furnished = load_premises(plan.preset, plan.folders)
    images = {
        name: _images(profile, plan.size, limit)
        for name, profile in furnished.profiles.items()
        if isinstance(profile, JoinerProfile)
    }
    return PreparedSwapOut(plan, furnished, load_hub(plan.hub, plan.folders), standards, images)


def _images(profile: JoinerProfile, size: int, limit: int) -> tuple[OtaFile, OtaFile]:
    """What its recipe makes, and the same of the next version."""
    recipe = recipe_matching(profile.manufacturer, profile.image_type)
    return recipe.build(size=size, limit=limit), _next(recipe).build(size=size, limit=limit)


def _next(recipe: Recipe) -> Recipe:
    return replace(recipe, header=recipe.header.model_copy(update={"version": recipe.header.version + 1}))
