"""APS commands as they arrive: network keys, and what passes between a router and the trust centre about a child."""

from __future__ import annotations

from typing import Protocol

from emulator.core.aes import CcmStar, MicError
from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.ports.aps import COORDINATOR
from emulator.zigbee.frames.aps import ApsFrame
from emulator.zigbee.frames.aps_commands import (
    ApsCommand,
    RemoveDevice,
    SwitchKey,
    TransportNetworkKey,
    Tunnel,
    UpdateDevice,
    decode_command,
)
from emulator.zigbee.node.family import Family
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.memory import LinkKey, Membership, NodeMemory
from emulator.zigbee.node.network_keys import NetworkKeys
from emulator.zigbee.node.rejoining import Rejoiner
from emulator.zigbee.node.trust_centre import TrustCentre
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.aps import KeyIdentifier
from emulator.zigbee.security.counters import REPLAYED
from emulator.zigbee.security.keys import transport_key


class KeyUser(Protocol):
    """The network management of the node."""

    def network_key(self, command: TransportNetworkKey, counter: int, now: int) -> None:
        """The network key came, and we are joining; `counter` of the frame that brought it."""

    def key_unreadable(self, now: int) -> None:
        """A network key came that our link key does not open, and we are joining."""


class KeyCommands:
    """The APS commands of one node; each goes to whoever deals with its kind.

    Args:
        eui64: of this node.
        memory, membership: the link keys, and the network key where there is one.
        link_key: the pre-configured one.
        network_keys: for one that is to be in force later.
        rejoiner: a device's, None for the coordinator; for one that it waits for.
        family: a router's and the coordinator's, None for a sleepy device.
        trust_centre: the coordinator's.
        user: for one that is waited for while we join.
        report: told of what is dropped.
    """

    def __init__(
        self,
        eui64: Eui64,
        memory: NodeMemory,
        membership: Membership,
        link_key: bytes | None,
        network_keys: NetworkKeys,
        rejoiner: Rejoiner | None,
        family: Family | None,
        trust_centre: TrustCentre | None,
        user: KeyUser,
        report: Report,
    ) -> None:
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._link_key = link_key
        self._network_keys = network_keys
        self._rejoiner = rejoiner
        self._family = family
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
            self._drop("unprotected-command", header.source, now)

    def _protected(self, header: NwkHeader, data: bytes, octets: int, now: int) -> None:
        """A network key: now, or one for later where the frame itself came under the one in force."""
        auxiliary = security.parse_auxiliary(data, octets)
        link_key, known = self._expected()
        later = header.security
        if auxiliary.key is not KeyIdentifier.KEY_TRANSPORT or link_key is None or (later and known is None):
            self._drop("unexpected-key", header.source, now)
            return
        if known is not None and auxiliary.counter <= known.incoming:
            self._drop(REPLAYED, header.source, now, counter=auxiliary.counter)
            return
        try:
            command = decode_command(security.open_(data, octets, auxiliary, CcmStar(transport_key(link_key))))
        except MicError:
            self._drop("bad-mic", header.source, now)
            self._unreadable(now)
            return
        if not isinstance(command, TransportNetworkKey) or command.destination != self._eui64:
            raise DecodeError("a key for somebody else, or none")
        if known is not None and command.source != self._membership.trust_centre:
            self._drop("unknown-trust-centre", header.source, now)
            return
        if known is not None:
            known.incoming = auxiliary.counter
        if later:
            self._network_keys.given(command, now)
        else:
            self._network_key(command, auxiliary.counter, now)

    def _network_key(self, command: TransportNetworkKey, counter: int, now: int) -> None:
        """The network key, for a device that joins or comes back."""
        if not self._membership.network_key:
            self._user.network_key(command, counter, now)
        elif self._rejoiner is None or not self._rejoiner.network_key(command, counter, now):
            self._report("aps.dropped", "unexpected-key", {"from": eui64_text(command.source)}, now)

    def _unreadable(self, now: int) -> None:
        if not self._membership.network_key:
            self._user.key_unreadable(now)
        elif self._rejoiner is not None:
            self._rejoiner.key_unreadable(now)

    def _expected(self) -> tuple[bytes | None, LinkKey | None]:
        """The link key under which a network key is to come; and whose it is, where that partner is known.

        The pre-configured one while we join, that for the next trust centre while we look for it, else the one in
        force.
        """
        if not self._membership.network_key:
            return self._link_key, None
        known = self._memory.link_keys.get(self._membership.trust_centre)
        if known is None:
            return None, None
        seeks = self._rejoiner is not None and self._rejoiner.seeks_trust_centre
        return (known.for_next_trust_centre, None) if seeks else (known.key, known)

    def _plain(self, command: ApsCommand, source: int, now: int) -> None:
        if isinstance(command, UpdateDevice) and self._trust_centre is not None:
            self._trust_centre.update(command, source, now)
        elif isinstance(command, Tunnel | RemoveDevice) and source == COORDINATOR:
            self._about_child(command, now)
        elif isinstance(command, SwitchKey) and source == COORDINATOR:
            self._network_keys.told_to_switch(command.key_sequence, now)
        else:
            self._drop("unexpected-command", source, now)

    def _about_child(self, command: Tunnel | RemoveDevice, now: int) -> None:
        if self._family is None:
            return
        if isinstance(command, Tunnel):
            self._family.send_to_child(command.destination, command.frame, now)
        else:
            self._family.refused(command.target, now)

    def _drop(self, reason: str, source: int, now: int, **fields: object) -> None:
        self._report("aps.dropped", reason, {"from": f"{source:04x}", **fields}, now)
