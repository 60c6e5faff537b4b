"""Devices on sticks, as the Python API gives them: what `simulate` is in virtual time, `connect` is on real sticks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Final

from emulator.core.clock import seconds
from emulator.core.errors import BadInput
from emulator.core.events import EventSink
from emulator.core.standards import Standards
from emulator.devices.profile_loading import load_hub, load_joiner
from emulator.devices.profile_ota import signature_verifier
from emulator.gbcs.pki import Pki
from emulator.runtime.device_making import DeviceMaker
from emulator.runtime.engine import Engine
from emulator.runtime.han import BridgeHandle, Han, HubHandle
from emulator.runtime.han_setup import bridge_names
from emulator.runtime.identities import InstallCode
from emulator.runtime.live.air import StickAir
from emulator.runtime.live.kept_streams import KeptStreams
from emulator.runtime.live.run import KeySink, LiveRun, run_with_test_keys
from emulator.runtime.recorder import Recorder
from emulator.runtime.simulation import DEFAULT_CHANNEL, check_channel
from emulator.runtime.site import Member
from emulator.runtime.wall_clock import WallClock
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.port import EzspPort, open_port
from emulator.transports.ezsp.settings import EzspSettings, KeyMethod
from emulator.transports.ezsp.uri import StickAddress, parse_stick
from emulator.zigbee.security.keys import install_code_key

HUB: Final = "hub"
_ROOT_BITS: Final = 256
_OFF_WITHIN_S: Final = 3.0


@dataclass(slots=True, eq=False)
class _Sticks:
    """Sticks that are open: the hub's, and those that no bridge has yet; each goes to one device."""

    hub: EzspPort | None
    bridges: list[EzspPort]
    taken: dict[str, EzspPort]

    @property
    def ports(self) -> list[EzspPort]:
        """All of them."""
        free = [] if self.hub is None else [self.hub]
        return [*free, *self.bridges, *self.taken.values()]

    def give_all(self, names: Sequence[str]) -> None:
        """The hub's stick to the hub, and one to each of these bridges."""
        if self.hub is None:
            raise BadInput("no stick was connected for a hub, or it has one", where=HUB, allowed='connect("ezsp:…")')
        self.give(names)
        self.taken[HUB], self.hub = self.hub, None

    def name_for(self, name: str) -> str:
        """A name that no bridge has yet."""
        numbered = (f"{name}.{number}" for number in count(2))
        return next(one for one in chain([name], numbered) if one not in self.taken)

    def give(self, names: Sequence[str]) -> None:
        """A stick to each of these bridges, in the order of the sticks; none where that cannot be for all."""
        if len(names) > len(self.bridges):
            what = f"for {len(names)} bridges there are {len(self.bridges)} free sticks"
            raise BadInput(what, where="bridges", allowed="a stick for every bridge, in connect(bridges=[…])")
        taken = next((name for name in names if name == HUB or name in self.taken), None)
        if taken is not None:
            raise BadInput("there is a device of that name", where=taken, allowed="another profile")
        for name in names:
            self.taken[name] = self.bridges.pop(0)


class Connection:
    """Sticks that are open, for devices to be on; `connect` makes it.

    Attributes:
        run: the run that the devices are in, by the wall clock.
    """

    def __init__(self, run: LiveRun, sticks: _Sticks, folders: Sequence[Path]) -> None:
        self.run = run
        self._sticks = sticks
        self._folders = folders
        self._devices: list[HubHandle | BridgeHandle] = []

    @property
    def now(self) -> int:
        """µs since the sticks were opened."""
        return self.run.now

    async def sleep(self, span: float) -> None:
        """Let `span` seconds pass.

        Raises:
            BadInput: a stick is gone for good.
        """
        await self.run.until(lambda: False, self.now + seconds(span))

    async def han(
        self,
        hub: str | Path = HUB,
        bridges: Sequence[str | Path] = ("bridge-1",),
        *,
        channel: int = DEFAULT_CHANNEL,
    ) -> Han:
        """Form a HAN on the hub's stick and let bridges on the other sticks join; one that cannot says so in `refusal`.

        Args:
            hub: profile of the hub.
            bridges: profiles of the bridges, each on the next stick; none: for bridges that are somewhere else.
            channel: 11 to 26.

        Raises:
            BadInput: an unknown profile, too few sticks, a channel there is none of; then another try is possible.
                Once devices have their sticks, as where the HAN does not come up, it takes another `connect`.
        """
        check_channel(channel)
        hub_profile, members = load_hub(hub, self._folders), [self._member(each) for each in bridges]
        names = bridge_names([profile for profile, _ in members])
        self._sticks.give_all(names)
        return await self.run.han_of(members, hub=hub_profile, channel=channel, built=self._know)

    async def bridge(self, profile: str | Path = "bridge-1", *, install_code: bytes | None = None) -> BridgeHandle:
        """A bridge on the next stick, switched on, that looks for a hub somewhere else.

        Key establishment with such a hub needs a certificate of a CA that the hub knows: the profile names it, or
        `connect(key_establishment=False)` does without.

        Args:
            profile: of the bridge.
            install_code: without its CRC; None: the profile's, or one that is made up; the handle has it.

        Raises:
            BadInput: an unknown profile, no install code, a certificate that is for another stick, or no stick is free.
        """
        member = self._member(profile)
        (name,) = bridge_names([member[0]])
        code = None if install_code is None else InstallCode(install_code, install_code_key(install_code))
        name = self._sticks.name_for(name)
        self._sticks.give([name])
        handle = DeviceMaker(self.run).bridge(name, member, code=code)
        self._devices.append(handle)
        handle.expect_update()
        handle.power_on()
        return handle

    def _know(self, han: Han) -> None:
        self._devices += [han.hub, *han.bridges]

    def _member(self, profile: str | Path) -> Member:
        loaded = load_joiner(profile, self._folders)
        return loaded, signature_verifier(loaded, self.run.standards)

    async def close(self) -> None:
        """Switch every device off, and wait until its stick is off the air, a while at most."""
        for device in self._devices:
            device.power_off()
        with suppress(TimeoutError):
            async with asyncio.timeout(_OFF_WITHIN_S):
                await asyncio.gather(*(port.settled() for port in self._sticks.ports))


