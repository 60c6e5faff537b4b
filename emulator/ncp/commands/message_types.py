"""What EZSP calls the kinds of messages and their options."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

OPTION_ENCRYPTION: Final = 0x0020
OPTION_RETRY: Final = 0x0040
OPTION_FRAGMENT: Final = 0x8000
"""EmberApsOption."""
DIRECT, VIA_ADDRESS_TABLE = 0, 1
MULTICAST, BROADCAST = 3, 6
"""EmberOutgoingMessageType."""
NO_INDEX: Final = 0xFF
"""No row of the tables of bindings or addresses."""


class IncomingType(IntEnum):
    """EmberIncomingMessageType."""

    UNICAST = 0
    MULTICAST = 2
    MULTICAST_LOOPBACK = 3
    BROADCAST = 4
    BROADCAST_LOOPBACK = 5
