"""The network keys of a node: the one in force, and the next one until the word to switch comes."""

from __future__ import annotations

from typing import Protocol

from emulator.core.events import Report
from emulator.ports.aps import COORDINATOR, NetworkEvent, NetworkKeyChanged
from emulator.zigbee.frames.aps_commands import TransportNetworkKey
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.nwk_security import OLD_KEY, NwkSecurity, is_newer


class NetworkKeysUser(Protocol):
    """The stack."""

    def newer_network_key(self, source: int, now: int) -> None:
        """There is a network key that came after all of ours."""

    def network_event(self, event: NetworkEvent, now: int) -> None:
        """For the device that this node is."""


class NetworkKeys:
    """What a node does with network keys once it has one.

    Args:
        memory, membership: keep keys and counters.
        security: uses them.
        user: told of a change, and of a key that is missing.
        report: the same, and what is not taken.
    """

    def __init__(
        self,
        memory: NodeMemory,
        membership: Membership,
        security: NwkSecurity,
        user: NetworkKeysUser,
        report: Report,
    ) -> None:
        self._memory = memory
        self._membership = membership
        self._security = security
        self._user = user
        self._report = report

    def given(self, command: TransportNetworkKey, now: int) -> None:
        """The trust centre gave us a key that is to be in force some time later."""
        if not is_newer(command.key_sequence, self._membership.key_sequence):
            self._report("aps.dropped", OLD_KEY, {"key_sequence": command.key_sequence}, now)
            return
        self.prepare(command.key, command.key_sequence)

    def prepare(self, key: bytes, sequence: int) -> None:
        """Understand frames under a key that is to be in force some time later."""
        self._membership.next_key, self._membership.next_sequence = key, sequence
        self._security.use_key()

    def told_to_switch(self, sequence: int, now: int) -> None:
        """The trust centre says that a key is in force; where we lack it, it is to be had from it."""
        membership = self._membership
        if membership.next_key and sequence == membership.next_sequence:
            self.switch(now)
        elif is_newer(sequence, membership.key_sequence):
            self._user.newer_network_key(COORDINATOR, now)

    def replace(self, key: bytes, sequence: int, now: int) -> None:
        """Have `key` in force at once, as it was given to a device that came back."""
        self._membership.next_key, self._membership.next_sequence = key, sequence
        self.switch(now)

    def switch(self, now: int) -> None:
        """Put the next key in force.

        Nobody's counters under it are known yet, so whatever comes first is taken; our own goes on.
        """
        membership = self._membership
        changed = membership.next_key != membership.network_key
        membership.network_key, membership.key_sequence = membership.next_key, membership.next_sequence
        membership.next_key = b""
        self._security.use_key()
        if changed:
            self._memory.nwk_incoming.clear()
            self._report("trust.network-key", "in-force", {"key_sequence": membership.key_sequence}, now)
            self._user.network_event(NetworkKeyChanged(membership.network_key), now)
