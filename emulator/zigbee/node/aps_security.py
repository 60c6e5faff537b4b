"""Protection of APS frames under the link key with a partner."""

from __future__ import annotations

from collections.abc import Callable

from emulator.core.aes import MicError
from emulator.core.eui64 import Eui64
from emulator.zigbee.node.memory import LinkKey, NodeMemory
from emulator.zigbee.security import aps as security
from emulator.zigbee.security.aps import Auxiliary, KeyIdentifier
from emulator.zigbee.security.counters import EXHAUSTED, OUT_OF_COUNTERS, REPLAYED

Drop = Callable[..., None]
"""Takes (reason, source, now) and fields of a frame that is not taken."""

REPLACED_KEY = "replaced-link-key"
"""Why a frame under the key before the one in force is not taken."""

_DATA = KeyIdentifier.DATA


class ApsSecurity:
    """Seals and opens frames; the originator is known to both ends, so the nonce is not extended.

    Args:
        eui64: of this node.
        memory: holds keys and counters.
        drop: told why a frame was not opened.
    """

    def __init__(self, eui64: Eui64, memory: NodeMemory, drop: Drop) -> None:
        self._eui64 = eui64
        self._memory = memory
        self._drop = drop

    def key_with(self, short: int) -> LinkKey | None:
        """The link key with whoever has a short address."""
        partner = self._memory.eui64_of(short)
        return None if partner is None else self._memory.link_keys.get(partner)

    def seal(self, header: bytes, payload: bytes, key: LinkKey | None) -> bytes:
        """Header and payload, protected with a fresh counter where there is a key.

        Raises:
            LocalProtocolError: no counter is left under this key.
        """
        if key is None:
            return header + payload
        return header + security.secure(header, payload, key.cipher, key.outgoing.next(), self._eui64, _DATA, False)

    def open(self, data: bytes, octets: int, source: int, now: int) -> bytes | None:
        """The plain payload of a protected frame from `source`, whose header has `octets`; None where it was dropped.

        Raises:
            DecodeError: too short.
        """
        auxiliary = security.parse_auxiliary(data, octets)
        partner = self._memory.eui64_of(source)
        key = None if partner is None else self._memory.link_keys.get(partner)
        if key is None or auxiliary.key is not _DATA:
            self._drop("no-link-key", source, now)
            return None
        offered = self._memory.offered_keys.get(partner) if partner is not None else None
        if offered is not None and partner is not None:
            payload = self._opened(data, octets, auxiliary, offered, partner)
            if payload is not None:
                self._memory.take_offered_key(partner)
                return payload
        counter = auxiliary.counter
        if counter <= key.incoming or counter == EXHAUSTED:
            self._drop(OUT_OF_COUNTERS if counter == EXHAUSTED else REPLAYED, source, now, counter=counter)
            return None
        if auxiliary.source not in (None, partner):
            self._drop("wrong-originator", source, now)
            return None
        try:
            payload = security.open_(data, octets, auxiliary, key.cipher, partner)
        except MicError:
            self._drop(_why_unreadable(data, octets, auxiliary, key, partner), source, now)
            return None
        key.incoming = counter
        return payload

    @staticmethod
    def _opened(data: bytes, octets: int, auxiliary: Auxiliary, key: LinkKey, partner: Eui64) -> bytes | None:
        """The payload under a key that the partner may use already; None where it is not that."""
        try:
            payload = security.open_(data, octets, auxiliary, key.cipher, partner)
        except MicError:
            return None
        key.incoming = auxiliary.counter
        return payload


def _why_unreadable(data: bytes, octets: int, auxiliary: Auxiliary, key: LinkKey, partner: Eui64 | None) -> str:
    """Tell a frame under the key before from one that is damaged or forged."""
    if key.replaced is None:
        return "bad-mic"
    try:
        security.open_(data, octets, auxiliary, key.replaced, partner)
    except MicError:
        return "bad-mic"
    return REPLACED_KEY
