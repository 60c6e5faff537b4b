"""What the tests share: the published messages as values, and the parties of a small test environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.core.errors import DecodeError
from emulator.core.eui64 import Eui64
from emulator.gbcs import crypto
from emulator.gbcs.access_control_broker import AccessControlBroker
from emulator.gbcs.device.catalogue import DeviceParts, use_cases
from emulator.gbcs.device.firmware import activation_alert
from emulator.gbcs.device.gbcs_device import GbcsDevice
from emulator.gbcs.device.settings import DeviceSettings
from emulator.gbcs.device.state import DeviceState
from emulator.gbcs.message import Message
from emulator.gbcs.pki import Pki
from emulator.gbcs.use_cases import cs09

BRIDGE = Eui64(0x00DB1234567890B1)
STRANGER = Eui64(0x00DB1234567890B2)
VERSION = 0x0A0B0C0D
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BRIDGE_USE_CASES = ("CS02a", "CS02b", "CS02c", "CS02d", "CS02e", "CS08")


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


def device_of(
    pki: Pki,
    entity_id: Eui64 = BRIDGE,
    settings: DeviceSettings | None = None,
    state: DeviceState | None = None,
    version: int | None = VERSION,
    names: Iterable[str] = BRIDGE_USE_CASES,
) -> GbcsDevice:
    """A device of an environment."""
    identity, chosen = pki.identity(entity_id), settings or DeviceSettings()
    taken = use_cases(names, DeviceParts(identity.own_keys, lambda: version), chosen)
    return GbcsDevice(state or identity.state, taken, chosen)


def activated(
    device: GbcsDevice, result: cs09.Result = cs09.Result.SUCCESS, running: int = VERSION, at: datetime = NOON
) -> bytes:
    """The alert about an activation; the version that was attempted is 2."""
    return device.alert(cs09.MESSAGE_CODE, activation_alert(device.settings, running, result, at, attempted=2))


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

    def bridge(self, settings: DeviceSettings | None = None, state: DeviceState | None = None) -> GbcsDevice:
        """The bridge as it starts, with these settings and what it had stored."""
        return device_of(self.pki, BRIDGE, settings, state)

    def read_version(self, device: Eui64 = BRIDGE) -> bytes:
        """The next CS08 Command."""
        self.user_counter += 1
        return self.broker.command_cs08(device, self.user, self.user_counter)
