"""A stick as an `ApsPort`: the calls of a device become jobs, what the stick says becomes calls of the device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

from emulator.core.errors import BadInput, LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import (
    NOT_JOINED,
    ApsMessage,
    ApsUser,
    JoinSettings,
    NetworkDown,
    NetworkSettings,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.transports.ezsp import keys
from emulator.transports.ezsp.callbacks import (
    ApsHeader,
    Callback,
    ChildChanged,
    DeviceKnocked,
    KeySwitched,
    MessageArrived,
    MessageSent,
    NotUnderstood,
    SenderEui64,
    StackStatus,
)
from emulator.transports.ezsp.identity import StickIdentity, identity_of
from emulator.transports.ezsp.key_probe import SAYS_NOTHING
from emulator.transports.ezsp.members import Members
from emulator.transports.ezsp.memory import HostKey, HostMemory
from emulator.transports.ezsp.receiving import Receiver
from emulator.transports.ezsp.recovery import Opener, Work
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.structures import aps_frame, eui64_of
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.node.zdo import leave_request
from emulator.zigbee.security.keys import (
    KEY_OCTETS,
)

_BASIC: Final = 0x0000
_KEY_ESTABLISHMENT: Final = 0x0800
_SEQUENCE: Final = 256
_MADE_UP: Final = bytes(KEY_OCTETS)
"""A stick takes this next network key for the wish that it make one up."""


class EzspPort(Members):
    """The port of one stick; made by `open_port`.

    Args:
        eui64: of the stick.
        opener: opens it again when it was lost.
        settings, rng, report, clock: as in `open_port`.
        memory: what the host knew before.
        failed: told once, when a stick that was lost does not come back.

    Attributes:
        identity: what the stick said of itself when it was opened.
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
        super().__init__(settings, memory, rng, report, clock)
        self.work = Work(opener, settings.recovery, self, report, clock)
        self.identity = StickIdentity(Eui64(0), 0)
        self._failed = failed
        self._receiver: Receiver | None = None
        self._handle = 0
        self._rejoins = False
        """Whether the device wants to join, and the stick is being sought."""

    async def open(self) -> None:
        """Open the stick; BadInput where it cannot be."""
        self.identity = await identity_of(await self.work.open())
        self._eui64 = self.identity.eui64
        self.work.start()

    async def close(self) -> None:
        """Give the stick back as it is; it stays in its network. Nothing is told any more, no task is left."""
        self._user, self._up = None, False
        self._cancel_permit()
        self._probe.stop()
        self._outbox.clear()
        await self.work.close()

    def remember(self, memory: HostMemory) -> None:
        """Go on with what was known before; LocalProtocolError once the port is configured."""
        if self._configuration is not None:
            raise LocalProtocolError("a port remembers before it is configured")
        self.memory = memory

    async def settled(self) -> None:
        """Return once everything that was asked for so far has been done, or will never be."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def over(_: str = "") -> None:
            if not done.done():
                done.set_result(None)

        async def reached(_: Stick) -> None:
            over()

        self._later(reached, failed=over)
        await done

    # What is known

    @property
    def eui64(self) -> Eui64:
        """The stick's address."""
        return self._eui64

    def attach(self, user: ApsUser) -> None:
        self._user = user

    def configure(self, configuration: StackConfiguration) -> None:
        if configuration.host_fragments:
            raise LocalProtocolError("this port splits and joins long messages itself")
        self._configuration = configuration
        self._fresh = False
        self._outbox.window = configuration.fragment_window
        self._receiver = Receiver(configuration, self.memory, self._report, self._acknowledge, self._announced)

    # The network

    def form(self, settings: NetworkSettings, now: int) -> None:  # noqa: ARG002 - ApsPort
        if self._configured().node_type is not NodeType.COORDINATOR:
            raise LocalProtocolError("a network is formed by a coordinator")
        self.memory.forget_network()
        self._begin(lambda stick: self._form(stick, settings))

    def join(self, settings: JoinSettings, now: int) -> None:  # noqa: ARG002 - ApsPort
        configuration = self._configured()
        if configuration.node_type is NodeType.COORDINATOR or configuration.link_key is None:
            raise LocalProtocolError("a router or sleepy device with a pre-configured link key joins")
        if self.work.seeks and self.memory.joined:
            # Once the stick is there again it goes on where it was; what the partners agreed on holds.
            self._wanted = self._rejoins = True
            return
        self.memory.forget_network()
        self._begin(lambda stick: self._join(stick, settings))

    def resume(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._configured()
        self._begin(self._resume)

    def seek_trust_centre(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        if self._configured().node_type is NodeType.COORDINATOR:
            raise LocalProtocolError("a trust centre seeks none")
        if self._up:
            self._later(self._seek, cut_short=True)

    def stop(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._off()
        self._later(self._power_down)

    def leave(self, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._off()
        self._later(self._leave, failed=lambda _: self._down("left"))

    def permit_joining(self, until: int, now: int) -> None:  # noqa: ARG002 - ApsPort
        self._permit_until = until
        self._later(self._permit)

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self.memory.allowed[device] = link_key
        if self._up:
            self._later(lambda stick: keys.allow(stick, device, link_key))

    def forbid(self, device: Eui64) -> None:
        if self.memory.allowed.pop(device, None) is not None and self._up:
            self._later(lambda stick: keys.allow_only(stick, self.memory.allowed))

    def remove(self, device: Eui64, now: int) -> None:  # noqa: ARG002 - ApsPort
        short = self.memory.addresses.get(device)
        self.memory.forget_device(device)
        self._offered.pop(device, None)
        self._removing.add(device)
        if short is not None:
            request = leave_request(short, device, self._rng.randrange(_SEQUENCE))
            request.acknowledge = True
            self._outbox_add(0, request)
        self._later(lambda stick: self._forget(stick, device))

    def rotate_network_key(self, key: bytes, now: int) -> None:  # noqa: ARG002 - ApsPort
        if not self._up or self._configured().node_type is not NodeType.COORDINATOR:
            raise LocalProtocolError("only a trust centre on the air brings in a network key")
        if len(key) != KEY_OCTETS or key in (self.memory.network_key, _MADE_UP):
            raise LocalProtocolError(f"a network key is {KEY_OCTETS} octets, not all 0, and another one than before")
        if self.memory.next_network_key:
            raise LocalProtocolError("another network key is being brought in")
        self.memory.next_network_key = key
        self._later(self._rotate)

    # Link keys

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        _check(key)
        self._offered.pop(device, None)
        self.memory.link_keys[device] = HostKey(key, LinkKeyKind.ESTABLISHED)
        self._report("trust.link-key", None, {"partner": eui64_text(device)}, now)
        self._put_in_force(device)

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:  # noqa: ARG002 - ApsPort
        if key is None:
            if self._offered.pop(device, None) is not None:
                self._later(lambda stick: keys.allow_only(stick, self.memory.allowed))
            return
        _check(key)
        self._offered[device] = key
        self._later(lambda stick: keys.allow(stick, device, key))

    def probe_link_key(self, device: Eui64, endpoint: int, now: int) -> int:
        """Send one message under the link key in force, to be acknowledged under it; `sent` says whether it was.

        Nobody answers what is sent to `endpoint`; LocalProtocolError where the device's address is unknown.
        """
        short = self.memory.addresses.get(device)
        if short is None:
            raise LocalProtocolError(f"nobody knows where {eui64_text(device)} is")
        own = self._configured().endpoints[0]
        message = ApsMessage(
            short, endpoint, own.endpoint, own.profile, _BASIC, SAYS_NOTHING, acknowledge=True, link_key=True
        )
        return self.send(message, now)

    def _send_probe(self, partner: Eui64, endpoint: int) -> int | None:
        if not self._up or partner not in self.memory.addresses or partner not in self.memory.link_keys:
            return None
        return self.probe_link_key(partner, endpoint, self._clock())

    async def counters(self) -> tuple[int, ...]:
        """The stick's own counters, in the order of EZSP's `EmberCounterType`; none where it does not answer."""
        done: asyncio.Future[tuple[int, ...]] = self._loop.create_future()

        async def read(stick: Stick) -> None:
            values = (await stick.ask("readCounters"))["values"]
            if not done.done():
                done.set_result(tuple(map(int, values)))

        def failed(_: str) -> None:
            if not done.done():
                done.set_result(())

        self._later(read, failed=failed)
        return await done

    # Messages

    def send(self, message: ApsMessage, now: int) -> int:
        self._handle += 1
        handle = self._handle
        if self.tap is not None:
            self.tap.handed(handle, message, now)
        if not self._up:
            self._soon(handle, Outcome.NOT_JOINED)
        elif message.link_key and self.memory.key_for(message.destination) is None:
            self._soon(handle, Outcome.NO_KEY)
        elif message.fragment is not None:
            raise LocalProtocolError("this port splits and joins long messages itself")
        else:
            self._outbox_add(handle, message)
        return handle

    # As WorkUser

    def stick_lost(self, reason: str) -> None:
        """The stick is gone: what it had is lost, and the network is down for now."""
        self._fresh = False
        self._offered.clear()
        was_up, self._up = self._up, False
        self._cancel_permit()
        self._probe.stop()
        self._report("stick.network-down", reason, {}, self._clock())
        self._outbox.give_up(reason)
        if was_up:
            self._tell(NetworkDown("stick-lost"))

    async def bring_back(self, stick: Stick) -> None:
        """Go on where it was; another stick at the same place is none of ours."""
        found = eui64_of((await stick.ask("getEui64"))["eui64"])
        if found != self._eui64:
            raise BadInput(f"another stick is there: {eui64_text(found)} instead of {eui64_text(self._eui64)}")
        self._rejoins = False
        if self._wanted and self.memory.joined:
            await self._resume(stick)
            await self._meet_missed(stick)

    def gave_up(self, error: BadInput) -> None:
        """For good."""
        self._wanted = False
        if self._rejoins:
            self._down("stick-lost")
        if self._failed is not None:
            self._failed(error)

    def heard(self, callback: Callback) -> None:
        """From the stick."""
        if isinstance(callback, MessageArrived):
            self._arrived(callback)
        elif isinstance(callback, MessageSent):
            self._outbox.sent(callback)
        elif isinstance(callback, StackStatus):
            self._stack_says(callback.status)
        elif isinstance(callback, DeviceKnocked):
            self._knock(callback)
        elif isinstance(callback, KeySwitched):
            self._later(self._key_switched)
        elif isinstance(callback, ChildChanged):
            self._child(callback)
        elif isinstance(callback, SenderEui64):
            if self._receiver is not None:
                self._receiver.sender_follows(callback.eui64)
        elif isinstance(callback, NotUnderstood):
            self._not_understood(callback)

    def _not_understood(self, callback: NotUnderstood) -> None:
        self._report("stick.dropped", "malformed", {"callback": callback.name}, self._clock())

    def _arrived(self, message: MessageArrived) -> None:
        now = self._clock()
        if self._receiver is None or not self._up:
            self._report("aps.dropped", NOT_JOINED, {"source": message.source}, now)
            return
        indication = self._receiver.take(message, now)
        if indication is None:
            return
        device = indication.source_eui64
        if device is not None and indication.link_key and device in self._offered:
            self._later(lambda stick: self._look_at_offer(stick, device))
        if device is not None and indication.cluster == _KEY_ESTABLISHMENT:
            self._probe.heard(device, indication.source_endpoint)
        if self.tap is not None:
            self.tap.heard(indication, now)
        if self._user is not None:
            self._user.received(indication, now)

    async def _look_at_offer(self, stick: Stick, device: Eui64) -> None:
        """Whether a partner has begun to use the key that it was offered."""
        key = self._offered.get(device)
        if key is None:
            return
        used = await keys.offered_is_used(stick, device)
        if used is None:
            self._report("trust.offered-key", "not-told", {"partner": eui64_text(device)}, self._clock())
        elif used:
            self.set_link_key(device, key, self._clock())

    def _acknowledge(self, source: int, aps: ApsHeader, group: int) -> None:
        reply = ApsHeader(
            aps.profile, aps.cluster, aps.destination_endpoint, aps.source_endpoint, aps.options, group, aps.sequence
        )

        async def answer(stick: Stick) -> None:
            await stick.must("sendReply", sender=source, apsFrame=aps_frame(reply), messageContents=b"")

        self._later(answer, cut_short=True)


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


def _check(key: bytes) -> None:
    if len(key) != KEY_OCTETS:
        raise LocalProtocolError(f"a link key of {len(key)} octets, {KEY_OCTETS} are needed")
