"""What makes a set of bridges wrong for its premises; each rule says why.

Source of the rules: MP170, as far as it goes.  A set has two or three bridges; the bridge at a GSME without mains is
battery-fed.  That every far device needs a bridge within earshot, and every bridge a partner, follows from what the
bridges are for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from emulator.core.errors import BadInput
from emulator.devices.premises.model import HUB, Premises, Standing
from emulator.devices.profile import DeviceProfile, JoinerProfile

FEWEST, MOST = 2, 3
"""Bridges of one premises (MP170)."""
DISPLAYS: Final = frozenset({"ihd", "ppmid"})
GAS_METER: Final = "gsme"


@dataclass(frozen=True, slots=True)
class PlacedProfiles:
    """A premises, and what every device in it is, by name."""

    premises: Premises
    profiles: Mapping[str, DeviceProfile]

    def kind(self, standing: Standing) -> str:
        """What kind of device that is."""
        return self.profiles[standing.name].kind


def check_premises(premises: Premises, profiles: Mapping[str, DeviceProfile]) -> None:
    """Look at names first, then at the set.

    Raises:
        BadInput: something does not go together; the line says what, where and why.
    """
    placed = PlacedProfiles(premises, profiles)
    for rule in _RULES:
        rule(placed)


def _refuse(premises: Premises, key: str, why: str, allowed: str = "") -> BadInput:
    return BadInput(why, where=f"{premises.path}: {key}", allowed=allowed)


# --- names and places ------------------------------------------------------------------------------------------------


def _names(placed: PlacedProfiles) -> None:
    premises = placed.premises
    seen = {HUB}
    for standing in (*premises.bridge, *premises.device):
        if standing.name in seen:
            raise _refuse(premises, "name", f"{standing.name!r} is there twice", "a name of its own for each device")
        seen.add(standing.name)


def _places(placed: PlacedProfiles) -> None:
    premises = placed.premises
    known = [place.name for place in premises.place]
    used = [premises.hub_place, *(standing.place for standing in (*premises.bridge, *premises.device))]
    for name in used:
        if name not in known:
            raise _refuse(premises, "place", f"no place is called {name!r}", ", ".join(known))


def _kinds(placed: PlacedProfiles) -> None:
    premises = placed.premises
    if placed.profiles[HUB].kind != "hub":
        raise _refuse(premises, "hub", f"{premises.hub!r} is a {placed.profiles[HUB].kind}", "a hub")
    for standing in premises.bridge:
        if placed.kind(standing) != "bridge":
            why = f"{standing.name!r} is a {placed.kind(standing)}"
            raise _refuse(premises, "bridge.profile", why, "a bridge; all others are a [[device]]")
    for standing in premises.device:
        if placed.kind(standing) in {"bridge", "hub"}:
            why = f"{standing.name!r} is a {placed.kind(standing)}"
            raise _refuse(premises, "device.profile", why, "an ESME, GSME, IHD, CAD, HCALCS or PPMID")


def _pairs(placed: PlacedProfiles) -> None:
    premises = placed.premises
    places = {standing.name: standing.place for standing in premises.bridge}
    for pair in premises.pair:
        for name in pair.bridges:
            if name not in places:
                raise _refuse(premises, "pair.bridges", f"no bridge is called {name!r}", ", ".join(places))
        one, other = pair.bridges
        if places[one] == places[other]:
            why = f"{one!r} and {other!r} stand in one place: there is nothing to bridge between them"
            raise _refuse(premises, "pair.bridges", why)


# --- the questions ---------------------------------------------------------------------------------------------------


def _answers(placed: PlacedProfiles) -> None:
    """Who is out of range by the answers is who stands apart from the hub."""
    premises = placed.premises
    answer = premises.questions.out_of_range
    kinds = {placed.kind(standing) for standing in premises.far}
    wanted = {"ihd-or-ppmid": (True, False), "gsme": (False, True), "both": (True, True)}[answer]
    if (bool(kinds & DISPLAYS), GAS_METER in kinds) != wanted:
        far = ", ".join(standing.name for standing in premises.far) or "nobody"
        why = f"{answer!r} is the answer, and {far} stands apart from the hub"
        raise _refuse(premises, "questions.out_of_range", why)
    places = {standing.place for standing in premises.far}
    together = premises.questions.close_together
    if together is not None and together != (len(places) == 1):
        why = f"is {str(together).lower()}, and the devices out of range stand in {len(places)} places"
        raise _refuse(premises, "questions.close_together", why)


# --- the set ---------------------------------------------------------------------------------------------------------


def _size(placed: PlacedProfiles) -> None:
    premises = placed.premises
    count = len(premises.bridge)
    if count == 1:
        why = f"{premises.bridge[0].name!r} stands alone: a bridge carries traffic to its partner and to nobody else"
        raise _refuse(premises, "bridge", why, f"{FEWEST} or {MOST} bridges")
    if not FEWEST <= count <= MOST:
        raise _refuse(premises, "bridge", f"{count} bridges", f"{FEWEST} or {MOST} bridges")


def _partners(placed: PlacedProfiles) -> None:
    premises = placed.premises
    paired = {name for pair in premises.pair for name in pair.bridges}
    for standing in premises.bridge:
        if standing.name not in paired:
            raise _refuse(premises, "pair", f"{standing.name!r} has no partner", "every bridge is one of a pair")


def _one_at_the_hub(placed: PlacedProfiles) -> None:
    premises = placed.premises
    if not any(premises.at_hub(standing) for standing in premises.bridge):
        raise _refuse(premises, "bridge.place", f"no bridge stands where the hub does, in {premises.hub_place!r}")


def _one_at_every_far_place(placed: PlacedProfiles) -> None:
    premises = placed.premises
    served = {standing.place for standing in premises.bridge}
    for device in premises.far:
        if device.place not in served:
            why = f"no bridge stands in {device.place!r}, where {device.name!r} is out of range"
            raise _refuse(premises, "bridge.place", why, f"a bridge in each of these places, {MOST} at most")


def _all_reach_the_hub(placed: PlacedProfiles) -> None:
    """From the hub's place over the pairs to every far place."""
    premises = placed.premises
    reached = premises.reached_places()
    for device in premises.far:
        if device.place not in reached:
            raise _refuse(premises, "pair", f"no pair leads from the hub to {device.place!r}, where {device.name!r} is")


def _battery_where_no_mains(placed: PlacedProfiles) -> None:
    premises = placed.premises
    if premises.questions.mains_at_gsme is not False:
        return
    gas = next(standing for standing in premises.far if placed.kind(standing) == GAS_METER)
    for standing in premises.bridge:
        profile = placed.profiles[standing.name]
        assert isinstance(profile, JoinerProfile)
        if standing.place == gas.place and profile.mains_powered:
            why = f"{standing.name!r} needs mains ({profile.power}), and there is none at {gas.name!r}"
            raise _refuse(premises, "bridge.profile", why, "a battery-fed bridge")


_RULES: Final[tuple[Callable[[PlacedProfiles], None], ...]] = (
    _names,
    _places,
    _kinds,
    _answers,
    _size,
    _pairs,
    _partners,
    _one_at_the_hub,
    _one_at_every_far_place,
    _all_reach_the_hub,
    _battery_where_no_mains,
)
