"""Where the blocks and the time of an update went."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class ClientCounters:
    """A snapshot, counted since the client was made.

    Attributes:
        blocks: blocks stored.
        bytes_resent: octets asked for again, because a request or its answer was lost or wrong.
        retries: repetitions of any message.
        waits: WAIT_FOR_DATA received.
        dropped: messages not followed.
        pace_us: time spent waiting because the server or the settings said so: WAIT_FOR_DATA, minimum block period,
            response spacing of pages.
        retry_us: time from sending a request that came to nothing to sending it again.
    """

    blocks: int = 0
    bytes_resent: int = 0
    retries: int = 0
    waits: int = 0
    dropped: int = 0
    pace_us: int = 0
    retry_us: int = 0

    def plus(self, other: ClientCounters) -> ClientCounters:
        """Both together, as of a client before and after a restart."""
        return ClientCounters(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __add__(self, other: ClientCounters) -> ClientCounters:
        """The sum over two lives of a device."""
        return ClientCounters(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


class Tally:
    """The same while it is being counted."""

    __slots__ = ("blocks", "bytes_resent", "dropped", "pace_us", "retries", "retry_us", "waits")

    def __init__(self) -> None:
        self.blocks = 0
        self.bytes_resent = 0
        self.retries = 0
        self.waits = 0
        self.dropped = 0
        self.pace_us = 0
        self.retry_us = 0

    def snapshot(self) -> ClientCounters:
        """What has been counted so far."""
        return ClientCounters(
            self.blocks, self.bytes_resent, self.retries, self.waits, self.dropped, self.pace_us, self.retry_us
        )
