"""How a host treats its stick: limits, spans and the choices that no source settles."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from emulator.core.clock import SECOND


class KeyMethod(Enum):
    """Where an established key goes in the stick (`keys.method`)."""

    AUTO = "auto"
    """A joiner's key with its trust centre becomes its trust centre link key, any other goes into the key table."""
    LINK_TABLE = "link-table"
    """Into the key table, at either end (importLinkKey)."""
    TRUST_CENTRE_LINK = "trust-centre-link"
    """As the trust centre link key (importKey), at either end."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a stick that was lost is sought: `tries` times, `first` µs apart, then twice as long each, to `longest`."""

    tries: int = 8
    first: int = SECOND // 2
    longest: int = 15 * SECOND

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
    """

    in_flight: int = 8
    busy_tries: int = 8
    busy_pause: int = SECOND // 50
    outcome_within: int = 40 * SECOND
    network_within: int = 30 * SECOND
    key_switch_after: int = 15 * SECOND
    tx_power: int = 8
    key_table: int = 16
    keys_method: KeyMethod = KeyMethod.AUTO
    recovery: Recovery = field(default_factory=Recovery)
