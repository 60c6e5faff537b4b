"""APS commands: the network key for a joiner, and what passes between a router and the trust centre about a child."""

from __future__ import annotations

from typing import Protocol

from emulator.core.aes import CcmStar, MicError
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.ports.aps import COORDINATOR
from emulator.zigbee.frames.aps import ApsFrame
from emulator.zigbee.frames.aps_commands import (
    ApsCommand,
    RemoveDevice,
    TransportNetworkKey,
    Tunnel,
    UpdateDevice,
    decode_command,
)
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.memory import NodeMemory
from emulator.zigbee.node.trust_centre import TrustCentre
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.aps import KeyIdentifier
from emulator.zigbee.security.keys import transport_key


class KeyUser(Protocol):
    """The stack."""

    def network_key(self, key: bytes, sequence: int, trust_centre: Eui64, now: int) -> None:
        """The network key came."""

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open."""

    def send_to_child(self, child: Eui64, frame: bytes, now: int) -> None:
        """Pass an APS frame to a child that has no network key yet."""

    def child_refused(self, child: Eui64, now: int) -> None:
        """The trust centre does not want this child."""


class KeyCommands:
    """What a node does with APS commands."""

    def __init__(
        self,
        eui64: Eui64,
        memory: NodeMemory,
        link_key: bytes | None,
        trust_centre: TrustCentre | None,
        user: KeyUser,
        report: Report,
    ) -> None:
        self._eui64 = eui64
        self._memory = memory
        self._cipher = None if link_key is None else CcmStar(transport_key(link_key))
        self._trust_centre = trust_centre
        self._user = user
        self._report = report

    def command(self, header: NwkHeader, frame: ApsFrame, octets: int, data: bytes, now: int) -> None:
        """An APS command frame as it came; DecodeError goes to the caller, who reports it."""
        if frame.security:
            self._protected(header, data, octets, now)
        elif header.security:
            self._plain(decode_command(data[octets:]), header.source, now)
        else:
            self._report("aps.dropped", "unprotected-command", {"from": f"{header.source:04x}"}, now)

    def _protected(self, header: NwkHeader, data: bytes, octets: int, now: int) -> None:
        auxiliary = security.parse_auxiliary(data, octets)
        if auxiliary.key is not KeyIdentifier.KEY_TRANSPORT or self._cipher is None:
            self._report("aps.dropped", "unexpected-key", {"from": f"{header.source:04x}"}, now)
            return
        try:
            command = decode_command(security.open_(data, octets, auxiliary, self._cipher))
        except MicError:
            self._user.key_unreadable(now)
            return
        if not isinstance(command, TransportNetworkKey) or command.destination != self._eui64:
            raise DecodeError("a key for somebody else, or none")
        self._user.network_key(command.key, command.key_sequence, command.source, now)

    def _plain(self, command: ApsCommand, source: int, now: int) -> None:
        if isinstance(command, UpdateDevice) and self._trust_centre is not None:
            self._trust_centre.update(command, source, now)
        elif isinstance(command, Tunnel) and source == COORDINATOR:
            self._user.send_to_child(command.destination, command.frame, now)
        elif isinstance(command, RemoveDevice) and source == COORDINATOR:
            self._user.child_refused(command.target, now)
        else:
            self._report("aps.dropped", "unexpected-command", {"from": f"{source:04x}"}, now)
