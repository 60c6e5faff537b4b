"""What happens in a node beside what its device is told by `ApsUser`: for whoever offers the node to a host.

A virtual stick tells its host of all this by callbacks of EZSP; devices of ours need none of it.
"""

from __future__ import annotations

from typing import Protocol

from emulator.ports.phy import TxResult
from emulator.zigbee.node.memory import Child


class NodeWatcher(Protocol):
    """Whoever is told; `now` is in µs."""

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """A child came, or (`here` false) is none any more."""

    def joining_permitted(self, until: int, now: int) -> None:
        """Somebody on the air lets devices associate here until `until`; a moment that is past: no more."""

    def polled(self, result: TxResult, now: int, *, pending: bool) -> None:
        """A sleeping node has asked its parent, or one that may become it, which (`pending`) holds something for it."""

    def search_began(self, now: int) -> None:
        """The place in the network is lost, or was asked to be given up, and the node looks for one."""

    def search_failed(self, reason: str, now: int) -> None:
        """An attempt came to nothing, or could not be made; `reason` as in the report `rejoin.failed`."""

    def search_needless(self, now: int) -> None:
        """The network that was lost is heard again: the node is where it was."""


class Unwatched:
    """Nobody is told."""

    def child_changed(self, child: Child, now: int, *, here: bool) -> None:
        """Nothing."""

    def joining_permitted(self, until: int, now: int) -> None:
        """Nothing."""

    def polled(self, result: TxResult, now: int, *, pending: bool) -> None:
        """Nothing."""

    def search_began(self, now: int) -> None:
        """Nothing."""

    def search_failed(self, reason: str, now: int) -> None:
        """Nothing."""

    def search_needless(self, now: int) -> None:
        """Nothing."""
