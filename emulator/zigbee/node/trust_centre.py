"""The trust centre: who may have the network key, how it gets it, and who is put out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from emulator.core.aes import CcmStar
from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import COORDINATOR, DeviceJoined, DeviceLeft, JoinRefused, NetworkEvent
from emulator.zigbee.frames.aps import ApsFrame, ApsFrameType, encode_header
from emulator.zigbee.frames.aps_commands import (
    ApsCommand,
    RemoveDevice,
    TransportNetworkKey,
    Tunnel,
    UpdateDevice,
    UpdateDeviceStatus,
    encode_command,
)
from emulator.zigbee.frames.zdo import ZdoStatus
from emulator.zigbee.node.memory import LinkKey, Membership, NodeMemory
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.aps import KeyIdentifier
from emulator.zigbee.security.keys import transport_key

ANNOUNCE_WAIT = 12 * SECOND
"""A device that was sent the key and says nothing for so long has not understood it."""


class TrustCentreUser(Protocol):
    """The node."""

    def next_aps_counter(self) -> int:
        """A fresh APS counter."""

    def send_aps_command(self, destination: int, frame: bytes, now: int, *, secure: bool) -> None:
        """An APS command frame, with or without protection under the network key."""

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """For the device that this node is."""

    def child_refused(self, child: Eui64, now: int) -> None:
        """A child of our own is not wanted."""


@dataclass(slots=True)
class _Waiting:
    """A device that was sent the key.

    Attributes:
        heard: the counter of its last frame under the network key before that, -1 where there was none.
    """

    parent: int
    sleepy: bool
    heard: int


class TrustCentre:
    """Volatile state of the coordinator's key management."""

    def __init__(
        self,
        eui64: Eui64,
        memory: NodeMemory,
        membership: Membership,
        user: TrustCentreUser,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.timers: Timers[Eui64] = Timers(alarm)
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._user = user
        self._report = report
        self._waiting: dict[Eui64, _Waiting] = {}
        self._parents: dict[Eui64, int] = {}
        self._unwanted: set[Eui64] = set()

    def device_came(self, device: Eui64, short: int, parent: int, sleepy: bool, now: int) -> None:
        """A device associated with us, or with the router `parent`: give it the key if it is known."""
        memory = self._memory
        memory.learn(device, short)
        self._parents[device] = parent
        link_key = memory.allowed.get(device)
        if link_key is None:
            self._refuse(device, parent, "unknown-device", now)
            return
        self._unwanted.discard(device)
        key = memory.take_link_key(device, link_key)
        key.incoming = -1
        self._waiting[device] = _Waiting(parent, sleepy, memory.nwk_incoming.get(device, -1))
        self.timers.set(device, now + ANNOUNCE_WAIT)
        frame = self._transport(device, key)
        if parent == COORDINATOR:
            self._user.send_aps_command(short, frame, now, secure=False)
        else:
            self._send_plain(parent, Tunnel(device, frame), now)

    def update(self, command: UpdateDevice, parent: int, now: int) -> None:
        """A router reports a device."""
        if command.status == UpdateDeviceStatus.UNSECURED_JOIN:
            self.device_came(command.device, command.short, parent, False, now)
        elif command.status == UpdateDeviceStatus.DEVICE_LEFT:
            self.left(command.device, now)
        else:
            self._report("trust.update", None, {"device": eui64_text(command.device), "status": command.status}, now)

    def announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """A device is on the network with its key."""
        self._waiting.pop(device, None)
        self.timers.cancel(device)
        if device in self._memory.link_keys:
            parent = self._parents.get(device, COORDINATOR)
            self._user.network_event(DeviceJoined(device, short, parent, sleepy), now)

    def put_out(self, device: Eui64) -> None:
        """A device is to leave: it has no key with us any more."""
        self._memory.allowed.pop(device, None)
        self._memory.forget_link_key(device)
        self._unwanted.add(device)

    def agreed_to_leave(self, short: int, response: bytes, now: int) -> None:
        """A device answers our request to leave: it goes, whether or not its farewell is heard."""
        device = self._memory.eui64_of(short)
        if device in self._unwanted and response[1:] == bytes((ZdoStatus.SUCCESS,)):
            self._forget_child(device)
            self.left(device, now)

    def left(self, device: Eui64, now: int) -> None:
        """A device went; told once, though its parent and we may both have heard it say so."""
        if device not in self._memory.addresses:
            return
        self._memory.forget_address(device)
        self._waiting.pop(device, None)
        self.timers.cancel(device)
        reason = "removed" if device in self._unwanted else "left"
        self._unwanted.discard(device)
        self._user.network_event(DeviceLeft(device, reason), now)

    def on_timeout(self, now: int) -> None:
        """Devices that never announced themselves; a frame under the network or link key says as much."""
        for device in self.timers.due(now):
            waiting = self._waiting.pop(device, None)
            short, key = self._memory.addresses.get(device), self._memory.link_keys.get(device)
            if waiting is None or short is None:
                continue
            spoke = self._memory.nwk_incoming.get(device, -1) > waiting.heard
            if spoke or (key is not None and key.incoming >= 0):
                self.announced(device, short, waiting.sleepy, now)
            else:
                self._refuse(device, waiting.parent, "no-announcement", now)

    def _refuse(self, device: Eui64, parent: int, reason: str, now: int) -> None:
        self._report("join.refused", reason, {"device": eui64_text(device)}, now)
        self._unwanted.add(device)
        if parent == COORDINATOR:
            self._user.child_refused(device, now)
        else:
            self._send_plain(parent, RemoveDevice(device), now)
        self._user.network_event(JoinRefused(device, reason), now)

    def _forget_child(self, device: Eui64) -> None:
        for short in [short for short, child in self._memory.children.items() if child.eui64 == device]:
            del self._memory.children[short]

    def _transport(self, device: Eui64, key: LinkKey) -> bytes:
        membership = self._membership
        command = TransportNetworkKey(membership.network_key, membership.key_sequence, device, self._eui64)
        header = self._header(secured=True)
        cipher = CcmStar(transport_key(key.key))
        return header + security.secure(
            header, encode_command(command), cipher, key.outgoing.next(), self._eui64, KeyIdentifier.KEY_TRANSPORT
        )

    def _send_plain(self, destination: int, command: ApsCommand, now: int) -> None:
        frame = self._header(secured=False) + encode_command(command)
        self._user.send_aps_command(destination, frame, now, secure=True)

    def _header(self, *, secured: bool) -> bytes:
        return encode_header(ApsFrame(ApsFrameType.COMMAND, self._user.next_aps_counter(), security=secured))
