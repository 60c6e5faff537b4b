"""Protection of NWK frames under the network key: our counter only rises, and so must everybody else's."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.aes import CcmStar, MicError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.zigbee.node.headers import NwkHeader
from emulator.zigbee.node.hop import Hop
from emulator.zigbee.node.memory import Membership, NodeMemory
from emulator.zigbee.security import nwk as security
from emulator.zigbee.security.counters import EXHAUSTED, OUT_OF_COUNTERS, REPLAYED

Drop = Callable[..., None]
"""Takes (reason, source, now) and fields of a frame that is not taken."""


class NwkSecurity:
    """Seals and opens frames with the key that the membership has.

    Args:
        eui64: of this node.
        memory: holds the counters.
        membership: holds the key.
        drop: told why a frame was not opened.
    """

    def __init__(self, eui64: Eui64, memory: NodeMemory, membership: Membership, drop: Drop) -> None:
        self._eui64 = eui64
        self._memory = memory
        self._membership = membership
        self._drop = drop
        self._cipher: CcmStar | None = None
        self.use_key()

    def use_key(self) -> None:
        """Take the network key that the membership has now."""
        key = self._membership.network_key
        self._cipher = CcmStar(key) if key else None

    @property
    def ready(self) -> bool:
        """Whether there is a key."""
        return self._cipher is not None

    def seal(self, hop: Hop) -> bytes:
        """The octets of a frame, protected with a fresh counter where it is to be.

        Raises:
            LocalProtocolError: no counter is left under this key.
        """
        header = hop.header()
        if not hop.secure:
            return header + hop.payload
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
            self._drop("unknown-key", header.source, now, key_sequence=auxiliary.key_sequence)
            return None
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

    def _open_plain(self, data: bytes, header: NwkHeader, octets: int, now: int) -> tuple[bytes, None] | None:
        """Unprotected frames are for a device that waits for the network key, for it alone, and for nobody else."""
        if self._cipher is None and header.destination == self._membership.short:
            return data[octets:], None
        self._drop("unsecured", header.source, now)
        return None
