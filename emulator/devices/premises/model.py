"""Premises: where the devices of a HAN stand, and the bridges between, as `hw_profiles/premises/*.toml` says it.

MP170 asks three questions: whether the IHD or PPMID, the GSME, or both are out of range; whether those are close
together; whether there is mains at the GSME.  The answers give a set of two or three bridges.  Which product stands
where is data, because MP170 does not say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from emulator.devices.profile import Table, Text

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=32)]
Percent = Annotated[float, Field(ge=0, le=90, strict=False)]
Dbm = Annotated[int, Field(ge=-96, le=0)]

HUB = "hub"


class Questions(Table):
    """MP170's three questions, answered.

    Attributes:
        out_of_range: who does not hear the hub: the IHD or PPMID, the GSME, or both.
        close_together: whether one bridge reaches both; only where both are out of range.
        mains_at_gsme: only where the GSME is out of range.
    """

    out_of_range: Literal["ihd-or-ppmid", "gsme", "both"]
    close_together: bool | None = None
    mains_at_gsme: bool | None = None

    @model_validator(mode="after")
    def _asked(self) -> Self:
        if (self.out_of_range == "both") != (self.close_together is not None):
            raise ValueError('close_together: is asked where out_of_range = "both", and only there')
        if (self.out_of_range == "ihd-or-ppmid") == (self.mains_at_gsme is not None):
            raise ValueError("mains_at_gsme: is asked where the GSME is out of range, and only there")
        return self


class Place(Table):
    """Somewhere: whoever stands there hears the others who do.

    Attributes:
        rssi: how loud, dBm.
        loss: percent of frames lost.
    """

    name: Name
    rssi: Dbm = -50
    loss: Percent = 0.0


class Standing(Table):
    """A device, what it is, and where it stands."""

    name: Name
    profile: Text
    place: Name


class Pair(Table):
    """Two bridges in different places that hear each other; the link between a pair of point-to-point bridges.

    Attributes:
        bridges: their names.
        rssi: how loud, dBm.
        loss: percent of frames lost.
        rate_kbps, latency_ms: where the standard `premises.p2p_link` has it as a link of its own.
    """

    bridges: Annotated[tuple[Name, Name], Field(strict=False)]
    rssi: Dbm = -70
    loss: Percent = 0.0
    rate_kbps: Annotated[float, Field(ge=0.1, le=100_000, strict=False)] = 100.0
    latency_ms: Annotated[float, Field(ge=0, le=10_000, strict=False)] = 10.0


class Premises(Table):
    """One premises.

    Attributes:
        hub_place: where the hub stands.
        bridge: in the order in which they are installed, from the hub outwards.
        device: all others, the near ones and the far ones.
        min_block_period_ms: pause that the bridges ask for between two blocks of an image; None: as their profiles say.
    """

    description: Text
    hub: Text = "hub"
    hub_place: Name
    questions: Questions
    place: Annotated[tuple[Place, ...], Field(strict=False)]
    bridge: Annotated[tuple[Standing, ...], Field(strict=False)]
    device: Annotated[tuple[Standing, ...], Field(strict=False)]
    pair: Annotated[tuple[Pair, ...], Field(strict=False)] = ()
    min_block_period_ms: Annotated[int, Field(ge=0, le=0xFFFE)] | None = None

    _path: Path = PrivateAttr(default=Path())

    @property
    def name(self) -> str:
        """What users call it: the file's name without `.toml`."""
        return self._path.stem

    @property
    def path(self) -> Path:
        """The file it was read from."""
        return self._path

    def named(self, path: Path) -> Self:
        """The same, knowing the file that it came from."""
        copy = self.model_copy()
        copy._path = path
        return copy

    def at_hub(self, standing: Standing) -> bool:
        """Whether it stands where the hub stands, and so hears it."""
        return standing.place == self.hub_place

    @property
    def far(self) -> tuple[Standing, ...]:
        """The devices that do not hear the hub."""
        return tuple(device for device in self.device if not self.at_hub(device))

    def reached_places(self, without: str = "") -> frozenset[str]:
        """The places to which pairs of bridges lead from the hub, its own among them; one bridge may be left out."""
        places = {bridge.name: bridge.place for bridge in self.bridge}
        reached = {self.hub_place}
        pairs = [{places[name] for name in pair.bridges} for pair in self.pair if without not in pair.bridges]
        for _ in pairs:
            for ends in pairs:
                if ends & reached:
                    reached |= ends
        return frozenset(reached)

    def behind(self, bridge: str) -> tuple[Standing, ...]:
        """The devices that do not reach the hub without that bridge."""
        reached = self.reached_places(without=bridge)
        return tuple(device for device in self.device if device.place not in reached)
