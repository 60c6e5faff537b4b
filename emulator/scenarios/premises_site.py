"""A premises made into a HAN: what everything is, which links follow from where it stands, and who joins when."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from emulator.core.standards import Standards
from emulator.devices.premises.loading import FurnishedPremises
from emulator.devices.premises.model import HUB, Premises
from emulator.devices.profile import HubProfile, JoinerProfile, LightProfile
from emulator.devices.profile_ota import signature_verifier
from emulator.runtime.han import BridgeHandle, Han
from emulator.runtime.han_setup import HanSetup
from emulator.runtime.light_handle import LightHandle
from emulator.runtime.site import Member, Site
from emulator.transports.memory.topology import Link

_PERCENT = 100


def site_of(furnished: FurnishedPremises, standards: Standards) -> Site:
    """The HAN of a premises, its bridges first among those that join as PPMIDs."""
    premises, profiles = furnished.premises, furnished.profiles
    hub = profiles[HUB]
    assert isinstance(hub, HubProfile)
    bridges: list[tuple[str, Member]] = []
    others: list[tuple[str, LightProfile]] = []
    for standing in (*premises.bridge, *premises.device):
        profile = profiles[standing.name]
        if isinstance(profile, JoinerProfile):
            bridges.append((standing.name, (profile, signature_verifier(profile, standards))))
        elif isinstance(profile, LightProfile):
            others.append((standing.name, profile))
    return Site(hub, bridges, others, tuple(_links(premises, own=standards.word("premises.p2p_link") == "modelled")))


def with_pause(furnished: FurnishedPremises) -> FurnishedPremises:
    """The bridges with the pause between blocks that the premises have, where they have one."""
    pause = furnished.premises.min_block_period_ms
    if pause is None:
        return furnished
    changed = {
        standing.name: profile.changed(ota=profile.ota.model_copy(update={"min_block_period_ms": pause}))
        for standing in furnished.premises.bridge
        if isinstance(profile := furnished.profiles[standing.name], JoinerProfile)
    }
    return FurnishedPremises(furnished.premises, furnished.profiles | changed)


async def let_everybody_in(setup: HanSetup, han: Han, premises: Premises) -> None:
    """As it is done in a home: the devices near the hub, the bridges from the hub outwards, then the far devices.

    One that does not find its way in says why in its `refusal`.
    """
    joining: list[BridgeHandle | LightHandle] = [*han.bridges, *han.others]
    handles = {each.name: each for each in joining}
    near = (standing for standing in premises.device if premises.at_hub(standing))
    for standing in (*near, *premises.bridge, *premises.far):
        await setup.let_in(han, handles[standing.name])


def _links(premises: Premises, *, own: bool) -> Iterator[tuple[str, str, Link]]:
    """Everybody in one place hears each other; between places only the bridges of a pair do, perhaps beside the air."""
    placed = [(HUB, premises.hub_place)]
    placed += [(standing.name, standing.place) for standing in (*premises.bridge, *premises.device)]
    for place in premises.place:
        link = Link(place.rssi, place.loss / _PERCENT)
        here = [name for name, where in placed if where == place.name]
        yield from ((one, other, link) for one, other in combinations(here, 2))
    for pair in premises.pair:
        rate, latency = (round(pair.rate_kbps * 1_000), round(pair.latency_ms * 1_000)) if own else (0, 0)
        yield (*pair.bridges, Link(pair.rssi, pair.loss / _PERCENT, rate, latency))
