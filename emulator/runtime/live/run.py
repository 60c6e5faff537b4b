"""A run by the wall clock, whose devices have sticks: `Run` for those whose time is everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emulator.core.clock import SECOND
from emulator.core.rng import Streams
from emulator.core.standards import Standards
from emulator.devices.profile import HubProfile
from emulator.gbcs.pki import Pki, generate_pki
from emulator.ports.schedule import Scheduler
from emulator.runtime.air import Air
from emulator.runtime.computing import ThreadComputer
from emulator.runtime.driver import DeviceDriver
from emulator.runtime.han import Han
from emulator.runtime.han_setup import HanSetup
from emulator.runtime.key_authority import KeyAuthority, SeededIssue
from emulator.runtime.live.formation import until_up
from emulator.runtime.recorder import Recorder
from emulator.runtime.site import Member
from emulator.runtime.wall_clock import WallClock
from emulator.transports.memory.topology import Link

_LOOK_EVERY_S: Final = 0.1
KeySink = Callable[[bytes, str], None]


@dataclass(slots=True, eq=False)
class _Waiter:
    condition: Callable[[], bool]
    future: asyncio.Future[bool]


class LiveRun:
    """One run; needs a running asyncio loop.

    Args:
        clock: its time.
        recorder: told of everything; looks at what is waited for after each event.
        air: the sticks.
        streams, standards, epoch: as in `Run`.
        pki: everybody's GBCS keys.
        authority: gives devices what they establish keys with; None: they go without.
        keys: told of every key that a capture needs, with a label.
    """

    def __init__(
        self,
        clock: WallClock,
        recorder: Recorder,
        air: Air,
        streams: Streams,
        standards: Standards,
        epoch: datetime,
        pki: Pki,
        authority: KeyAuthority | None,
        keys: KeySink | None = None,
    ) -> None:
        self.clock = clock
        self.recorder = recorder
        self.air = air
        self.streams = streams
        self.standards = standards
        self.epoch = epoch
        self.authority = authority
        self.drivers: dict[object, DeviceDriver] = {}
        self._pki = pki
        self._keys = keys
        self._waiters: list[_Waiter] = []
        self._look_due = False
        self._failure: Exception | None = None
        recorder.noticed = self._notice
        clock.failure = self.fail

    @property
    def now(self) -> int:
        """µs since the epoch."""
        return self.clock.now

    @property
    def scheduler(self) -> Scheduler:
        """The clock, as devices see it."""
        return self.clock

    def pki(self) -> Pki:
        """Everybody's GBCS keys."""
        return self._pki

    def arm(self, device: object) -> None:
        """A device was called from outside: its timer may have changed."""
        self.drivers[device].arm()

    def tell_key(self, key: bytes, label: str) -> None:
        """A key (16 octets) has come into use that a capture needs."""
        if self._keys is not None:
            self._keys(key, label)

    def fail(self, error: Exception) -> None:
        """Nothing will go on, e.g. as a stick is gone for good: whoever waits, or will, is told."""
        self._failure = self._failure or error
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_exception(error)

    async def until(self, condition: Callable[[], bool], limit: int | None = None) -> bool:
        """Wait until `condition` holds, or it is `limit` (µs); whether it holds.

        The condition is looked at whenever something was reported, and now and then.  What `fail` was told is raised.
        """
        if self._failure is not None:
            raise self._failure
        if condition():
            return True
        waiter = _Waiter(condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            while not waiter.future.done() and (limit is None or self.now < limit):
                left = _LOOK_EVERY_S if limit is None else min(_LOOK_EVERY_S, (limit - self.now) / SECOND)
                await asyncio.wait((waiter.future,), timeout=max(0.0, left))
                self._look()
            return waiter.future.result() if waiter.future.done() else condition()
        finally:
            self._waiters.remove(waiter)

    async def han_of(
        self,
        members: Sequence[Member],
        *,
        hub: HubProfile,
        channel: int,
        built: Callable[[Han], None] | None = None,
    ) -> Han:
        """Set up a HAN whose hub and bridges all have sticks here, and let everybody join.

        `built` is called with the HAN before anybody joins it.

        Raises:
            BadInput: the HAN does not come up, or a stick is gone for good.
        """
        setup = HanSetup(self, "", channel, Link())
        han = setup.build(hub, members)
        if built is not None:
            built(han)
        setup.start(han)
        await until_up(self, han.hub)
        for bridge in han.bridges:
            await setup.let_in(han, bridge)
        return han

    async def show(self, picture: Callable[[], None]) -> None:
        """Have a function called ten times a second, e.g. to show progress, until the caller is cancelled."""
        with suppress(asyncio.CancelledError):
            while True:
                picture()
                await asyncio.sleep(_LOOK_EVERY_S)

    def _notice(self) -> None:
        """Something was reported: look at the conditions once that is over."""
        if self._waiters and not self._look_due:
            self._look_due = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._look_due = False
        for waiter in self._waiters:
            if not waiter.future.done() and waiter.condition():
                waiter.future.set_result(True)


def run_with_test_keys(
    clock: WallClock,
    recorder: Recorder,
    air: Air,
    streams: Streams,
    standards: Standards,
    epoch: datetime,
    *,
    pki: Pki | None = None,
    key_establishment: bool = True,
    keys: KeySink | None = None,
) -> LiveRun:
    """A run whose devices have test keys out of `streams`; what else it takes is as for `LiveRun`.

    Without `pki` there is a test PKI of its own, without `key_establishment` devices establish no link keys.
    """
    authority = None
    if key_establishment:
        authority = KeyAuthority(SeededIssue(streams, epoch), lambda: ThreadComputer(clock), standards, epoch)
    pki = pki or generate_pki(streams, ())
    return LiveRun(clock, recorder, air, streams, standards, epoch, pki, authority, keys)
