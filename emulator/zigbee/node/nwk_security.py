"""Protection of NWK frames under the network key: our counter only rises, and so must everybody else's.

Two keys may be known: the one in force, and the next one, given out and not in force yet.  A frame under the next one
that is genuine puts it in force here: whoever sent it has switched, so its word to switch was missed (an assumption; no
source of ours says it).  From then on the key before opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from emulator.core.aes import CcmStar, MicError
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.zigbee.frames.nwk import NwkFrameType
from emulator.zigbee.frames.nwk_commands import RejoinRequest
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.security import nwk as security
from emulator.zigbee.security.counters import EXHAUSTED, OUT_OF_COUNTERS, REPLAYED

Drop = Callable[..., None]
"""Takes (reason, source, now) and fields of a frame that is not taken."""

OLD_KEY = "old-network-key"
UNKNOWN_KEY = "unknown-key"
AWAY = "away"
"""Why nothing is sent under the network key: the device is on the channel of another network."""
_REJOIN_REQUEST = bytes((RejoinRequest.identifier,))
_HALF = 128
"""Sequence numbers count modulo 256: what is less than half of that ahead is newer."""


def is_newer(sequence: int, than: int) -> bool:
    """Whether a network key has come after another one, by their sequence numbers."""
    return 0 < (sequence - than) % (2 * _HALF) < _HALF


class NwkSecurityUser(Protocol):
    """Who is told of keys."""

    def switch_network_key(self, now: int) -> None:
        """Put the next network key in force: somebody else has."""

    def newer_network_key(self, source: int, now: int) -> None:
        """A frame names a network key that came after all of ours; nothing proves it."""

    def older_network_key(self, source: int, now: int) -> None:
        """A frame names a network key before ours; nothing proves it."""


class NwkSecurity:
    """Seals and opens frames with the key that the membership has.

    Args:
        eui64: of this node.
        memory: holds the counters.
        membership: holds the key.
        user: told of keys.
        drop: told why a frame was not opened.

    Attributes:
        plain_for: the short address at which a device that comes back takes unprotected frames, None otherwise.
        away: it looks for another network, and nothing is to be said in its own meanwhile.
    """

    def __init__(
        self, eui64: Eui64, memory: NodeMemory, membership: Membership, user: NwkSecurityUser, drop: Drop
    ) -> None:
        self.plain_for: int | None = None
        self.away = False
        self._user = user
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._drop = drop
        self._cipher: CcmStar | None = None
        self._next_cipher: CcmStar | None = None
        self.use_key()

    def use_key(self) -> None:
        """Take the network keys that the membership has now."""
        key, following = self._membership.network_key, self._membership.next_key
        self._cipher = CcmStar(key) if key else None
        self._next_cipher = CcmStar(following) if following else None

    @property
    def ready(self) -> bool:
        """Whether there is a key."""
        return self._cipher is not None

    def seal(self, hop: Hop) -> bytes:
        """The octets of a frame, protected with a fresh counter where it is to be.

        Raises:
            LocalProtocolError: no counter is left under this key, or the device is away.
        """
        header = hop.header()
        if not hop.secure:
            return header + hop.payload
        if self.away:
            raise LocalProtocolError(AWAY)
        assert self._cipher is not None
        counter = self._memory.nwk_outgoing.next()
        sequence = self._membership.key_sequence
        return header + security.secure(header, hop.payload, self._cipher, counter, self._eui64, sequence)

    def open(self, data: bytes, header: NwkHeader, octets: int, now: int) -> tuple[bytes, Eui64 | None] | None:
        """The plain payload and the neighbour that it came from, where that is proven; None where it was dropped.

        Raises:
            DecodeError: too short, or not under a network key.
        """
        if not header.security:
            return self._open_plain(data, header, octets, now)
        auxiliary = security.parse_auxiliary(data, octets)
        cipher = self._cipher
        if cipher is None:
            self._drop("no-network-key", header.source, now)
            return None
        if auxiliary.key_sequence != self._membership.key_sequence:
            return self._open_under_another_key(data, header, octets, auxiliary, now)
        counters, sender, counter = self._memory.nwk_incoming, auxiliary.source, auxiliary.counter
        if counter <= counters.get(sender, -1) or counter == EXHAUSTED:
            reason = OUT_OF_COUNTERS if counter == EXHAUSTED else REPLAYED
            self._drop(reason, header.source, now, counter=counter, sender=eui64_text(sender))
            return None
        try:
            payload = security.open_(data, octets, auxiliary, cipher)
        except MicError:
            self._drop("bad-mic", header.source, now)
            return None
        counters[sender] = counter
        return payload, sender

    def _open_under_another_key(
        self, data: bytes, header: NwkHeader, octets: int, auxiliary: security.Auxiliary, now: int
    ) -> tuple[bytes, Eui64] | None:
        """Under the next key, which is in force from now on; anything else is dropped."""
        membership, sequence = self._membership, auxiliary.key_sequence
        if self._next_cipher is not None and sequence == membership.next_sequence:
            try:
                payload = security.open_(data, octets, auxiliary, self._next_cipher)
            except MicError:
                self._drop("bad-mic", header.source, now)
                return None
            self._user.switch_network_key(now)
            self._memory.nwk_incoming[auxiliary.source] = auxiliary.counter
            return payload, auxiliary.source
        newer = is_newer(sequence, membership.key_sequence)
        self._drop(UNKNOWN_KEY if newer else OLD_KEY, header.source, now, key_sequence=sequence)
        if newer:
            self._user.newer_network_key(header.source, now)
        else:
            self._user.older_network_key(header.source, now)
        return None

    def _open_plain(self, data: bytes, header: NwkHeader, octets: int, now: int) -> tuple[bytes, None] | None:
        """Unprotected frames are for a device that waits for the network key alone, or ask to be given it."""
        destination = header.destination
        if destination == (self._membership.short if self._cipher is None else self.plain_for):
            return data[octets:], None
        asks = header.type is NwkFrameType.COMMAND and data[octets : octets + 1] == _REJOIN_REQUEST
        if asks and self._cipher is not None and destination == self._membership.short:
            return data[octets:], None
        self._drop("unsecured", header.source, now)
        return None
