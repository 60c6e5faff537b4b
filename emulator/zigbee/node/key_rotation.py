"""A new network key, as the trust centre brings it in: given to every device first, put in force by a word to all.

Each device gets the key alone, under its link key with the trust centre, and the frame under the network key before.
Those who are asleep fetch it from their parents; who is off, or out of reach, comes back by a trust centre rejoin.
How long the trust centre waits before it gives the word, and before it switches itself, is ours.
"""

from __future__ import annotations

from typing import Protocol

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.core.events import Report
from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import BROADCAST_ALL
from emulator.zigbee.frames.aps_commands import SwitchKey, TransportNetworkKey
from emulator.zigbee.node.command_sending import ApsCommandSender
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.node.network_keys import NetworkKeys

GIVING_OUT = 10 * SECOND
"""From the key to the word to switch: longer than a parent holds anything for a sleeping child."""
SWITCHING = 3 * SECOND
"""From that word to our own switch: time for it to reach everybody."""


class KeyRotationUser(Protocol):
    """The trust centre."""

    def send_key(self, command: TransportNetworkKey, short: int, now: int) -> None:
        """A network key for one device, under its link key."""


class KeyRotation:
    """The trust centre's side; what it needs after a power cut is in the membership."""

    def __init__(
        self,
        eui64: Eui64,
        memory: NodeMemory,
        membership: Membership,
        commands: ApsCommandSender,
        network_keys: NetworkKeys,
        user: KeyRotationUser,
        report: Report,
        alarm: Alarm,
    ) -> None:
        self.timers: Timers[str] = Timers(alarm)
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._commands = commands
        self._network_keys = network_keys
        self._user = user
        self._report = report

    def begin(self, key: bytes, now: int) -> None:
        """Give out `key`.

        Raises:
            LocalProtocolError: it is the one in force, or another one is being brought in.
        """
        membership = self._membership
        if membership.next_key:
            raise LocalProtocolError("another network key is being brought in")
        if key == membership.network_key:
            raise LocalProtocolError("that network key is in force already")
        self._network_keys.prepare(key, (membership.key_sequence + 1) & 0xFF)
        self._report("trust.network-key", "given-out", {"key_sequence": membership.next_sequence}, now)
        self._give_out(now)

    def resume(self, now: int) -> None:
        """Power is back: begin again with a key that is not in force yet."""
        if self._membership.next_key:
            self._give_out(now)

    def on_timeout(self, now: int) -> None:
        """Give the word, then switch."""
        for step in self.timers.due(now):
            if step == "word":
                self._commands.send(BROADCAST_ALL, SwitchKey(self._membership.next_sequence), now)
                self.timers.set("switch", now + SWITCHING)
            elif self._membership.next_key:
                self._network_keys.switch(now)

    def _give_out(self, now: int) -> None:
        membership = self._membership
        for device, short in list(self._memory.addresses.items()):
            if device in self._memory.link_keys:
                command = TransportNetworkKey(membership.next_key, membership.next_sequence, device, self._eui64)
                self._user.send_key(command, short, now)
        self.timers.set("word", now + GIVING_OUT)
