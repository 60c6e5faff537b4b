"""What a node keeps over a power cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from emulator.core.aes import CcmStar
from emulator.core.eui64 import Eui64
from emulator.ports.aps import COORDINATOR
from emulator.zigbee.security.counters import OutgoingCounter
from emulator.zigbee.security.keys import swap_out_key


class LinkKeyKind(Enum):
    """Where a link key comes from, and so what it is good for."""

    GIVEN = "given"
    """By the device above, before the two met: that of an install code, or what the log of another hub says."""
    SWAP_OUT = "swap-out"
    """The hash of the key with the trust centre before this one."""
    ESTABLISHED = "established"
    """By key establishment between the two."""


@dataclass(slots=True)
class LinkKey:
    """An APS link key with one partner, and its counters.

    Attributes:
        key: 16 octets.
        cipher: the key made ready.
        outgoing: the counter of what we send under it.
        incoming: the highest counter received under it, -1 before the first.
        replaced: the key before it, with which nothing is opened any more; only to say so.
        kind: where it comes from.
    """

    key: bytes
    cipher: CcmStar
    outgoing: OutgoingCounter
    incoming: int = -1
    replaced: CcmStar | None = None
    kind: LinkKeyKind = LinkKeyKind.GIVEN

    @classmethod
    def of(cls, key: bytes) -> LinkKey:
        """A fresh key, counters at their beginning."""
        return cls(key, CcmStar(key), OutgoingCounter())

    @property
    def for_next_trust_centre(self) -> bytes:
        """Under which key (16 octets) the trust centre after this one would let the device in.

        That of the trust centre before stays good until there is one of its own: nothing else was ever backed up.
        """
        return self.key if self.kind is LinkKeyKind.SWAP_OUT else swap_out_key(self.key)


@dataclass(slots=True)
class Membership:
    """The network a node belongs to.

    Attributes:
        trust_centre: its EUI-64.
        network_key: 16 octets, with its sequence number.
        next_key: a network key that was given out and is not in force yet, empty where there is none.
        update_id: how often PAN and channel were changed, as beacons say it.
    """

    channel: int
    pan_id: int
    extended_pan_id: Eui64
    short: int
    parent: int
    trust_centre: Eui64
    network_key: bytes
    key_sequence: int
    depth: int
    next_key: bytes = b""
    next_sequence: int = 0
    update_id: int = 0


@dataclass(slots=True)
class Child:
    """A device that associated, or came back, here.

    Attributes:
        timeout: µs of silence after which a sleeping child is forgotten; None: the parent's default.
    """

    eui64: Eui64
    short: int
    sleepy: bool
    timeout: int | None = None


@dataclass(slots=True)
class NodeMemory:
    """Non-volatile memory of one node; survives `stop`, emptied by `leave`.

    Attributes:
        nwk_outgoing: the counter of frames under the network key; it only grows, over restarts too.
        nwk_incoming: the highest counter heard, by sender.
        link_keys: by partner.
        addresses: short address by EUI-64, as far as known; `learn` sets it, and its reverse.
        allowed: trust centre: the pre-configured link keys of devices that may join.
        offered_keys: link keys that partners may use already, see `ApsPort.offer_link_key`.
        aps_counter: the last APS counter; going on from it, a node that restarts is not taken for one that repeats.
        aps_floor: no frame counter under a link key is below it.
        wildcard_key: trust centre: under which any device may join; lost with the power.
        well_known_accepted: trust centre: whether the well-known key is good enough; lost with the power.
    """

    membership: Membership | None = None
    nwk_outgoing: OutgoingCounter = field(default_factory=OutgoingCounter)
    nwk_incoming: dict[Eui64, int] = field(default_factory=dict)
    link_keys: dict[Eui64, LinkKey] = field(default_factory=dict)
    children: dict[int, Child] = field(default_factory=dict)
    addresses: dict[Eui64, int] = field(default_factory=dict)
    allowed: dict[Eui64, bytes] = field(default_factory=dict)
    offered_keys: dict[Eui64, LinkKey] = field(default_factory=dict)
    aps_counter: int | None = None
    aps_floor: int = 0
    wildcard_key: bytes | None = None
    well_known_accepted: bool = False
    _spent: dict[bytes, int] = field(default_factory=dict)
    _by_short: dict[int, Eui64] = field(default_factory=dict)

    def learn(self, eui64: Eui64, short: int) -> None:
        """Note where a device is; whoever had the address before has it no longer."""
        if self.addresses.get(eui64) == short:
            return
        before, previous = self.addresses.pop(eui64, None), self._by_short.pop(short, None)
        if before is not None:
            self._by_short.pop(before, None)
        if previous is not None:
            self.addresses.pop(previous, None)
        self.addresses[eui64] = short
        self._by_short[short] = eui64

    def adopt(self, child: Child) -> list[int]:
        """Take a child in; the short addresses that it had here before, when its joining came to nothing."""
        stale = [short for short, known in self.children.items() if known.eui64 == child.eui64 and short != child.short]
        for short in stale:
            del self.children[short]
        self.children[child.short] = child
        return stale

    def child(self, eui64: Eui64) -> Child | None:
        """The child with this EUI-64."""
        return next((child for child in self.children.values() if child.eui64 == eui64), None)

    def eui64_of(self, short: int) -> Eui64 | None:
        """Who has a short address."""
        return self._by_short.get(short)

    def forget_address(self, eui64: Eui64) -> None:
        """A device has gone: nobody has its address now."""
        short = self.addresses.pop(eui64, None)
        if short is not None:
            self._by_short.pop(short, None)

    def take_link_key(self, partner: Eui64, key: bytes) -> LinkKey:
        """Have `key` with a partner; its counter goes on where it was if it has been used before, in any network."""
        known = self.link_keys.get(partner)
        if known is None or known.key != key:
            self.forget_link_key(partner)
            known = self.link_keys[partner] = LinkKey(key, CcmStar(key), self._counter_under(key))
        return known

    def _counter_under(self, key: bytes) -> OutgoingCounter:
        """The counter of what we send under a key: one for all partners that have it, or a nonce would come twice."""
        for known in self.link_keys.values():
            if known.key == key:
                return known.outgoing
        return OutgoingCounter(max(self._spent.get(key, 0), self.aps_floor))

    def raise_link_counters(self, floor: int) -> None:
        """Send nothing under a link key with a counter below `floor` from now on."""
        self.aps_floor = floor
        self._count_from({known.key: max(known.outgoing.peek(), floor) for known in self.link_keys.values()})

    def _count_from(self, starts: dict[bytes, int]) -> None:
        """Go on under each link key from a counter, the same one for all partners that have it."""
        counters = {key: OutgoingCounter(start) for key, start in starts.items()}
        for known in self.link_keys.values():
            known.outgoing = counters[known.key]

    def replace_link_key(self, partner: Eui64, key: bytes, kind: LinkKeyKind) -> None:
        """Have `key` with a partner from now on, and remember that there was another one."""
        before = self.link_keys.get(partner)
        known = self.take_link_key(partner, key)
        known.kind = kind
        if before is not None and before is not known:
            known.replaced = before.cipher

    def offer_link_key(self, partner: Eui64, key: bytes | None) -> None:
        """Have a key that a partner may already use; None: no more."""
        self.offered_keys.pop(partner, None)
        if key is not None:
            self.offered_keys[partner] = LinkKey(key, CcmStar(key), self._counter_under(key))

    def take_offered_key(self, partner: Eui64) -> None:
        """The partner uses the key that was offered: it is the one in force."""
        offered = self.offered_keys.pop(partner)
        before = self.link_keys.get(partner)
        self.forget_link_key(partner)
        self.link_keys[partner] = offered
        offered.replaced = None if before is None else before.cipher
        offered.kind = LinkKeyKind.ESTABLISHED

    def forget_link_key(self, partner: Eui64) -> None:
        """Have no key with a partner any more."""
        known = self.link_keys.pop(partner, None)
        if known is not None:
            self._spent[known.key] = max(known.outgoing.reserved, self._spent.get(known.key, 0))

    def move(self, membership: Membership, link_key: bytes, counter: int) -> None:
        """Belong to another network, under the key for its trust centre; `counter` came under that key last."""
        self.forget()
        self.membership = membership
        known = self.take_link_key(membership.trust_centre, link_key)
        known.kind, known.incoming = LinkKeyKind.SWAP_OUT, counter
        self.learn(membership.trust_centre, COORDINATOR)

    def restart(self) -> None:
        """Power came back: go on with counters that cannot have been used before."""
        self.nwk_outgoing = OutgoingCounter(self.nwk_outgoing.reserved)
        self.offered_keys.clear()
        self.wildcard_key, self.well_known_accepted = None, False
        reserved: dict[bytes, int] = {}
        for known in self.link_keys.values():
            reserved[known.key] = max(known.outgoing.reserved, reserved.get(known.key, 0))
        self._count_from(reserved)

    def forget(self) -> None:
        """Leave the network for good; the counters of the link keys are kept in case these are used again."""
        self.membership = None
        self.nwk_incoming.clear()
        for partner in tuple(self.link_keys):
            self.forget_link_key(partner)
        self.children.clear()
        self.addresses.clear()
        self._by_short.clear()
