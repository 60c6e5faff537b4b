"""The polls of a sleepy stick, as its host wants to hear of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from emulator.ncp.ezsp.status import Status
from emulator.ports.phy import TxResult

_FAILURES: Final[Mapping[TxResult, Status]] = {
    TxResult.NO_ACK: Status.MAC_NO_ACK_RECEIVED,
    TxResult.CHANNEL_ACCESS_FAILURE: Status.DELIVERY_FAILED,
}


class Polls:
    """Counts those that fail.

    The host says by pollForData how many failures it tolerates before it is to hear of one, with 0 of every poll; all
    but SUCCESS and MAC_NO_DATA are failures (comments of the SDK's `ezsp.h`).  That they count in a row, and that it
    hears of each one after those that it tolerates, are assumptions.

    Args:
        tell: takes what pollCompleteHandler is to say, and `now`.
    """

    def __init__(self, tell: Callable[[Status, int], None]) -> None:
        self._tell = tell
        self._tolerated: int | None = None
        self._failures = 0

    def reset(self) -> None:
        """No host has asked for polls."""
        self._tolerated = None
        self._failures = 0

    def tolerate(self, failures: int) -> None:
        """A host has asked for polls."""
        self._tolerated = failures
        self._failures = 0

    def done(self, result: TxResult, now: int, *, pending: bool) -> None:
        """A poll is over; SUCCESS is said of one that was answered by the word that there is something."""
        failure = _FAILURES.get(result)
        self._failures = 0 if failure is None else self._failures + 1
        if self._tolerated is not None and (self._tolerated == 0 or self._failures > self._tolerated):
            self._tell(failure or (Status.SUCCESS if pending else Status.MAC_NO_DATA), now)
