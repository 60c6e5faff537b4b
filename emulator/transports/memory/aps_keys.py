"""Keys on `mem:aps`: who has which, and what becomes of a message under another one.

A device that has the next key and missed the word to switch does so with the first message under it; who has not got
it comes back for it (`aps_rejoin`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core.eui64 import eui64_text
from emulator.ports.aps import NetworkKeyChanged
from emulator.zigbee.node.aps_security import REPLACED_KEY
from emulator.zigbee.node.nwk_security import OLD_KEY, UNKNOWN_KEY, is_newer
from emulator.zigbee.node.rejoin_table import RejoinTrigger

if TYPE_CHECKING:
    from emulator.transports.memory.aps_port import ApsAirPort

NO_KEY = b""


class NetworkKeys:
    """The network keys of one device; kept over a power cut.

    Attributes:
        key: in force, with its sequence number.
        next_key: given out and not in force yet, `NO_KEY` where there is none.
    """

    __slots__ = ("key", "next_key", "next_sequence", "sequence")

    def __init__(self, key: bytes = NO_KEY, sequence: int = 0) -> None:
        self.key = key
        self.sequence = sequence
        self.next_key = NO_KEY
        self.next_sequence = 0


def next_trust_centre_key(port: ApsAirPort) -> bytes | None:
    """Under which link key the trust centre after its own would let a device in; None where it has none."""
    membership = port.membership
    return None if membership is None else port.link_keys.for_next_trust_centre(membership.network.trust_centre.eui64)


def put_in_force(port: ApsAirPort, key: bytes, sequence: int, now: int) -> None:
    """Let a device have `key` from now on, and tell it."""
    changed = port.keys.key != key
    port.keys = NetworkKeys(key, sequence)
    port.key_changed()
    if changed:
        port.report("trust.network-key", "in-force", {"key_sequence": sequence}, now)
        port.tell(NetworkKeyChanged(key), port.generation)


def reads(target: ApsAirPort, sender: ApsAirPort, now: int) -> bool:
    """Whether `target` has the network key that `sender` uses; it says so where not, and who missed a key notices."""
    ours, theirs = target.keys, sender.keys
    if ours.sequence == theirs.sequence:
        return True
    if ours.next_key and ours.next_sequence == theirs.sequence:
        put_in_force(target, ours.next_key, ours.next_sequence, now)
        return True
    newer = is_newer(theirs.sequence, ours.sequence)
    target.report("nwk.dropped", UNKNOWN_KEY if newer else OLD_KEY, {"from": eui64_text(sender.eui64)}, now)
    (target if newer else sender).rejoin.start(RejoinTrigger.KEY_MISSED, now)
    return False


def opens(target: ApsAirPort, sender: ApsAirPort, key: bytes | None, now: int) -> bool:
    """Whether `target` can read what `sender` sent under the link key `key`; it says so where it cannot."""
    partner, keys = sender.eui64, target.link_keys
    theirs = keys.get(partner)
    if theirs is not None and theirs == key:
        return True
    if key is not None and keys.is_offered(partner, key):
        target.set_link_key(partner, key, now)
        return True
    reason = "no-link-key" if theirs is None else REPLACED_KEY if keys.is_replaced(partner, key) else "bad-mic"
    target.report("aps.dropped", reason, {"from": eui64_text(sender.eui64)}, now)
    return False
