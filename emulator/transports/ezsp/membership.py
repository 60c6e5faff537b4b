"""The stick's own place in a network: formed, joined, gone on with after a restart, and left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import COORDINATOR, NOT_JOINED, JoinSettings, NetworkDown, NetworkSettings, NetworkUp, NodeType
from emulator.transports.ezsp import network
from emulator.transports.ezsp.devices import Devices
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.key_rotation import KeyRotation
from emulator.transports.ezsp.link_keys import LinkKeys
from emulator.transports.ezsp.memory import HostKey
from emulator.transports.ezsp.outgoing import Outgoing
from emulator.transports.ezsp.permit_joining import PermitJoining
from emulator.transports.ezsp.setup import set_up
from emulator.transports.ezsp.stick import Stick

Result = TypeVar("Result")


class Membership:
    """Whether a port is in a network; what lives only in one ends with it.

    Args:
        host: of the port.
        outgoing, link_keys, devices, permit_joining, rotation: what ends when the network is down, or is another one.

    Attributes:
        generation: how often a stay in a network was begun or ended; what was to follow in an earlier one does not.
        place: how often the place in the network was another one, or was lost with the stick.
    """

    def __init__(
        self,
        host: Host,
        outgoing: Outgoing,
        link_keys: LinkKeys,
        devices: Devices,
        permit_joining: PermitJoining,
        rotation: KeyRotation,
    ) -> None:
        self.generation = self.place = 0
        self._host = host
        self._outgoing = outgoing
        self._link_keys = link_keys
        self._devices = devices
        self._permit_joining = permit_joining
        self._rotation = rotation
        self._wanted = False
        """Whether a stick that was lost goes on in the network once it is back."""
        self._rejoins = False
        """Whether the device wants to join, and the stick is being sought."""
        self._forming: NetworkSettings | None = None
        """The network that is to be, until it is or cannot be."""
        self._procedures = 0

    @property
    def is_changing(self) -> bool:
        """Whether a procedure is under way: what the stack says of the network is part of it."""
        return self._procedures > 0

    # What is asked for

    def form(self, settings: NetworkSettings) -> None:
        """Start a network."""
        if not self._host.is_trust_centre:
            raise LocalProtocolError("a network is formed by a coordinator")
        self._forget_network()
        self._begin(lambda stick: self._form(stick, settings))
        self._forming = settings

    def join(self, settings: JoinSettings) -> None:
        """Look for a network and join it."""
        host, key = self._host, self._host.configured().link_key
        if host.is_trust_centre or key is None:
            raise LocalProtocolError("a router or sleepy device with a pre-configured link key joins")
        if host.work.seeks and host.memory.joined:
            # Once the stick is there again it goes on where it was; what the partners agreed on holds.
            self._wanted = self._rejoins = True
            host.work.off_duty = False
            return
        self._forget_network()
        self._begin(lambda stick: self._join(stick, settings, key))

    def resume(self) -> None:
        """Go on with the network that the stick remembers; LocalProtocolError before the port is configured."""
        self._host.configured()
        self._begin(self.go_on)

    def stop(self) -> None:
        """Off the air."""
        self.end()
        self._host.work.off_duty = True
        self._host.work.queue(Job(self._power_down))

    def leave(self) -> None:
        """Out of the network for good."""
        self.end()
        self._host.work.queue(Job(self._leave, failed=lambda _: self.down("left")))

    def removed(self) -> None:
        """The stick says that it is in no network any more."""
        self.end()
        self._forget_network()
        self.down("removed")

    # The stick is lost

    def stick_lost(self, reason: str) -> None:
        """What it had is lost, and the network is down for now."""
        host = self._host
        was_up, host.up = host.up, False
        self.place += 1
        self._link_keys.forget_offers()
        self._permit_joining.stick_lost()
        host.report("stick.network-down", reason, {})
        self._outgoing.give_up(reason)
        if was_up:
            host.tell(NetworkDown("stick-lost"))

    async def bring_back(self, stick: Stick) -> None:
        """It is there again: go on where it was, if that is still wanted then."""
        generation, forming = self.generation, self._forming
        if forming is not None:
            result = await self._form(stick, forming)
        elif self._wanted and self._host.memory.joined:
            result = await self.go_on(stick)
        else:
            return
        if generation == self.generation:
            self._rejoins = False
            self.told(result)

    def gave_up(self) -> None:
        """It does not come back."""
        self._wanted = False
        if self._rejoins:
            self.down("stick-lost")

    # How a procedure begins and ends

    def _begin(self, run: Callable[[Stick], Awaitable[NetworkUp | network.Failed]]) -> None:
        """A procedure that ends in NetworkUp or NetworkDown."""
        self.end()
        self._wanted = True
        self._host.work.off_duty = False
        generation = self.generation

        async def carry_out(stick: Stick) -> None:
            self.told(await run(stick))

        def failed(reason: str) -> None:
            if generation == self.generation:
                self.down(reason)

        self._host.work.queue(Job(carry_out, failed, cut_short=True))

    def end(self) -> None:
        """Nothing of before is told any more, and nobody was told that it ended."""
        self.generation += 1
        self.place += 1
        self._host.up = self._wanted = self._rejoins = False
        self._forming = None
        self._permit_joining.forget()
        self._rotation.cancel()
        self._link_keys.forget_offers()
        self._outgoing.forget()
        self._host.work.cut_short()

    async def during(self, procedure: Awaitable[Result]) -> Result:
        """Wait for the end of a procedure; what the stack says of the network meanwhile is part of it."""
        self._procedures += 1
        try:
            return await procedure
        finally:
            self._procedures -= 1

    def told(self, result: NetworkUp | network.Failed) -> None:
        """A procedure is over: keep and tell where we are, or why we are nowhere."""
        host, memory = self._host, self._host.memory
        self._forming = None
        if isinstance(result, network.Failed):
            if result.reason == NOT_JOINED:
                self._forget_network()
            self.down(result.reason)
            return
        memory.joined, memory.trust_centre = True, result.trust_centre
        memory.learn(host.eui64, result.short)
        if result.trust_centre != host.eui64:
            memory.learn(result.trust_centre, COORDINATOR)
        host.up = True
        self.place += 1
        self._rotation.network_up()
        self._link_keys.network_up()
        self._permit_joining.network_up()
        host.tell(result)

    def down(self, reason: str) -> None:
        """Out of the network, or not in it for now."""
        self._host.up = False
        if reason != "stick-lost" or not self._host.memory.joined:
            self._wanted = False
        self._host.tell(NetworkDown(reason))

    # Procedures

    async def go_on(self, stick: Stick) -> NetworkUp | network.Failed:
        """Have a stick that knows nothing of it go on with its network."""
        await self._prepare(stick)
        result = await self.during(network.resume(stick, self._host.settings.network_within, self._host.eui64))
        if isinstance(result, NetworkUp):
            await self.settle(stick)
        return result

    async def settle(self, stick: Stick) -> None:
        """What every stick is asked or told after it has come into a network, or back."""
        configuration = self._host.configured()
        self._host.memory.network_key = await network.network_key(stick)
        if configuration.node_type is NodeType.SLEEPY:
            await network.poll(stick, configuration.poll_interval)

    async def _prepare(self, stick: Stick) -> None:
        """Make it a stick without a network in its RAM that knows who it is."""
        configuration = self._host.configured()
        await stick.reset()
        self._outgoing.limit(longest=await set_up(stick, configuration, self._host.settings))

    async def _form(self, stick: Stick, settings: NetworkSettings) -> NetworkUp | network.Failed:
        host, span, power = self._host, self._host.settings.network_within, self._host.settings.tx_power
        await self._prepare(stick)
        result = await self.during(network.form(stick, settings, power, span, host.rng, host.eui64))
        if isinstance(result, NetworkUp):
            host.memory.network_key = settings.network_key
        return result

    async def _join(self, stick: Stick, settings: JoinSettings, key: bytes) -> NetworkUp | network.Failed:
        host, span, power = self._host, self._host.settings.network_within, self._host.settings.tx_power
        await self._prepare(stick)
        kind = host.configured().node_type
        result = await self.during(network.join(stick, settings, kind, key, power, span, host.eui64))
        if isinstance(result, NetworkUp):
            host.memory.link_keys[result.trust_centre] = HostKey(key)
            await self.settle(stick)
        return result

    async def _leave(self, stick: Stick) -> None:
        await self.during(network.leave(stick, self._host.settings.network_within))
        self._forget_network()
        self.down("left")

    async def _power_down(self, stick: Stick) -> None:
        # A procedure that was begun meanwhile resets it by itself; one that a lost stick was spared needs none.
        if self._host.work.off_duty:
            await stick.reset()

    def _forget_network(self) -> None:
        """Whoever was in it is nobody's concern any more."""
        self._host.memory.forget_network()
        self._devices.forget()
