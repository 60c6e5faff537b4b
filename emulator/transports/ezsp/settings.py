"""How a host treats its stick: limits, spans and the choices that no source settles."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from emulator.core.clock import SECOND


class KeyMethod(Enum):
    """Where a joiner's established key with its trust centre goes in the stick (the switch `keys.method`).

    Any other established key goes into the key table (importLinkKey).
    """

    TRUST_CENTRE_LINK = "trust-centre-link"
    """It becomes the trust centre link key (importKey)."""
    LINK_TABLE = "link-table"
    """Into the key table as well."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a stick that was lost is sought: `tries` times, `first` µs apart, then twice as long each, to `longest`.

    One that nothing was asked of for `silence` µs, twice that at most, is asked whether it is there.
    """

    tries: int = 8
    first: int = SECOND // 2
    longest: int = 15 * SECOND
    silence: int = 10 * SECOND

    def delays(self) -> list[int]:
        """The pauses (µs) before each try."""
        return [min(self.longest, self.first << number) for number in range(self.tries)]


@dataclass(frozen=True, slots=True)
class EzspSettings:
    """Spans in µs.

    Attributes:
        in_flight: messages and blocks that the stick has at a time.
        busy_tries: how often a message is offered to a stick without room; `busy_pause` before the second time, then
            twice as long each time.
        outcome_within: a message whose outcome the stick has not told by then has failed.
        network_within: forming, joining, rejoining, leaving.
        key_switch_after: from the next network key to the word to use it.
        tx_power: dBm.
        key_table: link keys that the stick keeps.
        keys_method: where an established key goes.
        probe_keys: whether an established key is tried at once, and the result told (`trust.link-key-probe`).
    """

    in_flight: int = 8
    busy_tries: int = 8
    busy_pause: int = SECOND // 50
    outcome_within: int = 40 * SECOND
    network_within: int = 30 * SECOND
    key_switch_after: int = 15 * SECOND
    tx_power: int = 8
    key_table: int = 16
    keys_method: KeyMethod = KeyMethod.TRUST_CENTRE_LINK
    probe_keys: bool = True
    recovery: Recovery = field(default_factory=Recovery)
