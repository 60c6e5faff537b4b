"""What a port does with its stick, one job after the other: into networks and out of them, keys, what is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import (
    COORDINATOR,
    NOT_JOINED,
    ApsMessage,
    ApsUser,
    JoinSettings,
    MessageTap,
    NetworkDown,
    NetworkEvent,
    NetworkSettings,
    NetworkUp,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.transports.ezsp import keys, network
from emulator.transports.ezsp.key_probe import KeyProbe
from emulator.transports.ezsp.memory import HostKey, HostMemory
from emulator.transports.ezsp.recovery import Job, Work
from emulator.transports.ezsp.sending import Outbox
from emulator.transports.ezsp.settings import EzspSettings, KeyMethod
from emulator.transports.ezsp.setup import set_up, trust_centre_policy
from emulator.transports.ezsp.status import Status, status_text
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.ezsp.structures import key_data
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.node.zdo import permit_joining_request
from emulator.zigbee.security.keys import swap_out_key, unfit_for_rejoin

_LONGEST_PERMIT: Final = 254
_RENEWED_AFTER: Final = 200
_SEQUENCE: Final = 256
_FIRST_REST: Final = 15 * SECOND
_LONGEST_REST: Final = 15 * MINUTE
"""Between two tries to find a parent; twice as long each time up to there."""


class Procedures:
    """The jobs of a port, and what they have to know; `EzspPort` is all of it.

    Attributes:
        tap: told of every message, for whoever measures.
    """

    def __init__(
        self, settings: EzspSettings, memory: HostMemory, rng: Random, report: Report, clock: Callable[[], int]
    ) -> None:
        self.memory = memory
        self.tap: MessageTap | None = None
        self.work: Work
        self._eui64 = Eui64(0)
        self._settings = settings
        self._rng = rng
        self._report = report
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._user: ApsUser | None = None
        self._configuration: StackConfiguration | None = None
        self._outbox = Outbox(settings, self._finished, self._pump, report, clock)
        self._probe = KeyProbe(self._send_probe, report, clock)
        self._generation = 0
        self._up = False
        self._wanted = False
        self._fresh = False
        self._procedures = 0
        self._offered: dict[Eui64, bytes] = {}
        self._unput: dict[Eui64, None] = {}
        """Partners whose key in force the stick does not have yet."""
        self._permit_until = 0
        self._permit_timer: asyncio.TimerHandle | None = None
        self._rotating = False

    # Jobs

    def _later(
        self, run: Callable[[Stick], Awaitable[None]], *, failed: Callable[[str], None] | None = None,
        cut_short: bool = False,
    ) -> None:  # fmt: skip
        self.work.queue(Job(run, failed or _nothing, cut_short))

    def _begin(self, run: Callable[[Stick], Awaitable[None]]) -> None:
        """A procedure that ends in NetworkUp or NetworkDown."""
        self._off()
        self._wanted = True
        generation = self._generation

        def failed(reason: str) -> None:
            if generation == self._generation:
                self._down(reason)

        self._later(run, failed=failed, cut_short=True)

    def _off(self) -> None:
        """Nothing of before is told any more."""
        self._generation += 1
        self._up = self._wanted = False
        self._cancel_permit()
        self._probe.stop()
        self._offered.clear()
        self._outbox.clear()
        self.work.cut_short()

    async def _prepare(self, stick: Stick) -> StackConfiguration:
        """A stick without a network in its RAM that knows who it is."""
        configuration = self._configured()
        if not self._fresh:
            await stick.reset()
            self._outbox.longest = await set_up(stick, configuration, self._settings)
        self._fresh = False
        return configuration

    async def _form(self, stick: Stick, settings: NetworkSettings) -> None:
        await self._prepare(stick)
        span, power = self._settings.network_within, self._settings.tx_power
        result = await self._procedure(network.form(stick, settings, power, span, self._rng, self._eui64))
        if isinstance(result, NetworkUp):
            self.memory.network_key = settings.network_key
        self._told(result)

    async def _join(self, stick: Stick, settings: JoinSettings) -> None:
        configuration = await self._prepare(stick)
        key, span, power = configuration.link_key, self._settings.network_within, self._settings.tx_power
        assert key is not None
        result = await self._procedure(
            network.join(stick, settings, configuration.node_type, key, power, span, self._eui64)
        )
        if isinstance(result, NetworkUp):
            self.memory.link_keys[result.trust_centre] = HostKey(key)
            await self._on_network(stick)
        self._told(result)

    async def _resume(self, stick: Stick) -> None:
        await self._prepare(stick)
        result = await self._procedure(network.resume(stick, self._settings.network_within, self._eui64))
        if isinstance(result, NetworkUp):
            await self._on_network(stick)
        self._told(result)

    async def _on_network(self, stick: Stick) -> None:
        """What every stick is asked or told after it has come into a network, or back."""
        configuration = self._configured()
        self.memory.network_key = await network.network_key(stick)
        if configuration.node_type is NodeType.SLEEPY:
            await network.poll(stick, configuration.poll_interval)
        if configuration.node_type is NodeType.COORDINATOR and self.memory.next_network_key:
            self._later(self._rotate)

    async def _procedure(self, result: Awaitable[NetworkUp | network.Failed]) -> NetworkUp | network.Failed:
        """Wait for its end; what the stack says of the network meanwhile is part of it."""
        self._procedures += 1
        try:
            return await result
        finally:
            self._procedures -= 1

    async def _seek(self, stick: Stick) -> None:
        configuration, before = self._configured(), self.memory.trust_centre
        known = None if before is None else self.memory.link_keys.get(before)
        span = self._settings.network_within
        result = await self._procedure(
            network.rejoin(stick, configuration.node_type, span, self._eui64, have_key=False)
        )
        if isinstance(result, NetworkUp) and result.trust_centre != before and known is not None:
            kept = known.kind is LinkKeyKind.SWAP_OUT
            key = known.key if kept else swap_out_key(known.key)
            self.memory.forget_network()
            self.memory.link_keys[result.trust_centre] = HostKey(key, LinkKeyKind.SWAP_OUT)
            await self._on_network(stick)
            self._told(result)
        elif isinstance(result, NetworkUp):
            # Its own trust centre has answered: all stays as it is, but perhaps at another place.
            await self._on_network(stick)
        else:
            self._report("trust.seek", result.reason, {}, self._clock())
            await self._go_back(stick)

    async def _find_back(self, stick: Stick, tries: int = 0) -> None:
        """Without a parent: rejoin under the network key, else under the link key, else again after a rest.

        Nobody is told before there is a parent: as far as is known the network goes on, and messages fail meanwhile.
        """
        configuration, span = self._configured(), self._settings.network_within
        for have_key in (True, False) if self._may_ask_for_network_key() else (True,):
            result = await self._procedure(
                network.rejoin(stick, configuration.node_type, span, self._eui64, have_key=have_key)
            )
            if isinstance(result, NetworkUp):
                await self._on_network(stick)
                self._told(result)
                return
            self._report("stick.no-way-back", result.reason, {"network_key": have_key}, self._clock())
        rest = min(_LONGEST_REST, _FIRST_REST << tries)
        self._loop.call_later(rest / SECOND, self._find_back_queued, self._generation, tries + 1)

    def _find_back_queued(self, generation: int, tries: int) -> None:
        if generation == self._generation and self._up:
            self._later(lambda stick: self._find_back(stick, tries), cut_short=True)

    def _may_ask_for_network_key(self) -> bool:
        """Under a link key that everybody knows the network key would be everybody's."""
        centre = self.memory.trust_centre
        known = None if centre is None else self.memory.link_keys.get(centre)
        return known is not None and unfit_for_rejoin(known.key) is None

    async def _go_back(self, stick: Stick) -> None:
        """On with the network as it was; nobody is told unless that fails."""
        self._fresh = False
        await self._prepare(stick)
        result = await self._procedure(network.resume(stick, self._settings.network_within, self._eui64))
        if isinstance(result, NetworkUp):
            await self._on_network(stick)
        else:
            self._told(result)

    async def _power_down(self, stick: Stick) -> None:
        self._fresh = False
        await stick.reset()

    async def _leave(self, stick: Stick) -> None:
        self._procedures += 1
        try:
            await network.leave(stick, self._settings.network_within)
        finally:
            self._procedures -= 1
        self.memory.forget_network()
        self._down("left")

    async def _forget(self, stick: Stick, device: Eui64) -> None:
        await keys.forget(stick, device)
        await keys.allow_only(stick, self.memory.allowed)

    async def _permit(self, stick: Stick) -> None:
        """Open or close, here and at every router, and come again while it is to stay open."""
        self._cancel_permit()
        if not self._up:
            return
        left = max(0, self._permit_until - self._clock())
        duration = min(_LONGEST_PERMIT, -(-left // SECOND))
        if self._configured().node_type is NodeType.COORDINATOR:
            for device, key in self.memory.allowed.items():
                await keys.allow(stick, device, key)
            await trust_centre_policy(stick, joining=duration > 0)
        await stick.must("permitJoining", duration=duration)
        self._outbox_add(0, permit_joining_request(left, self._rng.randrange(_SEQUENCE)))
        if duration:
            again = _RENEWED_AFTER if duration == _LONGEST_PERMIT else left / SECOND
            self._permit_timer = self._loop.call_later(again, self._later, self._permit)

    def _cancel_permit(self) -> None:
        if self._permit_timer is not None:
            self._permit_timer.cancel()
            self._permit_timer = None

    async def _rotate(self, stick: Stick) -> None:
        """Give the next network key to everybody; the word to use it follows."""
        key = self.memory.next_network_key
        if not self._up or not key or self._rotating:
            return
        status = await stick.status_of("broadcastNextNetworkKey", key=key_data(key))
        if status != Status.OK:
            # After a restart the stick may be at it already; the word to use the key shows whether it has it.
            self._report("trust.network-key", "stick-refused", {"status": status_text(status)}, self._clock())
        self._switch_in_time()

    def _switch_in_time(self) -> None:
        self._rotating = True
        span = self._settings.key_switch_after / SECOND
        self._loop.call_later(span, self._switch_queued, self._generation)

    def _switch_queued(self, generation: int) -> None:
        self._rotating = False
        if generation == self._generation and self._up:
            self._later(self._switch)

    async def _switch(self, stick: Stick) -> None:
        status = await stick.status_of("broadcastNetworkKeySwitch")
        if status == Status.OK:
            return
        self._report("trust.network-key", "not-switched", {"status": status_text(status)}, self._clock())
        if status == Status.TOO_SOON_FOR_SWITCH_KEY:
            self._switch_in_time()
        else:
            self.memory.next_network_key = b""

    def _put_in_force(self, device: Eui64) -> None:
        """Give the stick the key that is in force with a partner when the job is done; off the network, once it is up.

        What becomes of a key that a stick without a network is given, no source says.
        """
        if not self._up:
            self._unput[device] = None
            return

        def failed(reason: str) -> None:
            self._unput[device] = None
            self._report("trust.link-key", reason, {"partner": eui64_text(device)}, self._clock())

        self._later(lambda stick: self._put_known(stick, device), failed=failed)

    async def _put_known(self, stick: Stick, device: Eui64) -> None:
        known = self.memory.link_keys.get(device)
        if known is None:
            return
        try:
            await self._put(stick, device, known.key)
        except StickRefused as refusal:
            fields: dict[str, object] = {"partner": eui64_text(device), "status": status_text(refusal.status)}
            self._report("trust.link-key", "stick-refused", fields, self._clock())
            return
        if known.kind is LinkKeyKind.ESTABLISHED and self._settings.probe_keys:
            self._probe.begin(device)

    async def _put(self, stick: Stick, device: Eui64, key: bytes) -> None:
        joiner = self._configured().node_type is not NodeType.COORDINATOR
        centre = joiner and device == self.memory.trust_centre
        method = self._settings.keys_method if centre else KeyMethod.LINK_TABLE
        await keys.put_in_force(stick, device, key, method)

    def _send_probe(self, partner: Eui64, endpoint: int) -> int | None:
        """For `KeyProbe`; the port has the message."""
        raise NotImplementedError

    # What is told

    def _outbox_add(self, handle: int, message: ApsMessage) -> None:
        generation = self._generation

        async def hand_over(stick: Stick) -> None:
            if generation == self._generation:
                self._outbox.add(handle, message)
                await self._outbox.pump(stick)

        def failed(_: str) -> None:
            if generation == self._generation:
                self._finished(handle, Outcome.NOT_JOINED)

        self.work.queue(Job(hand_over, failed, cut_short=True))

    def _pump(self) -> None:
        self._later(self._outbox.pump, cut_short=True)

    def _soon(self, handle: int, outcome: Outcome) -> None:
        generation = self._generation

        def tell() -> None:
            if generation == self._generation:
                self._finished(handle, outcome)

        self._loop.call_soon(tell)

    def _finished(self, handle: int, outcome: Outcome) -> None:
        if handle and self._probe.settled(handle, outcome):
            return
        if handle and self.tap is not None:
            self.tap.settled(handle, outcome, self._clock())
        if handle and self._user is not None:
            self._user.sent(handle, outcome, self._clock())

    def _told(self, result: NetworkUp | network.Failed) -> None:
        """A procedure is over: keep and tell where we are, or why we are nowhere."""
        if isinstance(result, network.Failed):
            if result.reason == NOT_JOINED:
                self.memory.forget_network()
            self._down(result.reason)
            return
        self.memory.joined, self.memory.trust_centre = True, result.trust_centre
        self.memory.learn(self._eui64, result.short)
        if result.trust_centre != self._eui64:
            self.memory.learn(result.trust_centre, COORDINATOR)
        self._up = True
        unput, self._unput = self._unput, {}
        for device in unput:
            self._put_in_force(device)
        self._tell(result)

    def _down(self, reason: str) -> None:
        self._up = False
        if reason != "stick-lost" or not self.memory.joined:
            self._wanted = False
        self._tell(NetworkDown(reason))

    def _tell(self, event: NetworkEvent) -> None:
        if self._user is not None:
            self._user.network(event, self._clock())

    def _configured(self) -> StackConfiguration:
        if self._configuration is None:
            raise LocalProtocolError("a stack is configured before it goes on the air")
        return self._configuration


def _nothing(reason: str) -> None:
    """Nobody waits for it."""
