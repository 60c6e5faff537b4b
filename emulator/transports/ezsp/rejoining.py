"""Staying in a network: another parent where the one before is lost, the next trust centre where ours is gone."""

from __future__ import annotations

import asyncio
from typing import Final

from emulator.core.clock import MINUTE, SECOND
from emulator.core.errors import LocalProtocolError
from emulator.ports.aps import NetworkUp
from emulator.transports.ezsp import network
from emulator.transports.ezsp.callbacks import PollCompleted, StackStatus
from emulator.transports.ezsp.host import Host
from emulator.transports.ezsp.jobs import Job
from emulator.transports.ezsp.membership import Membership
from emulator.transports.ezsp.memory import HostKey
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.security.keys import swap_out_key, unfit_for_rejoin

_FIRST_REST: Final = 15 * SECOND
_LONGEST_REST: Final = 15 * MINUTE
"""Between two tries to find a parent; twice as long each time up to there."""
_NO_NETWORK: Final = 0
ANSWERED: Final = (Status.OK, Status.MAC_NO_DATA)
ALARMING: Final = (Status.NETWORK_DOWN, Status.MOVE_FAILED, Status.NO_BEACONS, Status.NOT_JOINED)


class Rejoining:
    """How a port that is in a network stays in it.

    Args:
        host: of the port.
        membership: that network.
    """

    def __init__(self, host: Host, membership: Membership) -> None:
        self._host = host
        self._membership = membership
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._looks_from: int | None = None
        """The place from which it is to be looked what has become of the network."""
        self._seeks_from: int | None = None
        """The place, lost, from which a parent is being sought, rests included."""

    def close(self) -> None:
        """Look no more."""
        if self._retry is not None:
            self._retry.cancel()

    def stack_says(self, said: StackStatus) -> None:
        """By itself, about the network."""
        if not self._membership.is_changing and self._host.up and said.status in ALARMING:
            self._look()

    def poll_completed(self, poll: PollCompleted) -> None:
        """Firmware leaves it to its host to look for another parent once polls are not answered any more."""
        if poll.status in ANSWERED or self._is_seeking or self._membership.is_changing or not self._host.up:
            return
        self._look()

    @property
    def _is_seeking(self) -> bool:
        return self._seeks_from == self._membership.place

    def _look(self) -> None:
        if self._looks_from != self._membership.place:
            self._looks_from = self._membership.place
            self._host.work.queue(Job(self._look_at_network, self._failed, cut_short=True))

    def _failed(self, _: str) -> None:
        self._looks_from = self._seeks_from = None

    def seek_trust_centre(self) -> None:
        """Look for the next one, which knows the hash of our link key with the one before."""
        if self._host.is_trust_centre:
            raise LocalProtocolError("a trust centre seeks none")
        if self._host.up:
            self._host.work.queue(Job(self._seek_trust_centre, cut_short=True))

    async def rejoin(self, stick: Stick, *, have_key: bool) -> NetworkUp | network.Failed:
        """Look for our network once, under the network key or else under the link key; nobody is told."""
        kind, span = self._host.configured().node_type, self._host.settings.network_within
        return await self._membership.during(network.rejoin(stick, kind, span, self._host.eui64, have_key=have_key))

    async def _look_at_network(self, stick: Stick) -> None:
        """Out of the network, or only without a parent?"""
        self._looks_from = None
        if int((await stick.ask("networkState"))["status"]) == _NO_NETWORK:
            self._membership.removed()
            return
        if not self._host.is_trust_centre and not self._is_seeking:
            self._seeks_from = self._membership.place
            self._host.report("stick.parent-lost", "no-parent", {})
            await self._find_parent(stick)

    # A parent

    async def _find_parent(self, stick: Stick, tries: int = 0) -> None:
        """Rejoin under the network key, else under the link key, else again after a rest.

        Nobody is told before there is a parent: as far as is known the network goes on, and messages fail meanwhile.
        """
        for have_key in (True, False) if self._may_ask_for_network_key() else (True,):
            result = await self.rejoin(stick, have_key=have_key)
            if isinstance(result, NetworkUp):
                await self._membership.settle(stick)
                self._membership.told(result)
                return
            self._host.report("stick.no-way-back", result.reason, {"network_key": have_key})
        rest = min(_LONGEST_REST, _FIRST_REST << tries)
        self.close()
        self._retry = self._loop.call_later(rest / SECOND, self._try_again, self._membership.place, tries + 1)

    def _try_again(self, place: int, tries: int) -> None:
        if place == self._membership.place and self._host.up:
            self._host.work.queue(Job(lambda stick: self._find_parent(stick, tries), self._failed, cut_short=True))

    def _may_ask_for_network_key(self) -> bool:
        """Under a link key that everybody knows the network key would be everybody's."""
        known = self._key_with_centre()
        return known is not None and unfit_for_rejoin(known.key) is None

    # A trust centre

    async def _seek_trust_centre(self, stick: Stick) -> None:
        memory, known = self._host.memory, self._key_with_centre()
        result = await self.rejoin(stick, have_key=False)
        if not isinstance(result, NetworkUp):
            self._host.report("trust.seek", result.reason, {})
            await self._go_back(stick)
            return
        await self._membership.settle(stick)
        if known is None or result.trust_centre == memory.trust_centre:
            # Its own trust centre has answered: all stays as it is, but perhaps at another place.
            return
        # All of it at once: a stick that is lost meanwhile leaves what was known before.
        network_key = memory.network_key
        memory.forget_network()
        memory.network_key = network_key
        memory.link_keys[result.trust_centre] = _swapped_out(known)
        self._membership.told(result)

    async def _go_back(self, stick: Stick) -> None:
        """On with the network as it was; nobody is told unless that fails."""
        result = await self._membership.go_on(stick)
        if not isinstance(result, NetworkUp):
            self._membership.told(result)

    def _key_with_centre(self) -> HostKey | None:
        memory = self._host.memory
        return None if memory.trust_centre is None else memory.link_keys.get(memory.trust_centre)


def _swapped_out(known: HostKey) -> HostKey:
    """The key with the next trust centre, by that with the one before; the next after a swap-out has the same."""
    key = known.key if known.kind is LinkKeyKind.SWAP_OUT else swap_out_key(known.key)
    return HostKey(key, LinkKeyKind.SWAP_OUT)
