"""What a device is told by its stack, and when: never from inside a call that it makes itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from emulator.core.timers import Alarm, Timers
from emulator.ports.aps import ApsIndication, ApsUser, NetworkEvent, Outcome


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message."""

    handle: int
    outcome: Outcome


class News:
    """Tells the device at once what comes off the air, and a little later what comes of its own calls."""

    def __init__(self, alarm: Alarm) -> None:
        self.user: ApsUser | None = None
        self.timers: Timers[str] = Timers(alarm)
        self._waiting: deque[Sent | NetworkEvent | ApsIndication] = deque()

    def later(self, news: Sent | NetworkEvent | ApsIndication, now: int) -> None:
        """Tell it as soon as the call under way is over."""
        self._waiting.append(news)
        self.timers.set("news", now)

    def forget(self) -> None:
        """The power is gone: what was not told never will be."""
        self._waiting.clear()
        self.timers.clear()

    def take(self, now: int) -> list[ApsIndication]:
        """Tell what is due; the messages of a node to itself are left to the caller."""
        if not self.timers.due(now):
            return []
        to_self: list[ApsIndication] = []
        for _ in range(len(self._waiting)):
            # Whoever is told may cut the power, and then there is nothing left to tell.
            news = self._waiting.popleft() if self._waiting else None
            if isinstance(news, Sent):
                self.sent(news.handle, news.outcome, now)
            elif isinstance(news, ApsIndication):
                to_self.append(news)
            elif news is not None:
                self.network(news, now)
        return to_self

    def received(self, message: ApsIndication, now: int) -> None:
        """A message for one of the device's endpoints."""
        if self.user is not None:
            self.user.received(message, now)

    def sent(self, handle: int, outcome: Outcome, now: int) -> None:
        """What became of a message."""
        if self.user is not None:
            self.user.sent(handle, outcome, now)

    def network(self, event: NetworkEvent, now: int) -> None:
        """Something about the network."""
        if self.user is not None:
            self.user.network(event, now)
