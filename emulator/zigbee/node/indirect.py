"""The indirect queue: frames that wait until a sleeping or joining child asks for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from emulator.core.clock import MILLISECOND
from emulator.core.timers import Alarm, Timers
from emulator.ports.phy import Phy
from emulator.zigbee.frames.mac import MacFrame

INDIRECT_PERSISTENCE = 7_680 * MILLISECOND
"""How long a frame waits for a sleeping child (macTransactionPersistenceTime as ZigBee sets it)."""


class Held:
    """A frame that waits.

    Attributes:
        child: whom for, a short address or an EUI-64.
        frame: what to send, or only its header where the octets are made when the child asks.
        expires: µs until which it waits.
    """

    __slots__ = ("child", "context", "expires", "frame")

    def __init__(self, child: int, frame: MacFrame, context: object, expires: int) -> None:
        self.child = child
        self.frame = frame
        self.context = context
        self.expires = expires


class IndirectQueue:
    """What a parent holds for its children, the oldest first.

    Args:
        phy: told whose data requests are acknowledged with the frame-pending bit.
        alarm: of the node.
        expired: told of each frame that nobody fetched in time.
    """

    def __init__(self, phy: Phy, alarm: Alarm, expired: Callable[[Held, int], None]) -> None:
        self.timers: Timers[int] = Timers(alarm)
        self._phy = phy
        self._expired = expired
        self._queues: dict[int, deque[Held]] = {}

    def add(self, child: int, frame: MacFrame, context: object, now: int) -> None:
        """Keep a frame behind those that the child has not fetched yet."""
        held = Held(child, frame, context, now + INDIRECT_PERSISTENCE)
        queue = self._queues.get(child)
        if queue is not None:
            queue.append(held)
            return
        self._queues[child] = deque((held,))
        self._changed(child, held.expires)

    def put_back(self, held: Held) -> None:
        """A child did not acknowledge what it had asked for: it may ask again until the frame expires."""
        self._queues.setdefault(held.child, deque()).appendleft(held)
        self._changed(held.child, held.expires)

    def take(self, child: int) -> tuple[Held, bool] | None:
        """The oldest frame for a child that asks, and whether there are more; None if there is nothing."""
        queue = self._queues.get(child)
        if queue is None:
            return None
        held = queue.popleft()
        if queue:
            self.timers.set(child, queue[0].expires)
            return held, True
        self._let_go(child)
        return held, False

    def clear(self) -> None:
        """Forget everything."""
        self._queues.clear()
        self.timers.clear()
        self._phy.hold_for(frozenset())

    def on_timeout(self, now: int) -> None:
        """Drop what is due."""
        for child in self.timers.due(now):
            queue = self._queues[child]
            expired: list[Held] = []
            while queue and queue[0].expires <= now:
                expired.append(queue.popleft())
            if queue:
                self.timers.set(child, queue[0].expires)
            else:
                self._let_go(child)
            for held in expired:
                self._expired(held, now)

    def _changed(self, child: int, expires: int) -> None:
        self.timers.set(child, expires)
        self._phy.hold_for(frozenset(self._queues))

    def _let_go(self, child: int) -> None:
        del self._queues[child]
        self.timers.cancel(child)
        self._phy.hold_for(frozenset(self._queues))
