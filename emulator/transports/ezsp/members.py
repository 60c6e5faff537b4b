"""Who is in the network of a port, as far as the stick tells: devices that knock, come and go, and we ourselves."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import (
    COORDINATOR,
    DeviceJoined,
    DeviceLeft,
    JoinRefused,
    NetworkKeyChanged,
    NodeType,
)
from emulator.transports.ezsp import network
from emulator.transports.ezsp.callbacks import ChildChanged, DeviceKnocked
from emulator.transports.ezsp.memory import HostKey, HostMemory
from emulator.transports.ezsp.procedures import Procedures
from emulator.transports.ezsp.settings import EzspSettings
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick
from emulator.zigbee.frames.mac_commands import Capability
from emulator.zigbee.frames.zdo import DeviceAnnce
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.security.keys import (
    NO_LINK_KEY,
    UNKNOWN_DEVICE,
    WELL_KNOWN_KEY,
    WELL_KNOWN_LINK_KEY,
)

_DEVICE_LEFT: Final = 2
_MOST_EARLY: Final = 64
_UNSECURED_JOIN: Final = 1
_DENIED: Final = (2, 3)
_NO_NETWORK: Final = 0


class Members(Procedures):
    """What a port hears of devices and of its network, and what it tells its user of them."""

    def __init__(
        self, settings: EzspSettings, memory: HostMemory, rng: Random, report: Report, clock: Callable[[], int]
    ) -> None:
        super().__init__(settings, memory, rng, report, clock)
        self._knocked: dict[Eui64, DeviceKnocked] = {}
        self._removing: set[Eui64] = set()
        self._early: dict[Eui64, DeviceAnnce] = {}

    # What is known

    def link_key_with(self, device: Eui64) -> bytes | None:
        known = self.memory.link_keys.get(device)
        return None if known is None else known.key

    def has_established_key(self, device: Eui64) -> bool:
        known = self.memory.link_keys.get(device)
        return known is not None and known.kind is LinkKeyKind.ESTABLISHED

    def short_of(self, device: Eui64) -> int | None:
        return self.memory.addresses.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        return self.memory.eui64_of(short)

    # Devices that come and go

    def _knock(self, knocked: DeviceKnocked) -> None:
        device = knocked.eui64
        if knocked.update == _DEVICE_LEFT:
            self._left(device)
            return
        if knocked.decision in _DENIED:
            reason = self._why_denied(knocked)
            self._report("join.refused", reason, {"device": eui64_text(device)}, self._clock())
            self._tell(JoinRefused(device, reason))
            return
        self.memory.learn(device, knocked.short)
        self._knocked[device] = knocked
        allowed = self.memory.allowed.get(device)
        if knocked.update == _UNSECURED_JOIN and allowed is not None:
            self.memory.link_keys[device] = HostKey(allowed)
        early = self._early.pop(device, None)
        if early is not None and early.short == knocked.short and device in self.memory.link_keys:
            self._announced(early, self._clock())

    def _why_denied(self, knocked: DeviceKnocked) -> str:
        """The stick says that it did not let somebody in, and not why: what we know of the device's key tells."""
        joins, known = knocked.update == _UNSECURED_JOIN, self.memory.link_keys.get(knocked.eui64)
        key = self.memory.allowed.get(knocked.eui64) if joins or known is None else known.key
        if key == WELL_KNOWN_LINK_KEY:
            return WELL_KNOWN_KEY
        return UNKNOWN_DEVICE if joins else NO_LINK_KEY

    def _announced(self, announcement: DeviceAnnce, now: int) -> None:  # noqa: ARG002 - Receiver
        device = announcement.eui64
        sleepy = not announcement.capability.receiver_on_when_idle
        self.memory.sleepy[device] = sleepy
        if self._configured().node_type is not NodeType.COORDINATOR:
            return
        if device not in self.memory.link_keys:
            # Some sticks tell of the join only after the announcement of who joined.
            if len(self._early) >= _MOST_EARLY:
                self._early.clear()
            self._early[device] = announcement
            return
        knocked = self._knocked.pop(device, None)
        self._removing.discard(device)
        if not self.has_established_key(device):
            self._put_in_force(device)
        parent = COORDINATOR if knocked is None else knocked.parent
        self._tell(DeviceJoined(device, announcement.short, parent, sleepy))

    def _child(self, child: ChildChanged) -> None:
        if child.joining:
            self.memory.learn(child.eui64, child.short)
            self.memory.sleepy[child.eui64] = child.sleepy

    def _left(self, device: Eui64) -> None:
        if device not in self.memory.addresses:
            return
        self.memory.forget_address(device)
        reason = "removed" if device in self._removing else "left"
        self._removing.discard(device)
        self._tell(DeviceLeft(device, reason))

    async def _meet_missed(self, stick: Stick) -> None:
        """Trust centre: who joined while the stick could not tell; where it knows them still, they have joined now."""
        if not self._up or self._configured().node_type is not NodeType.COORDINATOR:
            return
        unmet = [device for device in self.memory.allowed if device not in self.memory.link_keys]
        for device in (*unmet, *self._knocked):
            short = await network.short_of(stick, device)
            if short is None:
                continue
            self.memory.link_keys.setdefault(device, HostKey(self.memory.allowed[device]))
            self.memory.learn(device, short)
            sleepy = self.memory.sleepy.get(device, False)
            self._announced(DeviceAnnce(short, device, Capability(receiver_on_when_idle=not sleepy)), self._clock())

    # What the stack says of the network

    def _stack_says(self, status: int) -> None:
        if self._procedures or not self._up:
            return
        if status in (Status.NETWORK_DOWN, Status.MOVE_FAILED, Status.NO_BEACONS, Status.NOT_JOINED):
            self._later(self._look_at_network, cut_short=True)

    async def _look_at_network(self, stick: Stick) -> None:
        """Out of the network, or only without a parent?"""
        if int((await stick.ask("networkState"))["status"]) == _NO_NETWORK:
            self._off()
            self.memory.forget_network()
            self._down("removed")
            return
        if self._configured().node_type is not NodeType.COORDINATOR:
            self._report("stick.parent-lost", "no-parent", {}, self._clock())
            await self._find_back(stick)

    async def _key_switched(self, stick: Stick) -> None:
        key = await network.network_key(stick) or self.memory.next_network_key
        self.memory.network_key, self.memory.next_network_key = key, b""
        if self._up and key:
            self._tell(NetworkKeyChanged(key))
