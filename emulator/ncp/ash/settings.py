"""How the stick's end goes about it; the defaults are UG101 7, which names what is not explained here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emulator.core.clock import MILLISECOND, SECOND
from emulator.core.errors import BadInput
from emulator.ncp.ash.frames import LONGEST_DATA, MODULUS, SHORTEST_DATA


@dataclass(frozen=True, slots=True)
class AshSettings:
    """Times are µs.

    Attributes:
        window: TX_K, DATA frames that may be sent and not acknowledged, 1 to 7.
        t_rx_ack_initial: T_RX_ACK_INIT, how long an acknowledgement is waited for at first.
        t_rx_ack_least: T_RX_ACK_MIN.
        t_rx_ack_most: T_RX_ACK_MAX.
        t_tx_ack_delay: T_TX_ACK_DELAY, how long an acknowledgement waits for a DATA frame to go with; 0: not at all.
        ack_timeouts: ACK_TIMEOUTS: so many in a row are the end of the connection; 0: none ever are.
        t_remote_not_ready: T_REMOTE_NOTRDY, how long a host that is not ready is taken at its word.
        longest_data: octets taken and sent as one EZSP frame; UG101 2.1 says 128, firmware takes 220.
        waiting_responses: responses that wait to be sent; while there are so many, no command is taken, so that more of
            them wait only where many commands came in one piece.  An assumption.
        waiting_callbacks: callbacks that wait to be sent; more are lost.  An assumption: a stick has so many packet
            buffers as its host asked for, and lends them out for other things too.

    Raises:
        BadInput: a value that cannot be.
    """

    window: int = 5
    t_rx_ack_initial: int = 1_600 * MILLISECOND
    t_rx_ack_least: int = 400 * MILLISECOND
    t_rx_ack_most: int = 3_200 * MILLISECOND
    t_tx_ack_delay: int = 20 * MILLISECOND
    ack_timeouts: int = 4
    t_remote_not_ready: int = 1 * SECOND
    longest_data: int = LONGEST_DATA
    waiting_responses: int = 16
    waiting_callbacks: int = 64

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise BadInput(f"{value}", where=f"ash.{name}", allowed=f"{least} to {most}")
        if not self.t_rx_ack_least <= self.t_rx_ack_initial <= self.t_rx_ack_most:
            raise BadInput(
                f"{self.t_rx_ack_initial}",
                where="ash.t_rx_ack_initial",
                allowed=f"{self.t_rx_ack_least} to {self.t_rx_ack_most}, the least and the most",
            )


_LONGEST_TIME: Final = 3_600 * SECOND
_MANY: Final = 65_535
_RANGES: Final = {
    "window": (1, MODULUS - 1),
    "t_rx_ack_least": (1, _LONGEST_TIME),
    "t_rx_ack_most": (1, _LONGEST_TIME),
    "t_tx_ack_delay": (0, _LONGEST_TIME),
    "ack_timeouts": (0, _MANY),
    "t_remote_not_ready": (0, _LONGEST_TIME),
    "longest_data": (SHORTEST_DATA, LONGEST_DATA),
    "waiting_responses": (1, _MANY),
    "waiting_callbacks": (1, _MANY),
}
