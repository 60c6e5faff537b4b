"""The trust centre: who may have the network key, how it gets it, and who is put out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from emulator.core.aes import CcmStar
from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.timers import Timers
from emulator.ports.aps import COORDINATOR, DeviceJoined, JoinRefused, NetworkEvent
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
from emulator.zigbee.node.memory import LinkKey, Membership, NodeMemory
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.aps import KeyIdentifier
from emulator.zigbee.security.keys import transport_key

ANNOUNCE_WAIT = 12 * SECOND
"""A device that was sent the key and says nothing for so long has not understood it."""

Report = Callable[[str, str | None, dict[str, object], int], None]


class TrustCentreUser(Protocol):
    """The node."""

    def next_aps_counter(self) -> int:
        """A fresh APS counter."""

    def send_aps_command(self, destination: int, frame: bytes, now: int, *, secure: bool) -> None:
        """An APS command frame, with or without protection under the network key."""

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """For the device that this node is."""


@dataclass(slots=True)
class _Waiting:
    parent: int
    sleepy: bool


class TrustCentre:
    """Volatile state of the coordinator's key management."""

    def __init__(
        self, eui64: Eui64, memory: NodeMemory, membership: Membership, user: TrustCentreUser, report: Report
    ) -> None:
        self.timers: Timers[Eui64] = Timers()
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._user = user
        self._report = report
        self._waiting: dict[Eui64, _Waiting] = {}

    def device_came(self, device: Eui64, short: int, parent: int, sleepy: bool, now: int) -> None:
        """A device associated with us, or with the router `parent`: give it the key if it is known."""
        self._memory.learn(device, short)
        link_key = self._memory.allowed.get(device)
        if link_key is None:
            self._refuse(device, parent, "unknown-device", now)
            return
        key = self._memory.link_keys.get(device)
        if key is None or key.key != link_key:
            key = self._memory.link_keys[device] = LinkKey.of(link_key)
        key.incoming = -1
        self._waiting[device] = _Waiting(parent, sleepy)
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
        else:
            self._report("trust.update", None, {"device": eui64_text(command.device), "status": command.status}, now)

    def announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """A device is on the network with its key."""
        waiting = self._waiting.pop(device, None)
        self.timers.cancel(device)
        if device in self._memory.link_keys:
            parent = COORDINATOR if waiting is None else waiting.parent
            self._user.network_event(DeviceJoined(device, short, parent, sleepy), now)

    def on_timeout(self, now: int) -> None:
        """Devices that never announced themselves."""
        for device in self.timers.due(now):
            waiting = self._waiting.pop(device, None)
            if waiting is not None:
                self._forget_child(device)
                self._refuse(device, waiting.parent, "no-announcement", now)

    def _refuse(self, device: Eui64, parent: int, reason: str, now: int) -> None:
        self._report("join.refused", reason, {"device": eui64_text(device)}, now)
        if parent == COORDINATOR:
            self._forget_child(device)
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
