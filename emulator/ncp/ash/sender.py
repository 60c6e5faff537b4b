"""The DATA frames that are ours: those that wait, and those that are sent and not acknowledged (UG101 5).

It knows frame numbers and how long an acknowledgement may take; it writes no octets and sets no timers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.ncp.ash.frames import MODULUS
from emulator.ncp.ash.settings import AshSettings


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An EZSP frame for the host, and whether it is a callback, which a host may ask us to hold back."""

    payload: bytes
    callback: bool


@dataclass(slots=True)
class _Sent:
    payload: bytes
    at: int
    again: bool = False


class Sender:
    """A window over a queue.

    Attributes:
        t_rx_ack: how long an acknowledgement is waited for now, µs.
        timeouts: acknowledgements in a row that did not come.
    """

    __slots__ = ("_next", "_sent", "_settings", "_waiting", "_waiting_callbacks", "t_rx_ack", "timeouts")

    def __init__(self, settings: AshSettings) -> None:
        self._settings = settings
        self._sent: deque[_Sent] = deque()
        self._waiting: deque[Outgoing] = deque()
        self.clear()

    def clear(self) -> None:
        """Begin anew with frame number 0."""
        self._next = 0
        self._sent.clear()
        self._waiting.clear()
        self._waiting_callbacks = 0
        self.t_rx_ack = self._settings.t_rx_ack_initial
        self.timeouts = 0

    @property
    def outstanding(self) -> int:
        """Frames that are sent and not acknowledged."""
        return len(self._sent)

    @property
    def waits(self) -> bool:
        """Whether there is a frame that was not sent yet."""
        return bool(self._waiting)

    @property
    def unfinished(self) -> int:
        """Frames that wait or are not acknowledged."""
        return len(self._waiting) + len(self._sent)

    @property
    def room_for_a_response(self) -> bool:
        """Whether another command may be taken."""
        return len(self._waiting) - self._waiting_callbacks < self._settings.waiting_responses

    @property
    def room_for_a_callback(self) -> bool:
        """Whether another callback may be queued."""
        return self._waiting_callbacks < self._settings.waiting_callbacks

    def queue(self, outgoing: Outgoing) -> None:
        """Put one at the end."""
        self._waiting.append(outgoing)
        self._waiting_callbacks += outgoing.callback

    def new(self, now: int, *, callbacks: bool) -> Iterator[tuple[int, bytes]]:
        """Number and payload of each frame that the window lets go now; without `callbacks` responses overtake them."""
        while self._waiting and len(self._sent) < self._settings.window:
            outgoing = self._taken(callbacks=callbacks)
            if outgoing is None:
                return
            number = self._next
            self._next = (number + 1) % MODULUS
            self._sent.append(_Sent(outgoing.payload, now))
            yield number, outgoing.payload

    def _taken(self, *, callbacks: bool) -> Outgoing | None:
        if not callbacks:
            response = next((each for each in self._waiting if not each.callback), None)
            if response is not None:
                self._waiting.remove(response)
            return response
        outgoing = self._waiting.popleft()
        self._waiting_callbacks -= outgoing.callback
        return outgoing

    def again(self) -> Iterator[tuple[int, bytes]]:
        """Number and payload of every frame that is not acknowledged, to be sent once more."""
        number = self._oldest
        for sent in self._sent:
            sent.again = True
            yield number, sent.payload
            number = (number + 1) % MODULUS

    def acknowledge(self, number: int, now: int) -> int | None:
        """All before `number` have come: how many of them that was not known of; None: it cannot be."""
        count = (number - self._oldest) % MODULUS
        if count > len(self._sent):
            return None
        if count:
            self.timeouts = 0
            self._measure(self._sent[count - 1], now)
            for _ in range(count):
                self._sent.popleft()
        return count

    def refused(self, now: int) -> None:
        """The oldest frame has to be sent again: for measuring a NAK is as good as an ACK (bellows)."""
        if self._sent:
            self._measure(self._sent[0], now)

    def late(self) -> bool:
        """An acknowledgement has not come in time; whether that was once too often in a row.

        zigbee-herdsman notes that the firmware's counter allows 3 and that one more is the end: 4, as UG101 7 has it.
        """
        self.timeouts += 1
        self.t_rx_ack = min(2 * self.t_rx_ack, self._settings.t_rx_ack_most)
        return 0 < self._settings.ack_timeouts <= self.timeouts

    @property
    def _oldest(self) -> int:
        """Number of the first frame that is not acknowledged, or of the next."""
        return (self._next - len(self._sent)) % MODULUS

    def _measure(self, sent: _Sent, now: int) -> None:
        """7/8 of what it was and half of what it took; not where a repetition may have been acknowledged instead.

        That exception is an assumption, as is taking the newest frame acknowledged where there are several.
        """
        if not sent.again:
            measured = self.t_rx_ack * 7 // 8 + (now - sent.at) // 2
            self.t_rx_ack = min(max(measured, self._settings.t_rx_ack_least), self._settings.t_rx_ack_most)
