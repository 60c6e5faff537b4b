"""Which APS messages have been seen: a retry whose acknowledgement was lost must not count twice."""

from __future__ import annotations

from emulator.core.clock import SECOND

MEMORY = 32
"""Messages of one sender that are remembered; its counter repeats after 256."""
LIFE = 20 * SECOND
"""Longer than the retry of a message to a sleeping child can take to arrive: its wait, and the indirect persistence."""


class _Sender:
    __slots__ = ("at", "serial", "serials")

    def __init__(self) -> None:
        self.serial = MEMORY
        self.serials = [0] * 256
        self.at = [0] * 256


class Duplicates:
    """The last counters of every sender."""

    def __init__(self) -> None:
        self._senders: dict[int, _Sender] = {}

    def known(self, source: int, counter: int, now: int) -> bool:
        """Whether this message was among the last ones of its sender; notes it."""
        sender = self._senders.get(source)
        if sender is None:
            sender = self._senders[source] = _Sender()
        if sender.serial - sender.serials[counter] < MEMORY and now - sender.at[counter] < LIFE:
            sender.at[counter] = now
            return True
        sender.serial += 1
        sender.serials[counter] = sender.serial
        sender.at[counter] = now
        return False

    def remembers(self, source: int, counter: int, now: int) -> bool:
        """Whether `known` would know this message; notes nothing."""
        sender = self._senders.get(source)
        if sender is None:
            return False
        return sender.serial - sender.serials[counter] < MEMORY and now - sender.at[counter] < LIFE

    def forget(self, source: int) -> None:
        """Forget what one sender sent."""
        self._senders.pop(source, None)
