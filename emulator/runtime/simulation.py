"""A run in virtual time, as the Python API gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from emulator.core.clock import VIRTUAL_EPOCH, seconds
from emulator.core.errors import BadInput
from emulator.core.events import EventSink
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.devices.profile import HubProfile
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.devices.profile_ota import signature_verifier
from emulator.gbcs.pki import Pki, generate_pki
from emulator.ports.schedule import Scheduler
from emulator.runtime.air import APS, FIDELITIES, FRAMES, Air, ApsLevelAir, Capture, FramesAir
from emulator.runtime.computing import InlineComputer
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.engine import Engine
from emulator.runtime.han import Han, HubHandle
from emulator.runtime.han_setup import HanSetup
from emulator.runtime.key_authority import KeyAuthority, SeededIssue
from emulator.runtime.pace import Pace
from emulator.runtime.pump import Pump
from emulator.runtime.recorder import Recorder
from emulator.runtime.site import Member, Site
from emulator.transports.memory.topology import Link

DEFAULT_CHANNEL = 15
SWAP_OUT_CHANNEL = 20
"""Where a hub forms its HAN that takes the place of another one: it has to be looked for."""
CHANNELS = range(11, 27)
RELAY_PROFILE = "bridge-1"
"""Relays are bridges too, of this profile."""

KeySink = Callable[[bytes, str], None]
Built = Callable[[Han], None]


class Simulation:
    """One run: an engine, the air, and the HANs on it.  Use it with `async with`, once.

    Args:
        seed: everything random follows from it.
        fidelity: `frames` or `aps`.
        standards: switches that differ from their defaults.
        profiles: folders with profiles of the user's own.
        sinks: told of every event.
        capture: told of every frame (`frames` only).
        keys: told of every key that a capture needs, with a label.
        pki: everybody's GBCS keys; a test PKI out of the seed if None.
        epoch: the date at which the run begins, UTC.
        key_establishment: whether devices establish link keys of their own; without it they stay under those of their
            install codes, and joining costs next to nothing.

    Raises:
        BadInput: no such fidelity or switch.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        fidelity: str = FRAMES,
        standards: Mapping[str, object] | Standards | None = None,
        profiles: Sequence[Path] = (),
        sinks: Iterable[EventSink] = (),
        capture: Capture | None = None,
        keys: KeySink | None = None,
        pki: Pki | None = None,
        epoch: datetime = VIRTUAL_EPOCH,
        key_establishment: bool = True,
    ) -> None:
        if fidelity not in FIDELITIES:
            raise BadInput(f"no fidelity is called {fidelity!r}", where="fidelity", allowed=", ".join(FIDELITIES))
        self.seed = seed
        self.epoch = epoch
        self.fidelity = fidelity
        self.standards = standards if isinstance(standards, Standards) else Standards(standards)
        self.engine = Engine()
        self.recorder = Recorder(list(sinks))
        self.streams = SeededStreams(seed)
        self.hans: dict[str, Han] = {}
        """By their names; the only HAN of a run has none."""
        self.air: Air
        if fidelity == APS:
            self.air = ApsLevelAir(self.engine, self.streams, self.recorder)
        else:
            self.air = FramesAir(self.engine, self.streams, self.recorder, capture)
        self.drivers: dict[object, DeviceDriver] = {}
        self._folders = profiles
        self._keys = keys
        self._pump = Pump(self.engine, self.recorder)
        self._pki = pki
        self.authority = self._key_authority() if key_establishment else None
        """Issues the certificates of key establishment."""

    async def __aenter__(self) -> Self:
        self._pump.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pump.close()

    # Time

    @property
    def now(self) -> int:
        """µs since the run began."""
        return self.engine.now

    @property
    def scheduler(self) -> Scheduler:
        """The engine, as devices see it."""
        return self.engine

    def after_slice(self, function: Callable[[], None] | None) -> None:
        """Have a function called every 20 ms of wall time or so, e.g. to show progress."""
        self._pump.after_slice = function

    async def until(self, condition: Callable[[], bool], limit: int | None = None) -> bool:
        """Let time run until `condition` holds, or it is `limit` (µs); whether it holds.

        The condition is looked at whenever something was reported.

        Raises:
            NothingLeft: without a limit, where nothing is left that could happen.
        """
        return await self._pump.until(condition, limit)

    async def sleep(self, span: float) -> None:
        """Let `span` seconds of virtual time pass."""
        await self._pump.until(lambda: False, self.now + seconds(span))

    async def run_until(self, moment: float) -> None:
        """Let time run until `moment`, seconds since the run began; nothing happens where that is past."""
        if seconds(moment) > self.now:
            await self._pump.until(lambda: False, seconds(moment))

    async def keep(self, pace: Pace) -> None:
        """Let time go on at this pace, whether anybody waits or not, until the caller is cancelled."""
        await self._pump.keep(pace)

    # What is in it

    async def han(
        self,
        hub: str | Path = "hub",
        bridges: Sequence[str | Path] = ("bridge-1",),
        *,
        name: str = "",
        channel: int = DEFAULT_CHANNEL,
        hops: int = 1,
        link: Link | None = None,
    ) -> Han:
        """Set up a HAN and let everybody join; a bridge that cannot says why in `refusal`.

        Args:
            hub: profile of the hub.
            bridges: profiles of the bridges, at most as many as `limits.type1_devices` with the relays.
            name: goes before the names of its devices, where a run has several HANs.
            channel: 11 to 26.
            hops: from hub to bridges; the relays between are bridges too.
            link: every link of it.

        Raises:
            BadInput: an unknown profile, too many devices, a channel there is none of, a name that is taken.
        """
        profiles = [load_joiner(each, self._folders) for each in bridges]
        members = [(profile, signature_verifier(profile, self.standards)) for profile in profiles]
        return await self.han_of(members, hub=hub, name=name, channel=channel, hops=hops, link=link)

    async def han_of(
        self,
        members: Sequence[Member],
        *,
        hub: str | Path = "hub",
        name: str = "",
        channel: int = DEFAULT_CHANNEL,
        hops: int = 1,
        link: Link | None = None,
        built: Built | None = None,
    ) -> Han:
        """As `han`, with profiles that may have been changed, and how each checks an image's signature.

        `built` is called with the HAN before anybody joins it.
        """
        self._check(name, channel, hops, len(members))
        hub_profile, relay = load_hub(hub, self._folders), load_joiner(RELAY_PROFILE, self._folders)
        relays = [(relay, signature_verifier(relay, self.standards))] * (hops - 1)
        setup = HanSetup(self, name, channel, link or Link())
        han = self.hans[name] = setup.build(hub_profile, members, relays)
        if built is not None:
            built(han)
        await setup.let_join(han)
        return han

    def site(self, site: Site, *, name: str = "", channel: int = DEFAULT_CHANNEL) -> tuple[Han, HanSetup]:
        """Set up a HAN with a floor plan and switch its hub on; who joins when is the caller's to say (`let_in`).

        Raises:
            BadInput: too many devices, a channel there is none of, a name that is taken.
        """
        type_1 = len(site.bridges) + sum(profile.kind == "hcalcs" for _, profile in site.others)
        self._check(name, channel, 1, type_1)
        setup = HanSetup(self, name, channel, Link())
        han = self.hans[name] = setup.build_site(site)
        setup.start(han)
        return han, setup

    def replace_hub(self, han: Han, hub: str | Path | HubProfile = "hub", channel: int = SWAP_OUT_CHANNEL) -> HubHandle:
        """Switch the hub of a HAN off for good, and another one on in its place, on a channel of its own.

        Nobody is on its HAN before `han.acb.restore_device_log` has given it the device log of the one before.

        Args:
            han: the HAN; `han.hub` is the new one from now on.
            hub: profile of the new hub, or where it is.
            channel: 11 to 26.

        Raises:
            BadInput: an unknown profile, a channel there is none of.
        """
        check_channel(channel)
        name = next(known for known, each in self.hans.items() if each is han)
        profile = hub if isinstance(hub, HubProfile) else load_hub(hub, self._folders)
        return HanSetup(self, name, channel, Link()).replace_hub(han, profile)

    def _check(self, name: str, channel: int, hops: int, members: int) -> None:
        if name in self.hans:
            raise BadInput(f"there is a HAN called {name!r} already", where="name", allowed="a name of its own")
        check_channel(channel)
        if hops < 1:
            raise BadInput(f"{hops} hops", where="hops", allowed="1 or more")
        most, devices = self.standards.number("limits.type1_devices"), members + hops - 1
        if devices > most:
            allowed = f"at most {most} with the relays (limits.type1_devices)"
            raise BadInput(f"{devices} Type 1 devices in one HAN", where="bridges", allowed=allowed)

    def _key_authority(self) -> KeyAuthority:
        issue = SeededIssue(self.streams, self.epoch)
        return KeyAuthority(issue, lambda: InlineComputer(self.engine), self.standards, self.epoch)

    # What `han_setup` and the handles need of it

    def arm(self, device: object) -> None:
        """A device was called from outside: its timer may have changed."""
        self.drivers[device].arm()

    def tell_key(self, key: bytes, label: str) -> None:
        """A key (16 octets) has come into use that a capture needs."""
        if self._keys is not None:
            self._keys(key, label)

    def pki(self) -> Pki:
        """The PKI of the run; a test PKI is made when first asked for, where none was handed in."""
        if self._pki is None:
            self._pki = generate_pki(self.streams, ())
        return self._pki


def check_channel(channel: int) -> None:
    """BadInput where there is no such channel."""
    if channel not in CHANNELS:
        raise BadInput(f"channel {channel}", where="channel", allowed=f"{CHANNELS[0]} to {CHANNELS[-1]}")


def simulate(
    seed: int = 0,
    *,
    fidelity: str = FRAMES,
    standards: Mapping[str, object] | Standards | None = None,
    profiles: Sequence[Path] = (),
    sinks: Iterable[EventSink] = (),
    capture: Capture | None = None,
    keys: KeySink | None = None,
    key_establishment: bool = True,
) -> Simulation:
    """A run in virtual time on any asyncio loop; the arguments are those of `Simulation`.

    Raises:
        BadInput: no such fidelity or switch.
    """
    return Simulation(
        seed,
        fidelity=fidelity,
        standards=standards,
        profiles=profiles,
        sinks=sinks,
        capture=capture,
        keys=keys,
        key_establishment=key_establishment,
    )
