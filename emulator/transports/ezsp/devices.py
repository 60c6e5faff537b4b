"""Other devices in the network of a port: who may join, who knocks, announces itself, leaves and is put out."""

from __future__ import annotations

from typing import Final

from emulator.core.eui64 import Eui64, eui64_text
from emulator.ports.aps import COORDINATOR, DeviceJoined, DeviceLeft, JoinRefused
from emulator.transports.ezsp import keys, network
from emulator.transports.ezsp.callbacks import ChildChanged, DeviceKnocked
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.link_keys import LinkKeys
from emulator.transports.ezsp.memory import HostKey
from emulator.transports.ezsp.outgoing import Outgoing
from emulator.transports.ezsp.stick import Stick
from emulator.zigbee.frames.mac_commands import Capability
from emulator.zigbee.frames.zdo import DeviceAnnce
from emulator.zigbee.node.zdo import leave_request
from emulator.zigbee.security.keys import NO_LINK_KEY, UNKNOWN_DEVICE, WELL_KNOWN_KEY, WELL_KNOWN_LINK_KEY

_DEVICE_LEFT: Final = 2
_MOST_EARLY: Final = 64
_UNSECURED_JOIN: Final = 1
_DENIED: Final = (2, 3)


class Devices:
    """The devices that a port hears of, most of them as a trust centre.

    Args:
        host: of the port.
        link_keys: those with the devices.
        outgoing: tells them to leave.
    """

    def __init__(self, host: Host, link_keys: LinkKeys, outgoing: Outgoing) -> None:
        self._host = host
        self._link_keys = link_keys
        self._outgoing = outgoing
        self._knocked: dict[Eui64, DeviceKnocked] = {}
        """Those that the stick let in, until they announce themselves."""
        self._early: dict[Eui64, DeviceAnnce] = {}
        """Announcements of those that the stick has not told of yet: some do so only afterwards."""
        self._removing: set[Eui64] = set()

    # What is asked for

    def allow(self, device: Eui64, link_key: bytes) -> None:
        """Let a device join under a pre-configured key."""
        host = self._host
        host.memory.allowed[device] = link_key
        if host.up:
            host.work.queue(Job(lambda stick: keys.allow(stick, device, link_key)))

    def forbid(self, device: Eui64) -> None:
        """Take that back."""
        host = self._host
        if host.memory.allowed.pop(device, None) is not None and host.up:
            host.work.queue(Job(lambda stick: keys.allow_only(stick, host.memory.allowed)))

    def remove(self, device: Eui64) -> None:
        """Put a device out, without a key for it any more."""
        host = self._host
        short = host.memory.addresses.get(device)
        self._knocked.pop(device, None)
        self._early.pop(device, None)
        self._removing.add(device)
        if short is not None:
            request = leave_request(short, device, host.transaction())
            request.acknowledge = True
            self._outgoing.send_own(request)
        self._link_keys.remove(device)

    def forget(self) -> None:
        """It will be another network."""
        self._knocked.clear()
        self._early.clear()
        self._removing.clear()

    # What the stick says

    def knocked(self, knocked: DeviceKnocked) -> None:
        """To a trust centre: a device joined or came back, or was not let in, or left."""
        device = knocked.eui64
        if knocked.update == _DEVICE_LEFT:
            self._left(device)
            return
        if knocked.decision in _DENIED:
            reason = self._why_denied(knocked)
            self._host.report("join.refused", reason, {"device": eui64_text(device)})
            self._host.tell(JoinRefused(device, reason))
            return
        self._let_in(knocked)

    def _let_in(self, knocked: DeviceKnocked) -> None:
        device, memory = knocked.eui64, self._host.memory
        memory.learn(device, knocked.short)
        self._knocked[device] = knocked
        allowed = memory.allowed.get(device)
        if knocked.update == _UNSECURED_JOIN and allowed is not None:
            memory.link_keys[device] = HostKey(allowed)
        early = self._early.pop(device, None)
        if early is not None and early.short == knocked.short and device in memory.link_keys:
            self.announced(early, self._host.clock())

    def _why_denied(self, knocked: DeviceKnocked) -> str:
        """The stick says that it did not let somebody in, and not why: what we know of the device's key tells."""
        memory = self._host.memory
        joins, known = knocked.update == _UNSECURED_JOIN, memory.link_keys.get(knocked.eui64)
        key = memory.allowed.get(knocked.eui64) if joins or known is None else known.key
        if key == WELL_KNOWN_LINK_KEY:
            return WELL_KNOWN_KEY
        return UNKNOWN_DEVICE if joins else NO_LINK_KEY

    def _left(self, device: Eui64) -> None:
        memory = self._host.memory
        if device not in memory.addresses:
            return
        memory.forget_address(device)
        reason = "removed" if device in self._removing else "left"
        self._removing.discard(device)
        self._host.tell(DeviceLeft(device, reason))

    def child_changed(self, child: ChildChanged) -> None:
        """A child of ours came or went."""
        if child.joining:
            self._host.memory.learn(child.eui64, child.short)
            self._host.memory.sleepy[child.eui64] = child.sleepy

    # What they say themselves

    def announced(self, announcement: DeviceAnnce, now: int) -> None:  # noqa: ARG002 - Receiver
        """A device announces itself: to a trust centre it has joined, once the stick has told of it too."""
        host, device = self._host, announcement.eui64
        sleepy = not announcement.capability.receiver_on_when_idle
        host.memory.sleepy[device] = sleepy
        if not host.is_trust_centre:
            return
        if device not in host.memory.link_keys:
            if len(self._early) >= _MOST_EARLY:
                self._early.clear()
            self._early[device] = announcement
            return
        knocked = self._knocked.pop(device, None)
        self._removing.discard(device)
        if not self._link_keys.is_established(device):
            self._link_keys.put_in_force(device)
        parent = COORDINATOR if knocked is None else knocked.parent
        host.tell(DeviceJoined(device, announcement.short, parent, sleepy))

    async def meet_missed(self, stick: Stick) -> None:
        """Trust centre: who joined while the stick could not tell; where it knows them still, they have joined now."""
        host, memory = self._host, self._host.memory
        if not host.up or not host.is_trust_centre:
            return
        unmet = [device for device in memory.allowed if device not in memory.link_keys]
        for device in (*unmet, *self._knocked):
            short = await network.short_of(stick, device)
            key = memory.link_keys.get(device) or _host_key(memory.allowed.get(device))
            if short is None or key is None:
                continue
            memory.link_keys[device] = key
            memory.learn(device, short)
            sleepy = memory.sleepy.get(device, False)
            self.announced(DeviceAnnce(short, device, Capability(receiver_on_when_idle=not sleepy)), host.clock())


def _host_key(allowed: bytes | None) -> HostKey | None:
    return None if allowed is None else HostKey(allowed)
