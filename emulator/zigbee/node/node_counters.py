"""What a node has done since it was started, counted for the device above: the same things that EZSP counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from emulator.core.events import Report
from emulator.ports.phy import TxResult
from emulator.zigbee.security.counters import REPLAYED


@dataclass(slots=True)
class NodeCounters:
    """Since the counters were made, or cleared.

    Attributes:
        mac_rx_broadcasts, mac_rx_unicasts: frames from the radio; a repeated one counts again.
        mac_tx_broadcasts, mac_tx_unicasts, mac_failures: frames that are done, retries not counted.
        mac_retries, busy_channels: attempts that were repeated; those that found the channel busy.
        aps_rx_broadcasts, aps_rx_unicasts: data frames, each block of a long message being one.
        aps_tx_broadcasts, aps_tx_unicasts, aps_failures: messages of ours whose outcome is known.
        aps_retries: messages sent again.
        route_discoveries: routes asked for.
        neighbours_added, neighbours_removed: rows of that table.
        joins, children_lost: who associated or came back here, and who is a child no longer.
        nwk_replays, aps_replays: frames dropped because their counter was not higher than the one before.
        nwk_bad_mics, aps_bad_mics: frames that the key did not open.
        relayed: unicasts of others passed on.
    """

    mac_rx_broadcasts: int = 0
    mac_rx_unicasts: int = 0
    mac_tx_broadcasts: int = 0
    mac_tx_unicasts: int = 0
    mac_failures: int = 0
    mac_retries: int = 0
    busy_channels: int = 0
    aps_rx_broadcasts: int = 0
    aps_rx_unicasts: int = 0
    aps_tx_broadcasts: int = 0
    aps_tx_unicasts: int = 0
    aps_failures: int = 0
    aps_retries: int = 0
    route_discoveries: int = 0
    neighbours_added: int = 0
    neighbours_removed: int = 0
    joins: int = 0
    children_lost: int = 0
    nwk_replays: int = 0
    aps_replays: int = 0
    nwk_bad_mics: int = 0
    aps_bad_mics: int = 0
    relayed: int = 0

    def clear(self) -> None:
        """Begin anew."""
        for each in fields(self):
            setattr(self, each.name, 0)

    def counting(self, report: Report) -> Report:
        """A report that passes everything on, and counts what is told in words alone."""

        def told(kind: str, reason: str | None, values: dict[str, object], now: int) -> None:
            for name in _TOLD.get((kind, reason), ()):
                setattr(self, name, getattr(self, name) + 1)
            report(kind, reason, values, now)

        return told


_BUSY: Final = TxResult.CHANNEL_ACCESS_FAILURE.value
_TOLD: Final[Mapping[tuple[str, str | None], tuple[str, ...]]] = {
    ("mac.retry", TxResult.NO_ACK.value): ("mac_retries",),
    ("mac.retry", _BUSY): ("mac_retries", "busy_channels"),
    ("mac.dropped", TxResult.NO_ACK.value): ("mac_failures",),
    ("mac.dropped", _BUSY): ("mac_failures", "busy_channels"),
    ("nwk.dropped", REPLAYED): ("nwk_replays",),
    ("nwk.dropped", "bad-mic"): ("nwk_bad_mics",),
    ("aps.dropped", REPLAYED): ("aps_replays",),
    ("aps.dropped", "bad-mic"): ("aps_bad_mics",),
    ("child.forgotten", "silent"): ("children_lost",),
    ("child.forgotten", "moved"): ("children_lost",),
}
"""Kind and reason of a report -> what it counts."""
