"""What a stick answers and reports, in the numbers that EZSP 14 and later use (`sl_status_t`).

Up to EZSP 13 a status is one octet of another numbering; `versions` translates it.
"""

from __future__ import annotations

from enum import IntEnum

from emulator.ports.aps import Outcome


class Status(IntEnum):
    """Those that somebody here decides by."""

    OK = 0x0000
    FAIL = 0x0001
    INVALID_STATE = 0x0002
    BUSY = 0x0004
    NETWORK_UP = 0x0015
    NETWORK_DOWN = 0x0016
    NOT_JOINED = 0x0017
    NO_BEACONS = 0x0018
    ALLOCATION_FAILED = 0x0019
    NO_MORE_RESOURCE = 0x001A
    INVALID_INDEX = 0x0027
    INVALID_KEY = 0x0029
    NOT_FOUND = 0x002D
    MESSAGE_TOO_LONG = 0x0038
    MAC_NO_DATA = 0x003F
    MAC_NO_ACK_RECEIVED = 0x0040
    MAC_INDIRECT_TIMEOUT = 0x0041
    CCA_FAILURE = 0x004C
    MAC_TRANSMIT_QUEUE_FULL = 0x0053
    TRANSMIT_BLOCKED = 0x0058
    DELIVERY_FAILED = 0x0C02
    MAX_MESSAGE_LIMIT_REACHED = 0x0C03
    MOVE_FAILED = 0x0C06
    APS_ENCRYPTION_ERROR = 0x0C0A
    TOO_SOON_FOR_SWITCH_KEY = 0x0C0C
    KEY_NOT_AUTHORIZED = 0x0C0E
    TRUST_CENTRE_HAS_CHANGED = 0x0C10
    SOURCE_ROUTE_FAILURE = 0x0C13
    MANY_TO_ONE_ROUTE_FAILURE = 0x0C14
    RECEIVED_KEY_IN_THE_CLEAR = 0x0C1A
    NO_NETWORK_KEY_RECEIVED = 0x0C1B
    NO_LINK_KEY_RECEIVED = 0x0C1C
    PRECONFIGURED_KEY_REQUIRED = 0x0C1D
    NO_APS_ACK = 0x0C20
    SEND_UNICAST_FAILURE = 0x0C25
    SEND_UNICAST_NO_ROUTE = 0x0C26
    BROADCAST_TO_SLEEPY_CHILDREN_TIMEOUT = 0x0C27


OVERLOADED = frozenset(
    {
        Status.BUSY,
        Status.ALLOCATION_FAILED,
        Status.NO_MORE_RESOURCE,
        Status.MAC_TRANSMIT_QUEUE_FULL,
        Status.MAX_MESSAGE_LIMIT_REACHED,
    }
)
"""The stick has no room now; the same may go a little later."""

JOIN_FAILURES = {
    Status.NO_BEACONS: "no-beacon",
    Status.NOT_JOINED: "association-refused",
    Status.NO_NETWORK_KEY_RECEIVED: "no-key",
    Status.NO_LINK_KEY_RECEIVED: "no-key",
    Status.RECEIVED_KEY_IN_THE_CLEAR: "key-in-the-clear",
    Status.PRECONFIGURED_KEY_REQUIRED: "key-in-the-clear",
    Status.APS_ENCRYPTION_ERROR: "key-refused",
    Status.INVALID_KEY: "key-refused",
    Status.MOVE_FAILED: "no-parent",
}
"""What ends a join or rejoin, and the machine-readable reason for it."""

_OUTCOMES = {
    Status.OK: Outcome.DELIVERED,
    Status.BROADCAST_TO_SLEEPY_CHILDREN_TIMEOUT: Outcome.DELIVERED,
    Status.MAC_NO_ACK_RECEIVED: Outcome.NEXT_HOP_FAILED,
    Status.CCA_FAILURE: Outcome.NEXT_HOP_FAILED,
    Status.TRANSMIT_BLOCKED: Outcome.NEXT_HOP_FAILED,
    Status.SEND_UNICAST_FAILURE: Outcome.NEXT_HOP_FAILED,
    Status.MAC_INDIRECT_TIMEOUT: Outcome.EXPIRED,
    Status.NETWORK_DOWN: Outcome.NOT_JOINED,
    Status.NOT_JOINED: Outcome.NOT_JOINED,
    Status.SEND_UNICAST_NO_ROUTE: Outcome.NO_ROUTE,
    Status.SOURCE_ROUTE_FAILURE: Outcome.NO_ROUTE,
    Status.MANY_TO_ONE_ROUTE_FAILURE: Outcome.NO_ROUTE,
    Status.NO_APS_ACK: Outcome.NO_APS_ACK,
    Status.MESSAGE_TOO_LONG: Outcome.TOO_LONG,
    Status.APS_ENCRYPTION_ERROR: Outcome.NO_KEY,
    Status.KEY_NOT_AUTHORIZED: Outcome.NO_KEY,
    Status.INVALID_KEY: Outcome.NO_KEY,
}


def status_text(status: int) -> str:
    """Its name in lower case with hyphens, or its number."""
    try:
        return Status(status).name.lower().replace("_", "-")
    except ValueError:
        return f"status-{status:04x}"


def outcome_of(status: int, acknowledged: bool) -> Outcome:
    """What a stick's word on a message means; what it does not explain is a lost acknowledgement, or a lost frame."""
    known = _OUTCOMES.get(Status(status)) if status in Status._value2member_map_ else None
    if known is not None:
        return known
    return Outcome.NO_APS_ACK if acknowledged else Outcome.NEXT_HOP_FAILED
