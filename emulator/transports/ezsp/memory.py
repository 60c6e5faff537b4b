"""What a host remembers of its network, because a stick does not tell it, or not at once.

The network itself is in the stick's own memory.  A caller that goes on later keeps `stored` in a file: keys are in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.core.errors import BadInput, DecodeError
from emulator.core.eui64 import Eui64, eui64_text, parse_eui64
from emulator.zigbee.node.memory import LinkKeyKind
from emulator.zigbee.security.keys import KEY_OCTETS

_SHORTS = range(0x1_0000)


@dataclass(frozen=True, slots=True)
class HostKey:
    """The link key in force with somebody: 16 octets, and where it comes from."""

    key: bytes
    kind: LinkKeyKind = LinkKeyKind.GIVEN


@dataclass(slots=True)
class HostMemory:
    """Kept over restarts.

    Attributes:
        joined: whether the stick belongs to a network, as far as we know.
        trust_centre: of that network.
        addresses: short address by EUI-64; `learn` sets it, and its reverse.
        link_keys: in force, by partner.
        allowed: trust centre: pre-configured link keys of devices that may join.
        sleepy: devices that sleep.
        network_key: in force, empty where it is not known; next_network_key: given out and not in force yet.
    """

    joined: bool = False
    trust_centre: Eui64 | None = None
    addresses: dict[Eui64, int] = field(default_factory=dict)
    link_keys: dict[Eui64, HostKey] = field(default_factory=dict)
    allowed: dict[Eui64, bytes] = field(default_factory=dict)
    sleepy: dict[Eui64, bool] = field(default_factory=dict)
    network_key: bytes = b""
    next_network_key: bytes = b""
    _by_short: dict[int, Eui64] = field(default_factory=dict)

    def learn(self, device: Eui64, short: int) -> None:
        """Note where a device is; whoever had the address before has it no longer."""
        if self.addresses.get(device) == short:
            return
        self.forget_address(device)
        previous = self._by_short.pop(short, None)
        if previous is not None:
            del self.addresses[previous]
        self.addresses[device] = short
        self._by_short[short] = device

    def eui64_of(self, short: int) -> Eui64 | None:
        """Who has a short address."""
        return self._by_short.get(short)

    def forget_address(self, device: Eui64) -> None:
        """Nobody knows where it is."""
        short = self.addresses.pop(device, None)
        if short is not None:
            del self._by_short[short]

    def key_for(self, short: int) -> bytes | None:
        """The link key in force with whoever has a short address."""
        device = self._by_short.get(short)
        known = None if device is None else self.link_keys.get(device)
        return None if known is None else known.key

    def forget_device(self, device: Eui64) -> None:
        """It is to have no key any more."""
        self.allowed.pop(device, None)
        self.link_keys.pop(device, None)

    def forget_network(self) -> None:
        """Out of the network for good; who is allowed stays so."""
        self.joined, self.trust_centre = False, None
        self.network_key = self.next_network_key = b""
        for each in (self.addresses, self.link_keys, self.sleepy):
            each.clear()
        self._by_short.clear()

    def stored(self) -> dict[str, object]:
        """A plain form, JSON-ready."""
        return {
            "joined": self.joined,
            "trust_centre": None if self.trust_centre is None else eui64_text(self.trust_centre),
            "addresses": {eui64_text(device): short for device, short in self.addresses.items()},
            "link_keys": {
                eui64_text(device): {"key": known.key.hex(), "kind": known.kind.value}
                for device, known in self.link_keys.items()
            },
            "allowed": {eui64_text(device): key.hex() for device, key in self.allowed.items()},
            "sleepy": [eui64_text(device) for device, sleepy in self.sleepy.items() if sleepy],
            "network_key": self.network_key.hex(),
            "next_network_key": self.next_network_key.hex(),
        }

    @classmethod
    def restored(cls, stored: object) -> HostMemory:
        """What `stored` made; DecodeError for anything else."""
        try:
            return cls._restored(_mapping(stored))
        except (KeyError, TypeError, ValueError, AttributeError, BadInput) as error:
            raise DecodeError(f"memory of a stick's host: {error!r}") from error

    @classmethod
    def _restored(cls, stored: Mapping[str, object]) -> HostMemory:
        centre, joined = stored["trust_centre"], stored["joined"]
        if not isinstance(joined, bool):
            raise TypeError("joined")
        memory = cls(joined, None if centre is None else parse_eui64(_text(centre)))
        for device, short in _mapping(stored["addresses"]).items():
            if not isinstance(short, int) or short not in _SHORTS:
                raise ValueError("addresses")
            memory.learn(parse_eui64(device), short)
        for device, known in _mapping(stored["link_keys"]).items():
            values = _mapping(known)
            kind = LinkKeyKind(_text(values["kind"]))
            memory.link_keys[parse_eui64(device)] = HostKey(_key(values["key"]), kind)
        for device, key in _mapping(stored["allowed"]).items():
            memory.allowed[parse_eui64(device)] = _key(key)
        sleepy = stored["sleepy"]
        if not isinstance(sleepy, list):
            raise TypeError("sleepy")
        memory.sleepy = {parse_eui64(_text(device)): True for device in sleepy}
        memory.network_key = _key(stored["network_key"], empty=True)
        memory.next_network_key = _key(stored["next_network_key"], empty=True)
        return memory


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("no object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _key(value: object, *, empty: bool = False) -> bytes:
    key = bytes.fromhex(_text(value))
    if len(key) != KEY_OCTETS and not (empty and not key):
        raise ValueError(f"a key of {len(key)} octets")
    return key
