"""The parent's part of a join: beacons, association, and telling the trust centre who came."""

from __future__ import annotations

from random import Random

from emulator.core.clock import MILLISECOND
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.zigbee.frames.beacon import Beacon, encode_beacon
from emulator.zigbee.frames.mac import FrameType, MacFrame
from emulator.zigbee.frames.mac_commands import (
    AssociationRequest,
    AssociationResponse,
    AssociationStatus,
    BeaconRequest,
    Capability,
    CoordinatorRealignment,
    OrphanNotification,
    decode_command,
    encode_command,
)
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, Membership, NodeMemory

MAX_CHILDREN = 16
BEACON_JITTER = 64 * MILLISECOND
"""Parents that do not hear each other answer a scan at different moments, or their beacons would collide each time."""
_LAST_SHORT = 0xFFF7
_NO_SHORT = 0xFFFF
_BROADCAST_PAN = 0xFFFF


class Parent:
    """What a router or coordinator does for devices that want to join through it.

    Attributes:
        permit_until: µs until which association is permitted.
    """

    def __init__(
        self,
        mac: MacLayer,
        memory: NodeMemory,
        membership: Membership,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.permit_until = 0
        self.timers: Timers[str] = Timers(alarm)
        self._mac = mac
        self._memory = memory
        self._membership = membership
        self._rng = rng
        self._report = report

    def command(self, frame: MacFrame, now: int) -> None:
        """Deal with a MAC command if it is a parent's business; anything else is nobody's."""
        try:
            command = decode_command(frame.payload)
        except DecodeError as error:
            self._report("mac.dropped", "undecodable", {"error": str(error)}, now)
            return
        if isinstance(command, BeaconRequest):
            if "beacon" not in self.timers:
                self.timers.set("beacon", now + self._rng.randrange(BEACON_JITTER))
        elif isinstance(command, AssociationRequest) and frame.source is not None and frame.source_extended:
            self._associate(Eui64(frame.source), command.capability, now)
        elif isinstance(command, OrphanNotification) and frame.source is not None and frame.source_extended:
            self._realign(Eui64(frame.source), now)

    def on_timeout(self, now: int) -> None:
        """Answer a scan."""
        if self.timers.due(now):
            self._beacon(now)

    def _beacon(self, now: int) -> None:
        membership = self._membership
        if self._mac.pan_id != membership.pan_id:
            return  # It looks for another network.
        room = len(self._memory.children) < MAX_CHILDREN
        beacon = Beacon(
            association_permit=now < self.permit_until,
            pan_coordinator=membership.short == 0,
            router_capacity=room,
            end_device_capacity=room,
            depth=membership.depth,
            extended_pan_id=membership.extended_pan_id,
            update_id=membership.update_id,
        )
        frame = MacFrame(
            FrameType.BEACON, self._mac.next_sequence(), None, None, membership.pan_id, membership.short,
            encode_beacon(beacon),
        )  # fmt: skip
        self._mac.send(frame, Beacon, now)

    def _realign(self, eui64: Eui64, now: int) -> None:
        """Tell an orphan where it belongs, if it is a child of ours."""
        child, membership = self._memory.child(eui64), self._membership
        if child is None:
            return
        realignment = CoordinatorRealignment(membership.pan_id, membership.short, membership.channel, child.short)
        frame = MacFrame(
            FrameType.COMMAND, self._mac.next_sequence(), _BROADCAST_PAN, eui64, membership.pan_id, self._mac.eui64,
            encode_command(realignment), acknowledge=True, destination_extended=True, source_extended=True,
        )  # fmt: skip
        self._mac.send(frame, CoordinatorRealignment, now)

    def _associate(self, eui64: Eui64, capability: Capability, now: int) -> None:
        status = self._decide(eui64, now)
        short = _NO_SHORT
        child = None
        if status is AssociationStatus.SUCCESS:
            short = self.address_for(eui64)
            child = Child(eui64, short, sleepy=not capability.receiver_on_when_idle)
        membership = self._membership
        frame = MacFrame(
            FrameType.COMMAND, self._mac.next_sequence(), membership.pan_id, eui64, membership.pan_id,
            self._mac.eui64, encode_command(AssociationResponse(short, status)),
            acknowledge=True, destination_extended=True, source_extended=True,
        )  # fmt: skip
        self._mac.hold(frame, child or AssociationResponse, now)

    def _decide(self, eui64: Eui64, now: int) -> AssociationStatus:
        if now >= self.permit_until:
            self._report("join.refused", "joining-not-permitted", {"device": eui64_text(eui64)}, now)
            return AssociationStatus.PAN_ACCESS_DENIED
        returning = any(child.eui64 == eui64 for child in self._memory.children.values())
        if len(self._memory.children) >= MAX_CHILDREN and not returning:
            self._report("join.refused", "pan-full", {"device": eui64_text(eui64)}, now)
            return AssociationStatus.PAN_AT_CAPACITY
        return AssociationStatus.SUCCESS

    def address_for(self, eui64: Eui64) -> int:
        """The address it had, or a fresh one (stochastic assignment)."""
        known = self._memory.addresses.get(eui64)
        if known is not None:
            return known
        taken = set(self._memory.addresses.values()) | set(self._memory.children) | {self._membership.short}
        while True:
            short = self._rng.randrange(1, _LAST_SHORT + 1)
            if short not in taken:
                return short
