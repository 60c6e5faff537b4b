"""The trust centre: who may have the network key, how it gets it, and who is put out.

A device that joins is given the network key under its pre-configured key, one that comes back without it under the link
key that is in force with it; never under the well-known key, which would give it to everybody, unless the device above
has said so for those who join: whoever comes in that way is named in a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from emulator.core.aes import CcmStar
from emulator.core.clock import SECOND
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import COORDINATOR, DeviceJoined, DeviceLeft, JoinRefused, NetworkEvent
from emulator.zigbee.frames.aps_commands import (
    RemoveDevice,
    TransportNetworkKey,
    Tunnel,
    UpdateDevice,
    UpdateDeviceStatus,
    encode_command,
)
from emulator.zigbee.frames.zdo import ZdoStatus
from emulator.zigbee.node.command_sending import ApsCommandSender
from emulator.zigbee.node.key_rotation import KeyRotation
from emulator.zigbee.node.memory import LinkKey, Membership, NodeMemory
from emulator.zigbee.node.network_keys import NetworkKeys
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.aps import KeyIdentifier
from emulator.zigbee.security.keys import (
    NO_LINK_KEY,
    UNKNOWN_DEVICE,
    WELL_KNOWN_KEY,
    WELL_KNOWN_LINK_KEY,
    transport_key,
    unfit_for_join,
    unfit_for_rejoin,
)

WILDCARD_KEY = "wildcard-key"
"""How a device was let in that was not named beforehand."""
ANNOUNCE_WAIT = 12 * SECOND
"""A device that was sent the key and says nothing for so long has not understood it."""


class TrustCentreUser(Protocol):
    """The stack."""

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """For the device that this node is."""

    def child_refused(self, child: Eui64, now: int) -> None:
        """A child of our own is not wanted."""

    def send_to_child(self, child: Eui64, frame: bytes, now: int) -> None:
        """Pass an APS frame to a device near us that has no network key."""


@dataclass(slots=True)
class _Waiting:
    """A device that was sent the key.

    Attributes:
        heard: the counter of its last frame under the network key before that, -1 where there was none.
        returns: it says that it was on the network before; nothing but its announcement proves who it is.
    """

    parent: int
    sleepy: bool
    heard: int
    returns: bool = False


class TrustCentre:
    """Volatile state of the coordinator's key management.

    Attributes:
        rotation: how a new network key is brought in.
    """

    def __init__(
        self,
        eui64: Eui64,
        memory: NodeMemory,
        membership: Membership,
        commands: ApsCommandSender,
        network_keys: NetworkKeys,
        user: TrustCentreUser,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.timers: Timers[Eui64] = Timers(alarm)
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._commands = commands
        self._user = user
        self._report = report
        self._waiting: dict[Eui64, _Waiting] = {}
        self._parents: dict[Eui64, int] = {}
        self._unwanted: set[Eui64] = set()
        self.rotation = KeyRotation(eui64, memory, membership, commands, network_keys, self, report, alarm)

    def device_came(self, device: Eui64, short: int, parent: int, sleepy: bool, now: int) -> None:
        """A device associated with us, or with the router `parent`: give it the key if it is known."""
        memory = self._memory
        memory.learn(device, short)
        self._parents[device] = parent
        link_key = memory.allowed.get(device, memory.wildcard_key)
        reason = self._unfit_for_join(link_key)
        if link_key is None or reason is not None:
            self._refuse(device, parent, reason or UNKNOWN_DEVICE, now)
            return
        self._say_who_is_let_in(device, link_key, now)
        self._unwanted.discard(device)
        key = memory.take_link_key(device, link_key)
        key.incoming = -1
        self._waiting[device] = _Waiting(parent, sleepy, memory.nwk_incoming.get(device, -1))
        self.timers.set(device, now + ANNOUNCE_WAIT)
        frame = self._transport(self._current_key(device), key)
        if parent == COORDINATOR:
            self._commands.send_frame(short, frame, now, secure=False)
        else:
            self._commands.send(parent, Tunnel(device, frame), now)

    def _unfit_for_join(self, link_key: bytes | None) -> str | None:
        """Why a device may not join under a key, by the policy of the device above."""
        memory = self._memory
        if link_key == WELL_KNOWN_LINK_KEY and memory.wildcard_key == WELL_KNOWN_LINK_KEY:
            return None
        reason = unfit_for_join(link_key)
        return None if reason == WELL_KNOWN_KEY and memory.well_known_accepted else reason

    def _say_who_is_let_in(self, device: Eui64, link_key: bytes, now: int) -> None:
        """Say who is given the network key under a key that is not its own."""
        well_known = link_key == WELL_KNOWN_LINK_KEY
        if device not in self._memory.allowed or well_known:
            reason = WELL_KNOWN_KEY if well_known else WILDCARD_KEY
            self._report("join.allowed", reason, {"device": eui64_text(device)}, now)

    def rejoining(self, device: Eui64, parent: int, sleepy: bool, now: int) -> None:
        """Somebody near `parent` who says that it is this device wants the network key that it has no more.

        It proves nothing and is told nothing but the key, which only the device itself can read; where there is no
        key to give it under, nobody is sent away, because it may be somebody else who asked.
        """
        key = self._memory.link_keys.get(device)
        reason = unfit_for_rejoin(None if key is None else key.key)
        if key is None or reason is not None:
            self._report("rejoin.refused", reason, {"device": eui64_text(device)}, now)
            self._user.network_event(JoinRefused(device, reason or NO_LINK_KEY), now)
            return
        self._waiting[device] = _Waiting(parent, sleepy, self._memory.nwk_incoming.get(device, -1), returns=True)
        self.timers.set(device, now + ANNOUNCE_WAIT)
        frame = self._transport(self._current_key(device), key)
        if parent == COORDINATOR:
            self._user.send_to_child(device, frame, now)
        else:
            self._commands.send(parent, Tunnel(device, frame), now)

    def returned(self, device: Eui64, parent: int) -> None:
        """A device has another parent; it announces itself next."""
        self._parents[device] = parent

    def update(self, command: UpdateDevice, parent: int, now: int) -> None:
        """A router reports a device."""
        if command.status == UpdateDeviceStatus.UNSECURED_JOIN:
            self.device_came(command.device, command.short, parent, False, now)
        elif command.status == UpdateDeviceStatus.DEVICE_LEFT:
            self.left(command.device, now)
        elif command.status == UpdateDeviceStatus.TRUST_CENTRE_REJOIN:
            self.rejoining(command.device, parent, False, now)
        elif command.status == UpdateDeviceStatus.SECURED_REJOIN:
            self.returned(command.device, parent)
        else:
            self._report("trust.update", None, {"device": eui64_text(command.device), "status": command.status}, now)

    def announced(self, device: Eui64, short: int, sleepy: bool, now: int) -> None:
        """A device is on the network with its key."""
        waiting = self._waiting.pop(device, None)
        self.timers.cancel(device)
        if waiting is not None:
            self._parents[device] = waiting.parent
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
            elif waiting.returns:
                self._report("rejoin.refused", "no-announcement", {"device": eui64_text(device)}, now)
            else:
                self._refuse(device, waiting.parent, "no-announcement", now)

    def _refuse(self, device: Eui64, parent: int, reason: str, now: int) -> None:
        self._report("join.refused", reason, {"device": eui64_text(device)}, now)
        self._unwanted.add(device)
        if parent == COORDINATOR:
            self._user.child_refused(device, now)
        else:
            self._commands.send(parent, RemoveDevice(device), now)
        self._user.network_event(JoinRefused(device, reason), now)

    def _forget_child(self, device: Eui64) -> None:
        for short in [short for short, child in self._memory.children.items() if child.eui64 == device]:
            del self._memory.children[short]

    # What the rotation of the network key asks

    def send_key(self, command: TransportNetworkKey, short: int, now: int) -> None:
        """A network key for one device, under its link key."""
        key = self._memory.link_keys.get(command.destination)
        if key is not None:
            self._commands.send_frame(short, self._transport(command, key), now, secure=True)

    def _current_key(self, device: Eui64) -> TransportNetworkKey:
        membership = self._membership
        return TransportNetworkKey(membership.network_key, membership.key_sequence, device, self._eui64)

    def _transport(self, command: TransportNetworkKey, key: LinkKey) -> bytes:
        header = self._commands.header(secured=True)
        cipher = CcmStar(transport_key(key.key))
        return header + security.secure(
            header, encode_command(command), cipher, key.outgoing.next(), self._eui64, KeyIdentifier.KEY_TRANSPORT
        )
