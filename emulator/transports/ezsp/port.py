"""A stick as an `ApsPort`: the calls of a device go to the part that does it, what the stick says likewise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import ApsMessage, ApsUser, JoinSettings, MessageTap, NetworkSettings, StackConfiguration
from emulator.transports.ezsp.callbacks import (
    Callback,
    ChildChanged,
    DeviceKnocked,
    KeySwitched,
    MessageArrived,
    MessageSent,
    NotUnderstood,
    PollCompleted,
    SenderEui64,
    StackStatus,
)
from emulator.transports.ezsp.devices import Devices
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.identity import StickIdentity, identity_of
from emulator.transports.ezsp.incoming import Incoming
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.key_rotation import KeyRotation
from emulator.transports.ezsp.link_keys import LinkKeys
from emulator.transports.ezsp.membership import Membership
from emulator.transports.ezsp.memory import HostMemory
from emulator.transports.ezsp.outgoing import Outgoing
from emulator.transports.ezsp.permit_joining import PermitJoining
from emulator.transports.ezsp.recovery import Opener, Work
from emulator.transports.ezsp.rejoining import Rejoining
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.stick import Stick, StickLost, StickRefused
from emulator.transports.ezsp.structures import eui64_of


class EzspPort:
    """The port of one stick; made by `open_port`.

    Args:
        opener: opens it again when it was lost.
        settings, rng, report, clock: as in `open_port`.
        memory: what the host knew before.
        failed: told once, when a stick that was lost does not come back.

    Attributes:
        identity: what the stick said of itself when it was opened.
        work: the one task that asks the stick.
    """

    def __init__(
        self,
        opener: Opener,
        settings: EzspSettings,
        memory: HostMemory,
        rng: Random,
        report: Report,
        clock: Callable[[], int],
        failed: Callable[[BadInput], None] | None,
    ) -> None:
        self.identity = StickIdentity(Eui64(0), 0)
        self.work = Work(opener, settings.recovery, self, report, clock)
        self._failed = failed
        self._host = host = Host(self.work, settings, memory, rng, report, clock)
        self._outgoing = outgoing = Outgoing(host)
        self._link_keys = link_keys = LinkKeys(host, outgoing)
        self._devices = devices = Devices(host, link_keys, outgoing)
        self._incoming = Incoming(host, link_keys, devices)
        self._permit_joining = PermitJoining(host, outgoing)
        self._rotation = KeyRotation(host)
        self._membership = Membership(host, outgoing, link_keys, devices, self._permit_joining, self._rotation)
        self._rejoining = Rejoining(host, self._membership)
        self._listeners = self._who_listens()

    def _who_listens(self) -> Mapping[type, Callable[[Any], None]]:
        """Who is told of what the stick says by itself."""
        return {
            MessageArrived: self._incoming.arrived,
            MessageSent: self._outgoing.sent,
            StackStatus: self._rejoining.stack_says,
            PollCompleted: self._rejoining.poll_completed,
            DeviceKnocked: self._devices.knocked,
            KeySwitched: self._rotation.switched,
            ChildChanged: self._devices.child_changed,
            SenderEui64: self._incoming.sender_follows,
            NotUnderstood: self._not_understood,
        }

    async def open(self) -> None:
        """Open the stick; BadInput where it cannot be."""
        self.identity = await identity_of(await self.work.open())
        self._host.eui64 = self.identity.eui64
        self.work.start()

    async def close(self) -> None:
        """Give the stick back as it is; it stays in its network. Nothing is told any more, no task is left."""
        self._host.user = None
        self._membership.end()
        self._rejoining.close()
        await self.work.close()

    def remember(self, memory: HostMemory) -> None:
        """Go on with what was known before; LocalProtocolError once the port is configured."""
        if self._host.is_configured:
            raise LocalProtocolError("a port remembers before it is configured")
        self._host.memory = memory

    async def settled(self) -> None:
        """Return once everything that was asked for so far has been done, or will never be."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def over(_: str = "") -> None:
            if not done.done():
                done.set_result(None)

        async def reached(_: Stick) -> None:
            over()

        self.work.queue(Job(reached, failed=over))
        await done

    async def counters(self) -> tuple[int, ...]:
        """The stick's own counters, in the order of EZSP's `EmberCounterType`; none where it does not answer."""
        done: asyncio.Future[tuple[int, ...]] = asyncio.get_running_loop().create_future()

        async def read(stick: Stick) -> None:
            values = (await stick.ask("readCounters"))["values"]
            if not done.done():
                done.set_result(tuple(map(int, values)))

        def failed(_: str) -> None:
            if not done.done():
                done.set_result(())

        self.work.queue(Job(read, failed=failed))
        return await done

    # What is known

    @property
    def eui64(self) -> Eui64:
        """The stick's address."""
        return self._host.eui64

    @property
    def memory(self) -> HostMemory:
        """What is kept over restarts."""
        return self._host.memory

    @property
    def tap(self) -> MessageTap | None:
        """Told of every message, for whoever measures."""
        return self._host.tap

    @tap.setter
    def tap(self, tap: MessageTap | None) -> None:
        self._host.tap = tap

    def link_key_with(self, device: Eui64) -> bytes | None:
        return self._link_keys.in_force_with(device)

    def has_established_key(self, device: Eui64) -> bool:
        return self._link_keys.is_established(device)

    def short_of(self, device: Eui64) -> int | None:
        return self._host.memory.addresses.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        return self._host.memory.eui64_of(short)

    # The network

    def attach(self, user: ApsUser) -> None:
        self._host.user = user

    def configure(self, configuration: StackConfiguration) -> None:
        if configuration.host_fragments:
            raise LocalProtocolError("this port splits and joins long messages itself")
        self._host.configure(configuration)
        self._outgoing.limit(window=configuration.fragment_window)
        self._incoming.configure(configuration)

    def form(self, settings: NetworkSettings, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._membership.form(settings)

    def join(self, settings: JoinSettings, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._membership.join(settings)

    def resume(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._membership.resume()

    def stop(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._membership.stop()

    def leave(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._membership.leave()

    def seek_trust_centre(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._rejoining.seek_trust_centre()

    def rotate_network_key(self, key: bytes, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._rotation.begin(key)

    # Devices and their keys

    def permit_joining(self, until: int, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._permit_joining.until(until)

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self._devices.allow(device, link_key)

    def forbid(self, device: Eui64) -> None:
        self._devices.forbid(device)

    def remove(self, device: Eui64, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._devices.remove(device)

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        self._link_keys.establish(device, key, now)

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._link_keys.offer(device, key)

    def probe_link_key(self, device: Eui64, endpoint: int, now: int) -> int:
        """Send one message under the link key in force, to be acknowledged under it; `sent` says whether it was.

        Nobody answers what is sent to `endpoint`; LocalProtocolError where the device's address is unknown.
        """
        return self._outgoing.send(self._link_keys.probe_message(device, endpoint), now)

    # Messages

    def send(self, message: ApsMessage, now: int) -> int:
        return self._outgoing.send(message, now)

    # As WorkUser

    def stick_lost(self, reason: str) -> None:
        """The stick is gone."""
        self._membership.stick_lost(reason)

    async def bring_back(self, stick: Stick) -> None:
        """Go on where it was; another stick at the same place is none of ours."""
        found = eui64_of((await stick.ask("getEui64"))["eui64"])
        if found != self.eui64:
            raise BadInput(f"another stick is there: {eui64_text(found)} instead of {eui64_text(self.eui64)}")
        await self._membership.bring_back(stick)
        try:
            await self._devices.meet_missed(stick)
        except (StickLost, StickRefused) as error:
            # It was told that the network is up again.
            self._membership.stick_lost(str(error))
            raise

    def gave_up(self, error: BadInput) -> None:
        """For good."""
        self._membership.gave_up()
        if self._failed is not None:
            self._failed(error)

    def heard(self, callback: Callback) -> None:
        """From the stick."""
        listener = self._listeners.get(type(callback))
        if listener is not None:
            listener(callback)

    def _not_understood(self, callback: NotUnderstood) -> None:
        self._host.report("stick.dropped", "malformed", {"callback": callback.name})


async def open_port(
    opener: Opener,
    rng: Random,
    report: Report,
    clock: Callable[[], int],
    *,
    settings: EzspSettings | None = None,
    memory: HostMemory | None = None,
    failed: Callable[[BadInput], None] | None = None,
) -> EzspPort:
    """Open a stick as a port; `close` it in the end.

    Args:
        opener: e.g. `lambda lost: open_stick(parse_stick(uri), lost)`.
        rng: for a key that nobody is to know: `random.SystemRandom()` with a real stick.
        report: told of every drop, retry and refusal.
        clock: µs, that of the running asyncio loop.
        settings: how the stick is treated.
        memory: what `HostMemory.stored` kept; none: a stick that nobody knows yet.
        failed: told once, when a stick that was lost does not come back, with one line that says what to do.

    Raises:
        BadInput: it cannot be opened; one line with the remedy.
    """
    port = EzspPort(opener, settings or EzspSettings(), memory or HostMemory(), rng, report, clock, failed)
    try:
        await port.open()
    except BaseException:
        await port.close()
        raise
    return port
