"""The keys and addresses of a node, as the device above sets them and asks for them; nothing of it goes on the air."""

from __future__ import annotations

from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64, eui64_text
from emulator.core.events import Report
from emulator.zigbee.node.memory import LinkKeyKind, NodeMemory
from emulator.zigbee.security.keys import KEY_OCTETS, WELL_KNOWN_KEY, WELL_KNOWN_LINK_KEY


def check_key(what: str, key: bytes) -> None:
    """LocalProtocolError where `key` has not 16 octets."""
    if len(key) != KEY_OCTETS:
        raise LocalProtocolError(f"{what} of {len(key)} octets, {KEY_OCTETS} are needed")


class KeyRing:
    """What a node keeps of others.

    Args:
        report: told of keys that are set, and of who may come in.

    Attributes:
        memory: where it is kept.
    """

    def __init__(self, memory: NodeMemory, report: Report) -> None:
        self.memory = memory
        self._report = report

    # Who may join

    def allow(self, device: Eui64, link_key: bytes) -> None:
        """The key under which `device` is given the network key."""
        self.memory.allowed[device] = link_key

    def forbid(self, device: Eui64) -> None:
        """Give `device` the network key no more."""
        self.memory.allowed.pop(device, None)

    def allow_any(self, link_key: bytes | None, now: int) -> None:
        """Give the network key to any device, under this link key where `allow` names no other for it; None: no more.

        Where it is the well-known one everybody can read the network key.  Who is let in is reported (`join.allowed`).
        Off at first, and after every restart.

        Raises:
            LocalProtocolError: not 16 octets.
        """
        if link_key is not None:
            check_key("a link key", link_key)
        self.memory.wildcard_key = link_key
        reason = WELL_KNOWN_KEY if link_key == WELL_KNOWN_LINK_KEY else None
        self._report("trust.wildcard-key", reason, {"allowed": link_key is not None}, now)

    def accept_well_known_key(self, accepted: bool, now: int) -> None:
        """Whether `allow` may name the well-known key for a device; off at first, and after every restart."""
        self.memory.well_known_accepted = accepted
        self._report("trust.well-known-key", None, {"accepted": accepted}, now)

    # Link keys

    def set_link_key(self, device: Eui64, key: bytes, now: int) -> None:
        """Use `key` with `device` from this moment on.

        Raises:
            LocalProtocolError: not 16 octets.
        """
        check_key("a link key", key)
        self.memory.replace_link_key(device, key, LinkKeyKind.ESTABLISHED)
        self._report("trust.link-key", None, {"partner": eui64_text(device)}, now)

    def offer_link_key(self, device: Eui64, key: bytes | None, _now: int) -> None:
        """Understand `key` from `device` as well; None: no more.

        Raises:
            LocalProtocolError: not 16 octets.
        """
        if key is not None:
            check_key("a link key", key)
        self.memory.offer_link_key(device, key)

    def link_key_with(self, device: Eui64) -> bytes | None:
        """The link key in force with a device."""
        known = self.memory.link_keys.get(device)
        return None if known is None else known.key

    def has_established_key(self, device: Eui64) -> bool:
        """Whether the link key in force with a device was made for the two."""
        known = self.memory.link_keys.get(device)
        return known is not None and known.kind is LinkKeyKind.ESTABLISHED

    # Addresses

    def short_of(self, device: Eui64) -> int | None:
        """The short address of a device, where known."""
        return self.memory.addresses.get(device)

    def eui64_of(self, short: int) -> Eui64 | None:
        """The EUI-64 behind a short address, where known."""
        return self.memory.eui64_of(short)
