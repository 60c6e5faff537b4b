"""Where the time of a bridge's download went, put together from what it and its stack report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

from emulator.core.clock import SECOND
from emulator.core.events import Event
from emulator.ota.counters import ClientCounters


class DownloadUsage:
    """Follows the events of one bridge from its first request for data to its last block.

    Air is what was sent by and to the bridge itself, acknowledgements included; pacing is what the OTA client was told
    to wait; retries is the time from a loss to its repetition, above the MAC; waiting is everything else.  Where they
    overlap (a page is paced while its blocks are on the air) a moment is counted once, in this order.

    Args:
        bridge: name of the bridge in events.
        short: gives the bridge's short address, as events write it.
        counters: gives the OTA client's counters.
        exchanged: gives the airtime (µs) that the bridge had a part in so far.
    """

    def __init__(
        self,
        bridge: str,
        short: Callable[[], str],
        counters: Callable[[], ClientCounters],
        exchanged: Callable[[], int],
    ) -> None:
        self._bridge = bridge
        self._short = short
        self._counters = counters
        self._exchanged = exchanged
        self._before = ClientCounters()
        self.reset()

    def reset(self) -> None:
        """Another update begins."""
        self._before = self._counters()
        self.received_sha256: str | None = None
        self.began: int | None = None
        """When the first block was asked for, µs."""
        self.began_with = 0
        """Octets that were there already, from before a restart."""
        self._ended: int | None = None
        self._counted = ClientCounters()
        self._air_before = 0
        self._air = 0
        self._aps_retry = 0
        self._latest = 0
        self._size = 0

    @property
    def counters(self) -> ClientCounters:
        """The OTA client's own counts of this update."""
        return _since(self._before, self._counters())

    def take(self, event: Event) -> None:
        """Look at one event of the bridge or of its hub."""
        kind = event.kind
        if kind == "aps.retry":
            self._retried(event)
        if event.source != self._bridge:
            return
        if kind.startswith("ota."):
            self._latest = event.at
        if kind == "ota.started" and self.began is None:
            self.began = event.at
            self.began_with = _number(event, "offset")
            self._air_before = self._exchanged()
        elif kind == "ota.downloaded":
            self._ended = event.at
            self._size = _number(event, "size")
            self._air = self._exchanged() - self._air_before
            self._counted = self.counters
        elif kind == "bridge.image-received":
            self.received_sha256 = str(event.fields["sha256"])

    def block_octets(self, asked: int, *, pages: bool) -> int:
        """Octets of a block as it came: what was `asked` for, or less where the hub sends less.

        Of a download that did not come to its end only what was asked for is known.
        """
        octets, blocks = self._size - self.began_with, self.counters.blocks
        if self._ended is None or pages or blocks <= -(-octets // asked):
            return asked
        return -(-octets // blocks)

    def rate(self, received: int, now: int) -> float:
        """Octets a second since the download began."""
        if self.began is None or now <= self.began:
            return 0.0
        return max(0, received - self.began_with) * SECOND / (now - self.began)

    def time_spent(self) -> dict[str, float]:
        """Seconds on the air, waiting, on retries and paced; together the time of the download."""
        if self.began is None:
            return {"air_s": 0.0, "wait_s": 0.0, "retry_s": 0.0, "pace_s": 0.0}
        ended = self._ended is not None
        left = max(0, (self._ended or self._latest) - self.began)
        counters = self._counted if ended else self.counters
        wanted = {
            "air_s": self._air if ended else self._exchanged() - self._air_before,
            "pace_s": counters.pace_us,
            "retry_s": counters.retry_us + self._aps_retry,
        }
        spent = dict.fromkeys(("air_s", "wait_s", "retry_s", "pace_s"), 0)
        for part, span in wanted.items():
            spent[part] = min(span, left)
            left -= spent[part]
        spent["wait_s"] = left
        return {part: span / SECOND for part, span in spent.items()}

    def _retried(self, event: Event) -> None:
        """A message of the download was not acknowledged end to end, and waited for that."""
        if self.began is None or self._ended is not None:
            return
        if event.source == self._bridge or event.fields.get("to") == self._short():
            self._aps_retry += _number(event, "waited_us")


def _since(before: ClientCounters, now: ClientCounters) -> ClientCounters:
    return ClientCounters(*(after - earlier for earlier, after in zip(astuple(before), astuple(now), strict=True)))


def _number(event: Event, name: str) -> int:
    value = event.fields.get(name)
    return value if isinstance(value, int) else 0
