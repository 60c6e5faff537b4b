"""A router or coordinator as a parent: who comes, comes back, moves or goes, and what the trust centre hears of it."""

from __future__ import annotations

from random import Random
from typing import Protocol

from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm, AnyTimers
from emulator.ports.aps import COORDINATOR
from emulator.zigbee.frames.aps_commands import UpdateDevice, UpdateDeviceStatus
from emulator.zigbee.frames.nwk_commands import Leave, encode_command
from emulator.zigbee.node.association import Parent
from emulator.zigbee.node.children import Children
from emulator.zigbee.node.command_sending import ApsCommandSender
from emulator.zigbee.node.mac import MacLayer
from emulator.zigbee.node.memory import Child, Membership, NodeMemory
from emulator.zigbee.node.nwk import NwkLayer
from emulator.zigbee.node.readmission import Readmission
from emulator.zigbee.node.trust_centre import TrustCentre


class FamilyUser(Protocol):
    """The stack."""

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """A child came, or came back; or (`here` false) is none any more."""


class Family:
    """Volatile state of one parent.

    Args:
        mac, nwk: to send with.
        memory, membership: children, addresses, the network.
        trust_centre: where this node is the trust centre.
        commands: tell the trust centre where it is another node.
        user: the stack.
        rng: for addresses and the moments of beacons.
        report: told of who is refused or forgotten.
        alarm: of the node.

    Attributes:
        parent: beacons and association.
        children: time-outs of those who sleep.
        readmission: rejoins.
    """

    def __init__(
        self,
        mac: MacLayer,
        nwk: NwkLayer,
        memory: NodeMemory,
        membership: Membership,
        trust_centre: TrustCentre | None,
        commands: ApsCommandSender,
        user: FamilyUser,
        rng: Random,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.parent = Parent(mac, memory, membership, rng, report, alarm)
        self.children = Children(nwk, memory, membership, self, report, alarm)
        self.readmission = Readmission(nwk, memory, self.parent, self, report)
        self._nwk = nwk
        self._memory = memory
        self._trust_centre = trust_centre
        self._commands = commands
        self._user = user
        self._report = report

    def timers(self) -> tuple[AnyTimers, ...]:
        """Everything that can fall due."""
        return self.parent.timers, self.children.timers

    def on_timeout(self, now: int) -> None:
        """Do whatever is due."""
        self.parent.on_timeout(now)
        self.children.on_timeout(now)

    # Coming

    def associated(self, child: Child, now: int) -> None:
        """A child has fetched its address: tell the trust centre."""
        self._adopt(child, now)
        if self._trust_centre is not None:
            self._trust_centre.device_came(child.eui64, child.short, COORDINATOR, child.sleepy, now)
        else:
            self._update_device(child, UpdateDeviceStatus.UNSECURED_JOIN, now)

    def child_rejoined(self, child: Child, now: int) -> None:
        """A device came back here, and has the network key."""
        self._memory.learn(child.eui64, child.short)
        self._adopt(child, now)
        if self._trust_centre is not None:
            self._trust_centre.returned(child.eui64, COORDINATOR)
        else:
            self._update_device(child, UpdateDeviceStatus.SECURED_REJOIN, now)

    def child_wants_key(self, child: Child, now: int) -> None:
        """Somebody who says that it is this device asks for the network key."""
        if self._trust_centre is not None:
            self._trust_centre.rejoining(child.eui64, COORDINATOR, child.sleepy, now)
        else:
            self._update_device(child, UpdateDeviceStatus.TRUST_CENTRE_REJOIN, now)

    def announced(self, device: Eui64, short: int, now: int) -> None:
        """A device announced itself under the network key; one that waited for it here is a child of ours."""
        child = self.readmission.announced(device, short)
        if child is not None:
            self._adopt(child, now)

    def _adopt(self, child: Child, now: int) -> None:
        self._nwk.counters.joins += 1
        for stale in self._memory.adopt(child):
            self._nwk.neighbours.remove(stale)
        self._nwk.neighbours.add(child.short, now, router=not child.sleepy, eui64=child.eui64, permanent=True)
        self.children.came(child, now)
        self._user.child_changed(child, now, here=True)

    def _update_device(self, child: Child, status: UpdateDeviceStatus, now: int) -> None:
        """Tell the trust centre about a child."""
        self._commands.send(COORDINATOR, UpdateDevice(child.eui64, child.short, status), now)

    # Being there

    def polled(self, short: int, now: int) -> None:
        """Somebody asks what is held for it; who waits for the network key is no stranger."""
        if not self.readmission.waits_at(short):
            self.children.polled(short, now)

    def send_to_child(self, device: Eui64, frame: bytes, now: int) -> None:
        """Pass an APS frame to a device near us that has no network key."""
        waiting, child = self.readmission.short_of(device), self._memory.child(device)
        if waiting is not None:
            self._nwk.send_to_neighbour(waiting, frame, now, data=True, secure=False)
        elif child is not None:
            self._commands.send_frame(child.short, frame, now, secure=False)

    # Going

    def moved(self, short: int, now: int) -> None:
        """A sleeping child speaks through somebody else."""
        self._report("child.forgotten", "moved", {"child": f"{short:04x}"}, now)
        self.children.forget(short, now)

    def child_forgotten(self, child: Child, now: int) -> None:
        """A child is none any more."""
        self._nwk.neighbours.remove(child.short)
        self._user.child_changed(child, now, here=False)

    def left(self, short: int, now: int, *, for_good: bool) -> None:
        """A neighbour goes, and may be a child; the trust centre hears of it where it is not to come back."""
        child = self._memory.children.pop(short, None)
        eui64 = self._memory.eui64_of(short) if child is None else child.eui64
        if child is not None:
            self._user.child_changed(child, now, here=False)
        if not for_good:
            return
        if eui64 is not None and self._trust_centre is not None:
            self._trust_centre.left(eui64, now)
        elif child is not None:
            self._update_device(child, UpdateDeviceStatus.DEVICE_LEFT, now)

    def refused(self, device: Eui64, now: int) -> None:
        """The trust centre does not want this child: let it go, and tell it so in case it has the key already."""
        child = self._memory.child(device)
        if child is None:
            return
        if self._trust_centre is None:
            self._report("join.refused", "trust-centre-refused", {"device": eui64_text(device)}, now)
        self._nwk.send_command(child.short, encode_command(Leave(request=True)), now)
        del self._memory.children[child.short]
        self._nwk.neighbours.remove(child.short)
        self._user.child_changed(child, now, here=False)
