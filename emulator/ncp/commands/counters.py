"""Counters of the stack, as EZSP numbers them (EmberCounterType); what the soft node does not count is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.ncp.chip import Answer, Chip, Values
from emulator.ncp.tables import COUNTERS

_NAMES: Final[Mapping[int, str]] = {
    0: "mac_rx_broadcasts",
    1: "mac_tx_broadcasts",
    2: "mac_rx_unicasts",
    3: "mac_tx_unicasts",
    4: "mac_retries",
    5: "mac_failures",
    6: "aps_rx_broadcasts",
    7: "aps_tx_broadcasts",
    8: "aps_rx_unicasts",
    9: "aps_tx_unicasts",
    10: "aps_retries",
    11: "aps_failures",
    12: "route_discoveries",
    13: "neighbours_added",
    14: "neighbours_removed",
    16: "joins",
    17: "children_lost",
    21: "nwk_replays",
    22: "aps_replays",
    25: "nwk_bad_mics",
    26: "aps_bad_mics",
    28: "relayed",
    32: "busy_channels",
}
"""EmberCounterType -> the counter of the node."""
_MOST: Final = 0xFFFF


def read_counters(chip: Chip, _values: Values, _now: int) -> Answer:
    """`readCounters`: since the stick started or they were cleared; each goes round at 16 bits."""
    counters = chip.node.counters
    values = (getattr(counters, _NAMES[number]) & _MOST if number in _NAMES else 0 for number in range(COUNTERS))
    return {"values": tuple(values)}


def read_and_clear_counters(chip: Chip, values: Values, now: int) -> Answer:
    """`readAndClearCounters`."""
    answer = read_counters(chip, values, now)
    chip.node.counters.clear()
    return answer
