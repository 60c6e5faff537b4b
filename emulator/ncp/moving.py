"""The way of a stick back into its network, and what its host is told of it.

A host asks for it by findAndRejoinNetwork: it is told that the network is down, and then how the attempt ended, by
NETWORK_UP, NO_BEACONS or MOVE_FAILED (comments of the SDK's `ezsp.h`).

Firmware leaves it to its host to begin, which hears by pollCompleteHandler that its parent does not answer.  The soft
node of a virtual stick begins by itself, and goes on until it is back.  A host is told of that as if it had asked: that
the network is down, and how the first attempt ended; of those after it no more, unless it asks.  All of that is an
assumption; a host that waits for nothing else than real sticks tell is served as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from emulator.ncp.ezsp.status import Status

_NO_BEACON: Final = "no-beacon"


class Searcher(Protocol):
    """The soft node."""

    @property
    def is_searching(self) -> bool:
        """Whether it looks for its network, or for a place in it."""


class MovePort(Protocol):
    """The stack, as far as it looks for its network."""

    @property
    def node(self) -> Searcher:
        """The node itself."""

    def rejoin(self, now: int) -> None:
        """Look for a place in the network, under the network key."""

    def rejoin_without_key(self, now: int) -> None:
        """Go back into the network under the link key."""

    def seek_trust_centre(self, now: int) -> None:
        """Look for another trust centre."""


class Move:
    """Where a stick stands on its way back.

    Args:
        port: its stack.
        tell: takes what stackStatusHandler is to say, and `now`.
    """

    def __init__(self, port: MovePort, tell: Callable[[Status, int], None]) -> None:
        self._port = port
        self._tell = tell
        self._down = False
        self._awaited = False
        """Whether the host is to hear how the attempt under way ends."""
        self._steps: deque[Callable[[int], None]] = deque()
        """What is tried before an attempt has failed."""

    def reset(self) -> None:
        """It has a place in a network, or is in none: there is nothing to come back to."""
        self._down = self._awaited = False
        self._steps.clear()

    def ask(self, now: int, *, have_key: bool) -> None:
        """The host wants another place, under the network key or without it.

        Without it, it is a trust centre rejoin; where nobody of our network answers, another trust centre is sought.
        """
        port = self._port
        self._go_down(now)
        self._steps = deque((port.rejoin,) if have_key else (port.rejoin_without_key, port.seek_trust_centre))
        if not port.node.is_searching:
            self._steps.popleft()(now)
        elif have_key:
            # That is what is under way.
            self._steps.clear()

    # What the node says

    def search_began(self, now: int) -> None:
        """It looks for its network."""
        if not self._down:
            self._go_down(now)

    def search_failed(self, reason: str, now: int) -> None:
        """An attempt came to nothing."""
        if self._steps:
            self._steps.popleft()(now)
        elif self._awaited:
            self._awaited = False
            self._tell(Status.NO_BEACONS if reason == _NO_BEACON else Status.MOVE_FAILED, now)

    def parent_heard(self, now: int) -> None:
        """The node is where it was, and that is in its network."""
        if self._down and not self._awaited:
            self.reset()
            self._tell(Status.NETWORK_UP, now)

    def _go_down(self, now: int) -> None:
        self._awaited = True
        if not self._down:
            self._down = True
            self._tell(Status.NETWORK_DOWN, now)
