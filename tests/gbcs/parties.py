"""What the tests share: the published messages as values, and the parties of a small test environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.access_control_broker import AccessControlBroker
from emulator.gbcs.counters import Counters
from emulator.gbcs.device import DeviceSettings, GbcsDevice
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Pki

BRIDGE = Eui64(0x00DB1234567890B1)
STRANGER = Eui64(0x00DB1234567890B2)
VERSION = 0x0A0B0C0D


@dataclass(frozen=True, slots=True)
class Vector:
    """One published message with the values that check it."""

    name: str
    octets: bytes
    shared_secret: bytes | None
    mac_key: bytes | None
    mac: bytes | None
    signer: crypto.PublicKey | None

    def accepts(self, octets: bytes) -> bool:
        """Whether these octets pass every check that the published values allow."""
        try:
            message = Message.decode(octets)
        except DecodeError:
            return False
        mac = self.shared_secret is None or crypto.mac_is_valid(message, self.shared_secret)
        return mac and (self.signer is None or crypto.signature_is_valid(message, self.signer))


def _vector(entry: Mapping[str, str]) -> Vector:
    def octets(key: str) -> bytes | None:
        return bytes.fromhex(entry[key]) if key in entry else None

    point = octets("signer_public_key")
    return Vector(
        name=entry["name"],
        octets=bytes.fromhex(entry["hex"]),
        shared_secret=octets("ecdh_shared_secret"),
        mac_key=octets("mac_key"),
        mac=octets("mac"),
        signer=None if point is None else crypto.public_key(point),
    )


class Rtds:
    """The published messages by name."""

    def __init__(self, entries: Iterable[Mapping[str, str]]) -> None:
        self.all = [_vector(entry) for entry in entries]

    def named(self, start: str) -> Vector:
        """The one whose name starts so."""
        (found,) = (vector for vector in self.all if vector.name.startswith(start))
        return found

    def group(self, start: str) -> list[Vector]:
        """Those whose names start so."""
        return [vector for vector in self.all if vector.name.startswith(start)]


class Parties:
    """An Access Control Broker, a bridge and the user behind the former, fresh for each test."""

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        identities = [pki.device(BRIDGE), pki.device(STRANGER)]
        keys = {identity.entity_id: identity.public_keys for identity in identities}
        self.broker = AccessControlBroker(pki.access_control_broker.keys, keys)
        self.device = self.bridge()
        self.user = pki.suppliers[0].entity_id
        self.user_counter = 1_000
        self.secret = crypto.KeyAgreement(pki.access_control_broker.keys.key_agreement).shared_secret(
            pki.device(BRIDGE).public_keys.key_agreement
        )

    def bridge(self, settings: DeviceSettings | None = None, counters: Counters | None = None) -> GbcsDevice:
        """The bridge as it starts, with these settings and what it had stored."""
        return GbcsDevice(self.pki.device(BRIDGE).keys, self.pki.trust_anchors(), lambda: VERSION, settings, counters)

    def read_version(self, device: Eui64 = BRIDGE) -> bytes:
        """The next CS08 Command."""
        self.user_counter += 1
        return self.broker.command_cs08(device, self.user, self.user_counter)
