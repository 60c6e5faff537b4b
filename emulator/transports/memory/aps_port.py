"""One device's ZigBee stack on the air of `mem:aps`: an `ApsPort` without frames.

What others on this air see of a device is here; what it does is done by the objects that it is made of.  Membership and
keys outlast `stop`; the rest belongs to one `generation`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import (
    NO_ADDRESS,
    ApsIndication,
    ApsMessage,
    ApsUser,
    JoinSettings,
    NetworkEvent,
    NetworkSettings,
    NodeType,
    Outcome,
    StackConfiguration,
)
from emulator.transports.memory.aps_broadcast import Broadcast
from emulator.transports.memory.aps_idle import Idle
from emulator.transports.memory.aps_keys import NetworkKeys
from emulator.transports.memory.aps_link_keys import LinkKeys, check_link_key
from emulator.transports.memory.aps_management import NetworkManagement
from emulator.transports.memory.aps_rejoin import Rejoin
from emulator.transports.memory.aps_sending import Sending
from emulator.transports.memory.aps_zdo import answer_zdo
from emulator.zigbee.frames.zdo import RESPONSE
from emulator.zigbee.node.descriptors import Description
from emulator.zigbee.node.rejoin_table import RejoinTrigger
from emulator.zigbee.node.zdo import leave_request, permit_joining_request

if TYPE_CHECKING:
    from emulator.transports.memory.aps_air import ApsAir
    from emulator.transports.memory.aps_network import Membership, Network


class _Nobody:
    """The user before there is one."""

    def received(self, message: ApsIndication, now: int) -> None:
        """Nobody listens."""

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """Nobody asked."""

    def network(self, event: NetworkEvent, now: int) -> None:
        """Nobody cares."""


class ApsAirPort:
    """A stack on an `ApsAir`; made by `ApsAir.port`.

    Attributes:
        eui64: its own address.
        network: the network it is in and switched on for, or None.
        membership: the network that it goes on with after a power cut, or None.
        on_air: its radio is on: in a network, or joining one.
        generation: counts power cuts.
        user: whom to tell.
        link_keys: its link keys; allowed: those under which the trust centre lets devices in, 16 octets each.
        children: of a router or coordinator, by EUI-64: whether it sleeps.
        keys: the network keys it has.
        management: how it comes into networks; rejoin: its way back; idle: its polls and link status.
        sending: its messages; send: that of `ApsPort`, at once, as it is called once a message.
        frames, airtime: what it sent, acknowledgements included; airtime in µs.
        apart: airtime (µs) of what it sent that is in no exchange: broadcasts, link status, empty polls.
        exchanged: airtime (µs) of what it sent and of what was sent to it alone, acknowledgements included.
    """

    def __init__(self, air: ApsAir, eui64: Eui64, report: Report) -> None:
        self.air = air
        self.report = report
        self.rng = air.streams.stream(f"{eui64_text(eui64)}/aps")
        self.network: Network | None = None
        self.membership: Membership | None = None
        self.configuration: StackConfiguration | None = None
        self.sleepy = False
        self.on_air = False
        self.short = NO_ADDRESS
        self.parent = NO_ADDRESS
        self.permit_until = 0
        self.generation = 0
        self.link_keys = LinkKeys()
        self.allowed: dict[Eui64, bytes] = {}
        self.children: dict[Eui64, bool] = {}
        self.keys = NetworkKeys()
        self.exchanged = 0
        self.apart = 0
        self.frames = 0
        self.airtime = 0
        self.eui64 = eui64
        self.user: ApsUser = _Nobody()
        self.idle = Idle(self)
        self.rejoin = Rejoin(self)
        self.management = NetworkManagement(self)
        self.sending = Sending(self)
        self.send: Callable[[ApsMessage, int], int] = self.sending.send

    # Set-up

    def attach(self, user: ApsUser) -> None:
        self.user = user

    def configure(self, configuration: StackConfiguration) -> None:
        self.configuration = configuration
        self.sleepy = configuration.node_type is NodeType.SLEEPY

    def configured(self) -> StackConfiguration:
        """The configuration; LocalProtocolError where there is none."""
        if self.configuration is None:
            raise LocalProtocolError("a stack is configured before it goes on the air")
        return self.configuration

    def allow(self, device: Eui64, link_key: bytes) -> None:
        self.allowed[device] = link_key

    def forbid(self, device: Eui64) -> None:
        self.allowed.pop(device, None)

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        check_link_key(key)
        self.link_keys.establish(device, key)
        self.key_changed()
        self.report("trust.link-key", None, {"partner": eui64_text(device)}, now)

    def offer_link_key(self, device: Eui64, key: bytes | None, now: int) -> None:  # noqa: ARG002 - ApsPort
        if key is not None:
            check_link_key(key)
        self.link_keys.offer(device, key)

    def link_key_with(self, device: Eui64) -> bytes | None:
        return self.link_keys.get(device)

    def has_established_key(self, device: Eui64) -> bool:
        return self.link_keys.is_established(device)

    def has_key_for(self, destination: int) -> bool:
        """Whether there is a link key for whoever has this short address."""
        partner = self.eui64_of(destination)
        return partner is not None and partner in self.link_keys

    def short_of(self, device: Eui64) -> int | None:
        membership = self.membership
        return None if membership is None else membership.network.addresses.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        membership = self.membership
        member = None if membership is None else membership.network.members.get(short)
        return None if member is None else member.eui64

    # Network

    def form(self, settings: NetworkSettings, now: int) -> None:
        self.management.form(settings, now)

    def join(self, settings: JoinSettings, now: int) -> None:
        self.management.join(settings, now)

    def seek_trust_centre(self, now: int) -> None:
        self.rejoin.start(RejoinTrigger.TRUST_CENTRE_LOST, now)

    def resume(self, now: int) -> None:
        self.management.resume(now)

    def leave(self, now: int) -> None:
        self.management.leave(now)

    def rotate_network_key(self, key: bytes, now: int) -> None:
        self.management.rotation.begin(key, now)

    def remove(self, device: Eui64, now: int) -> None:
        short = self.short_of(device)
        if short is not None:
            request = leave_request(short, device, self.rng.randrange(256))
            request.acknowledge = True
            self.sending.send_own(request, now)
        self.allowed.pop(device, None)
        self.link_keys.forget(device)
        self.key_changed()

    def permit_joining(self, until: int, now: int) -> None:
        self.permit_until = until
        if self.network is not None:
            request = permit_joining_request(until - now, self.rng.randrange(256))
            Broadcast(self, request, lambda port, _: port.permit(until)).start(now)

    def permit(self, until: int) -> None:
        """Let devices associate here until `until` (µs)."""
        self.permit_until = until

    # Being a member

    def enter(self, membership: Membership, now: int) -> None:
        """Be a member from now on."""
        self.membership = membership
        membership.network.add(self, membership.short)
        self.switch_on(membership, now)

    def switch_on(self, membership: Membership, now: int) -> None:
        """Go on the air as the member that it is."""
        self.network = membership.network
        self.short = membership.short
        self.parent = membership.parent
        self.on_air = True
        self.idle.start(now)
        membership.network.changed()
        self.air.share(self)

    def stop(self, now: int) -> None:
        self.settle(now)
        network = self.network
        self.generation += 1
        self.on_air = False
        self.network = None
        self.permit_until = 0
        self.sending.forget_paths()
        if network is not None:
            network.changed()
            network.router_went(self, now)

    def forget(self, now: int) -> None:
        """Leave for good: nothing of the network is kept."""
        membership = self.membership
        self.stop(now)
        self.membership = None
        self.short = self.parent = NO_ADDRESS
        self.link_keys.clear()
        self.children.clear()
        if membership is not None:
            membership.network.remove(self)

    def tell(self, event: NetworkEvent, generation: int) -> None:
        """Pass an event to the device, unless the power went meanwhile."""
        if generation == self.generation:
            self.user.network(event, self.air.scheduler.now)

    def key_changed(self) -> None:
        """A key is new, or gone."""
        if self.network is not None:
            self.network.changed()

    def settle(self, now: int) -> None:
        """Book what was repeated since the last time."""
        if self.network is not None:
            self.idle.settle(self.network, now)

    # Messages to the stack itself

    def zdo(self, message: ApsIndication, now: int) -> None:
        """A message to endpoint 0: a request is answered here, anything else is the device's."""
        if message.cluster & RESPONSE:
            self.user.received(message, now)
        else:
            answer_zdo(self, message, now)

    def description(self) -> Description:
        """What descriptor and address requests are answered from."""
        return Description(self.eui64, self.configured(), lambda: self.short)
