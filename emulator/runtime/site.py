"""A HAN with a floor plan: which devices there are by name, and which of them hear each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulator.devices.profile import HubProfile, JoinerProfile, LightProfile
from emulator.image.signature import Verifier
from emulator.transports.memory.topology import Link

HUB = "hub"
"""What the hub is called among the names of a site."""

Member = tuple[JoinerProfile, Verifier]
"""What a bridge is, and how it checks the signature of an image."""


@dataclass(frozen=True, slots=True)
class Site:
    """One HAN to be set up; nobody has joined it.

    Attributes:
        hub: what the hub is.
        bridges: bridges and PPMIDs by name, in the order in which they are to join.
        others: the devices around them by name.
        links: pairs of names that hear each other, `HUB` among them; no others do.
    """

    hub: HubProfile
    bridges: Sequence[tuple[str, Member]] = ()
    others: Sequence[tuple[str, LightProfile]] = ()
    links: Sequence[tuple[str, str, Link]] = field(default=())
