"""A network key after the other: the trust centre gives the next one to everybody, and a while later says to use it."""

from __future__ import annotations

import asyncio
from typing import Final

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import NetworkKeyChanged
from emulator.transports.ezsp import network
from emulator.transports.ezsp.callbacks import KeySwitched
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.status import Status, status_text
from emulator.transports.ezsp.stick import Stick
from emulator.transports.ezsp.structures import key_data
from emulator.zigbee.security.keys import KEY_OCTETS

_MADE_UP: Final = bytes(KEY_OCTETS)
"""A stick takes this next network key for the wish that it make one up."""
_REPORTED: Final = "trust.network-key"


class KeyRotation:
    """The network key of a port, and the next one, which the host's memory keeps until it is in force."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        """Runs from the next key to the word to use it."""

    def begin(self, key: bytes) -> None:
        """Bring in a network key.

        Raises:
            LocalProtocolError: no trust centre on the air, no fit key, or another one is being brought in.
        """
        host, memory = self._host, self._host.memory
        if not host.up or not host.is_trust_centre:
            raise LocalProtocolError("only a trust centre on the air brings in a network key")
        if len(key) != KEY_OCTETS or key in (memory.network_key, _MADE_UP):
            raise LocalProtocolError(f"a network key is {KEY_OCTETS} octets, not all 0, and another one than before")
        if memory.next_network_key:
            raise LocalProtocolError("another network key is being brought in")
        memory.next_network_key = key
        self._queue()

    def network_up(self) -> None:
        """Go on with a key that was being brought in before."""
        if self._host.is_trust_centre and self._host.memory.next_network_key:
            self._queue()

    def cancel(self) -> None:
        """Off the network: say nothing for now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def switched(self, _: KeySwitched) -> None:
        """Another key is in force, says the stick."""
        self._host.work.queue(Job(self._switched))

    def _queue(self) -> None:
        self._host.work.queue(Job(self._rotate))

    async def _rotate(self, stick: Stick) -> None:
        """Give the next network key to everybody; the word to use it follows."""
        key = self._host.memory.next_network_key
        if not self._host.up or not key or self._timer is not None:
            return
        status = await stick.status_of("broadcastNextNetworkKey", key=key_data(key))
        if status != Status.OK:
            # After a restart the stick may be at it already; the word to use the key shows whether it has it.
            self._host.report(_REPORTED, "stick-refused", {"status": status_text(status)})
        self._switch_in_time()

    def _switch_in_time(self) -> None:
        self._timer = self._loop.call_later(self._host.settings.key_switch_after / SECOND, self._switch_now)

    def _switch_now(self) -> None:
        self._timer = None
        if self._host.up:
            self._host.work.queue(Job(self._switch))

    async def _switch(self, stick: Stick) -> None:
        status = await stick.status_of("broadcastNetworkKeySwitch")
        if status == Status.OK:
            return
        self._host.report(_REPORTED, "not-switched", {"status": status_text(status)})
        if status == Status.TOO_SOON_FOR_SWITCH_KEY:
            self._switch_in_time()
        else:
            self._host.memory.next_network_key = b""

    async def _switched(self, stick: Stick) -> None:
        memory = self._host.memory
        key = await network.network_key(stick) or memory.next_network_key
        memory.network_key, memory.next_network_key = key, b""
        if self._host.up and key:
            self._host.tell(NetworkKeyChanged(key))
