"""How the trust centre of `mem:aps` brings in another network key: as the soft node does, in the time of its frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import BROADCAST_ALL, ApsMessage
from emulator.transports.memory import aps_timing as timing
from emulator.transports.memory.aps_broadcast import Broadcast
from emulator.transports.memory.aps_held import Held
from emulator.transports.memory.aps_keys import put_in_force, reads
from emulator.zigbee.node.key_rotation import GIVING_OUT
from emulator.zigbee.node.neighbours import LINK_STATUS_PERIOD
from emulator.zigbee.security.keys import KEY_OCTETS

if TYPE_CHECKING:
    from emulator.transports.memory.aps_network import Network
    from emulator.transports.memory.aps_port import ApsAirPort


class KeyRotation:
    """The trust centre's part.

    Args:
        centre: the trust centre.
    """

    def __init__(self, centre: ApsAirPort) -> None:
        self._centre = centre

    def begin(self, key: bytes, now: int) -> None:
        """Give out `key`; LocalProtocolError as `ApsPort.rotate_network_key`."""
        centre = self._centre
        network = centre.network
        if network is None or network.trust_centre is not centre:
            raise LocalProtocolError("a network key is brought in by a trust centre on the air")
        if len(key) != KEY_OCTETS:
            raise LocalProtocolError(f"a network key of {len(key)} octets, {KEY_OCTETS} are needed")
        if centre.keys.next_key:
            raise LocalProtocolError("another network key is being brought in")
        if key == centre.keys.key:
            raise LocalProtocolError("that network key is in force already")
        centre.keys.next_key, centre.keys.next_sequence = key, (centre.keys.sequence + 1) & 0xFF
        centre.report("trust.network-key", "given-out", {"key_sequence": centre.keys.next_sequence}, now)
        self.resume(now)

    def resume(self, now: int) -> None:
        """Give out the key that is not in force yet, if there is one; also when power is back."""
        network = self._centre.network
        if network is None or not self._centre.keys.next_key:
            return
        for member in list(network.members.values()):
            if member is not self._centre and member.eui64 in self._centre.link_keys:
                self._give(network, member, now)
        self._later(now + GIVING_OUT, self._give_word)

    def _later(self, when: int, step: Callable[[int], None]) -> None:
        self._centre.air.scheduler.call_at(when, self._go_on, step, self._centre.generation)

    def _go_on(self, step: Callable[[int], None], generation: int) -> None:
        if self._centre.generation == generation:
            step(self._centre.air.scheduler.now)

    def _give(self, network: Network, member: ApsAirPort, now: int) -> None:
        """One device's key, under its link key; held for a sleeping one."""
        path = network.path(self._centre, member.short)
        if path is None:
            return
        held = member.sleepy and bool(path.hops)
        psdu = timing.NETWORK_KEY_UPDATE
        carried = network.air.carry(network, path.hops[:-1] if held else path.hops, psdu, now)
        got = partial(self._got, network, member, self._centre.keys.next_key, self._centre.keys.next_sequence)
        if held and carried.arrived:
            Held(network, path.hops[-1].sender, member, {0: psdu}, got).wait(carried.end)
        elif carried.arrived:
            network.air.scheduler.call_at(carried.end, got, [0], False)

    def _got(
        self, network: Network, member: ApsAirPort, key: bytes, sequence: int, arrived: list[int], expired: bool
    ) -> None:  # fmt: skip
        same = self._centre.link_keys.get(member.eui64) == member.link_keys.get(self._centre.eui64)
        if arrived and not expired and member.network is network and same:
            member.keys.next_key, member.keys.next_sequence = key, sequence

    def _give_word(self, now: int) -> None:
        word = ApsMessage(BROADCAST_ALL, 0, 0, 0, 0, b"")
        centre, keys = self._centre, self._centre.keys
        sequence = keys.next_sequence
        end = Broadcast(
            centre, word, lambda port, at: self._switch(port, sequence, at), psdu=timing.SWITCH_KEY
        ).start(now)  # fmt: skip
        self._later(end, partial(self._switch, centre, sequence))
        self._later(end + LINK_STATUS_PERIOD, self._notice)

    def _switch(self, port: ApsAirPort, sequence: int, now: int) -> None:
        keys = port.keys
        if keys.next_key and keys.next_sequence == sequence:
            put_in_force(port, keys.next_key, sequence, now)

    def _notice(self, now: int) -> None:
        """Every router that is on has heard a link status under the key in force."""
        network = self._centre.network
        for member in list(network.members.values()) if network is not None else ():
            if member.network is network and not member.sleepy:
                reads(member, self._centre, now)
