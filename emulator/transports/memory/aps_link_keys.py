"""The link keys of one device of `mem:aps`: in force, before that, and offered."""

from __future__ import annotations

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.security.keys import KEY_OCTETS, WELL_KNOWN_LINK_KEY, swap_out_key


def check_link_key(key: bytes) -> None:
    """LocalProtocolError where `key` has not 16 octets."""
    if len(key) != KEY_OCTETS:
        raise LocalProtocolError(f"a link key of {len(key)} octets, {KEY_OCTETS} are needed")


class LinkKeys:
    """Keys of 16 octets by partner; kept over a power cut."""

    def __init__(self) -> None:
        self._in_force: dict[Eui64, bytes] = {}
        self._kinds: dict[Eui64, LinkKeyKind] = {}
        self._replaced: dict[Eui64, bytes] = {}
        self._offered: dict[Eui64, bytes] = {}

    def get(self, partner: Eui64) -> bytes | None:
        """The key in force with a partner."""
        return self._in_force.get(partner)

    def __contains__(self, partner: Eui64) -> bool:
        return partner in self._in_force

    def is_established(self, partner: Eui64) -> bool:
        """Whether the key in force was made for the two."""
        return partner in self._in_force and self._kinds.get(partner) is LinkKeyKind.ESTABLISHED

    def for_next_trust_centre(self, partner: Eui64) -> bytes | None:
        """Under which key the trust centre after `partner` would let the device in; None where it has none."""
        key = self._in_force.get(partner)
        if key is None or key == WELL_KNOWN_LINK_KEY or self._kinds.get(partner) is LinkKeyKind.SWAP_OUT:
            return key
        return swap_out_key(key)

    def is_offered(self, partner: Eui64, key: bytes) -> bool:
        """Whether the partner may use `key` already."""
        return self._offered.get(partner) == key

    def is_replaced(self, partner: Eui64, key: bytes | None) -> bool:
        """Whether `key` is the one before the key in force; it opens nothing."""
        return partner in self._in_force and self._replaced.get(partner) == key

    def take(self, partner: Eui64, key: bytes) -> None:
        """Have the pre-configured key in force, whatever was before."""
        self._in_force[partner] = key
        self._kinds.pop(partner, None)
        self._replaced.pop(partner, None)

    def establish(self, partner: Eui64, key: bytes) -> None:
        """Have a key that was made for the two in force, and remember the one before."""
        self._offered.pop(partner, None)
        before = self._in_force.get(partner)
        if before is not None and before != key:
            self._replaced[partner] = before
        self._in_force[partner] = key
        self._kinds[partner] = LinkKeyKind.ESTABLISHED

    def inherit(self, partner: Eui64, key: bytes) -> None:
        """Have the key that a swap-out makes of the one before in force."""
        self._in_force[partner] = key
        self._kinds[partner] = LinkKeyKind.SWAP_OUT

    def offer(self, partner: Eui64, key: bytes | None) -> None:
        """Understand `key` as well; None: no more."""
        self._offered.pop(partner, None)
        if key is not None:
            self._offered[partner] = key

    def forget(self, partner: Eui64) -> None:
        """Have no key with a partner any more."""
        for keys in self._all():
            keys.pop(partner, None)
        self._kinds.pop(partner, None)

    def clear(self) -> None:
        """Have none at all."""
        for keys in self._all():
            keys.clear()
        self._kinds.clear()

    def _all(self) -> tuple[dict[Eui64, bytes], ...]:
        return self._in_force, self._replaced, self._offered