@asynccontextmanager
async def connect(
    hub: str | StickAddress | None = None,
    bridges: Sequence[str | StickAddress] = (),
    *,
    standards: Mapping[str, object] | Standards | None = None,
    profiles: Sequence[Path] = (),
    sinks: Iterable[EventSink] = (),
    keys: KeySink | None = None,
    pki: Pki | None = None,
    key_establishment: bool = True,
) -> AsyncIterator[Connection]:
    """Open sticks for devices to be on; they are switched off and given back, with no task left, when it is left.

    What the devices knew goes with them: a HAN that lasts is that of `althan hub run` and `althan bridge run`.

    Args:
        hub: where the hub's stick is, e.g. `ezsp:/dev/ttyACM0`, `ezsp:serial=NUMBER` or `ezsp+tcp:HOST:PORT`; None:
            the hub is somewhere else.
        bridges: where the sticks of the bridges are.
        standards: switches that differ from their defaults.
        profiles: folders with profiles of the user's own.
        sinks: told of every event.
        keys: told of every key that a capture needs, with a label.
        pki: everybody's GBCS keys; a test PKI of its own if None, which devices elsewhere do not know.
        key_establishment: whether devices establish link keys of their own.

    Raises:
        BadInput: a stick cannot be opened, or there is no such switch; one line with the remedy.
    """
    switches = standards if isinstance(standards, Standards) else Standards(standards)
    async with AsyncExitStack() as stack:
        run, ports = _run(switches, list(sinks), keys, pki, stack, key_establishment=key_establishment)
        sticks = _Sticks(None, [], ports)
        if hub is not None:
            sticks.hub = await _opened(hub, HUB, run, stack)
        for number, address in enumerate(bridges, 1):
            sticks.bridges.append(await _opened(address, f"stick-{number}", run, stack))
        connection = Connection(run, sticks, profiles)
        stack.push_async_callback(connection.close)
        yield connection


def _run(
    standards: Standards,
    sinks: list[EventSink],
    keys: KeySink | None,
    pki: Pki | None,
    stack: AsyncExitStack,
    *,
    key_establishment: bool,
) -> tuple[LiveRun, dict[str, EzspPort]]:
    """The run, and the sticks of its devices by their names, of which there are none yet."""
    # Nobody is to guess it; of one root, so that what is asked for twice is the same.
    streams = KeptStreams(secrets.randbits(_ROOT_BITS), 1)
    recorder, clock, ports = Recorder(sinks), WallClock(Engine()), dict[str, EzspPort]()
    stack.callback(clock.close)
    run = run_with_test_keys(
        clock,
        recorder,
        StickAir(recorder, ports),
        streams,
        standards,
        datetime.now(UTC),
        pki=pki,
        key_establishment=key_establishment,
        keys=keys,
    )
    return run, ports


async def _opened(address: str | StickAddress, name: str, run: LiveRun, stack: AsyncExitStack) -> EzspPort:
    """The port of one stick."""
    port = await open_port(
        partial(open_stick, parse_stick(address) if isinstance(address, str) else address),
        secrets.SystemRandom(),
        run.recorder.reporter(f"{name}/host"),
        lambda: run.now,
        settings=EzspSettings(keys_method=KeyMethod(run.standards.word("keys.method"))),
        failed=run.fail,
    )
    stack.push_async_callback(port.close)
    return port
